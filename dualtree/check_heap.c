// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the invariants of a heap, of its cache, and of an instance. check.h says when they are
 * built.
 */
#include <dualtree/dualtree.h>
#include <linux/minmax.h>
#include "../compat/compat.h"
#include "cache.h"
#include "check.h"
#include "deferred.h"
#include "heap.h"
#include "in_flight.h"
#include "percpu.h"
#include "walk.h"

static struct dt_region *region_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct dt_region, node);
}

static unsigned int subtree_largest(const struct rb_node *node)
{
	return node ? region_entry(node)->subtree_largest : 0;
}

/* The bound is no lower than what it is of. */
static bool largest_check(const struct dt_region *region)
{
	return region->subtree_largest >= max3(extent_tree_largest(&region->free),
					       subtree_largest(region->node.rb_left),
					       subtree_largest(region->node.rb_right));
}

/* No region that heap_packed() speaks of has a larger extent than it says. */
static bool packed_check(const struct dt_heap *heap, const struct dt_region *region)
{
	return region->base >= heap->low_end ||
	       extent_tree_largest(&region->free) <= heap->low_largest;
}

/**
 * dt_heap_check() - check all invariants of a heap
 * @heap: the heap
 * @tally: sums to which those of the heap's regions are added; hot and cold are in @in_flight
 *
 * Visits every extent and every granule.
 *
 * Context: Any; the caller owns the heap.
 * Return: true if the invariants hold.
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
		if (!largest_check(region) || !packed_check(heap, region) ||
		    !dt_region_check(region, tally))
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

/* Is it a block of @nr granules of the heap? */
static bool block_check(const struct dt_heap *heap, const struct dt_cached *block, unsigned int nr)
{
	const struct dt_region *region = region_of(block);

	return region && region->heap == heap &&
	       ledger_has_block(region->ledger + region_index(region, block), nr);
}

/* A quick list has its blocks, all of @nr granules. Adds these to @nr_cached. */
static bool list_check(const struct dt_heap *heap, unsigned int nr, unsigned long *nr_cached)
{
	const struct dt_quick_list *list = quick_list(heap->quick, nr);
	const struct dt_cached *block = list->first;
	unsigned int left;

	for (left = list->depth; left; left--, block = block->next)
		if (!block_check(heap, block, nr))
			return false;
	*nr_cached += list->depth * nr;
	return list->depth <= list->max;
}

/* The hot range is the owner's, lies in a region of the heap, and is counted in use there. */
static bool hot_check(const struct dt_heap *heap)
{
	const struct dt_hot_range *hot = &heap->hot;
	unsigned int i;

	if (!hot->nr)
		return true;
	for (i = 0; i < hot->nr; i++)
		if (hot->region->ledger[hot->first + i] != LEDGER_OWNED)
			return false;
	return hot->region->heap == heap && hot->nr <= hot->region->nr_inuse;
}

/* hot_check() of the cold range. */
static bool cold_check(const struct dt_heap *heap)
{
	const struct dt_cold_range *cold = &heap->cold;
	unsigned int i;

	if (!cold->nr)
		return true;
	for (i = 0; i < cold->nr; i++)
		if (cold->region->ledger[cold->first + i] != LEDGER_OWNED)
			return false;
	return cold->region->heap == heap && cold->nr <= cold->region->nr_inuse;
}

/* The deferred runs of a region are the owner's, and as many granules as it counts. */
static bool region_deferred_check(const struct dt_heap *heap, const struct dt_region *region)
{
	unsigned int at, end, nr = 0;

	for (at = 0; at < region->nr; at++) {
		if (!addr_tree_has(region->deferred, at))
			continue;
		if (region->ledger[at] != LEDGER_OWNED)
			return false;
		end = dt_deferred_end(heap, region, at);
		nr += end - at;
		at = end - 1;
	}
	return nr == region->nr_deferred &&
	       hlist_unhashed(&region->deferred_node) == !nr;
}

/* region_deferred_check() of all regions of a heap. */
static bool deferred_check(const struct dt_heap *heap)
{
	const struct dt_region *region;
	unsigned long nr = 0;
	struct rb_node *node;

	for (node = rb_first(&heap->regions); node; node = rb_next(node)) {
		region = region_entry(node);
		if (!region_deferred_check(heap, region))
			return false;
		nr += region->nr_deferred;
	}
	return nr == heap->nr_deferred;
}

/**
 * dt_cache_check() - check all invariants of a heap's cache
 * @heap: the heap
 *
 * The marks of blocks in the ledger, and their sum for each region, are dt_region_check()'s.
 *
 * Context: Any; the caller owns the heap.
 * Return: true if the invariants hold.
 */
bool dt_cache_check(const struct dt_heap *heap)
{
	unsigned long nr_cached = 0;
	unsigned int nr;

	if (!deferred_check(heap))
		return false;
	if (!heap->quick)
		return heap->hot.nr == HOT_OFF && !heap->cold.nr && !heap->nr_deferred;
	for (nr = 1; nr <= QUICK_LISTS; nr++)
		if (!list_check(heap, nr, &nr_cached))
			return false;
	return nr_cached == dt_cache_listed(heap) && hot_check(heap) &&
	       cold_check(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_check);

/**
 * struct check - the sums of dualtree_check()
 * @ok: true if no heap has failed
 * @nr_free: granules in the trees, quick lists and deferred runs of all heaps
 * @tally: sums over all ledgers
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
	check->nr_free += dt_cache_listed(heap) + heap->nr_deferred;
	return false;
}

static bool check_once(struct dualtree *dt)
{
	struct check check = { .ok = true };
	struct dualtree_stats stats;

	/* The walk ends with this, which may return regions after they were visited. */
	dt_shared_drain(dt);
	dt_walk_heaps(dt, check_heap, &check);
	dualtree_get_stats(dt, &stats);
	return check.ok && stats.live_bytes == check.tally.live_bytes &&
	       stats.free_bytes >> DT_GRANULE_SHIFT == check.nr_free + check.tally.in_flight;
}

/**
 * dualtree_check() - check all invariants of an instance
 * @dt: the instance; no call is running
 *
 * Checks every heap as its owner, and compares the sums over the ledgers with the statistics: live
 * bytes, and granules that are free or in flight. Once more where a look at what is in flight has
 * returned regions between the two.
 *
 * Context: Process context. May sleep.
 * Return: true if the invariants hold.
 */
bool dualtree_check(struct dualtree *dt)
{
	u64 puts;
	bool ok;

	do {
		puts = atomic64_read(&dt->counts.region_puts);
		ok = check_once(dt);
		if (!ok)
			dt_in_flight_wait();
	} while (!ok && puts != (u64)atomic64_read(&dt->counts.region_puts));
	return ok;
}
EXPORT_SYMBOL_FOR_DT_TEST(dualtree_check);
