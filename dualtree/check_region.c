// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the invariants of a region and of its trees. check.h says when they are built.
 */
#include <linux/string.h>
#include "../compat/compat.h"
#include "check.h"
#include "extent_tree.h"
#include "ledger.h"
#include "region.h"

/* Does a descent by size find an extent? */
static bool found_by_size(const struct dt_extent_tree *tree, const struct dt_extent *extent)
{
	const struct rb_node *node = tree->by_size.rb_node;

	while (node && node != &extent->by_size)
		node = extent_precedes(extent, extent_by_size(node)) ? node->rb_left :
								       node->rb_right;
	return node;
}

/* By address: in order, in the region, not adjacent, found by size too, tagged; sums match. */
static bool check_by_addr(const struct dt_extent_tree *tree, const void *base, const void *end)
{
	unsigned int nr_extents = 0, nr_free = 0;
	const void *after = NULL;
	struct dt_extent *extent;

	for (extent = extent_first(tree); extent; extent = extent_next(extent)) {
		if ((void *)extent < base || extent_end(extent) > end || !extent->nr)
			return false;
		if (after && (void *)extent <= after)
			return false;
		if (!found_by_size(tree, extent) || *extent_tag(extent_end(extent)) != extent)
			return false;
		after = extent_end(extent);
		nr_extents++;
		nr_free += extent->nr;
	}
	return nr_extents == tree->nr_extents && nr_free == tree->nr_free;
}

/* By size: in order, the last one the largest; sums match. */
static bool check_by_size(const struct dt_extent_tree *tree)
{
	unsigned int nr_extents = 0, nr_free = 0;
	const struct dt_extent *before = NULL, *extent;
	struct rb_node *node;

	for (node = rb_first(&tree->by_size); node; node = rb_next(node)) {
		extent = extent_by_size(node);
		if (before && !extent_precedes(before, extent))
			return false;
		before = extent;
		nr_extents++;
		nr_free += extent->nr;
	}
	return before == tree->largest && nr_extents == tree->nr_extents &&
	       nr_free == tree->nr_free;
}

/**
 * dt_extent_tree_check() - check all invariants of a region's trees
 * @tree: the tree
 * @base: first byte of the region
 * @nr: number of granules of the region
 *
 * Visits every extent.
 *
 * Context: Any; the caller owns the tree.
 * Return: true if the invariants hold.
 */
bool dt_extent_tree_check(const struct dt_extent_tree *tree, const void *base, unsigned int nr)
{
	return check_by_addr(tree, base, base + ((size_t)nr << DT_GRANULE_SHIFT)) &&
	       check_by_size(tree);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_check);

/* Nothing is live in a run, and both ends have the mark. */
static bool run_check(const struct dt_region *region, const void *addr, unsigned int nr, u8 mark)
{
	unsigned int i, first = region_index(region, addr);

	for (i = first; i < first + nr; i++)
		if (ledger_live(READ_ONCE(region->ledger[i])))
			return false;
	return region->ledger[first] == mark && region->ledger[first + nr - 1] == mark;
}

static bool extents_check(const struct dt_region *region)
{
	const struct dt_extent *extent;

	if (!dt_extent_tree_check(&region->free, region->base, region->nr))
		return false;
	for (extent = extent_first(&region->free); extent; extent = extent_next(extent))
		if (!run_check(region, extent, extent->nr, LEDGER_FREE))
			return false;
	return true;
}

/* Length in granules of the extent or block that begins at granule @at; 1 if none does. */
static unsigned int step_from(const struct dt_region *region, unsigned int at)
{
	u8 count = READ_ONCE(region->ledger[at]);

	if (count == LEDGER_FREE)
		return ((const struct dt_extent *)region_addr(region, at))->nr;
	if (count == LEDGER_CACHED)
		return ((const struct dt_cached *)region_addr(region, at))->nr;
	return 1;
}

/* Blocks of quick lists are marked, know their region, and are as many as the region counts. */
static bool cached_check(const struct dt_region *region)
{
	unsigned int at, step, nr = 0;

	for (at = 0; at < region->nr; at += step) {
		const struct dt_cached *block = region_addr(region, at);

		step = step_from(region, at);
		if (!step || step > region->nr - at)
			return false;
		if (READ_ONCE(region->ledger[at]) != LEDGER_CACHED)
			continue;
		if (block->region != region || !run_check(region, block, step, LEDGER_CACHED))
			return false;
		nr += step;
	}
	return nr == region_nr_cached(region);
}

static bool guards_check(const struct dt_region *region)
{
	return !memchr_inv(region->guard, DT_GRANULE, REGION_GUARD) &&
	       !memchr_inv(region->ledger + region->nr, DT_GRANULE, REGION_GUARD);
}

/**
 * dt_region_check() - check all invariants of a region
 * @region: the region
 * @tally: sums to which those of the region's ledger are added
 *
 * Visits every extent and every granule.
 *
 * Context: Any; the caller owns the region's heap.
 * Return: true if the invariants hold.
 */
bool dt_region_check(const struct dt_region *region, struct dt_region_tally *tally)
{
	unsigned int i, dead = 0, placed = region->nr - region->nr_inuse;

	if (!guards_check(region) || !extents_check(region) || !cached_check(region))
		return false;
	for (i = 0; i < region->nr; i++) {
		u8 count = READ_ONCE(region->ledger[i]);
		unsigned int live = ledger_live(count);

		if (count > DT_GRANULE && count != LEDGER_FREE && count != LEDGER_CACHED)
			return false;
		tally->live_bytes += live;
		dead += !live;
	}
	tally->in_flight += dead - placed;
	return dead >= placed;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_region_check);
