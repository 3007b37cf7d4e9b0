// SPDX-License-Identifier: GPL-2.0
/*
 * Allocating: dualtree_alloc(), dualtree_alloc_aligned() and dualtree_alloc_bulk(). Any context
 * that the caller's gfp flags allow.
 *
 *	this CPU's heap, which is entered
 *	  the size of the hot range, 33 granules at most	alloc_fast(): the fast path
 *	  the size of the hot range, a larger one		alloc_large()
 *	  that of its units					alloc_unit(), alloc_unit_slow()
 *	  that of a block in a quick list			alloc_linked(), alloc_stale(), alloc_block()
 *	  another size, and the heap has it			alloc_search(), alloc_trees()
 *	  and a region is retired at the same time		alloc_more()
 *	no heap to enter, a size or a flag that is refused	alloc_inactive()
 *	the heap must grow, an alignment, the shared heap	alloc_request()
 *	no heap has it: get a region				alloc_grow()
 *	no region can be had, and the caller may sleep		alloc_reclaim()
 *	several of one size					alloc_some(), alloc_request()
 *
 * A heap is searched in this order, until one serves:
 *
 *	hot range -> quick list -> remote list drained -> trees
 *		  -> cache flushed and trees again -> a new region
 *
 * Each step is bounded in one section, and what is left of it is done in another. A call that may
 * sleep goes on until nothing is left. One that may not ends after ATOMIC_ROUNDS sections, grows,
 * and starts a pass (pass.c) that does the rest.
 *
 * The slow paths of dualtree_alloc() are calls in tail position, so that the fast path costs no
 * stack frame. Those that are given @heap, which __section_enter() returned, close the section.
 *
 * Locks: dualtree.shared_lock for the shared heap, only tried in NMI.
 */
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/string.h>
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "grow.h"
#include "kmemleak.h"
#include "pass.h"
#include "percpu.h"
#include "reclaim.h"
#include "remote.h"
#include "section.h"
#include "trace.h"

/* Max bytes that alloc_fast() serves: 33 granules, the limit of ledger_fill_few(). */
#define ALLOC_FAST_MAX	(33 * DT_GRANULE)

/*
 * Sections in which a call that cannot sleep looks for memory before it grows. Each drains 32 runs
 * and flushes 32 blocks at most, however many runs are in flight. With one round the longest such
 * call stays below 20,000 instructions.
 */
#define ATOMIC_ROUNDS	1

/* Does each allocation need alloc_post()? A constant. */
#define ALLOC_TRACKED	(IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))

/**
 * struct request - an allocation that is asked for
 * @size: size in bytes
 * @align: alignment in bytes, or 0 for that of a granule
 * @gfp: flags for the pool
 */
struct request {
	size_t size;
	size_t align;
	gfp_t gfp;
};

static void *alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap);
static void *alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap);
static void *alloc_request(struct dualtree *dt, const struct request *req);
static void *alloc_post(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp);

/* Is this allocation traced, cleared, or refused? The fast path does none of these. */
static __always_inline bool alloc_watched(const struct dualtree *dt, gfp_t gfp)
{
	return trace_dualtree_alloc_enabled() || want_init_on_alloc(0) ||
	       (gfp | dt->zero) & (__GFP_ZERO | BUDDY_GFP_REFUSED);
}

static bool size_valid(const struct dualtree *dt, size_t size)
{
	/* 0 wraps to the largest size. */
	return size - 1 < dt->max_size;
}

static __always_inline void count_alloc(struct dt_heap *heap, size_t size)
{
	local64_inc(&heap->counts.allocs);
	local64_add(size, &heap->counts.live_bytes);
}

/* Serve an allocation with the hot range. @large: it has more than 33 granules, or else fewer. */
static __always_inline void *alloc_hot(struct dualtree *dt, struct dt_cpu_slot __percpu *slots,
				       struct dt_heap *heap, size_t size, gfp_t gfp, bool large)
{
	void *ptr = large ? hot_take_large(heap, size) : hot_take(heap, size, false);

	count_alloc(heap, size);
	__section_exit(slots, heap);
	preempt_enable();
	return ALLOC_TRACKED ? alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The fast path; @size may be any value. */
static __always_inline void *alloc_fast(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct dt_cpu_slot __percpu *slots = dt->slots;
	struct dt_heap *heap;

	preempt_disable();
	heap = __section_enter(slots);
	if (unlikely(!hot_fits(heap, size) || alloc_watched(dt, gfp)))
		return alloc_slow(dt, size, gfp, heap);
	if (size > ALLOC_FAST_MAX)
		return alloc_large(dt, size, gfp, heap);
	return alloc_hot(dt, slots, heap, size, gfp, false);
}

void *dualtree_alloc(struct dualtree *dt, size_t size, gfp_t gfp)
{
	return alloc_fast(dt, size, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_alloc);

void *dualtree_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp)
{
	if (!is_power_of_2(align))
		return NULL;
	if (align <= DT_GRANULE)
		return alloc_fast(dt, size, gfp);
	if (!size_valid(dt, size) || !size_valid(dt, align) ||
	    buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	return alloc_request(dt, &(struct request){ .size = size, .align = align, .gfp = gfp });
}
EXPORT_SYMBOL_GPL(dualtree_alloc_aligned);

/* The hot range serves, and its counts are set in a loop. */
static noinline void *alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	return alloc_hot(dt, dt->slots, heap, size, gfp, true);
}

/* Unpoison, register, clear and trace an allocation, each where it is asked for. Return: @ptr. */
static noinline void *alloc_post(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp)
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

/* Search a heap without a cache. Owner only. */
static __always_inline void *heap_search_trees(struct dt_heap *heap, size_t size)
{
	if (unlikely(heap_has_remote(heap)))
		dt_heap_drain(heap, REMOTE_DRAIN_MAX, 0);
	return dt_heap_alloc(heap, size);
}

/*
 * Search a heap with a cache in the order that the head of this file shows, up to the trees.
 * @unit: the hot range may begin with a unit of this size. Owner only.
 */
static __always_inline void *heap_search(struct dt_heap *heap, size_t size, bool unit)
{
	void *ptr;

	if (hot_fits(heap, size))
		return hot_take(heap, size, true);
	if (unit && hot_has_unit(heap, size))
		return hot_take_unit(heap, size, true);
	ptr = cache_alloc(heap, size);
	if (ptr)
		return ptr;
	if (unlikely(heap_has_remote(heap))) {
		dt_cache_flush_hot(heap);
		dt_heap_drain(heap, REMOTE_DRAIN_MAX, granules_of(size));
		if (hot_has_unit(heap, size))
			return hot_take_unit(heap, size, true);
		ptr = dt_cache_take(heap, size);
		if (ptr)
			return ptr;
	}
	return dt_cache_alloc_trees(heap, size);
}

/* Search a heap, as the two above. Owner only. */
static __always_inline void *heap_alloc_cached(struct dt_heap *heap, size_t size, bool unit)
{
	return heap->quick ? heap_search(heap, size, unit) : heap_search_trees(heap, size);
}

/* No heap can be entered, or the request is refused. */
static noinline void *alloc_inactive(struct dualtree *dt, size_t size, gfp_t gfp,
				     struct dt_heap *heap)
{
	if (heap_is_active(heap))
		__section_exit(dt->slots, heap);
	else
		__section_exit_inactive(dt, heap);
	preempt_enable();
	if (!size_valid(dt, size) || buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	return alloc_request(dt, &(struct request){ .size = size, .gfp = gfp });
}

/* The end of alloc_search() where regions were retired, or @ptr is NULL. */
static noinline void *alloc_more(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap,
				 void *ptr)
{
	if (ptr)
		count_alloc(heap, size);
	dt_regions_put(dt, section_exit(dt, heap));
	if (!ptr)
		return alloc_request(dt, &(struct request){ .size = size, .gfp = gfp });
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The end of alloc_search() and alloc_trees(), which have found @ptr. */
static __always_inline void *alloc_found(struct dualtree *dt, size_t size, gfp_t gfp,
					 struct dt_heap *heap, void *ptr)
{
	if (unlikely(!ptr || heap->retired))
		return alloc_more(dt, size, gfp, heap, ptr);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The hot range and the quick list of the size do not serve, or alloc_watched(). */
static noinline void *alloc_search(struct dualtree *dt, size_t size, gfp_t gfp,
				   struct dt_heap *heap)
{
	if (unlikely(!size_valid(dt, size) || gfp & BUDDY_GFP_REFUSED))
		return alloc_inactive(dt, size, gfp, heap);
	return alloc_found(dt, size, gfp, heap, heap_search(heap, size, false));
}

/* The heap has no cache, or is none that can be entered. */
static noinline void *alloc_trees(struct dualtree *dt, size_t size, gfp_t gfp,
				  struct dt_heap *heap)
{
	if (unlikely(!heap_is_active(heap) || !size_valid(dt, size) || gfp & BUDDY_GFP_REFUSED))
		return alloc_inactive(dt, size, gfp, heap);
	return alloc_found(dt, size, gfp, heap, heap_search_trees(heap, size));
}

/* The first block of @list, which is in @region, serves. */
static noinline void *alloc_block(struct dualtree *dt, size_t size, struct dt_heap *heap,
				  struct dt_region *region, struct dt_quick_list *list)
{
	unsigned long last = (size - 1) >> DT_GRANULE_SHIFT;
	void *ptr;

	if (list->credit < U8_MAX)
		list->credit++;
	ptr = quick_pop(heap->quick, list, last + 1);
	region->nr_inuse += last + 1;
	ledger_fill_block(region->ledger + region_index(region, ptr), last, size);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	/* It was not to be cleared: see alloc_watched(). */
	return ALLOC_TRACKED ? alloc_post(dt, ptr, size, 0) : ptr;
}

/* alloc_block(), if the block is not stale. Its region has begun to drain since the deposit. */
static noinline void *alloc_stale(struct dualtree *dt, size_t size, struct dt_heap *heap,
				  struct dt_region *region, struct dt_quick_list *list, gfp_t gfp)
{
	if (region_should_drain(heap, region, region->nr_inuse, granules_of(size)))
		return alloc_search(dt, size, gfp, heap);
	return alloc_block(dt, size, heap, region, list);
}

/* alloc_block(), if the block is what the link to it says. */
static noinline void *alloc_linked(struct dualtree *dt, size_t size, struct dt_heap *heap,
				   struct dt_region *region, struct dt_quick_list *list, gfp_t gfp)
{
	if (unlikely(!quick_link_is_sound(heap, list, region, granules_of(size))))
		return alloc_search(dt, size, gfp, heap);
	if (unlikely(region_may_drain(heap, region, region->nr_inuse)))
		return alloc_stale(dt, size, heap, region, list, gfp);
	return alloc_block(dt, size, heap, region, list);
}

/* The hot range begins with a unit that fits. It is a large one, or alloc_watched(). */
static noinline void *alloc_unit_slow(struct dualtree *dt, size_t size, gfp_t gfp,
				      struct dt_heap *heap)
{
	void *ptr;

	if (unlikely(gfp & BUDDY_GFP_REFUSED))
		return alloc_inactive(dt, size, gfp, heap);
	ptr = hot_take_unit(heap, size, true);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The hot range begins with a unit that fits, as where a burst takes one after the other. */
static noinline void *alloc_unit(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	void *ptr;

	if (unlikely(size > ALLOC_FAST_MAX || alloc_watched(dt, gfp)))
		return alloc_unit_slow(dt, size, gfp, heap);
	ptr = hot_take_unit(heap, size, false);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return ALLOC_TRACKED ? alloc_post(dt, ptr, size, gfp) : ptr;
}

/*
 * The hot range does not fit, or alloc_watched(). @size may be any value. Where a unit of the hot
 * range or a block of a quick list serves, this and what it ends with take no stack frame, but for
 * a link to be looked at. alloc_search() does all else, a list that is damaged or begins with a
 * stale block included.
 */
static noinline void *alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	unsigned long nr = ((size - 1) >> DT_GRANULE_SHIFT) + 1;
	struct dt_quick_list *list;
	struct dt_region *region;

	if (hot_has_unit(heap, size))
		return alloc_unit(dt, size, gfp, heap);
	if (unlikely(!heap->quick))
		return alloc_trees(dt, size, gfp, heap);
	if (unlikely(nr > QUICK_LISTS || alloc_watched(dt, gfp)))
		return alloc_search(dt, size, gfp, heap);
	list = quick_list(heap->quick, nr);
	if (!list->depth)
		return alloc_search(dt, size, gfp, heap);
	region = buddy_lookup_owner(list->first);
	if (!list->own)
		return alloc_linked(dt, size, heap, region, list, gfp);
	if (unlikely(region_may_drain(heap, region, region->nr_inuse)))
		return alloc_stale(dt, size, heap, region, list, gfp);
	return alloc_block(dt, size, heap, region, list);
}

static void *heap_alloc_aligned(struct dt_heap *heap, const struct request *req)
{
	dt_heap_drain(heap, REMOTE_DRAIN_MAX, 0);
	dt_cache_flush_hot(heap);
	return dt_heap_alloc_aligned(heap, req->size, req->align);
}

static void *heap_alloc_tree(struct dt_heap *heap, const struct request *req)
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
static void *heap_alloc_or_grow(struct dt_heap *heap, const struct request *req,
				struct dt_region **region, bool *more)
{
	void *ptr = req->align ? heap_alloc_aligned(heap, req) :
				 heap_alloc_cached(heap, req->size, true);

	if (!ptr) {
		*more = dt_cache_flush(heap, CACHE_FLUSH_MAX) || heap_has_remote(heap);
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
static void *shared_alloc(struct dualtree *dt, const struct request *req, struct dt_region **region)
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
static void *request_try(struct dualtree *dt, struct dt_heap *heap, const struct request *req,
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
static struct dt_region *get_region(struct dualtree *dt, const struct request *req)
{
	size_t need = max(req->size, req->align);
	struct dt_region *region = dt_region_get(dt, need, dt_percpu_heap(dt), req->gfp);

	if (!region && put_spares(dt))
		region = dt_region_get(dt, need, dt_percpu_heap(dt), req->gfp);
	return region;
}

/* No heap serves: get a region, and try again with it. */
static noinline void *alloc_grow(struct dualtree *dt, const struct request *req)
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
static void *alloc_here(struct dualtree *dt, const struct request *req)
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

/*
 * No region can be had, for the limit or on OOM. What other heaps hold and do not need may be what
 * stands in the way, or what serves.
 */
static noinline void *alloc_reclaim(struct dualtree *dt, const struct request *req)
{
	void *ptr;

	dt_reclaim_now(dt);
	ptr = alloc_here(dt, req);
	return ptr ?: alloc_grow(dt, req);
}

/* An allocation from start to end, outside of sections; with the shared heap and growth. */
static noinline void *alloc_request(struct dualtree *dt, const struct request *req)
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
		ptr = alloc_post(dt, ptr, req->size, req->gfp);
	return ptr;
}

/* Allocate up to @nr in one section, without growing. Return: the number of them. */
static unsigned int alloc_some(struct dualtree *dt, const struct request *req, unsigned int nr,
			       void **ptrs)
{
	struct dt_heap *heap = section_enter(dt);
	struct dt_region *retired;
	unsigned int i = 0;

	nr = min3(nr, (unsigned int)BULK_MAX, (unsigned int)(BULK_BYTES / req->size) ?: 1);
	while (heap && i < nr) {
		ptrs[i] = heap_alloc_cached(heap, req->size, true);
		if (!ptrs[i])
			break;
		i++;
	}
	if (heap) {
		local64_add(i, &heap->counts.allocs);
		local64_add((s64)i * req->size, &heap->counts.live_bytes);
	}
	retired = section_exit(dt, heap);
	dt_regions_put(dt, retired);
	return i;
}

unsigned int dualtree_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
				 void **ptrs)
{
	struct request req = { .size = size, .gfp = gfp };
	unsigned int done = 0, got, i;

	if (!size_valid(dt, size) || buddy_refuse_gfp("", dt->name, gfp))
		return 0;
	while (done < nr) {
		got = alloc_some(dt, &req, nr - done, ptrs + done);
		if (ALLOC_TRACKED || alloc_watched(dt, gfp))
			for (i = done; i < done + got; i++)
				alloc_post(dt, ptrs[i], size, gfp);
		done += got;
		if (got)
			continue;
		ptrs[done] = alloc_request(dt, &req);
		if (!ptrs[done])
			break;
		done++;
	}
	return done;
}
EXPORT_SYMBOL_GPL(dualtree_alloc_bulk);
