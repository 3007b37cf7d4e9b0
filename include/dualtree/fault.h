/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations from the kernel that fail on purpose: for tests on kernels that have no fault
 * injection of their own, and where only ours are to fail.
 *
 * What can fail is what the module itself asks the kernel for: pages of arenas, and the
 * records of arenas, regions and heaps. The parameter buddy_fail_every of the module is the same
 * from user space.
 */
#ifndef DUALTREE_FAULT_H
#define DUALTREE_FAULT_H

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

#endif /* DUALTREE_FAULT_H */
