// SPDX-License-Identifier: GPL-2.0
/*
 * The heap, case by case: a request goes into the lowest region that can serve it and fits
 * best there, the sums are right, what others free arrives, and empty regions go back, all
 * but one.
 */
#include <linux/gfp.h>
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "heap_bed.h"

static void empty_heap(struct kunit *test)
{
	struct bed *bed = test->priv;

	KUNIT_EXPECT_NULL(test, dt_heap_alloc(&bed->heap, 1));
	KUNIT_EXPECT_NULL(test, dt_heap_alloc(&bed->heap, UINT_MAX));
	KUNIT_EXPECT_NULL(test, dt_heap_retire_all(&bed->heap));
	KUNIT_EXPECT_NULL(test, dt_heap_region_above(&bed->heap, NULL));
	KUNIT_EXPECT_FALSE(test, heap_has_remote(&bed->heap));
	KUNIT_EXPECT_FALSE(test, bed_drain(bed, UINT_MAX));
	dt_heap_retire_spare(&bed->heap);
	bed_check(test, bed);
}

/* 2^k pages fit into a region of 2^k pages, to the byte. */
static void exact_powers_of_two(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int order;

	for (order = 0; order <= MAX_ORDER_HERE; order++) {
		struct plot *plot = bed_attach(test, bed, order);
		size_t size = PAGE_SIZE << order;

		KUNIT_EXPECT_NULL(test, bed_alloc(test, bed, size + 1));
		KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, size), plot->region->base);
		KUNIT_EXPECT_NULL(test, bed_alloc(test, bed, 1));
		bed_check(test, bed);
		bed_free(test, bed, plot->region->base, size);
		KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, plot->region);
		dt_heap_retire_spare(&bed->heap);
		KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 1);
		bed_check(test, bed);
	}
}

/* A low region with room wins over a perfect fit in a higher one. */
static void lowest_region_first(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct plot *low, *high;
	unsigned int i;

	for (i = 0; i < 3; i++)
		bed_attach_live(test, bed, ORDER_OF_64);
	low = bed->plots[0];
	high = bed->plots[2];
	free_in(test, bed, high, 10, 5);
	free_in(test, bed, low, 20, 30);
	bed_check(test, bed);
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 5 * DT_GRANULE),
			    region_addr(low->region, 20));
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 22 * DT_GRANULE),
			    region_addr(low->region, 25));
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 4 * DT_GRANULE),
			    region_addr(high->region, 10));
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 2 * DT_GRANULE),
			    region_addr(low->region, 47));
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 2 * DT_GRANULE), NULL);
	bed_check(test, bed);
}

/* Inside a region: the best fit, the lowest among equals, from its start. */
static void best_fit_inside(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct plot *plot = bed_attach_live(test, bed, ORDER_OF_64);

	free_in(test, bed, plot, 40, 3);
	free_in(test, bed, plot, 2, 9);
	free_in(test, bed, plot, 20, 3);
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 2 * DT_GRANULE + 1),
			    region_addr(plot->region, 20));
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, DT_GRANULE), region_addr(plot->region, 40));
	KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, 3 * DT_GRANULE),
			    region_addr(plot->region, 2));
	bed_check(test, bed);
}

/* Region i has room for i + 1 granules: each request finds the first that is large enough. */
static void stairs(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int i, nr;

	for (i = 0; i < MAX_PLOTS; i++)
		bed_attach_live(test, bed, 0);
	/* In any order, so that the sums of subtrees change in any order too. */
	for (i = 0; i < MAX_PLOTS; i++) {
		free_in(test, bed, bed->plots[i * 5 % MAX_PLOTS], 7, i * 5 % MAX_PLOTS + 1);
		bed_check(test, bed);
	}
	for (nr = 1; nr <= MAX_PLOTS; nr++) {
		KUNIT_EXPECT_PTR_EQ(test, bed_alloc(test, bed, nr * DT_GRANULE),
				    region_addr(bed->plots[nr - 1]->region, 7));
		bed_check(test, bed);
	}
	KUNIT_EXPECT_EQ(test, bed->heap.largest, 0);
}

/* One empty region stays; when another empties, the older one goes. */
static void older_spare_goes(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct plot *a = bed_attach_live(test, bed, 0);
	struct plot *b = bed_attach_live(test, bed, 1);
	struct plot *c = bed_attach_live(test, bed, 0);

	KUNIT_EXPECT_NULL(test, bed->heap.spare);
	free_in(test, bed, b, 0, b->region->nr);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, b->region);
	KUNIT_EXPECT_NULL(test, bed->heap.retired);
	bed_check(test, bed);

	free_in(test, bed, a, 1, a->region->nr - 1);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, b->region);
	free_in(test, bed, a, 0, 1);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, a->region);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.retired, b->region);
	KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 1);
	bed_check(test, bed);

	free_in(test, bed, c, 0, c->region->nr);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.retired, a->region);
	KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 1);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, c->region);
	bed_check(test, bed);
}

/* Regions that retire one after the other, before anybody takes them, are all kept. */
static void retired_add_up(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int i;

	for (i = 0; i < 5; i++)
		bed_attach_live(test, bed, 0);
	for (i = 0; i < 5; i++)
		free_in(test, bed, bed->plots[i], 0, bed->plots[i]->region->nr);
	KUNIT_EXPECT_EQ(test, bed->heap.nr_regions, 1);
	KUNIT_EXPECT_EQ(test, bed->heap.held_bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 4);
	bed_check(test, bed);
	dt_heap_retire_spare(&bed->heap);
	KUNIT_EXPECT_NULL(test, bed->heap.spare);
	dt_heap_retire_spare(&bed->heap);
	KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 1);
	KUNIT_EXPECT_EQ(test, bed->heap.held_bytes, 0);
	KUNIT_EXPECT_EQ(test, bed->heap.largest, 0);
	bed_check(test, bed);
}

/* A pair repeated at the edge of a full region costs one region, and returns none. */
static void pair_at_the_edge(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int i, gets = 0, puts = 0;
	void *addr;

	bed_attach_live(test, bed, 0);
	for (i = 0; i < 100; i++) {
		addr = bed_alloc(test, bed, 100);
		if (!addr) {
			bed_attach(test, bed, 0);
			gets++;
			addr = bed_alloc(test, bed, 100);
		}
		KUNIT_ASSERT_NOT_NULL(test, addr);
		bed_free(test, bed, addr, 100);
		puts += bed_give_back(test, bed);
	}
	KUNIT_EXPECT_EQ(test, gets, 1);
	KUNIT_EXPECT_EQ(test, puts, 0);
	bed_check(test, bed);
}

/* A new region is the spare until it is used; a spare that is too small makes room for it. */
static void attach_replaces_spare(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct plot *small = bed_attach(test, bed, 0);
	struct plot *large;

	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, small->region);
	KUNIT_EXPECT_NULL(test, bed_alloc(test, bed, PAGE_SIZE + 1));
	large = bed_attach(test, bed, 1);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.spare, large->region);
	KUNIT_EXPECT_PTR_EQ(test, bed->heap.retired, small->region);
	KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 1);
	KUNIT_EXPECT_NOT_NULL(test, bed_alloc(test, bed, PAGE_SIZE + 1));
	KUNIT_EXPECT_NULL(test, bed->heap.spare);
	bed_check(test, bed);
}

/* At most so many runs at a time; what is over stays, and later ones come after it. */
static void drain_in_steps(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct plot *plot = bed_attach_live(test, bed, ORDER_OF_64);
	unsigned int i;

	for (i = 0; i < 10; i++)
		bed_push(bed, plot->region, 6 * i, 3);
	KUNIT_EXPECT_TRUE(test, heap_has_remote(&bed->heap));
	KUNIT_EXPECT_EQ(test, bed->heap.nr_free, 0);
	bed_check(test, bed);
	KUNIT_EXPECT_TRUE(test, bed_drain(bed, 0));
	KUNIT_EXPECT_EQ(test, bed->heap.nr_free, 0);
	KUNIT_EXPECT_TRUE(test, bed_drain(bed, 3));
	KUNIT_EXPECT_EQ(test, bed->heap.nr_free, 9);
	KUNIT_EXPECT_EQ(test, local64_read(&bed->heap.counts.in_flight), -9);

	/* More arrive while seven wait. */
	bed_push(bed, plot->region, 61, 2);
	KUNIT_EXPECT_TRUE(test, bed_drain(bed, 7));
	KUNIT_EXPECT_EQ(test, bed->heap.nr_free, 30);
	KUNIT_EXPECT_TRUE(test, heap_has_remote(&bed->heap));
	KUNIT_EXPECT_FALSE(test, bed_drain(bed, 1));
	KUNIT_EXPECT_FALSE(test, heap_has_remote(&bed->heap));
	bed_arrived(bed);
	bed_check(test, bed);
	KUNIT_EXPECT_FALSE(test, bed_drain(bed, UINT_MAX));
}

/* Runs of several regions that lie side by side merge, and what is empty then goes. */
static void drain_merges_and_empties(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct plot *plots[3];
	unsigned int i, j;

	for (i = 0; i < 3; i++)
		plots[i] = bed_attach_live(test, bed, 0);
	for (j = 0; j < plots[0]->region->nr; j += 4)
		for (i = 0; i < 3; i++)
			bed_push(bed, plots[i]->region, j, i == 1 && !j ? 3 : 4);
	KUNIT_EXPECT_FALSE(test, bed_drain(bed, UINT_MAX));
	bed_arrived(bed);
	KUNIT_EXPECT_EQ(test, bed_give_back(test, bed), 1);
	KUNIT_EXPECT_EQ(test, bed->heap.nr_regions, 2);
	KUNIT_EXPECT_EQ(test, bed->heap.nr_extents, 3);
	bed_check(test, bed);
}

/* At the end of an instance: all regions, the empty, the live, and those that left before. */
static void retire_all(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int i, nr = 0, seen = 0;
	struct dt_region *region;

	for (i = 0; i < 7; i++)
		bed_attach_live(test, bed, i % 3);
	free_in(test, bed, bed->plots[2], 0, bed->plots[2]->region->nr);
	free_in(test, bed, bed->plots[4], 0, bed->plots[4]->region->nr);
	free_in(test, bed, bed->plots[5], 1, 1);
	for (region = dt_heap_retire_all(&bed->heap); region; region = region->retired) {
		nr++;
		for (i = 0; i < 7; i++)
			if (bed->plots[i]->region == region)
				seen |= 1 << i;
		KUNIT_ASSERT_LE(test, nr, 7);
	}
	KUNIT_EXPECT_EQ(test, nr, 7);
	KUNIT_EXPECT_EQ(test, seen, 0x7f);
	KUNIT_EXPECT_NULL(test, heap_take_retired(&bed->heap));
	KUNIT_EXPECT_NULL(test, dt_heap_region_above(&bed->heap, NULL));
}

static void region_above(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct dt_region *region, *above = NULL;
	int i;

	for (i = 0; i < 6; i++)
		bed_attach_live(test, bed, i % 2);
	for (i = 5; i >= 0; i--) {
		region = bed->plots[i]->region;
		KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&bed->heap, region->base - 1),
				    region);
		KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&bed->heap, region->base), above);
		KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&bed->heap, region->base + 100),
				    above);
		above = region;
	}
	KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&bed->heap, NULL), above);
}

static struct bed the_bed;

static int heap_test_init(struct kunit *test)
{
	return bed_make(test, &the_bed);
}

static struct kunit_case heap_cases[] = {
	KUNIT_CASE(empty_heap),
	KUNIT_CASE(exact_powers_of_two),
	KUNIT_CASE(lowest_region_first),
	KUNIT_CASE(best_fit_inside),
	KUNIT_CASE(stairs),
	KUNIT_CASE(older_spare_goes),
	KUNIT_CASE(retired_add_up),
	KUNIT_CASE(pair_at_the_edge),
	KUNIT_CASE(attach_replaces_spare),
	KUNIT_CASE(drain_in_steps),
	KUNIT_CASE(drain_merges_and_empties),
	KUNIT_CASE(retire_all),
	KUNIT_CASE(region_above),
	{}
};

static struct kunit_suite heap_suite = {
	.name = "dualtree_heap",
	.init = heap_test_init,
	.exit = bed_unmake,
	.test_cases = heap_cases,
};

kunit_test_suite(heap_suite);

MODULE_DESCRIPTION("dualtree: tests of the heap");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
