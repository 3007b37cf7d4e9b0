// SPDX-License-Identifier: GPL-2.0
/*
 * The cache of a heap: where a freed run goes first, and where a request looks first. cache.h has
 * the picture, the gates and the context.
 */
#include <linux/mm.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "deferred.h"
#include "evict.h"
#include "ledger.h"

/* Max stale blocks, of regions that drain by now, that one request evicts: bounds the request. */
#define STALE_MAX	4

/*
 * Cold ranges that go to the trees between two requests that get there. More are a burst, and are
 * deferred. To defer a range and put it into the trees after all costs a third more than to do so
 * at once.
 */
#define COLD_MAX	2

/* Max deferred runs that go into the trees before a request gets there: bounds the request. */
#define DEFERRED_MAX	8

/**
 * dt_cache_init() - give a heap a hot range and quick lists
 * @heap: a new heap
 * @quick: its quick lists, zeroed
 *
 * Context: Any; the heap is not published yet.
 */
void dt_cache_init(struct dt_heap *heap, struct dt_quick *quick)
{
	dt_quick_init(quick);
	heap->quick = quick;
	heap->hot.nr = 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_init);

/*
 * Put a run that was hot into the quick list of its size or the trees. Whether its region should
 * drain was asked when it became hot, and whenever it grew. It is not asked here: the answer has
 * hardly ever changed, and is asked for again when the block is taken.
 */
static __always_inline void hot_insert(struct dt_heap *heap, const struct dt_hot_range *run)
{
	if (quick_wanted(heap, run->region, run->first, run->nr, false))
		quick_push(heap->quick, quick_list(heap->quick, run->nr), run->region, run->first,
			   run->nr);
	else
		dt_evict_run(heap, run->region, run->first, run->nr);
}

/*
 * Put the hot range into the quick list of its size or the trees, and the cold range and up to
 * DEFERRED_MAX deferred runs into the trees.
 */
void dt_cache_flush_hot(struct dt_heap *heap)
{
	struct dt_hot_range hot = heap->hot;

	if (heap->cold.nr)
		dt_evict_cold(heap);
	if (hot.nr && hot.nr != HOT_OFF) {
		WRITE_ONCE(heap->hot.nr, 0);
		hot_insert(heap, &hot);
	}
	heap->nr_cooled = 0;
	if (unlikely(heap->nr_deferred))
		dt_evict_deferred(heap, DEFERRED_MAX);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_hot);

/*
 * The rest of dt_cache_free(), out of line so that the usual case needs no stack frame. Others are
 * hot: these go to the quick list of their size or to the trees.
 */
static noinline void cache_displace(struct dt_heap *heap, struct dt_region *region,
				    unsigned int first, unsigned int nr)
{
	struct dt_hot_range was = hot_replace(heap, region, first, nr);

	hot_insert(heap, &was);
	cache_recheck_hot(heap, region);
}

/**
 * dt_cache_free() - insert granules that the heap's CPU freed
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule
 * @nr: number of granules, not 0, all of them LEDGER_OWNED
 *
 * They become hot. Where another range is hot that is not adjacent, it goes to the quick list of
 * its size or to the trees. In a heap without a cache they go into the trees.
 *
 * Context: Any; the caller owns the heap.
 */
void dt_cache_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		   unsigned int nr)
{
	unsigned long hot;

	if (!heap->quick) {
		dt_heap_free(heap, region, first, nr);
		return;
	}
	hot = hot_put(heap, region, first, nr);
	if (!hot)
		cache_displace(heap, region, first, nr);
	else
		cache_recheck_hot(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_free);

/* Join a run to the cold range, if they are adjacent. */
static __always_inline bool cold_join(struct dt_cold_range *cold, const struct dt_hot_range *run)
{
	if (run->region != cold->region)
		return false;
	if (run->first + run->nr == cold->first)
		cold->first = run->first;
	else if (cold->first + cold->nr != run->first)
		return false;
	WRITE_ONCE(cold->nr, cold->nr + run->nr);
	return true;
}

/*
 * Make the hot range cold, in place of what is cold already if they are not adjacent. A region of
 * which nothing else is in use becomes empty.
 */
static void hot_cool(struct dt_heap *heap)
{
	struct dt_cold_range *cold = &heap->cold, was = *cold;
	struct dt_hot_range *hot = &heap->hot;

	if (!was.nr || !cold_join(cold, hot)) {
		cold->region = hot->region;
		cold->first = hot->first;
		WRITE_ONCE(cold->nr, hot->nr);
	} else {
		was.nr = 0;
	}
	WRITE_ONCE(hot->nr, 0);
	/* What was cold goes to the trees if it is all that is in use: its region is empty then. */
	if (was.nr && (heap->nr_cooled++ < COLD_MAX || was.region->nr_inuse == was.nr))
		dt_evict_run(heap, was.region, was.first, was.nr);
	else if (was.nr)
		deferred_add(heap, was.region, was.first, was.nr);
	if (unlikely(cold->region->nr_inuse == cold->nr) && cold->nr)
		dt_evict_cold(heap);
}

/**
 * dt_cache_recheck_hot() - end the hot range if it must not stay hot
 * @heap: the heap, whose hot range hot_may_cool()
 *
 * That is if its region should drain, or if nothing else is in use there and the heap has a spare
 * already. A region of which as much is cold is taken for one that should, without a search: it was
 * one a moment ago.
 *
 * Context: Any; the caller owns the heap.
 */
void dt_cache_recheck_hot(struct dt_heap *heap)
{
	const struct dt_region *region = heap->hot.region;
	unsigned int nr = heap->hot.nr;

	if ((heap->cold.nr >= nr && heap->cold.region == region) ||
	    region_should_drain(heap, region, region->nr_inuse - nr, nr) ||
	    (region->nr_inuse == nr && heap->spare))
		hot_cool(heap);
}

/**
 * dt_cache_heat() - make granules of remote frees hot, for a request that waits
 * @heap: the heap, which has no hot range
 * @region: a region of the heap
 * @first: first granule
 * @nr: number of granules, @unit or more, LEDGER_OWNED by the time the caller leaves the section
 * @unit: granules of the request, not 0
 *
 * Not a run of a region that should drain.
 *
 * Context: Any; the caller owns the heap.
 * Return: false, with nothing changed, if they do not become hot.
 */
bool dt_cache_heat(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		   unsigned int nr, unsigned int unit)
{
	struct dt_hot_range *hot = &heap->hot;

	if (!heap->quick || hot->nr ||
	    region_should_drain(heap, region, region->nr_inuse - nr, unit))
		return false;
	hot->region = region;
	hot->first = first;
	hot->unit = unit;
	WRITE_ONCE(hot->nr, nr);
	return true;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_heat);

/* The rest of dt_cache_put(), out of line so that the usual case needs no stack frame. */
static noinline bool cache_put_slow(struct dt_heap *heap, struct dt_region *region,
				    unsigned int first, unsigned int nr)
{
	if (dt_heap_fits_below(heap, region, nr))
		return dt_evict_run(heap, region, first, nr);
	quick_push(heap->quick, quick_list(heap->quick, nr), region, first, nr);
	return false;
}

/**
 * dt_cache_put() - insert granules of a remote free
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule
 * @nr: number of granules, not 0, all of them LEDGER_OWNED
 *
 * They do not become hot: what other CPUs free says little about the owner's next request.
 *
 * Context: Any; the caller owns the heap.
 * Return: true if that left nothing in use in the region, and its blocks were taken out of the
 * lists: as much work as a whole drain.
 */
bool dt_cache_put(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr)
{
	if (!heap->quick) {
		dt_heap_free(heap, region, first, nr);
		return false;
	}
	if (!quick_wanted(heap, region, first, nr, true))
		return dt_evict_run(heap, region, first, nr);
	if (region_may_drain(heap, region, region->nr_inuse - nr, nr))
		return cache_put_slow(heap, region, first, nr);
	quick_push(heap->quick, quick_list(heap->quick, nr), region, first, nr);
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_put);

/* The rest of quick_take(): the list's first block may be stale. */
void *dt_cache_take_stale(struct dt_heap *heap, struct dt_quick_list *list, size_t size)
{
	unsigned int first, nr = granules_of(size), tries = STALE_MAX;
	struct dt_region *region;
	struct dt_cached *block;

	while (list->depth && tries--) {
		region = quick_first(heap, list, nr);
		if (!region)
			break;
		block = quick_pop(heap->quick, list, nr);
		first = region_index(region, block);
		if (region_should_drain(heap, region, region->nr_inuse, nr)) {
			dt_evict_block(heap, region, first, nr);
			continue;
		}
		region->nr_inuse += nr;
		ledger_fill(region->ledger, first, nr, size);
		return block;
	}
	return NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_take_stale);

/**
 * dt_cache_take() - serve a request from the quick list of its size, without a credit
 * @heap: the heap
 * @size: size in bytes, not 0
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL.
 */
void *dt_cache_take(struct dt_heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);

	if (!heap->quick || nr > QUICK_LISTS)
		return NULL;
	return quick_take(heap, quick_list(heap->quick, nr), size);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_take);

/* cache_alloc_trees() for where it is not inlined. */
void *dt_cache_alloc_trees(struct dt_heap *heap, size_t size)
{
	return cache_alloc_trees(heap, size);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_alloc_trees);

/* Granules in quick lists, the hot range, the cold one and deferred runs. Any CPU may ask. */
unsigned long dt_cache_granules(const struct dt_heap *heap)
{
	unsigned long freed = READ_ONCE(heap->hot.nr) + READ_ONCE(heap->cold.nr) +
			      READ_ONCE(heap->nr_deferred);

	if (!heap->quick)
		return 0;
	return freed + dt_cache_listed(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_granules);
