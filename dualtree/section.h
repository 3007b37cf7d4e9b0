/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sections: who may touch a CPU's heap.
 *
 *	preemption off -> is this CPU's heap ready? -> take it -> work -> put it back -> on
 *
 * That stretch is a section. No interrupt is disabled and no lock is taken: an interrupt
 * that arrives in it does not find the heap ready, and leaves it alone. Its free goes to the
 * heap's remote list, its allocation is served by the instance's shared heap. So is one on a
 * CPU that has no heap and cannot make one, or runs without a tick and gets none.
 *
 * A heap is taken by a store over its pointer, of another that no request fits and no region
 * belongs to. So neither an allocation nor a free has to ask whether the heap is ready: what
 * it asks for anyway has the answer.
 *
 * What can take a lock, sleep or call the page allocator is done outside of sections: a
 * section that lacks memory is left, a region is got, and another one entered, perhaps on
 * another CPU.
 */
#ifndef DUALTREE_SECTION_H
#define DUALTREE_SECTION_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include "heap.h"
#include "instance.h"

/**
 * struct dt_cpu_slot - what an instance has for a CPU
 * @active: its heap while that can be entered, else heap_busy in a section and heap_none as long
 *	as there is none; for this CPU alone
 * @heap: its heap, or NULL until the CPU has allocated; set once, readable by anybody
 */
struct dt_cpu_slot {
	struct dt_heap *active;
	struct dt_heap *heap;
};

/* Calls that are made in one section for a bulk call, and their bytes; both bound it. */
#define BULK_MAX	16
#define BULK_BYTES	SZ_64K

/*
 * Stand in cpu_slot.active where no heap does. Nothing fits in them, no region is theirs, and
 * they are never written to.
 */
extern struct dt_heap dt_null_heaps[2];
#define heap_none		(&dt_null_heaps[0])
#define heap_busy	(&dt_null_heaps[1])

/* Is it a heap, and not what stands there when none can be entered? */
static __always_inline bool heap_is_active(const struct dt_heap *heap)
{
	return (unsigned long)heap - (unsigned long)dt_null_heaps >= sizeof(dt_null_heaps);
}

/* The heap of a CPU, or NULL. What it holds is seen as percpu.c published it. */
static inline struct dt_heap *heap_of_cpu(const struct dualtree *dt, int cpu)
{
	return READ_ONCE(per_cpu_ptr(dt->slots, cpu)->heap);
}

/*
 * Open a section; preemption is off. An interrupt between the load and the store has left its
 * own section by the time this one goes on.
 *
 * Return: the heap, or what stands there; either is to be given to __section_exit().
 */
static __always_inline struct dt_heap *__section_enter(struct dualtree *dt)
{
	struct dt_heap *heap = __this_cpu_read(dt->slots->active);

	__this_cpu_write(dt->slots->active, heap_busy);
	barrier();
	return heap;
}

static __always_inline void __section_exit(struct dualtree *dt, struct dt_heap *heap)
{
	barrier();
	__this_cpu_write(dt->slots->active, heap);
}

/*
 * Close a section that was opened on what is not ready. An interrupt may have made the CPU's
 * heap just before it was opened.
 */
static inline void __section_exit_inactive(struct dualtree *dt, struct dt_heap *heap)
{
	if (heap == heap_none && __this_cpu_read(dt->slots->heap))
		heap = __this_cpu_read(dt->slots->heap);
	__section_exit(dt, heap);
}

/*
 * Enter a section, if this CPU's heap is there and ready. Preemption is off from here on
 * whatever the outcome: who looks at a region must not be overtaken by a grace period.
 */
static __always_inline struct dt_heap *section_enter(struct dualtree *dt)
{
	preempt_disable();
	if (unlikely(!heap_is_active(__this_cpu_read(dt->slots->active))))
		return NULL;
	return __section_enter(dt);
}

/*
 * Leave the section, and end what section_enter() began. In NMI nothing can go back to the
 * pool; it waits for the next section that ends so.
 *
 * Return: regions that the caller gives back with dt_regions_put().
 */
static inline struct dt_region *section_exit(struct dualtree *dt, struct dt_heap *heap)
{
	struct dt_region *retired = NULL;

	if (heap) {
		if (unlikely(heap->retired) && !in_nmi())
			retired = heap_take_retired(heap);
		__section_exit(dt, heap);
	}
	preempt_enable();
	return retired;
}

#endif /* DUALTREE_SECTION_H */
