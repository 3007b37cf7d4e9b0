// SPDX-License-Identifier: GPL-2.0
/*
 * The insides of the page pool: an arena's maps, the lists of arenas, and the checks that
 * the other suites rely on.
 *
 * The checks are themselves checked: every bit of an arena's maps is flipped in turn,
 * every sum put wrong, and each time they must say so.
 */
#include <linux/slab.h>
#include "../buddy/arena.h"
#include "../buddy/table.h"
#include "fixtures/orders.h"
#include "fixtures/pool.h"

/* Arenas of a test's own, on lists of its own, that belong to no pool. */
struct bare {
	struct buddy_lists lists;
	struct buddy_arena *arenas[4];
	unsigned int nr;
};

static void bare_release(struct kunit_resource *res)
{
	struct bare *bare = res->data;

	while (bare->nr) {
		struct buddy_arena *arena = bare->arenas[--bare->nr];

		buddy_lists_remove(&bare->lists, arena);
		buddy_arena_destroy(arena);
	}
	kfree(bare);
}

static struct bare *bare_make(struct kunit *test, unsigned int order, unsigned int nr)
{
	struct bare *bare = kzalloc(sizeof(*bare), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bare);
	buddy_lists_init(&bare->lists);
	KUNIT_ASSERT_NOT_NULL(test,
			      kunit_alloc_resource(test, NULL, bare_release, GFP_KERNEL, bare));
	KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
	while (bare->nr < nr) {
		struct buddy_arena *arena = buddy_arena_create(NULL, numa_mem_id(), order,
							       GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, arena);
		buddy_lists_add(&bare->lists, arena);
		bare->arenas[bare->nr++] = arena;
		KUNIT_EXPECT_TRUE(test, buddy_arena_check(arena));
		KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
	}
	return bare;
}

static void *bare_page(const struct bare *bare, unsigned int page)
{
	return bare->arenas[0]->base + pages_bytes(page);
}

/* Nodes as arena.h draws them. */
static unsigned int node_at(const struct buddy_arena *arena, unsigned int page, unsigned int order)
{
	return (1U << (arena->order - order)) + (page >> order);
}

/* The maps */

static void buddy_arena_fresh(struct kunit *test)
{
	unsigned int order = order_of(test);
	struct bare *bare = bare_make(test, order, 1);
	const struct buddy_arena *arena = bare->arenas[0];

	KUNIT_EXPECT_EQ(test, arena->order, order);
	KUNIT_EXPECT_TRUE(test, dt_block_aligned(arena->base, order));
	KUNIT_EXPECT_EQ(test, bitmap_weight(arena->free, 2U << order), 1);
	KUNIT_EXPECT_TRUE(test, test_bit(1, arena->free));
	KUNIT_EXPECT_EQ(test, bitmap_weight(arena->live, 2U << order), 0);
	KUNIT_EXPECT_EQ(test, bitmap_weight(arena->head, 1U << order), 0);
	KUNIT_EXPECT_EQ(test, bare->lists.free_pages, 1UL << order);
	KUNIT_EXPECT_EQ(test, bare->lists.orders, BIT(order));
	KUNIT_EXPECT_EQ(test, bare->lists.nr_free[order], 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&bare->lists.used));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&bare->lists.empty[order]));
}

/* A block of each order: its node is live, one free node is left at each level above. */
static void buddy_arena_split(struct kunit *test)
{
	unsigned int order, level, page, arena_order = order_of(test);
	struct bare *bare = bare_make(test, arena_order, 1);
	struct buddy_arena *arena = bare->arenas[0];
	void *block;

	for (order = 0; order <= arena_order; order++) {
		block = buddy_lists_take(&bare->lists, order);
		KUNIT_ASSERT_NOT_NULL(test, block);
		page = (block - arena->base) >> PAGE_SHIFT;
		KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, page, order), arena->live));
		KUNIT_EXPECT_EQ(test, bitmap_weight(arena->live, 2U << arena_order), 1);
		KUNIT_EXPECT_TRUE(test, test_bit(page, arena->head));
		for (level = order; level < arena_order; level++) {
			KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, page, level) ^ 1,
							 arena->free));
			KUNIT_EXPECT_EQ(test, arena->nr_free[level], 1);
		}
		KUNIT_EXPECT_EQ(test, bitmap_weight(arena->free, 2U << arena_order),
				arena_order - order);
		KUNIT_EXPECT_TRUE(test, list_empty(&bare->lists.empty[arena_order]));
		KUNIT_EXPECT_EQ(test, bare->lists.nr_empty[arena_order], 0);
		KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
		KUNIT_EXPECT_EQ(test, buddy_arena_free_block(&bare->lists, arena, block, order), 0);
		KUNIT_EXPECT_TRUE(test, test_bit(1, arena->free));
		KUNIT_EXPECT_EQ(test, bitmap_weight(arena->head, 1U << arena_order), 0);
		KUNIT_EXPECT_FALSE(test, list_empty(&bare->lists.empty[arena_order]));
		KUNIT_EXPECT_EQ(test, bare->lists.nr_empty[arena_order], 1);
		KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
	}
}

/* The rest of a block is split into naturally aligned blocks. */
static void buddy_arena_rest_of_range(struct kunit *test)
{
	struct bare *bare = bare_make(test, 4, 1);
	struct buddy_arena *arena = bare->arenas[0];

	KUNIT_ASSERT_NOT_NULL(test, buddy_lists_take(&bare->lists, 4));
	KUNIT_EXPECT_EQ(test, buddy_arena_free_range(&bare->lists, arena, bare_page(bare, 5), 4),
			0);
	/* Live: 0..3, 4, 9, 10..11, 12..15. Free: 5, 6..7, 8. */
	KUNIT_EXPECT_EQ(test, bitmap_weight(arena->live, 32), 5);
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 0, 2), arena->live));
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 4, 0), arena->live));
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 9, 0), arena->live));
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 10, 1), arena->live));
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 12, 2), arena->live));
	KUNIT_EXPECT_EQ(test, bitmap_weight(arena->free, 32), 3);
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 5, 0), arena->free));
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 6, 1), arena->free));
	KUNIT_EXPECT_TRUE(test, test_bit(node_at(arena, 8, 0), arena->free));
	KUNIT_EXPECT_TRUE(test, test_bit(0, arena->head));
	KUNIT_EXPECT_TRUE(test, test_bit(9, arena->head));
	KUNIT_EXPECT_EQ(test, bitmap_weight(arena->head, 16), 2);
	KUNIT_EXPECT_EQ(test, bare->lists.free_pages, 4);
	KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
}

static unsigned int list_length(const struct list_head *list)
{
	const struct list_head *entry;
	unsigned int length = 0;

	list_for_each(entry, list)
		length++;
	return length;
}

/* Several arenas: all of each is used, and lists and sums follow. */
static void buddy_arena_lists(struct kunit *test)
{
	struct bare *bare = bare_make(test, 2, 4);
	void *blocks[16];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, bare->lists.free_pages, 16);
	for (i = 0; i < 16; i++) {
		blocks[i] = buddy_lists_take(&bare->lists, 0);
		KUNIT_ASSERT_NOT_NULL(test, blocks[i]);
		KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
		/* An arena is opened only when those in use are full. */
		KUNIT_EXPECT_EQ(test, list_length(&bare->lists.empty[2]), 3 - i / 4);
	}
	KUNIT_EXPECT_NULL(test, buddy_lists_take(&bare->lists, 0));
	KUNIT_EXPECT_EQ(test, bare->lists.orders, 0);
	for (i = 0; i < 16; i++) {
		struct buddy_arena *arena = buddy_table_arena(blocks[i]);

		KUNIT_ASSERT_NOT_NULL(test, arena);
		KUNIT_EXPECT_EQ(test, buddy_arena_free_block(&bare->lists, arena, blocks[i], 0), 0);
		KUNIT_EXPECT_TRUE(test, buddy_lists_check(&bare->lists));
	}
	KUNIT_EXPECT_EQ(test, bare->lists.free_pages, 16);
	KUNIT_EXPECT_EQ(test, bare->lists.nr_free[2], 4);
}

/* The checks */

/* Must a set head bit be wrong here, or a cleared one? */
static bool head_flip_shows(const struct buddy_arena *arena, unsigned int page)
{
	unsigned int order;

	if (test_bit(page, arena->head)) {
		/* After a live page a mark is valid and not needed. */
		for (order = 0; page && order <= arena->order; order++)
			if (test_bit(node_at(arena, page - 1, order), arena->live))
				return false;
		return true;
	}
	for (order = 0; order <= arena->order; order++)
		if (test_bit(node_at(arena, page, order), arena->live))
			return page & ((1U << order) - 1);
	return true;
}

static void flip_each_bit(struct kunit *test, struct buddy_arena *arena)
{
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, buddy_arena_check(arena));
	for (i = 1; i < 2U << arena->order; i++) {
		__change_bit(i, arena->free);
		KUNIT_EXPECT_FALSE_MSG(test, buddy_arena_check(arena), "free bit of node %u", i);
		__change_bit(i, arena->free);
		__change_bit(i, arena->live);
		KUNIT_EXPECT_FALSE_MSG(test, buddy_arena_check(arena), "live bit of node %u", i);
		__change_bit(i, arena->live);
	}
	for (i = 0; i < 1U << arena->order; i++) {
		if (!head_flip_shows(arena, i))
			continue;
		__change_bit(i, arena->head);
		KUNIT_EXPECT_FALSE_MSG(test, buddy_arena_check(arena), "head bit of page %u", i);
		__change_bit(i, arena->head);
	}
	KUNIT_ASSERT_TRUE(test, buddy_arena_check(arena));
}

static void buddy_arena_check_finds_flips(struct kunit *test)
{
	struct bare *bare = bare_make(test, 4, 1);
	struct buddy_arena *arena = bare->arenas[0];
	void *all;

	flip_each_bit(test, arena);
	all = buddy_lists_take(&bare->lists, 4);
	KUNIT_ASSERT_NOT_NULL(test, all);
	flip_each_bit(test, arena);
	KUNIT_EXPECT_EQ(test, buddy_arena_free_range(&bare->lists, arena, bare_page(bare, 3), 6),
			0);
	flip_each_bit(test, arena);
	KUNIT_ASSERT_NOT_NULL(test, buddy_lists_take(&bare->lists, 1));
	KUNIT_ASSERT_NOT_NULL(test, buddy_lists_take(&bare->lists, 0));
	flip_each_bit(test, arena);
	KUNIT_EXPECT_EQ(test, buddy_arena_free_range(&bare->lists, arena, bare_page(bare, 9), 7),
			0);
	flip_each_bit(test, arena);
}

/* Two free buddies, with every sum as it would be: only the rule itself finds it. */
static void buddy_arena_check_finds_buddies(struct kunit *test)
{
	struct bare *bare = bare_make(test, 2, 1);
	struct buddy_arena *arena = bare->arenas[0];

	__clear_bit(1, arena->free);
	__set_bit(2, arena->free);
	__set_bit(3, arena->free);
	arena->nr_free[2] = 0;
	arena->nr_free[1] = 2;
	KUNIT_EXPECT_FALSE(test, buddy_arena_check(arena));
	arena->nr_free[2] = 1;
	arena->nr_free[1] = 0;
	__clear_bit(2, arena->free);
	__clear_bit(3, arena->free);
	__set_bit(1, arena->free);
	KUNIT_EXPECT_TRUE(test, buddy_arena_check(arena));
}

/* A block inside another, and a page in none: the sum is right, the tree is not. */
static void buddy_arena_check_finds_overlap(struct kunit *test)
{
	struct bare *bare = bare_make(test, 2, 1);
	struct buddy_arena *arena = bare->arenas[0];
	unsigned int i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_NOT_NULL(test, buddy_lists_take(&bare->lists, 0));
	KUNIT_EXPECT_EQ(test, buddy_arena_free_range(&bare->lists, arena, bare_page(bare, 0), 1),
			0);
	KUNIT_EXPECT_EQ(test, buddy_arena_free_range(&bare->lists, arena, bare_page(bare, 1), 1),
			0);
	KUNIT_ASSERT_TRUE(test, buddy_arena_check(arena));
	/* Page 3 is in no block any more, page 0 is in two. */
	__clear_bit(node_at(arena, 3, 0), arena->live);
	__clear_bit(3, arena->head);
	__set_bit(node_at(arena, 0, 0), arena->live);
	__set_bit(0, arena->head);
	KUNIT_EXPECT_FALSE(test, buddy_arena_check(arena));
	__clear_bit(0, arena->head);
	__clear_bit(node_at(arena, 0, 0), arena->live);
	__set_bit(3, arena->head);
	__set_bit(node_at(arena, 3, 0), arena->live);
	KUNIT_EXPECT_TRUE(test, buddy_arena_check(arena));
}

static void buddy_lists_check_finds_sums(struct kunit *test)
{
	struct bare *bare = bare_make(test, 3, 2);
	struct buddy_lists *lists = &bare->lists;
	struct buddy_arena *arena;
	unsigned int order;
	void *page = buddy_lists_take(lists, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	arena = buddy_table_arena(page);
	KUNIT_ASSERT_NOT_NULL(test, arena);
	KUNIT_ASSERT_TRUE(test, buddy_lists_check(lists));
	lists->free_pages++;
	KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
	lists->free_pages--;
	lists->empty_pages++;
	KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
	lists->empty_pages--;
	for (order = 0; order < BUDDY_NR_ORDERS; order++) {
		lists->nr_free[order]++;
		KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
		lists->nr_free[order]--;
		lists->orders ^= BIT(order);
		KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
		lists->orders ^= BIT(order);
		arena->nr_free[order]++;
		KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
		arena->nr_free[order]--;
		lists->nr_empty[order]++;
		KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
		lists->nr_empty[order]--;
	}
	/* An arena in use among the empty ones. */
	list_move(&arena->link, &lists->empty[arena->order]);
	KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
	list_move(&arena->link, &lists->used);
	/* An arena with free pages that is not offered. */
	list_del_init(&arena->avail[0]);
	KUNIT_EXPECT_FALSE(test, buddy_lists_check(lists));
	list_add(&arena->avail[0], &lists->avail[0]);
	KUNIT_EXPECT_TRUE(test, buddy_lists_check(lists));
}

static struct kunit_case pool_arena_cases[] = {
	KUNIT_CASE_PARAM(buddy_arena_fresh, order_gen_params),
	KUNIT_CASE_PARAM(buddy_arena_split, order_gen_params),
	KUNIT_CASE(buddy_arena_rest_of_range),
	KUNIT_CASE(buddy_arena_lists),
	KUNIT_CASE(buddy_arena_check_finds_flips),
	KUNIT_CASE(buddy_arena_check_finds_buddies),
	KUNIT_CASE(buddy_arena_check_finds_overlap),
	KUNIT_CASE(buddy_lists_check_finds_sums),
	{}
};

DUALTREE_SUITE(pool_arena, "the page pool: arenas and their maps");
