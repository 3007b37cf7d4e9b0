// SPDX-License-Identifier: GPL-2.0
/*
 * Failure injection into the allocations that the module makes from the kernel;
 * include/dualtree/fault.h says which these are. Any context; no lock.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <dualtree/fault.h>
#include "fault.h"

/* Every how many allocations one fails; 0: none. User space and tests write it at any time. */
unsigned int buddy_fail_every;
module_param_named(fail_every, buddy_fail_every, uint, 0600);
MODULE_PARM_DESC(fail_every, "for tests: every Nth allocation from the kernel fails; 0: none");

/* Order above which an arena's pages cannot be had. Tests write it at any time. */
unsigned int buddy_fail_above = UINT_MAX;

/* Allocations since dualtree_fail_every() was last called, while @buddy_fail_every is not 0. */
static atomic_t asked;

/* Allocations that failed on purpose, since the module was loaded. */
static atomic_t failed;

/* Called at each allocation while @buddy_fail_every is not 0, if not NULL. */
static void (*on_alloc)(void);

bool buddy_fault_due_slow(void)
{
	unsigned int every = READ_ONCE(buddy_fail_every);
	typeof(on_alloc) fn = READ_ONCE(on_alloc);

	if (fn)
		fn();
	if (!every || (unsigned int)atomic_inc_return(&asked) % every)
		return false;
	atomic_inc(&failed);
	return true;
}

void dualtree_fail_every(unsigned int every)
{
	atomic_set(&asked, 0);
	WRITE_ONCE(buddy_fail_every, every);
}
EXPORT_SYMBOL_GPL(dualtree_fail_every);

void dualtree_fail_call(void (*fn)(void))
{
	WRITE_ONCE(on_alloc, fn);
}
EXPORT_SYMBOL_GPL(dualtree_fail_call);

void dualtree_fail_above(unsigned int order)
{
	WRITE_ONCE(buddy_fail_above, order);
}
EXPORT_SYMBOL_GPL(dualtree_fail_above);

unsigned int dualtree_faults(void)
{
	return atomic_read(&failed);
}
EXPORT_SYMBOL_GPL(dualtree_faults);
