/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations from the kernel that fail on purpose: for tests on kernels that have no fault
 * injection of their own, and where only ours are to fail.
 *
 * What can fail is what the module itself asks the kernel for: pages of arenas, and the
 * records of arenas, regions and heaps. The parameter fail_every of the module is the same from
 * user space.
 *
 * The module has this only where it is built with CONFIG_DUALTREE_DEBUG=y, as it is for the
 * suites and for the torture. A driver that is built without says here that nothing fails,
 * and nothing has.
 */
#ifndef DUALTREE_FAULT_H
#define DUALTREE_FAULT_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_DUALTREE_DEBUG)

/**
 * dualtree_fail_every() - let every Nth allocation from the kernel fail
 * @every: which; counted from this call on, over all CPUs; 0: none fails
 *
 * Context: Any.
 */
void dualtree_fail_every(unsigned int every);

/**
 * dualtree_faults() - how many have failed on purpose
 *
 * Context: Any.
 * Return: their number since the module was loaded.
 */
unsigned int dualtree_faults(void);

#else

static inline void dualtree_fail_every(unsigned int every)
{
}

static inline unsigned int dualtree_faults(void)
{
	return 0;
}

#endif

#endif /* DUALTREE_FAULT_H */
