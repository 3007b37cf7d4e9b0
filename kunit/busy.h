/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an interrupt sees that arrives inside a section: the heap of this CPU is busy. No
 * chance is needed for it here.
 */
#ifndef DUALTREE_KUNIT_BUSY_H
#define DUALTREE_KUNIT_BUSY_H

#include <linux/percpu.h>
#include <linux/preempt.h>
#include "../dualtree/front.h"

static inline void busy_begin(struct dualtree *dt)
{
	preempt_disable();
	WRITE_ONCE((*this_cpu_ptr(dt->heaps))->busy, true);
}

static inline void busy_end(struct dualtree *dt)
{
	WRITE_ONCE((*this_cpu_ptr(dt->heaps))->busy, false);
	preempt_enable();
}

#endif /* DUALTREE_KUNIT_BUSY_H */
