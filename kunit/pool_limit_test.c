// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: how much it may hold and how much it keeps. Limit, reserve, and when
 * empty arenas go back to the kernel.
 *
 * An arena that is empty and not in the reserve may be returned at any time: what these cases
 * expect of held bytes holds before and after.
 */
#include <linux/irq_work.h>
#include "fixtures/files.h"
#include "fixtures/one_arena.h"

static const size_t limits[] = {
	1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 3 * PAGE_SIZE,
	SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, SMALL_BYTES + PAGE_SIZE - 1,
	SMALL_BYTES + PAGE_SIZE, 11 * PAGE_SIZE, 2 * SMALL_BYTES - PAGE_SIZE, 5 * SMALL_BYTES,
};

static void limit_desc(const size_t *limit, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *limit);
}

KUNIT_ARRAY_PARAM(limit, limits, limit_desc);

/* All of the limit can be used, to the last page, and not a page more. */
static void buddy_limit_exact(struct kunit *test)
{
	size_t limit = *(const size_t *)test->param_value;
	struct buddy_pool *pool = small_pool(test, limit, 0);
	unsigned long i, nr = limit >> PAGE_SHIFT;
	void **pages = kunit_kcalloc(test, nr + 1, sizeof(*pages), GFP_KERNEL);
	struct buddy_pool_stats stats;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr; i++) {
		pages[i] = dt_block_alloc(test, pool, 0);
		stats = pool_stats(pool);
		KUNIT_EXPECT_LE(test, stats.held_bytes, limit);
		KUNIT_EXPECT_EQ(test, stats.held_bytes - stats.free_bytes, pages_bytes(i + 1));
	}
	for (i = 0; i <= SMALL_ORDER; i++)
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, i, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, 0, GFP_ATOMIC));
	stats = pool_stats(pool);
	KUNIT_EXPECT_EQ(test, stats.failed_allocs, SMALL_ORDER + 2);
	KUNIT_EXPECT_EQ(test, stats.allocs, nr);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, pages_bytes(nr));
	KUNIT_EXPECT_EQ(test, stats.free_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.largest_free, 0);

	/* What was given back can be had again. A one page would leave its arena empty. */
	if (nr > 1) {
		dt_block_free(test, pool, pages[0], 0);
		KUNIT_EXPECT_EQ(test, pool_stats(pool).largest_free, PAGE_SIZE);
		pages[0] = dt_block_alloc(test, pool, 0);
	}
	for (i = 0; i < nr; i++)
		dt_block_free(test, pool, pages[i], 0);
	dt_expect_trimmed(test, pool);
}

/* Where the limit leaves no room for a whole arena, smaller ones do. */
static void buddy_limit_smaller_arenas(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, pages_bytes(8 + 2 + 1), 0);
	void *eight = dt_block_alloc(test, pool, 3), *two, *one;
	struct buddy_pool_stats stats;

	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, 2, GFP_KERNEL));
	two = dt_block_alloc(test, pool, 1);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 2);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, pages_bytes(10));
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, 1, GFP_KERNEL));
	one = dt_block_alloc(test, pool, 0);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 2);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 3);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));

	/* Half of each: no arena is empty, so none can go. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, eight, 4), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, two, 1), 0);
	stats = pool_stats(pool);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, pages_bytes(11));
	KUNIT_EXPECT_EQ(test, stats.free_bytes, pages_bytes(5));
	KUNIT_EXPECT_EQ(test, stats.largest_free, pages_bytes(4));
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));

	dt_block_free(test, pool, eight + pages_bytes(4), 2);
	dt_block_free(test, pool, two + PAGE_SIZE, 0);
	dt_block_free(test, pool, one, 0);
	dt_expect_trimmed(test, pool);
}

/* A pool below its limit again may grow again. */
static void buddy_limit_exact_after_trim(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, SMALL_BYTES, 0);
	void *block;
	int i;

	for (i = 0; i < 10; i++) {
		block = dt_block_alloc(test, pool, i % 2 ? SMALL_ORDER : 0);
		KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, SMALL_ORDER, GFP_KERNEL));
		dt_block_free(test, pool, block, i % 2 ? SMALL_ORDER : 0);
		dt_expect_trimmed(test, pool);
	}
}

/* Reserve */

/* Wait for the background refill. */
static void wait_for_refill(struct buddy_pool *pool)
{
	irq_work_sync(&pool->refill_irq);
	flush_delayed_work(&pool->refill_work);
}

/* At least the reserve stays, and no arena that it could do without. */
static void buddy_limit_reserve_stays(struct kunit *test)
{
	const size_t reserve = 2 * SMALL_BYTES + PAGE_SIZE;
	struct buddy_pool *pool = small_pool(test, 0, reserve);
	struct buddy_pool_stats stats;
	void *blocks[7];
	int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = dt_block_alloc(test, pool, SMALL_ORDER);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		dt_block_free(test, pool, blocks[i], SMALL_ORDER);
	wait_for_refill(pool);
	buddy_pool_trim(pool);
	stats = pool_stats(pool);
	KUNIT_EXPECT_GE(test, stats.free_bytes, reserve);
	KUNIT_EXPECT_LT(test, stats.free_bytes, reserve + SMALL_BYTES);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, stats.free_bytes);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(pool), 0);
}

/* A caller that may sleep does not use the reserve while the kernel has memory. */
static void buddy_limit_reserve_for_atomic(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 4 * SMALL_BYTES);
	struct buddy_pool_stats stats;
	void *sleeping[20], *atomic[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(sleeping); i++) {
		sleeping[i] = dt_block_alloc(test, pool, i % (SMALL_ORDER + 1));
		KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, 4 * SMALL_BYTES);
	}
	/* Down to the low mark nothing comes from the kernel, not even in the background. */
	stats = pool_stats(pool);
	for (i = 0; i < ARRAY_SIZE(atomic); i++) {
		atomic[i] = buddy_pool_alloc(pool, SMALL_ORDER, GFP_ATOMIC);
		KUNIT_ASSERT_NOT_NULL(test, atomic[i]);
	}
	wait_for_refill(pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, stats.held_bytes);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, stats.free_bytes - 2 * SMALL_BYTES);
	for (i = 0; i < ARRAY_SIZE(atomic); i++)
		dt_block_free(test, pool, atomic[i], SMALL_ORDER);
	for (i = 0; i < ARRAY_SIZE(sleeping); i++)
		dt_block_free(test, pool, sleeping[i], i % (SMALL_ORDER + 1));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).allocs, ARRAY_SIZE(sleeping) + ARRAY_SIZE(atomic));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 0);
}

/* Below the low mark the background fills the reserve to the high mark. */
static void buddy_limit_reserve_refill(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 4 * SMALL_BYTES);
	void *blocks[16];
	int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		/* Not more at a time than the reserve: each time it must be there again. */
		blocks[i] = buddy_pool_alloc(pool, SMALL_ORDER, GFP_NOWAIT);
		KUNIT_ASSERT_NOT_NULL(test, blocks[i]);
		wait_for_refill(pool);
		KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, 2 * SMALL_BYTES);
	}
	KUNIT_EXPECT_EQ(test, pool_stats(pool).allocs, ARRAY_SIZE(blocks));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 0);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		dt_block_free(test, pool, blocks[i], SMALL_ORDER);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).frees, ARRAY_SIZE(blocks));
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* Where the limit allows no more arenas, all callers may use all of the reserve. */
static void buddy_limit_reserve_at_limit(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 2 * SMALL_BYTES, 2 * SMALL_BYTES);
	void *blocks[2];
	int i;

	for (i = 0; i < 2; i++) {
		blocks[i] = dt_block_alloc(test, pool, SMALL_ORDER);
		wait_for_refill(pool);
	}
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, 0, GFP_ATOMIC));
	wait_for_refill(pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 2 * SMALL_BYTES);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 2);
	for (i = 0; i < 2; i++)
		dt_block_free(test, pool, blocks[i], SMALL_ORDER);
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(pool), 0);
}

/* Only empty arenas go. */
static void buddy_limit_trim_keeps_live(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *blocks[4];
	int i;

	for (i = 0; i < 4; i++) {
		blocks[i] = dt_block_alloc(test, pool, SMALL_ORDER);
		dt_mark_pages(blocks[i], SMALL_PAGES, (u64)i << 32);
	}
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(pool), 0);
	/* Of two arenas one page stays live, two are empty. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, blocks[0] + PAGE_SIZE,
						    SMALL_PAGES - 1), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, blocks[3], SMALL_PAGES - 1), 0);
	dt_block_free(test, pool, blocks[1], SMALL_ORDER);
	dt_block_free(test, pool, blocks[2], SMALL_ORDER);
	buddy_pool_trim(pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 2 * SMALL_BYTES);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 2);
	KUNIT_EXPECT_TRUE(test, dt_pages_marked(blocks[0], 1, 0));
	KUNIT_EXPECT_TRUE(test, dt_pages_marked(blocks[3] + 7 * PAGE_SIZE, 1, (3ULL << 32) + 7));
	dt_block_free(test, pool, blocks[0], 0);
	dt_block_free(test, pool, blocks[3] + 7 * PAGE_SIZE, 0);
	dt_expect_trimmed(test, pool);
}

/* The pool trims by itself when its empty arenas have not been used for a while. */
static void buddy_limit_trims_by_itself(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *a = dt_block_alloc(test, pool, SMALL_ORDER), *b = dt_block_alloc(test, pool, 0);

	dt_block_free(test, pool, a, SMALL_ORDER);
	/* Run the trim now. */
	irq_work_sync(&pool->trim_irq);
	flush_delayed_work(&pool->trim_work);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, SMALL_BYTES);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, b, 1), 0);
	irq_work_sync(&pool->trim_irq);
	flush_delayed_work(&pool->trim_work);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 0);
}

/* Memory pressure returns every empty arena beyond the reserve. */
static void buddy_limit_shrinks(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, SMALL_BYTES);
	void *blocks[9];
	int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = dt_block_alloc(test, pool, SMALL_ORDER);
	dt_mark_pages(blocks[0], SMALL_PAGES, 1);
	for (i = 1; i < ARRAY_SIZE(blocks); i++)
		dt_block_free(test, pool, blocks[i], SMALL_ORDER);
	/* The shrinker is tested, not the delayed trim. */
	irq_work_sync(&pool->trim_irq);
	cancel_delayed_work_sync(&pool->trim_work);
	if (!dt_drop_slab_caches())
		kunit_skip(test, "cannot write drop_caches");
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 2 * SMALL_BYTES);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, SMALL_BYTES);
	KUNIT_EXPECT_TRUE(test, dt_pages_marked(blocks[0], SMALL_PAGES, 1));
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	dt_block_free(test, pool, blocks[0], SMALL_ORDER);
}

static struct kunit_case pool_limit_cases[] = {
	KUNIT_CASE_PARAM(buddy_limit_exact, limit_gen_params),
	KUNIT_CASE(buddy_limit_smaller_arenas),
	KUNIT_CASE(buddy_limit_exact_after_trim),
	KUNIT_CASE(buddy_limit_reserve_stays),
	KUNIT_CASE(buddy_limit_reserve_for_atomic),
	KUNIT_CASE(buddy_limit_reserve_refill),
	KUNIT_CASE(buddy_limit_reserve_at_limit),
	KUNIT_CASE(buddy_limit_trim_keeps_live),
	KUNIT_CASE(buddy_limit_trims_by_itself),
	KUNIT_CASE(buddy_limit_shrinks),
	{}
};

DUALTREE_SUITE(pool_limit, "the page pool: limit, reserve and trimming");
