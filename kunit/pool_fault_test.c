// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool when the kernel has no memory: each allocation that a call makes fails
 * in turn, once. Every call then succeeds or fails cleanly, and the next one succeeds.
 */
#include "fixtures/faults.h"
#include "fixtures/one_arena.h"

#define ORDER		3
#define ARENA_BYTES	(PAGE_SIZE << ORDER)

static void create_case(struct kunit *test, struct buddy_pool_params params, unsigned int calls_min)
{
	struct buddy_pool *pool;
	unsigned int n, failed = 0;
	bool hit;

	for (n = 1; n < FAULT_POINTS_MAX; n++) {
		dt_fault_arm(n);
		pool = buddy_pool_create("fault", &params);
		hit = dt_fault_disarm();
		if (!hit)
			break;
		if (IS_ERR_OR_NULL(pool)) {
			KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-ENOMEM));
			failed++;
			continue;
		}
		/* Smaller arenas stood in: the reserve must be there all the same. */
		KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, params.reserve);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
		buddy_pool_destroy(pool);
	}
	KUNIT_EXPECT_LT(test, n, FAULT_POINTS_MAX);
	KUNIT_EXPECT_GE(test, n, calls_min);
	KUNIT_EXPECT_GE(test, failed, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, params.reserve);
	buddy_pool_destroy(pool);
}

static void buddy_fault_create(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = ORDER };

	dt_faults_or_skip(test);
	create_case(test, params, 1);
}

static void buddy_fault_create_reserve(struct kunit *test)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = ORDER, .reserve = 2 * ARENA_BYTES,
	};

	dt_faults_or_skip(test);
	/* Two arenas, of at least a record and pages each. */
	create_case(test, params, 5);
}

/* A block of the arena's order: there is no smaller arena to fall back on. */
static void whole_arena_case(struct kunit *test, gfp_t gfp)
{
	struct buddy_pool *pool = test_pool(test, .arena_order = ORDER);
	struct buddy_pool_stats want = {};
	unsigned int n, failed = 0;
	void *block;
	bool hit;

	for (n = 1; n < FAULT_POINTS_MAX; n++) {
		dt_fault_arm(n);
		block = buddy_pool_alloc(pool, ORDER, gfp);
		hit = dt_fault_disarm();
		if (!hit)
			break;
		if (block) {
			want.allocs++;
			want.frees++;
			KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, ORDER), 0);
			buddy_pool_trim(pool);
		} else {
			want.failed_allocs++;
			failed++;
		}
		/* What was charged for the arena is not charged any more. */
		dt_expect_pool_stats(test, pool, &want);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	}
	KUNIT_EXPECT_LT(test, n, FAULT_POINTS_MAX);
	/* The arena's record, its pages, its place in the table. */
	KUNIT_EXPECT_GE(test, failed, 3);
	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, ARENA_BYTES);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, ORDER), 0);
}

static void buddy_fault_alloc(struct kunit *test)
{
	dt_faults_or_skip(test);
	whole_arena_case(test, GFP_KERNEL);
}

static void buddy_fault_alloc_atomic(struct kunit *test)
{
	dt_faults_or_skip(test);
	whole_arena_case(test, GFP_ATOMIC);
}

/* What fails for a large arena does not fail for a small one: the call succeeds. */
static void buddy_fault_smaller_arena(struct kunit *test)
{
	struct buddy_pool *pool = test_pool(test, .arena_order = ORDER);
	unsigned int n, smaller = 0;
	void *block;
	bool hit;

	dt_faults_or_skip(test);
	for (n = 1; n < FAULT_POINTS_MAX; n++) {
		dt_fault_arm(n);
		block = buddy_pool_alloc(pool, 0, GFP_KERNEL);
		hit = dt_fault_disarm();
		KUNIT_ASSERT_NOT_NULL(test, block);
		if (!hit)
			break;
		smaller += pool_stats(pool).held_bytes < ARENA_BYTES;
		KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 0);
		KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 0), 0);
		buddy_pool_trim(pool);
		KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 0);
	}
	KUNIT_EXPECT_LT(test, n, FAULT_POINTS_MAX);
	KUNIT_EXPECT_GE(test, smaller, 3);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 0), 0);
}

/* A free needs no memory. */
static void buddy_fault_free(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, ORDER);
	unsigned int n, i;
	void *block;

	dt_faults_or_skip(test);
	for (n = 1; n <= 4; n++) {
		block = dt_one_alloc(one, ORDER);
		for (i = 1; i < 8; i += 2) {
			dt_fault_arm(n);
			dt_one_free_range(one, block + pages_bytes(i), 1);
			dt_fault_disarm();
		}
		dt_fault_arm(n);
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(one->pool, block, 2), -EALREADY);
		dt_fault_disarm();
		one->want.bad_frees++;
		for (i = 0; i < 8; i += 2) {
			dt_fault_arm(n);
			dt_one_free(one, block + pages_bytes(i), 0);
			dt_fault_disarm();
		}
		dt_one_expect_all_free(one);
	}
}

/* A pool with free blocks allocates without a call of the page allocator. */
static void buddy_fault_reserve(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, ORDER);
	void *blocks[8];
	unsigned int i;

	dt_faults_or_skip(test);
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		dt_fault_arm(1);
		blocks[i] = dt_one_alloc(one, 0);
		KUNIT_EXPECT_FALSE(test, dt_fault_disarm());
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		dt_one_free(one, blocks[i], 0);
	dt_one_expect_all_free(one);
}

static struct kunit_case pool_fault_cases[] = {
	KUNIT_CASE(buddy_fault_create),
	KUNIT_CASE(buddy_fault_create_reserve),
	KUNIT_CASE(buddy_fault_alloc),
	KUNIT_CASE(buddy_fault_alloc_atomic),
	KUNIT_CASE(buddy_fault_smaller_arena),
	KUNIT_CASE(buddy_fault_free),
	KUNIT_CASE(buddy_fault_reserve),
	{}
};

DUALTREE_SUITE(pool_fault, "the page pool: allocations that fail", .exit = dt_faults_exit);
