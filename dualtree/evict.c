// SPDX-License-Identifier: GPL-2.0
/*
 * Evicting: what leaves the cache of a heap for its trees. cache.h says when, and has the context.
 */
#include <linux/mm.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "deferred.h"
#include "evict.h"
#include "heap_free.h"

/* Nothing in a region is in use: evict its blocks from the lists and make it one extent. */
static void region_evict(struct dt_heap *heap, struct dt_region *region)
{
	unsigned long listed = dt_cache_listed(heap), cached = region_nr_cached(region);
	unsigned int nr;

	/* Usually all blocks are of this region. But init_on_free needs each link cleared. */
	if (listed == cached && !want_init_on_free())
		dt_quick_forget_all(heap->quick);
	for (nr = 1; nr <= QUICK_LISTS; nr++)
		if (unlikely(!dt_quick_forget_region(heap, nr, region)))
			break;
	/* A link may also have led past some of them, or to one that was taken out already. */
	if (likely(nr > QUICK_LISTS && listed - dt_cache_listed(heap) == cached))
		dt_heap_reset(heap, region);
	else
		dt_quick_repair(heap);
}

/*
 * Put a run into the trees; and its region's cold range, deferred runs and blocks too, if nothing
 * else is in use there. Return: true if there were runs or blocks: that takes as long as a drain.
 */
bool dt_evict_run(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr)
{
	const struct dt_cold_range *cold = &heap->cold;

	heap_free(heap, region, first, nr);
	if (unlikely(region->nr_inuse == cold->nr && cold->nr && cold->region == region)) {
		nr = cold->nr;
		WRITE_ONCE(heap->cold.nr, 0);
		dt_heap_free(heap, region, cold->first, nr);
	}
	if (likely(region->nr_inuse || region_empty(region)))
		return false;
	region_evict(heap, region);
	return true;
}

/* Put the cold range, which is not empty, into the trees. */
void dt_evict_cold(struct dt_heap *heap)
{
	struct dt_cold_range *cold = &heap->cold;
	unsigned int nr = cold->nr;

	WRITE_ONCE(cold->nr, 0);
	dt_evict_run(heap, cold->region, cold->first, nr);
}

/* Put the deferred run that begins with granule @first into the trees. */
static void deferred_evict(struct dt_heap *heap, struct dt_region *region, unsigned int first)
{
	unsigned int nr = dt_deferred_take(heap, region, first);

	dt_evict_run(heap, region, first, nr);
}

/* Put up to @budget deferred runs into the trees. Return: what is left of the budget. */
unsigned int dt_evict_deferred(struct dt_heap *heap, unsigned int budget)
{
	struct dt_region *region;

	for (; heap->nr_deferred && budget; budget--) {
		region = hlist_entry(heap->deferred.first, struct dt_region, deferred_node);
		deferred_evict(heap, region,
			       addr_tree_next(region->deferred, region->free.nr_max, 0));
	}
	return budget;
}

/* Put a block into the trees that has been taken out of its list. */
void dt_evict_block(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		    unsigned int nr)
{
	dt_poison(region_addr(region, first), sizeof(struct dt_cached));
	region->nr_inuse += nr;
	ledger_unmark_block(region->ledger, first, nr);
	dt_evict_run(heap, region, first, nr);
}

/* Put the hot range, which is not empty, into the trees. */
static void hot_evict(struct dt_heap *heap)
{
	unsigned int nr = heap->hot.nr;

	WRITE_ONCE(heap->hot.nr, 0);
	dt_evict_run(heap, heap->hot.region, heap->hot.first, nr);
}

/**
 * dt_cache_flush() - put what is cached into the trees
 * @heap: the heap
 * @budget: max number of deferred runs, and of blocks to take from the quick lists
 *
 * Context: Any; the caller owns the heap.
 * Return: true if some are left.
 */
bool dt_cache_flush(struct dt_heap *heap, unsigned int budget)
{
	struct dt_quick *quick = heap->quick;
	unsigned int nr;

	if (!quick)
		return false;
	if (heap->cold.nr)
		dt_evict_cold(heap);
	if (heap->hot.nr)
		hot_evict(heap);
	budget = dt_evict_deferred(heap, budget);
	if (heap->nr_deferred)
		return true;
	for (nr = 1; nr <= QUICK_LISTS && local64_read(&quick->nr_cached); nr++) {
		struct dt_quick_list *list = quick_list(quick, nr);

		while (list->depth) {
			struct dt_cached *block;
			struct dt_region *region;

			if (!budget--)
				return true;
			region = quick_first(heap, list, nr);
			if (!region)
				continue;
			block = quick_pop(quick, list, nr);
			dt_evict_block(heap, region, region_index(region, block), nr);
		}
	}
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush);

/* Put the block that begins with granule @first into the trees. */
static void quick_evict(struct dt_heap *heap, struct dt_region *region, unsigned int first)
{
	unsigned int nr = 1;

	if (READ_ONCE(region->ledger[first]) == LEDGER_CACHED_FIRST)
		while (READ_ONCE(region->ledger[first + nr++]) != LEDGER_CACHED_LAST)
			;
	if (likely(dt_quick_unlink(heap, region_addr(region, first), nr)))
		dt_evict_block(heap, region, first, nr);
	else
		dt_quick_repair(heap);
}

/**
 * dt_cache_flush_range() - put what is cached in a range into the trees
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule; the one before it is live
 * @nr: number of granules
 * @budget: max number of extents and blocks to visit
 *
 * Ends at the first granule that is in no extent and not cached.
 *
 * Context: Any; the caller owns the heap.
 */
void dt_cache_flush_range(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  unsigned int nr, unsigned int budget)
{
	unsigned int at = first, end = first + nr;

	if (!heap->quick)
		return;
	while (at < end && budget--) {
		u8 mark = READ_ONCE(region->ledger[at]);

		if (heap->hot.nr && heap->hot.region == region && heap->hot.first == at)
			hot_evict(heap);
		else if (heap->cold.nr && heap->cold.region == region && heap->cold.first == at)
			dt_evict_cold(heap);
		else if (deferred_begins(region, at))
			deferred_evict(heap, region, at);
		else if (ledger_is_block(mark))
			quick_evict(heap, region, at);
		else if (!ledger_is_first(mark))
			return;
		/* All up to here has merged into the extent that begins at @first. */
		at = first + extent_nr_from(&region->free, first);
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_range);
