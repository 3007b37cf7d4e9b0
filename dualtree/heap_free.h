/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dt_heap_free(), inlined where most frees end that reach the trees: see extent_ops.h for why. The
 * caller owns the heap.
 */
#ifndef DUALTREE_HEAP_FREE_H
#define DUALTREE_HEAP_FREE_H

#include "extent_ops.h"
#include "heap.h"
#include "heap_regions.h"
#include "heap_sums.h"
#include "repair.h"

/* A region has more free extents than before: keep it if it is empty now. */
static __always_inline void heap_grown_free(struct dt_heap *heap, struct dt_region *region)
{
	if (unlikely(region_empty(region)))
		dt_heap_keep_spare(heap, region);
	else if (heap->spare)
		heap_age_spare(heap);
}

/* dt_heap_free() has what it does. */
static __always_inline void heap_free(struct dt_heap *heap, struct dt_region *region,
				      unsigned int first, unsigned int nr)
{
	struct region_sums was = region_sums(region);

	extent_tree_free(&region->free, first, nr);
	region->nr_inuse -= nr;
	if (unlikely(region->free.damaged))
		dt_heap_repair(heap, region);
	heap_update_sums(heap, region, was);
	heap_grown_free(heap, region);
}

#endif /* DUALTREE_HEAP_FREE_H */
