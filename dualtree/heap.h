/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap: one owner's regions, and the placement rule.
 *
 *	owner ----> regions by address, each node with a bound of the
 *	            largest extent of all regions under it
 *	               |
 *	               +-- region: two trees of free extents, ledger
 *
 * cache.h has what is cached before the trees, remote.h what other CPUs have freed.
 *
 * Placement: the lowest-addressed region that can serve the request, and the best fit inside it.
 * So low regions fill; high ones become empty and return to the pool. One empty region is kept
 * as a spare; heap_regions.c says for how long.
 *
 * A heap has one owner at a time, which all functions here are called by:
 *
 *	the heap of		is owned by
 *	an online CPU		that CPU, in a section (section.h)
 *	an offline CPU		the holder of walk.c's offline_lock
 *	all CPUs (shared)	the holder of dualtree.shared_lock
 *	a dead instance		the caller of dualtree_destroy()
 *
 * Context: any, NMI included. Nothing here allocates, sleeps or takes a lock. Regions are added
 * by dt_heap_add_region() and removed by heap_take_retired(); both are got and put outside of
 * sections (grow.h).
 */
#ifndef DUALTREE_HEAP_H
#define DUALTREE_HEAP_H

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <asm/local64.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include "region.h"

struct dt_quick;

/**
 * struct dt_heap_counts - counts of a heap and of its CPU
 * @allocs: allocations from the heap
 * @frees: frees by its CPU, of memory of any heap
 * @remote_frees: those of @frees that were pushed to a remote list
 * @live_bytes: bytes allocated from the heap less bytes freed by its CPU
 * @in_flight: granules pushed by its CPU less granules drained by the heap
 *
 * Local atomics: written by the heap's CPU in any context, or by its owner; read by any CPU. Only
 * sums over an instance (stats.c) say what is live and what is in flight.
 */
struct dt_heap_counts {
	local64_t allocs;
	local64_t frees;
	local64_t remote_frees;
	local64_t live_bytes;
	local64_t in_flight;
};

/**
 * struct dt_hot_range - the range freed last, see cache.h
 * @nr: number of granules; 0 if there is none, HOT_OFF if there never is one
 * @first: first granule
 * @region: the region that it lies in; NULL if there never is one
 * @unit: size in granules of the blocks that a request may take from its start; 0 if they differ,
 *	or if it is one block
 */
struct dt_hot_range {
	unsigned long nr;
	unsigned long first;
	struct dt_region *region;
	unsigned long unit;
};

/**
 * struct dt_cold_range - what was freed last in a region that should drain, see cache.h
 * @nr: number of granules, or 0
 * @first: first granule
 * @region: the region that it lies in
 */
struct dt_cold_range {
	unsigned int nr;
	unsigned int first;
	struct dt_region *region;
};

/* A length that no request and no range has: a heap without a hot range. */
#define HOT_OFF		(~0UL)

/**
 * struct dt_heap - one owner's memory
 * @hot: the hot range; its @nr is readable
 * @cold: the cold range; its @nr is readable
 * @counts: the counts; readable
 * @quick: the quick lists, or NULL; constant
 * @repeated: granules of the last request that the trees served, or 0
 * @nr_cooled: ranges that were cold until another one was, since dt_cache_flush_hot()
 * @pending: regions of a remote list that was taken; readable
 * @nr_deferred: granules in deferred runs; readable
 * @spare: the empty region that is kept, or NULL; readable, under RCU
 * @spare_idle: frees into the trees, or what stands for some, since @spare was set
 * @low_largest: largest extent of the regions that begin before @low_end, in granules, or more
 * @regions: regions by address, augmented with dt_region.subtree_largest
 * @lowest: the first of @regions, or NULL
 * @retired: empty regions that are to return to the pool, and records of regions that have and were
 *	queued; whether there are any is readable
 * @nr_regions: regions in @regions; readable
 * @largest: largest extent in their trees, in granules, or more; exact if there is one region;
 *	readable
 * @low_end: what @low_largest is of
 * @nr_free: free granules in their trees; readable
 * @nr_extents: free extents in their trees; readable
 * @remote: remote list: regions in which other contexts freed granules; pushed to by any CPU
 * @deferred: regions that have deferred runs
 * @drains: remote lists taken; readable
 * @held_bytes: bytes of the regions; readable
 * @peak_bytes: max of @held_bytes since the heap was last reclaimed; readable
 * @spares: times that @spare was set
 * @spares_seen: the same at the last look, see trim.c
 * @trim_due: a region is large for what lives in it, and the next look cuts its end off if it still
 *	is; or more has come into the trees without a call; readable
 * @overdue: a call that could not sleep left remote frees to a pass; set by it, cleared by the pass
 * @seen_drains: @drains at the last look of a pass; under pass.c's instances_lock
 * @seen_ops: allocs and frees then; under pass.c's instances_lock
 *
 * The owner writes all but @counts, @remote, @overdue, @seen_drains and @seen_ops. "readable" is
 * what other CPUs may read, at any time and without being the owner. The cache line of @remote,
 * which other CPUs write, has what is not used for each allocation.
 */
struct dt_heap {
	struct dt_hot_range hot;
	struct dt_cold_range cold;
	struct dt_heap_counts counts;
	struct dt_quick *quick;
	unsigned int repeated;
	unsigned int nr_cooled;
	struct llist_node *pending;
	unsigned long nr_deferred;
	struct dt_region *spare;
	unsigned int spare_idle;
	unsigned int low_largest;
	struct rb_root regions;
	struct dt_region *lowest;
	struct dt_region *retired;

	unsigned int nr_regions;
	unsigned int largest;
	const void *low_end;
	unsigned long nr_free;
	unsigned long nr_extents;

	struct llist_head remote ____cacheline_aligned_in_smp;
	struct hlist_head deferred;
	size_t held_bytes;
	size_t peak_bytes;
	unsigned int drains;
	unsigned int seen_drains;
	unsigned int spares;
	unsigned int spares_seen;
	bool trim_due;
	bool overdue;
	u64 seen_ops;
};

/*
 * An instance has one, and with a short name takes 512 bytes. Many streams have an instance each.
 */
static_assert(SMP_CACHE_BYTES > 64 || sizeof(struct dt_heap) <= 256);

/* Add to a count that only the owner writes and any CPU may read. */
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

void *dt_heap_alloc_run(struct dt_heap *heap, size_t size, unsigned int max);
void *dt_heap_alloc_aligned(struct dt_heap *heap, size_t size, size_t align);
bool dt_heap_extend(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		    unsigned int nr);
bool dt_heap_fits_below(struct dt_heap *heap, const struct dt_region *region,
			unsigned int nr);
void dt_heap_reset(struct dt_heap *heap, struct dt_region *region);
void dt_heap_grown(struct dt_heap *heap, struct dt_region *region);
void dt_heap_cut(struct dt_heap *heap, struct dt_region *region, unsigned int nr);
void dt_heap_retire_idle_spare(struct dt_heap *heap);

/* Bytes of the spare. Any CPU may ask, under RCU, which keeps the record. */
static inline size_t heap_spare_bytes(const struct dt_heap *heap)
{
	/* The address dependency pairs with the release in dt_heap_keep_spare(). */
	const struct dt_region *spare = READ_ONCE(heap->spare);

	return spare ? READ_ONCE(spare->bytes) : 0;
}

/*
 * Is it known that no region at a lower address than @region can serve @nr granules? If not, some
 * may be able to.
 */
static __always_inline bool heap_packed(const struct dt_heap *heap, const struct dt_region *region,
					unsigned int nr)
{
	return nr > heap->low_largest && region->base <= heap->low_end;
}

/* Calls that a heap has served. */
static inline u64 heap_ops(const struct dt_heap *heap)
{
	return local64_read(&heap->counts.allocs) + local64_read(&heap->counts.frees);
}

/* Take the retired regions; the caller puts them after its section. */
static inline struct dt_region *heap_take_retired(struct dt_heap *heap)
{
	struct dt_region *retired = heap->retired;

	WRITE_ONCE(heap->retired, NULL);
	return retired;
}

/* Hand a region's record over to the caller of the section, as heap_take_retired() does. */
static inline void heap_hand_over(struct dt_heap *heap, struct dt_region *region)
{
	region->retired = heap->retired;
	WRITE_ONCE(heap->retired, region);
}

void dt_heap_retire_spare(struct dt_heap *heap);
struct dt_region *dt_heap_retire_all(struct dt_heap *heap);
struct dt_region *dt_heap_region_above(const struct dt_heap *heap, const void *addr);

#endif /* DUALTREE_HEAP_H */
