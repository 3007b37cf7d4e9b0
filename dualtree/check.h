/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks of all invariants, from the trees of a region up to an instance. For tests: built if
 * CONFIG_DUALTREE_DEBUG is set.
 */
#ifndef DUALTREE_CHECK_H
#define DUALTREE_CHECK_H

#include <linux/types.h>

struct dualtree;
struct dt_extent_tree;
struct dt_heap;
struct dt_region;

/**
 * struct dt_region_tally - sums over the ledgers of one or more regions
 * @live_bytes: live bytes
 * @in_flight: granules in which nothing is live and that are in no extent, quick list or deferred
 *	run: in flight to the owner, hot or cold
 */
struct dt_region_tally {
	size_t live_bytes;
	unsigned long in_flight;
};

bool dt_extent_tree_check(const struct dt_extent_tree *tree);
bool dt_region_check(const struct dt_region *region, struct dt_region_tally *tally);
bool dt_heap_check(const struct dt_heap *heap, struct dt_region_tally *tally);
bool dt_cache_check(const struct dt_heap *heap);
bool dualtree_check(struct dualtree *dt);

#endif /* DUALTREE_CHECK_H */
