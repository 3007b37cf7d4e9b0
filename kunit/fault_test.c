// SPDX-License-Identifier: GPL-2.0
/*
 * Instances when the kernel has no memory: each allocation that the module makes from the
 * kernel fails in turn, in tasks and in interrupts. Every call then succeeds or fails cleanly,
 * what is live stays as it is, and the next call succeeds.
 *
 * The module's own hook makes them fail, so that no other code sees a failure.
 */
#include <dualtree/fault.h>
#include "fixtures/instance.h"
#include "fixtures/section.h"

/* Calls of the loop over all points of failure: far more than a round has allocations. */
#define POINTS_MAX	400

#define NR	24

/**
 * struct round - a sequence of calls, the same each time
 * @dt: the instance
 * @pool: of its own, made anew for each round
 * @ptrs: what was allocated, or NULL
 * @missing: allocations that returned NULL
 * @wrong: something that must not be
 */
struct round {
	struct dualtree *dt;
	struct buddy_pool *pool;
	u8 *ptrs[NR];
	unsigned int missing;
	bool wrong;
};

/* Small ones and large ones, so that heaps begin and grow. */
static size_t size_of(unsigned int i)
{
	return i % 4 == 3 ? SZ_64K : 700 * (i + 1);
}

static void round_alloc(struct round *round, unsigned int first, unsigned int end, gfp_t gfp)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		round->ptrs[i] = dualtree_alloc(round->dt, size_of(i), gfp);
		if (round->ptrs[i])
			memset(round->ptrs[i], i + 1, size_of(i));
		else
			round->missing++;
	}
}

static int round_there(void *arg)
{
	round_alloc(arg, NR / 3, 2 * NR / 3, GFP_KERNEL);
	return 0;
}

static void round_interrupt(void *arg)
{
	round_alloc(arg, 2 * NR / 3, NR, GFP_ATOMIC);
}

/* No free may fail, whatever has become of the rest. */
static void round_free(struct round *round)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		u8 *ptr = round->ptrs[i];
		size_t size = size_of(i);

		if (!ptr)
			continue;
		round->wrong |= !all_bytes(ptr, i + 1, size) ||
				dualtree_free(round->dt, ptr + size / 3, size - size / 3) ||
				!all_bytes(ptr, i + 1, size / 3) ||
				dualtree_free(round->dt, ptr, size / 3);
		round->ptrs[i] = NULL;
	}
}

/* Return: allocations that failed because of @every. */
static unsigned int round_run(struct kunit *test, unsigned int other, unsigned int every)
{
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree_params params = { .pool = pool };
	struct round round = { .dt = dt_test_instance(test, &params), .pool = pool };
	unsigned int before = dualtree_faults();

	dualtree_fail_every(every);
	round_alloc(&round, 0, NR / 3, GFP_KERNEL);
	smp_call_on_cpu(other, round_there, &round, false);
	smp_call_function_single(other, round_interrupt, &round, true);
	dualtree_fail_every(0);
	KUNIT_EXPECT_EQ(test, stats_of(round.dt).failed_allocs, round.missing);
	KUNIT_EXPECT_TRUE(test, dualtree_check(round.dt));
	/* Nothing stands in the way of the next one. */
	if (!round.ptrs[0])
		round_alloc(&round, 0, 1, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, round.ptrs[0]);
	round_free(&round);
	KUNIT_EXPECT_FALSE(test, round.wrong);
	KUNIT_EXPECT_EQ(test, stats_of(round.dt).bad_frees, 0);
	dt_expect_drained(test, round.dt);
	dt_test_instance_destroy(test, round.dt);
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
	dt_test_pool_destroy(test, pool);
	return dualtree_faults() - before;
}

/* One failure after the other: the first, the second, and so on until a round has none. */
static void fault_each_point(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), other = dt_other_cpu(test, here), n, faults;

	dt_stay_on(test, here);
	for (n = 1; n < POINTS_MAX; n++) {
		faults = round_run(test, other, n);
		if (!faults)
			break;
	}
	kunit_info(test, "%u points\n", n - 1);
	KUNIT_EXPECT_LT(test, n, POINTS_MAX);
	/* Heaps, regions, and the pages, record and look-up of arenas. */
	KUNIT_EXPECT_GT(test, n, 10);
}

/* Without its own record a CPU has no heap, and the shared one serves. */
static void fault_no_heap(struct kunit *test)
{
	/* The pools of the module may have what other suites have left. */
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree *dt = test_instance(test, .pool = pool);
	unsigned int before;
	void *ptr;

	before = dualtree_faults();
	/* The first allocation of a call that finds no heap is the heap's. */
	dualtree_fail_every(1);
	ptr = dualtree_alloc(dt, 100, GFP_KERNEL);
	dualtree_fail_every(0);
	KUNIT_EXPECT_NULL(test, ptr);
	KUNIT_EXPECT_GE(test, dualtree_faults() - before, 2);
	KUNIT_EXPECT_FALSE(test, has_heap(dt, raw_smp_processor_id()));
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 1);
	ptr = dt_must_alloc(test, dt, 100);
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);
	dt_expect_drained(test, dt);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(fault_each_point),
	KUNIT_CASE(fault_no_heap),
	{}
};

DUALTREE_SUITE(fault, "instances when the kernel has no memory");
