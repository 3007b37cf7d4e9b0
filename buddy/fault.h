/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failure injection: the question that each allocation from the kernel asks; see
 * include/dualtree/fault.h. It costs a load and a branch, and nothing if CONFIG_DUALTREE_DEBUG is
 * not set. Any context; no lock.
 */
#ifndef DUALTREE_BUDDY_FAULT_H
#define DUALTREE_BUDDY_FAULT_H

#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/types.h>

#if IS_ENABLED(CONFIG_DUALTREE_DEBUG)

extern unsigned int buddy_fail_every;

bool buddy_fault_due_slow(void);

/* Return: true if the next allocation must fail. Called once before each. */
static inline bool buddy_fault_due(void)
{
	return unlikely(READ_ONCE(buddy_fail_every)) && buddy_fault_due_slow();
}

#else

static inline bool buddy_fault_due(void)
{
	return false;
}

#endif

#endif /* DUALTREE_BUDDY_FAULT_H */
