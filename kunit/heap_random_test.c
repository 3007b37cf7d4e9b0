// SPDX-License-Identifier: GPL-2.0
/*
 * The heap against its maps, in random order: allocations, frees by the owner and by others,
 * drains, and regions that come and go.
 *
 * Each allocation is compared with where the maps say it belongs; all sums and the heap's
 * own check follow every few steps.
 */
#include <linux/sched.h>
#include "fixtures/heap.h"
#include "fixtures/random.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random case; 0: pick one");

/* Only one empty region is left, and the heap knows it. */
static void random_empties(struct kunit *test, struct heap_fixture *f)
{
	unsigned int i;

	dt_fixture_put_retired(f);
	for (i = 0; i < f->nr_models; i++) {
		struct dt_region *region = f->models[i]->region;
		bool empty = dt_model_sums(f->models[i]->map, region->nr).nr_free == region->nr;

		KUNIT_ASSERT_EQ(test, empty, region == f->heap.spare);
	}
}

static void random_alloc(struct kunit *test, struct heap_fixture *f, struct rnd_state *rnd)
{
	size_t max = random_below(rnd, 16) ? 1600 : PAGE_SIZE << REGION_ORDER_MAX;
	size_t size = 1 + random_below(rnd, max);
	unsigned int order = random_below(rnd, REGION_ORDER_MAX + 1);

	if (dt_fixture_alloc(f, size) || f->nr_models == REGIONS_MAX)
		return;
	dt_fixture_add(f, order);
	random_empties(test, f);
	dt_fixture_alloc(f, size);
}

/* Some live granules of one region, by the owner or from elsewhere. */
static void random_free(struct kunit *test, struct heap_fixture *f, struct rnd_state *rnd)
{
	unsigned int first, nr = 0, max = 1 + random_below(rnd, random_below(rnd, 4) ? 25 : 300);
	struct region_model *model;

	if (!f->nr_models)
		return;
	model = f->models[random_below(rnd, f->nr_models)];
	first = random_below(rnd, model->region->nr);
	while (first < model->region->nr && model->map[first] != MODEL_LIVE)
		first++;
	while (first + nr < model->region->nr && nr < max && model->map[first + nr] == MODEL_LIVE)
		nr++;
	if (!nr)
		return;
	if (random_below(rnd, 4))
		dt_fixture_free_run(f, model, first, nr);
	else
		dt_fixture_push(f, model->region, first, nr);
	random_empties(test, f);
}

static void random_drain(struct kunit *test, struct heap_fixture *f, struct rnd_state *rnd)
{
	while (dt_fixture_drain(f, 1 + random_below(rnd, 5)))
		;
	dt_fixture_set_drained(f);
	random_empties(test, f);
}

/* Against the maps, while regions come and go. */
static void random_against_maps(struct kunit *test)
{
	static const unsigned int allocs_of_16[] = { 13, 8, 6, 11, 2, 8 };
	struct heap_fixture *f = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	for (i = 0; i < 24000; i++) {
		if (!random_below(&rnd, 50))
			random_drain(test, f, &rnd);
		else if (random_below(&rnd, 16) < allocs_of_16[i / 500 % ARRAY_SIZE(allocs_of_16)])
			random_alloc(test, f, &rnd);
		else
			random_free(test, f, &rnd);
		if (i % 16 == 0)
			dt_fixture_check(f);
		cond_resched();
	}
	random_drain(test, f, &rnd);
	dt_fixture_check(f);
}

static struct kunit_case heap_random_cases[] = {
	KUNIT_CASE(random_against_maps),
	{}
};

DUALTREE_SUITE(heap_random, "the heap against a model, in random order",
	       .init = dt_heap_fixture_init, .exit = dt_heap_fixture_exit);
