// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations up to the limit of an instance, and to that of its pool. What other CPUs hold of it
 * is in limit_test.c.
 */
#include "fixtures/instance.h"

static void dualtree_limit(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .limit = 4 * SZ_64K + 1, .min_region_order = 4);
	const size_t size = PAGE_SIZE << 3;
	void *ptrs[64], *ptr;
	unsigned int i, nr;

	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "numbers are those of 4 KiB pages");
	for (nr = 0; nr < ARRAY_SIZE(ptrs); nr++) {
		ptrs[nr] = dualtree_alloc(dt, size, GFP_KERNEL);
		if (!ptrs[nr])
			break;
		KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 0);
	}
	KUNIT_EXPECT_EQ(test, nr, 8);
	for (i = 2; i < 10; i++) {
		KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, size, GFP_ATOMIC));
		KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, i);
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, 4 * SZ_64K);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));

	/* A hole of one byte more or less than a request. */
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[3] + DT_GRANULE, 1024), 0);
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, 1025, GFP_KERNEL));
	ptr = dualtree_alloc(dt, 1024, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, ptr, ptrs[3] + DT_GRANULE);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], size), 0);
	dt_expect_drained(test, dt);
}

/* Regions grow with the heap; one that is too large for the limit is taken smaller. */
static void dualtree_limit_growth(struct kunit *test)
{
	struct dualtree_params params = { .limit = 43 * SZ_64K };
	struct dualtree *dt = dt_test_instance(test, &params);
	size_t got = 0;

	while (dualtree_alloc(dt, 16 * SZ_1K, GFP_KERNEL))
		got += 16 * SZ_1K;
	KUNIT_EXPECT_EQ(test, got, params.limit);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, params.limit);
	KUNIT_EXPECT_LT(test, stats_of(dt).regions, 43);
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 1);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* A limit that no region fits into; one that a larger request needs all of. */
static void dualtree_limit_small(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .limit = 4 * PAGE_SIZE, .min_region_order = 1);
	void *ptr;

	ptr = dt_must_alloc(test, dt, 1);
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, 4 * PAGE_SIZE, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1), 0);
	/* Nothing is live: a spare that is too small is no reason to fail. */
	ptr = dt_must_alloc(test, dt, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 4 * PAGE_SIZE), 0);
	dt_expect_drained(test, dt);
}

/* The pool itself runs out; what another instance gives back can be had at once. */
static void dualtree_pool_exhausted(struct kunit *test)
{
	const size_t arena = PAGE_SIZE << SMALL_ARENA;
	struct dualtree_params params = { .pool = dt_test_small_pool(test, arena) };
	struct dualtree *a = dt_test_instance(test, &params);
	struct dualtree *b = dt_test_instance(test, &params);
	void *p;

	p = dt_must_alloc(test, a, arena);
	KUNIT_EXPECT_NULL(test, dualtree_alloc(b, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, stats_of(b).failed_allocs, 1);
	KUNIT_EXPECT_EQ(test, stats_of(b).held_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats_of(a).failed_allocs, 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(a, p, arena), 0);
	KUNIT_EXPECT_EQ(test, dualtree_shrink(a), arena);
	KUNIT_EXPECT_TRUE(test, alloc_and_free(b, arena, GFP_KERNEL));
	dt_expect_drained(test, a);
	dt_expect_drained(test, b);
}

static struct kunit_case alloc_limit_cases[] = {
	KUNIT_CASE(dualtree_limit),
	KUNIT_CASE(dualtree_limit_growth),
	KUNIT_CASE(dualtree_limit_small),
	KUNIT_CASE(dualtree_pool_exhausted),
	{}
};

DUALTREE_SUITE(alloc_limit, "allocations up to a limit");
