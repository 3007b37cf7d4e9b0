// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: making one, taking and giving whole blocks, for arenas of every order.
 *
 * Promises that every field of the stats is right after every single call.
 *
 * Parts of blocks are in pool_range_test.c, wrong frees in pool_refuse_test.c, limit and
 * reserve in pool_limit_test.c, contexts and users in pool_life_test.c, memory that runs
 * out at any point in pool_fault_test.c.
 */
#include <linux/nodemask.h>
#include <linux/string.h>
#include "buddy_testing.h"
#include "../compat/compat.h"

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void order_desc(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "arena order %u", *order);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static unsigned int order_of(struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

/* Making a pool */

static void create_refused_case(struct kunit *test, const char *name,
				struct buddy_pool_params params)
{
	struct buddy_pool *pool = buddy_pool_create(name, &params);

	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-EINVAL));
	if (!IS_ERR_OR_NULL(pool))
		buddy_pool_destroy(pool);
}

static void buddy_pool_create_refused(struct kunit *test)
{
	const struct buddy_pool_params good = { .nid = NUMA_NO_NODE };
	struct buddy_pool_params params;

	create_refused_case(test, NULL, good);
	create_refused_case(test, "", good);
	KUNIT_EXPECT_PTR_EQ(test, buddy_pool_create(NULL, NULL), ERR_PTR(-EINVAL));

	params = good;
	params.arena_order = BUDDY_POOL_MAX_ARENA_ORDER + 1;
	create_refused_case(test, "order", params);
	params.arena_order = UINT_MAX;
	create_refused_case(test, "order", params);

	params = good;
	params.nid = MAX_NUMNODES;
	create_refused_case(test, "node", params);
	params.nid = NUMA_NO_NODE - 1;
	create_refused_case(test, "node", params);
	params.nid = INT_MIN;
	create_refused_case(test, "node", params);
	params.nid = INT_MAX;
	create_refused_case(test, "node", params);

	params = good;
	params.limit = PAGE_SIZE;
	params.reserve = PAGE_SIZE + 1;
	create_refused_case(test, "reserve", params);
	/* Arenas are made of pages: two would be needed, and one is allowed. */
	params.limit = PAGE_SIZE + 1;
	create_refused_case(test, "reserve", params);
	params.limit = PAGE_SIZE - 1;
	params.reserve = 1;
	create_refused_case(test, "reserve", params);
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
	struct buddy_pool *pool = pool_make(test, NULL);
	void *block;

	expect_stats(test, pool, &nothing);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	block = buddy_pool_alloc(pool, BUDDY_POOL_ARENA_ORDER, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, PAGE_SIZE << BUDDY_POOL_ARENA_ORDER);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, 0);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, BUDDY_POOL_ARENA_ORDER), 0);
}

/* Filling the reserve is nobody's call: it shows in what is held and nowhere else. */
static void buddy_pool_create_reserve(struct kunit *test)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = 3, .reserve = pages_bytes(20),
	};
	struct buddy_pool_stats stats = pool_stats(pool_make(test, &params));

	KUNIT_EXPECT_GE(test, stats.free_bytes, params.reserve);
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
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = 3,
		.limit = pages_bytes(11), .reserve = pages_bytes(11),
	};
	struct buddy_pool_stats stats = pool_stats(pool_make(test, &params));

	KUNIT_EXPECT_EQ(test, stats.held_bytes, pages_bytes(11));
	KUNIT_EXPECT_EQ(test, stats.free_bytes, pages_bytes(11));
}

static void buddy_pool_on_each_node(struct kunit *test)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		struct buddy_pool_params params = { .nid = nid, .arena_order = 2 };
		struct buddy_pool *pool = pool_make(test, &params);
		void *block = buddy_pool_alloc(pool, 2, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, block);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(block)), nid);
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 2), 0);
	}
}

static void buddy_pool_nothing_is_no_error(struct kunit *test)
{
	struct lone *lone = lone_make(test, 1);

	buddy_pool_destroy(NULL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(lone->pool, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(lone->pool, NULL, UINT_MAX), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(lone->pool, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(lone->pool, NULL, ULONG_MAX), 0);
	lone_expect_whole(test, lone);
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
	struct lone *lone = lone_make(test, arena_order);
	void *block;

	for (order = 0; order <= arena_order; order++) {
		block = lone_take(test, lone, order);
		lone_give(test, lone, block, order);
		lone_expect_whole(test, lone);
	}
}

/* One block of each order below the arena's, and one more page, fill it to the last. */
static void buddy_pool_optimistic(struct kunit *test)
{
	unsigned int i, order = order_of(test);
	struct lone *lone = lone_make(test, order);
	void *blocks[BUDDY_NR_ORDERS];
	void *last;

	for (i = 0; i < order; i++)
		blocks[i] = lone_take(test, lone, i);
	last = lone_take(test, lone, 0);
	KUNIT_EXPECT_EQ(test, lone->want.free_bytes, 0);
	lone_take_fails(test, lone, 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
	for (i = 0; i < order; i++)
		lone_give(test, lone, blocks[i], i);
	lone_give(test, lone, last, 0);
	lone_expect_whole(test, lone);
}

/* Single pages everywhere: nothing larger can be had until two buddies are free. */
static void buddy_pool_pessimistic(struct kunit *test)
{
	unsigned int i, order = order_of(test), nr = 1U << order;
	struct lone *lone = lone_make(test, order);

	for (i = 0; i < nr; i++)
		lone_take(test, lone, 0);
	for (i = 0; i <= order; i++)
		lone_take_fails(test, lone, i);
	/* Of each pair one page: half is free, and all of it in single pages. */
	for (i = 0; i < nr; i += 2)
		lone_give(test, lone, lone_addr(lone, i ^ (i >> 1 & 1)), 0);
	KUNIT_EXPECT_EQ(test, lone->want.largest_free, PAGE_SIZE);
	for (i = 1; i <= order; i++)
		lone_take_fails(test, lone, i);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
	for (i = 0; i < nr; i += 2)
		if (nr > 1)
			lone_give(test, lone, lone_addr(lone, i ^ (i >> 1 & 1) ^ 1), 0);
	lone_expect_whole(test, lone);
}

/*
 * Blocks of one order fill the arena, keep what is written to them, and go back in an
 * order that jumps about.
 */
static void buddy_pool_smoke(struct kunit *test)
{
	unsigned int i, j, nr, order, arena_order = order_of(test);
	struct lone *lone = lone_make(test, arena_order);
	struct taken *taken = taken_array(test, 1U << arena_order);

	for (order = 0; order <= arena_order; order++) {
		nr = 1U << (arena_order - order);
		for (i = 0; i < nr; i++) {
			taken[i].block = lone_take(test, lone, order);
			stamp_pages(taken[i].block, 1U << order, (u64)i << 32);
		}
		lone_take_fails(test, lone, 0);
		/* An odd stride visits each of a power of two once. */
		for (i = 0, j = nr / 2; i < nr; i++, j = (j + (nr / 3 | 1)) % nr) {
			KUNIT_ASSERT_TRUE(test, pages_stamped(taken[j].block, 1U << order,
							      (u64)j << 32));
			lone_give(test, lone, taken[j].block, order);
		}
		lone_expect_whole(test, lone);
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
	struct lone *lone = lone_make(test, arena_order);
	void *holes[BUDDY_NR_ORDERS];
	struct taken largest = {};

	for (top = arena_order; top; top--) {
		if (largest.block)
			lone_give(test, lone, largest.block, largest.order);
		largest = (struct taken){ lone_take(test, lone, top - 1), top - 1 };
		for (order = top - 1; order--; nr++)
			taken[nr] = (struct taken){ lone_take(test, lone, order), order };
		holes[nr_holes++] = lone_take(test, lone, 0);
		lone_take_fails(test, lone, 0);
	}
	for (i = 0; i < nr_holes; i++)
		lone_give(test, lone, holes[i], 0);
	if (nr_holes)
		KUNIT_EXPECT_EQ(test, lone->want.largest_free, PAGE_SIZE);
	for (order = 1; order <= arena_order; order++)
		lone_take_fails(test, lone, order);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));

	for (i = 0; i < nr; i++)
		lone_give(test, lone, taken[i].block, taken[i].order);
	if (largest.block)
		lone_give(test, lone, largest.block, largest.order);
	lone_expect_whole(test, lone);
}

/* The smallest free block that is large enough is the one that is split. */
static void buddy_pool_best_fit(struct kunit *test)
{
	struct lone *lone = lone_make(test, 6);
	unsigned int order;
	void *block;

	/* To take one page leaves one free block of each order: its buddy, and so on up. */
	block = lone_take(test, lone, 0);
	for (order = 0; order < 6; order++) {
		unsigned int buddy = (lone_page(lone, block) >> order ^ 1) << order;
		void *fit = lone_take(test, lone, order);

		KUNIT_EXPECT_EQ(test, lone_page(lone, fit), buddy);
		lone_give(test, lone, fit, order);
	}
	lone_give(test, lone, block, 0);
	lone_expect_whole(test, lone);
}

/* Not for want of memory: such calls are not counted. */
static void buddy_pool_order_too_large(struct kunit *test)
{
	static const unsigned int too_large[] = { 11, 12, 20, 31, 32, 33, 63, 64, 65, INT_MAX,
						  1U << 31, UINT_MAX - 1, UINT_MAX };
	unsigned int i, order = order_of(test);
	struct lone *lone = lone_make(test, order);

	for (i = 0; i < ARRAY_SIZE(too_large); i++) {
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(lone->pool, too_large[i], GFP_KERNEL));
		lone_expect_whole(test, lone);
	}
	if (order && order < BUDDY_POOL_MAX_ARENA_ORDER)
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(lone->pool, order + 1, GFP_KERNEL));
	lone_expect_whole(test, lone);
}

/* Consecutive struct pages, each with a reference of its own, in the linear map. */
static void buddy_pool_contiguous(struct kunit *test)
{
	unsigned int i, order = order_of(test);
	struct lone *lone = lone_make(test, order);
	void *block = lone_take(test, lone, order);
	struct page *first = virt_to_page(block);

	KUNIT_EXPECT_TRUE(test, virt_addr_valid(block));
	for (i = 0; i < 1U << order; i++) {
		struct page *page = virt_to_page(block + pages_bytes(i));

		KUNIT_EXPECT_EQ(test, page_to_pfn(page), page_to_pfn(first) + i);
		KUNIT_EXPECT_PTR_EQ(test, page_address(page), block + pages_bytes(i));
		KUNIT_EXPECT_EQ(test, page_count(page), 1);
		KUNIT_EXPECT_FALSE(test, PageCompound(page));
	}
	lone_give(test, lone, block, order);
}

/* The block is cleared, and nothing beside it. */
static void buddy_pool_zero(struct kunit *test)
{
	unsigned int order, arena_order = order_of(test);
	struct lone *lone = lone_make(test, arena_order);
	void *all, *hole;

	for (order = 0; order <= arena_order; order++) {
		all = lone_take(test, lone, arena_order);
		memset(all, 0xa5, PAGE_SIZE << arena_order);
		/* The last aligned run of the size is the only room there is. */
		hole = all + (PAGE_SIZE << arena_order) - (PAGE_SIZE << order);
		lone_give_range(test, lone, hole, 1U << order);
		KUNIT_ASSERT_PTR_EQ(test, hole, buddy_pool_alloc(lone->pool, order,
								 GFP_KERNEL | __GFP_ZERO));
		KUNIT_EXPECT_NULL(test, memchr_inv(hole, 0, PAGE_SIZE << order));
		KUNIT_EXPECT_NULL(test, memchr_inv(all, 0xa5, hole - all));
		lone->want.allocs++;
		bitmap_clear(lone->free, lone_page(lone, hole), 1U << order);
		lone_give(test, lone, hole, order);
		if (hole > all)
			lone_give_range(test, lone, all, (hole - all) >> PAGE_SHIFT);
		lone_expect_whole(test, lone);
	}
}

/* What cannot be honoured is refused, where an arena is there too, and is no lack of memory. */
static void buddy_pool_gfp_refused(struct kunit *test)
{
	static const gfp_t modifiers[] = {
		__GFP_HIGHMEM, __GFP_DMA32, __GFP_MOVABLE, __GFP_DMA, __GFP_NOFAIL,
		__GFP_HIGHMEM | __GFP_DMA | __GFP_DMA32,
	};
	struct lone *lone = lone_make(test, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modifiers); i++)
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(lone->pool, 1, GFP_KERNEL | modifiers[i]));
	lone_expect_whole(test, lone);
}

/* Also where an arena has to come from the kernel first. */
static void buddy_pool_gfp_modifiers(struct kunit *test)
{
	static const gfp_t modifiers[] = {
		0, __GFP_ZERO, __GFP_COMP, __GFP_ACCOUNT, __GFP_HIGH, __GFP_MEMALLOC,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modifiers); i++) {
		struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = 2 };
		struct buddy_pool *pool = pool_make(test, &params);
		void *block = buddy_pool_alloc(pool, 2, GFP_KERNEL | modifiers[i]);

		KUNIT_ASSERT_NOT_NULL(test, block);
		KUNIT_EXPECT_FALSE(test, PageCompound(virt_to_page(block)));
		KUNIT_EXPECT_EQ(test, page_count(virt_to_page(block) + 3), 1);
		if (modifiers[i] & __GFP_ZERO)
			KUNIT_EXPECT_NULL(test, memchr_inv(block, 0, pages_bytes(4)));
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 2), 0);
		pool_drop(test, pool);
	}
}

static struct kunit_case buddy_pool_cases[] = {
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

static struct kunit_suite buddy_pool_suite = {
	.name = "dualtree_pool_alloc",
	.test_cases = buddy_pool_cases,
};

kunit_test_suite(buddy_pool_suite);

MODULE_DESCRIPTION("Tests of the page pool: whole blocks");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
