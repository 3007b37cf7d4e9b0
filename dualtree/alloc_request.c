// SPDX-License-Identifier: GPL-2.0
/*
 * An allocation from start to end: a heap is searched, flushed and searched again, and grows; also
 * the shared one. For what alloc.c does not serve at once. Any context that the gfp flags allow.
 *
 *	the heap must grow, an alignment, the shared heap	dt_alloc_request()
 *	no heap has it: get a region				alloc_grow()
 *	no region can be had, and the caller may sleep		alloc_reclaim()
 *
 * Each step is bounded in one section, and what is left of it is done in another. A call that may
 * sleep goes on until nothing is left. One that may not ends after ATOMIC_ROUNDS sections, grows,
 * and starts a pass (pass.c) that does the rest.
 *
 * Locks: dualtree.shared_lock for the shared heap, only tried in NMI; without it those of grow.c
 * and reclaim.c.
 */
#include <linux/string.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "alloc.h"
#include "grow.h"
#include "kmemleak.h"
#include "pass.h"
#include "percpu.h"
#include "reclaim.h"
#include "section.h"

/*
 * Sections in which a call that cannot sleep looks for memory before it grows. Each drains 32 runs
 * and flushes 32 blocks at most, however many runs are in flight: that bounds the call.
 */
#define ATOMIC_ROUNDS	1

/* Unpoison, register, clear and trace an allocation, each where it is asked for. Return: @ptr. */
void *dt_alloc_post(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp)
{
	size_t grains = ALIGN(size, 8), granules = ALIGN(size, DT_GRANULE);

	dt_unpoison(ptr, size);
	dt_poison(ptr + grains, granules - grains);
	dt_kmemleak_track(ptr, size);
	if (dt_clears(dt, gfp))
		memset(ptr, 0, size);
	trace_dualtree_alloc(dt->name, ptr, size);
	return ptr;
}

static void *heap_alloc_aligned(struct dt_heap *heap, const struct dt_request *req)
{
	dt_heap_drain(heap, REMOTE_DRAIN_MAX, 0);
	dt_cache_flush_hot(heap);
	return dt_heap_alloc_aligned(heap, req->size, req->align);
}

static void *heap_alloc_tree(struct dt_heap *heap, const struct dt_request *req)
{
	if (req->align)
		return dt_heap_alloc_aligned(heap, req->size, req->align);
	return dt_heap_alloc(heap, req->size);
}

/*
 * Search a heap to the end; where that fails add *@region, if there is one, which is then set to
 * NULL. Owner only. *@more is set to whether more can be flushed or drained before the heap grows;
 * not if the first search serves.
 */
static void *heap_alloc_or_grow(struct dt_heap *heap, const struct dt_request *req,
				struct dt_region **region, bool *more)
{
	void *ptr = req->align ? heap_alloc_aligned(heap, req) :
				 heap_alloc_cached(heap, req->size);

	if (!ptr) {
		*more = dt_cache_flush(heap, CACHE_FLUSH_MAX) || heap_has_remote(heap);
		/* A call that fails is not counted, and has put more into the trees. */
		WRITE_ONCE(heap->trim_due, true);
		ptr = heap_alloc_tree(heap, req);
	}
	if (!ptr && *region) {
		dt_heap_add_region(heap, *region);
		*region = NULL;
		ptr = heap_alloc_tree(heap, req);
	}
	if (ptr)
		count_alloc(heap, req->size);
	return ptr;
}

/* heap_alloc_or_grow() on the shared heap. Return: NULL also in NMI if the lock is contended. */
static void *shared_alloc(struct dualtree *dt, const struct dt_request *req,
			  struct dt_region **region)
{
	struct dt_region *retired;
	unsigned long flags;
	bool more;
	void *ptr;

	if (!in_nmi())
		raw_spin_lock_irqsave(&dt->shared_lock, flags);
	else if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
		return NULL;
	ptr = heap_alloc_or_grow(&dt->shared, req, region, &more);
	retired = dt_shared_unlock(dt, flags);
	dt_regions_put(dt, retired);
	dt_shared_drain(dt);
	return ptr;
}

/*
 * One try, in the section on @heap, which it closes, or on the shared heap if @heap is NULL.
 * @region, if there is one, is added or put. *@more is set to whether another try on @heap may
 * serve; to false for the shared heap.
 */
static void *request_try(struct dualtree *dt, struct dt_heap *heap, const struct dt_request *req,
			 struct dt_region *region, bool *more)
{
	struct dt_region *retired;
	void *ptr = NULL;

	*more = false;
	if (likely(heap))
		ptr = heap_alloc_or_grow(heap, req, &region, more);
	retired = section_exit(dt, heap);
	if (unlikely(!heap))
		ptr = shared_alloc(dt, req, &region);
	if (unlikely(retired))
		dt_regions_put(dt, retired);
	/* Memory that was freed or drained meanwhile has served: the region is not needed. */
	if (unlikely(region))
		dt_region_put(dt, region);
	return ptr;
}

/*
 * Put the spares that can be had in any context: this CPU's and the shared heap's. Each is too
 * small for a request that could not be served; with a limit, or on OOM, a larger region may be had
 * once they are back in the pool.
 *
 * Return: true if regions were put.
 */
static bool put_spares(struct dualtree *dt)
{
	struct dt_heap *heap = section_enter(dt);
	struct dt_region *retired;
	unsigned long flags;
	bool given;

	if (heap)
		dt_heap_retire_spare(heap);
	retired = section_exit(dt, heap);
	given = dt_regions_put(dt, retired);
	raw_spin_lock_irqsave(&dt->shared_lock, flags);
	dt_heap_retire_spare(&dt->shared);
	retired = dt_shared_unlock(dt, flags);
	given |= dt_regions_put(dt, retired);
	dt_shared_drain(dt);
	return given;
}

/* Get a region. One of at least @align bytes is itself aligned. */
static struct dt_region *get_region(struct dualtree *dt, const struct dt_request *req)
{
	size_t need = max(req->size, req->align);
	struct dt_region *region = dt_region_get(dt, need, dt_percpu_heap(dt), req->gfp);

	if (!region && put_spares(dt))
		region = dt_region_get(dt, need, dt_percpu_heap(dt), req->gfp);
	return region;
}

/* No heap serves: get a region, and try again with it. */
static noinline void *alloc_grow(struct dualtree *dt, const struct dt_request *req)
{
	struct dt_region *region;
	bool more;

	dt_percpu_prepare_growth(dt, req->size, req->gfp);
	region = get_region(dt, req);
	if (!region)
		return NULL;
	atomic64_inc(&dt->counts.region_gets);
	dt_pass_arm();
	return request_try(dt, section_enter(dt), req, region, &more);
}

/*
 * Serve a request without growing. A call that cannot sleep leaves the heap overdue where that
 * takes more than ATOMIC_ROUNDS sections. Passes may be off (idle_ms=0): later calls drain then.
 */
static void *alloc_here(struct dualtree *dt, const struct dt_request *req)
{
	bool more, blocking = gfpflags_allow_blocking(req->gfp);
	unsigned int rounds = ATOMIC_ROUNDS;
	struct dt_heap *heap;
	void *ptr;

	for (;;) {
		heap = section_enter(dt);
		ptr = request_try(dt, heap, req, NULL, &more);
		/* On kmemleak kernels nothing is drained in NMI, so @more could stay true. */
		if (ptr || !more || in_nmi())
			return ptr;
		if (blocking)
			cond_resched();
		else if (!--rounds)
			break;
	}
	WRITE_ONCE(heap->overdue, true);
	dt_pass_start();
	return NULL;
}

static void *alloc_or_grow(struct dualtree *dt, const struct dt_request *req)
{
	return alloc_here(dt, req) ?: alloc_grow(dt, req);
}

/*
 * No region can be had, for the limit or on OOM. What other heaps hold and do not need may be what
 * stands in the way, or what serves; and so may what another reclaim has retired and not put yet.
 */
static noinline void *alloc_reclaim(struct dualtree *dt, const struct dt_request *req)
{
	void *ptr;

	dt_reclaim_now(dt);
	ptr = alloc_or_grow(dt, req);
	if (!ptr && !(req->gfp & __GFP_NORETRY) && dt_reclaim_settle(dt))
		ptr = alloc_or_grow(dt, req);
	return ptr;
}

/* An allocation from start to end, outside of sections; with the shared heap and growth. */
void *dt_alloc_request(struct dualtree *dt, const struct dt_request *req)
{
	void *ptr;

	dt_percpu_prepare(dt, req->gfp);
	ptr = alloc_here(dt, req);
	if (!ptr && !in_nmi())
		ptr = alloc_grow(dt, req);
	if (!ptr && gfpflags_allow_blocking(req->gfp) && (!dt->limit || req->size <= dt->limit))
		ptr = alloc_reclaim(dt, req);
	if (!ptr)
		atomic64_inc(&dt->counts.failed_allocs);
	else if (ALLOC_TRACKED || alloc_watched(dt, req->gfp))
		ptr = dt_alloc_post(dt, ptr, req->size, req->gfp);
	return ptr;
}
