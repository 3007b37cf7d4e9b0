/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The points at which an allocation from the kernel may be made to fail; see
 * include/dualtree/fault.h. Each costs a load and a branch in front of such an allocation, and
 * nothing where CONFIG_DUALTREE_DEBUG is not set.
 */
#ifndef DUALTREE_BUDDY_FAULT_H
#define DUALTREE_BUDDY_FAULT_H

#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/types.h>

#if IS_ENABLED(CONFIG_DUALTREE_DEBUG)

extern unsigned int buddy_fail_every;

bool buddy_fault_due_slow(void);

/* Is this allocation one that shall fail? Asked once for each, right before it. */
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
