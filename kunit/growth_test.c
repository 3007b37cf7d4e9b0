// SPDX-License-Identifier: GPL-2.0
/*
 * What an instance takes from the pool and when it gives it back: requests of exactly 2^k
 * pages, a pair of alloc and free at the edge of a full heap, a stream that ends.
 */
#include <linux/sched.h>
#include "fixtures/scale.h"
#include "fixtures/setups.h"

static uint pairs = SLOW_KERNEL ? 5000 : 1000000;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "of alloc and free at the edge, for each size and setup");

/* 2^k pages take 2^k pages and one block of the pool, for each k up to a whole arena. */
static void growth_powers_of_two(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	unsigned int order;
	size_t size;

	/* An order of 0 stands for the default: the smallest order to ask for is 1. */
	for (order = 1; order <= BUDDY_POOL_ARENA_ORDER; order++) {
		struct dualtree *dt;

		size = PAGE_SIZE << order;
		dt = setup_instance(test, .pool = pool, .min_region_order =
				    order == BUDDY_POOL_ARENA_ORDER ? order : 1);
		dt_must_alloc(test, dt, size);
		KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, size);
		KUNIT_EXPECT_EQ(test, dt_pool_used(pool), size);
		KUNIT_EXPECT_EQ(test, stats_of(dt).region_gets, 1);
		KUNIT_EXPECT_EQ(test, stats_of(dt).free_bytes, 0);
		dt_test_instance_destroy(test, dt);
		KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
	}
	KUNIT_EXPECT_EQ(test, size, dualtree_max_size(test_instance(test)));
}

/* On one instance, with the smallest regions there are: each request gets a region its size. */
static void growth_on_one_instance(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test, .min_region_order = 1);
	size_t size, held = 0, max_size = dualtree_max_size(dt);
	unsigned int regions = 0;
	void *ptr[16];

	/* The largest first: a heap that holds more grows by more. */
	for (size = max_size; size >= 256 * PAGE_SIZE; size /= 2) {
		ptr[regions] = dt_must_alloc(test, dt, size);
		held += size;
		regions++;
		KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, held);
		KUNIT_EXPECT_EQ(test, stats_of(dt).regions, regions);
		KUNIT_EXPECT_EQ(test, stats_of(dt).free_bytes, 0);
	}
	while (regions--)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr[regions], max_size >> regions), 0);
	dt_expect_drained(test, dt);
}

/* Live memory up to the last granule of all regions. Return: its first byte. */
static void *fill_up(struct kunit *test, struct dualtree *dt, size_t size)
{
	void *all = dualtree_alloc(dt, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_EQ(test, stats_of(dt).free_bytes, 0);
	return all;
}

/* Return: pairs that did not work. */
static unsigned int make_pairs(struct dualtree *dt, unsigned int nr, size_t size)
{
	unsigned int i, failed = 0;
	void *ptr;

	for (i = 0; i < nr; i++) {
		ptr = dualtree_alloc(dt, size, GFP_KERNEL);
		if (!ptr || dualtree_free(dt, ptr, size))
			failed++;
		if (i % 1024 == 0)
			cond_resched();
	}
	return failed;
}

/* A heap that is full but for one region: the same pair again and again costs one region. */
static void growth_pair_at_the_edge(struct kunit *test)
{
	static const size_t sizes[] = { 1, 64, 1500, 4096, SZ_16K, SZ_64K };
	struct dualtree_stats before, after;
	unsigned int nr = param_value_of(pairs);
	struct dualtree *dt;
	unsigned int i;
	void *all;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		dt = setup_instance(test);
		all = fill_up(test, dt, SZ_64K);
		before = stats_of(dt);
		KUNIT_EXPECT_EQ(test, make_pairs(dt, nr, sizes[i]), 0);
		after = stats_of(dt);
		KUNIT_EXPECT_EQ(test, after.allocs, before.allocs + nr);
		KUNIT_EXPECT_EQ(test, after.region_gets, before.region_gets + 1);
		KUNIT_EXPECT_LE(test, after.region_puts, before.region_puts + 1);
		KUNIT_EXPECT_LE(test, after.held_bytes, before.held_bytes + SZ_64K);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all, SZ_64K), 0);
		dt_expect_drained(test, dt);
	}
}

/* Two sizes in turns, of which one fits into what is there, and one does not. */
static void growth_two_at_the_edge(struct kunit *test)
{
	unsigned int nr = param_value_of(pairs) / 2;
	struct dualtree *dt = setup_instance(test);
	struct dualtree_stats before, after;
	unsigned int i, failed = 0;
	void *all, *small, *large;

	all = fill_up(test, dt, SZ_64K);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + SZ_64K - 2048, 2048), 0);
	before = stats_of(dt);
	for (i = 0; i < nr; i++) {
		small = dualtree_alloc(dt, 2000, GFP_KERNEL);
		large = dualtree_alloc(dt, 2100, GFP_KERNEL);
		failed += !small || !large;
		failed += !!dualtree_free(dt, i % 2 ? small : large, i % 2 ? 2000 : 2100);
		failed += !!dualtree_free(dt, i % 2 ? large : small, i % 2 ? 2100 : 2000);
		if (i % 1024 == 0)
			cond_resched();
	}
	after = stats_of(dt);
	KUNIT_EXPECT_EQ(test, failed, 0);
	KUNIT_EXPECT_EQ(test, after.region_gets, before.region_gets + 1);
	KUNIT_EXPECT_LE(test, after.region_puts, before.region_puts + 1);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, all, SZ_64K - 2048), 0);
	dt_expect_drained(test, dt);
}

#define PACKETS		2000
#define WINDOW		300

static size_t packet_size(unsigned int n)
{
	return 40 + n * 613 % 1960;
}

/* Some live at a time, each trimmed, freed from the front in two parts. */
static unsigned int stream(struct dualtree *dt, u8 **ring)
{
	unsigned int n, failed = 0;
	u8 *ptr;

	for (n = 0; n < PACKETS + WINDOW; n++) {
		ptr = ring[n % WINDOW];
		if (n >= WINDOW) {
			failed += !!dualtree_free(dt, ptr, 40);
			failed += !!dualtree_free(dt, ptr + 40, packet_size(n - WINDOW) - 40 + 1);
		}
		if (n >= PACKETS)
			continue;
		ptr = dualtree_alloc(dt, SZ_2K, GFP_KERNEL);
		failed += !ptr || dualtree_trim(dt, ptr, SZ_2K, packet_size(n) + 1);
		ring[n % WINDOW] = ptr;
	}
	return failed;
}

/* When a stream ends its memory goes back by itself, all but one region; the rest on demand. */
static void growth_stream_ends(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	struct dualtree *dt = setup_instance(test, .pool = pool);
	u8 **ring = kunit_kcalloc(test, WINDOW, sizeof(*ring), GFP_KERNEL);
	struct dualtree_stats stats;
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	for (round = 0; round < 3; round++) {
		KUNIT_EXPECT_EQ(test, stream(dt, ring), 0);
		stats = stats_of(dt);
		KUNIT_EXPECT_EQ(test, stats.live_bytes, 0);
		KUNIT_EXPECT_GT(test, stats.region_gets, 3);
		KUNIT_EXPECT_LE(test, stats.regions, 1);
		KUNIT_EXPECT_LE(test, stats.held_bytes, SZ_64K);
		KUNIT_EXPECT_EQ(test, dt_pool_used(pool), stats.held_bytes);
	}
	dt_expect_drained(test, dt);
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
}

/* Half of the streams stop: what they had can be had by others, before anything is taken. */
static void growth_reuse_before_more(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test, .min_region_order = get_order(SZ_64K));
	const unsigned int nr = 128;
	void **ptrs = kunit_kcalloc(test, nr, sizeof(*ptrs), GFP_KERNEL);
	struct dualtree_stats before;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	for (i = 0; i < nr; i++)
		ptrs[i] = dt_must_alloc(test, dt, SZ_4K);
	KUNIT_ASSERT_EQ(test, stats_of(dt).free_bytes, 0);
	for (i = 0; i < nr; i += 2)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], SZ_4K), 0);
	before = stats_of(dt);
	/* Halves and quarters of what was freed: blocks in lists are opened for them. */
	for (i = 0; i < nr / 2; i++) {
		KUNIT_ASSERT_NOT_NULL(test, dualtree_alloc(dt, SZ_2K, GFP_KERNEL));
		KUNIT_ASSERT_NOT_NULL(test, dualtree_alloc(dt, SZ_1K, GFP_KERNEL));
		KUNIT_ASSERT_NOT_NULL(test, dualtree_alloc(dt, SZ_1K, GFP_KERNEL));
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).region_gets, before.region_gets);
	KUNIT_EXPECT_EQ(test, stats_of(dt).free_bytes, 0);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* A heap begins with a page, and while it is young it grows by at most half of what it holds. */
static void growth_young(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	size_t held = 0, now;

	while (held < 4 * SZ_64K) {
		KUNIT_ASSERT_NOT_NULL(test, dualtree_alloc(dt, DT_GRANULE, GFP_KERNEL));
		now = stats_of(dt).held_bytes;
		if (now == held)
			continue;
		if (held < max_t(size_t, SZ_64K, smallest_region()))
			KUNIT_EXPECT_LE(test, now - held, max(smallest_region(), held / 2));
		else
			KUNIT_EXPECT_EQ(test, now - held, max_t(size_t, SZ_64K, PAGE_SIZE));
		/* All that it held is used. */
		KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, held + DT_GRANULE);
		held = now;
	}
}

/* What comes and goes as a whole needs no region any more after some rounds. */
static void growth_young_rounds(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	unsigned int round, i;
	void *ptrs[16];
	u64 gets = 0;

	for (round = 0; round < 20; round++) {
		if (round == 10)
			gets = stats_of(dt).region_gets;
		for (i = 0; i < ARRAY_SIZE(ptrs); i++)
			ptrs[i] = dt_must_alloc(test, dt, 1500);
		for (i = 0; i < ARRAY_SIZE(ptrs); i++)
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], 1500), 0);
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).region_gets, gets);
	KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, max_t(size_t, SZ_64K, PAGE_SIZE));
}

static struct kunit_case growth_cases[] = {
	KUNIT_CASE_PARAM(growth_powers_of_two, setup_gen_params),
	KUNIT_CASE_PARAM(growth_on_one_instance, setup_gen_params),
	KUNIT_CASE_PARAM(growth_pair_at_the_edge, setup_gen_params),
	KUNIT_CASE_PARAM(growth_two_at_the_edge, setup_gen_params),
	KUNIT_CASE_PARAM(growth_stream_ends, setup_gen_params),
	KUNIT_CASE_PARAM(growth_reuse_before_more, setup_gen_params),
	KUNIT_CASE_PARAM(growth_young, setup_gen_params),
	KUNIT_CASE_PARAM(growth_young_rounds, setup_gen_params),
	{}
};

DUALTREE_SUITE(growth, "taking memory from the pool and giving it back");
