// SPDX-License-Identifier: GPL-2.0
/*
 * The hot and the cold range of a heap. Its quick lists are in quick_test.c; how blocks get back
 * into the trees is in cache_flush_test.c.
 *
 * Each case compares regions with pictures; see fixtures/cache.h.
 */
#include "fixtures/cache.h"

static void hot_joins_on_both_sides(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	dt_expect_picture(test, r, "################");
	dt_expect_free_local(test, r, 5, 2, "#####hh#########");
	dt_expect_free_local(test, r, 7, 3, "#####hhhhh######");
	dt_expect_free_local(test, r, 4, 1, "####hhhhhh######");
	/* One granule further it does not touch: what was hot goes to the trees. */
	dt_expect_free_local(test, r, 11, 1, "####......#h####");
	dt_expect_free_local(test, r, 2, 1, "##h#......#.####");
	/* The granule between them merges with both when it is evicted. */
	dt_expect_free_local(test, r, 10, 1, "##.#......h.####");
	dt_cache_flush_hot(r->heap);
	dt_expect_picture(test, r, "##.#........####");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 2);
}

/* Two regions are never joined, whatever their granules are called. */
static void hot_is_of_one_region(struct kunit *test)
{
	struct dt_region *a = dt_add_region(test, ORDER_OF_64);
	struct dt_region *b = dt_add_region(test, ORDER_OF_64);

	free_local(a, 5, 2);
	free_local(b, 7, 2);
	dt_expect_picture(test, a, "#####..#####");
	dt_expect_picture(test, b, "#######hh###");
	dt_expect_free_local(test, a, 3, 2, "###hh..#####");
	dt_expect_picture(test, b, "#######..###");
}

/* Only a request of its very size is served, to the granule; the bytes are counted exactly. */
static void hot_fits_exactly(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	const size_t size = 3 * DT_GRANULE;

	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, 0));
	free_local(r, 8, 3);
	KUNIT_EXPECT_TRUE(test, hot_fits(r->heap, size));
	KUNIT_EXPECT_TRUE(test, hot_fits(r->heap, size - DT_GRANULE + 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, size - DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, size + 1));
	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, SIZE_MAX));
	KUNIT_EXPECT_PTR_EQ(test, hot_take(r->heap, size - 30, true), region_addr(r, 8));
	KUNIT_EXPECT_EQ(test, r->ledger[8], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[9], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[10], DT_GRANULE - 30);
	KUNIT_EXPECT_FALSE(test, hot_fits(r->heap, size));
	dt_expect_picture(test, r, "################");
}

/* Where there never is a hot range nothing fits, and frees go to the trees at once. */
static void hot_off(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_heap *heap = &f->heap;
	struct dt_region_tally tally = { 0 };
	struct dt_region *r;

	dt_heap_init(heap);
	r = dt_add_region(test, ORDER_OF_64);
	KUNIT_EXPECT_FALSE(test, hot_fits(heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_fits(heap, SIZE_MAX));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 0));
	quick_list(&f->quick, 2)->credit = 9;
	free_local(r, 5, 2);
	free_drained(r, 9, 2);
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

/* The hot range is evicted from a region that should drain. */
static void hot_leaves_what_drains(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	free_drained(f->high, 20, f->high->nr - 24);
	dt_expect_free_local(test, f->high, 1, 2, "#hh#####");
	free_drained(f->low, 7, 4);
	/* 5 adjacent granules do not fit below. */
	dt_expect_free_local(test, f->high, 3, 3, "#hhhhh##");
	dt_expect_free_local(test, f->high, 10, 3, "#.....####kkk###");
	dt_expect_free_local(test, f->low, 1, 1, "#h#####....#####");
	dt_expect_picture(test, f->high, "#.....####kkk###");
}

/* That no lower region has room is known until one has. */
static void packed_until_there_is_room(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	free_drained(f->low, 7, 2);
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, f->high, 4));
	KUNIT_EXPECT_FALSE(test, dt_heap_fits_below(&f->heap, f->high, 4));
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, f->high, 4));
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, f->low, 4));
	/* It was not asked for. */
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, f->high, 3));
	free_drained(f->low, 9, 1);
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, f->high, 4));
	free_drained(f->low, 10, 1);
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, f->high, 4));
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, f->high, 5));
	KUNIT_EXPECT_TRUE(test, dt_heap_fits_below(&f->heap, f->high, 4));
	/* No region had room: then that in any of them counts, but once asked that below only. */
	free_drained(f->high, 20, 8);
	KUNIT_EXPECT_FALSE(test, heap_packed(&f->heap, f->high, 5));
	KUNIT_EXPECT_FALSE(test, dt_heap_fits_below(&f->heap, f->high, 5));
	free_drained(f->high, 30, 9);
	KUNIT_EXPECT_TRUE(test, heap_packed(&f->heap, f->high, 5));
}

/* What is cold grows at both ends, until something else becomes cold or a request looks there. */
static void cold_joins_on_both_sides(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	free_drained(f->high, 20, f->high->nr - 22);
	free_drained(f->low, 7, 12);
	free_local(f->high, 5, 2);
	free_local(f->high, 7, 1);
	dt_expect_free_local(test, f->high, 3, 2, "###kkkkk########");
	/* The ledger says what is adjacent, not the order of the frees. */
	dt_expect_free_local(test, f->high, 10, 2, "###.....##kk####");
	dt_cache_flush_hot(&f->heap);
	dt_expect_picture(test, f->high, "###.....##..####");
	dt_expect_free_local(test, f->high, 8, 2, "###.....kk..####");
	/* It takes a request of a size that no list has to the trees. */
	KUNIT_EXPECT_NOT_NULL(test, dt_cache_alloc_trees(&f->heap, 3 * DT_GRANULE));
	dt_expect_picture(test, f->high, "###.........####");
}

/* The last live granules of a region: it is empty at once, though some are cold. */
static void cold_does_not_keep_a_region(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	free_drained(f->low, 7, 12);
	free_drained(f->high, 12, f->high->nr - 12);
	dt_expect_free_local(test, f->high, 2, 3, "##kkk#######....");
	dt_expect_free_drained(test, f->high, 6, 6, "##kkk#......");
	dt_expect_free_drained(test, f->high, 0, 2, "..kkk#......");
	/* By a drain, which leaves what is cold as it is. */
	free_drained(f->high, 5, 1);
	KUNIT_EXPECT_TRUE(test, region_empty(f->high));
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, f->high);
	dt_expect_sound(test);
}

/*
 * Blocks of a size that is asked for again and again are carved at once: they lie where they would
 * have been carved one by one.
 */
static void run_of_one_size(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	void *blocks[3];
	unsigned int i;

	free_drained(r, 1, r->nr - 1);
	for (i = 0; i < 2; i++)
		blocks[i] = dt_cache_alloc_trees(r->heap, 2 * DT_GRANULE);
	KUNIT_EXPECT_PTR_EQ(test, blocks[0], region_addr(r, 1));
	KUNIT_EXPECT_PTR_EQ(test, blocks[1], region_addr(r, 3));
	dt_expect_picture(test, r, "#####hhhhhhhhhhhhhhhhhhhhhhhhhhhhhh..");
	KUNIT_EXPECT_TRUE(test, hot_has_unit(r->heap, 2 * DT_GRANULE));
	/* Another size ends it. */
	blocks[2] = dt_cache_alloc_trees(r->heap, 3 * DT_GRANULE);
	KUNIT_EXPECT_PTR_EQ(test, blocks[2], region_addr(r, 5));
	dt_expect_picture(test, r, "########........");
	dt_cache_alloc_trees(r->heap, 2 * DT_GRANULE);
	dt_expect_picture(test, r, "##########......");
}

/* Of adjacent blocks of one size that were freed, a request of that size takes the first. */
static void hot_of_one_size(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = r->heap;

	free_local(r, 6, 2);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	free_local(r, 8, 2);
	dt_expect_free_local(test, r, 4, 2, "####hhhhhh######");
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 0));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE + 1));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 6 * DT_GRANULE));
	KUNIT_EXPECT_TRUE(test, hot_has_unit(heap, DT_GRANULE + 1));
	KUNIT_EXPECT_PTR_EQ(test, hot_take_unit(heap, DT_GRANULE + 1, true), region_addr(r, 4));
	KUNIT_EXPECT_EQ(test, r->ledger[4], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[5], 1);
	dt_expect_picture(test, r, "######hhhh######");
	KUNIT_EXPECT_PTR_EQ(test, hot_take_unit(heap, 2 * DT_GRANULE, false), region_addr(r, 6));
	dt_expect_picture(test, r, "########hh######");
	/* The last one is like any. */
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_TRUE(test, hot_fits(heap, 2 * DT_GRANULE));
}

/* The unit ends with its range: a block that is freed later is not cut into such units. */
static void hot_unit_ends(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = r->heap;

	free_local(r, 4, 2);
	free_local(r, 6, 2);
	KUNIT_EXPECT_TRUE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, hot_take(heap, 4 * DT_GRANULE, true), region_addr(r, 4));
	free_local(r, 20, 11);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	dt_expect_picture(test, r, "####################hhhhhhhhhhh#");
}

/* With a block of another size among them, the hot range is one block. */
static void hot_of_two_sizes(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = r->heap;

	free_local(r, 6, 2);
	free_local(r, 8, 2);
	dt_expect_free_local(test, r, 3, 3, "###hhhhhhh######");
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 3 * DT_GRANULE));
	free_local(r, 10, 2);
	KUNIT_EXPECT_FALSE(test, hot_has_unit(heap, 2 * DT_GRANULE));
}

/* Drained blocks do not become hot, and do not evict the hot range. */
static void put_leaves_the_hot_range(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	free_local(r, 4, 2);
	dt_expect_free_drained(test, r, 9, 2, "####hh###..#####");
	/* Adjacent to the hot range, which is no neighbour to merge with. */
	add_credit(r->heap, 1, 1);
	dt_expect_free_drained(test, r, 6, 1, "####hhc##..#####");
	dt_cache_flush_hot(r->heap);
	dt_expect_picture(test, r, "####..c##..#####");
}

/* With a spare, a region with nothing but the hot range in use is retired at once. */
static void hot_alone_goes(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	free_local(f->high, 0, f->high->nr - 2);
	free_local(f->high, f->high->nr - 2, 1);
	free_local(f->high, f->high->nr - 1, 1);
	/* All of it, and there is no other that is empty. */
	KUNIT_EXPECT_EQ(test, f->heap.hot.nr, f->high->nr);
	KUNIT_EXPECT_NULL(test, f->heap.spare);
	free_local(f->low, 3, 1);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, f->high);
	dt_expect_picture(test, f->low, "###h####");
	free_local(f->low, 4, f->low->nr - 5);
	KUNIT_EXPECT_EQ(test, f->heap.hot.nr, f->low->nr - 4);
	free_local(f->low, 0, 3);
	free_local(f->low, f->low->nr - 1, 1);
	KUNIT_EXPECT_EQ(test, f->heap.hot.nr, 0);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, f->low);
	KUNIT_EXPECT_PTR_EQ(test, heap_take_retired(&f->heap), f->high);
	dt_expect_sound(test);
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
	{}
};

DUALTREE_SUITE(cache, "the hot and the cold range",
	       .init = dt_cache_pictures_init, .exit = dt_cache_fixture_exit);
