/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sums that a heap keeps over the trees of its regions. What changes a region's trees takes
 * region_sums() before, and calls heap_update_sums() after. The caller owns the heap.
 */
#ifndef DUALTREE_HEAP_SUMS_H
#define DUALTREE_HEAP_SUMS_H

#include "heap.h"

static inline unsigned int region_largest(const struct dt_region *region)
{
	return extent_tree_largest(&region->free);
}

/**
 * struct region_sums - what a heap sums up over its regions' trees, of one region
 * @nr_free: granules in its free extents
 * @nr_extents: number of them
 * @largest: largest extent, in granules
 */
struct region_sums {
	unsigned int nr_free;
	unsigned int nr_extents;
	unsigned int largest;
};

static inline struct region_sums region_sums(const struct dt_region *region)
{
	return (struct region_sums){ region->free.nr_free, region->free.nr_extents,
				     region_largest(region) };
}

void dt_heap_raise_largest(struct dt_heap *heap, struct dt_region *region);

/* A region's trees have changed: update the heap's sums. */
static __always_inline void heap_update_sums(struct dt_heap *heap, struct dt_region *region,
					     struct region_sums was)
{
	stat_add(heap->nr_free, region->free.nr_free - (long)was.nr_free);
	if (region->free.nr_extents != was.nr_extents)
		stat_add(heap->nr_extents, region->free.nr_extents - (long)was.nr_extents);
	if (region_largest(region) > was.largest)
		dt_heap_raise_largest(heap, region);
	else if (heap->nr_regions == 1)
		WRITE_ONCE(heap->largest, region->subtree_largest = region_largest(region));
}

#endif /* DUALTREE_HEAP_SUMS_H */
