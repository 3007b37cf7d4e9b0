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
 * struct cpu_slot - what an instance has for a CPU
 * @ready: its heap while that can be entered, else open_heap in a section and no_heap as long
 *	as there is none; for this CPU alone
 * @heap: its heap, or NULL until the CPU has allocated; set once, readable by anybody
 */
struct cpu_slot {
	struct heap *ready;
	struct heap *heap;
};

/* Calls that are made in one section for a bulk call, and their bytes; both bound it. */
#define BULK_MOST	16
#define BULK_BYTES	SZ_64K

/*
 * Stand in cpu_slot.ready where no heap does. Nothing fits in them, no region is theirs, and
 * they are never written to.
 */
extern struct heap dt_not_ready[2];
#define no_heap		(&dt_not_ready[0])
#define open_heap	(&dt_not_ready[1])

/* Is it a heap, and not what stands there when none can be entered? */
static __always_inline bool heap_is_ready(const struct heap *heap)
{
	return (unsigned long)heap - (unsigned long)dt_not_ready >= sizeof(dt_not_ready);
}

/* The heap of a CPU, or NULL. What it holds is seen as percpu.c published it. */
static inline struct heap *heap_of_cpu(const struct dualtree *dt, int cpu)
{
	return READ_ONCE(per_cpu_ptr(dt->slots, cpu)->heap);
}

/*
 * Open a section; preemption is off. An interrupt between the load and the store has left its
 * own section by the time this one goes on.
 *
 * Return: the heap, or what stands there; either is to be given to section_close().
 */
static __always_inline struct heap *section_open(struct dualtree *dt)
{
	struct heap *heap = __this_cpu_read(dt->slots->ready);

	__this_cpu_write(dt->slots->ready, open_heap);
	barrier();
	return heap;
}

static __always_inline void section_close(struct dualtree *dt, struct heap *heap)
{
	barrier();
	__this_cpu_write(dt->slots->ready, heap);
}

/*
 * Close a section that was opened on what is not ready. An interrupt may have made the CPU's
 * heap just before it was opened.
 */
static inline void section_close_unready(struct dualtree *dt, struct heap *heap)
{
	if (heap == no_heap && __this_cpu_read(dt->slots->heap))
		heap = __this_cpu_read(dt->slots->heap);
	section_close(dt, heap);
}

/*
 * Enter a section, if this CPU's heap is there and ready. Preemption is off from here on
 * whatever the outcome: who looks at a region must not be overtaken by a grace period.
 */
static __always_inline struct heap *section_begin(struct dualtree *dt)
{
	preempt_disable();
	if (unlikely(!heap_is_ready(__this_cpu_read(dt->slots->ready))))
		return NULL;
	return section_open(dt);
}

/*
 * Leave the section, and end what section_begin() began. In NMI nothing can go back to the
 * pool; it waits for the next section that ends so.
 *
 * Return: regions that the caller gives back with dt_regions_put().
 */
static inline struct region *section_end(struct dualtree *dt, struct heap *heap)
{
	struct region *retired = NULL;

	if (heap) {
		if (unlikely(heap->retired) && !in_nmi())
			retired = heap_take_retired(heap);
		section_close(dt, heap);
	}
	preempt_enable();
	return retired;
}

#endif /* DUALTREE_SECTION_H */
