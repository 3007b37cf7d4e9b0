// SPDX-License-Identifier: GPL-2.0
/*
 * The quick lists, with each condition for a block to enter a list.
 *
 * Each case compares regions with pictures; see fixtures/cache.h.
 */
#include "fixtures/cache.h"

/* The last one in is the first one out, and each size has its own list. */
static void lists_are_lifo(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = r->heap;

	add_credit(heap, 2, 3);
	add_credit(heap, 1, 1);
	free_local(r, 1, 2);
	free_local(r, 9, 2);
	free_local(r, 12, 1);
	dt_expect_free_local(test, r, 5, 2, "#cc##hh##cc#c###");
	dt_cache_flush_hot(heap);
	dt_expect_picture(test, r, "#cc##cc##cc#c###");
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 3 * DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 2 * DT_GRANULE - 7), region_addr(r, 5));
	KUNIT_EXPECT_EQ(test, r->ledger[5], DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r->ledger[6], DT_GRANULE - 7);
	dt_expect_picture(test, r, "#cc######cc#c###");
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 1), region_addr(r, 12));
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, DT_GRANULE));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, DT_GRANULE + 1), region_addr(r, 9));
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 2 * DT_GRANULE), region_addr(r, 1));
	KUNIT_EXPECT_NULL(test, dt_cache_take(heap, 2 * DT_GRANULE));
	dt_expect_picture(test, r, "################");
	KUNIT_EXPECT_EQ(test, r->nr_inuse, r->nr);
}

/* Each deposit spends a credit of its own size; there are never more than a byte holds. */
static void gate_demand(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	dt_expect_free_drained(test, r, 1, 2, "#..#############");
	add_credit(r->heap, 1, 5);
	add_credit(r->heap, 3, 5);
	dt_expect_free_drained(test, r, 4, 2, "#..#..##########");
	add_credit(r->heap, 2, 1);
	free_drained(r, 7, 2);
	dt_expect_free_drained(test, r, 10, 2, "#..#..#cc#..####");
}

/* Each request that comes as far as the lists is a credit for its size, up to what a byte holds. */
static void requests_are_demand(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = r->heap;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, cache_alloc(heap, 4 * DT_GRANULE - 5));
	KUNIT_EXPECT_EQ(test, heap->quick->lists[3].credit, 1);
	KUNIT_EXPECT_NULL(test, cache_alloc(heap, QUICK_LISTS * DT_GRANULE + 1));
	KUNIT_EXPECT_NULL(test, cache_alloc(heap, SZ_4M));
	free_drained(r, 20, 4);
	KUNIT_EXPECT_EQ(test, heap->quick->lists[3].credit, 0);
	/* One that is served is one as well. */
	KUNIT_EXPECT_PTR_EQ(test, cache_alloc(heap, 4 * DT_GRANULE - 5), region_addr(r, 20));
	KUNIT_EXPECT_EQ(test, heap->quick->lists[3].credit, 1);
	for (i = 0; i < 300; i++)
		KUNIT_ASSERT_NULL(test, cache_alloc(heap, 4 * DT_GRANULE));
	KUNIT_EXPECT_EQ(test, heap->quick->lists[3].credit, U8_MAX);
	free_drained(r, 20, 4);
	KUNIT_EXPECT_EQ(test, heap->quick->lists[3].credit, U8_MAX - 1);
	for (i = 0; i < QUICK_LISTS; i++)
		KUNIT_EXPECT_EQ(test, heap->quick->lists[i].credit, i == 3 ? U8_MAX - 1 : 0);
	dt_expect_sound(test);
}

/* Free as the owner does, and make something else hot. */
static void free_evicted(struct dt_region *r, unsigned int first, unsigned int nr)
{
	free_local(r, first, nr);
	dt_cache_flush_hot(r->heap);
}

static void expect_free_evicted(struct kunit *test, struct dt_region *r, unsigned int first,
				unsigned int nr, const char *want)
{
	free_evicted(r, first, nr);
	dt_expect_picture(test, r, want);
}

/*
 * A run that could merge does. Next to granules in flight it might, soon; but of a
 * remote batch all are in flight, and each would keep its neighbour out of the list.
 */
static void gate_isolation(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	free_drained(r, 4, 1);
	free_drained(r, 10, 1);
	add_credit(r->heap, 2, 10);
	expect_free_evicted(test, r, 5, 2, "####...###.#####");
	expect_free_evicted(test, r, 8, 2, "####...#...#####");
	expect_free_evicted(test, r, 13, 2, "####...#...##cc#");
	/* A block in a list is nothing to merge with. */
	expect_free_evicted(test, r, 15, 2, "####...#...##cccc##");
	/* And so is what is in flight. */
	mark_dead(r, 20, 1);
	free_evicted(r, 21, 2);
	mark_dead(r, 27, 1);
	free_evicted(r, 25, 2);
	KUNIT_EXPECT_TRUE(test, ledger_is_first(r->ledger[21]));
	KUNIT_EXPECT_TRUE(test, ledger_is_first(r->ledger[25]));
	free_drained(r, 20, 1);
	dt_expect_free_drained(test, r, 27, 1, "####...#...##cccc###...##...#");
}

/* Another CPU has freed all of these, and none is drained yet. */
static void gate_isolation_of_a_batch(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);
	unsigned int i;

	add_credit(r->heap, 2, 2);
	mark_dead(r, 4, 7);
	for (i = 0; i < 2; i++)
		dt_cache_put(r->heap, r, 4 + 2 * i, 2);
	/* This one has no credit left, and becomes an extent; the next one need not merge. */
	dt_cache_put(r->heap, r, 8, 2);
	add_credit(r->heap, 1, 1);
	dt_cache_put(r->heap, r, 10, 1);
	dt_expect_picture(test, r, "####cccc..c#####");
}

/* At the ends of a region there are no free neighbours. */
static void gate_ends_of_region(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	add_credit(r->heap, 2, 2);
	free_drained(r, 0, 2);
	dt_expect_free_drained(test, r, r->nr - 2, 2, "cc##");
	KUNIT_EXPECT_EQ(test, r->heap->quick->lists[1].depth, 2);
}

/* A region that lies as low as any may be as empty as it likes. */
static void gate_occupancy_of_the_lowest(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	add_credit(&f->heap, 1, 10);
	free_drained(f->low, 20, f->low->nr - 24);
	free_drained(f->high, 20, f->high->nr - 24);
	free_drained(f->low, 1, 1);
	dt_expect_free_drained(test, f->low, 3, 1, "#c#c####");
	dt_expect_free_drained(test, f->high, 1, 1, "#.######");
}

/* A higher one is drained while it is less than three quarters full, to the granule. */
static void gate_occupancy(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);
	unsigned int quarter;

	quarter = f->high->nr / 4;
	add_credit(&f->heap, 1, 20);
	free_drained(f->low, 7, 5);
	free_drained(f->high, 20, quarter - 1);
	KUNIT_EXPECT_EQ(test, f->high->nr_inuse, f->high->nr - quarter + 1);
	dt_expect_free_drained(test, f->high, 1, 1, "#c######");
	dt_expect_free_drained(test, f->high, 3, 1, "#c#.####");
}

/* A higher region drains only if a lower one could serve the request. */
static void gate_occupancy_needs_room_below(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	add_credit(&f->heap, 1, 20);
	add_credit(&f->heap, 3, 20);
	free_drained(f->high, 20, f->high->nr - 24);
	free_drained(f->high, 1, 3);
	free_drained(f->low, 1, 1);
	/* What is in a list there does not count. */
	free_drained(f->high, 5, 1);
	dt_expect_picture(test, f->low, "#c######");
	dt_expect_picture(test, f->high, "#ccc#c######");
	free_drained(f->low, 7, 2);
	free_drained(f->high, 7, 3);
	free_drained(f->high, 11, 1);
	dt_expect_picture(test, f->low, "#c#####..###");
	dt_expect_picture(test, f->high, "#ccc#c#ccc#.####");
}

/* A block of a region that drains is not allocated again; some are evicted at a time. */
static void take_drops_what_is_stale(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);
	unsigned int i;

	add_credit(&f->heap, 1, 20);
	free_drained(f->low, 1, 1);
	for (i = 0; i < 6; i++)
		free_drained(f->high, 1 + 2 * i, 1);
	dt_expect_free_drained(test, f->high, 20, f->high->nr - 24, "#c#c#c#c#c#c####");
	/* There is no room below as yet. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&f->heap, 1), region_addr(f->high, 11));
	free_drained(f->low, 7, 4);
	KUNIT_EXPECT_NULL(test, dt_cache_take(&f->heap, 1));
	dt_expect_picture(test, f->high, "#c#.#.#.#.######");
	/* The next one, and then what lies in the region that does not drain. */
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(&f->heap, 1), region_addr(f->low, 1));
	dt_expect_picture(test, f->high, "#.#.#.#.#.######");
	dt_expect_picture(test, f->low, "#######....#####");
}

/* The last live granules of a region go to the trees, so that the region can be retired. */
static void gate_last_of_region(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64);

	add_credit(r->heap, 2, 10);
	free_drained(r, 10, r->nr - 10);
	free_drained(r, 2, 2);
	free_drained(r, 5, 5);
	dt_expect_free_drained(test, r, 4, 1, "##cc............");
	KUNIT_EXPECT_EQ(test, r->nr_inuse, 2);
	KUNIT_EXPECT_NULL(test, r->heap->spare);
	/* Its neighbours are a guard and a block in a list: without this gate it would be kept. */
	expect_free_evicted(test, r, 0, 2, "................");
	KUNIT_EXPECT_PTR_EQ(test, r->heap->spare, r);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(r->heap), 0);
}

/* Drained blocks in lists may be the last of the only region, and of no other. */
static void gate_last_of_region_of_a_batch(struct kunit *test)
{
	struct dt_region *low = dt_add_region(test, ORDER_OF_64), *high;
	struct dt_heap *heap = low->heap;

	free_drained(low, 2, low->nr - 2);
	add_credit(heap, 2, 10);
	dt_expect_free_drained(test, low, 0, 2, "cc..............");
	KUNIT_EXPECT_EQ(test, low->nr_inuse, 0);
	KUNIT_EXPECT_NULL(test, heap->spare);
	/* Flushed, it is as empty as any. */
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(heap, CACHE_FLUSH_MAX));
	KUNIT_EXPECT_PTR_EQ(test, heap->spare, low);

	/* Full, so that the other need not drain. */
	KUNIT_ASSERT_PTR_EQ(test, dt_heap_alloc(heap, low->bytes), low->base);
	high = dt_add_region(test, ORDER_OF_64);
	free_drained(high, 2, high->nr - 2);
	dt_expect_free_drained(test, high, 0, 2, "................");
	KUNIT_EXPECT_EQ(test, high->nr_inuse, 0);
}

static void gate_depth(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, 3);
	unsigned int i;

	add_credit(r->heap, 1, 100);
	for (i = 0; i < QUICK_DEPTH; i++)
		free_drained(r, 1 + 2 * i, 1);
	KUNIT_EXPECT_EQ(test, r->heap->quick->lists[0].depth, QUICK_DEPTH);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 0);
	free_drained(r, 1 + 2 * i, 1);
	KUNIT_EXPECT_EQ(test, r->heap->quick->lists[0].depth, QUICK_DEPTH);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 1);
	dt_expect_sound(test);
}

/* A list of large blocks holds fewer; above the largest size there is none. */
static void gate_bytes(struct kunit *test)
{
	const unsigned int granules_max = QUICK_BYTES >> DT_GRANULE_SHIFT;
	struct dt_region *r = dt_add_region(test, get_order(2 * QUICK_BYTES));
	unsigned int i;

	add_credit(r->heap, QUICK_LISTS, 100);
	KUNIT_EXPECT_NULL(test, cache_alloc(r->heap, QUICK_LISTS * DT_GRANULE + 1));
	for (i = 0; i < granules_max / QUICK_LISTS; i++)
		free_drained(r, 1 + (QUICK_LISTS + 1) * i, QUICK_LISTS);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(r->heap), granules_max);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 0);
	free_drained(r, 1 + (QUICK_LISTS + 1) * i, QUICK_LISTS);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(r->heap), granules_max);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, QUICK_LISTS);
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(r->heap, UINT_MAX));
	free_drained(r, r->nr - QUICK_LISTS - 1, QUICK_LISTS + 1);
	KUNIT_EXPECT_EQ(test, dt_cache_listed(r->heap), 0);
	KUNIT_EXPECT_NULL(test, dt_cache_take(r->heap, (QUICK_LISTS + 1) * DT_GRANULE));
	dt_expect_sound(test);
}

/* Blocks in lists do not keep a region in which nothing is live. */
static void lists_do_not_keep_a_region(struct kunit *test)
{
	struct dt_region *a = dt_add_region(test, ORDER_OF_64);
	struct dt_region *b = dt_add_region(test, ORDER_OF_64);
	struct dt_heap *heap = a->heap;
	unsigned int i;

	add_credit(heap, 1, 20);
	add_credit(heap, 2, 20);
	free_drained(b, 7, 1);
	for (i = 0; i < 4; i++)
		free_drained(a, 1 + 4 * i, 1 + i % 2);
	dt_expect_picture(test, a, "#c###cc##c###cc#");
	for (i = 0; i < 4; i++)
		free_local(a, 2 + 4 * i + i % 2, 3 - i % 2);
	dt_expect_picture(test, a, "#c...ccccc...cchh##");
	free_local(a, 17, a->nr - 17);
	free_local(a, 0, 1);
	KUNIT_EXPECT_EQ(test, a->nr_inuse, 1);
	dt_cache_flush_hot(heap);
	KUNIT_EXPECT_TRUE(test, region_empty(a));
	KUNIT_EXPECT_PTR_EQ(test, heap->spare, a);
	KUNIT_EXPECT_EQ(test, a->free.nr_extents, 1);
	/* Of other regions all stays. */
	dt_expect_picture(test, b, "#######c####");
	KUNIT_EXPECT_EQ(test, dt_cache_listed(heap), 1);
	KUNIT_EXPECT_PTR_EQ(test, dt_cache_take(heap, 1), region_addr(b, 7));
	dt_expect_sound(test);
}

static struct kunit_case quick_cases[] = {
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

DUALTREE_SUITE(quick, "the quick lists",
	       .init = dt_cache_pictures_init, .exit = dt_cache_fixture_exit);
