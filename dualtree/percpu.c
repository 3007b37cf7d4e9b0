// SPDX-License-Identifier: GPL-2.0
/*
 * The heaps of an instance: one for each CPU that allocates, and the one that its CPUs share.
 *
 *	the caller			is served by
 *	a CPU with a heap		its own
 *	in a section's interrupt	the shared heap
 *	a CPU without a tick		the shared heap
 *	where no heap can be made	the shared heap, until one can
 *
 * section.h says how a heap is entered.
 */
#include <linux/slab.h>
#include <linux/tick.h>
#include <linux/topology.h>
#include "../buddy/fault.h"
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "cache.h"
#include "grow.h"
#include "kmemleak.h"
#include "percpu.h"
#include "remote.h"
#include "section.h"

/* A CPU's heap, with what stands in front of it. */
struct cpu_heap {
	struct dt_heap heap;
	struct dt_quick quick;
};

static struct dt_heap *cpu_heap_create(const struct dualtree *dt, gfp_t gfp)
{
	struct cpu_heap *cpu_heap;
	bool exact = dt->flags & DUALTREE_EXACT_FIT;

	if (buddy_fault_due())
		return NULL;
	gfp &= ~__GFP_COMP;
	cpu_heap = kzalloc_node(exact ? sizeof(cpu_heap->heap) : sizeof(*cpu_heap),
				gfp | __GFP_NOWARN, numa_mem_id());
	if (!cpu_heap)
		return NULL;
	dt_heap_init(&cpu_heap->heap);
	if (!exact)
		dt_cache_init(&cpu_heap->heap, &cpu_heap->quick);
	return &cpu_heap->heap;
}

static void cpu_heap_destroy(struct dt_heap *heap)
{
	kfree(container_of(heap, struct cpu_heap, heap));
}

/*
 * Give this CPU a heap, whichever it is by now; an interrupt may have made one in between.
 *
 * Not to one that runs without a tick: it is not to be disturbed, and what its heap held
 * could be had back only by an interrupt there. The shared heap serves it.
 */
static bool cpu_heap_install(struct dualtree *dt, struct dt_heap *heap)
{
	bool installed;

	preempt_disable();
	installed = !tick_nohz_full_cpu(smp_processor_id()) &&
		    this_cpu_cmpxchg(dt->slots->active, heap_none, heap) == heap_none;
	if (installed) {
		/*
		 * Publish: the shrinker, passes and statistics follow this pointer on other
		 * CPUs. Pairs with the address dependency in heap_of_cpu(); litmus/heap-publish.
		 */
		smp_store_release(&this_cpu_ptr(dt->slots)->heap, heap);
	}
	preempt_enable();
	return installed;
}

/* Make this CPU's heap, if it has none and @gfp allows. It may fail: there is the shared one. */
void dt_percpu_prepare(struct dualtree *dt, gfp_t gfp)
{
	struct dt_heap *heap;

	if (raw_cpu_read(dt->slots->active) != heap_none || !kernel_allocs_here() ||
	    tick_nohz_full_cpu(raw_smp_processor_id()))
		return;
	heap = cpu_heap_create(dt, gfp);
	if (heap && !cpu_heap_install(dt, heap))
		cpu_heap_destroy(heap);
}

/* Bytes that the heap holds which an allocation here would make grow. */
size_t dt_percpu_held(const struct dualtree *dt)
{
	const struct dt_heap *heap = READ_ONCE(raw_cpu_ptr(dt->slots)->heap) ?: &dt->shared;

	return READ_ONCE(heap->held_bytes);
}

/* Return: regions that the caller gives back with dt_regions_put(). */
struct dt_region *dt_shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock)
{
	struct dt_region *retired = in_nmi() ? NULL : heap_take_retired(&dt->shared);

	raw_spin_unlock_irqrestore(&dt->shared_lock, flags);
	return retired;
}

/* Times that one caller takes the shared heap's lock to drain it. */
#define SHARED_DRAINS_MAX	8

/*
 * Put into the shared heap's trees what was pushed to it. If the lock is contended, return: the
 * holder calls this after it unlocks, and sees our push. What keeps coming in while one caller
 * drains is left to others, or to reclaim.c.
 */
void dt_shared_drain(struct dualtree *dt)
{
	unsigned int times = SHARED_DRAINS_MAX;
	struct dt_region *retired;
	unsigned long flags;

	/* Orders a push or an unlock before this look; the other side does the same. */
	smp_mb();
	while (heap_has_remote(&dt->shared) && !dt_kmemleak_must_wait() && times--) {
		if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
			return;
		dt_heap_drain(&dt->shared, REMOTE_DRAIN_MAX);
		retired = dt_shared_unlock(dt, flags);
		dt_regions_put(dt, retired);
		/* As above: the lock was let go of, and now the list is looked at again. */
		smp_mb();
	}
}

/**
 * dt_percpu_init() - set up the heaps of a new instance, all empty
 * @dt: the instance; zeroed but for its parameters
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int dt_percpu_init(struct dualtree *dt)
{
	int cpu;

	dt->slots = alloc_percpu(struct dt_cpu_slot);
	if (!dt->slots)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		per_cpu_ptr(dt->slots, cpu)->active = heap_none;
	raw_spin_lock_init(&dt->shared_lock);
	dt_heap_init(&dt->shared);
	return 0;
}

/**
 * dt_percpu_destroy() - take all regions of an instance back, and its heaps
 * @dt: the instance; nobody uses it any more
 *
 * In time proportional to the regions, whatever is live in them.
 *
 * Context: Process context. May sleep.
 */
void dt_percpu_destroy(struct dualtree *dt)
{
	struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (!heap)
			continue;
		dt_regions_put(dt, dt_heap_retire_all(heap));
		cpu_heap_destroy(heap);
	}
	dt_regions_put(dt, dt_heap_retire_all(&dt->shared));
	free_percpu(dt->slots);
}
