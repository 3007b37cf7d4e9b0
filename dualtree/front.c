// SPDX-License-Identifier: GPL-2.0
/*
 * The per-CPU front: sections, nested contexts, and getting regions outside of both.
 *
 * front.h says how it works. What is not obvious in the code is said where it stands.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include "../compat/compat.h"
#include "front.h"
#include "ledger.h"

/* A heap grows by a 1/GROWTH_SHARE of what it holds, within these bounds. */
#define GROWTH_SHARE	16
#define GROWTH_MOST	SZ_1M

static bool region_charge(struct dualtree *dt, unsigned int order)
{
	long bytes = PAGE_SIZE << order;
	unsigned long held = atomic_long_add_return(bytes, &dt->held_bytes);

	if (!dt->limit || held <= dt->limit)
		return true;
	atomic_long_sub(bytes, &dt->held_bytes);
	return false;
}

static void region_put(struct dualtree *dt, struct region *region)
{
	long bytes = region_bytes(region);

	region_destroy(region);
	atomic_long_sub(bytes, &dt->held_bytes);
	atomic64_inc(&dt->counts.region_puts);
}

/* Give back what a section has retired. Outside of it. Return: bytes that went back. */
size_t regions_put(struct dualtree *dt, struct region *retired)
{
	struct region *region;
	size_t bytes = 0;

	while ((region = retired)) {
		retired = region->retired;
		bytes += region_bytes(region);
		region_put(dt, region);
	}
	return bytes;
}

static struct region *region_get_order(struct dualtree *dt, unsigned int order, gfp_t gfp)
{
	struct region *region;

	if (!region_charge(dt, order))
		return NULL;
	region = region_create(dt, dt->pool, order, gfp);
	if (!region) {
		atomic_long_sub(PAGE_SIZE << order, &dt->held_bytes);
		return NULL;
	}
	/* The first one: the instance is in use, so it may cost something to look at. */
	if (atomic64_inc_return(&dt->counts.region_gets) == 1)
		schedule_work(&dt->publish);
	return region;
}

/* Pages that a heap holding @held bytes should grow by, as a power of two. */
static unsigned int growth_order(const struct dualtree *dt, size_t held)
{
	size_t bytes = min_t(size_t, held / GROWTH_SHARE, GROWTH_MOST);

	return clamp_t(unsigned int, get_order(bytes ?: 1), dt->min_order, dt->max_order);
}

/*
 * Get a region that can serve @size bytes: as large as the heap should grow by, or at least
 * as large as it must be.
 */
static struct region *region_get(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct heap *heap = READ_ONCE(*raw_cpu_ptr(dt->heaps)) ?: &dt->shared;
	unsigned int need = max_t(unsigned int, get_order(size), dt->min_order);
	unsigned int order = max(need, growth_order(dt, READ_ONCE(heap->held_bytes)));
	struct region *region = region_get_order(dt, order, gfp);

	if (!region && order > need)
		region = region_get_order(dt, need, gfp);
	return region;
}

/* Make this CPU's heap, if it has none and @gfp allows. It may fail: there is the shared one. */
static void prepare_heap(struct dualtree *dt, gfp_t gfp)
{
	struct heap *heap;

	if (raw_cpu_read(*dt->heaps) || in_nmi())
		return;
	gfp &= ~(GFP_ZONEMASK | __GFP_COMP | __GFP_NOFAIL);
	heap = kmalloc_node(sizeof(*heap), gfp | __GFP_NOWARN, numa_mem_id());
	if (!heap)
		return;
	heap_init(heap);
	/* On whatever CPU this is by now; an interrupt may have made one in between. */
	if (this_cpu_cmpxchg(*dt->heaps, NULL, heap))
		kfree(heap);
}

/* Serve a request from a heap that the caller owns; let it grow by *@region if it must. */
static void *place(struct heap *heap, size_t size, struct region **region)
{
	void *ptr;

	if (unlikely(heap_has_remote(heap)))
		heap_drain(heap, HEAP_DRAIN_MOST);
	ptr = heap_alloc(heap, size);
	if (unlikely(!ptr && *region)) {
		heap_attach(heap, *region);
		*region = NULL;
		ptr = heap_alloc(heap, size);
	}
	if (likely(ptr)) {
		heap_count(heap->counts.allocs, 1);
		heap_count(heap->counts.live_bytes, (s64)size);
	}
	return ptr;
}

/* Return: regions that the caller gives back with regions_put(). */
struct region *shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock)
{
	struct region *retired = in_nmi() ? NULL : heap_take_retired(&dt->shared);

	raw_spin_unlock_irqrestore(&dt->shared_lock, flags);
	return retired;
}

/*
 * Put into the shared heap's trees what was pushed to it. Whoever finds the lock taken goes
 * away; so whoever has held it comes here afterwards.
 */
void shared_drain(struct dualtree *dt)
{
	struct region *retired;
	unsigned long flags;

	/* Orders a push or an unlock before this look; the other side does the same. */
	smp_mb();
	while (!llist_empty(&dt->shared.remote)) {
		if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
			return;
		while (heap_drain(&dt->shared, HEAP_DRAIN_MOST))
			;
		retired = shared_unlock(dt, flags);
		regions_put(dt, retired);
		/* As above: the lock was let go of, and now the list is looked at again. */
		smp_mb();
	}
}

static void *shared_alloc(struct dualtree *dt, size_t size, struct region **region)
{
	struct region *retired;
	unsigned long flags;
	void *ptr;

	if (!in_nmi())
		raw_spin_lock_irqsave(&dt->shared_lock, flags);
	else if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
		return NULL;
	ptr = place(&dt->shared, size, region);
	retired = shared_unlock(dt, flags);
	regions_put(dt, retired);
	shared_drain(dt);
	return ptr;
}

/*
 * One try: this CPU's heap if it can be entered, else the shared one.
 *
 * *@more is set if there are frees left to bring home before the heap should grow.
 */
static void *try_alloc(struct dualtree *dt, size_t size, struct region *region, bool *more)
{
	struct heap *heap = section_begin(dt);
	struct region *retired;
	void *ptr = NULL;

	if (heap) {
		ptr = place(heap, size, &region);
		*more = heap_has_remote(heap);
	}
	retired = section_end(heap);
	if (!heap) {
		ptr = shared_alloc(dt, size, &region);
		*more = false;
	}
	regions_put(dt, retired);
	/* What came home while the region was being got may have made it needless. */
	if (region)
		region_put(dt, region);
	return ptr;
}

/*
 * Give this CPU's spare back. It is too small for a request that could not be served, and
 * with a limit, or where memory is short, it may be all that stands in its way.
 *
 * Return: true if there was one.
 */
static bool give_up_spare(struct dualtree *dt)
{
	struct heap *heap = section_begin(dt);
	struct region *retired;

	if (heap)
		heap_retire_spare(heap);
	retired = section_end(heap);
	return regions_put(dt, retired);
}

static noinline void *alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct region *region;
	void *ptr;
	bool more;

	prepare_heap(dt, gfp);
	do {
		ptr = try_alloc(dt, size, NULL, &more);
	} while (!ptr && more);
	if (ptr || in_nmi())
		goto out;
	region = region_get(dt, size, gfp);
	if (!region && give_up_spare(dt))
		region = region_get(dt, size, gfp);
	if (region)
		ptr = try_alloc(dt, size, region, &more);
out:
	if (!ptr)
		atomic64_inc(&dt->counts.failed_allocs);
	return ptr;
}

/**
 * front_alloc() - allocate from this CPU's heap, or else from where it can be had
 * @dt: the instance
 * @size: bytes, 1 to the largest region
 * @gfp: for the pool, if it comes to that
 *
 * Context: Any that @gfp allows.
 * Return: the first byte, or NULL.
 */
void *front_alloc(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct heap *heap = section_begin(dt);
	struct region *retired, *none = NULL;
	void *ptr = NULL;

	if (likely(heap))
		ptr = place(heap, size, &none);
	retired = section_end(heap);
	if (unlikely(retired))
		regions_put(dt, retired);
	return likely(ptr) ? ptr : alloc_slow(dt, size, gfp);
}

/* The region that all of a range lies in, if it is one of this instance's; preemption off. */
static struct region *region_of_range(const struct dualtree *dt, const void *ptr, size_t len)
{
	struct region *region = region_of(ptr);

	if (unlikely(!region || region->dt != dt || !len))
		return NULL;
	if (unlikely(len > region_bytes(region) - region_offset(region, ptr)))
		return NULL;
	return region;
}

bool front_owns(const struct dualtree *dt, const void *ptr, size_t len)
{
	bool owns;

	preempt_disable();
	owns = region_of_range(dt, ptr, len);
	preempt_enable();
	return owns;
}

static void count_free(struct dualtree *dt, struct heap *heap, size_t len, unsigned int pushed)
{
	if (likely(heap)) {
		heap_count(heap->counts.frees, 1);
		heap_count(heap->counts.live_bytes, -(s64)len);
		if (pushed) {
			heap_count(heap->counts.remote_frees, 1);
			heap_count(heap->counts.in_flight, pushed);
		}
	} else {
		atomic64_inc(&dt->counts.frees);
		atomic64_sub(len, &dt->counts.live_bytes);
		atomic64_add(pushed, &dt->counts.in_flight);
		if (pushed)
			atomic64_inc(&dt->counts.remote_frees);
	}
}

/*
 * Free a range of a region. @heap is this CPU's, entered, or NULL.
 *
 * The check lies inside the section: an interrupt between check and change that frees the
 * same bytes would otherwise be missed, and it finds the heap busy at worst.
 *
 * Return: 0 or -EALREADY.
 */
static int release(struct dualtree *dt, struct heap *heap, struct region *region,
		   const void *ptr, size_t len)
{
	struct ledger_range range = ledger_range(region_offset(region, ptr), len);
	struct ledger_run run;
	unsigned int pushed = 0;

	if (unlikely(ledger_check(region->ledger, &range)))
		return -EALREADY;
	/* Before the ledger changes: from then on it may be somebody else's. */
	if (want_init_on_free())
		memset((void *)ptr, 0, len);
	run = ledger_take(region->ledger, &range);
	if (run.nr && region->heap == heap) {
		heap_free(heap, region, run.first, run.nr);
	} else if (run.nr) {
		heap_push(region->heap, region_addr(region, run.first), run.nr);
		pushed = run.nr;
	}
	count_free(dt, heap, len, pushed);
	return 0;
}

/**
 * front_free() - free any range of live bytes
 * @dt: the instance
 * @ptr: the first byte; any value whatever
 * @len: bytes
 *
 * Context: Any, NMI included.
 * Return: 0, -EINVAL or -EALREADY as dualtree_free() says; nothing is counted or reported
 * if it was refused.
 */
int front_free(struct dualtree *dt, const void *ptr, size_t len)
{
	struct heap *heap = section_begin(dt);
	struct region *region = region_of_range(dt, ptr, len);
	bool shared = region && region->heap == &dt->shared;
	struct region *retired;
	int err = -EINVAL;

	if (likely(region))
		err = release(dt, heap, region, ptr, len);
	retired = section_end(heap);
	if (unlikely(retired))
		regions_put(dt, retired);
	if (unlikely(shared))
		shared_drain(dt);
	return err;
}

/**
 * front_init() - set up the heaps of a new instance, all empty
 * @dt: the instance; zeroed but for its parameters
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int front_init(struct dualtree *dt)
{
	dt->heaps = alloc_percpu(struct heap *);
	if (!dt->heaps)
		return -ENOMEM;
	raw_spin_lock_init(&dt->shared_lock);
	heap_init(&dt->shared);
	return 0;
}

/**
 * front_release() - take all regions of an instance back, and its heaps
 * @dt: the instance; nobody uses it any more
 *
 * In time proportional to the regions, whatever is live in them.
 *
 * Context: Process context. May sleep.
 */
void front_release(struct dualtree *dt)
{
	struct heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = *per_cpu_ptr(dt->heaps, cpu);
		if (!heap)
			continue;
		regions_put(dt, heap_retire_all(heap));
		kfree(heap);
	}
	regions_put(dt, heap_retire_all(&dt->shared));
	free_percpu(dt->heaps);
}
