/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands in front of a heap's trees: the hot range and the quick lists.
 *
 *	alloc(nr) --> hot range is nr? --> quick list of nr? --> trees
 *	free      --> beside the hot range? joins it : becomes it
 *	                                   the one before --> list of its size, or trees
 *
 * The hot range is what was freed last, and what was freed right beside it since. It is one
 * slot, so it hides at most one range, and it makes a pair of alloc and free, and a stream
 * that is consumed from its front, a handful of loads and stores. Where all of it was freed in
 * blocks of one size, as the buffers of a ring are, a request of that size takes one of them;
 * any other size takes all of it or nothing.
 *
 * Quick lists hold blocks of exactly 1 to QUICK_LISTS granules, last in, first out, linked
 * through themselves.
 *
 * Without gates both would ruin a heap: freed memory would be handed straight back, and what
 * is live would never move down to where it belongs. Neither takes memory of a region that
 * should drain: one that is less than three quarters full while a lower one can serve as
 * much. A block goes to a quick list only if, besides,
 *
 * - neither neighbour is free, or on its way, or it could merge;
 * - its size has demand: each request for it that gets here is a credit, each deposit
 *   spends one;
 * - something else is in use in its region, which would go back otherwise;
 * - the list is not full.
 *
 * What others have freed comes home in batches, of which all neighbours are on their way: the
 * first of these gates is not asked there, or a batch would go to the trees and come back from
 * them, one by one. Nor is the third in a heap of one region, which is kept anyway.
 *
 * Whether the region should drain is asked again when a block is taken: regions begin to
 * drain all at once when most streams end, and what lies in the lists then would keep them.
 *
 * Both are put into the trees before a heap grows and when it is shrunk, and those of a
 * region when nothing in it is live any more. A heap whose @quick is NULL has neither.
 *
 * Quick lists are those of Weinstock and Wulf, "Quick Fit", SIGPLAN Notices 23:10, 1988;
 * the gates are ours, found by simulation: see Documentation/design.rst.
 *
 * All of it belongs to the heap's owner.
 */
#ifndef DUALTREE_CACHE_H
#define DUALTREE_CACHE_H

#include <linux/sizes.h>
#include <linux/types.h>
#include <asm/local64.h>
#include "heap.h"
#include "ledger.h"

#define QUICK_LISTS	64
#define QUICK_DEPTH	32
#define QUICK_BYTES	SZ_64K

/* Blocks that go from the quick lists to the trees in one section, which bounds it. */
#define CACHE_FLUSH_MAX	32

/**
 * struct dt_quick_list - blocks of one size
 * @first: the one that was put there last
 * @depth: how many there are
 * @max: how many there may be; constant
 * @credit: requests less deposits, 255 at most
 */
struct dt_quick_list {
	struct dt_cached *first;
	u8 depth;
	u8 max;
	u8 credit;
};

/**
 * struct dt_quick - the quick lists of a heap
 * @lists: entry n is for n + 1 granules
 * @nr_cached: granules in all lists; readable by anybody
 */
struct dt_quick {
	struct dt_quick_list lists[QUICK_LISTS];
	local64_t nr_cached;
};

void dt_cache_init(struct dt_heap *heap, struct dt_quick *quick);
void *dt_cache_take(struct dt_heap *heap, size_t size);
void *dt_cache_alloc(struct dt_heap *heap, size_t size);
void dt_cache_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		   unsigned int nr);
void dt_cache_flush_hot(struct dt_heap *heap);
void dt_cache_recheck_hot(struct dt_heap *heap);
void dt_cache_put(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr);
bool dt_cache_flush(struct dt_heap *heap, unsigned int budget);
void dt_cache_flush_range(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  unsigned int nr, unsigned int budget);
unsigned long dt_cache_listed(const struct dt_heap *heap);
unsigned long dt_cache_granules(const struct dt_heap *heap);

/* The list for @nr granules, QUICK_LISTS at most. */
static __always_inline struct dt_quick_list *quick_list(struct dt_quick *quick, unsigned long nr)
{
	return &quick->lists[nr - 1];
}

/* Is the hot range of a size? @size may have any value; 0 fits nothing. */
static __always_inline bool hot_fits(const struct dt_heap *heap, size_t size)
{
	return heap->hot.nr == ((size - 1) >> DT_GRANULE_SHIFT) + 1;
}

/*
 * Take it, after hot_fits(). @large is whether the request may have more than 33 granules.
 * Return: the first byte, its bytes live in the ledger.
 */
static __always_inline void *hot_take(struct dt_heap *heap, size_t size, bool large)
{
	struct dt_region *region = heap->hot.region;
	unsigned long first = heap->hot.first;

	WRITE_ONCE(heap->hot.nr, 0);
	if (large)
		ledger_fill(region->ledger, first, granules_of(size), size);
	else
		ledger_fill_few(region->ledger + first, size);
	return region->base + (first << DT_GRANULE_SHIFT);
}

/* Is it more than one block, all of which were of this size? Any value again. */
static __always_inline bool hot_has_unit(const struct dt_heap *heap, size_t size)
{
	const struct dt_hot_range *hot = &heap->hot;

	return hot->unit == ((size - 1) >> DT_GRANULE_SHIFT) + 1 && hot->unit < hot->nr &&
	       hot->nr != HOT_OFF;
}

/* Take the first of them, after hot_has_unit(). Return: as hot_take(). */
static __always_inline void *hot_take_unit(struct dt_heap *heap, size_t size)
{
	struct dt_hot_range *hot = &heap->hot;
	struct dt_region *region = hot->region;
	unsigned long first = hot->first, unit = hot->unit;

	hot->first = first + unit;
	WRITE_ONCE(hot->nr, hot->nr - unit);
	ledger_fill(region->ledger, first, unit, size);
	return region->base + (first << DT_GRANULE_SHIFT);
}

/**
 * hot_put() - make granules hot, if no others are or they are right beside
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * Return: granules that are hot now, or 0 if others are, and the caller has to take these to
 * dt_cache_free().
 */
static __always_inline unsigned long hot_put(struct dt_heap *heap, struct dt_region *region,
					     unsigned long first, unsigned long nr)
{
	struct dt_hot_range *hot = &heap->hot;
	unsigned long was = hot->nr;

	if (!was) {
		hot->region = region;
		hot->first = first;
	} else {
		if (hot->region != region)
			return 0;
		if (first + nr == hot->first)
			hot->first = first;
		else if (hot->first + was != first)
			return 0;
		if (was == nr)
			hot->unit = nr;
		else if (hot->unit != nr)
			hot->unit = 0;
	}
	WRITE_ONCE(hot->nr, was + nr);
	return was + nr;
}

/* Should dt_cache_recheck_hot() look at the @nr granules that are hot now? */
static __always_inline bool hot_needs_recheck(const struct dt_heap *heap,
					      const struct dt_region *region, unsigned int nr)
{
	return heap->nr_regions > 1 && region->nr_inuse - nr < region->drain_wmark;
}

#endif /* DUALTREE_CACHE_H */
