// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool's reserve: it is kept in blocks of the order that its user needs, and what memory
 * was like when it was filled does not matter for good.
 *
 *	memory is	by
 *	fragmented	dualtree_fail_above(): arenas are small, as if nothing larger were free
 *	used up		dualtree_fail_every(1): what is served then, the pool had free
 */
#include <dualtree/fault.h>
#include <linux/irq_work.h>
#include <linux/sizes.h>
#include "fixtures/pool.h"

/* Blocks of 8 pages, in arenas of two of them. */
#define BLOCK_ORDER	3
#define BLOCK_BYTES	(PAGE_SIZE << BLOCK_ORDER)
#define BLOCK_PAGES	BIT(BLOCK_ORDER)
#define ARENA_ORDER	4

#define block_pool(test, max, keep)					\
	test_pool(test, .arena_order = ARENA_ORDER, .limit = max,	\
		  .reserve = keep, .reserve_order = BLOCK_ORDER)

static void memory_fragmented(unsigned int order)
{
	dualtree_fail_above(order);
}

static void memory_plentiful(void)
{
	dualtree_fail_above(UINT_MAX);
	dualtree_fail_every(0);
	dualtree_fail_call(NULL);
}

static void memory_restore(struct kunit *test)
{
	memory_plentiful();
}

/* Wait for the background refill, which may be waiting to try again. */
static void wait_for_refill(struct buddy_pool *pool)
{
	irq_work_sync(&pool->refill_irq);
	flush_delayed_work(&pool->refill_work);
}

/* Run the trim now that is due after trim_delay_ms. */
static void trim_now(struct buddy_pool *pool)
{
	irq_work_sync(&pool->trim_irq);
	flush_delayed_work(&pool->trim_work);
	wait_for_refill(pool);
}

/* Expect that so many blocks can be had, and no more, from what the pool has free. */
static void expect_blocks(struct kunit *test, struct buddy_pool *pool, unsigned int order,
			  unsigned int nr)
{
	void *blocks[8];
	unsigned int i;

	KUNIT_ASSERT_LT(test, nr, ARRAY_SIZE(blocks));
	dualtree_fail_every(1);
	for (i = 0; i <= nr; i++)
		blocks[i] = buddy_pool_alloc(pool, order, GFP_NOWAIT);
	dualtree_fail_every(0);
	for (i = 0; i <= nr; i++) {
		KUNIT_EXPECT_EQ(test, !!blocks[i], i < nr);
		if (blocks[i])
			dt_block_free(test, pool, blocks[i], order);
	}
}

/* Memory was fragmented when the pool was made: the limit is full of arenas that are too small. */
static void buddy_reserve_heals_at_request(struct kunit *test)
{
	struct buddy_pool *pool;
	void *block;

	memory_fragmented(BLOCK_ORDER);
	pool = block_pool(test, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	memory_plentiful();
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 2);
	expect_blocks(test, pool, BLOCK_ORDER, 2);

	block = dt_block_alloc(test, pool, ARENA_ORDER);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 2 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 1);
	dt_block_free(test, pool, block, ARENA_ORDER);
	wait_for_refill(pool);
	expect_blocks(test, pool, ARENA_ORDER, 1);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* While the kernel has no larger arena, the reserve comes back as it was. */
static void buddy_reserve_outlives_request(struct kunit *test)
{
	struct buddy_pool *pool;

	memory_fragmented(BLOCK_ORDER);
	pool = block_pool(test, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, ARENA_ORDER, GFP_KERNEL));
	wait_for_refill(pool);
	expect_blocks(test, pool, BLOCK_ORDER, 2);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* A caller that cannot sleep takes the reserve, but does not return it for a larger arena. */
static void buddy_reserve_not_for_larger_atomic(struct kunit *test)
{
	struct buddy_pool *pool;

	memory_fragmented(BLOCK_ORDER);
	pool = block_pool(test, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	memory_plentiful();
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, ARENA_ORDER, GFP_NOWAIT));
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 2);
	expect_blocks(test, pool, BLOCK_ORDER, 2);
}

/* Without a reserve, too, what is empty and too small makes room at the limit. */
static void limit_heals_case(struct kunit *test, gfp_t gfp)
{
	struct buddy_pool *pool = small_pool(test, 2 * PAGE_SIZE, 0);
	void *pages[2], *block;

	memory_fragmented(0);
	pages[0] = dt_block_alloc(test, pool, 0);
	pages[1] = dt_block_alloc(test, pool, 0);
	memory_plentiful();
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 2);
	dt_block_free(test, pool, pages[0], 0);
	/* One page is live: nothing could be had for the other. */
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pool, 1, gfp));
	KUNIT_EXPECT_GE(test, pool_stats(pool).held_bytes, PAGE_SIZE);
	dt_block_free(test, pool, pages[1], 0);
	block = buddy_pool_alloc(pool, 1, gfp);
	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
	KUNIT_EXPECT_LE(test, pool_stats(pool).held_bytes, 2 * PAGE_SIZE);
	dt_block_free(test, pool, block, 1);
	dt_expect_trimmed(test, pool);
}

static void buddy_reserve_limit_heals(struct kunit *test)
{
	limit_heals_case(test, GFP_KERNEL);
}

static void buddy_reserve_limit_heals_atomic(struct kunit *test)
{
	limit_heals_case(test, GFP_NOWAIT);
}

/*
 * The limit is full of single pages that came while memory was fragmented, and are free again: as
 * many bytes as the reserve, and not one of its blocks.
 */
static void buddy_reserve_replaces_small(struct kunit *test)
{
	struct buddy_pool *pool = block_pool(test, 4 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	void *blocks[2], *pages[2 * BLOCK_PAGES];
	unsigned int i;

	memory_fragmented(0);
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[i] = buddy_pool_alloc(pool, BLOCK_ORDER, GFP_NOWAIT);
		KUNIT_ASSERT_NOT_NULL(test, blocks[i]);
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = buddy_pool_alloc(pool, 0, GFP_NOWAIT);
		KUNIT_ASSERT_NOT_NULL(test, pages[i]);
	}
	wait_for_refill(pool);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		dt_block_free(test, pool, pages[i], 0);
	expect_blocks(test, pool, BLOCK_ORDER, 0);
	memory_plentiful();

	trim_now(pool);
	expect_blocks(test, pool, BLOCK_ORDER, 2);
	KUNIT_EXPECT_LE(test, pool_stats(pool).held_bytes, 4 * BLOCK_BYTES);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		dt_block_free(test, pool, blocks[i], BLOCK_ORDER);
}

/* A refill that the kernel had no memory for is tried again without a request. */
static void buddy_reserve_refill_again(struct kunit *test)
{
	struct buddy_pool *pool = block_pool(test, 0, 2 * BLOCK_BYTES);
	void *blocks[2];
	unsigned int i;

	dualtree_fail_every(1);
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[i] = buddy_pool_alloc(pool, BLOCK_ORDER, GFP_NOWAIT);
		KUNIT_ASSERT_NOT_NULL(test, blocks[i]);
	}
	wait_for_refill(pool);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->refill_work));
	memory_plentiful();
	wait_for_refill(pool);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->refill_work));
	expect_blocks(test, pool, BLOCK_ORDER, 2);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		dt_block_free(test, pool, blocks[i], BLOCK_ORDER);
}

/* A reserve that no block of its order can be had for is refused, not filled with less. */
static void buddy_reserve_create_fragmented(struct kunit *test)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = ARENA_ORDER, .reserve = 2 * BLOCK_BYTES,
		.reserve_order = BLOCK_ORDER,
	};
	struct buddy_pool *pool;

	memory_fragmented(BLOCK_ORDER - 1);
	pool = buddy_pool_create("fragmented", &params);
	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-ENOMEM));
	if (!IS_ERR(pool))
		buddy_pool_destroy(pool);
	/* What is more than whole blocks may lie anywhere. */
	memory_fragmented(BLOCK_ORDER);
	pool = block_pool(test, 0, BLOCK_BYTES + 3 * PAGE_SIZE);
	KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, BLOCK_BYTES + 3 * PAGE_SIZE);
}

/* By default the blocks are what a heap of dualtree asks for. */
static void buddy_reserve_default_order(struct kunit *test)
{
	struct buddy_pool *pool;

	memory_fragmented(get_order(SZ_64K));
	pool = test_pool(test, .reserve = 4 * max_t(size_t, SZ_64K, PAGE_SIZE));
	expect_blocks(test, pool, get_order(SZ_64K), 4);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).largest_free, max_t(size_t, SZ_64K, PAGE_SIZE));
	/* Less where the reserve is less. */
	pool = test_pool(test, .reserve = PAGE_SIZE);
	KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, PAGE_SIZE);
}

static void order_refused(struct kunit *test, size_t reserve, unsigned int order)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = ARENA_ORDER, .reserve = reserve,
		.reserve_order = order,
	};
	struct buddy_pool *pool = buddy_pool_create("reserve", &params);

	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-EINVAL));
	if (!IS_ERR_OR_NULL(pool))
		buddy_pool_destroy(pool);
}

static void buddy_reserve_order_refused(struct kunit *test)
{
	order_refused(test, SZ_4M, ARENA_ORDER + 1);
	order_refused(test, SZ_4M, UINT_MAX);
	order_refused(test, BLOCK_BYTES - 1, BLOCK_ORDER);
	order_refused(test, 0, BLOCK_ORDER);
}

/* Callers that may sleep leave the reserve in blocks, not only in bytes. */
static void buddy_reserve_blocks_stay(struct kunit *test)
{
	struct buddy_pool *pool = block_pool(test, 0, 2 * BLOCK_BYTES);
	void *pages[3 * BLOCK_PAGES];
	unsigned int i;

	memory_fragmented(0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = dt_block_alloc(test, pool, 0);
	expect_blocks(test, pool, BLOCK_ORDER, 2);
	/* All of them are free pages again, and still no block. */
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		dt_block_free(test, pool, pages[i], 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = dt_block_alloc(test, pool, 0);
	expect_blocks(test, pool, BLOCK_ORDER, 2);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		dt_block_free(test, pool, pages[i], 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* What another caller asks for while the kernel is asked for an arena. */
static struct {
	struct buddy_pool *pool;
	void *pages[3];
	unsigned int calls;
} meanwhile;

static void ask_meanwhile(void)
{
	if (meanwhile.calls >= ARRAY_SIZE(meanwhile.pages))
		return;
	/* Its own calls of the kernel's allocator are not of interest. */
	dualtree_fail_call(NULL);
	meanwhile.pages[meanwhile.calls++] = buddy_pool_alloc(meanwhile.pool, 0, GFP_NOWAIT);
	dualtree_fail_call(ask_meanwhile);
}

/*
 * The limit has room for one page more, and two callers ask for it at a time: it goes to the one
 * that the kernel serves first, though the other one asked before. Never is more held.
 */
static void buddy_reserve_not_counted_early(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, PAGE_SIZE, 0);
	void *page;

	meanwhile = (typeof(meanwhile)){ .pool = pool };
	dualtree_fail_every(UINT_MAX);
	dualtree_fail_call(ask_meanwhile);
	page = buddy_pool_alloc(pool, 0, GFP_KERNEL);
	dualtree_fail_call(NULL);
	dualtree_fail_every(0);
	KUNIT_EXPECT_NULL(test, page);
	KUNIT_EXPECT_GT(test, meanwhile.calls, 0);
	KUNIT_ASSERT_NOT_NULL(test, meanwhile.pages[0]);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
	dt_block_free(test, pool, meanwhile.pages[0], 0);
	dt_expect_trimmed(test, pool);
}

/* Blocks that a hard interrupt takes. */
struct taken_blocks {
	struct irq_work work;
	struct buddy_pool *pool;
	void *blocks[8];
	unsigned int nr;
	bool in_hardirq;
};

static void take_blocks(struct irq_work *work)
{
	struct taken_blocks *t = container_of(work, struct taken_blocks, work);

	t->in_hardirq = in_hardirq();
	while (t->nr < ARRAY_SIZE(t->blocks) &&
	       (t->blocks[t->nr] = buddy_pool_alloc(t->pool, BLOCK_ORDER, GFP_ATOMIC)))
		t->nr++;
}

/* All blocks that the reserve promises can be had in a hard interrupt, without the kernel. */
static void buddy_reserve_hardirq(struct kunit *test)
{
	struct taken_blocks t = { .work = IRQ_WORK_INIT_HARD(take_blocks) };

	memory_fragmented(BLOCK_ORDER);
	t.pool = block_pool(test, 0, ARRAY_SIZE(t.blocks) * BLOCK_BYTES);
	dualtree_fail_every(1);
	irq_work_queue(&t.work);
	irq_work_sync(&t.work);
	KUNIT_EXPECT_TRUE(test, t.in_hardirq);
	KUNIT_EXPECT_EQ(test, t.nr, ARRAY_SIZE(t.blocks));
	while (t.nr)
		dt_block_free(test, t.pool, t.blocks[--t.nr], BLOCK_ORDER);
}

static struct kunit_case pool_reserve_cases[] = {
	KUNIT_CASE(buddy_reserve_heals_at_request),
	KUNIT_CASE(buddy_reserve_outlives_request),
	KUNIT_CASE(buddy_reserve_not_for_larger_atomic),
	KUNIT_CASE(buddy_reserve_limit_heals),
	KUNIT_CASE(buddy_reserve_limit_heals_atomic),
	KUNIT_CASE(buddy_reserve_replaces_small),
	KUNIT_CASE(buddy_reserve_refill_again),
	KUNIT_CASE(buddy_reserve_create_fragmented),
	KUNIT_CASE(buddy_reserve_default_order),
	KUNIT_CASE(buddy_reserve_order_refused),
	KUNIT_CASE(buddy_reserve_blocks_stay),
	KUNIT_CASE(buddy_reserve_not_counted_early),
	KUNIT_CASE(buddy_reserve_hardirq),
	{}
};

DUALTREE_SUITE(pool_reserve, "the page pool: its reserve", .exit = memory_restore);
