/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the allocating calls have in common: a request, and the search of one heap for it.
 *
 * Context: any, NMI included; a search is for the heap's owner. No locks.
 */
#ifndef DUALTREE_ALLOC_H
#define DUALTREE_ALLOC_H

#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "cache.h"
#include "instance.h"
#include "remote.h"
#include "trace.h"

/* Does each allocation need dt_alloc_post()? A constant. */
#define ALLOC_TRACKED	(IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))

/**
 * struct dt_request - an allocation that is asked for
 * @size: size in bytes
 * @align: alignment in bytes, or 0 for that of a granule
 * @gfp: flags for the pool
 */
struct dt_request {
	size_t size;
	size_t align;
	gfp_t gfp;
};

void *dt_alloc_request(struct dualtree *dt, const struct dt_request *req);
void *dt_alloc_post(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp);

/* Is this allocation traced, cleared, or refused? The fast path does none of these. */
static __always_inline bool alloc_watched(const struct dualtree *dt, gfp_t gfp)
{
	return trace_dualtree_alloc_enabled() || want_init_on_alloc(0) ||
	       (gfp | dt->zero) & (__GFP_ZERO | BUDDY_GFP_REFUSED);
}

static inline bool size_valid(const struct dualtree *dt, size_t size)
{
	/* 0 wraps to the largest size. */
	return size - 1 < dt->max_size;
}

static __always_inline void count_alloc(struct dt_heap *heap, size_t size)
{
	local64_inc(&heap->counts.allocs);
	local64_add(size, &heap->counts.live_bytes);
}

/* Search a heap without a cache. Owner only. */
static __always_inline void *heap_search_trees(struct dt_heap *heap, size_t size)
{
	if (unlikely(heap_has_remote(heap)))
		dt_heap_drain(heap, REMOTE_DRAIN_MAX, 0);
	return dt_heap_alloc(heap, size);
}

/*
 * Search a heap with a cache in the order that the head of alloc.c shows, up to the trees.
 * @first: nothing was tried yet: the hot range may begin with a unit of this size, and a run in
 * flight may serve. Owner only.
 */
static __always_inline void *heap_search(struct dt_heap *heap, size_t size, bool first)
{
	void *ptr;

	if (hot_fits(heap, size))
		return hot_take(heap, size, true);
	if (first && hot_has_unit(heap, size))
		return hot_take_unit(heap, size, true);
	ptr = cache_alloc(heap, size);
	if (ptr)
		return ptr;
	if (unlikely(heap_has_remote(heap))) {
		ptr = first ? dt_remote_take(heap, size) : NULL;
		if (ptr)
			return ptr;
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

/* Search a heap, as the two above, of which nothing was tried yet. Owner only. */
static __always_inline void *heap_alloc_cached(struct dt_heap *heap, size_t size)
{
	return heap->quick ? heap_search(heap, size, true) : heap_search_trees(heap, size);
}

#endif /* DUALTREE_ALLOC_H */
