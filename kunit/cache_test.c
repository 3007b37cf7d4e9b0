// SPDX-License-Identifier: GPL-2.0
/*
 * The hot range and the quick lists, with each condition for a block to enter a list. How blocks
 * get back into the trees is in cache_flush_test.c.
 *
 * Each case compares regions with pictures; see fixtures/cache.h.
 */
#include "fixtures/cache.h"

static void hot_joins_on_both_sides(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);

	dt_expect_picture(f, r, "################");
	free_local(f, r, 5, 2);
	dt_expect_picture(f, r, "#####hh#########");
	free_local(f, r, 7, 3);
	dt_expect_picture(f, r, "#####hhhhh######");
	free_local(f, r, 4, 1);
	dt_expect_picture(f, r, "####hhhhhh######");
	/* One granule further it does not touch: what was hot goes to the trees. */
	free_local(f, r, 11, 1);
	dt_expect_picture(f, r, "####......#h####");
	free_local(f, r, 2, 1);
	dt_expect_picture(f, r, "##h#......#.####");
	/* The granule between them merges with both when it is evicted. */
	free_local(f, r, 10, 1);
	dt_expect_picture(f, r, "##.#......h.####");
	dt_cache_flush_hot(&f->heap);
	dt_expect_picture(f, r, "##.#........####");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 2);
}

/* Two regions are never joined, whatever their granules are called. */
static void hot_is_of_one_region(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *a = dt_add_region(f, ORDER_OF_64), *b = dt_add_region(f, ORDER_OF_64);

	free_local(f, a, 5, 2);
	free_local(f, b, 7, 2);
	dt_expect_picture(f, a, "#####..#####");
	dt_expect_picture(f, b, "#######hh###");
	free_local(f, a, 3, 2);
	dt_expect_picture(f, a, "###hh..#####");
	dt_expect_picture(f, b, "#######..###");
}

/* Only a request of its very size is served, to the granule; the bytes are counted exactly. */
static void hot_fits_exactly(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	const size_t size = 3 * DT_GRANULE;

	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, 0));
	free_local(f, r, 8, 3);
	KUNIT_EXPECT_TRUE(test, hot_fits(&f->heap, size));
	KUNIT_EXPECT_TRUE(test, hot_fits(&f->heap, size - DT_GRANULE + 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, size - DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, size + 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, SIZE_MAX));
	KUNIT_EXPECT_PTR_EQ(test, hot_take(&f->heap, size - 30, true), region_addr(r, 8));
	KUNIT_EXPECT_EQ(test, r->ledger[8], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[9], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[10], DT_GRANULE - 30);
	KUNIT_EXPECT_FALSE(test, hot_fits(&f->heap, size));
	dt_expect_picture(f, r, "################");
}

/* Where there never is a hot range nothing fits, and frees go to the trees at once. */
static void hot_off(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_heap *heap = &f->heap;
	struct dt_region_tally tally = { 0 };
	struct dt_region *r;

	dt_heap_init(heap);
	r = dt_add_region(f, ORDER_OF_64);
	KUNIT_EXPECT_FALSE(test, hot_fits(heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_fits(heap, SIZE_MAX));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 0));
	add_credit(f, 2, 9);
	free_local(f, r, 5, 2);
	free_drained(f, r, 9, 2);
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
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	struct dt_heap *heap = &f->heap;

	add_credit(f, 2, 3);
	add_credit(f, 1, 1);
	free_local(f, r, 1, 2);
	free_local(f, r, 9, 2);
	free_local(f, r, 12, 1);
	free_local(f, r, 5, 2);
	dt_expect_picture(f, r, "#cc##hh##cc#c###");
	dt_cache_flush_hot(heap);
	dt_expect_picture(f, r, "#cc##cc##cc#c###");
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 3 * DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 2 * DT_GRANULE - 7), region_addr(r, 5));
	KUNIT_EXPECT_EQ(test, r->ledger[5], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[6], DT_GRANULE - 7);
	dt_expect_picture(f, r, "#cc######cc#c###");
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 1), region_addr(r, 12));
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, DT_GRANULE + 1), region_addr(r, 9));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 2 * DT_GRANULE), region_addr(r, 1));
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 2 * DT_GRANULE));
	dt_expect_picture(f, r, "################");
	KUNIT_EXPECT_EQ(test, r->nr_inuse, r->nr);
}

/* Each deposit spends a credit of its own size; there are never more than a byte holds. */
static void gate_demand(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);

	free_drained(f, r, 1, 2);
	dt_expect_picture(f, r, "#..#############");
	add_credit(f, 1, 5);
	add_credit(f, 3, 5);
	free_drained(f, r, 4, 2);
	dt_expect_picture(f, r, "#..#..##########");
	add_credit(f, 2, 1);
	free_drained(f, r, 7, 2);
	free_drained(f, r, 10, 2);
	dt_expect_picture(f, r, "#..#..#cc#..####");
}

/* Each request that comes as far as the lists is a credit for its size, up to what a byte holds. */
static void requests_are_demand(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	struct dt_heap *heap = &f->heap;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, cache_alloc(heap, 4 * DT_GRANULE - 5));
	KUNIT_EXPECT_EQ(test, f->quick.lists[3].credit, 1);
	KUNIT_EXPECT_NULL(test, cache_alloc(heap, QUICK_LISTS * DT_GRANULE + 1));
	KUNIT_EXPECT_NULL(test, cache_alloc(heap, SZ_4M));
	free_drained(f, r, 20, 4);
	KUNIT_EXPECT_EQ(test, f->quick.lists[3].credit, 0);
	/* One that is served is one as well. */
	KUNIT_EXPECT_PTR_EQ(test, cache_alloc(heap, 4 * DT_GRANULE - 5), region_addr(r, 20));
	KUNIT_EXPECT_EQ(test, f->quick.lists[3].credit, 1);
	for (i = 0; i < 300; i++)
		KUNIT_ASSERT_NULL(test, cache_alloc(heap, 4 * DT_GRANULE));
	KUNIT_EXPECT_EQ(test, f->quick.lists[3].credit, U8_MAX);
	free_drained(f, r, 20, 4);
	KUNIT_EXPECT_EQ(test, f->quick.lists[3].credit, U8_MAX - 1);
	for (i = 0; i < QUICK_LISTS; i++)
		KUNIT_EXPECT_EQ(test, f->quick.lists[i].credit, i == 3 ? U8_MAX - 1 : 0);
	dt_expect_sound(f);
}

/* Free as the owner does, and make something else hot. */
static void free_local_only(struct cache_fixture *f, struct dt_region *r, unsigned int first,
			    unsigned int nr)
{
	free_local(f, r, first, nr);
	dt_cache_flush_hot(&f->heap);
}

/*
 * A run that could merge does. Next to granules in flight it might, soon; but of a
 * remote batch all are in flight, and each would keep its neighbour out of the list.
 */
static void gate_isolation(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);

	free_drained(f, r, 4, 1);
	free_drained(f, r, 10, 1);
	add_credit(f, 2, 10);
	free_local_only(f, r, 5, 2);
	dt_expect_picture(f, r, "####...###.#####");
	free_local_only(f, r, 8, 2);
	dt_expect_picture(f, r, "####...#...#####");
	free_local_only(f, r, 13, 2);
	dt_expect_picture(f, r, "####...#...##cc#");
	/* A block in a list is nothing to merge with. */
	free_local_only(f, r, 15, 2);
	dt_expect_picture(f, r, "####...#...##cccc##");
	/* And so is what is in flight. */
	mark_dead(r, 20, 1);
	free_local_only(f, r, 21, 2);
	mark_dead(r, 27, 1);
	free_local_only(f, r, 25, 2);
	KUNIT_EXPECT_TRUE(test, ledger_is_first(r->ledger[21]));
	KUNIT_EXPECT_TRUE(test, ledger_is_first(r->ledger[25]));
	free_drained(f, r, 20, 1);
	free_drained(f, r, 27, 1);
	dt_expect_picture(f, r, "####...#...##cccc###...##...#");
}

/* Another CPU has freed all of these, and none is drained yet. */
static void gate_isolation_of_a_batch(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	unsigned int i;

	add_credit(f, 2, 2);
	mark_dead(r, 4, 7);
	for (i = 0; i < 2; i++)
		dt_cache_put(&f->heap, r, 4 + 2 * i, 2);
	/* This one has no credit left, and becomes an extent; the next one need not merge. */
	dt_cache_put(&f->heap, r, 8, 2);
	add_credit(f, 1, 1);
	dt_cache_put(&f->heap, r, 10, 1);
	dt_expect_picture(f, r, "####cccc..c#####");
}

/* At the ends of a region there are no free neighbours. */
static void gate_ends_of_region(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);

	add_credit(f, 2, 2);
	free_drained(f, r, 0, 2);
	free_drained(f, r, r->nr - 2, 2);
	dt_expect_picture(f, r, "cc##");
	KUNIT_EXPECT_EQ(test, f->quick.lists[1].depth, 2);
}

/* A region that lies as low as any may be as empty as it likes. */
static void gate_occupancy_of_the_lowest(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	add_credit(f, 1, 10);
	free_drained(f, low, 20, low->nr - 24);
	free_drained(f, high, 20, high->nr - 24);
	free_drained(f, low, 1, 1);
	free_drained(f, low, 3, 1);
	dt_expect_picture(f, low, "#c#c####");
	free_drained(f, high, 1, 1);
	dt_expect_picture(f, high, "#.######");
}

/* A higher one is drained while it is less than three quarters full, to the granule. */
static void gate_occupancy(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;
	unsigned int quarter;

	dt_add_two_regions(f, &low, &high);
	quarter = high->nr / 4;
	add_credit(f, 1, 20);
	free_drained(f, low, 7, 5);
	free_drained(f, high, 20, quarter - 1);
	KUNIT_EXPECT_EQ(test, high->nr_inuse, high->nr - quarter + 1);
	free_drained(f, high, 1, 1);
	dt_expect_picture(f, high, "#c######");
	free_drained(f, high, 3, 1);
	dt_expect_picture(f, high, "#c#.####");
}

/* A higher region drains only if a lower one could serve the request. */
static void gate_occupancy_needs_room_below(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	add_credit(f, 1, 20);
	add_credit(f, 3, 20);
	free_drained(f, high, 20, high->nr - 24);
	free_drained(f, high, 1, 3);
	free_drained(f, low, 1, 1);
	/* What is in a list there does not count. */
	free_drained(f, high, 5, 1);
	dt_expect_picture(f, low, "#c######");
	dt_expect_picture(f, high, "#ccc#c######");
	free_drained(f, low, 7, 2);
	free_drained(f, high, 7, 3);
	free_drained(f, high, 11, 1);
	dt_expect_picture(f, low, "#c#####..###");
	dt_expect_picture(f, high, "#ccc#c#ccc#.####");
}

/* A block of a region that drains is not allocated again; some are evicted at a time. */
static void take_drops_what_is_stale(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;
	unsigned int i;

	dt_add_two_regions(f, &low, &high);
	add_credit(f, 1, 20);
	free_drained(f, low, 1, 1);
	for (i = 0; i < 6; i++)
		free_drained(f, high, 1 + 2 * i, 1);
	free_drained(f, high, 20, high->nr - 24);
	dt_expect_picture(f, high, "#c#c#c#c#c#c####");
	/* There is no room below as yet. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&f->heap, 1), region_addr(high, 11));
	free_drained(f, low, 7, 4);
	KUNIT_EXPECT_NULL(test, dt_cache_take(&f->heap, 1));
	dt_expect_picture(f, high, "#c#.#.#.#.######");
	/* The next one, and then what lies in the region that does not drain. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&f->heap, 1), region_addr(low, 1));
	dt_expect_picture(f, high, "#.#.#.#.#.######");
	dt_expect_picture(f, low, "#######....#####");
}

/* The hot range is evicted from a region that should drain. */
static void hot_leaves_what_drains(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	free_drained(f, high, 20, high->nr - 24);
	free_local(f, high, 1, 2);
	dt_expect_picture(f, high, "#hh#####");
	free_drained(f, low, 7, 4);
	/* 5 adjacent granules do not fit below. */
	free_local(f, high, 3, 3);
	dt_expect_picture(f, high, "#hhhhh##");
	free_local(f, high, 10, 3);
	dt_expect_picture(f, high, "#.....####kkk###");
	free_local(f, low, 1, 1);
	dt_expect_picture(f, low, "#h#####....#####");
	dt_expect_picture(f, high, "#.....####kkk###");
}

/* That no lower region has room is known until one has. */
static void packed_until_there_is_room(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	free_drained(f, low, 7, 2);
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, high, 4));
	KUNIT_EXPECT_FALSE(test, dt_heap_fits_below(&f->heap, high, 4));
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, high, 4));
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, low, 4));
	/* It was not asked for. */
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, high, 3));
	free_drained(f, low, 9, 1);
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, high, 4));
	free_drained(f, low, 10, 1);
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, high, 4));
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, high, 5));
	KUNIT_EXPECT_TRUE(test, dt_heap_fits_below(&f->heap, high, 4));
	/* No region had room: then that in any of them counts, but once asked that below only. */
	free_drained(f, high, 20, 8);
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, high, 5));
	KUNIT_EXPECT_FALSE(test, dt_heap_fits_below(&f->heap, high, 5));
	free_drained(f, high, 30, 9);
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, high, 5));
}

/* What is cold grows at both ends, until something else becomes cold or a request looks there. */
static void cold_joins_on_both_sides(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	free_drained(f, high, 20, high->nr - 22);
	free_drained(f, low, 7, 12);
	free_local(f, high, 5, 2);
	free_local(f, high, 7, 1);
	free_local(f, high, 3, 2);
	dt_expect_picture(f, high, "###kkkkk########");
	/* The ledger says what is adjacent, not the order of the frees. */
	free_local(f, high, 10, 2);
	dt_expect_picture(f, high, "###.....##kk####");
	dt_cache_flush_hot(&f->heap);
	dt_expect_picture(f, high, "###.....##..####");
	free_local(f, high, 8, 2);
	dt_expect_picture(f, high, "###.....kk..####");
	/* It takes a request of a size that no list has to the trees. */
	KUNIT_EXPECT_NOT_NULL(test, dt_cache_alloc_trees(&f->heap, 3 * DT_GRANULE));
	dt_expect_picture(f, high, "###.........####");
}

/* The last live granules of a region: it is empty at once, though some are cold. */
static void cold_does_not_keep_a_region(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	free_drained(f, low, 7, 12);
	free_drained(f, high, 12, high->nr - 12);
	free_local(f, high, 2, 3);
	dt_expect_picture(f, high, "##kkk#######....");
	free_drained(f, high, 6, 6);
	dt_expect_picture(f, high, "##kkk#......");
	free_drained(f, high, 0, 2);
	dt_expect_picture(f, high, "..kkk#......");
	/* By a drain, which leaves what is cold as it is. */
	free_drained(f, high, 5, 1);
	KUNIT_EXPECT_TRUE(test, region_empty(high));
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, high);
	dt_expect_sound(f);
}

/*
 * Blocks of a size that is asked for again and again are carved at once: they lie where they would
 * have been carved one by one.
 */
static void run_of_one_size(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	void *blocks[3];
	unsigned int i;

	free_drained(f, r, 1, r->nr - 1);
	for (i = 0; i < 2; i++)
		blocks[i] = dt_cache_alloc_trees(&f->heap, 2 * DT_GRANULE);
	KUNIT_EXPECT_PTR_EQ(test, blocks[0], region_addr(r, 1));
	KUNIT_EXPECT_PTR_EQ(test, blocks[1], region_addr(r, 3));
	dt_expect_picture(f, r, "#####hhhhhhhhhhhhhhhhhhhhhhhhhhhhhh..");
	KUNIT_EXPECT_TRUE(test, hot_has_unit(&f->heap, 2 * DT_GRANULE));
	/* Another size ends it. */
	blocks[2] = dt_cache_alloc_trees(&f->heap, 3 * DT_GRANULE);
	KUNIT_EXPECT_PTR_EQ(test, blocks[2], region_addr(r, 5));
	dt_expect_picture(f, r, "########........");
	dt_cache_alloc_trees(&f->heap, 2 * DT_GRANULE);
	dt_expect_picture(f, r, "##########......");
}

/* The last live granules of a region go to the trees, so that the region can be retired. */
static void gate_last_of_region(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);

	add_credit(f, 2, 10);
	free_drained(f, r, 10, r->nr - 10);
	free_drained(f, r, 2, 2);
	free_drained(f, r, 5, 5);
	free_drained(f, r, 4, 1);
	dt_expect_picture(f, r, "##cc............");
	KUNIT_EXPECT_EQ(test, r->nr_inuse, 2);
	KUNIT_EXPECT_NULL(test, f->heap.spare);
	/* Its neighbours are a guard and a block in a list: without this gate it would be kept. */
	free_local_only(f, r, 0, 2);
	dt_expect_picture(f, r, "................");
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, r);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&f->heap), 0);
}

/* Drained blocks in lists may be the last of the only region, and of no other. */
static void gate_last_of_region_of_a_batch(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	low = dt_add_region(f, ORDER_OF_64);
	free_drained(f, low, 2, low->nr - 2);
	add_credit(f, 2, 10);
	free_drained(f, low, 0, 2);
	dt_expect_picture(f, low, "cc..............");
	KUNIT_EXPECT_EQ(test, low->nr_inuse, 0);
	KUNIT_EXPECT_NULL(test, f->heap.spare);
	/* Flushed, it is as empty as any. */
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(&f->heap, CACHE_FLUSH_MAX));
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, low);

	/* Full, so that the other need not drain. */
	KUNIT_ASSERT_PTR_EQ(test, dt_heap_alloc(&f->heap, low->bytes), low->base);
	high = dt_add_region(f, ORDER_OF_64);
	free_drained(f, high, 2, high->nr - 2);
	free_drained(f, high, 0, 2);
	dt_expect_picture(f, high, "................");
	KUNIT_EXPECT_EQ(test, high->nr_inuse, 0);
}

static void gate_depth(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, 3);
	unsigned int i;

	add_credit(f, 1, 100);
	for (i = 0; i < QUICK_DEPTH; i++)
		free_drained(f, r, 1 + 2 * i, 1);
	KUNIT_EXPECT_EQ(test, f->quick.lists[0].depth, QUICK_DEPTH);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 0);
	free_drained(f, r, 1 + 2 * i, 1);
	KUNIT_EXPECT_EQ(test, f->quick.lists[0].depth, QUICK_DEPTH);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 1);
	dt_expect_sound(f);
}

/* A list of large blocks holds fewer; above the largest size there is none. */
static void gate_bytes(struct kunit *test)
{
	const unsigned int granules_max = QUICK_BYTES >> DT_GRANULE_SHIFT;
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, get_order(2 * QUICK_BYTES));
	unsigned int i;

	add_credit(f, QUICK_LISTS, 100);
	KUNIT_EXPECT_NULL(test, cache_alloc(&f->heap, QUICK_LISTS * DT_GRANULE + 1));
	for (i = 0; i < granules_max / QUICK_LISTS; i++)
		free_drained(f, r, 1 + (QUICK_LISTS + 1) * i, QUICK_LISTS);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&f->heap), granules_max);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 0);
	free_drained(f, r, 1 + (QUICK_LISTS + 1) * i, QUICK_LISTS);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&f->heap), granules_max);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, QUICK_LISTS);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(&f->heap, UINT_MAX));
	free_drained(f, r, r->nr - QUICK_LISTS - 1, QUICK_LISTS + 1);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&f->heap), 0);
	KUNIT_EXPECT_NULL(test, dt_cache_take(&f->heap, (QUICK_LISTS + 1) * DT_GRANULE));
	dt_expect_sound(f);
}

/* Of adjacent blocks of one size that were freed, a request of that size takes the first. */
static void hot_of_one_size(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	struct dt_heap *heap = &f->heap;

	free_local(f, r, 6, 2);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	free_local(f, r, 8, 2);
	free_local(f, r, 4, 2);
	dt_expect_picture(f, r, "####hhhhhh######");
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE + 1));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 6 * DT_GRANULE));
	KUNIT_EXPECT_TRUE(test, hot_has_unit(heap, DT_GRANULE + 1));
	KUNIT_EXPECT_PTR_EQ(test, hot_take_unit(heap, DT_GRANULE + 1, true), region_addr(r, 4));
	KUNIT_EXPECT_EQ(test, r->ledger[4], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[5], 1);
	dt_expect_picture(f, r, "######hhhh######");
	KUNIT_EXPECT_PTR_EQ(test, hot_take_unit(heap, 2 * DT_GRANULE, false), region_addr(r, 6));
	dt_expect_picture(f, r, "########hh######");
	/* The last one is like any. */
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_TRUE(test, hot_fits(heap, 2 * DT_GRANULE));
}

/* The unit ends with its range: a block that is freed later is not cut into such units. */
static void hot_unit_ends(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	struct dt_heap *heap = &f->heap;

	free_local(f, r, 4, 2);
	free_local(f, r, 6, 2);
	KUNIT_EXPECT_TRUE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, hot_take(heap, 4 * DT_GRANULE, true), region_addr(r, 4));
	free_local(f, r, 20, 11);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	dt_expect_picture(f, r, "####################hhhhhhhhhhh#");
}

/* With a block of another size among them, the hot range is one block. */
static void hot_of_two_sizes(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);
	struct dt_heap *heap = &f->heap;

	free_local(f, r, 6, 2);
	free_local(f, r, 8, 2);
	free_local(f, r, 3, 3);
	dt_expect_picture(f, r, "###hhhhhhh######");
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 3 * DT_GRANULE));
	free_local(f, r, 10, 2);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
}

/* Drained blocks do not become hot, and do not evict the hot range. */
static void put_leaves_the_hot_range(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r = dt_add_region(f, ORDER_OF_64);

	free_local(f, r, 4, 2);
	free_drained(f, r, 9, 2);
	dt_expect_picture(f, r, "####hh###..#####");
	/* Adjacent to the hot range, which is no neighbour to merge with. */
	add_credit(f, 1, 1);
	free_drained(f, r, 6, 1);
	dt_expect_picture(f, r, "####hhc##..#####");
	dt_cache_flush_hot(&f->heap);
	dt_expect_picture(f, r, "####..c##..#####");
}

/* With a spare, a region with nothing but the hot range in use is retired at once. */
static void hot_alone_goes(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *low, *high;

	dt_add_two_regions(f, &low, &high);
	free_local(f, high, 0, high->nr - 2);
	free_local(f, high, high->nr - 2, 1);
	free_local(f, high, high->nr - 1, 1);
	/* All of it, and there is no other that is empty. */
	KUNIT_EXPECT_EQ(test, f->heap.hot.nr, high->nr);
	KUNIT_EXPECT_NULL(test, f->heap.spare);
	free_local(f, low, 3, 1);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, high);
	dt_expect_picture(f, low, "###h####");
	free_local(f, low, 4, low->nr - 5);
	KUNIT_EXPECT_EQ(test, f->heap.hot.nr, low->nr - 4);
	free_local(f, low, 0, 3);
	free_local(f, low, low->nr - 1, 1);
	KUNIT_EXPECT_EQ(test, f->heap.hot.nr, 0);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, low);
	KUNIT_EXPECT_PTR_EQ(test, heap_take_retired(&f->heap), high);
	dt_expect_sound(f);
}

/* Blocks in lists do not keep a region in which nothing is live. */
static void lists_do_not_keep_a_region(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *a = dt_add_region(f, ORDER_OF_64), *b;
	unsigned int i;

	b = dt_add_region(f, ORDER_OF_64);
	add_credit(f, 1, 20);
	add_credit(f, 2, 20);
	free_drained(f, b, 7, 1);
	for (i = 0; i < 4; i++)
		free_drained(f, a, 1 + 4 * i, 1 + i % 2);
	dt_expect_picture(f, a, "#c###cc##c###cc#");
	for (i = 0; i < 4; i++)
		free_local(f, a, 2 + 4 * i + i % 2, 3 - i % 2);
	dt_expect_picture(f, a, "#c...ccccc...cchh##");
	free_local(f, a, 17, a->nr - 17);
	free_local(f, a, 0, 1);
	KUNIT_EXPECT_EQ(test, a->nr_inuse, 1);
	dt_cache_flush_hot(&f->heap);
	KUNIT_EXPECT_TRUE(test, region_empty(a));
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, a);
	KUNIT_EXPECT_EQ(test, a->free.nr_extents, 1);
	/* Of other regions all stays. */
	dt_expect_picture(f, b, "#######c####");
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&f->heap), 1);
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&f->heap, 1), region_addr(b, 7));
	dt_expect_sound(f);
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE(hot_joins_on_both_sides),
	KUNIT_CASE(hot_is_of_one_region),
	KUNIT_CASE(hot_fits_exactly),
	KUNIT_CASE(hot_off),
	KUNIT_CASE(hot_alone_goes),
	KUNIT_CASE(hot_leaves_what_drains),
	KUNIT_CASE(packed_until_there_is_room),
	KUNIT_CASE(cold_joins_on_both_sides),
	KUNIT_CASE(cold_does_not_keep_a_region),
	KUNIT_CASE(run_of_one_size),
	KUNIT_CASE(hot_of_one_size),
	KUNIT_CASE(hot_unit_ends),
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

DUALTREE_SUITE(cache, "the hot range and the quick lists",
	       .init = dt_cache_pictures_init, .exit = dt_cache_fixture_exit);
