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
 * cache_init() - put a hot range and quick lists in front of a heap
 * @heap: a new heap
 * @quick: all 0
 */
void cache_init(struct heap *heap, struct quick *quick)
{
	heap->quick = quick;
	heap->hot.nr = 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_init);

static void quick_unlink(struct quick *quick, struct cached *block)
{
	hlist_del(&block->same_size);
	hlist_del(&block->same_region);
	quick->depth[block->nr - 1]--;
	WRITE_ONCE(quick->nr_cached, quick->nr_cached - block->nr);
}

/*
 * Should a region drain, rather than serve @nr granules again, of which it has @used in use
 * besides? If it is not nearly full, and a lower one can serve them.
 */
static bool drains(const struct heap *heap, const struct region *region, unsigned int used,
		   unsigned int nr)
{
	return used < region->full_from && heap->nr_regions > 1 &&
	       heap_fits_below(heap, region, nr);
}

/* May a freed run go to the list of its size? See cache.h. */
static bool quick_wanted(const struct heap *heap, const struct region *region, unsigned int first,
			 unsigned int nr)
{
	const struct quick *quick = heap->quick;
	u8 before = ledger_before(region, first), behind = READ_ONCE(region->ledger[first + nr]);

	if (nr > QUICK_LISTS || !quick->credit[nr - 1])
		return false;
	if (!before || before == LEDGER_FREE || !behind || behind == LEDGER_FREE)
		return false;
	if (region->nr_out == nr || drains(heap, region, region->nr_out - nr, nr))
		return false;
	return quick->depth[nr - 1] < QUICK_DEPTH &&
	       (quick->depth[nr - 1] + 1) * nr <= QUICK_BYTES >> DT_GRANULE_SHIFT;
}

static void quick_push(struct quick *quick, struct region *region, unsigned int first,
		       unsigned int nr)
{
	struct cached *block = region_addr(region, first);

	dt_unpoison(block, sizeof(*block));
	block->region = region;
	block->nr = nr;
	hlist_add_head(&block->same_size, &quick->lists[nr - 1]);
	hlist_add_head(&block->same_region, &region->cached);
	ledger_mark(region->ledger, first, nr, LEDGER_CACHED);
	region->nr_out -= nr;
	quick->depth[nr - 1]++;
	quick->credit[nr - 1]--;
	WRITE_ONCE(quick->nr_cached, quick->nr_cached + nr);
}

/* All that is left in a region is in lists, and nothing is live: empty it. */
static void evict_region(struct heap *heap, struct region *region)
{
	struct cached *block;
	struct hlist_node *next;

	hlist_for_each_entry_safe(block, next, &region->cached, same_region)
		quick_unlink(heap->quick, block);
	heap_reset(heap, region);
}

/* Put a run into the trees, and its region's blocks too if they were all that kept it. */
static void tree_free(struct heap *heap, struct region *region, unsigned int first,
		      unsigned int nr)
{
	heap_free(heap, region, first, nr);
	if (unlikely(!region->nr_out && !region_empty(region)))
		evict_region(heap, region);
}

/* Put a run where it belongs: a quick list, or the trees. */
static void settle(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	if (!heap->quick)
		heap_free(heap, region, first, nr);
	else if (quick_wanted(heap, region, first, nr))
		quick_push(heap->quick, region, first, nr);
	else
		tree_free(heap, region, first, nr);
}

/* Put the hot range, if there is one, where it belongs. */
void cache_settle(struct heap *heap)
{
	unsigned long nr = heap->hot.nr;

	if (!nr || nr == HOT_OFF)
		return;
	WRITE_ONCE(heap->hot.nr, 0);
	settle(heap, heap->hot.region, heap->hot.first, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_settle);

/**
 * cache_free() - take granules in which nothing is live any more
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * They become hot, and what was hot before goes where it belongs.
 */
void cache_free(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	if (!heap->quick) {
		heap_free(heap, region, first, nr);
		return;
	}
	if (!hot_put(heap, region, first, nr)) {
		cache_settle(heap);
		hot_put(heap, region, first, nr);
	}
	if (hot_doubtful(heap, region))
		cache_doubt(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_free);

/**
 * cache_doubt() - may the hot range stay hot?
 * @heap: the heap; the caller owns it, and it has a hot range
 *
 * Not if its region should drain, or could go back: it is put where it belongs then.
 */
void cache_doubt(struct heap *heap)
{
	unsigned int nr = heap->hot.nr, used = heap->hot.region->nr_out - nr;

	if (drains(heap, heap->hot.region, used, nr) || (!used && heap->spare))
		cache_settle(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_doubt);

/**
 * cache_put() - take granules that others have freed
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 *
 * They go where they belong at once: what others free does not say what the owner will ask
 * for next.
 */
void cache_put(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	settle(heap, region, first, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_put);

/* Put a block into the trees. */
static void evict(struct heap *heap, struct cached *block)
{
	struct region *region = block->region;
	unsigned int first = region_index(region, block), nr = block->nr;

	quick_unlink(heap->quick, block);
	dt_poison(block, sizeof(*block));
	region->nr_out += nr;
	tree_free(heap, region, first, nr);
}

/**
 * cache_take() - take a block from the list of a size
 * @heap: the heap; the caller owns it
 * @size: bytes, not 0
 *
 * A block whose region has begun to drain since it was put there is not handed out again:
 * it goes to the trees.
 *
 * Return: the first byte, its bytes live in the ledger, or NULL.
 */
void *cache_take(struct heap *heap, size_t size)
{
	unsigned int nr = granules_of(size), tries = STALE_MOST;
	struct quick *quick = heap->quick;
	struct region *region;
	struct cached *block;

	if (!quick || nr > QUICK_LISTS)
		return NULL;
	while (!hlist_empty(&quick->lists[nr - 1]) && tries--) {
		block = hlist_entry(quick->lists[nr - 1].first, struct cached, same_size);
		region = block->region;
		if (unlikely(drains(heap, region, region->nr_out, nr))) {
			evict(heap, block);
			continue;
		}
		quick_unlink(quick, block);
		region->nr_out += nr;
		ledger_fill(region->ledger, region_index(region, block), nr, size);
		return block;
	}
	return NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_take);

/**
 * cache_alloc() - serve a request from the list of its size
 * @heap: the heap; the caller owns it, and it has quick lists
 * @size: bytes, not 0
 *
 * It shows that there is demand for the size, too.
 *
 * Return: the first byte, its bytes live in the ledger, or NULL.
 */
void *cache_alloc(struct heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);
	struct quick *quick = heap->quick;

	if (nr > QUICK_LISTS)
		return NULL;
	if (quick->credit[nr - 1] < U8_MAX)
		quick->credit[nr - 1]++;
	return hlist_empty(&quick->lists[nr - 1]) ? NULL : cache_take(heap, size);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_alloc);

/* Put the hot range into the trees. */
static void evict_hot(struct heap *heap)
{
	unsigned int nr = heap->hot.nr;

	WRITE_ONCE(heap->hot.nr, 0);
	tree_free(heap, heap->hot.region, heap->hot.first, nr);
}

/**
 * cache_flush() - put what is cached into the trees
 * @heap: the heap; the caller owns it
 * @most: at most so many blocks, which bounds the section
 *
 * Return: true if there is more.
 */
bool cache_flush(struct heap *heap, unsigned int most)
{
	struct quick *quick = heap->quick;
	unsigned int i;

	if (!quick)
		return false;
	if (heap->hot.nr)
		evict_hot(heap);
	for (i = 0; i < QUICK_LISTS && quick->nr_cached; i++) {
		while (!hlist_empty(&quick->lists[i])) {
			if (!most--)
				return true;
			evict(heap, hlist_entry(quick->lists[i].first, struct cached, same_size));
		}
	}
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_flush);

/**
 * cache_flush_range() - put what is cached in a range into the trees
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule; nothing that is not live reaches across it
 * @nr: how many
 * @most: at most so many blocks, which bounds the section
 *
 * Up to the first granule that is neither free nor cached.
 */
void cache_flush_range(struct heap *heap, struct region *region, unsigned int first,
		       unsigned int nr, unsigned int most)
{
	unsigned int at = first, end = first + nr;

	if (!heap->quick)
		return;
	while (at < end && most--) {
		u8 mark = READ_ONCE(region->ledger[at]);

		if (heap->hot.nr && heap->hot.region == region && heap->hot.first == at)
			evict_hot(heap);
		else if (mark == LEDGER_CACHED)
			evict(heap, region_addr(region, at));
		else if (mark != LEDGER_FREE)
			return;
		/* What it merged with, or was all along: an extent that begins at @first. */
		at = first + ((struct extent *)region_addr(region, first))->nr;
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_flush_range);

/* Granules in front of the trees, as anybody may read it. */
unsigned long cache_granules(const struct heap *heap)
{
	unsigned long hot = READ_ONCE(heap->hot.nr);

	if (!heap->quick)
		return 0;
	return hot + READ_ONCE(heap->quick->nr_cached);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_granules);

/* One list: as deep as it says, all of its size. Adds its granules to @nr_cached. */
static bool list_check(const struct quick *quick, unsigned int i, unsigned long *nr_cached)
{
	const struct cached *block;
	unsigned int depth = 0;

	hlist_for_each_entry(block, &quick->lists[i], same_size) {
		if (block->nr != i + 1)
			return false;
		depth++;
	}
	*nr_cached += depth * (i + 1);
	return depth == quick->depth[i] && depth <= QUICK_DEPTH;
}

/* Nothing is live in the hot range, and it is in no other hands. */
static bool hot_check(const struct heap *heap)
{
	const struct hot_range *hot = &heap->hot;
	unsigned int i;

	if (!hot->nr)
		return true;
	for (i = 0; i < hot->nr; i++)
		if (hot->region->ledger[hot->first + i])
			return false;
	return hot->region->heap == heap && hot->nr <= hot->region->nr_out;
}

/**
 * cache_check() - do all invariants of what stands in front of the trees hold?
 * @heap: the heap; the caller owns it
 *
 * For tests and debug kernels. That the blocks are marked in the ledger, and are all that
 * their regions miss, is region_check()'s.
 *
 * Return: true if they do.
 */
bool cache_check(const struct heap *heap)
{
	unsigned long nr_cached = 0;
	unsigned int i;

	if (!heap->quick)
		return heap->hot.nr == HOT_OFF;
	for (i = 0; i < QUICK_LISTS; i++)
		if (!list_check(heap->quick, i, &nr_cached))
			return false;
	return nr_cached == heap->quick->nr_cached && hot_check(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(cache_check);
