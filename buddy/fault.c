// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations from the kernel that fail on purpose: include/dualtree/fault.h says what for.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <dualtree/fault.h>
#include "fault.h"

/* Written by user space and tests at any time. */
unsigned int buddy_fail_every;
module_param_named(fail_every, buddy_fail_every, uint, 0600);
MODULE_PARM_DESC(fail_every, "for tests: every Nth allocation from the kernel fails; 0: none");

static atomic_t asked;
static atomic_t failed;

bool buddy_fault_due_slow(void)
{
	unsigned int every = READ_ONCE(buddy_fail_every);

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

unsigned int dualtree_faults(void)
{
	return atomic_read(&failed);
}
EXPORT_SYMBOL_GPL(dualtree_faults);
