/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cache of a heap: free granules that are not in its trees. The hot range and the quick lists
 * serve requests; the cold range and deferred runs are to go to the trees.
 *
 *	alloc(nr) --> hot range is nr? --> quick list of nr? --> trees
 *	free      --> adjacent to the hot range? joins it : becomes it
 *	                              the previous hot range --> list of its size, or trees
 *	          --> its region should drain? joins the cold range, or becomes it
 *	                              the previous cold range --> trees, or deferred runs
 *	drain     --> list of its size, or trees
 *
 * The hot range is the range freed last, with what was freed adjacent to it since. It is one
 * slot, so it hides at most one range. A pair of alloc and free, and a stream that is consumed
 * from its start, cost a handful of loads and stores. Where the frees that joined it were of one
 * size, as the buffers of a ring are, a request of that size takes one block from its start. So
 * do requests of the size for which a long run was drained. A request of another size takes all of
 * it or nothing.
 *
 * The cold range is the range freed last in a region that should drain (below), with what was freed
 * adjacent to it since. It serves no request. It goes into the trees as one run, before a request
 * gets to them, when another one becomes cold, or when nothing else is in use in its region. So a
 * burst of frees in order costs the trees one insertion. Ranges from the third on that become cold
 * between two requests that get to the trees are deferred (deferred.h). If the burst ends with
 * empty regions, these cost the trees mostly nothing.
 *
 * Quick lists hold blocks of exactly 1 to QUICK_LISTS granules, last in, first out. The links lie
 * in the blocks.
 *
 * Both hand freed memory straight back, so survivors would never move down to the regions where
 * they belong. So neither takes memory of a region that should drain: less than three quarters of
 * it is in use, and a lower region can serve as much. A block goes to a quick list only if also
 *
 * - neither adjacent granule is free, hot or in flight: the block could merge;
 * - its size has demand: a request that gets to the lists is a credit, a deposit spends one;
 * - something else is in use in its region, which would be empty otherwise;
 * - the list is not full.
 *
 * Remote frees are drained in batches, so a block's neighbours are usually in flight too. They are
 * exempt from the first of these, or a batch would go to the trees and come back from there one by
 * one. They are exempt from the third in a heap of one region, which is kept anyway.
 *
 * Whether its region should drain is asked again when a block is taken. Regions begin to drain
 * all at once when most streams end, and cached blocks would keep them in use. It is not asked when
 * what was hot goes to its list.
 *
 * Before the heap grows all that is cached goes into the trees, or CACHE_FLUSH_MAX of it if the
 * caller cannot sleep. So does all when the heap is reclaimed, and a region's when nothing in it is
 * in use any more. A heap whose @quick is NULL has no cache.
 *
 * Context: any, NMI included; the caller owns the heap. No lock.
 *
 * Quick lists: Weinstock and Wulf, "Quick Fit", SIGPLAN Notices 23:10, 1988. The gates are our
 * own, found by simulation: Documentation/design.rst.
 */
#ifndef DUALTREE_CACHE_H
#define DUALTREE_CACHE_H

#include <linux/types.h>
#include "evict.h"
#include "heap.h"
#include "ledger.h"
#include "quick.h"

/*
 * Max deferred runs and blocks that a flush moves to the trees in one section: bounds it, as
 * REMOTE_DRAIN_MAX.
 */
#define CACHE_FLUSH_MAX	32

/*
 * Max blocks carved at once for a size that is asked for again, and max granules: 64 KiB of 64-byte
 * granules, as in a quick list.
 */
#define RUN_BLOCKS	16U
#define RUN_GRANULES	1024U

void dt_cache_init(struct dt_heap *heap, struct dt_quick *quick);
void *dt_cache_take(struct dt_heap *heap, size_t size);
void *dt_cache_take_stale(struct dt_heap *heap, struct dt_quick_list *list, size_t size);
void *dt_cache_alloc_trees(struct dt_heap *heap, size_t size);
void dt_cache_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		   unsigned int nr);
void dt_cache_flush_hot(struct dt_heap *heap);
void dt_cache_recheck_hot(struct dt_heap *heap);
bool dt_cache_heat(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		   unsigned int nr, unsigned int unit);
bool dt_cache_put(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr);
bool dt_cache_flush(struct dt_heap *heap, unsigned int budget);
void dt_cache_flush_range(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  unsigned int nr, unsigned int budget);
unsigned long dt_cache_granules(const struct dt_heap *heap);

/* Granules in quick lists. Any CPU may ask. */
static inline unsigned long dt_cache_listed(const struct dt_heap *heap)
{
	return heap->quick ? local64_read(&heap->quick->nr_cached) : 0;
}

/* Is the hot range just what @size bytes need? @size may be any value; 0 fits nothing. */
static __always_inline bool hot_fits(const struct dt_heap *heap, size_t size)
{
	return heap->hot.nr == ((size - 1) >> DT_GRANULE_SHIFT) + 1;
}

/*
 * Take the hot range, after hot_fits(). If @large is false it has at most 33 granules.
 * Return: the address of @size bytes, live in the ledger.
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

/* hot_take() of more than 33 granules. */
static __always_inline void *hot_take_large(struct dt_heap *heap, size_t size)
{
	unsigned long first = heap->hot.first;
	struct dt_region *region = heap->hot.region;

	WRITE_ONCE(heap->hot.nr, 0);
	ledger_fill_large(region->ledger + first, (size - 1) >> DT_GRANULE_SHIFT, size);
	return region->base + (first << DT_GRANULE_SHIFT);
}

/*
 * Does the hot range begin with a unit that fits @size bytes, of which it has several? @size may be
 * any value: a unit is 0 where there is none, HOT_OFF included, and 0 bytes are more than any has.
 */
static __always_inline bool hot_has_unit(const struct dt_heap *heap, size_t size)
{
	const struct dt_hot_range *hot = &heap->hot;

	return hot->unit == ((size - 1) >> DT_GRANULE_SHIFT) + 1 && hot->unit < hot->nr;
}

/*
 * Take the first unit of the hot range, after hot_has_unit(). @large is as for hot_take().
 * Return: the address of @size bytes, live in the ledger.
 */
static __always_inline void *hot_take_unit(struct dt_heap *heap, size_t size, bool large)
{
	struct dt_hot_range *hot = &heap->hot;
	void *ptr = hot->region->base + (hot->first << DT_GRANULE_SHIFT);
	u8 *count = hot->region->ledger + hot->first;
	unsigned long unit = hot->unit;

	WRITE_ONCE(hot->nr, hot->nr - unit);
	if (large)
		ledger_fill(count, 0, unit, size);
	else
		ledger_fill_to(count, unit - 1, size);
	/* Last, and where it is: so it takes no register while the counts are set. */
	hot->first += unit;
	return ptr;
}

/**
 * hot_put() - make granules hot, if no others are or they are adjacent
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule
 * @nr: number of granules, not 0, all of them LEDGER_OWNED
 *
 * Context: Any; the caller owns the heap.
 * Return: the number of granules that are hot now, or 0, with nothing changed, if others are: the
 * caller passes these to dt_cache_free().
 */
static __always_inline unsigned long hot_put(struct dt_heap *heap, struct dt_region *region,
					     unsigned long first, unsigned long nr)
{
	struct dt_hot_range *hot = &heap->hot;
	unsigned long was = hot->nr;

	if (!was) {
		hot->region = region;
		hot->first = first;
		hot->unit = 0;
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

/*
 * May the @nr hot granules, all of @region, have to become cold? A lone region never drains. See
 * hot_may_cool().
 */
static __always_inline bool hot_needs_recheck(const struct dt_heap *heap,
					      const struct dt_region *region, unsigned int nr)
{
	return heap->nr_regions > 1 && region->nr_inuse - nr < region->drain_wmark;
}

/*
 * After hot_needs_recheck(), which is inlined in more places: does that take a search? Not if it is
 * known that no lower region can serve as much, but for a region of which nothing else is in use.
 */
static __always_inline bool hot_may_cool(const struct dt_heap *heap,
					 const struct dt_region *region)
{
	unsigned int nr = heap->hot.nr;

	return region->nr_inuse == nr ||
	       (region != heap->lowest && !heap_packed(heap, region, nr));
}

/* Granules of @region are hot: do they have to become cold? */
static __always_inline void cache_recheck_hot(struct dt_heap *heap, const struct dt_region *region)
{
	if (hot_needs_recheck(heap, region, heap->hot.nr) && hot_may_cool(heap, region))
		dt_cache_recheck_hot(heap);
}

/*
 * Make granules hot in place of others, which the caller inserts. In this order: if the insertion
 * rebuilds the trees, all that is the owner's goes into them but what is hot by then.
 */
static __always_inline struct dt_hot_range hot_replace(struct dt_heap *heap,
						       struct dt_region *region,
						       unsigned int first, unsigned int nr)
{
	struct dt_hot_range was = heap->hot;

	WRITE_ONCE(heap->hot.nr, 0);
	hot_put(heap, region, first, nr);
	return was;
}

/*
 * Make granules hot that hot_put() has refused, in a heap that has a cache. What was hot goes to
 * the trees.
 */
static __always_inline void cache_replace_hot(struct dt_heap *heap, struct dt_region *region,
					      unsigned int first, unsigned int nr)
{
	struct dt_hot_range was = hot_replace(heap, region, first, nr);

	dt_evict_run(heap, was.region, was.first, was.nr);
	cache_recheck_hot(heap, region);
}

/*
 * With @used granules in use, does a region drain if a lower one can serve @nr granules? The lowest
 * never does, nor one of which is known that no lower one can.
 */
static __always_inline bool region_may_drain(const struct dt_heap *heap,
					     const struct dt_region *region, unsigned int used,
					     unsigned int nr)
{
	return used < region->drain_wmark && region != heap->lowest &&
	       !heap_packed(heap, region, nr);
}

/* With @used granules in use, should a region drain rather than serve @nr granules once more? */
static __always_inline bool region_should_drain(struct dt_heap *heap,
						const struct dt_region *region,
						unsigned int used, unsigned int nr)
{
	return region_may_drain(heap, region, used, nr) && dt_heap_fits_below(heap, region, nr);
}

/*
 * Take a block off a list. A block is stale if its region has begun to drain since the deposit:
 * it goes to the trees instead.
 */
static __always_inline void *quick_take(struct dt_heap *heap, struct dt_quick_list *list,
					size_t size)
{
	unsigned int nr = granules_of(size);
	struct dt_region *region;
	struct dt_cached *block;

	if (!list->depth)
		return NULL;
	region = quick_first(heap, list, nr);
	if (unlikely(!region))
		return NULL;
	if (unlikely(region_may_drain(heap, region, region->nr_inuse, nr)))
		return dt_cache_take_stale(heap, list, size);
	block = quick_pop(heap->quick, list, nr);
	region->nr_inuse += nr;
	ledger_fill(region->ledger, region_index(region, block), nr, size);
	return block;
}

/*
 * Do the gates of the quick lists pass a freed run? All but the one on draining; see cache.h.
 * @batch: the run is a remote free that was drained.
 */
static __always_inline bool quick_wanted(const struct dt_heap *heap, const struct dt_region *region,
					 unsigned long first, unsigned long nr, bool batch)
{
	const struct dt_quick_list *list;
	u8 before, after;

	if (nr > QUICK_LISTS)
		return false;
	list = quick_list(heap->quick, nr);
	if (!list->credit || list->depth >= list->max)
		return false;
	if (region->nr_inuse == nr && (!batch || heap->nr_regions > 1))
		return false;
	if (batch)
		return true;
	before = ledger_before(region, first);
	after = READ_ONCE(region->ledger[first + nr]);
	return ledger_is_kept(before) && ledger_is_kept(after);
}

/* Does the hot range, which there is, go to the quick list of its size if others become hot? */
static __always_inline bool hot_wanted(const struct dt_heap *heap)
{
	const struct dt_hot_range *hot = &heap->hot;

	return quick_wanted(heap, hot->region, hot->first, hot->nr, false);
}

/* Make granules hot in place of others, after hot_wanted(). @list is that of the others' size. */
static __always_inline void hot_to_list(struct dt_heap *heap, struct dt_region *region,
					unsigned long first, unsigned long nr,
					struct dt_quick_list *list)
{
	struct dt_hot_range *hot = &heap->hot, was = *hot;

	hot->region = region;
	hot->first = first;
	hot->unit = 0;
	WRITE_ONCE(hot->nr, nr);
	quick_push(heap->quick, list, was.region, was.first, was.nr);
}

/**
 * cache_alloc() - serve a request from the quick list of its size
 * @heap: the heap, which has quick lists
 * @size: size in bytes, not 0
 *
 * Served or not, the request is a credit for its size.
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL.
 */
static __always_inline void *cache_alloc(struct dt_heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);
	struct dt_quick_list *list;

	if (nr > QUICK_LISTS)
		return NULL;
	list = quick_list(heap->quick, nr);
	quick_credit(list);
	return quick_take(heap, list, size);
}

/**
 * cache_alloc_trees() - serve a request from the trees
 * @heap: the heap, which has quick lists
 * @size: size in bytes, not 0
 *
 * If the request before was of the same size and no range became hot since, the next ones are
 * likely to be, too. What they need is carved with this one.
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL if the heap must grow.
 */
static __always_inline void *cache_alloc_trees(struct dt_heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);

	if (heap->hot.nr || heap->cold.nr || heap->nr_deferred)
		dt_cache_flush_hot(heap);
	else if (heap->repeated == nr && nr <= RUN_GRANULES / 2)
		return dt_heap_alloc_run(heap, size, min(nr * RUN_BLOCKS, RUN_GRANULES));
	heap->repeated = nr;
	return dt_heap_alloc(heap, size);
}

#endif /* DUALTREE_CACHE_H */
