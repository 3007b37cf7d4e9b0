// SPDX-License-Identifier: GPL-2.0
/*
 * How the hot range and the quick lists get back into a heap's trees: all of it, or what lies in
 * a range that is wanted in one piece, in sections that are bounded.
 *
 * Pictures are those of cache_test.c.
 */
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "cache_bed.h"

/* At most so many blocks at a time; the hot range goes with the first. */
static void flush_is_bounded(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	struct dt_heap *heap = &bed->heap;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 0));
	bed_credit(bed, 1, 20);
	bed_credit(bed, 2, 20);
	for (i = 0; i < 5; i++)
		bed_put(bed, r, 1 + 3 * i, 1 + i % 2);
	bed_free(bed, r, 20, 3);
	bed_looks(test, bed, r, "#c##cc#c##cc#c######hhh#");
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(heap, 0));
	bed_looks(test, bed, r, "#c##cc#c##cc#c######...#");
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(heap, 2));
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), 5);
	bed_sound(test, bed);
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(heap, 2));
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), 2);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 1));
	bed_looks(test, bed, r, "#.##..#.##..#.######...#");
	KUNIT_EXPECT_EQ(test, dt_cache_listed(&bed->heap), 0);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, 0));
}

/* Whatever was kept apart merges when it is flushed. */
static void flush_merges(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_credit(bed, 2, 20);
	bed_put(bed, r, 4, 2);
	bed_put(bed, r, 6, 2);
	bed_put(bed, r, 10, 2);
	bed_put(bed, r, 8, 2);
	bed_free(bed, r, 12, 3);
	bed_looks(test, bed, r, "####cccccccchhh#");
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(&bed->heap, 4));
	bed_looks(test, bed, r, "####...........#");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 1);
}

/* A range that is wanted in one piece: cached, free, hot, cached; what is live ends it. */
static void flush_range_in_one_piece(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);

	bed_credit(bed, 2, 20);
	bed_put(bed, r, 20, 2);
	bed_put(bed, r, 4, 2);
	bed_put(bed, r, 12, 2);
	bed_put(bed, r, 10, 2);
	bed_put(bed, r, 6, 1);
	bed_free(bed, r, 7, 3);
	bed_looks(test, bed, r, "####cc.hhhcccc######cc#");
	dt_cache_flush_range(&bed->heap, r, 4, 9, 10);
	bed_looks(test, bed, r, "####..........######cc#");
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 1);
	/* Nothing to do, and nothing done. */
	dt_cache_flush_range(&bed->heap, r, 3, 5, 10);
	dt_cache_flush_range(&bed->heap, r, 4, 20, 10);
	dt_cache_flush_range(&bed->heap, r, 20, 2, 0);
	bed_looks(test, bed, r, "####..........######cc#");
}

/* No further than it is wanted, and no more steps than it may make. */
static void flush_range_is_bounded(struct kunit *test)
{
	struct cache_bed *bed = test->priv;
	struct dt_region *r = bed_add(test, bed, ORDER_OF_64);
	unsigned int i;

	bed_credit(bed, 2, 20);
	for (i = 0; i < 5; i++)
		bed_put(bed, r, 4 + 2 * i, 2);
	bed_looks(test, bed, r, "####cccccccccc##");
	dt_cache_flush_range(&bed->heap, r, 4, 1, 10);
	bed_looks(test, bed, r, "####..cccccccc##");
	dt_cache_flush_range(&bed->heap, r, 4, 5, 10);
	bed_looks(test, bed, r, "####......cccc##");
	dt_cache_flush_range(&bed->heap, r, 4, 10, 1);
	bed_looks(test, bed, r, "####......cccc##");
	dt_cache_flush_range(&bed->heap, r, 4, 10, 2);
	bed_looks(test, bed, r, "####........cc##");
}

static struct cache_bed the_bed;

static int cache_flush_init(struct kunit *test)
{
	if (DT_PAGE_GRANULES << ORDER_OF_64 != PICTURE)
		kunit_skip(test, "pictures are those of regions of 64 granules");
	return bed_make(test, &the_bed);
}

static struct kunit_case cache_flush_cases[] = {
	KUNIT_CASE(flush_is_bounded),
	KUNIT_CASE(flush_merges),
	KUNIT_CASE(flush_range_in_one_piece),
	KUNIT_CASE(flush_range_is_bounded),
	{}
};

static struct kunit_suite cache_flush_suite = {
	.name = "dualtree_cache_flush",
	.init = cache_flush_init,
	.exit = bed_unmake,
	.test_cases = cache_flush_cases,
};

kunit_test_suite(cache_flush_suite);

MODULE_DESCRIPTION("dualtree: tests of emptying the hot range and the quick lists");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
