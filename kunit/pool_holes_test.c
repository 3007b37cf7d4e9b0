// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: free pages of arenas in use go back to the kernel, and another arena may lie where
 * they were.
 *
 *	case of		what goes
 *	the trim	what was free all the time between two trims, down to the low mark
 *	pressure	all that is free, but the reserve
 *	a hole		nothing: an arena of one page lies in pages that went, and one of the two
 *			pools ends before the other
 *
 * Cases call the trim. The one that is due by itself is put off: it would come any time.
 */
#include <dualtree/fault.h>
#include <linux/dma-mapping.h>
#include <linux/irq_work.h>
#include <linux/sizes.h>
#include "../compat/workqueue.h"
#include "../buddy/table.h"
#include "fixtures/dma_device.h"
#include "fixtures/files.h"
#include "fixtures/pool.h"

#define BLOCK_ORDER	get_order(SZ_64K)
#define BLOCK_PAGES	BIT(BLOCK_ORDER)
#define BLOCK_BYTES	(PAGE_SIZE << BLOCK_ORDER)

/* Arenas of the default order that the blocks of a case fill. */
#define ARENAS		4

/**
 * struct sparse - a pool of which few blocks are live: the first one of each arena
 * @test: the case
 * @pool: the pool
 * @nr: live blocks
 * @blocks: these; each page has its mark
 * @full: bytes that the pool held when all blocks were live
 */
struct sparse {
	struct kunit *test;
	struct buddy_pool *pool;
	unsigned int nr;
	void **blocks;
	size_t full;
};

static void cancel_trim(struct sparse *s)
{
	irq_work_sync(&s->pool->trim_irq);
	cancel_delayed_work_sync(&s->pool->trim_work);
}

/* The trim is due in an hour, so that no free queues it. */
static void put_trim_off(struct sparse *s)
{
	cancel_trim(s);
	queue_delayed_work(system_percpu_wq, &s->pool->trim_work, 3600 * HZ);
}

static bool first_of_arena(const void *block)
{
	bool first;

	rcu_read_lock();
	first = buddy_table_arena(block)->base == block;
	rcu_read_unlock();
	return first;
}

static struct sparse *make_sparse(struct kunit *test, struct buddy_pool *pool)
{
	unsigned int i, nr = ARENAS << (pool->arena_order - BLOCK_ORDER);
	struct sparse *s = dt_test_zalloc(test, sizeof(*s));

	s->test = test;
	s->pool = pool;
	s->blocks = dt_test_zalloc(test, nr * sizeof(*s->blocks));
	for (i = 0; i < nr; i++) {
		s->blocks[i] = dt_block_alloc(test, pool, BLOCK_ORDER);
		dt_mark_pages(s->blocks[i], BLOCK_PAGES, (unsigned long)s->blocks[i]);
	}
	s->full = pool_stats(pool).held_bytes;
	put_trim_off(s);
	/* From here on the least that is free is noted: nothing. */
	buddy_pool_trim(pool);
	for (i = 0; i < nr; i++)
		if (first_of_arena(s->blocks[i]))
			s->blocks[s->nr++] = s->blocks[i];
		else
			dt_block_free(test, pool, s->blocks[i], BLOCK_ORDER);
	KUNIT_ASSERT_GE(test, s->nr, ARENAS);
	return s;
}

static size_t live_bytes(const struct sparse *s)
{
	return s->nr * BLOCK_BYTES;
}

/* So much is free, and all sums are right. */
static void expect_free(struct sparse *s, size_t free)
{
	struct buddy_pool_stats stats = pool_stats(s->pool);

	KUNIT_EXPECT_EQ(s->test, stats.free_bytes, free);
	KUNIT_EXPECT_EQ(s->test, stats.held_bytes, free + live_bytes(s));
	KUNIT_EXPECT_EQ(s->test, stats.held_bytes + stats.returned_bytes, s->full);
	KUNIT_EXPECT_EQ(s->test, stats.arenas, s->nr);
	KUNIT_EXPECT_TRUE(s->test, buddy_pool_check(s->pool));
}

/* The first trim has seen that nothing was free; the second returns what was since. */
static void trim_twice(struct sparse *s)
{
	size_t free = s->full - live_bytes(s);

	KUNIT_EXPECT_EQ(s->test, buddy_pool_trim(s->pool), 0);
	expect_free(s, free);
	KUNIT_EXPECT_EQ(s->test, buddy_pool_trim(s->pool), free - BUDDY_KEEP_MIN);
	expect_free(s, BUDDY_KEEP_MIN);
	KUNIT_EXPECT_EQ(s->test, buddy_pool_trim(s->pool), 0);
}

static void shrink(struct sparse *s)
{
	if (!dt_drop_slab_caches())
		kunit_skip(s->test, "cannot write drop_caches");
}

/* Free what is live, which nothing has touched. Without a live page an arena goes. */
static void drain(struct sparse *s)
{
	void *block;

	while (s->nr) {
		block = s->blocks[--s->nr];
		KUNIT_EXPECT_TRUE(s->test, dt_pages_marked(block, BLOCK_PAGES,
							   (unsigned long)block));
		dt_block_free(s->test, s->pool, block, BLOCK_ORDER);
	}
	dt_expect_trimmed(s->test, s->pool);
	KUNIT_EXPECT_EQ(s->test, pool_stats(s->pool).returned_bytes, 0);
}

static void buddy_holes_trim(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));

	trim_twice(s);
	drain(s);
}

/* As it comes by itself, trim_delay_ms after a free. */
static void buddy_holes_by_itself(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	void *block = dt_block_alloc(test, s->pool, 0);

	cancel_trim(s);
	dt_block_free(test, s->pool, block, 0);
	irq_work_sync(&s->pool->trim_irq);
	KUNIT_EXPECT_TRUE(test, flush_delayed_work(&s->pool->trim_work));
	KUNIT_EXPECT_FALSE(test, flush_delayed_work(&s->pool->trim_work));
	expect_free(s, BUDDY_KEEP_MIN);
	drain(s);
}

/* A load that comes and goes between two trims keeps what it needs. */
static void buddy_holes_window(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	size_t free = s->full - live_bytes(s);
	unsigned int i, round, nr = free / BLOCK_BYTES;
	void **again = dt_test_zalloc(test, nr * sizeof(*again));

	for (round = 0; round < 3; round++) {
		for (i = 0; i < nr; i++)
			again[i] = dt_block_alloc(test, s->pool, BLOCK_ORDER);
		for (i = 0; i < nr; i++)
			dt_block_free(test, s->pool, again[i], BLOCK_ORDER);
		KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool), 0);
		expect_free(s, free);
	}
	/* And if it does not come again it is returned. */
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool), free - BUDDY_KEEP_MIN);
	drain(s);
}

/* Of what was free all the time as much goes, however much is free now. */
static void buddy_holes_some_used(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	size_t used = s->full / 3, free = s->full - live_bytes(s);
	unsigned int i, nr = used / BLOCK_BYTES;
	void **blocks = dt_test_zalloc(test, nr * sizeof(*blocks));

	buddy_pool_trim(s->pool);
	for (i = 0; i < nr; i++)
		blocks[i] = dt_block_alloc(test, s->pool, BLOCK_ORDER);
	for (i = 0; i < nr; i++)
		dt_block_free(test, s->pool, blocks[i], BLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool),
			free - nr * BLOCK_BYTES - BUDDY_KEEP_MIN);
	expect_free(s, nr * BLOCK_BYTES + BUDDY_KEEP_MIN);
	drain(s);
}

/* What is more than the low mark, and less than the high one, stays. */
static void buddy_holes_marks(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	unsigned int i, nr = BUDDY_KEEP_MIN / BLOCK_BYTES / 2;
	void **blocks = dt_test_zalloc(test, nr * sizeof(*blocks));

	for (i = 0; i < nr; i++)
		blocks[i] = dt_block_alloc(test, s->pool, BLOCK_ORDER);
	buddy_pool_trim(s->pool);
	buddy_pool_trim(s->pool);
	KUNIT_EXPECT_EQ(test, pool_stats(s->pool).free_bytes, BUDDY_KEEP_MIN);
	for (i = 0; i < nr; i++)
		dt_block_free(test, s->pool, blocks[i], BLOCK_ORDER);
	buddy_pool_trim(s->pool);
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool), 0);
	expect_free(s, BUDDY_KEEP_MIN + nr * BLOCK_BYTES);
	drain(s);
}

/* Of what is free in pages and in blocks the blocks stay: a heap that grows needs these. */
static void buddy_holes_keeps_blocks(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	unsigned int i, page, keep = BUDDY_KEEP_MIN / BLOCK_BYTES;
	unsigned int nr = (s->full - live_bytes(s)) / BLOCK_BYTES - keep - 1;
	void **blocks = dt_test_zalloc(test, nr * sizeof(*blocks));

	for (i = 0; i < nr; i++)
		blocks[i] = dt_block_alloc(test, s->pool, BLOCK_ORDER);
	for (i = 0; i < nr; i++)
		for (page = 0; page < BLOCK_PAGES; page += 2)
			KUNIT_ASSERT_EQ(test, buddy_pool_free_range(s->pool, blocks[i] +
								    pages_bytes(page), 1), 0);
	buddy_pool_trim(s->pool);
	KUNIT_EXPECT_GT(test, buddy_pool_trim(s->pool), 0);
	KUNIT_EXPECT_EQ(test, pool_stats(s->pool).free_bytes, BUDDY_KEEP_MIN);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(s->pool));
	dualtree_fail_every(1);
	for (i = 0; i < keep; i++)
		KUNIT_EXPECT_NOT_NULL(test, buddy_pool_alloc(s->pool, BLOCK_ORDER, GFP_NOWAIT));
	dualtree_fail_every(0);
	/* The pool goes with all of it. */
}

static void buddy_holes_pressure(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));

	shrink(s);
	expect_free(s, 0);
	drain(s);
}

/* The reserve stays, in its blocks and in all, and can be had without the kernel. */
static void buddy_holes_reserve(struct kunit *test)
{
	enum { NR = 8 };
	size_t reserve = NR * BLOCK_BYTES + 3 * PAGE_SIZE;
	struct sparse *s = make_sparse(test, test_pool(test, .reserve = reserve));
	void *blocks[NR], *pages[3];
	unsigned int i;

	shrink(s);
	KUNIT_EXPECT_GT(test, pool_stats(s->pool).returned_bytes, 0);
	KUNIT_EXPECT_GE(test, pool_stats(s->pool).free_bytes, reserve);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(s->pool));
	dualtree_fail_every(1);
	for (i = 0; i < NR; i++)
		blocks[i] = buddy_pool_alloc(s->pool, BLOCK_ORDER, GFP_NOWAIT);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = buddy_pool_alloc(s->pool, 0, GFP_NOWAIT);
	dualtree_fail_every(0);
	for (i = 0; i < NR; i++) {
		KUNIT_ASSERT_NOT_NULL(test, blocks[i]);
		dt_block_free(test, s->pool, blocks[i], BLOCK_ORDER);
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		KUNIT_ASSERT_NOT_NULL(test, pages[i]);
		dt_block_free(test, s->pool, pages[i], 0);
	}
	for (i = 0; i < s->nr; i++) {
		KUNIT_EXPECT_TRUE(test, dt_pages_marked(s->blocks[i], BLOCK_PAGES,
							(unsigned long)s->blocks[i]));
		dt_block_free(test, s->pool, s->blocks[i], BLOCK_ORDER);
	}
}

/* The device can reach all of an arena as long as it is mapped. */
static void buddy_holes_device(struct kunit *test)
{
	struct device *dev;
	struct sparse *s;

	if (!IS_ENABLED(CONFIG_HAS_DMA))
		kunit_skip(test, "needs a kernel that maps memory for devices");
	dev = dt_dma_device(test, DMA_BIT_MASK(64));
	s = make_sparse(test, test_pool(test, .dev = dev, .dma_dir = DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool), 0);
	shrink(s);
	expect_free(s, s->full - live_bytes(s));
	drain(s);
}

/* A page that went is no one's, and has no part in what is live. */
static void buddy_holes_refused(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	unsigned int i;
	u64 bad;

	shrink(s);
	bad = pool_stats(s->pool).bad_frees;
	for (i = 0; i < s->nr; i++) {
		void *end = s->blocks[i] + BLOCK_BYTES;

		KUNIT_EXPECT_EQ(test, buddy_pool_free(s->pool, end, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(s->pool, end, 1), -EINVAL);
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(s->pool, end - PAGE_SIZE, 2), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, pool_stats(s->pool).bad_frees, bad + 3 * s->nr);
	drain(s);
}

/* Pages of an arena that are free again after it was drained can be had until it goes. */
static void buddy_holes_drained(struct kunit *test)
{
	struct sparse *s = make_sparse(test, test_pool(test));
	void *block = s->blocks[0];

	shrink(s);
	dt_block_free(test, s->pool, block, BLOCK_ORDER);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(s->pool));
	KUNIT_EXPECT_PTR_EQ(test, dt_block_alloc(test, s->pool, BLOCK_ORDER), block);
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(s->pool), 0);
	dt_mark_pages(block, BLOCK_PAGES, (unsigned long)block);
	expect_free(s, 0);
	drain(s);
}

/* Pages to try until one lies in a hole: as many as went. The kernel reuses pages soon. */
#define TRIES		(ARENAS * SZ_4M / PAGE_SIZE)

static bool in_hole(const struct sparse *s, const void *page)
{
	size_t arena = PAGE_SIZE << s->pool->arena_order;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (page >= s->blocks[i] + BLOCK_BYTES &&
		    ALIGN_DOWN((unsigned long)page, arena) ==
		    ALIGN_DOWN((unsigned long)s->blocks[i], arena))
			return true;
	return false;
}

/* Return: a page in a hole, an arena of its own of the pool. */
static void *page_in_hole(struct sparse *s, struct buddy_pool *pool)
{
	void **pages = dt_test_zalloc(s->test, TRIES * sizeof(*pages)), *page = NULL;
	unsigned int nr = 0;

	while (nr < TRIES) {
		page = buddy_pool_alloc(pool, 0, GFP_KERNEL);
		if (!page || in_hole(s, page))
			break;
		pages[nr++] = page;
		page = NULL;
	}
	while (nr)
		dt_block_free(s->test, pool, pages[--nr], 0);
	KUNIT_ASSERT_NOT_NULL(s->test, page);
	return page;
}

static void expect_found(struct kunit *test, const void *addr, const struct buddy_pool *pool)
{
	struct buddy_arena *arena;

	rcu_read_lock();
	arena = buddy_table_arena(addr);
	KUNIT_EXPECT_PTR_EQ(test, arena ? arena->pool : NULL, pool);
	rcu_read_unlock();
}

static void hole_case(struct kunit *test, bool outer_first)
{
	struct buddy_pool *inner = small_pool(test, 0, 0);
	struct sparse *s = make_sparse(test, test_pool(test));
	void *page, *outer = s->blocks[0];

	/* The kernel keeps pages that were freed last for the same CPU. */
	dt_stay_on(test, raw_smp_processor_id());
	shrink(s);
	dualtree_fail_above(0);
	page = page_in_hole(s, inner);
	dt_mark_pages(page, 1, 1);
	expect_found(test, page, inner);
	expect_found(test, outer, s->pool);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(s->pool, page, 0), -EINVAL);
	buddy_set_owner(page, 1, test);
	if (outer_first) {
		drain(s);
		expect_found(test, outer, NULL);
	}
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, buddy_owner(page), (void *)test);
	rcu_read_unlock();
	expect_found(test, page, inner);
	KUNIT_EXPECT_TRUE(test, dt_pages_marked(page, 1, 1));
	buddy_set_owner(page, 1, NULL);
	dt_block_free(test, inner, page, 0);
	dt_expect_trimmed(test, inner);
	expect_found(test, page, NULL);
	if (!outer_first) {
		expect_found(test, outer, s->pool);
		drain(s);
	}
}

static void buddy_holes_inner_first(struct kunit *test)
{
	hole_case(test, false);
}

static void buddy_holes_outer_first(struct kunit *test)
{
	hole_case(test, true);
}

static void holes_exit(struct kunit *test)
{
	dualtree_fail_every(0);
	dualtree_fail_above(UINT_MAX);
}

static struct kunit_case pool_holes_cases[] = {
	KUNIT_CASE(buddy_holes_trim),
	KUNIT_CASE(buddy_holes_by_itself),
	KUNIT_CASE(buddy_holes_window),
	KUNIT_CASE(buddy_holes_some_used),
	KUNIT_CASE(buddy_holes_marks),
	KUNIT_CASE(buddy_holes_keeps_blocks),
	KUNIT_CASE(buddy_holes_pressure),
	KUNIT_CASE(buddy_holes_reserve),
	KUNIT_CASE(buddy_holes_device),
	KUNIT_CASE(buddy_holes_refused),
	KUNIT_CASE(buddy_holes_drained),
	KUNIT_CASE(buddy_holes_inner_first),
	KUNIT_CASE(buddy_holes_outer_first),
	{}
};

DUALTREE_SUITE(pool_holes, "the page pool: free pages of arenas in use", .exit = holes_exit);
