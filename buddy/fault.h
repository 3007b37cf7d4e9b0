/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failure injection: the questions that allocations from the kernel ask; see
 * include/dualtree/fault.h. They cost a load and a branch each, and nothing if
 * CONFIG_DUALTREE_DEBUG is not set. Any context; no lock.
 */
#ifndef DUALTREE_BUDDY_FAULT_H
#define DUALTREE_BUDDY_FAULT_H

#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/types.h>

#if IS_ENABLED(CONFIG_DUALTREE_DEBUG)

extern unsigned int buddy_fail_every;
extern unsigned int buddy_fail_above;

bool buddy_fault_due_slow(void);

/* Return: true if the next allocation must fail. Called once before each. */
static inline bool buddy_fault_due(void)
{
	return unlikely(READ_ONCE(buddy_fail_every)) && buddy_fault_due_slow();
}

/* Return: true if an allocation of 2^@order pages must fail, as if memory were fragmented. */
static inline bool buddy_fault_order(unsigned int order)
{
	return unlikely(order > READ_ONCE(buddy_fail_above));
}

#else

static inline bool buddy_fault_due(void)
{
	return false;
}

static inline bool buddy_fault_order(unsigned int order)
{
	return false;
}

#endif

#endif /* DUALTREE_BUDDY_FAULT_H */
