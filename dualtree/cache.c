// SPDX-License-Identifier: GPL-2.0
/*
 * The cache of a heap: where a freed run goes first, and where a request looks first. cache.h has
 * the picture, the gates and the context.
 */
#include <linux/mm.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "damage.h"
#include "ledger.h"

/* Max stale blocks, of regions that drain by now, that one request evicts: bounds the request. */
#define STALE_MAX	4

/**
 * dt_cache_init() - give a heap a hot range and quick lists
 * @heap: a new heap
 * @quick: its quick lists, zeroed
 *
 * Context: Any; the heap is not published yet.
 */
void dt_cache_init(struct dt_heap *heap, struct dt_quick *quick)
{
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		quick_list(quick, nr)->max = min_t(unsigned int, QUICK_DEPTH,
						   (QUICK_BYTES >> DT_GRANULE_SHIFT) / nr);
	heap->quick = quick;
	heap->hot.nr = 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_init);

/*
 * The region of a block that a link of a list leads to, or NULL if the link does not lead to the
 * start of a block of the heap. The link is not followed before the ledger agrees.
 */
static __always_inline struct dt_region *block_region(const struct dt_heap *heap,
						      const struct dt_cached *block)
{
	struct dt_region *region = buddy_lookup_owner(block);
	size_t offset = region_offset(region, block);

	if (likely(region_heap(region) == heap && !(offset & (DT_GRANULE - 1)) &&
		   ledger_is_block(READ_ONCE(region->ledger[offset >> DT_GRANULE_SHIFT]))))
		return region;
	return NULL;
}

/* Does a link lead to the start of a block of this region? As block_region(), without a lookup. */
static __always_inline bool is_block_of(const struct dt_region *region,
					const struct dt_cached *block)
{
	size_t offset = region_offset(region, block);

	return offset < region->bytes && !(offset & (DT_GRANULE - 1)) &&
	       ledger_is_block(READ_ONCE(region->ledger[offset >> DT_GRANULE_SHIFT]));
}

/* A block is out of its list. */
static __always_inline void quick_forget(struct dt_quick *quick, struct dt_quick_list *list,
					 unsigned int nr)
{
	list->depth--;
	local64_sub(nr, &quick->nr_cached);
}

/* Empty all lists; what becomes of their blocks is up to the caller. */
static void quick_forget_all(struct dt_quick *quick)
{
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		quick_list(quick, nr)->depth = 0;
	local64_set(&quick->nr_cached, 0);
}

/* A link in the quick lists led nowhere: all their blocks become free, and the lists empty. */
static noinline void quick_repair(struct dt_heap *heap)
{
	dt_report_damage(heap->lowest->dt, heap->lowest->base, "a list of cached blocks");
	quick_forget_all(heap->quick);
	dt_heap_free_blocks(heap);
}

/*
 * The region of the first block of a list that is not empty, with all of the block's granules as
 * they must be; NULL if there is none, after a repair.
 */
static __always_inline struct dt_region *quick_first(struct dt_heap *heap,
						     struct dt_quick_list *list, unsigned int nr)
{
	struct dt_region *region = buddy_lookup_owner(list->first);
	size_t offset = region_offset(region, list->first);

	if (likely(region_heap(region) == heap && !(offset & (DT_GRANULE - 1)) &&
		   ledger_has_block(region->ledger, offset >> DT_GRANULE_SHIFT, nr)))
		return region;
	quick_repair(heap);
	return NULL;
}

/* Take the first block of a list, after quick_first(). */
static __always_inline struct dt_cached *quick_pop(struct dt_quick *quick,
						   struct dt_quick_list *list, unsigned int nr)
{
	struct dt_cached *block = list->first;

	list->first = READ_ONCE(block->next);
	if (want_init_on_free())
		block->next = NULL;
	quick_forget(quick, list, nr);
	return block;
}

/* Take out a block at any position in its list. Return: false if it was not found. */
static bool quick_unlink(struct dt_heap *heap, const struct dt_cached *block, unsigned int nr)
{
	struct dt_quick_list *list = quick_list(heap->quick, nr);
	struct dt_cached **link = &list->first, *at;
	unsigned int left = list->depth;

	for (; left; left--, link = &at->next) {
		at = READ_ONCE(*link);
		if (!block_region(heap, at))
			return false;
		if (at != block)
			continue;
		WRITE_ONCE(*link, READ_ONCE(at->next));
		if (want_init_on_free())
			at->next = NULL;
		quick_forget(heap->quick, list, nr);
		return true;
	}
	return false;
}

/* With @used granules in use, does a region drain if a lower one has room? The lowest never. */
static __always_inline bool region_may_drain(const struct dt_heap *heap,
					     const struct dt_region *region, unsigned int used)
{
	return used < region->drain_wmark && region != heap->lowest;
}

/* With @used granules in use, should a region drain rather than serve @nr granules once more? */
static __always_inline bool region_should_drain(struct dt_heap *heap,
						const struct dt_region *region,
						unsigned int used, unsigned int nr)
{
	return region_may_drain(heap, region, used) && dt_heap_fits_below(heap, region, nr);
}

/*
 * Do the gates of the quick lists pass a freed run? All but the one on draining; see cache.h.
 * @batch: the run is a remote free that was drained.
 */
static __always_inline bool quick_wanted(const struct dt_heap *heap, const struct dt_region *region,
					 unsigned int first, unsigned int nr, bool batch)
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

static __always_inline void quick_push(struct dt_quick *quick, struct dt_region *region,
				       unsigned int first, unsigned int nr)
{
	struct dt_quick_list *list = quick_list(quick, nr);
	struct dt_cached *block = region_addr(region, first);

	dt_unpoison(block, sizeof(*block));
	WRITE_ONCE(block->next, list->first);
	list->first = block;
	list->depth++;
	list->credit--;
	ledger_mark_block(region->ledger, first, nr);
	region->nr_inuse -= nr;
	local64_add(nr, &quick->nr_cached);
}

/* Take out all blocks of a list that lie in a region. Return: false if a link leads nowhere. */
static bool quick_forget_region(struct dt_heap *heap, unsigned int nr,
				const struct dt_region *region)
{
	struct dt_quick_list *list = quick_list(heap->quick, nr);
	struct dt_cached **link = &list->first, *block;
	unsigned int left = list->depth;

	for (; left; left--) {
		block = READ_ONCE(*link);
		if (!is_block_of(region, block)) {
			if (!block_region(heap, block))
				return false;
			link = &block->next;
			continue;
		}
		WRITE_ONCE(*link, READ_ONCE(block->next));
		if (want_init_on_free())
			block->next = NULL;
		quick_forget(heap->quick, list, nr);
	}
	return true;
}

/* Nothing in a region is in use: evict its blocks from the lists and make it one extent. */
static void region_evict(struct dt_heap *heap, struct dt_region *region)
{
	unsigned int nr;

	/* Of one region as a rule all blocks are; but init_on_free wants each link cleared. */
	if (dt_cache_listed(heap) == region_nr_cached(region) && !want_init_on_free())
		quick_forget_all(heap->quick);
	for (nr = 1; nr <= QUICK_LISTS; nr++) {
		if (likely(quick_forget_region(heap, nr, region)))
			continue;
		quick_repair(heap);
		return;
	}
	dt_heap_reset(heap, region);
}

/* Put a run into the trees; and its region's blocks too, if nothing else is in use there. */
static void tree_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		      unsigned int nr)
{
	dt_heap_free(heap, region, first, nr);
	if (unlikely(!region->nr_inuse && !region_empty(region)))
		region_evict(heap, region);
}

/* The rest of cache_insert(), out of line so that the usual case needs no stack frame. */
static noinline void cache_insert_slow(struct dt_heap *heap, struct dt_region *region,
				       unsigned int first, unsigned int nr, bool wanted)
{
	if (wanted && !dt_heap_fits_below(heap, region, nr))
		quick_push(heap->quick, region, first, nr);
	else
		tree_free(heap, region, first, nr);
}

/* Put a run into the quick list of its size or the trees. @batch is as for quick_wanted(). */
static __always_inline void cache_insert(struct dt_heap *heap, struct dt_region *region,
					 unsigned int first, unsigned int nr, bool batch)
{
	bool wanted = quick_wanted(heap, region, first, nr, batch);

	if (wanted && !region_may_drain(heap, region, region->nr_inuse - nr))
		quick_push(heap->quick, region, first, nr);
	else
		cache_insert_slow(heap, region, first, nr, wanted);
}

/* Put the hot range, if there is one, into the quick list of its size or the trees. */
void dt_cache_flush_hot(struct dt_heap *heap)
{
	unsigned long nr = heap->hot.nr;

	if (!nr || nr == HOT_OFF)
		return;
	WRITE_ONCE(heap->hot.nr, 0);
	cache_insert(heap, heap->hot.region, heap->hot.first, nr, false);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_hot);

/*
 * Make granules hot in place of others, which go to the quick list of their size or to the trees.
 * In this order: if the trees are made again on the way, all that is the owner's is in them, but
 * for what is hot by then. Return: the number of granules that are hot now.
 */
static unsigned long hot_replace(struct dt_heap *heap, struct dt_region *region,
				 unsigned int first, unsigned int nr)
{
	struct dt_hot_range was = heap->hot;

	WRITE_ONCE(heap->hot.nr, 0);
	hot_put(heap, region, first, nr);
	cache_insert(heap, was.region, was.first, was.nr, false);
	return nr;
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
		hot = hot_replace(heap, region, first, nr);
	if (hot_needs_recheck(heap, region, hot))
		dt_cache_recheck_hot(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_free);

/**
 * dt_cache_recheck_hot() - flush the hot range if it must not stay hot
 * @heap: the heap, which has a hot range
 *
 * That is if its region should drain, or if nothing else is in use there and the heap has a spare
 * already.
 *
 * Context: Any; the caller owns the heap.
 */
void dt_cache_recheck_hot(struct dt_heap *heap)
{
	unsigned int nr = heap->hot.nr, used = heap->hot.region->nr_inuse - nr;

	if (region_should_drain(heap, heap->hot.region, used, nr) || (!used && heap->spare))
		dt_cache_flush_hot(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_recheck_hot);

/**
 * dt_cache_heat() - make granules of remote frees hot, for a request that waits
 * @heap: the heap, which has no hot range
 * @region: a region of the heap
 * @first: first granule
 * @nr: number of granules, all LEDGER_OWNED, of which the request needs at most half: what serves
 *	one request is as well off in a quick list
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
 */
void dt_cache_put(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr)
{
	if (heap->quick)
		cache_insert(heap, region, first, nr, true);
	else
		dt_heap_free(heap, region, first, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_put);

/* Put a block into the trees that has been taken out of its list. */
static void block_evict(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			unsigned int nr)
{
	dt_poison(region_addr(region, first), sizeof(struct dt_cached));
	region->nr_inuse += nr;
	ledger_unmark_block(region->ledger, first, nr);
	tree_free(heap, region, first, nr);
}

/* The rest of quick_take(): the list's first block may be stale. */
static noinline void *quick_take_stale(struct dt_heap *heap, struct dt_quick_list *list,
				       size_t size)
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
			block_evict(heap, region, first, nr);
			continue;
		}
		region->nr_inuse += nr;
		ledger_fill(region->ledger, first, nr, size);
		return block;
	}
	return NULL;
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
	if (unlikely(region_may_drain(heap, region, region->nr_inuse)))
		return quick_take_stale(heap, list, size);
	block = quick_pop(heap->quick, list, nr);
	region->nr_inuse += nr;
	ledger_fill(region->ledger, region_index(region, block), nr, size);
	return block;
}

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

/**
 * dt_cache_alloc() - serve a request from the quick list of its size
 * @heap: the heap, which has quick lists
 * @size: size in bytes, not 0
 *
 * Served or not, the request is a credit for its size.
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL.
 */
void *dt_cache_alloc(struct dt_heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);
	struct dt_quick_list *list;

	if (nr > QUICK_LISTS)
		return NULL;
	list = quick_list(heap->quick, nr);
	if (list->credit < U8_MAX)
		list->credit++;
	return quick_take(heap, list, size);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_alloc);

/* Put the hot range, which is not empty, into the trees. */
static void hot_evict(struct dt_heap *heap)
{
	unsigned int nr = heap->hot.nr;

	WRITE_ONCE(heap->hot.nr, 0);
	tree_free(heap, heap->hot.region, heap->hot.first, nr);
}

/**
 * dt_cache_flush() - put what is cached into the trees
 * @heap: the heap
 * @budget: max number of blocks to take from the quick lists
 *
 * Context: Any; the caller owns the heap.
 * Return: true if blocks are left in the quick lists.
 */
bool dt_cache_flush(struct dt_heap *heap, unsigned int budget)
{
	struct dt_quick *quick = heap->quick;
	unsigned int nr;

	if (!quick)
		return false;
	if (heap->hot.nr)
		hot_evict(heap);
	for (nr = 1; nr <= QUICK_LISTS && local64_read(&quick->nr_cached); nr++) {
		struct dt_quick_list *list = quick_list(quick, nr);

		while (list->depth) {
			struct dt_region *region;

			if (!budget--)
				return true;
			region = quick_first(heap, list, nr);
			if (region)
				block_evict(heap, region,
					    region_index(region, quick_pop(quick, list, nr)), nr);
		}
	}
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush);

/* Put the block that begins with granule @first into the trees. */
static void quick_evict(struct dt_heap *heap, struct dt_region *region, unsigned int first)
{
	unsigned int nr = 1;

	if (READ_ONCE(region->ledger[first]) == LEDGER_CACHED_FIRST)
		while (READ_ONCE(region->ledger[first + nr++]) != LEDGER_CACHED_LAST)
			;
	if (likely(quick_unlink(heap, region_addr(region, first), nr)))
		block_evict(heap, region, first, nr);
	else
		quick_repair(heap);
}

/**
 * dt_cache_flush_range() - put what is cached in a range into the trees
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule; the one before it is live
 * @nr: number of granules
 * @budget: max number of extents and blocks to visit
 *
 * Ends at the first granule that is in no extent and not cached.
 *
 * Context: Any; the caller owns the heap.
 */
void dt_cache_flush_range(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  unsigned int nr, unsigned int budget)
{
	unsigned int at = first, end = first + nr;

	if (!heap->quick)
		return;
	while (at < end && budget--) {
		u8 mark = READ_ONCE(region->ledger[at]);

		if (heap->hot.nr && heap->hot.region == region && heap->hot.first == at)
			hot_evict(heap);
		else if (ledger_is_block(mark))
			quick_evict(heap, region, at);
		else if (!ledger_is_first(mark))
			return;
		/* All up to here has merged into the extent that begins at @first. */
		at = first + extent_nr_from(&region->free, first);
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_range);

/* Granules in quick lists. Any CPU may ask. */
unsigned long dt_cache_listed(const struct dt_heap *heap)
{
	return heap->quick ? local64_read(&heap->quick->nr_cached) : 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_listed);

/* Granules in quick lists and the hot range. Any CPU may ask. */
unsigned long dt_cache_granules(const struct dt_heap *heap)
{
	unsigned long hot = READ_ONCE(heap->hot.nr);

	if (!heap->quick)
		return 0;
	return hot + dt_cache_listed(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_granules);
