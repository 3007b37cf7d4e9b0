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
#define STALE_MOST	4

/**
 * dt_cache_init() - put a hot range and quick lists in front of a heap
 * @heap: a new heap
 * @quick: all 0
 */
void dt_cache_init(struct heap *heap, struct quick *quick)
{
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		quick_list(quick, nr)->most = min_t(unsigned int, QUICK_DEPTH,
						    (QUICK_BYTES >> DT_GRANULE_SHIFT) / nr);
	heap->quick = quick;
	heap->hot.nr = 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_init);

/* Take the first block off a list that has one. */
static __always_inline struct cached *quick_pop(struct quick *quick, struct quick_list *list)
{
	struct cached *block = list->first;

	list->first = block->next;
	list->depth--;
	local64_sub(block->nr, &quick->nr_cached);
	return block;
}

/* Take out a block that may lie anywhere in its list. */
static void quick_unlink(struct quick *quick, struct cached *block)
{
	struct quick_list *list = quick_list(quick, block->nr);
	struct cached **link = &list->first;

	while (*link != block)
		link = &(*link)->next;
	*link = block->next;
	list->depth--;
	local64_sub(block->nr, &quick->nr_cached);
}

/* Is a region one that drains, if a lower one has room? The lowest never does. */
static __always_inline bool may_drain(const struct heap *heap, const struct region *region,
				      unsigned int used)
{
	return used < region->full_from && region != heap->lowest;
}

/*
 * Should a region drain, rather than serve @nr granules again, of which it has @used in use
 * besides? If it is not nearly full, and a lower one can serve them.
 */
static __always_inline bool drains(const struct heap *heap, const struct region *region,
				   unsigned int used, unsigned int nr)
{
	return may_drain(heap, region, used) && dt_heap_fits_below(heap, region, nr);
}

/*
 * May a freed run go to the list of its size, if its region need not drain? See cache.h; @batch
 * is whether others have freed it.
 */
static __always_inline bool quick_wanted(const struct heap *heap, const struct region *region,
					 unsigned int first, unsigned int nr, bool batch)
{
	const struct quick_list *list;
	u8 before, behind;

	if (nr > QUICK_LISTS)
		return false;
	list = quick_list(heap->quick, nr);
	if (!list->credit || list->depth >= list->most)
		return false;
	if (region->nr_out == nr && (!batch || heap->nr_regions > 1))
		return false;
	if (batch)
		return true;
	before = ledger_before(region, first);
	behind = load_once(region->ledger[first + nr]);
	return before && before != LEDGER_FREE && behind && behind != LEDGER_FREE;
}

static __always_inline void quick_push(struct quick *quick, struct region *region,
				       unsigned int first, unsigned int nr)
{
	struct quick_list *list = quick_list(quick, nr);
	struct cached *block = region_addr(region, first);

	dt_unpoison(block, sizeof(*block));
	block->next = list->first;
	block->region = region;
	block->nr = nr;
	list->first = block;
	list->depth++;
	list->credit--;
	ledger_mark(region->ledger, first, nr, LEDGER_CACHED);
	region->nr_out -= nr;
	local64_add(nr, &quick->nr_cached);
}

/* Take a region's blocks out of a list. */
static void list_forget(struct quick *quick, struct quick_list *list, const struct region *region)
{
	struct cached **link = &list->first, *block;

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
static void evict_region(struct heap *heap, struct region *region)
{
	struct quick *quick = heap->quick;
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		list_forget(quick, quick_list(quick, nr), region);
	dt_heap_reset(heap, region);
}

/* Put a run into the trees, and its region's blocks too if they were all that kept it. */
static void tree_free(struct heap *heap, struct region *region, unsigned int first,
		      unsigned int nr)
{
	dt_heap_free(heap, region, first, nr);
	if (unlikely(!region->nr_out && !region_empty(region)))
		evict_region(heap, region);
}

/* The rest of settle(), which then needs no stack frame for what most runs come to. */
static noinline void settle_slow(struct heap *heap, struct region *region, unsigned int first,
				 unsigned int nr, bool wanted)
{
	if (wanted && !dt_heap_fits_below(heap, region, nr))
		quick_push(heap->quick, region, first, nr);
	else
		tree_free(heap, region, first, nr);
}

/* Put a run where it belongs: a quick list, or the trees. @batch is as for quick_wanted(). */
static __always_inline void settle(struct heap *heap, struct region *region, unsigned int first,
				   unsigned int nr, bool batch)
{
	bool wanted = quick_wanted(heap, region, first, nr, batch);

	if (wanted && !may_drain(heap, region, region->nr_out - nr))
		quick_push(heap->quick, region, first, nr);
	else
		settle_slow(heap, region, first, nr, wanted);
}

/* Put the hot range, if there is one, where it belongs. */
void dt_cache_settle(struct heap *heap)
{
	unsigned long nr = heap->hot.nr;

	if (!nr || nr == HOT_OFF)
		return;
	WRITE_ONCE(heap->hot.nr, 0);
	settle(heap, heap->hot.region, heap->hot.first, nr, false);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_settle);

/**
 * dt_cache_free() - take granules in which nothing is live any more
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * They become hot, and what was hot before goes where it belongs.
 */
void dt_cache_free(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	unsigned long hot;

	if (!heap->quick) {
		dt_heap_free(heap, region, first, nr);
		return;
	}
	hot = hot_put(heap, region, first, nr);
	if (!hot) {
		dt_cache_settle(heap);
		hot = hot_put(heap, region, first, nr);
	}
	if (hot_doubtful(heap, region, hot))
		dt_cache_doubt(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_free);

/**
 * dt_cache_doubt() - may the hot range stay hot?
 * @heap: the heap; the caller owns it, and it has a hot range
 *
 * Not if its region should drain, or could go back: it is put where it belongs then.
 */
void dt_cache_doubt(struct heap *heap)
{
	unsigned int nr = heap->hot.nr, used = heap->hot.region->nr_out - nr;

	if (drains(heap, heap->hot.region, used, nr) || (!used && heap->spare))
		dt_cache_settle(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_doubt);

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
void dt_cache_put(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	if (heap->quick)
		settle(heap, region, first, nr, true);
	else
		dt_heap_free(heap, region, first, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_put);

/* Put a block that is in no list any more into the trees. */
static void evict(struct heap *heap, struct cached *block)
{
	struct region *region = block->region;
	unsigned int first = region_index(region, block), nr = block->nr;

	dt_poison(block, sizeof(*block));
	region->nr_out += nr;
	tree_free(heap, region, first, nr);
}

/* The rest of take(), where the first block of a list may be stale. */
static noinline void *take_stale(struct heap *heap, struct quick_list *list, size_t size)
{
	unsigned int nr = granules_of(size), tries = STALE_MOST;
	struct cached *block;

	while (list->first && tries--) {
		struct region *region = list->first->region;

		block = quick_pop(heap->quick, list);
		if (drains(heap, region, region->nr_out, nr)) {
			evict(heap, block);
			continue;
		}
		region->nr_out += nr;
		ledger_fill(region->ledger, region_index(region, block), nr, size);
		return block;
	}
	return NULL;
}

/*
 * Take a block off a list. One whose region has begun to drain since it was put there is not
 * handed out again: it goes to the trees.
 */
static __always_inline void *take(struct heap *heap, struct quick_list *list, size_t size)
{
	unsigned int nr = granules_of(size);
	struct cached *block = list->first;
	struct region *region;

	if (!block)
		return NULL;
	region = block->region;
	if (unlikely(may_drain(heap, region, region->nr_out)))
		return take_stale(heap, list, size);
	quick_pop(heap->quick, list);
	region->nr_out += nr;
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
void *dt_cache_take(struct heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);

	if (!heap->quick || nr > QUICK_LISTS)
		return NULL;
	return take(heap, quick_list(heap->quick, nr), size);
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
void *dt_cache_alloc(struct heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);
	struct quick_list *list;

	if (nr > QUICK_LISTS)
		return NULL;
	list = quick_list(heap->quick, nr);
	if (list->credit < U8_MAX)
		list->credit++;
	return take(heap, list, size);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_alloc);

/* Put the hot range into the trees. */
static void evict_hot(struct heap *heap)
{
	unsigned int nr = heap->hot.nr;

	WRITE_ONCE(heap->hot.nr, 0);
	tree_free(heap, heap->hot.region, heap->hot.first, nr);
}

/**
 * dt_cache_flush() - put what is cached into the trees
 * @heap: the heap; the caller owns it
 * @most: at most so many blocks, which bounds the section
 *
 * Return: true if there is more.
 */
bool dt_cache_flush(struct heap *heap, unsigned int most)
{
	struct quick *quick = heap->quick;
	unsigned int nr;

	if (!quick)
		return false;
	if (heap->hot.nr)
		evict_hot(heap);
	for (nr = 1; nr <= QUICK_LISTS && local64_read(&quick->nr_cached); nr++) {
		struct quick_list *list = quick_list(quick, nr);

		while (list->first) {
			if (!most--)
				return true;
			evict(heap, quick_pop(quick, list));
		}
	}
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush);

static void evict_from_list(struct heap *heap, struct cached *block)
{
	quick_unlink(heap->quick, block);
	evict(heap, block);
}

/**
 * dt_cache_flush_range() - put what is cached in a range into the trees
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule; nothing that is not live reaches across it
 * @nr: how many
 * @most: at most so many blocks, which bounds the section
 *
 * Up to the first granule that is neither free nor cached.
 */
void dt_cache_flush_range(struct heap *heap, struct region *region, unsigned int first,
			  unsigned int nr, unsigned int most)
{
	unsigned int at = first, end = first + nr;

	if (!heap->quick)
		return;
	while (at < end && most--) {
		struct cached *block = region_addr(region, at);
		u8 mark = READ_ONCE(region->ledger[at]);

		if (heap->hot.nr && heap->hot.region == region && heap->hot.first == at)
			evict_hot(heap);
		else if (mark == LEDGER_CACHED)
			evict_from_list(heap, block);
		else if (mark != LEDGER_FREE)
			return;
		/* What it merged with, or was all along: an extent that begins at @first. */
		at = first + ((struct extent *)region_addr(region, first))->nr;
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_flush_range);

/* Granules in quick lists, as anybody may read it. */
unsigned long dt_cache_listed(const struct heap *heap)
{
	return heap->quick ? local64_read(&heap->quick->nr_cached) : 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_listed);

/* Granules in front of the trees, likewise. */
unsigned long dt_cache_granules(const struct heap *heap)
{
	unsigned long hot = READ_ONCE(heap->hot.nr);

	if (!heap->quick)
		return 0;
	return hot + dt_cache_listed(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_cache_granules);
