// SPDX-License-Identifier: GPL-2.0
/*
 * Trimming: a region that is large for what lives in it gives back the pages at its end, by itself
 * or when it is asked for, and what was cut off is another's then.
 *
 * For what happens after some time, a case waits until it has happened, and fails only after many
 * times that.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include "../dualtree/region.h"
#include "../dualtree/trim.h"
#include "fixtures/instance.h"
#include "fixtures/pool.h"

/* Jiffies to wait: many times the interval of two passes. */
#define PATIENCE	(60 * HZ)

#define MESSAGE		(3 * SZ_1M)
#define SMALL		1000U

/* What may be held for a few small ranges that live. */
#define HELD_MAX	max_t(size_t, SZ_128K, 2 * PAGE_SIZE)

static u8 *alloc_filled(struct kunit *test, struct dualtree *dt, size_t size)
{
	return memset(dt_must_alloc(test, dt, size), 0xa5, size);
}

/* Make a pair of calls and wait, until the instance holds little. */
static void wait_until_little(struct kunit *test, struct dualtree *dt, unsigned int pairs)
{
	unsigned long end = jiffies + PATIENCE;
	unsigned int i;

	do {
		for (i = 0; i < pairs; i++)
			KUNIT_ASSERT_EQ(test, dualtree_free(dt, alloc_filled(test, dt, SMALL),
							    SMALL), 0);
		schedule_timeout_uninterruptible(HZ / 20);
	} while (stats_of(dt).held_bytes > HELD_MAX && time_before(jiffies, end));
	KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, HELD_MAX);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* The large message comes first, and what follows lies where it did. */
static void trim_message_first(struct kunit *test)
{
	const unsigned int pairs = *(const unsigned int *)test->param_value;
	struct dualtree *dt;
	u8 *ptr;

	dt_test_idle_ms(test, 300);
	dt = test_instance(test);
	ptr = alloc_filled(test, dt, MESSAGE);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, MESSAGE), 0);
	ptr = alloc_filled(test, dt, SMALL);
	KUNIT_EXPECT_GE(test, stats_of(dt).held_bytes, MESSAGE);
	wait_until_little(test, dt, pairs);
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0xa5, SMALL));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, SMALL), 0);
}

/* It comes when something lives already: its region is empty then, and a spare. */
static void trim_message_later(struct kunit *test)
{
	const unsigned int pairs = *(const unsigned int *)test->param_value;
	struct dualtree *dt;
	u8 *ptr, *message;

	dt_test_idle_ms(test, 300);
	dt = test_instance(test);
	ptr = alloc_filled(test, dt, SMALL);
	message = alloc_filled(test, dt, MESSAGE);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, message, MESSAGE), 0);
	KUNIT_EXPECT_GE(test, stats_of(dt).held_bytes, MESSAGE);
	wait_until_little(test, dt, pairs);
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0xa5, SMALL));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, SMALL), 0);
}

/* Calls in each twentieth of a second: none but those that keep an instance in use, or many. */
static const unsigned int pair_cases[] = { 0, 1, 200 };

static void pairs_name(const unsigned int *pairs, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u pairs", *pairs);
}

KUNIT_ARRAY_PARAM(pairs, pair_cases, pairs_name);

/* What was cut off is no part of the instance any more, and what was not can all be used. */
static void trim_cut_off(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	u8 *ptr = alloc_filled(test, dt, SZ_1M), *more;
	size_t held;

	KUNIT_EXPECT_EQ(test, dualtree_trim(dt, ptr, SZ_1M, 5 * SZ_64K), 0);
	KUNIT_EXPECT_GT(test, dualtree_shrink(dt), 0);
	held = stats_of(dt).held_bytes;
	/* A quarter more than is live. */
	KUNIT_EXPECT_GE(test, held, 6 * SZ_64K);
	KUNIT_EXPECT_LE(test, held, 7 * SZ_64K);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), 0);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + held, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + held - 1, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + held - 1, 1), -EALREADY);
	KUNIT_EXPECT_FALSE(test, dualtree_extend(dt, ptr, 5 * SZ_64K, SZ_1M));
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, ptr, 5 * SZ_64K, held));
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0xa5, 5 * SZ_64K));
	memset(ptr, 0xa5, held);
	more = alloc_filled(test, dt, SMALL);
	KUNIT_EXPECT_TRUE(test, more < ptr || more >= ptr + held);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, more, SMALL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + held - 100, 100), 0);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, held - 100), 0);
	dualtree_shrink(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, 0);
}

/* Another instance has the pages. Both go, and the pool has all of it back. */
static void trim_for_another(struct kunit *test)
{
	const size_t all = SZ_512K;
	struct buddy_pool *pool = test_pool(test, .arena_order = get_order(all), .limit = all);
	struct dualtree *a = test_instance(test, .pool = pool);
	struct dualtree *b = test_instance(test, .pool = pool);
	u8 *ptr = alloc_filled(test, a, all), *half;

	KUNIT_EXPECT_NULL(test, dualtree_alloc(b, all / 2, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_trim(a, ptr, all, SMALL), 0);
	KUNIT_EXPECT_NULL(test, dualtree_alloc(b, all / 2, GFP_KERNEL));
	dualtree_shrink(a);
	half = alloc_filled(test, b, all / 2);
	KUNIT_EXPECT_TRUE(test, half > ptr && half < ptr + all);
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0xa5, SMALL));
	KUNIT_EXPECT_TRUE(test, dualtree_check(a));
	KUNIT_EXPECT_TRUE(test, dualtree_check(b));
	KUNIT_EXPECT_EQ(test, dualtree_free(a, half, 1), -EINVAL);
	/* With live ranges: a region that was cut goes back as what is left of it. */
	dt_test_instance_destroy(test, a);
	KUNIT_EXPECT_TRUE(test, all_bytes(half, 0xa5, all / 2));
	dt_test_instance_destroy(test, b);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, pool_stats(pool).held_bytes);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* What lives at the end of a region keeps all of it. */
static void trim_live_at_end(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	u8 *ptr = alloc_filled(test, dt, SZ_1M);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, SZ_1M - SMALL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, SZ_1M);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + SZ_1M - SMALL, SMALL), 0);
}

/* No region becomes smaller than the smallest that the instance may have. */
static void trim_min_order(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = get_order(SZ_256K));
	u8 *ptr = alloc_filled(test, dt, SZ_1M);

	KUNIT_EXPECT_EQ(test, dualtree_trim(dt, ptr, SZ_1M, SMALL), 0);
	dualtree_shrink(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, SZ_256K);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, SMALL), 0);
}

static struct kunit_case trim_cases[] = {
	KUNIT_CASE_PARAM(trim_message_first, pairs_gen_params),
	KUNIT_CASE_PARAM(trim_message_later, pairs_gen_params),
	KUNIT_CASE(trim_cut_off),
	KUNIT_CASE(trim_for_another),
	KUNIT_CASE(trim_live_at_end),
	KUNIT_CASE(trim_min_order),
	{}
};

DUALTREE_SUITE(trim, "returning the pages at the end of a region");
