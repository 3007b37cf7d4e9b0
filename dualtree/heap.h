/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap: one owner's regions, and the placement rule.
 *
 *	owner ----> regions by address, each node with the largest
 *	            extent of all regions under it
 *	               |
 *	               +-- region: two trees of free extents, ledger
 *
 * What stands in front of the trees is cache.h's, what others have freed remote.h's.
 *
 * Placement: the lowest-addressed region that can serve the request, the best fit inside
 * it. Low regions fill, high ones empty and go back. One empty region is kept as a spare, a
 * large one not for ever.
 *
 * One owner at a time: a CPU inside a section, or whoever holds the lock of a shared heap,
 * or whoever knows that nobody else can be there.
 * Nothing in here allocates, sleeps, or takes a lock. Regions come in by dt_heap_add_region() and
 * leave by heap_take_retired(), and both are got and put outside.
 */
#ifndef DUALTREE_HEAP_H
#define DUALTREE_HEAP_H

#include <linux/cache.h>
#include <linux/llist.h>
#include <asm/local64.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include "region.h"

struct dt_quick;

/**
 * struct dt_heap_counts - what went through a heap; written by the owner, read by anybody
 * @allocs: allocations
 * @frees: frees that the owner's CPU made, wherever the memory belonged
 * @remote_frees: those among them that were pushed to another heap
 * @live_bytes: bytes allocated less bytes freed by the owner's CPU; the sum over all heaps
 *	of an instance is what is live
 * @in_flight: granules pushed to other heaps less granules drained from the own list; the
 *	sum over all heaps is what is on its way
 */
struct dt_heap_counts {
	local64_t allocs;
	local64_t frees;
	local64_t remote_frees;
	local64_t live_bytes;
	local64_t in_flight;
};

/**
 * struct dt_hot_range - what was freed last
 * @nr: its granules; 0 if there is none, HOT_OFF if there never is one
 * @first: the first of them
 * @region: where they lie; NULL if there never is one
 * @unit: if they were freed one beside the other, all of one size: that, in granules
 */
struct dt_hot_range {
	unsigned long nr;
	unsigned long first;
	struct dt_region *region;
	unsigned long unit;
};

#define HOT_OFF		(~0UL)

/**
 * struct dt_heap - one owner's memory
 * @hot: see there. Owner only, as all that follows up to @retired; the @counts may be read
 *	by anybody
 * @counts: see there
 * @quick: the quick lists, or NULL
 * @spare: the empty region that is kept, or NULL
 * @spare_idle: frees since it became that
 * @regions: by address, augmented with region.subtree_largest
 * @lowest: the first of them, or NULL
 * @retired: empty regions on their way back to the pool
 * @pending: what is left of a remote list that was taken; readable by anybody, as what
 *	follows up to @nr_extents, and as @spare
 * @drains: remote lists taken
 * @nr_regions: regions in @regions
 * @held_bytes: bytes in them
 * @nr_free: free granules in their trees
 * @nr_extents: free extents in their trees
 * @largest: largest extent of all, in granules
 * @seen_ops: calls that the last pass over idle heaps found counted; reclaim.c's
 * @seen_drains: likewise, of @drains
 * @remote: granules that others freed; pushed by anybody
 */
struct dt_heap {
	struct dt_hot_range hot;
	struct dt_heap_counts counts;
	struct dt_quick *quick;
	struct dt_region *spare;
	unsigned int spare_idle;
	struct rb_root regions;
	struct dt_region *lowest;
	struct dt_region *retired;
	struct llist_node *pending;
	unsigned long drains;

	unsigned int nr_regions;
	unsigned int largest;
	size_t held_bytes;
	unsigned long nr_free;
	unsigned long nr_extents;

	u64 seen_ops;
	unsigned long seen_drains;

	struct llist_head remote ____cacheline_aligned_in_smp;
};

/* Add to a count that its owner alone writes and anybody may read. */
#define stat_add(count, delta)			\
do {							\
	typeof(count) *_count = &(count);		\
							\
	WRITE_ONCE(*_count, *_count + (delta));		\
} while (0)

void dt_heap_init(struct dt_heap *heap);
void *dt_heap_alloc(struct dt_heap *heap, size_t size);
void dt_heap_add_region(struct dt_heap *heap, struct dt_region *region);
void dt_heap_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr);

void *dt_heap_alloc_aligned(struct dt_heap *heap, size_t size, size_t align);
bool dt_heap_extend(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		    unsigned int nr);
bool dt_heap_fits_below(const struct dt_heap *heap, const struct dt_region *region,
			unsigned int nr);
void dt_heap_reset(struct dt_heap *heap, struct dt_region *region);

/* Regions that wait to be given back; the caller does so after its section. */
static inline struct dt_region *heap_take_retired(struct dt_heap *heap)
{
	struct dt_region *retired = heap->retired;

	heap->retired = NULL;
	return retired;
}

void dt_heap_retire_spare(struct dt_heap *heap);
struct dt_region *dt_heap_retire_all(struct dt_heap *heap);
struct dt_region *dt_heap_region_above(const struct dt_heap *heap, const void *addr);

#endif /* DUALTREE_HEAP_H */
