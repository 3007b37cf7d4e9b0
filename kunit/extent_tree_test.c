// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: each request is placed where a search of all free runs would place it, each
 * free merges with what it touches.
 *
 * The trees lie in real memory. A model (fixtures/region_model.h) says what must be free. Live
 * granules hold a pattern, so that a node written to a live granule is found.
 */
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "../compat/kasan.h"
#include "../dualtree/check.h"
#include "../dualtree/extent_tree.h"
#include "fixtures/random.h"
#include "fixtures/region_model.h"
#include "fixtures/suite.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random cases; 0: pick one");

#define NR_GRANULES	1024

/**
 * struct tree_fixture - a tree, the memory it manages, and what must be free in it
 * @tree: the tree under test
 * @base: NR_GRANULES granules
 * @mem: for the tree
 * @nr: those of the granules that are used
 * @map: MODEL_LIVE or MODEL_FREE for each
 * @guard: of the ledger, a full count
 * @ledger: with a full count after the last one that is used
 */
struct tree_fixture {
	struct dt_extent_tree tree;
	void *base;
	void *mem;
	unsigned int nr;
	u8 map[NR_GRANULES];
	u8 guard;
	u8 ledger[NR_GRANULES + 1];
};

/* Granules, as the table of a case has them; a @nr of 0 ends a list. */
struct run {
	unsigned int first;
	unsigned int nr;
};

static void *granule(const struct tree_fixture *f, unsigned int i)
{
	return f->base + ((size_t)i << DT_GRANULE_SHIFT);
}

static u8 pattern(unsigned int i)
{
	return i * 37 + 11;
}

static void set_live(struct tree_fixture *f, unsigned int first, unsigned int nr)
{
	unsigned int i;

	/* As an allocation does. */
	dt_unpoison(granule(f, first), (size_t)nr * DT_GRANULE);
	for (i = first; i < first + nr; i++) {
		memset(granule(f, i), pattern(i), DT_GRANULE);
		f->map[i] = MODEL_LIVE;
		f->ledger[i] = DT_GRANULE;
	}
}

static bool untouched(const struct tree_fixture *f, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		if (memchr_inv(granule(f, i), pattern(i), DT_GRANULE))
			return false;
	return true;
}

/* Nothing is free. */
static void fixture_make(struct tree_fixture *f, unsigned int nr)
{
	memset(f->mem, 0, dt_extent_tree_size(NR_GRANULES));
	dt_extent_tree_init(&f->tree, f->base, f->ledger, nr, f->mem);
	f->nr = nr;
	f->guard = DT_GRANULE;
	f->ledger[nr] = DT_GRANULE;
	set_live(f, 0, nr);
}

/* The sums, and each extent against the map. */
static void fixture_check(struct kunit *test, const struct tree_fixture *f)
{
	struct model_sums sums = dt_model_sums(f->map, f->nr);
	unsigned int i, end, last = extent_next(&f->tree, 0);

	KUNIT_ASSERT_EQ(test, f->tree.nr_free, sums.nr_free);
	KUNIT_ASSERT_EQ(test, f->tree.nr_extents, sums.nr_extents);
	KUNIT_ASSERT_EQ(test, extent_tree_largest(&f->tree), sums.largest);
	KUNIT_ASSERT_TRUE(test, dt_extent_tree_check(&f->tree));
	for (i = dt_model_next_free(f->map, f->nr, 0); i < f->nr;
	     i = dt_model_next_free(f->map, f->nr, end)) {
		end = dt_model_free_end(f->map, f->nr, i);
		KUNIT_ASSERT_EQ(test, last, end - 1);
		KUNIT_ASSERT_EQ(test, extent_nr_to(&f->tree, last), end - i);
		KUNIT_ASSERT_EQ(test, extent_nr_from(&f->tree, i), end - i);
		last = extent_next(&f->tree, end);
	}
	KUNIT_ASSERT_EQ(test, last, EXTENT_NONE);
}

/* Return: where @nr granules were placed, which is where they have to be; f->nr if not. */
static unsigned int fixture_alloc(struct kunit *test, struct tree_fixture *f, unsigned int nr)
{
	unsigned int want = dt_model_best_fit(f->map, f->nr, nr);
	unsigned int first = dt_extent_tree_alloc(&f->tree, nr);

	KUNIT_ASSERT_FALSE(test, f->tree.damaged);
	if (want == f->nr) {
		KUNIT_ASSERT_EQ(test, first, EXTENT_NONE);
		return want;
	}
	KUNIT_ASSERT_EQ(test, first, want);
	set_live(f, want, nr);
	return want;
}

static void fixture_free(struct kunit *test, struct tree_fixture *f, unsigned int first,
			 unsigned int nr)
{
	KUNIT_ASSERT_TRUE(test, untouched(f, first, nr));
	memset(f->map + first, MODEL_FREE, nr);
	memset(f->ledger + first, LEDGER_OWNED, nr);
	dt_extent_tree_free(&f->tree, first, nr);
	KUNIT_ASSERT_FALSE(test, f->tree.damaged);
}

static void fixture_free_runs(struct kunit *test, struct tree_fixture *f, const struct run *runs)
{
	for (; runs->nr; runs++)
		fixture_free(test, f, runs->first, runs->nr);
}

static void nothing_free(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	fixture_make(f, NR_GRANULES);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 1), f->nr);
	fixture_check(test, f);
}

static void all_free(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	fixture_make(f, NR_GRANULES);
	fixture_free(test, f, 0, NR_GRANULES);
	fixture_check(test, f);
	KUNIT_EXPECT_EQ(test, dt_extent_tree_alloc(&f->tree, NR_GRANULES + 1), EXTENT_NONE);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, NR_GRANULES), 0);
	fixture_check(test, f);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 1), f->nr);
}

/* An extent is used from its start on; the rest stays one extent. */
static void carve_from_the_start(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int i;

	fixture_make(f, 64);
	fixture_free(test, f, 8, 20);
	for (i = 8; i < 28; i++) {
		KUNIT_EXPECT_EQ(test, extent_next(&f->tree, 0), 27);
		KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 1), i);
		fixture_check(test, f);
	}
}

/* Buffers that give back their tails at once leave one extent, not one each. */
static void tails_merge(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int i;

	fixture_make(f, 64);
	fixture_free(test, f, 0, 64);
	for (i = 0; i < 12; i++) {
		KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 16), 4 * i);
		fixture_free(test, f, 4 * i + 4, 12);
		KUNIT_EXPECT_EQ(test, f->tree.nr_extents, 1);
		fixture_check(test, f);
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
	struct tree_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(placed); i++) {
		fixture_make(f, 64);
		fixture_free_runs(test, f, holes);
		KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, i + 1), placed[i]);
		fixture_check(test, f);
	}
}

/* Equal holes that were freed out of order are used in order, each from its start on. */
static void lowest_of_equals(struct kunit *test)
{
	static const struct run holes[] = {
		{ 30, 4 }, { 10, 4 }, { 50, 4 }, { 40, 4 }, { 0, 4 }, { 20, 4 }, {}
	};
	struct tree_fixture *f = test->priv;
	unsigned int i;

	fixture_make(f, 64);
	fixture_free_runs(test, f, holes);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 4), 10 * i);
	fixture_check(test, f);
	fixture_free_runs(test, f, holes);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 3), 10 * i);
		fixture_check(test, f);
	}
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 1), 10 * i + 3);
	fixture_check(test, f);
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
	const struct run *run;
	unsigned int last;

	fixture_make(f, 64);
	fixture_free_runs(test, f, c->before);
	fixture_check(test, f);
	fixture_free(test, f, c->freed.first, c->freed.nr);
	fixture_check(test, f);

	last = extent_next(&f->tree, 0);
	for (run = c->after; run->nr; run++, last = extent_next(&f->tree, last + 1)) {
		KUNIT_ASSERT_EQ(test, last, run->first + run->nr - 1);
		KUNIT_ASSERT_EQ(test, extent_nr_to(&f->tree, last), run->nr);
	}
	KUNIT_EXPECT_EQ(test, last, EXTENT_NONE);
}

/* Take all there is, which finds every extent by its size. */
static void fixture_use_up(struct kunit *test, struct tree_fixture *f)
{
	unsigned int nr;

	for (nr = 1; f->tree.nr_extents; nr = nr % 3 + 1) {
		if (fixture_alloc(test, f, min(nr, extent_tree_largest(&f->tree))) == f->nr)
			break;
	}
	KUNIT_ASSERT_EQ(test, f->tree.nr_free, 0);
	fixture_check(test, f);
}

/* The extents of a case: sizes from 1 to 4, far enough apart to grow. */
static void fixture_make_four(struct kunit *test, struct tree_fixture *f, unsigned int sizes)
{
	unsigned int i;

	fixture_make(f, 64);
	for (i = 0; i < 4; i++)
		fixture_free(test, f, 16 * i + 6, (sizes >> 2 * i) % 4 + 1);
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
					fixture_make_four(test, f, sizes);
					if (before)
						fixture_free(test, f, first - before, before);
					if (after)
						fixture_free(test, f, end, after);
					fixture_check(test, f);
				}
			}
		}
		fixture_use_up(test, f);
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
			fixture_make_four(test, f, sizes);
			fixture_alloc(test, f, nr);
			fixture_check(test, f);
			fixture_use_up(test, f);
		}
		cond_resched();
	}
}

/* The largest of several, as they come and go. */
static void largest_follows(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	fixture_make(f, 64);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 0);
	fixture_free(test, f, 10, 3);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 3);
	fixture_free(test, f, 20, 7);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 7);
	fixture_free(test, f, 30, 7);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 7), 20);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 7);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 6), 30);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 3);
	fixture_free(test, f, 8, 2);
	KUNIT_EXPECT_EQ(test, extent_tree_largest(&f->tree), 5);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 5), 8);
	KUNIT_EXPECT_EQ(test, fixture_alloc(test, f, 1), 36);
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
		fixture_make(f, end);
		for (i = 0; i < nr; i++) {
			fixture_free(test, f, at[order[i]], sizes[order[i]]);
			fixture_check(test, f);
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

static void random_alloc(struct kunit *test, struct tree_fixture *f, struct rnd_state *rnd)
{
	/* Mostly packets, now and then something large. */
	unsigned int max = random_below(rnd, 8) ? 8 : 100;

	fixture_alloc(test, f, 1 + random_below(rnd, max));
}

/* Any run of live granules: it may be part of one allocation, or parts of several. */
static void random_free(struct kunit *test, struct tree_fixture *f, struct rnd_state *rnd)
{
	unsigned int first = random_below(rnd, f->nr);
	unsigned int nr = 0, max = 1 + random_below(rnd, random_below(rnd, 8) ? 8 : 100);

	first = dt_model_free_end(f->map, f->nr, first);
	while (first + nr < f->nr && nr < max && f->map[first + nr] == MODEL_LIVE)
		nr++;
	if (nr)
		fixture_free(test, f, first, nr);
}

/* Against the map, at many fillings: it fills up, stays, drains, and so on. */
static void random_against_map(struct kunit *test)
{
	static const unsigned int allocs_of_16[] = { 12, 8, 5, 8, 10, 2, 14, 7 };
	struct tree_fixture *f = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	fixture_make(f, NR_GRANULES - 3);
	fixture_free(test, f, 0, f->nr);
	for (i = 0; i < 40000; i++) {
		if (random_below(&rnd, 16) < allocs_of_16[i / 2500 % ARRAY_SIZE(allocs_of_16)])
			random_alloc(test, f, &rnd);
		else
			random_free(test, f, &rnd);
		if (i % 32)
			continue;
		fixture_check(test, f);
		cond_resched();
	}
	fixture_use_up(test, f);
	KUNIT_EXPECT_TRUE(test, untouched(f, 0, f->nr));
}

/* Nothing that a stray write puts into the nodes makes the tree hand out what is live. */
static void scribble(struct tree_fixture *f, struct rnd_state *rnd)
{
	unsigned int last = extent_next(&f->tree, random_below(rnd, f->nr));
	u32 values[] = { 0, EXTENT_NONE, random_below(rnd, f->nr), prandom_u32_state(rnd), last };
	u32 value = values[random_below(rnd, ARRAY_SIZE(values))];

	if (last != EXTENT_NONE)
		extent_node(&f->tree, last)->child[random_below(rnd, EXTENT_CHILDREN)] = value;
}

static void rebuild(struct kunit *test, struct tree_fixture *f)
{
	dt_extent_tree_rebuild(&f->tree, 0, 0, true);
	fixture_check(test, f);
}

/* Take what there is, or nothing where the tree is damaged. Return: true if it was. */
static bool damaged_alloc(struct kunit *test, struct tree_fixture *f, unsigned int nr)
{
	unsigned int i, first = dt_extent_tree_alloc(&f->tree, nr);

	if (first != EXTENT_NONE) {
		for (i = first; i < first + nr; i++)
			KUNIT_ASSERT_EQ(test, f->map[i], MODEL_FREE);
		set_live(f, first, nr);
	}
	return f->tree.damaged;
}

static bool damaged_free(struct kunit *test, struct tree_fixture *f, struct rnd_state *rnd)
{
	unsigned int nr = 0, first = dt_model_free_end(f->map, f->nr, random_below(rnd, f->nr));

	while (first + nr < f->nr && nr < 8 && f->map[first + nr] == MODEL_LIVE)
		nr++;
	if (!nr)
		return false;
	KUNIT_ASSERT_TRUE(test, untouched(f, first, nr));
	memset(f->map + first, MODEL_FREE, nr);
	memset(f->ledger + first, LEDGER_OWNED, nr);
	dt_extent_tree_free(&f->tree, first, nr);
	return f->tree.damaged;
}

/* Links change under the tree; each time that it finds one it is rebuilt, and is sound then. */
static void stray_writes(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int i, found = 0;
	struct rnd_state rnd;
	bool damaged;

	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	fixture_make(f, NR_GRANULES);
	fixture_free(test, f, 0, f->nr);
	for (i = 0; i < 40000; i++) {
		if (!random_below(&rnd, 4))
			scribble(f, &rnd);
		if (random_below(&rnd, 2))
			damaged = damaged_alloc(test, f, 1 + random_below(&rnd, 8));
		else
			damaged = damaged_free(test, f, &rnd);
		if (!damaged)
			continue;
		found++;
		rebuild(test, f);
		cond_resched();
	}
	KUNIT_EXPECT_GT(test, found, 100);
	rebuild(test, f);
	for (i = 0; i < f->nr; i++)
		KUNIT_ASSERT_TRUE(test, f->map[i] == MODEL_FREE || untouched(f, i, 1));
}

/* A ring of links has an end. */
static void ring_of_links(struct kunit *test)
{
	static const struct run holes[] = { { 2, 4 }, { 10, 4 }, { 20, 4 }, {} };
	struct tree_fixture *f = test->priv;
	unsigned int class = extent_class(4), i, j;

	fixture_make(f, 64);
	fixture_free_runs(test, f, holes);
	for (i = 0; i < 2; i++) {
		struct dt_extent *node = extent_node(&f->tree, f->tree.roots[class]);

		for (j = 0; j < EXTENT_CHILDREN; j++)
			node->child[j] = f->tree.roots[class];
		if (i)
			dt_extent_tree_alloc(&f->tree, 4);
		else
			dt_extent_tree_alloc(&f->tree, 3);
		KUNIT_EXPECT_TRUE(test, f->tree.damaged);
		rebuild(test, f);
	}
}

static int extent_tree_test_init(struct kunit *test)
{
	struct tree_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->mem = kunit_kzalloc(test, dt_extent_tree_size(NR_GRANULES), GFP_KERNEL);
	f->base = alloc_pages_exact(NR_GRANULES * DT_GRANULE, GFP_KERNEL);
	if (!f->base || !f->mem)
		return -ENOMEM;
	test->priv = f;
	return 0;
}

static void extent_tree_test_exit(struct kunit *test)
{
	struct tree_fixture *f = test->priv;

	if (f && f->base)
		free_pages_exact(f->base, NR_GRANULES * DT_GRANULE);
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
	KUNIT_CASE(stray_writes),
	KUNIT_CASE(ring_of_links),
	{}
};

DUALTREE_SUITE(extent_tree, "the dual tree",
	       .init = extent_tree_test_init, .exit = extent_tree_test_exit);
