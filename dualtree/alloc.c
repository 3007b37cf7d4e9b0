// SPDX-License-Identifier: GPL-2.0
/*
 * Allocating: dualtree_alloc(), dualtree_alloc_aligned(). Any context that the caller's gfp flags
 * allow.
 *
 *	this CPU's heap, which is entered
 *	  the size of the hot range, 33 granules at most	alloc_fast(): the fast path
 *	  the size of the hot range, a larger one		alloc_large()
 *	  that of its units					alloc_unit(), alloc_unit_large()
 *	  that of a block in a quick list			alloc_block()
 *	  the same, if the block is linked, or may be stale	alloc_linked(), alloc_stale()
 *	  that of a run which another CPU has freed		alloc_remote()
 *	  another size, and the heap has it			alloc_miss(), alloc_search(),
 *								alloc_trees()
 *	  any size, traced, cleared, or refused by a flag	alloc_special()
 *	  and a region is retired at the same time		alloc_more()
 *	no heap to enter, or a size that is refused		alloc_inactive()
 *	the heap must grow, an alignment, the shared heap	dt_alloc_request()
 *
 * A heap is searched in this order, until one serves; the last two steps are those of
 * alloc_request.c:
 *
 *	hot range -> quick list -> remote list: a run of it, or drained -> trees
 *		  -> cache flushed and trees again -> a new region
 *
 * The slow paths of dualtree_alloc() are calls in tail position, so that the fast path costs no
 * stack frame. Those that are given @heap, which __section_enter() returned, close the section.
 * All but alloc_special() are for what is not alloc_watched(): gfp flags say nothing there until
 * the heap must grow.
 *
 * Locks: none in a section. After it those of dt_alloc_request(), and the pool's for retired
 * regions.
 */
#include <linux/export.h>
#include <linux/log2.h>
#include "alloc.h"
#include "grow.h"
#include "remote_take.h"
#include "section.h"

/* Max bytes that alloc_fast() serves: 33 granules, the limit of ledger_fill_few(). */
#define ALLOC_FAST_MAX	(33 * DT_GRANULE)

static void *alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap);
static void *alloc_special(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap);
static void *alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap);

/* Serve an allocation with the hot range. @large: it has more than 33 granules. */
static __always_inline void *alloc_hot(struct dualtree *dt, struct dt_cpu_slot __percpu *slots,
				       struct dt_heap *heap, size_t size, gfp_t gfp, bool large)
{
	void *ptr = large ? hot_take_large(heap, size) : hot_take(heap, size, false);

	count_alloc(heap, size);
	__section_exit(slots, heap);
	preempt_enable();
	return ALLOC_TRACKED ? dt_alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The fast path; @size may be any value. */
static __always_inline void *alloc_fast(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct dt_cpu_slot __percpu *slots = dt->slots;
	struct dt_heap *heap;

	preempt_disable();
	heap = __section_enter(slots);
	if (unlikely(alloc_watched(dt, gfp)))
		return alloc_special(dt, size, gfp, heap);
	if (unlikely(!hot_fits(heap, size)))
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
	return dt_alloc_request(dt, &(struct dt_request){
		.size = size, .align = align, .gfp = gfp,
	});
}
EXPORT_SYMBOL_GPL(dualtree_alloc_aligned);

/* The hot range serves, and its counts are set in a loop. */
static noinline void *alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	return alloc_hot(dt, dt->slots, heap, size, gfp, true);
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
	return dt_alloc_request(dt, &(struct dt_request){ .size = size, .gfp = gfp });
}

/* The end of alloc_found() where regions were retired, or @ptr is NULL. */
static noinline void *alloc_more(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap,
				 void *ptr)
{
	if (ptr)
		count_alloc(heap, size);
	dt_regions_put(dt, section_exit(dt, heap));
	if (!ptr)
		return dt_alloc_request(dt, &(struct dt_request){ .size = size, .gfp = gfp });
	return ALLOC_TRACKED || alloc_watched(dt, gfp) ? dt_alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The end of a search that has found @ptr. @post: it needs dt_alloc_post(). */
static __always_inline void *alloc_found(struct dualtree *dt, size_t size, gfp_t gfp,
					 struct dt_heap *heap, void *ptr, bool post)
{
	if (unlikely(!ptr || heap->retired))
		return alloc_more(dt, size, gfp, heap, ptr);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return post ? dt_alloc_post(dt, ptr, size, gfp) : ptr;
}

/* The hot range and the quick list of the size do not serve. */
static noinline void *alloc_search(struct dualtree *dt, size_t size, gfp_t gfp,
				   struct dt_heap *heap)
{
	if (unlikely(!size_valid(dt, size)))
		return alloc_inactive(dt, size, gfp, heap);
	return alloc_found(dt, size, gfp, heap, heap_search(heap, size, false), ALLOC_TRACKED);
}

/* The list of the size is empty, and other CPUs have freed something. */
static noinline void *alloc_remote(struct dualtree *dt, size_t size, gfp_t gfp,
				   struct dt_heap *heap)
{
	void *ptr;

	if (unlikely(!size_valid(dt, size)))
		return alloc_inactive(dt, size, gfp, heap);
	ptr = remote_take(heap, size);
	if (unlikely(!ptr))
		return alloc_search(dt, size, gfp, heap);
	return alloc_found(dt, size, gfp, heap, ptr, ALLOC_TRACKED);
}

/* The list of the size is empty, and other CPUs have freed nothing. */
static noinline void *alloc_miss(struct dualtree *dt, size_t size, gfp_t gfp,
				 struct dt_heap *heap, struct dt_quick_list *list)
{
	void *ptr;

	if (unlikely(!size_valid(dt, size)))
		return alloc_inactive(dt, size, gfp, heap);
	quick_credit(list);
	ptr = cache_alloc_trees(heap, size);
	return alloc_found(dt, size, gfp, heap, ptr, ALLOC_TRACKED);
}

/* The heap has no cache, or is none that can be entered. */
static noinline void *alloc_trees(struct dualtree *dt, size_t size, gfp_t gfp,
				  struct dt_heap *heap)
{
	if (unlikely(!heap_is_active(heap) || !size_valid(dt, size)))
		return alloc_inactive(dt, size, gfp, heap);
	return alloc_found(dt, size, gfp, heap, heap_search_trees(heap, size), ALLOC_TRACKED);
}

/* alloc_watched(). @size may be any value, and @heap is entered or not. */
static noinline void *alloc_special(struct dualtree *dt, size_t size, gfp_t gfp,
				    struct dt_heap *heap)
{
	if (unlikely(!heap_is_active(heap) || !size_valid(dt, size) || gfp & BUDDY_GFP_REFUSED))
		return alloc_inactive(dt, size, gfp, heap);
	return alloc_found(dt, size, gfp, heap, heap_alloc_cached(heap, size), true);
}

/* The first block of @list, which is in @region, serves. */
static noinline void *alloc_block(struct dualtree *dt, size_t size, struct dt_region *region,
				  struct dt_heap *heap, struct dt_quick_list *list)
{
	unsigned long last = (size - 1) >> DT_GRANULE_SHIFT, nr = last + 1;
	void *ptr;

	quick_credit(list);
	ptr = quick_pop(heap->quick, list, nr);
	region->nr_inuse += nr;
	ledger_fill_block(region->ledger + (region_offset(region, ptr) >> DT_GRANULE_SHIFT), last,
			  size);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return ALLOC_TRACKED ? dt_alloc_post(dt, ptr, size, 0) : ptr;
}

/* alloc_block(), if the block is not stale. Its region has begun to drain since the deposit. */
static noinline void *alloc_stale(struct dualtree *dt, size_t size, struct dt_region *region,
				  struct dt_heap *heap, struct dt_quick_list *list, gfp_t gfp)
{
	if (region_should_drain(heap, region, region->nr_inuse, granules_of(size)))
		return alloc_search(dt, size, gfp, heap);
	return alloc_block(dt, size, region, heap, list);
}

/* alloc_block(), if the block is what the link to it says. */
static noinline void *alloc_linked(struct dualtree *dt, size_t size, struct dt_region *region,
				   struct dt_heap *heap, struct dt_quick_list *list, gfp_t gfp)
{
	unsigned long nr = ((size - 1) >> DT_GRANULE_SHIFT) + 1;

	if (unlikely(!quick_link_is_sound(heap, list, region, nr)))
		return alloc_search(dt, size, gfp, heap);
	if (unlikely(region_may_drain(heap, region, region->nr_inuse, nr)))
		return alloc_stale(dt, size, region, heap, list, gfp);
	return alloc_block(dt, size, region, heap, list);
}

/* The hot range begins with a unit that fits, and is a large one. */
static noinline void *alloc_unit_large(struct dualtree *dt, size_t size, struct dt_heap *heap)
{
	void *ptr = hot_take_unit(heap, size, true);

	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return ALLOC_TRACKED ? dt_alloc_post(dt, ptr, size, 0) : ptr;
}

/* The hot range begins with a unit that fits, as where a burst takes one after the other. */
static noinline void *alloc_unit(struct dualtree *dt, size_t size, struct dt_heap *heap)
{
	void *ptr;

	if (unlikely(size > ALLOC_FAST_MAX))
		return alloc_unit_large(dt, size, heap);
	ptr = hot_take_unit(heap, size, false);
	count_alloc(heap, size);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return ALLOC_TRACKED ? dt_alloc_post(dt, ptr, size, 0) : ptr;
}

/*
 * The hot range does not fit. @size may be any value, and @heap is entered or not. A unit of the
 * hot range or a block of a quick list is taken without a stack frame, unless a link has to be
 * looked at. alloc_search() does all else, a list that is damaged or begins with a stale block
 * included.
 */
static noinline void *alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct dt_heap *heap)
{
	unsigned long nr = ((size - 1) >> DT_GRANULE_SHIFT) + 1;
	struct dt_quick_list *list;
	struct dt_region *region;

	if (hot_has_unit(heap, size))
		return alloc_unit(dt, size, heap);
	if (unlikely(!heap->quick))
		return alloc_trees(dt, size, gfp, heap);
	if (unlikely(nr > QUICK_LISTS))
		return alloc_search(dt, size, gfp, heap);
	list = quick_list(heap->quick, nr);
	if (!list->depth)
		return heap_has_remote(heap) ? alloc_remote(dt, size, gfp, heap) :
					       alloc_miss(dt, size, gfp, heap, list);
	region = buddy_lookup_owner(list->first);
	if (!list->own)
		return alloc_linked(dt, size, region, heap, list, gfp);
	if (unlikely(region_may_drain(heap, region, region->nr_inuse, nr)))
		return alloc_stale(dt, size, region, heap, list, gfp);
	return alloc_block(dt, size, region, heap, list);
}
