// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: each request is placed where a search of all free runs would place it, each
 * free merges with what it touches.
 *
 * The trees lie in real memory, beside a map with one byte per granule that says what must be
 * free. Live granules hold a pattern, so that a node written where it does not belong shows.
 */
#include <linux/gfp.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "../dualtree/check.h"
#include "../dualtree/extent_tree.h"
#include "heap_helpers.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random cases; 0: pick one");

#define NR_GRANULES	1024

/**
 * struct bed - a tree, the memory it keeps, and what must be free in it
 * @tree: the tree under test
 * @base: NR_GRANULES granules
 * @nr: those of them that are used
 * @map: MAP_LIVE or MAP_FREE for each
 */
struct bed {
	struct dt_extent_tree tree;
	void *base;
	unsigned int nr;
	u8 map[NR_GRANULES];
};

/* Granules, as a case writes them down; a @nr of 0 ends a list. */
struct run {
	unsigned int first;
	unsigned int nr;
};

static void *granule(const struct bed *bed, unsigned int i)
{
	return bed->base + ((size_t)i << DT_GRANULE_SHIFT);
}

static u8 pattern(unsigned int i)
{
	return i * 37 + 11;
}

static void go_live(struct bed *bed, unsigned int first, unsigned int nr)
{
	unsigned int i;

	/* As whoever allocates does it. */
	dt_unpoison(granule(bed, first), (size_t)nr * DT_GRANULE);
	for (i = first; i < first + nr; i++) {
		memset(granule(bed, i), pattern(i), DT_GRANULE);
		bed->map[i] = MAP_LIVE;
	}
}

static bool untouched(const struct bed *bed, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		if (memchr_inv(granule(bed, i), pattern(i), DT_GRANULE))
			return false;
	return true;
}

/* Nothing is free. */
static void bed_make(struct bed *bed, unsigned int nr)
{
	extent_tree_init(&bed->tree);
	bed->nr = nr;
	go_live(bed, 0, nr);
}

/* The sums, and each extent against the map. */
static void bed_check(struct kunit *test, const struct bed *bed)
{
	struct map_sums sums = map_sums(bed->map, bed->nr);
	const struct dt_extent *extent = extent_first(&bed->tree);
	unsigned int i, end;

	KUNIT_ASSERT_EQ(test, bed->tree.nr_free, sums.nr_free);
	KUNIT_ASSERT_EQ(test, bed->tree.nr_extents, sums.nr_extents);
	KUNIT_ASSERT_EQ(test, extent_tree_largest(&bed->tree), sums.largest);
	KUNIT_ASSERT_TRUE(test, dt_extent_tree_check(&bed->tree, bed->base, bed->nr));
	for (i = map_next_free(bed->map, bed->nr, 0); i < bed->nr;
	     i = map_next_free(bed->map, bed->nr, end)) {
		end = map_free_end(bed->map, bed->nr, i);
		KUNIT_ASSERT_PTR_EQ(test, (void *)extent, granule(bed, i));
		KUNIT_ASSERT_EQ(test, extent->nr, end - i);
		extent = extent_next(extent);
	}
	KUNIT_ASSERT_NULL(test, extent);
}

/* Return: where @nr granules were placed, which is where they have to be; bed->nr if not. */
static unsigned int bed_alloc(struct kunit *test, struct bed *bed, unsigned int nr)
{
	unsigned int want = map_best_fit(bed->map, bed->nr, nr);
	void *addr = dt_extent_tree_alloc(&bed->tree, nr);

	if (want == bed->nr) {
		KUNIT_ASSERT_NULL(test, addr);
		return want;
	}
	KUNIT_ASSERT_PTR_EQ(test, addr, granule(bed, want));
	go_live(bed, want, nr);
	return want;
}

/* The extent that ends in front of a granule, or NULL: where it begins, by the map. */
static struct dt_extent *extent_in_front(const struct bed *bed, unsigned int first)
{
	unsigned int i = first;

	while (i && bed->map[i - 1] == MAP_FREE)
		i--;
	return i < first ? granule(bed, i) : NULL;
}

/* The one that begins at a granule, or NULL. */
static struct dt_extent *extent_behind(const struct bed *bed, unsigned int end)
{
	return end < bed->nr && bed->map[end] == MAP_FREE ? granule(bed, end) : NULL;
}

/* The extent that comes of it is the one that the map has there. */
static void bed_free(struct kunit *test, struct bed *bed, unsigned int first, unsigned int nr)
{
	struct dt_extent *left = extent_in_front(bed, first), *extent;
	struct dt_extent *right = extent_behind(bed, first + nr);

	KUNIT_ASSERT_TRUE(test, untouched(bed, first, nr));
	memset(bed->map + first, MAP_FREE, nr);
	extent = dt_extent_tree_free(&bed->tree, granule(bed, first), nr, left, right);
	KUNIT_ASSERT_PTR_EQ(test, extent, left ?: (struct dt_extent *)granule(bed, first));
}

static void bed_free_runs(struct kunit *test, struct bed *bed, const struct run *runs)
{
	for (; runs->nr; runs++)
		bed_free(test, bed, runs->first, runs->nr);
}

static void nothing_free(struct kunit *test)
{
	struct bed *bed = test->priv;

	bed_make(bed, NR_GRANULES);
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 1), bed->nr);
	bed_check(test, bed);
}

static void all_free(struct kunit *test)
{
	struct bed *bed = test->priv;

	bed_make(bed, NR_GRANULES);
	bed_free(test, bed, 0, NR_GRANULES);
	bed_check(test, bed);
	KUNIT_EXPECT_NULL(test, dt_extent_tree_alloc(&bed->tree, NR_GRANULES + 1));
	KUNIT_EXPECT_NULL(test, dt_extent_tree_alloc(&bed->tree, UINT_MAX));
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, NR_GRANULES), 0);
	bed_check(test, bed);
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 1), bed->nr);
}

/* An extent is used up from its start on; what is behind a request stays one with it. */
static void carve_from_the_start(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int i;

	bed_make(bed, 64);
	bed_free(test, bed, 8, 20);
	for (i = 8; i < 28; i++) {
		KUNIT_EXPECT_PTR_EQ(test, (void *)extent_first(&bed->tree), granule(bed, i));
		KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 1), i);
		bed_check(test, bed);
	}
}

/* Buffers that give back their tails at once leave one extent, not one each. */
static void tails_merge(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int i;

	bed_make(bed, 64);
	bed_free(test, bed, 0, 64);
	for (i = 0; i < 12; i++) {
		KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 16), 4 * i);
		bed_free(test, bed, 4 * i + 4, 12);
		KUNIT_EXPECT_EQ(test, bed->tree.nr_extents, 1);
		bed_check(test, bed);
	}
}

/* Six holes, and for each request the one that fits best. */
static void best_fit(struct kunit *test)
{
	static const struct run holes[] = {
		{ 2, 5 }, { 10, 3 }, { 20, 8 }, { 30, 3 }, { 40, 6 }, { 50, 12 }, {}
	};
	static const unsigned int placed[] = {
		/* 1: */ 10, 10, 10, /* 4: */ 2, 2, /* 6: */ 40, /* 7: */ 20, 20,
		/* 9: */ 50, 50, 50, 50, /* 13: */ 64
	};
	struct bed *bed = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(placed); i++) {
		bed_make(bed, 64);
		bed_free_runs(test, bed, holes);
		KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, i + 1), placed[i]);
		bed_check(test, bed);
	}
}

/* Equal holes that were freed out of order are used in order, each from its start on. */
static void lowest_of_equals(struct kunit *test)
{
	static const struct run holes[] = {
		{ 30, 4 }, { 10, 4 }, { 50, 4 }, { 40, 4 }, { 0, 4 }, { 20, 4 }, {}
	};
	struct bed *bed = test->priv;
	unsigned int i;

	bed_make(bed, 64);
	bed_free_runs(test, bed, holes);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 4), 10 * i);
	bed_check(test, bed);
	bed_free_runs(test, bed, holes);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 3), 10 * i);
		bed_check(test, bed);
	}
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 1), 10 * i + 3);
	bed_check(test, bed);
}

/**
 * struct free_case - what one free makes of what was free before
 * @name: what is tried
 * @before: free already
 * @freed: freed now
 * @after: free then
 */
struct free_case {
	const char *name;
	struct run before[4];
	struct run freed;
	struct run after[4];
};

static const struct free_case free_cases[] = {
	{ "into nothing", {}, { 10, 5 }, { { 10, 5 } } },
	{ "the only granule", {}, { 0, 1 }, { { 0, 1 } } },
	{ "everything", {}, { 0, 64 }, { { 0, 64 } } },
	{ "far from both", { { 0, 3 }, { 50, 5 } }, { 20, 5 }, { { 0, 3 }, { 20, 5 }, { 50, 5 } } },
	{ "below all", { { 20, 3 }, { 50, 5 } }, { 2, 5 }, { { 2, 5 }, { 20, 3 }, { 50, 5 } } },
	{ "above all", { { 2, 3 }, { 20, 5 } }, { 50, 5 }, { { 2, 3 }, { 20, 5 }, { 50, 5 } } },
	{ "one granule off on both sides", { { 5, 4 }, { 16, 4 } }, { 10, 5 },
	  { { 5, 4 }, { 10, 5 }, { 16, 4 } } },
	{ "on top of one", { { 10, 5 } }, { 15, 3 }, { { 10, 8 } } },
	{ "under one", { { 10, 5 } }, { 7, 3 }, { { 7, 8 } } },
	{ "on top, one granule below the next", { { 10, 5 }, { 19, 2 } }, { 15, 3 },
	  { { 10, 8 }, { 19, 2 } } },
	{ "under, one granule above the last", { { 2, 4 }, { 10, 5 } }, { 7, 3 },
	  { { 2, 4 }, { 7, 8 } } },
	{ "all between two", { { 5, 5 }, { 15, 9 } }, { 10, 5 }, { { 5, 19 } } },
	{ "one granule between two", { { 5, 5 }, { 11, 9 } }, { 10, 1 }, { { 5, 15 } } },
	{ "all between two of equal size", { { 5, 5 }, { 12, 5 } }, { 10, 2 }, { { 5, 12 } } },
	{ "all between the larger and the smaller", { { 5, 9 }, { 16, 2 } }, { 14, 2 },
	  { { 5, 13 } } },
	{ "the first of two holes", { { 0, 4 }, { 8, 4 }, { 16, 4 } }, { 4, 4 },
	  { { 0, 12 }, { 16, 4 } } },
	{ "the second of two holes", { { 0, 4 }, { 8, 4 }, { 16, 4 } }, { 12, 4 },
	  { { 0, 4 }, { 8, 12 } } },
	{ "up to the end", { { 20, 4 } }, { 60, 4 }, { { 20, 4 }, { 60, 4 } } },
	{ "up to the end, on top of one", { { 50, 10 } }, { 60, 4 }, { { 50, 14 } } },
	{ "from the start", { { 20, 4 } }, { 0, 4 }, { { 0, 4 }, { 20, 4 } } },
	{ "from the start, under one", { { 4, 10 } }, { 0, 4 }, { { 0, 14 } } },
	{ "the last piece", { { 0, 30 }, { 31, 33 } }, { 30, 1 }, { { 0, 64 } } },
	{ "grows past the next larger one", { { 0, 4 }, { 20, 6 } }, { 4, 3 },
	  { { 0, 7 }, { 20, 6 } } },
	{ "grows to equal one above", { { 0, 4 }, { 20, 6 } }, { 4, 2 }, { { 0, 6 }, { 20, 6 } } },
	{ "grows to equal one below", { { 0, 6 }, { 20, 4 } }, { 24, 2 }, { { 0, 6 }, { 20, 6 } } },
};

static void free_case_name(const struct free_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(free_case, free_cases, free_case_name);

static void free_merges(struct kunit *test)
{
	const struct free_case *c = test->param_value;
	const struct dt_extent *extent;
	struct bed *bed = test->priv;
	const struct run *run;

	bed_make(bed, 64);
	bed_free_runs(test, bed, c->before);
	bed_check(test, bed);
	bed_free(test, bed, c->freed.first, c->freed.nr);
	bed_check(test, bed);

	extent = extent_first(&bed->tree);
	for (run = c->after; run->nr; run++, extent = extent_next(extent)) {
		KUNIT_ASSERT_PTR_EQ(test, (void *)extent, granule(bed, run->first));
		KUNIT_ASSERT_EQ(test, extent->nr, run->nr);
	}
	KUNIT_EXPECT_NULL(test, extent);
}

/* Take all there is, which finds every extent by its size. */
static void bed_use_up(struct kunit *test, struct bed *bed)
{
	unsigned int nr;

	for (nr = 1; bed->tree.nr_extents; nr = nr % 3 + 1) {
		if (bed_alloc(test, bed, min(nr, extent_tree_largest(&bed->tree))) == bed->nr)
			break;
	}
	KUNIT_ASSERT_EQ(test, bed->tree.nr_free, 0);
	bed_check(test, bed);
}

/* The extents of a case: sizes from 1 to 4, far enough apart to grow. */
static void bed_make_four(struct kunit *test, struct bed *bed, unsigned int sizes)
{
	unsigned int i;

	bed_make(bed, 64);
	for (i = 0; i < 4; i++)
		bed_free(test, bed, 16 * i + 6, (sizes >> 2 * i) % 4 + 1);
}

/* One of four extents of every size grows, at its end, its front or both, by every length. */
static void grow_in_every_order(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int sizes, which, front, behind;

	for (sizes = 0; sizes < 256; sizes++) {
		for (which = 0; which < 4; which++) {
			unsigned int first = 16 * which + 6;
			unsigned int end = first + (sizes >> 2 * which) % 4 + 1;

			for (front = 0; front <= 4; front++) {
				for (behind = !front; behind <= 4; behind++) {
					bed_make_four(test, bed, sizes);
					if (front)
						bed_free(test, bed, first - front, front);
					if (behind)
						bed_free(test, bed, end, behind);
					bed_check(test, bed);
				}
			}
		}
		bed_use_up(test, bed);
		cond_resched();
	}
}

/* Each request that four extents of every size can serve, and then all the rest. */
static void shrink_in_every_order(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int sizes, nr;

	for (sizes = 0; sizes < 256; sizes++) {
		for (nr = 1; nr <= 4; nr++) {
			bed_make_four(test, bed, sizes);
			bed_alloc(test, bed, nr);
			bed_check(test, bed);
			bed_use_up(test, bed);
		}
		cond_resched();
	}
}

/* The largest of several, as they come and go. */
static void largest_follows(struct kunit *test)
{
	struct bed *bed = test->priv;

	bed_make(bed, 64);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 0);
	bed_free(test, bed, 10, 3);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 3);
	bed_free(test, bed, 20, 7);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 7);
	bed_free(test, bed, 30, 7);
	KUNIT_EXPECT_PTR_EQ(test, (void *)bed->tree.largest, granule(bed, 30));
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 7), 20);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 7);
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 6), 30);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 3);
	bed_free(test, bed, 8, 2);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 5);
	KUNIT_EXPECT_PTR_EQ(test, (void *)bed->tree.largest, granule(bed, 8));
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 5), 8);
	KUNIT_EXPECT_EQ(test, bed_alloc(test, bed, 1), 36);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&bed->tree), 0);
}

/* The next permutation in lexical order. Return: false after the last. */
static bool next_permutation(u8 *order, int nr)
{
	int i = nr - 2, j = nr - 1;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	swap(order[i], order[j]);
	for (i++, j = nr - 1; i < j; i++, j--)
		swap(order[i], order[j]);
	return true;
}

/* Up to six pieces are freed in every order, with live granules between some of them. */
static void free_in_every_order(struct kunit *test, unsigned int nr, unsigned int gaps)
{
	static const u8 sizes[] = { 3, 1, 4, 1, 5, 2 };
	struct bed *bed = test->priv;
	u8 order[ARRAY_SIZE(sizes)], at[ARRAY_SIZE(sizes)];
	unsigned int i, end = 0;

	for (i = 0; i < nr; i++) {
		order[i] = i;
		at[i] = end;
		end += sizes[i] + (gaps >> i & 1);
	}
	do {
		bed_make(bed, end);
		for (i = 0; i < nr; i++) {
			bed_free(test, bed, at[order[i]], sizes[order[i]]);
			bed_check(test, bed);
		}
	} while (next_permutation(order, nr));
}

static void every_order_of_frees(struct kunit *test)
{
	unsigned int nr, gaps;

	for (nr = 1; nr <= 6; nr++) {
		for (gaps = 0; gaps < 1U << (nr - 1); gaps++) {
			free_in_every_order(test, nr, gaps);
			cond_resched();
		}
	}
}

static void random_alloc(struct kunit *test, struct bed *bed, struct rnd_state *rnd)
{
	/* Mostly packets, now and then something large. */
	unsigned int most = random_below(rnd, 8) ? 8 : 100;

	bed_alloc(test, bed, 1 + random_below(rnd, most));
}

/* Any run of live granules: it may be part of one allocation, or parts of several. */
static void random_free(struct kunit *test, struct bed *bed, struct rnd_state *rnd)
{
	unsigned int first = random_below(rnd, bed->nr);
	unsigned int nr = 0, most = 1 + random_below(rnd, random_below(rnd, 8) ? 8 : 100);

	first = map_free_end(bed->map, bed->nr, first);
	while (first + nr < bed->nr && nr < most && bed->map[first + nr] == MAP_LIVE)
		nr++;
	if (nr)
		bed_free(test, bed, first, nr);
}

/* Against the map, at many fillings: it fills up, stays, drains, and so on. */
static void random_against_map(struct kunit *test)
{
	static const unsigned int allocs_of_16[] = { 12, 8, 5, 8, 10, 2, 14, 7 };
	struct bed *bed = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	random_start(test, &rnd, seed);
	bed_make(bed, NR_GRANULES - 3);
	bed_free(test, bed, 0, bed->nr);
	for (i = 0; i < 40000; i++) {
		if (random_below(&rnd, 16) < allocs_of_16[i / 2500 % ARRAY_SIZE(allocs_of_16)])
			random_alloc(test, bed, &rnd);
		else
			random_free(test, bed, &rnd);
		if (i % 32)
			continue;
		bed_check(test, bed);
		cond_resched();
	}
	bed_use_up(test, bed);
	KUNIT_EXPECT_TRUE(test, untouched(bed, 0, bed->nr));
}

static int extent_tree_test_init(struct kunit *test)
{
	struct bed *bed = kunit_kzalloc(test, sizeof(*bed), GFP_KERNEL);

	if (!bed)
		return -ENOMEM;
	bed->base = alloc_pages_exact(NR_GRANULES * DT_GRANULE, GFP_KERNEL);
	if (!bed->base)
		return -ENOMEM;
	test->priv = bed;
	return 0;
}

static void extent_tree_test_exit(struct kunit *test)
{
	struct bed *bed = test->priv;

	if (bed)
		free_pages_exact(bed->base, NR_GRANULES * DT_GRANULE);
}

static struct kunit_case extent_tree_cases[] = {
	KUNIT_CASE(nothing_free),
	KUNIT_CASE(all_free),
	KUNIT_CASE(carve_from_the_start),
	KUNIT_CASE(tails_merge),
	KUNIT_CASE(best_fit),
	KUNIT_CASE(lowest_of_equals),
	KUNIT_CASE_PARAM(free_merges, free_case_gen_params),
	KUNIT_CASE(grow_in_every_order),
	KUNIT_CASE(shrink_in_every_order),
	KUNIT_CASE(largest_follows),
	KUNIT_CASE(every_order_of_frees),
	KUNIT_CASE(random_against_map),
	{}
};

static struct kunit_suite extent_tree_suite = {
	.name = "dualtree_extent_tree",
	.init = extent_tree_test_init,
	.exit = extent_tree_test_exit,
	.test_cases = extent_tree_cases,
};

kunit_test_suite(extent_tree_suite);

MODULE_DESCRIPTION("dualtree: tests of the dual tree");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
