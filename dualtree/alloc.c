// SPDX-License-Identifier: GPL-2.0
/*
 * Allocating: dualtree_alloc(), dualtree_alloc_aligned(), dualtree_alloc_bulk() and
 * dualtree_realloc(). Any context that the caller's gfp flags allow.
 *
 *	this CPU's heap, which is entered
 *	  the size of the hot range, 33 granules at most	alloc_fast(): the fast path
 *	  the size of the hot range, a larger one		alloc_large()
 *	  another size, and the heap has it in hand		alloc_slow()
 *	  and a region goes back to the pool at the same time	alloc_more()
 *	no heap to enter, a size or a flag that is refused	alloc_inactive()
 *	nothing in hand, an alignment, the shared heap		alloc_request()
 *	nothing anywhere: a region more				alloc_grow()
 *	several of one size					alloc_some(), alloc_request()
 *
 * What a heap has in hand is looked for in this order. The first that serves ends it:
 *
 *	hot range -> quick list -> remote list -> trees
 *		  -> all that is cached, and trees again -> a region more
 *
 * Each step is bounded in one section; what takes longer is gone on with in another.
 *
 * The slow paths of dualtree_alloc() are calls in tail position, so that the fast path costs no
 * stack frame. Those that are given @heap, which __section_enter() found, end the section.
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
#include "percpu.h"
#include "range.h"
#include "reclaim.h"
#include "remote.h"
#include "section.h"
#include "trace.h"

/* Bytes up to which alloc_fast() serves: ledger_fill_few() fills no more than 33 granules. */
#define ALLOC_LARGE	(33 * DT_GRANULE)

/* Does alloc_post() have to see each allocation? Known when this is compiled. */
#define ALLOC_TRACKED	(IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))

/**
 * struct request - what is asked for
 * @size: bytes
 * @align: multiple of how many bytes the address must be; 0: of a granule
 * @gfp: for the pool
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

/* Is there something to be done with this allocation that the fast path does not do? */
static __always_inline bool alloc_watched(const struct dualtree *dt, gfp_t gfp)
{
	return trace_dualtree_alloc_enabled() || want_init_on_alloc(0) ||
	       (gfp | dt->zero) & (__GFP_ZERO | BUDDY_GFP_REFUSED);
}

static bool size_valid(const struct dualtree *dt, size_t size)
{
	/* 0 is very large here. */
	return size - 1 < dt->max_size;
}

static __always_inline void count_alloc(struct dt_heap *heap, size_t size)
{
	local64_inc(&heap->counts.allocs);
	local64_add(size, &heap->counts.live_bytes);
}

/* The end of an allocation that is the hot range. @large is as for hot_take(). */
static __always_inline void *alloc_hot(struct dualtree *dt, struct dt_heap *heap, size_t size,
				       gfp_t gfp, bool large)
{
	void *ptr = hot_take(heap, size, large);

	count_alloc(heap, size);
	__section_exit(dt, heap);
	preempt_enable();
	return ALLOC_TRACKED ? alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The fast path; @size may have any value. */
static __always_inline void *alloc_fast(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct dt_heap *heap;

	preempt_disable();
	heap = __section_enter(dt);
	if (unlikely(!hot_fits(heap, size) || alloc_watched(dt, gfp)))
		return alloc_slow(dt, size, gfp, heap);
	if (size > ALLOC_LARGE)
		return alloc_large(dt, size, gfp, heap);
	return alloc_hot(dt, heap, size, gfp, false);
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

/* The hot range serves, and the ledger takes a loop. */
static noinline void *alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	return alloc_hot(dt, heap, size, gfp, true);
}

/* Do with an allocation what its caller, or the kernel, wants done. Return: @ptr. */
static noinline void *alloc_post(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp)
{
	size_t grains = ALIGN(size, 8), granules = ALIGN(size, DT_GRANULE);

	dt_unpoison(ptr, size);
	dt_poison(ptr + grains, granules - grains);
	dt_kmemleak_track(ptr, size);
	if (want_init_on_alloc(gfp | dt->zero))
		memset(ptr, 0, size);
	trace_dualtree_alloc(dt->name, ptr, size);
	return ptr;
}

/*
 * Serve a request from what a heap has in hand, which the caller owns: all of what the head
 * of this file says, up to the trees.
 */
static __always_inline void *heap_alloc_cached(struct dt_heap *heap, size_t size)
{
	void *ptr;

	if (!heap->quick) {
		if (unlikely(heap_has_remote(heap)))
			dt_heap_drain(heap, REMOTE_DRAIN_MAX);
		return dt_heap_alloc(heap, size);
	}
	if (hot_fits(heap, size))
		return hot_take(heap, size, true);
	if (hot_has_unit(heap, size))
		return hot_take_unit(heap, size);
	ptr = dt_cache_alloc(heap, size);
	if (ptr)
		return ptr;
	if (unlikely(heap_has_remote(heap))) {
		dt_heap_drain(heap, REMOTE_DRAIN_MAX);
		ptr = dt_cache_take(heap, size);
		if (ptr)
			return ptr;
	}
	dt_cache_flush_hot(heap);
	return dt_heap_alloc(heap, size);
}

/* The end of alloc_slow() where there is nothing to enter, or nothing is given. */
static noinline void *alloc_inactive(struct dualtree *dt, size_t size, gfp_t gfp,
				     struct dt_heap *heap)
{
	if (heap_is_active(heap))
		__section_exit(dt, heap);
	else
		__section_exit_inactive(dt, heap);
	preempt_enable();
	if (!size_valid(dt, size) || buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	return alloc_request(dt, &(struct request){ .size = size, .gfp = gfp });
}

/* The end of alloc_slow() where there is something to give back, or @ptr is NULL. */
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

/* The hot range does not serve. @size may have any value. */
static noinline void *alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	void *ptr;

	if (unlikely(!heap_is_active(heap) || !size_valid(dt, size) || gfp & BUDDY_GFP_REFUSED))
		return alloc_inactive(dt, size, gfp, heap);
	ptr = heap_alloc_cached(heap, size);
	if (unlikely(!ptr || heap->retired))
		return alloc_more(dt, size, gfp, heap, ptr);
	count_alloc(heap, size);
	__section_exit(dt, heap);
	preempt_enable();
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? alloc_post(dt, ptr, size, gfp) : ptr;
}

static void *heap_alloc_aligned(struct dt_heap *heap, const struct request *req)
{
	dt_heap_drain(heap, REMOTE_DRAIN_MAX);
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
 * Serve a request from all that a heap has, which the caller owns; let it grow by *@region,
 * if there is one, when that does not do.
 *
 * *@more is set if there is more to be drained before the heap should grow.
 */
static void *heap_alloc_or_grow(struct dt_heap *heap, const struct request *req,
				struct dt_region **region, bool *more)
{
	void *ptr = req->align ? heap_alloc_aligned(heap, req) : heap_alloc_cached(heap, req->size);

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
 * One try, in the section on @heap that is begun, or on the shared heap if that is NULL;
 * @region, if there is one, may be used. Ends the section.
 *
 * *@more is set if another try may find what this one did not.
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
	/* What was drained while the region was being got may have made it needless. */
	if (unlikely(region))
		dt_region_put(dt, region);
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
	struct dt_heap *heap = section_enter(dt);
	struct dt_region *retired;

	if (heap)
		dt_heap_retire_spare(heap);
	retired = section_exit(dt, heap);
	return dt_regions_put(dt, retired);
}

/* Get a region. A request with an alignment fits in one of the alignment's size. */
static struct dt_region *get_region(struct dualtree *dt, const struct request *req)
{
	size_t need = max(req->size, req->align);
	struct dt_region *region = dt_region_get(dt, need, dt_percpu_held(dt), req->gfp);

	if (!region && give_up_spare(dt))
		region = dt_region_get(dt, need, dt_percpu_held(dt), req->gfp);
	return region;
}

/* Nothing here serves: get a region, and try again with it. */
static noinline void *alloc_grow(struct dualtree *dt, const struct request *req)
{
	struct dt_region *region = get_region(dt, req);
	bool more;

	if (!region)
		return NULL;
	/* The first one: the instance is in use, so it may cost something to look at. */
	if (atomic64_inc_return(&dt->counts.region_gets) == 1)
		schedule_work(&dt->publish);
	dt_reclaim_arm();
	return request_try(dt, section_enter(dt), req, region, &more);
}

/* All of an allocation, where what this CPU has in hand does not do. */
static noinline void *alloc_request(struct dualtree *dt, const struct request *req)
{
	bool more;
	void *ptr;

	dt_percpu_prepare(dt, req->gfp);
	do {
		ptr = request_try(dt, section_enter(dt), req, NULL, &more);
		/* In NMI what is there may have to stay where it is. */
	} while (!ptr && more && !in_nmi());
	if (!ptr && !in_nmi())
		ptr = alloc_grow(dt, req);
	if (!ptr)
		atomic64_inc(&dt->counts.failed_allocs);
	else if (ALLOC_TRACKED || alloc_watched(dt, req->gfp))
		ptr = alloc_post(dt, ptr, req->size, req->gfp);
	return ptr;
}

/* As many as can be had in one section, without growing. */
static unsigned int alloc_some(struct dualtree *dt, const struct request *req, unsigned int nr,
			       void **ptrs)
{
	struct dt_heap *heap = section_enter(dt);
	struct dt_region *retired;
	unsigned int i = 0;

	nr = min3(nr, (unsigned int)BULK_MAX, (unsigned int)(BULK_BYTES / req->size) ?: 1);
	while (heap && i < nr) {
		ptrs[i] = heap_alloc_cached(heap, req->size);
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

/* Move a range to where there is room for more. */
static void *range_move(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp)
{
	void *to = alloc_fast(dt, new_len, gfp);

	if (!to)
		return NULL;
	memcpy(to, ptr, len);
	dualtree_free(dt, ptr, len);
	return to;
}

void *dualtree_realloc(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp)
{
	int err;

	if (!ptr)
		return alloc_fast(dt, new_len, gfp);
	err = dt_range_status(dt, ptr, len);
	if (unlikely(err)) {
		dt_report_bad_free(dt, ptr, len, err, _RET_IP_);
		return NULL;
	}
	if (!new_len || buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	if (new_len == len)
		return ptr;
	if (new_len < len)
		return dualtree_trim(dt, ptr, len, new_len) ? NULL : ptr;
	if (!dualtree_extend(dt, ptr, len, new_len))
		return range_move(dt, ptr, len, new_len, gfp);
	if (gfp & __GFP_ZERO)
		memset(ptr + len, 0, new_len - len);
	return ptr;
}
EXPORT_SYMBOL_GPL(dualtree_realloc);
