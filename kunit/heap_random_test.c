// SPDX-License-Identifier: GPL-2.0
/*
 * The heap against its maps, in random order: allocations, frees by the owner and by others,
 * drains, and regions that come and go.
 *
 * Each allocation is compared with where the maps say it belongs; all sums and the heap's
 * own check follow every few steps.
 */
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "heap_bed.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random case; 0: pick one");

/* Only one empty region is left, and the heap knows it. */
static void random_empties(struct kunit *test, struct bed *bed)
{
	unsigned int i;

	bed_give_back(test, bed);
	for (i = 0; i < bed->nr_plots; i++) {
		struct dt_region *region = bed->plots[i]->region;
		bool empty = map_sums(bed->plots[i]->map, region->nr).nr_free == region->nr;

		KUNIT_ASSERT_EQ(test, empty, region == bed->heap.spare);
	}
}

static void random_alloc(struct kunit *test, struct bed *bed, struct rnd_state *rnd)
{
	size_t most = random_below(rnd, 16) ? 1600 : PAGE_SIZE << MAX_ORDER_HERE;
	size_t size = 1 + random_below(rnd, most);
	unsigned int order = random_below(rnd, MAX_ORDER_HERE + 1);

	if (bed_alloc(test, bed, size) || bed->nr_plots == MAX_PLOTS)
		return;
	bed_attach(test, bed, order);
	random_empties(test, bed);
	bed_alloc(test, bed, size);
}

/* Some live granules of one region, by the owner or from elsewhere. */
static void random_free(struct kunit *test, struct bed *bed, struct rnd_state *rnd)
{
	unsigned int first, nr = 0, most = 1 + random_below(rnd, random_below(rnd, 4) ? 25 : 300);
	struct plot *plot;

	if (!bed->nr_plots)
		return;
	plot = bed->plots[random_below(rnd, bed->nr_plots)];
	first = random_below(rnd, plot->region->nr);
	while (first < plot->region->nr && plot->map[first] != MAP_LIVE)
		first++;
	while (first + nr < plot->region->nr && nr < most && plot->map[first + nr] == MAP_LIVE)
		nr++;
	if (!nr)
		return;
	if (random_below(rnd, 4))
		free_in(test, bed, plot, first, nr);
	else
		bed_push(bed, plot->region, first, nr);
	random_empties(test, bed);
}

static void random_drain(struct kunit *test, struct bed *bed, struct rnd_state *rnd)
{
	while (bed_drain(bed, 1 + random_below(rnd, 5)))
		;
	bed_arrived(bed);
	random_empties(test, bed);
}

/* Against the maps, while regions come and go. */
static void random_against_maps(struct kunit *test)
{
	static const unsigned int allocs_of_16[] = { 13, 8, 6, 11, 2, 8 };
	struct bed *bed = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	random_start(test, &rnd, seed);
	for (i = 0; i < 24000; i++) {
		if (!random_below(&rnd, 50))
			random_drain(test, bed, &rnd);
		else if (random_below(&rnd, 16) < allocs_of_16[i / 500 % ARRAY_SIZE(allocs_of_16)])
			random_alloc(test, bed, &rnd);
		else
			random_free(test, bed, &rnd);
		if (i % 16 == 0)
			bed_check(test, bed);
		cond_resched();
	}
	random_drain(test, bed, &rnd);
	bed_check(test, bed);
}

static struct bed the_bed;

static int heap_random_init(struct kunit *test)
{
	return bed_make(test, &the_bed);
}

static struct kunit_case heap_random_cases[] = {
	KUNIT_CASE(random_against_maps),
	{}
};

static struct kunit_suite heap_random_suite = {
	.name = "dualtree_heap_random",
	.init = heap_random_init,
	.exit = bed_unmake,
	.test_cases = heap_random_cases,
};

kunit_test_suite(heap_random_suite);

MODULE_DESCRIPTION("dualtree: random tests of the heap");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
