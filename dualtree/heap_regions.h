/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap's regions: the tree by address with a bound of the largest extent, and the spare. See
 * heap_regions.c. Context: any; the caller owns the heap.
 */
#ifndef DUALTREE_HEAP_REGIONS_H
#define DUALTREE_HEAP_REGIONS_H

#include <linux/rbtree.h>
#include "heap.h"

/*
 * Frees into the trees, and words of a region's map of which requests took the runs, after which a
 * large spare, which none of them needed, is retired. Without this, trace E10k kept
 * 2.67 bytes per live byte instead of 2.14.
 */
#define SPARE_IDLE_MAX	512

static inline struct dt_region *region_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct dt_region, node);
}

static inline unsigned int subtree_largest(const struct rb_node *node)
{
	return node ? rb_entry(node, struct dt_region, node)->subtree_largest : 0;
}

void dt_heap_lower_largest(struct dt_heap *heap, struct dt_region *region);
void dt_heap_keep_spare(struct dt_heap *heap, struct dt_region *region);
void dt_heap_age_spare(struct dt_heap *heap);

/* A free into the trees, or what stands for some, has not needed the spare, which there is. */
static inline void heap_age_spare(struct dt_heap *heap)
{
	if (++heap->spare_idle >= SPARE_IDLE_MAX)
		dt_heap_age_spare(heap);
}

#endif /* DUALTREE_HEAP_REGIONS_H */
