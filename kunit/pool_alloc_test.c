// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: making one, taking and giving whole blocks, for arenas of every order.
 *
 * Promises that every field of the stats is right after every single call.
 *
 * Parts of blocks are in pool_range_test.c, bad frees in pool_refuse_test.c, limit and
 * reserve in pool_limit_test.c, contexts and users in pool_life_test.c, memory that runs
 * out at any point in pool_fault_test.c.
 */
#include <linux/nodemask.h>
#include "fixtures/one_arena.h"
#include "fixtures/orders.h"

/* Making a pool */

static void create_refused_case(struct kunit *test, const char *name,
				struct buddy_pool_params params)
{
	struct buddy_pool *pool = buddy_pool_create(name, &params);

	KUNIT_EXPECT_PTR_EQ_MSG(test, pool, ERR_PTR(-EINVAL), "node %d, order %u, limit %zu",
				params.nid, params.arena_order, params.limit);
	if (!IS_ERR_OR_NULL(pool))
		buddy_pool_destroy(pool);
}

static void buddy_pool_create_refused(struct kunit *test)
{
	static const struct buddy_pool_params refused[] = {
		{ .nid = NUMA_NO_NODE, .arena_order = BUDDY_POOL_MAX_ARENA_ORDER + 1 },
		{ .nid = NUMA_NO_NODE, .arena_order = UINT_MAX },
		{ .nid = MAX_NUMNODES },
		{ .nid = NUMA_NO_NODE - 1 },
		{ .nid = INT_MIN },
		{ .nid = INT_MAX },
		{ .nid = NUMA_NO_NODE, .limit = PAGE_SIZE, .reserve = PAGE_SIZE + 1 },
		/* Arenas are made of pages: two would be needed, and one is allowed. */
		{ .nid = NUMA_NO_NODE, .limit = PAGE_SIZE + 1, .reserve = PAGE_SIZE + 1 },
		{ .nid = NUMA_NO_NODE, .limit = PAGE_SIZE - 1, .reserve = 1 },
	};
	const struct buddy_pool_params good = { .nid = NUMA_NO_NODE };
	unsigned int i;

	create_refused_case(test, NULL, good);
	create_refused_case(test, "", good);
	KUNIT_EXPECT_PTR_EQ(test, buddy_pool_create(NULL, NULL), ERR_PTR(-EINVAL));
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		create_refused_case(test, "refused", refused[i]);
}

static void buddy_pool_create_offline_node(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = first_unset_node(node_online_map) };

	if (params.nid >= MAX_NUMNODES)
		kunit_skip(test, "every node that can be is online");
	create_refused_case(test, "node", params);
}

/* No arena is taken before one is needed. */
static void buddy_pool_create_lazy(struct kunit *test)
{
	const struct buddy_pool_stats nothing = {};
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	void *block;

	dt_expect_pool_stats(test, pool, &nothing);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	block = dt_block_alloc(test, pool, BUDDY_POOL_ARENA_ORDER);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, PAGE_SIZE << BUDDY_POOL_ARENA_ORDER);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, 0);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, BUDDY_POOL_ARENA_ORDER), 0);
}

/* Filling the reserve is no call of a user: it changes what is held, and no other count. */
static void buddy_pool_create_reserve(struct kunit *test)
{
	struct buddy_pool_stats stats = pool_stats(small_pool(test, 0, pages_bytes(20)));

	KUNIT_EXPECT_GE(test, stats.free_bytes, pages_bytes(20));
	KUNIT_EXPECT_EQ(test, stats.held_bytes, stats.free_bytes);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, stats.arenas * pages_bytes(8));
	KUNIT_EXPECT_EQ(test, stats.largest_free, pages_bytes(8));
	KUNIT_EXPECT_EQ(test, stats.allocs, 0);
	KUNIT_EXPECT_EQ(test, stats.frees, 0);
	KUNIT_EXPECT_EQ(test, stats.failed_allocs, 0);
	KUNIT_EXPECT_EQ(test, stats.bad_frees, 0);
}

static void buddy_pool_create_reserve_is_limit(struct kunit *test)
{
	const size_t bytes = pages_bytes(11);
	struct buddy_pool_stats stats = pool_stats(small_pool(test, bytes, bytes));

	KUNIT_EXPECT_EQ(test, stats.held_bytes, bytes);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, bytes);
}

static void buddy_pool_on_each_node(struct kunit *test)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		struct buddy_pool_params params = { .nid = nid, .arena_order = 2 };
		struct buddy_pool *pool = dt_test_pool(test, &params);
		void *block = dt_block_alloc(test, pool, 2);

		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(block)), nid);
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 2), 0);
	}
}

static void buddy_pool_nothing_is_no_error(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 1);

	buddy_pool_destroy(NULL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(one->pool, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(one->pool, NULL, UINT_MAX), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(one->pool, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(one->pool, NULL, ULONG_MAX), 0);
	dt_one_expect_all_free(one);
}

/* Whole blocks */

struct taken {
	void *block;
	unsigned int order;
};

static struct taken *taken_array(struct kunit *test, unsigned int nr)
{
	struct taken *taken = kunit_kcalloc(test, nr, sizeof(*taken), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, taken);
	return taken;
}

static void buddy_pool_split_and_merge(struct kunit *test)
{
	unsigned int order, arena_order = order_of(test);
	struct one_arena *one = dt_one_arena(test, arena_order);
	void *block;

	for (order = 0; order <= arena_order; order++) {
		block = dt_one_alloc(one, order);
		dt_one_free(one, block, order);
		dt_one_expect_all_free(one);
	}
}

/* One block of each order below the arena's, and one more page, fill it to the last. */
static void buddy_pool_optimistic(struct kunit *test)
{
	unsigned int i, order = order_of(test);
	struct one_arena *one = dt_one_arena(test, order);
	void *blocks[BUDDY_NR_ORDERS];
	void *last;

	for (i = 0; i < order; i++)
		blocks[i] = dt_one_alloc(one, i);
	last = dt_one_alloc(one, 0);
	KUNIT_EXPECT_EQ(test, one->want.free_bytes, 0);
	dt_one_alloc_fails(one, 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
	for (i = 0; i < order; i++)
		dt_one_free(one, blocks[i], i);
	dt_one_free(one, last, 0);
	dt_one_expect_all_free(one);
}

/* Single pages everywhere: nothing larger can be had until two buddies are free. */
static void buddy_pool_pessimistic(struct kunit *test)
{
	unsigned int i, order = order_of(test), nr = 1U << order;
	struct one_arena *one = dt_one_arena(test, order);

	for (i = 0; i < nr; i++)
		dt_one_alloc(one, 0);
	for (i = 0; i <= order; i++)
		dt_one_alloc_fails(one, i);
	/* Of each pair one page: half is free, and all of it in single pages. */
	for (i = 0; i < nr; i += 2)
		dt_one_free(one, one_addr(one, i ^ (i >> 1 & 1)), 0);
	KUNIT_EXPECT_EQ(test, one->want.largest_free, PAGE_SIZE);
	for (i = 1; i <= order; i++)
		dt_one_alloc_fails(one, i);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
	for (i = 0; i < nr; i += 2)
		if (nr > 1)
			dt_one_free(one, one_addr(one, i ^ (i >> 1 & 1) ^ 1), 0);
	dt_one_expect_all_free(one);
}

/*
 * Blocks of one order fill the arena, keep what is written to them, and go back in an
 * order that jumps about.
 */
static void buddy_pool_smoke(struct kunit *test)
{
	unsigned int i, j, nr, order, arena_order = order_of(test);
	struct one_arena *one = dt_one_arena(test, arena_order);
	struct taken *taken = taken_array(test, 1U << arena_order);

	for (order = 0; order <= arena_order; order++) {
		nr = 1U << (arena_order - order);
		for (i = 0; i < nr; i++) {
			taken[i].block = dt_one_alloc(one, order);
			dt_mark_pages(taken[i].block, 1U << order, (u64)i << 32);
		}
		dt_one_alloc_fails(one, 0);
		/* An odd stride visits each of a power of two once. */
		for (i = 0, j = nr / 2; i < nr; i++, j = (j + (nr / 3 | 1)) % nr) {
			KUNIT_ASSERT_TRUE(test, dt_pages_marked(taken[j].block, 1U << order,
								(u64)j << 32));
			dt_one_free(one, taken[j].block, order);
		}
		dt_one_expect_all_free(one);
	}
}

/*
 * Fill the room with one block of each order and a single page, give the largest back,
 * do the same in its room, and so on down. The single pages are the worst of holes.
 */
static void buddy_pool_pathological(struct kunit *test)
{
	unsigned int top, order, i, arena_order = order_of(test), nr = 0, nr_holes = 0;
	struct taken *taken = taken_array(test, BUDDY_NR_ORDERS * BUDDY_NR_ORDERS);
	struct one_arena *one = dt_one_arena(test, arena_order);
	void *holes[BUDDY_NR_ORDERS];
	struct taken largest = {};

	for (top = arena_order; top; top--) {
		if (largest.block)
			dt_one_free(one, largest.block, largest.order);
		largest = (struct taken){ dt_one_alloc(one, top - 1), top - 1 };
		for (order = top - 1; order--; nr++)
			taken[nr] = (struct taken){ dt_one_alloc(one, order), order };
		holes[nr_holes++] = dt_one_alloc(one, 0);
		dt_one_alloc_fails(one, 0);
	}
	for (i = 0; i < nr_holes; i++)
		dt_one_free(one, holes[i], 0);
	if (nr_holes)
		KUNIT_EXPECT_EQ(test, one->want.largest_free, PAGE_SIZE);
	for (order = 1; order <= arena_order; order++)
		dt_one_alloc_fails(one, order);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));

	for (i = 0; i < nr; i++)
		dt_one_free(one, taken[i].block, taken[i].order);
	if (largest.block)
		dt_one_free(one, largest.block, largest.order);
	dt_one_expect_all_free(one);
}

/* The smallest free block that is large enough is the one that is split. */
static void buddy_pool_best_fit(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 6);
	unsigned int order;
	void *block;

	/* To take one page leaves one free block of each order: its buddy, and so on up. */
	block = dt_one_alloc(one, 0);
	for (order = 0; order < 6; order++) {
		unsigned int buddy = (one_page(one, block) >> order ^ 1) << order;
		void *fit = dt_one_alloc(one, order);

		KUNIT_EXPECT_EQ(test, one_page(one, fit), buddy);
		dt_one_free(one, fit, order);
	}
	dt_one_free(one, block, 0);
	dt_one_expect_all_free(one);
}

/* A call that no pool could serve is not counted as a failed allocation. */
static void buddy_pool_order_too_large(struct kunit *test)
{
	static const unsigned int too_large[] = { 11, 12, 20, 31, 32, 33, 63, 64, 65, INT_MAX,
						  1U << 31, UINT_MAX - 1, UINT_MAX };
	unsigned int i, order = order_of(test);
	struct one_arena *one = dt_one_arena(test, order);

	for (i = 0; i < ARRAY_SIZE(too_large); i++) {
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(one->pool, too_large[i], GFP_KERNEL));
		dt_one_expect_all_free(one);
	}
	if (order && order < BUDDY_POOL_MAX_ARENA_ORDER)
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(one->pool, order + 1, GFP_KERNEL));
	dt_one_expect_all_free(one);
}

/* Consecutive struct pages, each with a reference of its own, in the linear map. */
static void buddy_pool_contiguous(struct kunit *test)
{
	unsigned int i, order = order_of(test);
	struct one_arena *one = dt_one_arena(test, order);
	void *block = dt_one_alloc(one, order);
	struct page *first = virt_to_page(block);

	KUNIT_EXPECT_TRUE(test, virt_addr_valid(block));
	for (i = 0; i < 1U << order; i++) {
		struct page *page = virt_to_page(block + pages_bytes(i));

		KUNIT_EXPECT_EQ(test, page_to_pfn(page), page_to_pfn(first) + i);
		KUNIT_EXPECT_PTR_EQ(test, page_address(page), block + pages_bytes(i));
		KUNIT_EXPECT_EQ(test, page_count(page), 1);
		KUNIT_EXPECT_FALSE(test, PageCompound(page));
	}
	dt_one_free(one, block, order);
}

/* The block is cleared, and no byte adjacent to it. */
static void buddy_pool_zero(struct kunit *test)
{
	unsigned int order, arena_order = order_of(test);
	struct one_arena *one = dt_one_arena(test, arena_order);
	void *all, *hole;

	for (order = 0; order <= arena_order; order++) {
		all = dt_one_alloc(one, arena_order);
		memset(all, 0xa5, PAGE_SIZE << arena_order);
		/* The last aligned run of the size is the only room there is. */
		hole = all + (PAGE_SIZE << arena_order) - (PAGE_SIZE << order);
		dt_one_free_range(one, hole, 1U << order);
		KUNIT_ASSERT_PTR_EQ(test, hole,
				    buddy_pool_alloc(one->pool, order, GFP_KERNEL | __GFP_ZERO));
		KUNIT_EXPECT_NULL(test, memchr_inv(hole, 0, PAGE_SIZE << order));
		KUNIT_EXPECT_NULL(test, memchr_inv(all, 0xa5, hole - all));
		one->want.allocs++;
		bitmap_clear(one->free, one_page(one, hole), 1U << order);
		dt_one_free(one, hole, order);
		if (hole > all)
			dt_one_free_range(one, all, (hole - all) >> PAGE_SHIFT);
		dt_one_expect_all_free(one);
	}
}

/* What cannot be honoured is refused, where an arena is there too, and is no lack of memory. */
static void buddy_pool_gfp_refused(struct kunit *test)
{
	static const gfp_t modifiers[] = {
		__GFP_HIGHMEM, __GFP_DMA32, __GFP_MOVABLE, __GFP_DMA, __GFP_NOFAIL,
		__GFP_HIGHMEM | __GFP_DMA | __GFP_DMA32,
	};
	struct one_arena *one = dt_one_arena(test, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modifiers); i++)
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(one->pool, 1, GFP_KERNEL | modifiers[i]));
	dt_one_expect_all_free(one);
}

/* Also where an arena has to come from the kernel first. */
static void buddy_pool_gfp_modifiers(struct kunit *test)
{
	static const gfp_t modifiers[] = {
		0, __GFP_ZERO, __GFP_COMP, __GFP_ACCOUNT, __GFP_HIGH, __GFP_MEMALLOC,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modifiers); i++) {
		struct buddy_pool *pool = test_pool(test, .arena_order = 2);
		void *block = buddy_pool_alloc(pool, 2, GFP_KERNEL | modifiers[i]);

		KUNIT_ASSERT_NOT_NULL(test, block);
		KUNIT_EXPECT_FALSE(test, PageCompound(virt_to_page(block)));
		KUNIT_EXPECT_EQ(test, page_count(virt_to_page(block) + 3), 1);
		if (modifiers[i] & __GFP_ZERO)
			KUNIT_EXPECT_NULL(test, memchr_inv(block, 0, pages_bytes(4)));
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 2), 0);
		dt_test_pool_destroy(test, pool);
	}
}

static struct kunit_case pool_alloc_cases[] = {
	KUNIT_CASE(buddy_pool_create_refused),
	KUNIT_CASE(buddy_pool_create_offline_node),
	KUNIT_CASE(buddy_pool_create_lazy),
	KUNIT_CASE(buddy_pool_create_reserve),
	KUNIT_CASE(buddy_pool_create_reserve_is_limit),
	KUNIT_CASE(buddy_pool_on_each_node),
	KUNIT_CASE(buddy_pool_nothing_is_no_error),
	KUNIT_CASE_PARAM(buddy_pool_split_and_merge, order_gen_params),
	KUNIT_CASE_PARAM(buddy_pool_optimistic, order_gen_params),
	KUNIT_CASE_PARAM(buddy_pool_pessimistic, order_gen_params),
	KUNIT_CASE_PARAM(buddy_pool_smoke, order_gen_params),
	KUNIT_CASE_PARAM(buddy_pool_pathological, order_gen_params),
	KUNIT_CASE(buddy_pool_best_fit),
	KUNIT_CASE_PARAM(buddy_pool_order_too_large, order_gen_params),
	KUNIT_CASE_PARAM(buddy_pool_contiguous, order_gen_params),
	KUNIT_CASE_PARAM(buddy_pool_zero, order_gen_params),
	KUNIT_CASE(buddy_pool_gfp_modifiers),
	KUNIT_CASE(buddy_pool_gfp_refused),
	{}
};

DUALTREE_SUITE(pool_alloc, "the page pool: whole blocks");
