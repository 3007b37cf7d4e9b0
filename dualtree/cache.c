// SPDX-License-Identifier: GPL-2.0
/*
 * In front of the trees: where a freed run goes first, and where a request looks first.
 *
 * cache.h says what the rules are. Memory in here is not live, and a heap that has to grow
 * takes all of it back first.
 */
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "ledger.h"

/* Blocks that a request may find stale, and put into the trees, before it goes there. */
#define STALE_MAX	4

/**
 * dt_cache_init() - put a hot range and quick lists in front of a heap
 * @heap: a new heap
 * @quick: all 0
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

/* Take the first block off a list that has one. */
static __always_inline struct dt_cached *quick_pop(struct dt_quick *quick,
						   struct dt_quick_list *list)
{
	struct dt_cached *block = list->first;

	list->first = block->next;
	list->depth--;
	local64_sub(block->nr, &quick->nr_cached);
	return block;
}

/* Take out a block that may lie anywhere in its list. */
static void quick_unlink(struct dt_quick *quick, struct dt_cached *block)
{
	struct dt_quick_list *list = quick_list(quick, block->nr);
	struct dt_cached **link = &list->first;

	while (*link != block)
		link = &(*link)->next;
	*link = block->next;
	list->depth--;
	local64_sub(block->nr, &quick->nr_cached);
}

/* Is a region one that drains, if a lower one has room? The lowest never does. */
static __always_inline bool region_may_drain(const struct dt_heap *heap,
					     const struct dt_region *region, unsigned int used)
{
	return used < region->drain_wmark && region != heap->lowest;
}

/*
 * Should a region drain, rather than serve @nr granules again, of which it has @used in use
 * besides? If it is not nearly full, and a lower one can serve them.
 */
static __always_inline bool region_should_drain(const struct dt_heap *heap,
						const struct dt_region *region,
						unsigned int used, unsigned int nr)
{
	return region_may_drain(heap, region, used) && dt_heap_fits_below(heap, region, nr);
}

/*
 * May a freed run go to the list of its size, if its region need not drain? See cache.h; @batch
 * is whether others have freed it.
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
	return before && before != LEDGER_FREE && after && after != LEDGER_FREE;
}

static __always_inline void quick_push(struct dt_quick *quick, struct dt_region *region,
				       unsigned int first, unsigned int nr)
{
	struct dt_quick_list *list = quick_list(quick, nr);
	struct dt_cached *block = region_addr(region, first);

	dt_unpoison(block, sizeof(*block));
	block->next = list->first;
	block->region = region;
	block->nr = nr;
	list->first = block;
	list->depth++;
	list->credit--;
	ledger_mark(region->ledger, first, nr, LEDGER_CACHED);
	region->nr_inuse -= nr;
	local64_add(nr, &quick->nr_cached);
}

/* Take a region's blocks out of a list. */
static void quick_forget_region(struct dt_quick *quick, struct dt_quick_list *list,
				const struct dt_region *region)
{
	struct dt_cached **link = &list->first, *block;

	while ((block = *link)) {
		if (block->region != region) {
			link = &block->next;
			continue;
		}
		*link = block->next;
		list->depth--;
		local64_sub(block->nr, &quick->nr_cached);
	}
}

/* All that is left in a region is in lists, and nothing is live: empty it. */
static void region_evict(struct dt_heap *heap, struct dt_region *region)
{
	struct dt_quick *quick = heap->quick;
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		quick_forget_region(quick, quick_list(quick, nr), region);
	dt_heap_reset(heap, region);
}

/* Put a run into the trees, and its region's blocks too if they were all that kept it. */
static void tree_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		      unsigned int nr)
{
	dt_heap_free(heap, region, first, nr);
	if (unlikely(!region->nr_inuse && !region_empty(region)))
		region_evict(heap, region);
}

/* The rest of cache_insert(), which then needs no stack frame for what most runs come to. */
static noinline void cache_insert_slow(struct dt_heap *heap, struct dt_region *region,
				       unsigned int first, unsigned int nr, bool wanted)
{
	if (wanted && !dt_heap_fits_below(heap, region, nr))
		quick_push(heap->quick, region, first, nr);
	else
		tree_free(heap, region, first, nr);
}

/* Put a run where it belongs: a quick list, or the trees. @batch is as for quick_wanted(). */
static __always_inline void cache_insert(struct dt_heap *heap, struct dt_region *region,
					 unsigned int first, unsigned int nr, bool batch)
{
	bool wanted = quick_wanted(heap, region, first, nr, batch);

	if (wanted && !region_may_drain(heap, region, region->nr_inuse - nr))
		quick_push(heap->quick, region, first, nr);
	else
		cache_insert_slow(heap, region, first, nr, wanted);
}

/* Put the hot range, if there is one, where it belongs. */
void dt_cache_flush_hot(struct dt_heap *heap)
{
	unsigned long nr = heap->hot.nr;

	if (!nr || nr == HOT_OFF)
		return;
	WRITE_ONCE(heap->hot.nr, 0);
	cache_insert(heap, heap->hot.region, heap->hot.first, nr, false);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_hot);

/**
 * dt_cache_free() - take granules in which nothing is live any more
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * They become hot, and what was hot before goes where it belongs.
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
	if (!hot) {
		dt_cache_flush_hot(heap);
		hot = hot_put(heap, region, first, nr);
	}
	if (hot_needs_recheck(heap, region, hot))
		dt_cache_recheck_hot(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_free);

/**
 * dt_cache_recheck_hot() - may the hot range stay hot?
 * @heap: the heap; the caller owns it, and it has a hot range
 *
 * Not if its region should drain, or could go back: it is put where it belongs then.
 */
void dt_cache_recheck_hot(struct dt_heap *heap)
{
	unsigned int nr = heap->hot.nr, used = heap->hot.region->nr_inuse - nr;

	if (region_should_drain(heap, heap->hot.region, used, nr) || (!used && heap->spare))
		dt_cache_flush_hot(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_recheck_hot);

/**
 * dt_cache_put() - take granules that others have freed
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * They go where they belong at once: what others free does not say what the owner will ask
 * for next.
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

/* Put a block that is in no list any more into the trees. */
static void block_evict(struct dt_heap *heap, struct dt_cached *block)
{
	struct dt_region *region = block->region;
	unsigned int first = region_index(region, block), nr = block->nr;

	dt_poison(block, sizeof(*block));
	region->nr_inuse += nr;
	tree_free(heap, region, first, nr);
}

/* The rest of quick_take(), where the first block of a list may be stale. */
static noinline void *quick_take_stale(struct dt_heap *heap, struct dt_quick_list *list,
				       size_t size)
{
	unsigned int nr = granules_of(size), tries = STALE_MAX;
	struct dt_cached *block;

	while (list->first && tries--) {
		struct dt_region *region = list->first->region;

		block = quick_pop(heap->quick, list);
		if (region_should_drain(heap, region, region->nr_inuse, nr)) {
			block_evict(heap, block);
			continue;
		}
		region->nr_inuse += nr;
		ledger_fill(region->ledger, region_index(region, block), nr, size);
		return block;
	}
	return NULL;
}

/*
 * Take a block off a list. One whose region has begun to drain since it was put there is not
 * handed out again: it goes to the trees.
 */
static __always_inline void *quick_take(struct dt_heap *heap, struct dt_quick_list *list,
					size_t size)
{
	unsigned int nr = granules_of(size);
	struct dt_cached *block = list->first;
	struct dt_region *region;

	if (!block)
		return NULL;
	region = block->region;
	if (unlikely(region_may_drain(heap, region, region->nr_inuse)))
		return quick_take_stale(heap, list, size);
	quick_pop(heap->quick, list);
	region->nr_inuse += nr;
	ledger_fill(region->ledger, region_index(region, block), nr, size);
	return block;
}

/**
 * dt_cache_take() - take a block from the list of a size
 * @heap: the heap; the caller owns it
 * @size: bytes, not 0
 *
 * Return: the first byte, its bytes live in the ledger, or NULL.
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
 * dt_cache_alloc() - serve a request from the list of its size
 * @heap: the heap; the caller owns it, and it has quick lists
 * @size: bytes, not 0
 *
 * It shows that there is demand for the size, too.
 *
 * Return: the first byte, its bytes live in the ledger, or NULL.
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

/* Put the hot range into the trees. */
static void hot_evict(struct dt_heap *heap)
{
	unsigned int nr = heap->hot.nr;

	WRITE_ONCE(heap->hot.nr, 0);
	tree_free(heap, heap->hot.region, heap->hot.first, nr);
}

/**
 * dt_cache_flush() - put what is cached into the trees
 * @heap: the heap; the caller owns it
 * @budget: at most so many blocks, which bounds the section
 *
 * Return: true if there is more.
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

		while (list->first) {
			if (!budget--)
				return true;
			block_evict(heap, quick_pop(quick, list));
		}
	}
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush);

static void quick_evict(struct dt_heap *heap, struct dt_cached *block)
{
	quick_unlink(heap->quick, block);
	block_evict(heap, block);
}

/**
 * dt_cache_flush_range() - put what is cached in a range into the trees
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule; nothing that is not live reaches across it
 * @nr: how many
 * @budget: at most so many blocks, which bounds the section
 *
 * Up to the first granule that is neither free nor cached.
 */
void dt_cache_flush_range(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  unsigned int nr, unsigned int budget)
{
	unsigned int at = first, end = first + nr;

	if (!heap->quick)
		return;
	while (at < end && budget--) {
		struct dt_cached *block = region_addr(region, at);
		u8 mark = READ_ONCE(region->ledger[at]);

		if (heap->hot.nr && heap->hot.region == region && heap->hot.first == at)
			hot_evict(heap);
		else if (mark == LEDGER_CACHED)
			quick_evict(heap, block);
		else if (mark != LEDGER_FREE)
			return;
		/* What it merged with, or was all along: an extent that begins at @first. */
		at = first + ((struct dt_extent *)region_addr(region, first))->nr;
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_range);

/* Granules in quick lists, as anybody may read it. */
unsigned long dt_cache_listed(const struct dt_heap *heap)
{
	return heap->quick ? local64_read(&heap->quick->nr_cached) : 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_listed);

/* Granules in front of the trees, likewise. */
unsigned long dt_cache_granules(const struct dt_heap *heap)
{
	unsigned long hot = READ_ONCE(heap->hot.nr);

	if (!heap->quick)
		return 0;
	return hot + dt_cache_listed(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_granules);
