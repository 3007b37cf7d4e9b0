/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sections: a CPU owns its heap while it is in a section.
 *
 *	preemption off -> active = heap_busy -> work on the heap -> active = heap -> preemption on
 *
 *	dt_cpu_slot.active	an alloc or free on this CPU
 *	the CPU's heap		enters it
 *	heap_busy		interrupts a section: a free is pushed to its heap's remote list,
 *				an allocation is served by the shared heap
 *	heap_none		the CPU has no heap: as above, unless percpu.c can make one
 *
 * No request fits heap_busy or heap_none, and no region is theirs. So neither an allocation nor a
 * free has to test whether the heap is active: what it tests anyway says so.
 *
 * Context: any, NMI included. A section disables no interrupt and takes no lock. What can sleep,
 * take a lock or call the page allocator is done outside. A section that lacks memory is left, a
 * region is got, and another section is entered, perhaps on another CPU. The exceptions are
 * kmemleak.c's marks, on kernels that have them.
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
 * struct dt_cpu_slot - a CPU's heap in an instance
 * @active: the heap, or heap_busy in a section, or heap_none if there is no heap; accessed by
 *	this CPU only
 * @heap: the heap, or NULL until the CPU has allocated; set once, any CPU may read it
 */
struct dt_cpu_slot {
	struct dt_heap *active;
	struct dt_heap *heap;
};

/*
 * Max ranges that a bulk call handles in one section, and bytes after which it ends. BULK_MAX
 * results lie on the stack; BULK_BYTES are 1,024 granules of 64 bytes.
 */
#define BULK_MAX	16
#define BULK_BYTES	SZ_64K

/* Never written. */
extern struct dt_heap dt_null_heaps[2];
#define heap_none	(&dt_null_heaps[0])
#define heap_busy	(&dt_null_heaps[1])

/* Is it a CPU's heap, neither heap_none nor heap_busy? */
static __always_inline bool heap_is_active(const struct dt_heap *heap)
{
	return (unsigned long)heap - (unsigned long)dt_null_heaps >= sizeof(dt_null_heaps);
}

/*
 * The heap of a CPU, or NULL. The address dependency pairs with the release in
 * cpu_heap_install(): litmus/heap-publish.
 */
static inline struct dt_heap *heap_of_cpu(const struct dualtree *dt, int cpu)
{
	return READ_ONCE(per_cpu_ptr(dt->slots, cpu)->heap);
}

/*
 * Open a section of an instance that has these slots; preemption is off. An interrupt between the
 * load and the store has closed its own section before this one continues.
 *
 * Return: the heap, heap_none or heap_busy, for __section_exit().
 */
static __always_inline struct dt_heap *__section_enter(struct dt_cpu_slot __percpu *slots)
{
	struct dt_heap *heap = __this_cpu_read(slots->active);

	__this_cpu_write(slots->active, heap_busy);
	barrier();
	return heap;
}

/* Close a section. @heap is what __section_enter() returned. */
static __always_inline void __section_exit(struct dt_cpu_slot __percpu *slots, struct dt_heap *heap)
{
	barrier();
	__this_cpu_write(slots->active, heap);
}

/*
 * Close a section in which __section_enter() returned heap_none or heap_busy. An interrupt between
 * its load and its store may have made this CPU's heap.
 */
static inline void __section_exit_inactive(struct dualtree *dt, struct dt_heap *heap)
{
	if (heap == heap_none && __this_cpu_read(dt->slots->heap))
		heap = __this_cpu_read(dt->slots->heap);
	__section_exit(dt->slots, heap);
}

/*
 * Enter a section if this CPU's heap is active. Disables preemption in any case: a region that
 * the caller looks up must not be freed by a grace period.
 *
 * Return: the heap, or NULL; either for section_exit().
 */
static __always_inline struct dt_heap *section_enter(struct dualtree *dt)
{
	preempt_disable();
	if (unlikely(!heap_is_active(__this_cpu_read(dt->slots->active))))
		return NULL;
	return __section_enter(dt->slots);
}

/*
 * Leave the section, if there is one, and enable preemption. In NMI, where the pool cannot be
 * called, retired regions stay with the heap until a later section.
 *
 * Return: retired regions for dt_regions_put(), or NULL.
 */
static inline struct dt_region *section_exit(struct dualtree *dt, struct dt_heap *heap)
{
	struct dt_region *retired = NULL;

	if (heap) {
		if (unlikely(heap->retired) && !in_nmi())
			retired = heap_take_retired(heap);
		__section_exit(dt->slots, heap);
	}
	preempt_enable();
	return retired;
}

#endif /* DUALTREE_SECTION_H */
