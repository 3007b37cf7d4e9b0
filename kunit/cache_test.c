// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in front of a heap's trees: the hot range, the quick lists with each of their
 * gates. How all of it gets back into the trees is in cache_flush_test.c.
 *
 * Each case draws what a region should look like: '#' live, '.' in the trees, 'c' in a quick
 * list, 'h' hot.
 */
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "cache_bed.h"

static void hot_joins_on_both_sides(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_looks(test, bed, r, "################");
	bed_free(bed, r, 5, 2);
	bed_looks(test, bed, r, "#####hh#########");
	bed_free(bed, r, 7, 3);
	bed_looks(test, bed, r, "#####hhhhh######");
	bed_free(bed, r, 4, 1);
	bed_looks(test, bed, r, "####hhhhhh######");
	/* One granule further it does not touch: what was hot goes to the trees. */
	bed_free(bed, r, 11, 1);
	bed_looks(test, bed, r, "####......#h####");
	bed_free(bed, r, 2, 1);
	bed_looks(test, bed, r, "##h#......#.####");
	/* What lies between merges with both when its turn comes. */
	bed_free(bed, r, 10, 1);
	bed_looks(test, bed, r, "##.#......h.####");
	dt_cache_flush_hot(&bed->heap);
	bed_looks(test, bed, r, "##.#........####");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 2);
}

/* Two regions are never joined, whatever their granules are called. */
static void hot_is_of_one_region(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *a = bed_add(test, bed, ORDER_OF_64), *b = bed_add(test, bed, ORDER_OF_64);

	bed_free(bed, a, 5, 2);
	bed_free(bed, b, 7, 2);
	bed_looks(test, bed, a, "#####..#####");
	bed_looks(test, bed, b, "#######hh###");
	bed_free(bed, a, 3, 2);
	bed_looks(test, bed, a, "###hh..#####");
	bed_looks(test, bed, b, "#######..###");
}

/* Only a request of its very size is served, to the granule; the bytes are counted exactly. */
static void hot_fits_exactly(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	const size_t size = 3 * DT_GRANULE;

	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, 0));
	bed_free(bed, r, 8, 3);
	KUNIT_EXPECT_TRUE(test, hot_fits(&bed->heap, size));
	KUNIT_EXPECT_TRUE(test, hot_fits(&bed->heap, size - DT_GRANULE + 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, size - DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, size + 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, SIZE_MAX));
	KUNIT_EXPECT_PTR_EQ(test, hot_take(&bed->heap, size - 30, true), region_addr(r, 8));
	KUNIT_EXPECT_EQ(test, r->ledger[8], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[9], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[10], DT_GRANULE - 30);
	KUNIT_EXPECT_FALSE(test, hot_fits(&bed->heap, size));
	bed_looks(test, bed, r, "################");
}

/* Where there never is a hot range nothing fits, and frees go to the trees at once. */
static void hot_off(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_heap *heap = &bed->heap;
	struct dt_region_tally tally = { 0 };
	struct dt_region *r;

	dt_heap_init(heap);
	r = bed_add(test, bed, ORDER_OF_64);
	KUNIT_EXPECT_FALSE(test, hot_fits(heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_fits(heap, SIZE_MAX));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 0));
	bed_credit(bed, 2, 9);
	bed_free(bed, r, 5, 2);
	bed_put(bed, r, 9, 2);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 4);
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 2 * DT_GRANULE));
	dt_cache_flush_hot(heap);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 0));
	dt_cache_flush_range(heap, r, 5, 10, 10);
	KUNIT_EXPECT_TRUE(test, dt_heap_check(heap, &tally));
	KUNIT_EXPECT_EQ(test, tally.in_flight, 0);
	KUNIT_EXPECT_TRUE(test, dt_cache_check(heap));
	heap->hot.nr = 0;
	KUNIT_EXPECT_FALSE(test, dt_cache_check(heap));
}

/* The last one in is the first one out, and each size has its own list. */
static void lists_are_lifo(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	struct dt_heap *heap = &bed->heap;

	bed_credit(bed, 2, 3);
	bed_credit(bed, 1, 1);
	bed_free(bed, r, 1, 2);
	bed_free(bed, r, 9, 2);
	bed_free(bed, r, 12, 1);
	bed_free(bed, r, 5, 2);
	bed_looks(test, bed, r, "#cc##hh##cc#c###");
	dt_cache_flush_hot(heap);
	bed_looks(test, bed, r, "#cc##cc##cc#c###");
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 3 * DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 2 * DT_GRANULE - 7), region_addr(r, 5));
	KUNIT_EXPECT_EQ(test, r->ledger[5], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[6], DT_GRANULE - 7);
	bed_looks(test, bed, r, "#cc######cc#c###");
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 1), region_addr(r, 12));
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, DT_GRANULE + 1), region_addr(r, 9));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 2 * DT_GRANULE), region_addr(r, 1));
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 2 * DT_GRANULE));
	bed_looks(test, bed, r, "################");
	KUNIT_EXPECT_EQ(test, r->nr_inuse, r->nr);
}

/* Each deposit spends a credit of its own size; there are never more than a byte holds. */
static void gate_demand(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_put(bed, r, 1, 2);
	bed_looks(test, bed, r, "#..#############");
	bed_credit(bed, 1, 5);
	bed_credit(bed, 3, 5);
	bed_put(bed, r, 4, 2);
	bed_looks(test, bed, r, "#..#..##########");
	bed_credit(bed, 2, 1);
	bed_put(bed, r, 7, 2);
	bed_put(bed, r, 10, 2);
	bed_looks(test, bed, r, "#..#..#cc#..####");
}

/* Each request that comes as far as the lists is a credit for its size, up to what a byte holds. */
static void requests_are_demand(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	struct dt_heap *heap = &bed->heap;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, dt_cache_alloc(heap, 4 * DT_GRANULE - 5));
	KUNIT_EXPECT_EQ(test, bed->quick.lists[3].credit, 1);
	KUNIT_EXPECT_NULL(test, dt_cache_alloc(heap, QUICK_LISTS * DT_GRANULE + 1));
	KUNIT_EXPECT_NULL(test, dt_cache_alloc(heap, SZ_4M));
	bed_put(bed, r, 20, 4);
	KUNIT_EXPECT_EQ(test, bed->quick.lists[3].credit, 0);
	/* One that is served is one as well. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_alloc(heap, 4 * DT_GRANULE - 5), region_addr(r, 20));
	KUNIT_EXPECT_EQ(test, bed->quick.lists[3].credit, 1);
	for (i = 0; i < 300; i++)
		KUNIT_ASSERT_NULL(test, dt_cache_alloc(heap, 4 * DT_GRANULE));
	KUNIT_EXPECT_EQ(test, bed->quick.lists[3].credit, U8_MAX);
	bed_put(bed, r, 20, 4);
	KUNIT_EXPECT_EQ(test, bed->quick.lists[3].credit, U8_MAX - 1);
	for (i = 0; i < QUICK_LISTS; i++)
		KUNIT_EXPECT_EQ(test, bed->quick.lists[i].credit, i == 3 ? U8_MAX - 1 : 0);
	bed_sound(test, bed);
}

/* As its owner frees them, and something else then. */
static void settle_one(struct cache_bed *bed, struct dt_region *r, unsigned int first,
		       unsigned int nr)
{
	bed_free(bed, r, first, nr);
	dt_cache_flush_hot(&bed->heap);
}

/*
 * A run that could merge does. Beside what is on its way one might, soon; but where others have
 * freed it all of a batch is on its way, and each would be kept out by the next.
 */
static void gate_isolation(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_put(bed, r, 4, 1);
	bed_put(bed, r, 10, 1);
	bed_credit(bed, 2, 10);
	settle_one(bed, r, 5, 2);
	bed_looks(test, bed, r, "####...###.#####");
	settle_one(bed, r, 8, 2);
	bed_looks(test, bed, r, "####...#...#####");
	settle_one(bed, r, 13, 2);
	bed_looks(test, bed, r, "####...#...##cc#");
	/* A block in a list is nothing to merge with. */
	settle_one(bed, r, 15, 2);
	bed_looks(test, bed, r, "####...#...##cccc##");
	bed_die(r, 20, 1);
	settle_one(bed, r, 21, 2);
	bed_die(r, 27, 1);
	settle_one(bed, r, 25, 2);
	KUNIT_EXPECT_EQ(test, r->ledger[21], LEDGER_FREE);
	KUNIT_EXPECT_EQ(test, r->ledger[25], LEDGER_FREE);
	bed_put(bed, r, 20, 1);
	bed_put(bed, r, 27, 1);
	bed_looks(test, bed, r, "####...#...##cccc###...##...#");
}

/* Others have freed all of these, and none is home yet. */
static void gate_isolation_of_a_batch(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	unsigned int i;

	bed_credit(bed, 2, 2);
	bed_die(r, 4, 7);
	for (i = 0; i < 2; i++)
		dt_cache_put(&bed->heap, r, 4 + 2 * i, 2);
	/* This one has no demand any more, and becomes an extent; one beside it need not merge. */
	dt_cache_put(&bed->heap, r, 8, 2);
	bed_credit(bed, 1, 1);
	dt_cache_put(&bed->heap, r, 10, 1);
	bed_looks(test, bed, r, "####cccc..c#####");
}

/* The ends of a region are no neighbours that are free. */
static void gate_ends_of_region(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_credit(bed, 2, 2);
	bed_put(bed, r, 0, 2);
	bed_put(bed, r, r->nr - 2, 2);
	bed_looks(test, bed, r, "cc##");
	KUNIT_EXPECT_EQ(test, bed->quick.lists[1].depth, 2);
}

/* A region that lies as low as any may be as empty as it likes. */
static void gate_occupancy_of_the_lowest(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;

	bed_add_two(test, bed, &low, &high);
	bed_credit(bed, 1, 10);
	bed_put(bed, low, 20, low->nr - 24);
	bed_put(bed, high, 20, high->nr - 24);
	bed_put(bed, low, 1, 1);
	bed_put(bed, low, 3, 1);
	bed_looks(test, bed, low, "#c#c####");
	bed_put(bed, high, 1, 1);
	bed_looks(test, bed, high, "#.######");
}

/* A higher one is drained while it is less than three quarters full, to the granule. */
static void gate_occupancy(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;
	unsigned int quarter;

	bed_add_two(test, bed, &low, &high);
	quarter = high->nr / 4;
	bed_credit(bed, 1, 20);
	bed_put(bed, low, 7, 5);
	bed_put(bed, high, 20, quarter - 1);
	KUNIT_EXPECT_EQ(test, high->nr_inuse, high->nr - quarter + 1);
	bed_put(bed, high, 1, 1);
	bed_looks(test, bed, high, "#c######");
	bed_put(bed, high, 3, 1);
	bed_looks(test, bed, high, "#c#.####");
}

/* But only if a lower one could serve the request instead. */
static void gate_occupancy_needs_room_below(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;

	bed_add_two(test, bed, &low, &high);
	bed_credit(bed, 1, 20);
	bed_credit(bed, 3, 20);
	bed_put(bed, high, 20, high->nr - 24);
	bed_put(bed, high, 1, 3);
	bed_put(bed, low, 1, 1);
	/* What is in a list there does not count. */
	bed_put(bed, high, 5, 1);
	bed_looks(test, bed, low, "#c######");
	bed_looks(test, bed, high, "#ccc#c######");
	bed_put(bed, low, 7, 2);
	bed_put(bed, high, 7, 3);
	bed_put(bed, high, 11, 1);
	bed_looks(test, bed, low, "#c#####..###");
	bed_looks(test, bed, high, "#ccc#c#ccc#.####");
}

/* A block of a region that has begun to drain is not handed out again; some at a time go. */
static void take_drops_what_is_stale(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;
	unsigned int i;

	bed_add_two(test, bed, &low, &high);
	bed_credit(bed, 1, 20);
	bed_put(bed, low, 1, 1);
	for (i = 0; i < 6; i++)
		bed_put(bed, high, 1 + 2 * i, 1);
	bed_put(bed, high, 20, high->nr - 24);
	bed_looks(test, bed, high, "#c#c#c#c#c#c####");
	/* There is no room below as yet. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&bed->heap, 1), region_addr(high, 11));
	bed_put(bed, low, 7, 4);
	KUNIT_EXPECT_NULL(test, dt_cache_take(&bed->heap, 1));
	bed_looks(test, bed, high, "#c#.#.#.#.######");
	/* The next one, and then what lies in the region that does not drain. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&bed->heap, 1), region_addr(low, 1));
	bed_looks(test, bed, high, "#.#.#.#.#.######");
	bed_looks(test, bed, low, "#######....#####");
}

/* Nor does what was freed last stay hot in a region that should drain. */
static void hot_leaves_what_drains(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;

	bed_add_two(test, bed, &low, &high);
	bed_put(bed, high, 20, high->nr - 24);
	bed_free(bed, high, 1, 2);
	bed_looks(test, bed, high, "#hh#####");
	bed_put(bed, low, 7, 4);
	/* 5 granules in one piece do not fit below. */
	bed_free(bed, high, 3, 3);
	bed_looks(test, bed, high, "#hhhhh##");
	bed_free(bed, high, 10, 3);
	bed_looks(test, bed, high, "#.....####...###");
	bed_free(bed, low, 1, 1);
	bed_looks(test, bed, low, "#h#####....#####");
}

/* What is the last of its region goes to the trees, so that the region can go. */
static void gate_last_of_region(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_credit(bed, 2, 10);
	bed_put(bed, r, 10, r->nr - 10);
	bed_put(bed, r, 2, 2);
	bed_put(bed, r, 5, 5);
	bed_put(bed, r, 4, 1);
	bed_looks(test, bed, r, "##cc............");
	KUNIT_EXPECT_EQ(test, r->nr_inuse, 2);
	KUNIT_EXPECT_NULL(test, bed->heap.spare);
	/* Its neighbours are a guard and a block in a list: but for this gate it would be kept. */
	settle_one(bed, r, 0, 2);
	bed_looks(test, bed, r, "................");
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, r);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), 0);
}

/* What others have freed may be all there is in the only region, and in no other. */
static void gate_last_of_region_of_a_batch(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;

	low = bed_add(test, bed, ORDER_OF_64);
	bed_put(bed, low, 2, low->nr - 2);
	bed_credit(bed, 2, 10);
	bed_put(bed, low, 0, 2);
	bed_looks(test, bed, low, "cc..............");
	KUNIT_EXPECT_EQ(test, low->nr_inuse, 0);
	KUNIT_EXPECT_NULL(test, bed->heap.spare);
	/* Flushed, it is as empty as any. */
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(&bed->heap, CACHE_FLUSH_MAX));
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, low);

	/* Full, so that the other need not drain. */
	KUNIT_ASSERT_PTR_EQ(test, dt_heap_alloc(&bed->heap, low->bytes), low->base);
	high = bed_add(test, bed, ORDER_OF_64);
	bed_put(bed, high, 2, high->nr - 2);
	bed_put(bed, high, 0, 2);
	bed_looks(test, bed, high, "................");
	KUNIT_EXPECT_EQ(test, high->nr_inuse, 0);
}

static void gate_depth(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, 3);
	unsigned int i;

	bed_credit(bed, 1, 100);
	for (i = 0; i < QUICK_DEPTH; i++)
		bed_put(bed, r, 1 + 2 * i, 1);
	KUNIT_EXPECT_EQ(test, bed->quick.lists[0].depth, QUICK_DEPTH);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 0);
	bed_put(bed, r, 1 + 2 * i, 1);
	KUNIT_EXPECT_EQ(test, bed->quick.lists[0].depth, QUICK_DEPTH);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 1);
	bed_sound(test, bed);
}

/* A list of large blocks holds fewer; above the largest size there is none. */
static void gate_bytes(struct kunit *test)
{
	const unsigned int most = QUICK_BYTES >> DT_GRANULE_SHIFT;
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, get_order(2 * QUICK_BYTES));
	unsigned int i;

	bed_credit(bed, QUICK_LISTS, 100);
	KUNIT_EXPECT_NULL(test, dt_cache_alloc(&bed->heap, QUICK_LISTS * DT_GRANULE + 1));
	for (i = 0; i < most / QUICK_LISTS; i++)
		bed_put(bed, r, 1 + (QUICK_LISTS + 1) * i, QUICK_LISTS);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), most);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 0);
	bed_put(bed, r, 1 + (QUICK_LISTS + 1) * i, QUICK_LISTS);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), most);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, QUICK_LISTS);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(&bed->heap, UINT_MAX));
	bed_put(bed, r, r->nr - QUICK_LISTS - 1, QUICK_LISTS + 1);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), 0);
	KUNIT_EXPECT_NULL(test, dt_cache_take(&bed->heap, (QUICK_LISTS + 1) * DT_GRANULE));
	bed_sound(test, bed);
}

/* Of blocks of one size that were freed one beside the other, a request of it takes the first. */
static void hot_of_one_size(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	struct dt_heap *heap = &bed->heap;

	bed_free(bed, r, 6, 2);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	bed_free(bed, r, 8, 2);
	bed_free(bed, r, 4, 2);
	bed_looks(test, bed, r, "####hhhhhh######");
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE + 1));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 6 * DT_GRANULE));
	KUNIT_EXPECT_TRUE(test, hot_has_unit(heap, DT_GRANULE + 1));
	KUNIT_EXPECT_PTR_EQ(test, hot_take_unit(heap, DT_GRANULE + 1), region_addr(r, 4));
	KUNIT_EXPECT_EQ(test, r->ledger[4], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[5], 1);
	bed_looks(test, bed, r, "######hhhh######");
	KUNIT_EXPECT_PTR_EQ(test, hot_take_unit(heap, 2 * DT_GRANULE), region_addr(r, 6));
	bed_looks(test, bed, r, "########hh######");
	/* The last one is like any. */
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_TRUE(test, hot_fits(heap, 2 * DT_GRANULE));
}

/* One of another size among them, wherever it lies, and they are a range like any. */
static void hot_of_two_sizes(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	struct dt_heap *heap = &bed->heap;

	bed_free(bed, r, 6, 2);
	bed_free(bed, r, 8, 2);
	bed_free(bed, r, 3, 3);
	bed_looks(test, bed, r, "###hhhhhhh######");
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 3 * DT_GRANULE));
	bed_free(bed, r, 10, 2);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
}

/* What others free does not become hot, nor drive out what is. */
static void put_leaves_the_hot_range(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_free(bed, r, 4, 2);
	bed_put(bed, r, 9, 2);
	bed_looks(test, bed, r, "####hh###..#####");
	/* Beside it: no more in the way than what is on its way. */
	bed_credit(bed, 1, 1);
	bed_put(bed, r, 6, 1);
	bed_looks(test, bed, r, "####hhc##..#####");
	dt_cache_flush_hot(&bed->heap);
	bed_looks(test, bed, r, "####..c##..#####");
}

/* With a spare there, a region in which only the hot range is left does not wait for it. */
static void hot_alone_goes(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *low, *high;

	bed_add_two(test, bed, &low, &high);
	bed_free(bed, high, 0, high->nr - 2);
	bed_free(bed, high, high->nr - 2, 1);
	bed_free(bed, high, high->nr - 1, 1);
	/* All of it, and there is no other that is empty. */
	KUNIT_EXPECT_EQ(test, bed->heap.hot.nr, high->nr);
	KUNIT_EXPECT_NULL(test, bed->heap.spare);
	bed_free(bed, low, 3, 1);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, high);
	bed_looks(test, bed, low, "###h####");
	bed_free(bed, low, 4, low->nr - 5);
	KUNIT_EXPECT_EQ(test, bed->heap.hot.nr, low->nr - 4);
	bed_free(bed, low, 0, 3);
	bed_free(bed, low, low->nr - 1, 1);
	KUNIT_EXPECT_EQ(test, bed->heap.hot.nr, 0);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, low);
	KUNIT_EXPECT_PTR_EQ(test, heap_take_retired(&bed->heap), high);
	bed_sound(test, bed);
}

/* Blocks in lists do not keep a region in which nothing is live. */
static void lists_do_not_keep_a_region(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *a = bed_add(test, bed, ORDER_OF_64), *b;
	unsigned int i;

	b = bed_add(test, bed, ORDER_OF_64);
	bed_credit(bed, 1, 20);
	bed_credit(bed, 2, 20);
	bed_put(bed, b, 7, 1);
	for (i = 0; i < 4; i++)
		bed_put(bed, a, 1 + 4 * i, 1 + i % 2);
	bed_looks(test, bed, a, "#c###cc##c###cc#");
	for (i = 0; i < 4; i++)
		bed_free(bed, a, 2 + 4 * i + i % 2, 3 - i % 2);
	bed_looks(test, bed, a, "#c...ccccc...cchh##");
	bed_free(bed, a, 17, a->nr - 17);
	bed_free(bed, a, 0, 1);
	KUNIT_EXPECT_EQ(test, a->nr_inuse, 1);
	dt_cache_flush_hot(&bed->heap);
	KUNIT_EXPECT_TRUE(test, region_empty(a));
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, a);
	KUNIT_EXPECT_EQ(test, a->free.nr_extents, 1);
	/* Of other regions all stays. */
	bed_looks(test, bed, b, "#######c####");
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), 1);
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&bed->heap, 1), region_addr(b, 7));
	bed_sound(test, bed);
}

static struct cache_bed the_bed;

static int cache_test_init(struct kunit *test)
{
	if (DT_PAGE_GRANULES << ORDER_OF_64 != PICTURE)
		kunit_skip(test, "pictures are those of regions of 64 granules");
	return bed_make(test, &the_bed);
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE(hot_joins_on_both_sides),
	KUNIT_CASE(hot_is_of_one_region),
	KUNIT_CASE(hot_fits_exactly),
	KUNIT_CASE(hot_off),
	KUNIT_CASE(hot_alone_goes),
	KUNIT_CASE(hot_leaves_what_drains),
	KUNIT_CASE(hot_of_one_size),
	KUNIT_CASE(hot_of_two_sizes),
	KUNIT_CASE(put_leaves_the_hot_range),
	KUNIT_CASE(lists_are_lifo),
	KUNIT_CASE(gate_demand),
	KUNIT_CASE(requests_are_demand),
	KUNIT_CASE(gate_isolation),
	KUNIT_CASE(gate_isolation_of_a_batch),
	KUNIT_CASE(gate_ends_of_region),
	KUNIT_CASE(gate_occupancy),
	KUNIT_CASE(gate_occupancy_of_the_lowest),
	KUNIT_CASE(gate_occupancy_needs_room_below),
	KUNIT_CASE(take_drops_what_is_stale),
	KUNIT_CASE(gate_last_of_region),
	KUNIT_CASE(gate_last_of_region_of_a_batch),
	KUNIT_CASE(gate_depth),
	KUNIT_CASE(gate_bytes),
	KUNIT_CASE(lists_do_not_keep_a_region),
	{}
};

static struct kunit_suite cache_suite = {
	.name = "dualtree_cache",
	.init = cache_test_init,
	.exit = bed_unmake,
	.test_cases = cache_cases,
};

kunit_test_suite(cache_suite);

MODULE_DESCRIPTION("dualtree: tests of the hot range and the quick lists");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
