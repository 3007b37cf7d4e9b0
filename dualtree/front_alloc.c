// SPDX-License-Identifier: GPL-2.0
/*
 * The per-CPU front: allocating, where front_alloc() was not enough.
 *
 *	hot range -> quick list -> remote list -> trees
 *		  -> all that is cached, and trees again -> a region more
 *
 * The first of these that serves ends it. Each step is bounded in one section; what takes
 * longer is gone on with in another.
 */
#include <linux/string.h>
#include "../compat/compat.h"
#include "front.h"
#include "remote.h"

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

/*
 * Serve a request from what a heap has in hand, which the caller owns: all of what the head
 * of this file says, up to the trees.
 */
static __always_inline void *place(struct heap *heap, size_t size)
{
	void *ptr;

	if (!heap->quick) {
		if (unlikely(heap_has_remote(heap)))
			dt_heap_drain(heap, REMOTE_DRAIN_MOST);
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
		dt_heap_drain(heap, REMOTE_DRAIN_MOST);
		ptr = dt_cache_take(heap, size);
		if (ptr)
			return ptr;
	}
	dt_cache_settle(heap);
	return dt_heap_alloc(heap, size);
}

static void *place_aligned(struct heap *heap, const struct request *req)
{
	dt_heap_drain(heap, REMOTE_DRAIN_MOST);
	dt_cache_settle(heap);
	return dt_heap_alloc_aligned(heap, req->size, req->align);
}

static void *tree_alloc(struct heap *heap, const struct request *req)
{
	if (req->align)
		return dt_heap_alloc_aligned(heap, req->size, req->align);
	return dt_heap_alloc(heap, req->size);
}

static __always_inline void count_alloc(struct heap *heap, size_t size)
{
	local64_inc(&heap->counts.allocs);
	local64_add(size, &heap->counts.live_bytes);
}

/*
 * Serve a request from all that a heap has, which the caller owns; let it grow by *@region,
 * if there is one, when that does not do.
 *
 * *@more is set if there is more to be brought home before the heap should grow.
 */
static void *place_or_grow(struct heap *heap, const struct request *req, struct region **region,
			   bool *more)
{
	void *ptr = req->align ? place_aligned(heap, req) : place(heap, req->size);

	if (!ptr) {
		*more = dt_cache_flush(heap, CACHE_FLUSH_MOST) || heap_has_remote(heap);
		ptr = tree_alloc(heap, req);
	}
	if (!ptr && *region) {
		dt_heap_attach(heap, *region);
		*region = NULL;
		ptr = tree_alloc(heap, req);
	}
	if (ptr)
		count_alloc(heap, req->size);
	return ptr;
}

static void *shared_alloc(struct dualtree *dt, const struct request *req, struct region **region)
{
	struct region *retired;
	unsigned long flags;
	bool more;
	void *ptr;

	if (!in_nmi())
		raw_spin_lock_irqsave(&dt->shared_lock, flags);
	else if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
		return NULL;
	ptr = place_or_grow(&dt->shared, req, region, &more);
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
static void *try_alloc(struct dualtree *dt, struct heap *heap, const struct request *req,
		       struct region *region, bool *more)
{
	struct region *retired;
	void *ptr = NULL;

	*more = false;
	if (likely(heap))
		ptr = place_or_grow(heap, req, &region, more);
	retired = section_end(dt, heap);
	if (unlikely(!heap))
		ptr = shared_alloc(dt, req, &region);
	if (unlikely(retired))
		dt_regions_put(dt, retired);
	/* What came home while the region was being got may have made it needless. */
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
	struct heap *heap = section_begin(dt);
	struct region *retired;

	if (heap)
		dt_heap_retire_spare(heap);
	retired = section_end(dt, heap);
	return dt_regions_put(dt, retired);
}

/* Nothing here serves: get a region. An aligned request fits in one of its alignment's size. */
static noinline void *alloc_grow(struct dualtree *dt, const struct request *req)
{
	size_t need = max(req->size, req->align);
	struct region *region;
	bool more;

	region = dt_region_get(dt, need, dt_front_held_here(dt), req->gfp);
	if (!region && give_up_spare(dt))
		region = dt_region_get(dt, need, dt_front_held_here(dt), req->gfp);
	return region ? try_alloc(dt, section_begin(dt), req, region, &more) : NULL;
}

/* All of an allocation, where what this CPU has in hand does not do. */
static noinline void *alloc(struct dualtree *dt, const struct request *req)
{
	bool more;
	void *ptr;

	dt_front_prepare_heap(dt, req->gfp);
	do {
		ptr = try_alloc(dt, section_begin(dt), req, NULL, &more);
		/* In NMI what is there may have to stay where it is. */
	} while (!ptr && more && !in_nmi());
	if (!ptr && !in_nmi())
		ptr = alloc_grow(dt, req);
	if (!ptr)
		atomic64_inc(&dt->counts.failed_allocs);
	else if (ALLOC_TRACKED || alloc_watched(dt, req->gfp))
		ptr = dt_front_finish(dt, ptr, req->size, req->gfp);
	return ptr;
}

/**
 * dt_front_finish() - do with an allocation what its caller, or the kernel, wants done
 * @dt: the instance
 * @ptr: the allocation
 * @size: bytes
 * @gfp: as it was asked for
 *
 * Return: @ptr.
 */
void *dt_front_finish(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp)
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

static bool size_valid(const struct dualtree *dt, size_t size)
{
	/* 0 is very large here. */
	return size - 1 < dt->max_size;
}

/* The end of front_alloc() where the hot range serves, and the ledger takes a loop. */
void *dt_front_alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct heap *heap)
{
	return front_alloc_hot(dt, heap, size, gfp, true);
}

/* The end of dt_front_alloc_slow() where there is nothing to enter, or nothing is given. */
static noinline void *alloc_unready(struct dualtree *dt, size_t size, gfp_t gfp, struct heap *heap)
{
	if (heap_is_ready(heap))
		section_close(dt, heap);
	else
		section_close_unready(dt, heap);
	preempt_enable();
	if (!size_valid(dt, size) || buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	return alloc(dt, &(struct request){ .size = size, .gfp = gfp });
}

/* The end of dt_front_alloc_slow() where there is something to give back, or @ptr is NULL. */
static noinline void *alloc_more(struct dualtree *dt, size_t size, gfp_t gfp, struct heap *heap,
				 void *ptr)
{
	if (ptr)
		count_alloc(heap, size);
	dt_regions_put(dt, section_end(dt, heap));
	if (!ptr)
		return alloc(dt, &(struct request){ .size = size, .gfp = gfp });
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? dt_front_finish(dt, ptr, size, gfp) : ptr;
}

/**
 * dt_front_alloc_slow() - the rest of front_alloc()
 * @dt: the instance
 * @size: bytes; any value
 * @gfp: for the pool, if it comes to that
 * @heap: what section_open() found; preemption is off
 *
 * Ends the section.
 */
void *dt_front_alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct heap *heap)
{
	void *ptr;

	if (unlikely(!heap_is_ready(heap) || !size_valid(dt, size) || gfp & BUDDY_GFP_REFUSED))
		return alloc_unready(dt, size, gfp, heap);
	ptr = place(heap, size);
	if (unlikely(!ptr || heap->retired))
		return alloc_more(dt, size, gfp, heap, ptr);
	count_alloc(heap, size);
	section_close(dt, heap);
	preempt_enable();
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? dt_front_finish(dt, ptr, size, gfp) : ptr;
}

/**
 * dt_front_alloc_aligned() - allocate at a multiple of some size
 * @dt: the instance
 * @size: bytes; any value
 * @align: a power of two, more than a granule
 * @gfp: for the pool, if it comes to that
 *
 * Context: Any that @gfp allows.
 * Return: the first byte, or NULL.
 */
void *dt_front_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp)
{
	struct request req = { .size = size, .align = align, .gfp = gfp };

	if (!size_valid(dt, size) || !size_valid(dt, align) ||
	    buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	return alloc(dt, &req);
}

/* As many as can be had in one section, without growing. */
static unsigned int alloc_some(struct dualtree *dt, const struct request *req, unsigned int nr,
			       void **ptrs)
{
	struct heap *heap = section_begin(dt);
	struct region *retired;
	unsigned int i = 0;

	nr = min3(nr, (unsigned int)BULK_MOST, (unsigned int)(BULK_BYTES / req->size) ?: 1);
	while (heap && i < nr) {
		ptrs[i] = place(heap, req->size);
		if (!ptrs[i])
			break;
		i++;
	}
	if (heap) {
		local64_add(i, &heap->counts.allocs);
		local64_add((s64)i * req->size, &heap->counts.live_bytes);
	}
	retired = section_end(dt, heap);
	dt_regions_put(dt, retired);
	return i;
}

/**
 * dt_front_alloc_bulk() - allocate several of one size
 * @dt: the instance
 * @size: bytes; any value
 * @gfp: for the pool, if it comes to that
 * @nr: how many
 * @ptrs: filled in
 *
 * Context: Any that @gfp allows.
 * Return: how many there are.
 */
unsigned int dt_front_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
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
				dt_front_finish(dt, ptrs[i], size, gfp);
		done += got;
		if (got)
			continue;
		ptrs[done] = alloc(dt, &req);
		if (!ptrs[done])
			break;
		done++;
	}
	return done;
}
