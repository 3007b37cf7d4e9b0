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
 * that is consumed from its front, a handful of loads and stores.
 *
 * Quick lists hold blocks of exactly 1 to QUICK_LISTS granules, last in, first out, linked
 * through themselves.
 *
 * Without gates both would ruin a heap: freed memory would be handed straight back, and what
 * is live would never move down to where it belongs. Neither takes memory of a region that
 * should drain: one that is less than three quarters full while a lower one can serve as
 * much. A block goes to a quick list only if, besides,
 *
 * - no neighbour is free, or it could merge;
 * - its size has demand: each request for it that gets here is a credit, each deposit
 *   spends one;
 * - something else is live in its region, which would go back otherwise;
 * - the list is not full.
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

#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include "heap.h"
#include "ledger.h"

#define QUICK_LISTS	64
#define QUICK_DEPTH	32
#define QUICK_BYTES	SZ_64K

/* Blocks that go from the quick lists to the trees in one section, which bounds it. */
#define CACHE_FLUSH_MOST	32

/**
 * struct quick - the quick lists of a heap; entry n is for n + 1 granules
 * @lists: blocks
 * @depth: how many there are
 * @credit: requests less deposits, 255 at most
 * @nr_cached: granules in all lists; readable by anybody
 */
struct quick {
	struct hlist_head lists[QUICK_LISTS];
	u8 depth[QUICK_LISTS];
	u8 credit[QUICK_LISTS];
	unsigned long nr_cached;
};

void cache_init(struct heap *heap, struct quick *quick);
void *cache_take(struct heap *heap, size_t size);
void *cache_alloc(struct heap *heap, size_t size);
void cache_free(struct heap *heap, struct region *region, unsigned int first, unsigned int nr);
void cache_settle(struct heap *heap);
void cache_doubt(struct heap *heap);
void cache_put(struct heap *heap, struct region *region, unsigned int first, unsigned int nr);
bool cache_flush(struct heap *heap, unsigned int most);
void cache_flush_range(struct heap *heap, struct region *region, unsigned int first,
		       unsigned int nr, unsigned int most);
unsigned long cache_granules(const struct heap *heap);
bool cache_check(const struct heap *heap);

/* Is the hot range of a size? @size may have any value; 0 fits nothing. */
static __always_inline bool hot_fits(const struct heap *heap, size_t size)
{
	return heap->hot.nr == ((size - 1) >> DT_GRANULE_SHIFT) + 1;
}

/* Take it, after hot_fits(). Return: the first byte, its bytes live in the ledger. */
static __always_inline void *hot_take(struct heap *heap, size_t size)
{
	struct region *region = heap->hot.region;
	unsigned long first = heap->hot.first;

	WRITE_ONCE(heap->hot.nr, 0);
	ledger_fill(region->ledger, first, ((size - 1) >> DT_GRANULE_SHIFT) + 1, size);
	return region->base + (first << DT_GRANULE_SHIFT);
}

/**
 * hot_put() - make granules hot, if no others are or they are right beside
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * Return: false if they are not, and the caller has to take them to cache_free().
 */
static __always_inline bool hot_put(struct heap *heap, struct region *region,
				    unsigned long first, unsigned long nr)
{
	struct hot_range *hot = &heap->hot;

	if (!hot->nr) {
		hot->region = region;
		hot->first = first;
	} else if (hot->region != region) {
		return false;
	} else if (first + nr == hot->first) {
		hot->first = first;
	} else if (hot->first + hot->nr != first) {
		return false;
	}
	WRITE_ONCE(hot->nr, hot->nr + nr);
	return true;
}

/* Should cache_doubt() look at what has just become hot? */
static __always_inline bool hot_doubtful(const struct heap *heap, const struct region *region)
{
	return region->nr_out < region->full_from + heap->hot.nr && heap->nr_regions > 1;
}

#endif /* DUALTREE_CACHE_H */
