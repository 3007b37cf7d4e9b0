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

/* Does a descent by size find the extent that ends with granule @last? */
static bool found_by_size(const struct dt_extent_tree *tree, unsigned int last, unsigned int nr)
{
	unsigned int class = extent_class(nr);
	bool large = class == LEDGER_SIZES;
	u64 key = extent_key(tree, large, last, nr);
	int bit = extent_key_top(tree, large);
	u32 at = tree->roots[class];

	for (; at < tree->nr && at != last && bit >= 0; bit -= EXTENT_KEY_BITS)
		at = extent_node(tree, at)->child[extent_child(key, bit)];
	return at == last;
}

/* All @nr granules from @first on have the mark of the inside of an extent. */
static bool inside_check(const struct dt_extent_tree *tree, unsigned int first, unsigned int nr)
{
	return !nr || !memchr_inv(tree->ledger + first, LEDGER_OWNED, nr);
}

/* Length of the extent that begins with granule @first, or 0 if it has no end. */
static unsigned int length_from(const struct dt_extent_tree *tree, unsigned int first)
{
	unsigned int last = extent_next(tree, first);

	return last == EXTENT_NONE ? 0 : last - first + 1;
}

/* The extent that begins with granule @first: both marks, and in both trees. */
static bool extent_check(const struct dt_extent_tree *tree, unsigned int first, unsigned int nr)
{
	unsigned int last = first + nr - 1;
	u8 mark = nr == 1 ? LEDGER_FREE : nr > LEDGER_SIZES ? LEDGER_FIRST_LARGE : LEDGER_FIRST;

	if (!nr || last >= tree->nr || tree->ledger[last] != LEDGER_FREE + extent_class(nr) ||
	    tree->ledger[first] != mark || extent_nr_to(tree, last) != nr ||
	    extent_nr_from(tree, first) != nr)
		return false;
	if (nr > 2 && !inside_check(tree, first + 1, nr - 2))
		return false;
	return found_by_size(tree, last, nr);
}

/* The ledger from its start to its end: extents, none adjacent; sums match. */
static bool check_ledger(const struct dt_extent_tree *tree)
{
	unsigned int at = 0, nr, nr_extents = 0, nr_free = 0, largest = 0;

	while (at < tree->nr) {
		if (ledger_is_last(tree->ledger[at]) && tree->ledger[at] != LEDGER_FREE)
			return false;
		if (!ledger_is_first(tree->ledger[at])) {
			at++;
			continue;
		}
		nr = length_from(tree, at);
		if (!extent_check(tree, at, nr) || ledger_is_first(tree->ledger[at + nr]))
			return false;
		nr_extents++;
		nr_free += nr;
		largest = max(largest, nr);
		at += nr;
	}
	return nr_extents == tree->nr_extents && nr_free == tree->nr_free &&
	       largest == tree->largest;
}

/* By address: as many extents as there are. check_ledger() has found each of them. */
static bool check_by_addr(const struct dt_extent_tree *tree)
{
	unsigned int nr_extents = 0, last;

	for (last = extent_next(tree, 0); last != EXTENT_NONE; last = extent_next(tree, last + 1))
		nr_extents++;
	return nr_extents == tree->nr_extents;
}

/* Nodes of a tree by size from @at down, with keys of @left more bits; -1 if there are more. */
static int count_nodes(const struct dt_extent_tree *tree, u32 at, int left)
{
	int nodes = 1, below;
	unsigned int i;

	if (at == EXTENT_NONE)
		return 0;
	if (at >= tree->nr || left < 0)
		return -1;
	for (i = 0; i < EXTENT_CHILDREN; i++) {
		below = count_nodes(tree, extent_node(tree, at)->child[i], left - EXTENT_KEY_BITS);
		if (below < 0)
			return -1;
		nodes += below;
	}
	return nodes;
}

/* By size: as many extents as there are, and a bit for each tree that has one. */
static bool check_by_size(const struct dt_extent_tree *tree)
{
	unsigned int class, nr_extents = 0;
	int nodes;

	for (class = 0; class < EXTENT_CLASSES; class++) {
		nodes = count_nodes(tree, tree->roots[class],
				    extent_key_top(tree, class == LEDGER_SIZES) +
				    EXTENT_KEY_BITS);
		if (nodes < 0 || !nodes != !(tree->classes >> class & 1))
			return false;
		nr_extents += nodes;
	}
	return nr_extents == tree->nr_extents;
}

/**
 * dt_extent_tree_check() - check all invariants of a region's trees
 * @tree: the tree
 *
 * Visits every extent, and every granule of the ledger.
 *
 * Context: Any; the caller owns the tree.
 * Return: true if the invariants hold.
 */
bool dt_extent_tree_check(const struct dt_extent_tree *tree)
{
	return !tree->damaged && check_ledger(tree) && check_by_addr(tree) && check_by_size(tree);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_check);

/* Granules of the block in a quick list that begins with granule @first; 0 if it does not end. */
static unsigned int block_nr(const struct dt_region *region, unsigned int first)
{
	unsigned int last = first + 1;

	if (region->ledger[first] == LEDGER_CACHED_ONE)
		return 1;
	while (region->ledger[last] == LEDGER_OWNED)
		last++;
	return region->ledger[last] == LEDGER_CACHED_LAST ? last - first + 1 : 0;
}

/* Blocks of quick lists have their marks, and are as many as the region counts. */
static bool cached_check(const struct dt_region *region)
{
	unsigned int at, step, nr = 0;

	for (at = 0; at < region->nr; at += step) {
		u8 count = READ_ONCE(region->ledger[at]);

		step = 1;
		if (count == LEDGER_CACHED_LAST)
			return false;
		if (!ledger_is_block(count))
			continue;
		step = block_nr(region, at);
		if (!step)
			return false;
		nr += step;
	}
	return nr == region_nr_cached(region);
}

/* The guards at both ends of the ledger, and what was cut off before the second one. */
static bool guards_check(const struct dt_region *region)
{
	unsigned int nr_max = region->free.nr_max;

	return !memchr_inv(region->guard, DT_GRANULE, sizeof(region->guard)) &&
	       !memchr_inv(region->ledger + region->nr, LEDGER_OWNED, nr_max - region->nr) &&
	       !memchr_inv(region->ledger + nr_max, DT_GRANULE, REGION_GUARD);
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

	if (!guards_check(region) || !dt_extent_tree_check(&region->free) || !cached_check(region))
		return false;
	for (i = 0; i < region->nr; i++) {
		u8 count = READ_ONCE(region->ledger[i]);
		unsigned int live = ledger_live(count);

		if (!live && !ledger_is_dead(count) && !ledger_is_owned(count))
			return false;
		tally->live_bytes += live;
		dead += !live;
	}
	tally->in_flight += dead - placed;
	return dead >= placed;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_region_check);
