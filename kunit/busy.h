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

/* Nobody is in a section: the heap that is busy all the same stands for none. */
static inline bool has_heap(struct dualtree *dt, unsigned int cpu)
{
	return !READ_ONCE((*per_cpu_ptr(dt->heaps, cpu))->busy);
}

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
