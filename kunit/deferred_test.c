// SPDX-License-Identifier: GPL-2.0
/*
 * Deferred runs: what becomes one, and how each of them gets into the trees.
 *
 * Each case compares a region that should drain with pictures; see fixtures/cache.h. Trees that are
 * made again have what was deferred: host/heap sees to that.
 */
#include "../buddy/pool.h"
#include "../buddy/table.h"
#include "../compat/kasan.h"
#include "../dualtree/deferred.h"
#include "fixtures/cache.h"

/*
 * A region that should drain, below which there is room, with all of its first 24 granules live
 * but for those that have made it drain: "####...", then free ones.
 */
static struct dt_region *draining(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);

	free_drained(f->low, 7, 12);
	free_drained(f->high, 24, f->high->nr - 25);
	return f->high;
}

/* Defer a run, as what was cold in a burst. */
static void defer(struct dt_region *r, unsigned int first, unsigned int nr)
{
	mark_owned(r, first, nr);
	deferred_add(r->heap, r, first, nr);
}

/* Three ranges that become cold go to the trees, but for the last of them, which is cold. */
static void free_three(struct dt_region *r)
{
	free_local(r, 1, 1);
	free_local(r, 3, 1);
	free_local(r, 5, 1);
}

/* The first two between two requests go to the trees as ever; then begins a burst. */
static void deferred_from_the_third_on(struct kunit *test)
{
	struct dt_region *r = draining(test);

	free_three(r);
	dt_expect_picture(test, r, "#.#.#k##########");
	KUNIT_EXPECT_EQ(test, r->heap->nr_deferred, 0);
	dt_expect_free_local(test, r, 8, 2, "#.#.#d##kk######");
	dt_expect_free_local(test, r, 12, 3, "#.#.#d##dd##kkk##");
	KUNIT_EXPECT_EQ(test, r->heap->nr_deferred, 3);
	KUNIT_EXPECT_EQ(test, dt_cache_granules(r->heap), 6);
	/* After a request the count begins anew. */
	dt_cache_flush_hot(r->heap);
	dt_expect_picture(test, r, "#.#.#.##..##...##");
	free_local(r, 16, 1);
	free_local(r, 18, 1);
	dt_expect_free_local(test, r, 20, 1, "#.#.#.##..##...#.#.#k##");
}

/* A request sends eight of them to the trees, and runs that touch count as one. */
static void deferred_before_a_request(struct kunit *test)
{
	struct dt_region *r = draining(test);
	unsigned int i;

	for (i = 0; i < 12; i++)
		defer(r, 1 + 2 * i, 1);
	/* In no order: the picture shows them as one run. */
	defer(r, 4, 1);
	defer(r, 2, 1);
	dt_expect_picture(test, r, "#ddddd#d#d#d#d#d#d#d#d#d....");
	KUNIT_EXPECT_NOT_NULL(test, dt_cache_alloc_trees(r->heap, 2 * DT_GRANULE));
	dt_expect_picture(test, r, "#.....#.#.#.#.#.#.#.#d#d....");
	KUNIT_EXPECT_EQ(test, r->heap->nr_deferred, 2);
	KUNIT_EXPECT_NOT_NULL(test, dt_cache_alloc_trees(r->heap, 3 * DT_GRANULE));
	dt_expect_picture(test, r, "#.....#.#.#.#.#.#.#.#.#.....");
	KUNIT_EXPECT_EQ(test, r->heap->nr_deferred, 0);
}

/* Before the heap grows all of them go, as many in one section as it is told. */
static void deferred_flushed(struct kunit *test)
{
	struct dt_region *r = draining(test);
	unsigned int i;

	for (i = 0; i < 4; i++)
		defer(r, 1 + 2 * i, 1);
	KUNIT_EXPECT_TRUE(test, dt_cache_flush(r->heap, 3));
	dt_expect_picture(test, r, "#.#.#.#d####");
	KUNIT_EXPECT_FALSE(test, dt_cache_flush(r->heap, 3));
	dt_expect_picture(test, r, "#.#.#.#.####");
}

/* The last live granules of a region: it is empty at once, and nothing was merged before. */
static void deferred_go_with_their_region(struct kunit *test)
{
	struct dt_region *r = draining(test);
	unsigned int i;

	free_three(r);
	for (i = 7; i < 24; i += 2)
		free_local(r, i, 1);
	for (i = 0; i < 24; i += 2)
		free_local(r, i, 1);
	dt_expect_picture(test, r, "d.d.ddddddddddddddddddkd...");
	free_local(r, r->nr - 1, 1);
	KUNIT_EXPECT_TRUE(test, region_empty(r));
	KUNIT_EXPECT_PTR_EQ(test, r->heap->spare, r);
	KUNIT_EXPECT_EQ(test, r->free.nr_extents, 1);
	KUNIT_EXPECT_EQ(test, r->heap->nr_deferred, 0);
	dt_expect_sound(test);
	/* Nothing is left of them for the next use of the region. */
	KUNIT_EXPECT_FALSE(test, addr_tree_has(r->deferred, 0));
}

/* What is hot or cold is no part of a run that it follows. */
static void deferred_ends_at_hot_and_cold(struct kunit *test)
{
	struct dt_region *r = draining(test);

	mark_owned(r, 1, 8);
	deferred_add(r->heap, r, 1, 2);
	r->heap->hot = (struct dt_hot_range){ .nr = 2, .first = 3, .region = r };
	deferred_add(r->heap, r, 5, 2);
	r->heap->cold = (struct dt_cold_range){ .nr = 2, .first = 7, .region = r };
	dt_expect_picture(test, r, "#ddhhddkk###");
	KUNIT_EXPECT_EQ(test, dt_deferred_take(r->heap, r, 5), 2);
	deferred_add(r->heap, r, 5, 2);
	r->heap->cold.nr = 0;
	deferred_add(r->heap, r, 7, 2);
	dt_expect_picture(test, r, "#ddhhdddd###");
	dt_cache_flush_hot(r->heap);
	dt_expect_picture(test, r, "#........###");
}

/* What was cut off has the owner's mark, too. */
static void deferred_ends_at_a_cut(struct kunit *test)
{
	struct dt_region *r = dt_add_region(test, ORDER_OF_64 + 1);
	void *cut = region_addr(r, PICTURE_MAX);

	free_drained(r, PICTURE_MAX, PICTURE_MAX);
	defer(r, PICTURE_MAX - 4, 4);
	dt_heap_cut(r->heap, r, PICTURE_MAX);
	buddy_set_owner(cut, 1UL << ORDER_OF_64, NULL);
	dt_unpoison(cut, PAGE_SIZE << ORDER_OF_64);
	buddy_pool_free_range(r->pool, cut, 1UL << ORDER_OF_64);
	dt_expect_sound(test);
	dt_cache_flush_hot(r->heap);
	KUNIT_EXPECT_EQ(test, r->free.nr_free, 4);
	dt_expect_sound(test);
}

/* An extension takes what lies after its range, in the trees or not. */
static void deferred_in_a_range(struct kunit *test)
{
	struct dt_region *r = draining(test);

	free_drained(r, 3, 2);
	defer(r, 5, 3);
	dt_expect_picture(test, r, "###..ddd####");
	dt_cache_flush_range(r->heap, r, 3, 5, 4);
	dt_expect_picture(test, r, "###.....####");
	KUNIT_EXPECT_TRUE(test, dt_heap_extend(r->heap, r, 3, 5));
	ledger_set(r->ledger, 3, 5, DT_GRANULE);
	dt_expect_picture(test, r, "############");
}

/* What was cold is all that is in use in its region, since the rest is in a list: it is empty. */
static void deferred_not_the_last(struct kunit *test)
{
	struct cache_fixture *f = dt_add_two_regions(test);
	struct dt_region *other = dt_add_region(test, ORDER_OF_64);

	if (other->base < f->low->base)
		swap(other, f->low);
	free_drained(f->low, 7, 12);
	free_drained(other, 24, other->nr - 25);
	free_drained(f->high, 4, f->high->nr - 4);
	free_drained(f->high, 0, 1);
	free_drained(f->high, 2, 1);
	dt_expect_free_local(test, f->high, 1, 1, ".k.#...");
	add_credit(&f->heap, 1, 1);
	mark_owned(f->high, 3, 1);
	quick_push(&f->quick, quick_list(&f->quick, 1), f->high, 3, 1);
	dt_expect_picture(test, f->high, ".k.c...");
	f->heap.nr_cooled = 10;
	free_local(other, 1, 1);
	KUNIT_EXPECT_EQ(test, f->heap.nr_deferred, 0);
	KUNIT_EXPECT_TRUE(test, region_empty(f->high));
	dt_expect_picture(test, other, "#k######");
}

/* They are not in use: what is left decides whether a region drains, and what may be cached. */
static void deferred_are_not_in_use(struct kunit *test)
{
	struct dt_region *r = draining(test);
	unsigned int inuse = r->nr_inuse;

	free_three(r);
	free_local(r, 7, 1);
	KUNIT_EXPECT_EQ(test, r->heap->nr_deferred, 1);
	KUNIT_EXPECT_EQ(test, r->nr_inuse, inuse - 3);
	KUNIT_EXPECT_EQ(test, region_nr_cached(r), 0);
}

static struct kunit_case deferred_cases[] = {
	KUNIT_CASE(deferred_from_the_third_on),
	KUNIT_CASE(deferred_before_a_request),
	KUNIT_CASE(deferred_flushed),
	KUNIT_CASE(deferred_go_with_their_region),
	KUNIT_CASE(deferred_ends_at_hot_and_cold),
	KUNIT_CASE(deferred_ends_at_a_cut),
	KUNIT_CASE(deferred_in_a_range),
	KUNIT_CASE(deferred_not_the_last),
	KUNIT_CASE(deferred_are_not_in_use),
	{}
};

DUALTREE_SUITE(deferred, "runs that wait for the trees",
	       .init = dt_cache_pictures_init, .exit = dt_cache_fixture_exit);
