// SPDX-License-Identifier: GPL-2.0
/*
 * Do all invariants of a heap, of what stands in front of its trees, and of an instance hold?
 * check.h says when these are built.
 */
#include <dualtree/dualtree.h>
#include <linux/minmax.h>
#include "../compat/compat.h"
#include "cache.h"
#include "check.h"
#include "heap.h"
#include "walk.h"

static struct dt_region *region_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct dt_region, node);
}

static unsigned int subtree_largest(const struct rb_node *node)
{
	return node ? region_entry(node)->subtree_largest : 0;
}

static bool largest_check(const struct dt_region *region)
{
	return region->subtree_largest == max3(extent_tree_largest(&region->free),
					       subtree_largest(region->node.rb_left),
					       subtree_largest(region->node.rb_right));
}

/**
 * dt_heap_check() - do all invariants of a heap hold?
 * @heap: the heap; the caller owns it
 * @tally: what the ledgers of its regions say is added to it
 *
 * Visits every extent and every granule.
 *
 * Return: true if they do. What is hot is in flight to the trees, as @tally has it.
 */
bool dt_heap_check(const struct dt_heap *heap, struct dt_region_tally *tally)
{
	unsigned long nr_free = 0, nr_extents = 0;
	unsigned int nr_regions = 0;
	const struct dt_region *before = NULL, *region;
	struct rb_node *node;
	size_t held = 0;
	bool spare, spare_seen = false;

	for (node = rb_first(&heap->regions); node; node = rb_next(node)) {
		region = region_entry(node);
		if (region->heap != heap || (before && before->base >= region->base))
			return false;
		spare = region == heap->spare;
		if (region_empty(region) != spare)
			return false;
		spare_seen |= spare;
		if (!largest_check(region) || !dt_region_check(region, tally))
			return false;
		nr_free += region->free.nr_free;
		nr_extents += region->free.nr_extents;
		held += region->bytes;
		nr_regions++;
		before = region;
	}
	return nr_free == heap->nr_free && nr_extents == heap->nr_extents &&
	       held == heap->held_bytes && nr_regions == heap->nr_regions &&
	       spare_seen == !!heap->spare &&
	       heap->lowest == region_entry(rb_first(&heap->regions)) &&
	       heap->largest == subtree_largest(heap->regions.rb_node);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_check);

/* One list: as deep as it says, all of its size. Adds its granules to @nr_cached. */
static bool list_check(const struct dt_quick_list *list, unsigned int nr, unsigned long *nr_cached)
{
	const struct dt_cached *block;
	unsigned int depth = 0;

	for (block = list->first; block && depth <= list->max; block = block->next) {
		if (block->nr != nr)
			return false;
		depth++;
	}
	*nr_cached += depth * nr;
	return depth == list->depth && depth <= list->max;
}

/* Nothing is live in the hot range, and it is in no other hands. */
static bool hot_check(const struct dt_heap *heap)
{
	const struct dt_hot_range *hot = &heap->hot;
	unsigned int i;

	if (!hot->nr)
		return true;
	for (i = 0; i < hot->nr; i++)
		if (hot->region->ledger[hot->first + i])
			return false;
	return hot->region->heap == heap && hot->nr <= hot->region->nr_inuse;
}

/**
 * dt_cache_check() - do all invariants of what stands in front of the trees hold?
 * @heap: the heap; the caller owns it
 *
 * That the blocks are marked in the ledger, and are all that
 * their regions miss, is dt_region_check()'s.
 *
 * Return: true if they do.
 */
bool dt_cache_check(const struct dt_heap *heap)
{
	unsigned long nr_cached = 0;
	unsigned int nr;

	if (!heap->quick)
		return heap->hot.nr == HOT_OFF;
	for (nr = 1; nr <= QUICK_LISTS; nr++)
		if (!list_check(quick_list(heap->quick, nr), nr, &nr_cached))
			return false;
	return nr_cached == dt_cache_listed(heap) && hot_check(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_check);

/**
 * struct check - the sums that dualtree_check() makes
 * @ok: no heap has failed
 * @nr_free: free granules in the trees and quick lists of all heaps
 * @tally: what all ledgers say
 */
struct check {
	bool ok;
	unsigned long nr_free;
	struct dt_region_tally tally;
};

static bool check_heap(struct dt_heap *heap, int cpu, void *arg)
{
	struct check *check = arg;

	check->ok &= dt_heap_check(heap, &check->tally) && dt_cache_check(heap);
	check->nr_free += heap->nr_free;
	check->nr_free += dt_cache_listed(heap);
	return false;
}

/**
 * dualtree_check() - do all invariants of an instance hold?
 * @dt: the instance; no call in flight
 *
 * Every heap is looked at by its owner, and what the ledgers say is compared with what has
 * been counted: every byte that is live, every granule that is free or on its way.
 *
 * Context: Process context. May sleep.
 * Return: true if they do.
 */
bool dualtree_check(struct dualtree *dt)
{
	struct check check = { .ok = true };
	struct dualtree_stats stats;

	dt_walk_heaps(dt, check_heap, &check);
	dualtree_get_stats(dt, &stats);
	return check.ok && stats.live_bytes == check.tally.live_bytes &&
	       stats.free_bytes >> DT_GRANULE_SHIFT == check.nr_free + check.tally.in_flight;
}
EXPORT_SYMBOL_FOR_DT_TEST(dualtree_check);
