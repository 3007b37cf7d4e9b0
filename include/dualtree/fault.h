/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failure injection, for tests on kernels without CONFIG_FAULT_INJECTION, and for tests in which
 * no other allocation must fail.
 *
 *	can fail			at
 *	pages of an arena, its record,	the growth of a pool
 *	 its leaf in the table, records
 *	 of its blocks, its DMA mapping
 *	a page of the table's arrays	the module's init, memory that is plugged in
 *	the record of a region, unless	the growth of a heap
 *	 it came with the arena
 *	the record of a heap		the first use of an instance on a CPU
 *
 * The module's parameter fail_every does the same from user space. All of it exists only if
 * CONFIG_DUALTREE_DEBUG is set, as it is for the suites and the torture module; without it the
 * calls below do nothing. Any context; no lock.
 */
#ifndef DUALTREE_FAULT_H
#define DUALTREE_FAULT_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_DUALTREE_DEBUG)

/**
 * dualtree_fail_every() - make every Nth allocation from the kernel fail
 * @every: N, counted from this call on over all CPUs; 0: none fails
 *
 * Context: Any context, NMI included. Takes no lock.
 */
void dualtree_fail_every(unsigned int every);

/**
 * dualtree_fail_above() - make the pages of large arenas fail, as in fragmented memory
 * @order: pages of the largest arena that can be had, as a power of two; UINT_MAX: no bound
 *
 * Such failures are not counted in dualtree_faults().
 *
 * Context: Any context, NMI included. Takes no lock.
 */
void dualtree_fail_above(unsigned int order);

/**
 * dualtree_fail_call() - call a function in the midst of each allocation from the kernel
 * @fn: the function, in the context of the allocation; NULL: none. Called while
 *	dualtree_fail_every() makes any fail
 *
 * Context: Any context, NMI included. Takes no lock.
 */
void dualtree_fail_call(void (*fn)(void));

/**
 * dualtree_faults() - count the allocations that failed on purpose
 *
 * Context: Any context, NMI included. Takes no lock.
 * Return: their number since the module was loaded.
 */
unsigned int dualtree_faults(void);

#else

static inline void dualtree_fail_every(unsigned int every)
{
}

static inline void dualtree_fail_above(unsigned int order)
{
}

static inline void dualtree_fail_call(void (*fn)(void))
{
}

static inline unsigned int dualtree_faults(void)
{
	return 0;
}

#endif

#endif /* DUALTREE_FAULT_H */
