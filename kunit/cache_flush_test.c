// SPDX-License-Identifier: GPL-2.0
/*
 * Flushing the hot range and the quick lists into a heap's trees: all of it, or what lies in a
 * range that is to become one extent, in bounded steps.
 *
 * Each case compares regions with pictures; see fixtures/cache.h.
 */
#include "../dualtree/remote.h"
#include "fixtures/cache.h"

/* At most so many blocks at a time; the hot range goes with the first. */
static void flush_is_bounded(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = r->heap;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 0));
	add_credit(heap, 1, 20);
	add_credit(heap, 2, 20);
	for (i = 0; i < 5; i++)
		free_drained(r, 1 + 3 * i, 1 + i % 2);
	dt_expect_free_local(test, r, 20, 3, "#c##cc#c##cc#c######hhh#");
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(heap, 0));
	dt_expect_picture(test, r, "#c##cc#c##cc#c######...#");
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(heap, 2));
	KUNIT_EXPECT_EQ(test, dt_cache_listed(heap), 5);
	dt_expect_sound(test);
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(heap, 2));
	KUNIT_EXPECT_EQ(test, dt_cache_listed(heap), 2);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 1));
	dt_expect_picture(test, r, "#.##..#.##..#.######...#");
	KUNIT_EXPECT_EQ(test, dt_cache_listed(heap), 0);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 0));
}

/* Adjacent blocks merge when they are flushed. */
static void flush_merges(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	add_credit(r->heap, 2, 20);
	free_drained(r, 4, 2);
	free_drained(r, 6, 2);
	free_drained(r, 10, 2);
	free_drained(r, 8, 2);
	dt_expect_free_local(test, r, 12, 3, "####cccccccchhh#");
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(r->heap, 4));
	dt_expect_picture(test, r, "####...........#");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 1);
}

/* A range that is to become one extent: cached, free, hot, cached; a live granule ends it. */
static void flush_range_in_one_piece(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	add_credit(r->heap, 2, 20);
	free_drained(r, 20, 2);
	free_drained(r, 4, 2);
	free_drained(r, 12, 2);
	free_drained(r, 10, 2);
	free_drained(r, 6, 1);
	dt_expect_free_local(test, r, 7, 3, "####cc.hhhcccc######cc#");
	dt_cache_flush_range(r->heap, r, 4, 9, 10);
	dt_expect_picture(test, r, "####..........######cc#");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 1);
	/* Nothing to do, and nothing done. */
	dt_cache_flush_range(r->heap, r, 3, 5, 10);
	dt_cache_flush_range(r->heap, r, 4, 20, 10);
	dt_cache_flush_range(r->heap, r, 20, 2, 0);
	dt_expect_picture(test, r, "####..........######cc#");
}

/* No further than it is wanted, and no more steps than it may make. */
static void flush_range_is_bounded(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	unsigned int i;

	add_credit(r->heap, 2, 20);
	for (i = 0; i < 5; i++)
		free_drained(r, 4 + 2 * i, 2);
	dt_expect_picture(test, r, "####cccccccccc##");
	dt_cache_flush_range(r->heap, r, 4, 1, 10);
	dt_expect_picture(test, r, "####..cccccccc##");
	dt_cache_flush_range(r->heap, r, 4, 5, 10);
	dt_expect_picture(test, r, "####......cccc##");
	dt_cache_flush_range(r->heap, r, 4, 10, 1);
	dt_expect_picture(test, r, "####......cccc##");
	dt_cache_flush_range(r->heap, r, 4, 10, 2);
	dt_expect_picture(test, r, "####........cc##");
}

/* Push as another CPU does. */
static void push_dead(struct dt_region *region, unsigned int first, unsigned int nr)
{
	if (remote_mark(region, first, nr))
		dt_remote_queue(region);
}

/* A drain that empties a region with blocks in the lists ends there: that takes long. */
static void drain_empties_one_region(struct kunit *test)
{
	struct cache_fixture *f = test->priv;
	struct dt_region *r[3];
	unsigned int i, drains, empty;
	bool more;

	add_credit(&f->heap, 1, 20);
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		r[i] = dt_add_region(test, ORDER_OF_64);
		dt_expect_free_drained(test, r[i], 2, 1, "##c#####");
	}
	preempt_disable();
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		push_dead(r[i], 0, 2);
		push_dead(r[i], 3, r[i]->nr - 3);
	}
	preempt_enable();
	for (drains = 1; drains <= ARRAY_SIZE(r); drains++) {
		preempt_disable();
		more = dt_heap_drain(&f->heap, REMOTE_DRAIN_MAX, 0);
		preempt_enable();
		for (i = empty = 0; i < ARRAY_SIZE(r); i++)
			empty += region_empty(r[i]);
		KUNIT_EXPECT_EQ(test, empty, drains);
		KUNIT_EXPECT_TRUE(test, more || drains == ARRAY_SIZE(r));
	}
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&f->heap), 0);
}

static struct kunit_case cache_flush_cases[] = {
	KUNIT_CASE(flush_is_bounded),
	KUNIT_CASE(flush_merges),
	KUNIT_CASE(flush_range_in_one_piece),
	KUNIT_CASE(flush_range_is_bounded),
	KUNIT_CASE(drain_empties_one_region),
	{}
};

DUALTREE_SUITE(cache_flush, "emptying the hot range and the quick lists",
	       .init = dt_cache_pictures_init, .exit = dt_cache_fixture_exit);
