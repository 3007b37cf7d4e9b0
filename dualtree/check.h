/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Do all invariants hold? From the trees of a region up to an instance. For tests: built where
 * CONFIG_DUALTREE_DEBUG is set. What a check is given is owned by the caller.
 */
#ifndef DUALTREE_CHECK_H
#define DUALTREE_CHECK_H

#include <linux/types.h>

struct dualtree;
struct dt_extent_tree;
struct dt_heap;
struct dt_region;

/**
 * struct dt_region_tally - what the ledger of one or more regions says
 * @live_bytes: bytes that are live
 * @in_flight: granules in which nothing is live and that are in no extent and no quick
 *	list: their free is on its way to the owner, or they are hot
 */
struct dt_region_tally {
	size_t live_bytes;
	unsigned long in_flight;
};

bool dt_extent_tree_check(const struct dt_extent_tree *tree, const void *base, unsigned int nr);
bool dt_region_check(const struct dt_region *region, struct dt_region_tally *tally);
bool dt_heap_check(const struct dt_heap *heap, struct dt_region_tally *tally);
bool dt_cache_check(const struct dt_heap *heap);
bool dualtree_check(struct dualtree *dt);

#endif /* DUALTREE_CHECK_H */
