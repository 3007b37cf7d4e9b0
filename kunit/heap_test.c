// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: a request is placed in the lowest region that can serve it, where it fits best; sums
 * agree, remote frees are drained, and empty regions but one go back to the pool.
 */
#include "fixtures/heap.h"

static void empty_heap(struct kunit *test)
{
	struct heap_fixture *f = test->priv;

	KUNIT_EXPECT_NULL(test, dt_heap_alloc(&f->heap, 1));
	KUNIT_EXPECT_NULL(test, dt_heap_alloc(&f->heap, UINT_MAX));
	KUNIT_EXPECT_NULL(test, dt_heap_retire_all(&f->heap));
	KUNIT_EXPECT_NULL(test, dt_heap_region_above(&f->heap, NULL));
	KUNIT_EXPECT_FALSE(test, heap_has_remote(&f->heap));
	KUNIT_EXPECT_FALSE(test, dt_fixture_drain(f, UINT_MAX));
	dt_heap_retire_spare(&f->heap);
	dt_fixture_check(f);
}

/* 2^k pages fit into a region of 2^k pages, to the byte. */
static void exact_powers_of_two(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	unsigned int order;

	for (order = 0; order <= REGION_ORDER_MAX; order++) {
		struct region_model *model = dt_fixture_add(f, order);
		size_t size = PAGE_SIZE << order;

		KUNIT_EXPECT_NULL(test, dt_fixture_alloc(f, size + 1));
		KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, size), model->region->base);
		KUNIT_EXPECT_NULL(test, dt_fixture_alloc(f, 1));
		dt_fixture_check(f);
		dt_fixture_free(f, model->region->base, size);
		KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, model->region);
		dt_heap_retire_spare(&f->heap);
		KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 1);
		dt_fixture_check(f);
	}
}

/* A low region with room wins over a perfect fit in a higher one. */
static void lowest_region_first(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct region_model *low, *high;
	unsigned int i;

	for (i = 0; i < 3; i++)
		dt_fixture_add_live(f, ORDER_OF_64);
	low = f->models[0];
	high = f->models[2];
	dt_fixture_free_run(f, high, 10, 5);
	dt_fixture_free_run(f, low, 20, 30);
	dt_fixture_check(f);
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 5 * DT_GRANULE),
			    region_addr(low->region, 20));
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 22 * DT_GRANULE),
			    region_addr(low->region, 25));
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 4 * DT_GRANULE),
			    region_addr(high->region, 10));
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 2 * DT_GRANULE),
			    region_addr(low->region, 47));
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 2 * DT_GRANULE), NULL);
	dt_fixture_check(f);
}

/* Inside a region: the best fit, the lowest among equals, from its start. */
static void best_fit_inside(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct region_model *model = dt_fixture_add_live(f, ORDER_OF_64);

	dt_fixture_free_run(f, model, 40, 3);
	dt_fixture_free_run(f, model, 2, 9);
	dt_fixture_free_run(f, model, 20, 3);
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 2 * DT_GRANULE + 1),
			    region_addr(model->region, 20));
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, DT_GRANULE), region_addr(model->region, 40));
	KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, 3 * DT_GRANULE),
			    region_addr(model->region, 2));
	dt_fixture_check(f);
}

/* Region i has room for i + 1 granules: each request finds the first that is large enough. */
static void stairs(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	unsigned int i, nr;

	for (i = 0; i < REGIONS_MAX; i++)
		dt_fixture_add_live(f, 0);
	/* In any order, so that the sums of subtrees change in any order too. */
	for (i = 0; i < REGIONS_MAX; i++) {
		dt_fixture_free_run(f, f->models[i * 5 % REGIONS_MAX], 7, i * 5 % REGIONS_MAX + 1);
		dt_fixture_check(f);
	}
	for (nr = 1; nr <= REGIONS_MAX; nr++) {
		KUNIT_EXPECT_PTR_EQ(test, dt_fixture_alloc(f, nr * DT_GRANULE),
				    region_addr(f->models[nr - 1]->region, 7));
		dt_fixture_check(f);
	}
	KUNIT_EXPECT_NULL(test, dt_heap_alloc(&f->heap, 1));
	KUNIT_EXPECT_EQ(test, f->heap.largest, 0);
}

/* One empty region stays; when another empties, the older one goes. */
static void older_spare_goes(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct region_model *a = dt_fixture_add_live(f, 0);
	struct region_model *b = dt_fixture_add_live(f, 1);
	struct region_model *c = dt_fixture_add_live(f, 0);

	KUNIT_EXPECT_NULL(test, f->heap.spare);
	dt_fixture_free_run(f, b, 0, b->region->nr);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, b->region);
	KUNIT_EXPECT_NULL(test, f->heap.retired);
	dt_fixture_check(f);

	dt_fixture_free_run(f, a, 1, a->region->nr - 1);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, b->region);
	dt_fixture_free_run(f, a, 0, 1);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, a->region);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.retired, b->region);
	KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 1);
	dt_fixture_check(f);

	dt_fixture_free_run(f, c, 0, c->region->nr);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.retired, a->region);
	KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 1);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, c->region);
	dt_fixture_check(f);
}

/* Retired regions add up until the caller takes them. */
static void retired_add_up(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < 5; i++)
		dt_fixture_add_live(f, 0);
	for (i = 0; i < 5; i++)
		dt_fixture_free_run(f, f->models[i], 0, f->models[i]->region->nr);
	KUNIT_EXPECT_EQ(test, f->heap.nr_regions, 1);
	KUNIT_EXPECT_EQ(test, f->heap.held_bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 4);
	dt_fixture_check(f);
	dt_heap_retire_spare(&f->heap);
	KUNIT_EXPECT_NULL(test, f->heap.spare);
	dt_heap_retire_spare(&f->heap);
	KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 1);
	KUNIT_EXPECT_EQ(test, f->heap.held_bytes, 0);
	KUNIT_EXPECT_EQ(test, f->heap.largest, 0);
	dt_fixture_check(f);
}

/* A pair repeated at the edge of a full region costs one region, and returns none. */
static void pair_at_the_edge(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	unsigned int i, gets = 0, puts = 0;
	void *addr;

	dt_fixture_add_live(f, 0);
	for (i = 0; i < 100; i++) {
		addr = dt_fixture_alloc(f, 100);
		if (!addr) {
			dt_fixture_add(f, 0);
			gets++;
			addr = dt_fixture_alloc(f, 100);
		}
		KUNIT_ASSERT_NOT_NULL(test, addr);
		dt_fixture_free(f, addr, 100);
		puts += dt_fixture_put_retired(f);
	}
	KUNIT_EXPECT_EQ(test, gets, 1);
	KUNIT_EXPECT_EQ(test, puts, 0);
	dt_fixture_check(f);
}

/* A new region is the spare until it is used; a spare that is too small makes room for it. */
static void attach_replaces_spare(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct region_model *small = dt_fixture_add(f, 0);
	struct region_model *large;

	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, small->region);
	KUNIT_EXPECT_NULL(test, dt_fixture_alloc(f, PAGE_SIZE + 1));
	large = dt_fixture_add(f, 1);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.spare, large->region);
	KUNIT_EXPECT_PTR_EQ(test, f->heap.retired, small->region);
	KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 1);
	KUNIT_EXPECT_NOT_NULL(test, dt_fixture_alloc(f, PAGE_SIZE + 1));
	KUNIT_EXPECT_NULL(test, f->heap.spare);
	dt_fixture_check(f);
}

/*
 * A drain takes no more runs than its budget; the rest stays, and later ones come after it. Looking
 * where there are no more runs costs as much as one.
 */
static void drain_in_steps(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct region_model *model = dt_fixture_add_live(f, ORDER_OF_64);
	unsigned int i;

	for (i = 0; i < 10; i++)
		dt_fixture_push(f, model->region, 6 * i, 3);
	KUNIT_EXPECT_TRUE(test, heap_has_remote(&f->heap));
	KUNIT_EXPECT_EQ(test, f->heap.nr_free, 0);
	dt_fixture_check(f);
	KUNIT_EXPECT_TRUE(test, dt_fixture_drain(f, 0));
	KUNIT_EXPECT_EQ(test, f->heap.nr_free, 0);
	KUNIT_EXPECT_TRUE(test, dt_fixture_drain(f, 3));
	KUNIT_EXPECT_EQ(test, f->heap.nr_free, 9);
	KUNIT_EXPECT_EQ(test, local64_read(&f->heap.counts.in_flight), -9);

	/* More arrive while seven wait. */
	dt_fixture_push(f, model->region, 61, 2);
	for (i = 0; i < 16; i++) {
		unsigned int before = f->heap.nr_free;

		if (!dt_fixture_drain(f, 1))
			break;
		KUNIT_EXPECT_LE(test, f->heap.nr_free, before + 3);
	}
	KUNIT_EXPECT_LT(test, i, 16);
	KUNIT_EXPECT_FALSE(test, heap_has_remote(&f->heap));
	dt_fixture_set_drained(f);
	dt_fixture_check(f);
	KUNIT_EXPECT_FALSE(test, dt_fixture_drain(f, UINT_MAX));
}

/* Adjacent runs of several regions merge, and the regions that this empties are retired. */
static void drain_merges_and_empties(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct region_model *models[3];
	unsigned int i, j;

	for (i = 0; i < 3; i++)
		models[i] = dt_fixture_add_live(f, 0);
	for (j = 0; j < models[0]->region->nr; j += 4)
		for (i = 0; i < 3; i++)
			dt_fixture_push(f, models[i]->region, j, i == 1 && !j ? 3 : 4);
	KUNIT_EXPECT_FALSE(test, dt_fixture_drain(f, UINT_MAX));
	dt_fixture_set_drained(f);
	KUNIT_EXPECT_EQ(test, dt_fixture_put_retired(f), 1);
	KUNIT_EXPECT_EQ(test, f->heap.nr_regions, 2);
	KUNIT_EXPECT_EQ(test, f->heap.nr_extents, 3);
	dt_fixture_check(f);
}

/* At the end of an instance: all regions, the empty, the live, and those that left before. */
static void retire_all(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	unsigned int i, nr = 0, seen = 0;
	struct dt_region *region;

	for (i = 0; i < 7; i++)
		dt_fixture_add_live(f, i % 3);
	dt_fixture_free_run(f, f->models[2], 0, f->models[2]->region->nr);
	dt_fixture_free_run(f, f->models[4], 0, f->models[4]->region->nr);
	dt_fixture_free_run(f, f->models[5], 1, 1);
	for (region = dt_heap_retire_all(&f->heap); region; region = region->retired) {
		nr++;
		for (i = 0; i < 7; i++)
			if (f->models[i]->region == region)
				seen |= 1 << i;
		KUNIT_ASSERT_LE(test, nr, 7);
	}
	KUNIT_EXPECT_EQ(test, nr, 7);
	KUNIT_EXPECT_EQ(test, seen, 0x7f);
	KUNIT_EXPECT_NULL(test, heap_take_retired(&f->heap));
	KUNIT_EXPECT_NULL(test, dt_heap_region_above(&f->heap, NULL));
}

static void region_above(struct kunit *test)
{
	struct heap_fixture *f = test->priv;
	struct dt_region *region, *above = NULL;
	int i;

	for (i = 0; i < 6; i++)
		dt_fixture_add_live(f, i % 2);
	for (i = 5; i >= 0; i--) {
		region = f->models[i]->region;
		KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&f->heap, region->base - 1), region);
		KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&f->heap, region->base), above);
		KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&f->heap, region->base + 100),
				    above);
		above = region;
	}
	KUNIT_EXPECT_PTR_EQ(test, dt_heap_region_above(&f->heap, NULL), above);
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

DUALTREE_SUITE(heap, "the heap", .init = dt_heap_fixture_init, .exit = dt_heap_fixture_exit);
