// SPDX-License-Identifier: GPL-2.0
/* The dual tree under random calls, and under stray writes to its nodes. */
#include <linux/sched.h>
#include "fixtures/random.h"
#include "fixtures/tree.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random cases; 0: pick one");

static void random_alloc(struct kunit *test, struct tree_fixture *f, struct rnd_state *rnd)
{
	/* Mostly packets, now and then something large. */
	unsigned int max = random_below(rnd, 8) ? 8 : 100;

	dt_tree_alloc(test, f, 1 + random_below(rnd, max));
}

/* At most @max live granules, of one allocation or of several, at @from or after free ones. */
static struct tree_run live_run(const struct tree_fixture *f, unsigned int from, unsigned int max)
{
	struct tree_run run = { .first = dt_model_free_end(f->map, f->nr, from) };

	while (run.first + run.nr < f->nr && run.nr < max &&
	       f->map[run.first + run.nr] == MODEL_LIVE)
		run.nr++;
	return run;
}

static void random_free(struct kunit *test, struct tree_fixture *f, struct rnd_state *rnd)
{
	unsigned int from = random_below(rnd, f->nr);
	unsigned int max = 1 + random_below(rnd, random_below(rnd, 8) ? 8 : 100);
	struct tree_run run = live_run(f, from, max);

	if (run.nr)
		dt_tree_free(test, f, run.first, run.nr);
}

/* Against the map, at many fillings: it fills up, stays, drains, and so on. */
static void random_against_map(struct kunit *test)
{
	static const unsigned int allocs_of_16[] = { 12, 8, 5, 8, 10, 2, 14, 7 };
	struct tree_fixture *f = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	dt_tree_make(f, NR_GRANULES - 3);
	dt_tree_free(test, f, 0, f->nr);
	for (i = 0; i < 40000; i++) {
		if (random_below(&rnd, 16) < allocs_of_16[i / 2500 % ARRAY_SIZE(allocs_of_16)])
			random_alloc(test, f, &rnd);
		else
			random_free(test, f, &rnd);
		if (i % 32)
			continue;
		dt_tree_check(test, f);
		cond_resched();
	}
	dt_tree_use_up(test, f);
	KUNIT_EXPECT_TRUE(test, dt_tree_untouched(f, 0, f->nr));
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
	dt_tree_check(test, f);
}

/* Take what there is, or nothing where the tree is damaged. Return: true if it was. */
static bool damaged_alloc(struct kunit *test, struct tree_fixture *f, unsigned int nr)
{
	unsigned int i, first = dt_extent_tree_alloc(&f->tree, nr);

	if (first != EXTENT_NONE) {
		for (i = first; i < first + nr; i++)
			KUNIT_ASSERT_EQ(test, f->map[i], MODEL_FREE);
		dt_tree_set_live(f, first, nr);
	}
	return f->tree.damaged;
}

/* Links change under the tree; each time that it finds one it is rebuilt, and is sound then. */
static void stray_writes(struct kunit *test)
{
	struct tree_fixture *f = test->priv;
	unsigned int i, found = 0;
	struct rnd_state rnd;
	struct tree_run run;
	bool damaged;

	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	dt_tree_make(f, NR_GRANULES);
	dt_tree_free(test, f, 0, f->nr);
	for (i = 0; i < 40000; i++) {
		if (!random_below(&rnd, 4))
			scribble(f, &rnd);
		run = live_run(f, random_below(&rnd, f->nr), 8);
		if (random_below(&rnd, 2))
			damaged = damaged_alloc(test, f, 1 + random_below(&rnd, 8));
		else
			damaged = run.nr && dt_tree_damaged_free(test, f, run.first, run.nr);
		if (!damaged)
			continue;
		found++;
		rebuild(test, f);
		cond_resched();
	}
	KUNIT_EXPECT_GT(test, found, 100);
	rebuild(test, f);
	for (i = 0; i < f->nr; i++)
		KUNIT_ASSERT_TRUE(test, f->map[i] == MODEL_FREE || dt_tree_untouched(f, i, 1));
}

/* A ring of links has an end. */
static void ring_of_links(struct kunit *test)
{
	static const struct tree_run holes[] = { { 2, 4 }, { 10, 4 }, { 20, 4 }, {} };
	struct tree_fixture *f = test->priv;
	unsigned int class = extent_class(4), i, j;

	dt_tree_make(f, 64);
	dt_tree_free_runs(test, f, holes);
	for (i = 0; i < 2; i++) {
		struct dt_extent *node = extent_node(&f->tree, f->tree.roots[class]);

		for (j = 0; j < EXTENT_CHILDREN; j++)
			node->child[j] = f->tree.roots[class];
		dt_extent_tree_alloc(&f->tree, 3 + i);
		KUNIT_EXPECT_TRUE(test, f->tree.damaged);
		rebuild(test, f);
	}
}

static struct kunit_case extent_tree_random_cases[] = {
	KUNIT_CASE(random_against_map),
	KUNIT_CASE(stray_writes),
	KUNIT_CASE(ring_of_links),
	{}
};

DUALTREE_SUITE(extent_tree_random, "random calls and damage of the dual tree",
	       .init = dt_tree_fixture_init, .exit = dt_tree_fixture_exit);
