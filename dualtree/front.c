// SPDX-License-Identifier: GPL-2.0
/*
 * The per-CPU front: the heaps of an instance, and the one that its CPUs share.
 *
 * front.h says how it works.
 */
#include <linux/slab.h>
#include <linux/tick.h>
#include <linux/topology.h>
#include "../buddy/fault.h"
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "front.h"
#include "remote.h"

struct heap dt_not_ready[2] = { { .hot.nr = HOT_OFF }, { .hot.nr = HOT_OFF } };
EXPORT_SYMBOL_FOR_DT_TEST(dt_not_ready);

/* A CPU's heap, with what stands in front of it. */
struct cpu_heap {
	struct heap heap;
	struct quick quick;
};

static struct heap *cpu_heap_create(const struct dualtree *dt, gfp_t gfp)
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

static void cpu_heap_destroy(struct heap *heap)
{
	kfree(container_of(heap, struct cpu_heap, heap));
}

/*
 * Give this CPU a heap, whichever it is by now; an interrupt may have made one in between.
 *
 * Not to one that runs without a tick: it is not to be disturbed, and what its heap held
 * could be had back only by an interrupt there. The shared heap serves it.
 */
static bool cpu_heap_install(struct dualtree *dt, struct heap *heap)
{
	bool installed;

	preempt_disable();
	installed = !tick_nohz_full_cpu(smp_processor_id()) &&
		    this_cpu_cmpxchg(dt->slots->ready, no_heap, heap) == no_heap;
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
void dt_front_prepare_heap(struct dualtree *dt, gfp_t gfp)
{
	struct heap *heap;

	if (raw_cpu_read(dt->slots->ready) != no_heap || !kernel_allocs_here() ||
	    tick_nohz_full_cpu(raw_smp_processor_id()))
		return;
	heap = cpu_heap_create(dt, gfp);
	if (heap && !cpu_heap_install(dt, heap))
		cpu_heap_destroy(heap);
}

/* Bytes that the heap holds which an allocation here would make grow. */
size_t dt_front_held_here(const struct dualtree *dt)
{
	const struct heap *heap = READ_ONCE(raw_cpu_ptr(dt->slots)->heap) ?: &dt->shared;

	return READ_ONCE(heap->held_bytes);
}

/* Return: regions that the caller gives back with dt_regions_put(). */
struct region *dt_shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock)
{
	struct region *retired = in_nmi() ? NULL : heap_take_retired(&dt->shared);

	raw_spin_unlock_irqrestore(&dt->shared_lock, flags);
	return retired;
}

/* Times that one caller takes the shared heap's lock to drain it. */
#define SHARED_DRAINS_MOST	8

/*
 * Put into the shared heap's trees what was pushed to it. Whoever finds the lock taken goes
 * away; so whoever has held it comes here afterwards. What keeps coming in while one caller
 * drains is left to others, or to reclaim.c.
 */
void dt_shared_drain(struct dualtree *dt)
{
	unsigned int times = SHARED_DRAINS_MOST;
	struct region *retired;
	unsigned long flags;

	/* Orders a push or an unlock before this look; the other side does the same. */
	smp_mb();
	while (heap_has_remote(&dt->shared) && !dt_kmemleak_must_wait() && times--) {
		if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
			return;
		dt_heap_drain(&dt->shared, REMOTE_DRAIN_MOST);
		retired = dt_shared_unlock(dt, flags);
		dt_regions_put(dt, retired);
		/* As above: the lock was let go of, and now the list is looked at again. */
		smp_mb();
	}
}

/* The region that all of a range lies in, if it is one of this instance's; preemption off. */
struct region *dt_region_of_range(const struct dualtree *dt, const void *ptr, size_t len)
{
	struct region *region = region_of(ptr);

	if (unlikely(!region || region->dt != dt))
		return NULL;
	return region_holds(region, region_offset(region, ptr), len) ? region : NULL;
}

bool dt_front_owns(const struct dualtree *dt, const void *ptr, size_t len)
{
	bool owns;

	preempt_disable();
	owns = dt_region_of_range(dt, ptr, len);
	preempt_enable();
	return owns;
}

/* As front_free() would find a range: 0, -EINVAL or -EALREADY. */
int dt_front_check(const struct dualtree *dt, const void *ptr, size_t len)
{
	struct ledger_range range;
	struct region *region;
	int err = -EINVAL;

	preempt_disable();
	region = dt_region_of_range(dt, ptr, len);
	if (region) {
		range = ledger_range(region_offset(region, ptr), len);
		err = ledger_check(region->ledger, &range);
	}
	preempt_enable();
	return err;
}

/**
 * dt_front_init() - set up the heaps of a new instance, all empty
 * @dt: the instance; zeroed but for its parameters
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int dt_front_init(struct dualtree *dt)
{
	int cpu;

	dt->slots = alloc_percpu(struct cpu_slot);
	if (!dt->slots)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		per_cpu_ptr(dt->slots, cpu)->ready = no_heap;
	raw_spin_lock_init(&dt->shared_lock);
	dt_heap_init(&dt->shared);
	return 0;
}

/**
 * dt_front_release() - take all regions of an instance back, and its heaps
 * @dt: the instance; nobody uses it any more
 *
 * In time proportional to the regions, whatever is live in them.
 *
 * Context: Process context. May sleep.
 */
void dt_front_release(struct dualtree *dt)
{
	struct heap *heap;
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
