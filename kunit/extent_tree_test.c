// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: each request is placed where a search of all free runs would place it, each
 * free merges with what it touches. Random calls and damage are in extent_tree_random_test.c.
 */
#include <linux/sched.h>
#include "fixtures/tree.h"

static void nothing_free(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	dt_tree_make(f, NR_GRANULES);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 1), f->nr);
	dt_tree_check(test, f);
}

static void all_free(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	dt_tree_make(f, NR_GRANULES);
	dt_tree_free(test, f, 0, NR_GRANULES);
	dt_tree_check(test, f);
	KUNIT_EXPECT_EQ(test, dt_extent_tree_alloc(&f->tree, NR_GRANULES + 1), EXTENT_NONE);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, NR_GRANULES), 0);
	dt_tree_check(test, f);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 1), f->nr);
}

/* An extent is used from its start on; the rest stays one extent. */
static void carve_from_the_start(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int i;

	dt_tree_make(f, 64);
	dt_tree_free(test, f, 8, 20);
	for (i = 8; i < 28; i++) {
		KUNIT_EXPECT_EQ(test, extent_next(&f->tree, 0), 27);
		KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 1), i);
		dt_tree_check(test, f);
	}
}

/* Buffers that give back their tails at once leave one extent, not one each. */
static void tails_merge(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int i;

	dt_tree_make(f, 64);
	dt_tree_free(test, f, 0, 64);
	for (i = 0; i < 12; i++) {
		KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 16), 4 * i);
		dt_tree_free(test, f, 4 * i + 4, 12);
		KUNIT_EXPECT_EQ(test, f->tree.nr_extents, 1);
		dt_tree_check(test, f);
	}
}

/* Six holes, and for each request the one that fits best. */
static void best_fit(struct kunit *test)
{
	static const struct tree_run holes[] = {
		{ 2, 5 }, { 10, 3 }, { 20, 8 }, { 30, 3 }, { 40, 6 }, { 50, 12 }, {}
	};
	static const unsigned int placed[] = {
		/* 1: */ 10, 10, 10, /* 4: */ 2, 2, /* 6: */ 40, /* 7: */ 20, 20,
		/* 9: */ 50, 50, 50, 50, /* 13: */ 64
	};
	struct tree_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(placed); i++) {
		dt_tree_make(f, 64);
		dt_tree_free_runs(test, f, holes);
		KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, i + 1), placed[i]);
		dt_tree_check(test, f);
	}
}

/* Equal holes that were freed out of order are used in order, each from its start on. */
static void lowest_of_equals(struct kunit *test)
{
	static const struct tree_run holes[] = {
		{ 30, 4 }, { 10, 4 }, { 50, 4 }, { 40, 4 }, { 0, 4 }, { 20, 4 }, {}
	};
	struct tree_fixture *f = test->priv;
	unsigned int i;

	dt_tree_make(f, 64);
	dt_tree_free_runs(test, f, holes);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 4), 10 * i);
	dt_tree_check(test, f);
	dt_tree_free_runs(test, f, holes);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 3), 10 * i);
		dt_tree_check(test, f);
	}
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 1), 10 * i + 3);
	dt_tree_check(test, f);
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
	struct tree_run before[4];
	struct tree_run freed;
	struct tree_run after[4];
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
	{ "the last part", { { 0, 30 }, { 31, 33 } }, { 30, 1 }, { { 0, 64 } } },
	{ "grows past the next larger one", { { 0, 4 }, { 20, 6 } }, { 4, 3 },
	  { { 0, 7 }, { 20, 6 } } },
	{ "grows to equal one above", { { 0, 4 }, { 20, 6 } }, { 4, 2 }, { { 0, 6 }, { 20, 6 } } },
	{ "grows to equal one below", { { 0, 6 }, { 20, 4 } }, { 24, 2 }, { { 0, 6 }, { 20, 6 } } },
};

DUALTREE_NAMED_PARAM(free_case, free_cases);

static void free_merges(struct kunit *test)
{
	const struct free_case *c = test->param_value;
	struct tree_fixture *f = test->priv;
	const struct tree_run *run;
	unsigned int last;

	dt_tree_make(f, 64);
	dt_tree_free_runs(test, f, c->before);
	dt_tree_check(test, f);
	dt_tree_free(test, f, c->freed.first, c->freed.nr);
	dt_tree_check(test, f);

	last = extent_next(&f->tree, 0);
	for (run = c->after; run->nr; run++, last = extent_next(&f->tree, last + 1)) {
		KUNIT_ASSERT_EQ(test, last, run->first + run->nr - 1);
		KUNIT_ASSERT_EQ(test, extent_nr_to(&f->tree, last), run->nr);
	}
	KUNIT_EXPECT_EQ(test, last, EXTENT_NONE);
}

/* The extents of a case: sizes from 1 to 4, far enough apart to grow. */
static void make_four(struct kunit *test, struct tree_fixture *f, unsigned int sizes)
{
	unsigned int i;

	dt_tree_make(f, 64);
	for (i = 0; i < 4; i++)
		dt_tree_free(test, f, 16 * i + 6, (sizes >> 2 * i) % 4 + 1);
}

/* One of four extents of every size grows, at its end, its front or both, by every length. */
static void grow_in_every_order(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int sizes, which, before, after;

	for (sizes = 0; sizes < 256; sizes++) {
		for (which = 0; which < 4; which++) {
			unsigned int first = 16 * which + 6;
			unsigned int end = first + (sizes >> 2 * which) % 4 + 1;

			for (before = 0; before <= 4; before++) {
				for (after = !before; after <= 4; after++) {
					make_four(test, f, sizes);
					if (before)
						dt_tree_free(test, f, first - before, before);
					if (after)
						dt_tree_free(test, f, end, after);
					dt_tree_check(test, f);
				}
			}
		}
		dt_tree_use_up(test, f);
		cond_resched();
	}
}

/* Each request that four extents of every size can serve, and then all the rest. */
static void shrink_in_every_order(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int sizes, nr;

	for (sizes = 0; sizes < 256; sizes++) {
		for (nr = 1; nr <= 4; nr++) {
			make_four(test, f, sizes);
			dt_tree_alloc(test, f, nr);
			dt_tree_check(test, f);
			dt_tree_use_up(test, f);
		}
		cond_resched();
	}
}

/* The largest of several, as they come and go. */
static void largest_follows(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	dt_tree_make(f, 64);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 0);
	dt_tree_free(test, f, 10, 3);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 3);
	dt_tree_free(test, f, 20, 7);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 7);
	dt_tree_free(test, f, 30, 7);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 7), 20);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 7);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 6), 30);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 3);
	dt_tree_free(test, f, 8, 2);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 5);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 5), 8);
	KUNIT_EXPECT_EQ(test, dt_tree_alloc(test, f, 1), 36);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 0);
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

/* Up to six runs are freed in every order, with live granules between some of them. */
static void free_in_every_order(struct kunit *test, unsigned int nr, unsigned int gaps)
{
	static const u8 sizes[] = { 3, 1, 4, 1, 5, 2 };
	struct tree_fixture *f = test->priv;
	u8 order[ARRAY_SIZE(sizes)], at[ARRAY_SIZE(sizes)];
	unsigned int i, end = 0;

	for (i = 0; i < nr; i++) {
		order[i] = i;
		at[i] = end;
		end += sizes[i] + (gaps >> i & 1);
	}
	do {
		dt_tree_make(f, end);
		for (i = 0; i < nr; i++) {
			dt_tree_free(test, f, at[order[i]], sizes[order[i]]);
			dt_tree_check(test, f);
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
	{}
};

DUALTREE_SUITE(extent_tree, "the dual tree",
	       .init = dt_tree_fixture_init, .exit = dt_tree_fixture_exit);
