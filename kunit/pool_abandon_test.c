// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that something still refers to when their block is freed: no user gets them, the pool has
 * them back when the reference is gone, and an arena of nothing else leaves the pool.
 */
#include <linux/page_ref.h>
#include "fixtures/pool.h"
#include "fixtures/random.h"

static struct page *page_at(void *block, unsigned long i)
{
	return virt_to_page(block + pages_bytes(i));
}

/* Only what is referred to stays out of use; the rest is free at once. */
static void buddy_abandon_some(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *block = dt_block_alloc(test, pool, SMALL_ORDER);

	get_page(page_at(block, 2));
	get_page(page_at(block, 3));
	get_page(page_at(block, SMALL_PAGES - 1));
	KUNIT_EXPECT_EQ(test, buddy_pool_abandon(pool, block, SMALL_PAGES), 3);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).abandoned_bytes, pages_bytes(3));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, pages_bytes(SMALL_PAGES - 3));
	/* They are no one's: nothing can be freed of them. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, block + pages_bytes(2), 1), -EINVAL);
	put_page(page_at(block, 2));
	put_page(page_at(block, 3));
	put_page(page_at(block, SMALL_PAGES - 1));
	dt_expect_trimmed(test, pool);
}

/* With a live block in its arena, a page is used again when its reference is gone. */
static void buddy_abandon_recover(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, SMALL_BYTES, 0);
	void *block = dt_block_alloc(test, pool, SMALL_ORDER - 1);
	void *live = dt_block_alloc(test, pool, SMALL_ORDER - 1);

	get_page(page_at(block, 0));
	KUNIT_EXPECT_EQ(test, buddy_pool_abandon(pool, block, SMALL_PAGES / 2), 1);
	buddy_pool_trim(pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).abandoned_bytes, PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, SMALL_ORDER - 1, GFP_KERNEL));
	put_page(page_at(block, 0));
	buddy_pool_trim(pool);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).abandoned_bytes, 0);
	KUNIT_EXPECT_PTR_EQ(test, dt_block_alloc(test, pool, SMALL_ORDER - 1), block);
	dt_block_free(test, pool, block, SMALL_ORDER - 1);
	dt_block_free(test, pool, live, SMALL_ORDER - 1);
	dt_expect_trimmed(test, pool);
}

/* An arena with no live page goes, whatever is referred to: the last reference frees that. */
static void buddy_abandon_arena_leaves(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *block = dt_block_alloc(test, pool, SMALL_ORDER);
	struct page *page = page_at(block, 5);

	dt_mark_pages(block, SMALL_PAGES, 100);
	get_page(page);
	KUNIT_EXPECT_EQ(test, buddy_pool_abandon(pool, block, SMALL_PAGES), 1);
	dt_expect_trimmed(test, pool);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_TRUE(test, dt_pages_marked(page_address(page), 1, 105));
	put_page(page);
}

static void buddy_abandon_pool_goes(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *block = dt_block_alloc(test, pool, SMALL_ORDER);
	struct page *page = page_at(block, 0);

	get_page(page);
	buddy_pool_abandon(pool, block, SMALL_PAGES);
	dt_test_pool_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	put_page(page);
}

/* Pages that are referred to at a time, at most. */
#define HELD_MAX	256

/* Any pages of any blocks, any order of letting go: the maps and sums always agree. */
static void buddy_abandon_random(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	struct page **held = dt_test_zalloc(test, HELD_MAX * sizeof(*held));
	unsigned int round, i, nr = 0, keep, order;
	struct rnd_state rnd;
	void *block;

	prandom_seed_state(&rnd, random_seed(test, 0));
	for (round = 0; round < 500; round++) {
		order = random_below(&rnd, SMALL_ORDER + 1);
		block = dt_block_alloc(test, pool, order);
		for (i = 0; i < 1U << order && nr < HELD_MAX; i++)
			if (random_below(&rnd, 2)) {
				held[nr] = page_at(block, i);
				get_page(held[nr++]);
			}
		buddy_pool_abandon(pool, block, 1UL << order);
		KUNIT_ASSERT_TRUE(test, buddy_pool_check(pool));
		for (keep = random_below(&rnd, nr + 1); nr > keep; nr--)
			put_page(held[nr - 1]);
		if (!random_below(&rnd, 8))
			buddy_pool_trim(pool);
		KUNIT_ASSERT_TRUE(test, buddy_pool_check(pool));
	}
	dt_expect_trimmed(test, pool);
	while (nr)
		put_page(held[--nr]);
}

static struct kunit_case pool_abandon_cases[] = {
	KUNIT_CASE(buddy_abandon_some),
	KUNIT_CASE(buddy_abandon_recover),
	KUNIT_CASE(buddy_abandon_arena_leaves),
	KUNIT_CASE(buddy_abandon_pool_goes),
	KUNIT_CASE(buddy_abandon_random),
	{}
};

DUALTREE_SUITE(pool_abandon, "pages that outlive their block");
