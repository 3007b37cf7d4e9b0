// SPDX-License-Identifier: GPL-2.0
/*
 * Instances and pools that are charged to a cgroup: whose pool it is, and that no more is charged
 * than is used. What is charged a kernel with cgroups counts; a suite runs in the root cgroup.
 */
#include <linux/sizes.h>
#include "../dualtree/instance.h"
#include "fixtures/pool.h"

static void account_refused(struct kunit *test)
{
	const struct dualtree_params params = {
		.pool = test_pool(test, .limit = 0), .flags = DUALTREE_ACCOUNT,
	};
	const struct buddy_pool_params flags = {
		.nid = NUMA_NO_NODE, .flags = BUDDY_POOL_ACCOUNT << 1,
	};

	KUNIT_EXPECT_PTR_EQ(test, dualtree_create("account", &params), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, buddy_pool_create("account", &flags), ERR_PTR(-EINVAL));
}

/* Instances of a cgroup share its pool, which is there for as long as one of them. */
static void account_shares_pool(struct kunit *test)
{
	struct dualtree *a = test_instance(test, .flags = DUALTREE_ACCOUNT);
	struct dualtree *b = test_instance(test, .flags = DUALTREE_ACCOUNT);

	KUNIT_EXPECT_PTR_EQ(test, a->pool, b->pool);
	KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(a, 100, GFP_KERNEL));
	dt_test_instance_destroy(test, a);
	KUNIT_ASSERT_TRUE(test, alloc_and_free(b, 100, GFP_KERNEL));
	dt_test_instance_destroy(test, b);
	b = test_instance(test, .flags = DUALTREE_ACCOUNT);
	KUNIT_EXPECT_EQ(test, pool_stats(b->pool).held_bytes, 0);
}

/* What is charged are regions, not arenas that others would use. */
static void account_exact(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .flags = DUALTREE_ACCOUNT);

	KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(dt, 100, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, pool_stats(dt->pool).held_bytes, stats_of(dt).held_bytes);
	KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(dt, SZ_256K, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, pool_stats(dt->pool).held_bytes, stats_of(dt).held_bytes);
	KUNIT_EXPECT_EQ(test, pool_stats(dt->pool).free_bytes, 0);
}

static void account_pool_exact(struct kunit *test)
{
	struct buddy_pool *pool = test_pool(test, .flags = BUDDY_POOL_ACCOUNT);
	void *page = dt_block_alloc(test, pool, 0), *block = dt_block_alloc(test, pool, 2);

	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 2);
	dt_block_free(test, pool, page, 0);
	dt_block_free(test, pool, block, 2);
	dt_expect_trimmed(test, pool);
}

static struct kunit_case account_cases[] = {
	KUNIT_CASE(account_refused),
	KUNIT_CASE(account_shares_pool),
	KUNIT_CASE(account_exact),
	KUNIT_CASE(account_pool_exact),
	{}
};

DUALTREE_SUITE(account, "memory that is charged to a cgroup");
