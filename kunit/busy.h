/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an interrupt sees that arrives inside a section: the heap of this CPU is not ready. No
 * chance is needed for it here.
 */
#ifndef DUALTREE_KUNIT_BUSY_H
#define DUALTREE_KUNIT_BUSY_H

#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include "../dualtree/section.h"

static inline bool has_heap(struct dualtree *dt, unsigned int cpu)
{
	return heap_of_cpu(dt, cpu);
}

static inline void busy_begin(struct dualtree *dt)
{
	preempt_disable();
	__section_enter(dt);
}

static inline void busy_end(struct dualtree *dt)
{
	__section_exit(dt, heap_of_cpu(dt, smp_processor_id()));
	preempt_enable();
}

#endif /* DUALTREE_KUNIT_BUSY_H */
