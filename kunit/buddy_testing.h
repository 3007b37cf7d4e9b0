/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of the page pool share: pools that a test cannot leak, and a pool of
 * one arena with a page-exact oracle beside it.
 *
 * The oracle foretells every field of the stats after every call; the first difference
 * ends the test.
 */
#ifndef DUALTREE_KUNIT_BUDDY_TESTING_H
#define DUALTREE_KUNIT_BUDDY_TESTING_H

#include <dualtree/buddy_pool.h>
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include "../buddy/check.h"
#include "../buddy/grow.h"
#include "../buddy/pool.h"

static inline size_t pages_bytes(unsigned long pages)
{
	return pages << PAGE_SHIFT;
}

static inline void pool_release(struct kunit_resource *res)
{
	buddy_pool_destroy(res->data);
}

/* The test ends here if there is no pool; at its end the pool is destroyed. */
static inline struct buddy_pool *pool_make(struct kunit *test,
					   const struct buddy_pool_params *params)
{
	struct buddy_pool *pool = buddy_pool_create(test->name, params);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_ASSERT_NOT_NULL(test,
			      kunit_alloc_resource(test, NULL, pool_release, GFP_KERNEL, pool));
	return pool;
}

static inline bool pool_resource_is(struct kunit *test, struct kunit_resource *res, void *data)
{
	return res->data == data;
}

/* Destroy a pool before the end of its test. */
static inline void pool_drop(struct kunit *test, struct buddy_pool *pool)
{
	KUNIT_EXPECT_EQ(test, kunit_destroy_resource(test, pool_resource_is, pool), 0);
}

static inline struct buddy_pool_stats pool_stats(struct buddy_pool *pool)
{
	struct buddy_pool_stats stats;

	buddy_pool_get_stats(pool, &stats);
	return stats;
}

static inline bool block_aligned(const void *block, unsigned int order)
{
	return IS_ALIGNED((unsigned long)block, PAGE_SIZE << order) &&
	       IS_ALIGNED(page_to_pfn(virt_to_page(block)), 1UL << order);
}

/* Arenas of 8 pages: small enough to have many of them. */
#define SMALL_ORDER	3
#define SMALL_PAGES	BIT(SMALL_ORDER)
#define SMALL_BYTES	(PAGE_SIZE << SMALL_ORDER)

static inline struct buddy_pool *small_pool(struct kunit *test, size_t limit, size_t reserve)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = SMALL_ORDER,
		.limit = limit, .reserve = reserve,
	};

	return pool_make(test, &params);
}

static inline void *block_take(struct kunit *test, struct buddy_pool *pool, unsigned int order)
{
	void *block = buddy_pool_alloc(pool, order, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_TRUE(test, block_aligned(block, order));
	return block;
}

static inline void block_give(struct kunit *test, struct buddy_pool *pool, void *block,
			      unsigned int order)
{
	KUNIT_ASSERT_EQ(test, buddy_pool_free(pool, block, order), 0);
}

/*
 * Nothing is out, and without a reserve nothing stays. An empty arena may have gone back
 * before: what is said of held bytes allows for it.
 */
static inline void expect_trimmed(struct kunit *test, struct buddy_pool *pool)
{
	struct buddy_pool_stats stats = pool_stats(pool);
	size_t trimmed;

	KUNIT_EXPECT_EQ(test, stats.free_bytes, stats.held_bytes);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	trimmed = buddy_pool_trim(pool);
	KUNIT_EXPECT_LE(test, trimmed, stats.held_bytes);
	KUNIT_EXPECT_EQ(test, buddy_pool_trim(pool), 0);
	stats = pool_stats(pool);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.largest_free, 0);
	KUNIT_EXPECT_EQ(test, stats.arenas, 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/**
 * struct lone - a pool whose limit and reserve are one arena: it never comes nor goes
 * @pool: the pool
 * @order: of the arena
 * @base: first byte of the arena
 * @free: bit per page: no block covers it
 * @want: what the stats have to be
 */
struct lone {
	struct buddy_pool *pool;
	unsigned int order;
	void *base;
	DECLARE_BITMAP(free, 1U << BUDDY_POOL_MAX_ARENA_ORDER);
	struct buddy_pool_stats want;
};

static inline unsigned int lone_page(const struct lone *lone, const void *addr)
{
	return (addr - lone->base) >> PAGE_SHIFT;
}

static inline void *lone_addr(const struct lone *lone, unsigned int page)
{
	return lone->base + pages_bytes(page);
}

static inline bool lone_run_free(const struct lone *lone, unsigned int page, unsigned int nr)
{
	return find_next_zero_bit(lone->free, page + nr, page) >= page + nr;
}

/* Blocks merge as far up as they go: the largest is the largest aligned run. */
static inline size_t lone_largest(const struct lone *lone)
{
	unsigned int order, page;

	for (order = lone->order + 1; order-- > 0;)
		for (page = 0; page < 1U << lone->order; page += 1U << order)
			if (lone_run_free(lone, page, 1U << order))
				return PAGE_SIZE << order;
	return 0;
}

static inline void expect_stats(struct kunit *test, struct buddy_pool *pool,
				const struct buddy_pool_stats *want)
{
	struct buddy_pool_stats got = pool_stats(pool);

	KUNIT_ASSERT_EQ(test, got.allocs, want->allocs);
	KUNIT_ASSERT_EQ(test, got.frees, want->frees);
	KUNIT_ASSERT_EQ(test, got.failed_allocs, want->failed_allocs);
	KUNIT_ASSERT_EQ(test, got.bad_frees, want->bad_frees);
	KUNIT_ASSERT_EQ(test, got.arenas, want->arenas);
	KUNIT_ASSERT_EQ(test, got.held_bytes, want->held_bytes);
	KUNIT_ASSERT_EQ(test, got.free_bytes, want->free_bytes);
	KUNIT_ASSERT_EQ(test, got.largest_free, want->largest_free);
}

static inline void lone_expect(struct kunit *test, struct lone *lone)
{
	lone->want.largest_free = lone_largest(lone);
	lone->want.free_bytes = pages_bytes(bitmap_weight(lone->free, 1U << lone->order));
	expect_stats(test, lone->pool, &lone->want);
}

static inline struct lone *lone_make(struct kunit *test, unsigned int order)
{
	/* An arena order of 0 stands for the default, of which the limit leaves one page. */
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE,
		.arena_order = order,
		.limit = PAGE_SIZE << order,
		.reserve = PAGE_SIZE << order,
	};
	struct lone *lone = kunit_kzalloc(test, sizeof(*lone), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lone);
	lone->order = order;
	lone->pool = pool_make(test, &params);
	lone->base = buddy_pool_alloc(lone->pool, order, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lone->base);
	KUNIT_ASSERT_EQ(test, buddy_pool_free(lone->pool, lone->base, order), 0);
	bitmap_fill(lone->free, 1U << order);
	lone->want = pool_stats(lone->pool);
	lone->want.arenas = 1;
	lone->want.held_bytes = PAGE_SIZE << order;
	lone_expect(test, lone);
	return lone;
}

static inline void *lone_take(struct kunit *test, struct lone *lone, unsigned int order)
{
	void *block = buddy_pool_alloc(lone->pool, order, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_TRUE(test, block_aligned(block, order));
	KUNIT_ASSERT_GE(test, (unsigned long)block, (unsigned long)lone->base);
	KUNIT_ASSERT_LE(test, (unsigned long)(block - lone->base) + (PAGE_SIZE << order),
			PAGE_SIZE << lone->order);
	KUNIT_ASSERT_TRUE(test, lone_run_free(lone, lone_page(lone, block), 1U << order));
	bitmap_clear(lone->free, lone_page(lone, block), 1U << order);
	lone->want.allocs++;
	lone_expect(test, lone);
	return block;
}

/* There is no room for a block of this order. */
static inline void lone_take_fails(struct kunit *test, struct lone *lone, unsigned int order)
{
	KUNIT_ASSERT_NULL(test, buddy_pool_alloc(lone->pool, order, GFP_KERNEL));
	lone->want.failed_allocs++;
	lone_expect(test, lone);
}

static inline void lone_give(struct kunit *test, struct lone *lone, void *block,
			     unsigned int order)
{
	KUNIT_ASSERT_EQ(test, buddy_pool_free(lone->pool, block, order), 0);
	bitmap_set(lone->free, lone_page(lone, block), 1U << order);
	lone->want.frees++;
	lone_expect(test, lone);
}

static inline void lone_give_range(struct kunit *test, struct lone *lone, void *first,
				   unsigned long nr_pages)
{
	KUNIT_ASSERT_EQ(test, buddy_pool_free_range(lone->pool, first, nr_pages), 0);
	bitmap_set(lone->free, lone_page(lone, first), nr_pages);
	lone->want.frees++;
	lone_expect(test, lone);
}

/* A call was refused: it was counted, and nothing else has changed. */
static inline void lone_refused(struct kunit *test, struct lone *lone, int err, int want_err)
{
	KUNIT_EXPECT_EQ(test, err, want_err);
	lone->want.bad_frees++;
	lone_expect(test, lone);
}

/* All is free again, and one block. */
static inline void lone_expect_whole(struct kunit *test, struct lone *lone)
{
	KUNIT_EXPECT_TRUE(test, bitmap_full(lone->free, 1U << lone->order));
	lone_expect(test, lone);
	KUNIT_EXPECT_EQ(test, lone->want.largest_free, PAGE_SIZE << lone->order);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
}

/* Each page of a block gets a mark of its own, derived from @tag. */
static inline void stamp_pages(void *block, unsigned long nr_pages, u64 tag)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		u64 *page = block + pages_bytes(i);

		page[0] = tag + i;
		page[PAGE_SIZE / sizeof(*page) / 2] = ~(tag + i);
		page[PAGE_SIZE / sizeof(*page) - 1] = tag + i;
	}
}

static inline bool pages_stamped(const void *block, unsigned long nr_pages, u64 tag)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		const u64 *page = block + pages_bytes(i);

		if (page[0] != tag + i || page[PAGE_SIZE / sizeof(*page) / 2] != ~(tag + i) ||
		    page[PAGE_SIZE / sizeof(*page) - 1] != tag + i)
			return false;
	}
	return true;
}

#endif /* DUALTREE_KUNIT_BUDDY_TESTING_H */
