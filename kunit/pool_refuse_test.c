// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: wrong frees. Each is refused with the error that the header names and
 * counted once, and nothing else changes, in any pool.
 *
 * Where both errors are true of one call (it reaches beyond its block, and what is there
 * is free already), either will do.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <dualtree/dualtree.h>
#include "../buddy/table.h"
#include "buddy_testing.h"
#include "../compat/compat.h"

static void refuse_free(struct kunit *test, struct lone *lone, void *block, unsigned int order,
			int err)
{
	lone_refused(test, lone, buddy_pool_free(lone->pool, block, order), err);
}

static void refuse_range(struct kunit *test, struct lone *lone, void *first,
			 unsigned long nr_pages, int err)
{
	lone_refused(test, lone, buddy_pool_free_range(lone->pool, first, nr_pages), err);
}

static int either(int err)
{
	return err == -EALREADY ? -EINVAL : err;
}

/* In an arena of 16 pages: a block that begins at a page, all else stays free. */
static void *take_at(struct kunit *test, struct lone *lone, unsigned int page, unsigned int order)
{
	void *all = lone_take(test, lone, 4);

	if (page)
		lone_give_range(test, lone, all, page);
	if (page + (1U << order) < 16)
		lone_give_range(test, lone, all + pages_bytes(page + (1U << order)),
				16 - page - (1U << order));
	return all + pages_bytes(page);
}

/* 16 blocks of one page, or 8 of two and so on, that lie side by side. */
static void take_all(struct kunit *test, struct lone *lone, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 16U >> order; i++)
		lone_take(test, lone, order);
}

static void give_all(struct kunit *test, struct lone *lone)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (!test_bit(i, lone->free))
			lone_give_range(test, lone, lone_addr(lone, i), 1);
	lone_expect_whole(test, lone);
}

static void buddy_refuse_wrong_order(struct kunit *test)
{
	static const unsigned int far_too_large[] = { 5, 10, 11, 12, 31, 32, 33, 62, 63, 64, 65,
						      INT_MAX, 1U << 31, UINT_MAX };
	struct lone *lone = lone_make(test, 4);
	unsigned int i, order, wrong;
	void *block;

	for (order = 0; order <= 4; order++) {
		block = take_at(test, lone, 0, order);
		for (wrong = 0; wrong < order; wrong++)
			refuse_free(test, lone, block, wrong, -EINVAL);
		/* Beyond the block all is free. */
		for (wrong = order + 1; wrong <= 4; wrong++)
			lone_refused(test, lone,
				     either(buddy_pool_free(lone->pool, block, wrong)), -EINVAL);
		for (i = 0; i < ARRAY_SIZE(far_too_large); i++)
			refuse_free(test, lone, block, far_too_large[i], -EINVAL);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
		lone_give(test, lone, block, order);
	}
	lone_expect_whole(test, lone);

	/* Where all neighbours are live, too. */
	for (order = 0; order < 4; order++) {
		take_all(test, lone, order);
		for (wrong = 0; wrong <= 4; wrong++)
			if (wrong != order)
				refuse_free(test, lone, lone_addr(lone, 0), wrong, -EINVAL);
		give_all(test, lone);
	}
}

static void buddy_refuse_twice(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	unsigned int order;
	void *block;

	for (order = 0; order <= 4; order++) {
		/* Alone in the arena: it merges all the way up. */
		block = lone_take(test, lone, order);
		lone_give(test, lone, block, order);
		refuse_free(test, lone, block, order, -EALREADY);
		refuse_range(test, lone, block, 1U << order, -EALREADY);
		lone_expect_whole(test, lone);
	}
	for (order = 0; order < 4; order++) {
		/* All others live: it does not merge. */
		take_all(test, lone, order);
		block = lone_addr(lone, 5 & ~((1U << order) - 1));
		lone_give(test, lone, block, order);
		refuse_free(test, lone, block, order, -EALREADY);
		refuse_range(test, lone, block, 1U << order, -EALREADY);
		refuse_range(test, lone, block, 1, -EALREADY);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
		give_all(test, lone);
	}
}

/* Of a block of 16 pages some are free: every range that touches one of them. */
static void buddy_refuse_partly_free(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	unsigned int first, nr, hole, order;

	for (hole = 0; hole < 16; hole++) {
		lone_take(test, lone, 4);
		lone_give_range(test, lone, lone_addr(lone, hole), 1);
		for (first = 0; first <= hole; first++)
			for (nr = hole - first + 1; nr <= 16 - first; nr++)
				refuse_range(test, lone, lone_addr(lone, first), nr, -EALREADY);
		for (order = 0; order <= 4; order++)
			refuse_free(test, lone, lone_addr(lone, hole >> order << order), order,
				    -EALREADY);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
		give_all(test, lone);
	}
}

static void buddy_refuse_interior(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	unsigned int page, order;

	/* Not at the start of the block, with any order. */
	lone_take(test, lone, 4);
	for (page = 1; page < 16; page++)
		for (order = 0; order <= 4; order++)
			refuse_free(test, lone, lone_addr(lone, page), order, -EINVAL);
	lone_give(test, lone, lone->base, 4);
	lone_expect_whole(test, lone);
}

static void buddy_refuse_unaligned(struct kunit *test)
{
	static const unsigned int offsets[] = { 1, 7, 8, 64, 2048, 4095 };
	struct lone *lone = lone_make(test, 4);
	void *block = take_at(test, lone, 8, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		refuse_free(test, lone, block + offsets[i], 0, -EINVAL);
		refuse_free(test, lone, block + offsets[i], 2, -EINVAL);
		refuse_range(test, lone, block + offsets[i], 1, -EINVAL);
		refuse_range(test, lone, block + offsets[i], 4, -EINVAL);
	}
	lone_give(test, lone, block, 2);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		lone_refused(test, lone,
			     either(buddy_pool_free(lone->pool, block + offsets[i], 2)), -EINVAL);
		lone_refused(test, lone, either(buddy_pool_free_range(lone->pool,
								      block + offsets[i], 1)),
			     -EINVAL);
	}
	lone_expect_whole(test, lone);
}

static void buddy_refuse_length(struct kunit *test)
{
	static const unsigned long lengths[] = {
		0, 17, 18, 32, 1024, 1025, INT_MAX, 1UL << 31, UINT_MAX, 1UL << 32,
		(1UL << 32) + 1, (1UL << 32) + 16, ULONG_MAX >> PAGE_SHIFT, LONG_MAX,
		ULONG_MAX - 15, ULONG_MAX - 1, ULONG_MAX,
	};
	struct lone *lone = lone_make(test, 4);
	unsigned int i, page;

	lone_take(test, lone, 4);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (page = 0; page < 16; page++)
			refuse_range(test, lone, lone_addr(lone, page), lengths[i], -EINVAL);
	/* Beyond the end of the arena by one page. */
	for (page = 1; page < 16; page++)
		refuse_range(test, lone, lone_addr(lone, page), 17 - page, -EINVAL);
	lone_give(test, lone, lone->base, 4);
	/* Nothing there is live, and 0 pages are no range of free ones either. */
	refuse_range(test, lone, lone->base, 0, -EINVAL);
	lone_expect_whole(test, lone);
}

/* Two blocks that lie side by side are not one. */
static void buddy_refuse_two_blocks(struct kunit *test)
{
	unsigned int order, first, nr, size;
	struct lone *lone = lone_make(test, 4);

	for (order = 0; order < 4; order++) {
		size = 1U << order;
		take_all(test, lone, order);
		for (first = 0; first < 16; first++)
			for (nr = size - first % size + 1; first + nr <= 16; nr++)
				refuse_range(test, lone, lone_addr(lone, first), nr, -EINVAL);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
		give_all(test, lone);
	}
}

/*
 * A run of a block goes back and is handed out again, in single pages: new blocks in
 * front of, behind and between what is left of the old one, at every place.
 */
static void buddy_refuse_refilled_hole(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	unsigned int hole, len, first, nr, i;

	for (hole = 0; hole < 16; hole++) {
		for (len = 1; len <= 3 && hole + len <= 16; len++) {
			lone_take(test, lone, 4);
			lone_give_range(test, lone, lone_addr(lone, hole), len);
			for (i = 0; i < len; i++)
				lone_take(test, lone, 0);
			for (first = 0; first < 16; first++) {
				for (nr = 2; first + nr <= 16; nr++) {
					if (first + nr <= hole || first >= hole + len)
						continue;
					refuse_range(test, lone, lone_addr(lone, first), nr,
						     -EINVAL);
				}
			}
			KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
			/* Each part goes in one: in front, between, behind. */
			if (hole)
				lone_give_range(test, lone, lone->base, hole);
			if (hole + len < 16)
				lone_give_range(test, lone, lone_addr(lone, hole + len),
						16 - hole - len);
			give_all(test, lone);
		}
	}
}

/* The same with whole blocks in the place of a freed front or tail. */
static void buddy_refuse_refilled_half(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	unsigned int half;

	for (half = 0; half < 2; half++) {
		lone_take(test, lone, 4);
		lone_give_range(test, lone, lone_addr(lone, half * 8), 8);
		KUNIT_EXPECT_PTR_EQ(test, lone_take(test, lone, 3), lone_addr(lone, half * 8));
		refuse_range(test, lone, lone->base, 16, -EINVAL);
		refuse_range(test, lone, lone_addr(lone, 7), 2, -EINVAL);
		refuse_range(test, lone, lone_addr(lone, 4), 8, -EINVAL);
		refuse_free(test, lone, lone->base, 4, -EINVAL);
		/* The new block whole by its order, the old half as a range. */
		lone_give(test, lone, lone_addr(lone, half * 8), 3);
		lone_give_range(test, lone, lone_addr(lone, (1 - half) * 8), 8);
		lone_expect_whole(test, lone);
	}
}

static void refuse_both(struct kunit *test, struct lone *lone, void *addr)
{
	refuse_free(test, lone, addr, 0, -EINVAL);
	refuse_free(test, lone, addr, 4, -EINVAL);
	refuse_range(test, lone, addr, 1, -EINVAL);
	refuse_range(test, lone, addr, 16, -EINVAL);
}

static void buddy_refuse_foreign(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4), *other = lone_make(test, 4);
	void *block = lone_take(test, lone, 4);
	void *object = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	void *page = (void *)__get_free_page(GFP_KERNEL);
	void *mapped = vmalloc(PAGE_SIZE);
	static int in_module;
	int on_stack;

	if (object)
		refuse_both(test, lone, object);
	if (page)
		refuse_both(test, lone, page);
	if (mapped)
		refuse_both(test, lone, mapped);
	refuse_both(test, lone, &on_stack);
	refuse_both(test, lone, PTR_ALIGN_DOWN((void *)&on_stack, PAGE_SIZE));
	refuse_both(test, lone, (void *)refuse_both);
	refuse_both(test, lone, PTR_ALIGN_DOWN((void *)refuse_both, PAGE_SIZE));
	refuse_both(test, lone, (void *)kfree);
	refuse_both(test, lone, &in_module);
	refuse_both(test, lone, lone);
	refuse_both(test, lone, lone->pool);
	refuse_both(test, lone, other->base);
	/* Live there, and free there: neither is ours. */
	lone_take(test, other, 4);
	refuse_both(test, lone, other->base);
	lone_expect(test, other);

	vfree(mapped);
	free_page((unsigned long)page);
	lone_give(test, lone, block, 4);
	lone_expect_whole(test, lone);
}

/* Values that are no address of anything. */
static void buddy_refuse_wild(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	void *block = lone_take(test, lone, 4), *behind;
	unsigned int bit;

	refuse_both(test, lone, (void *)1);
	refuse_both(test, lone, (void *)PAGE_SIZE);
	refuse_both(test, lone, (void *)~0UL);
	refuse_both(test, lone, (void *)PAGE_MASK);
	refuse_both(test, lone, (void *)LONG_MAX);
	refuse_both(test, lone, (void *)LONG_MIN);
	refuse_both(test, lone, ERR_PTR(-ENOMEM));
	for (bit = PAGE_SHIFT + 4; bit < BITS_PER_LONG; bit++) {
		refuse_both(test, lone, (void *)BIT(bit));
		/* An address of ours with one bit flipped. */
		refuse_both(test, lone, (void *)((unsigned long)block ^ BIT(bit)));
	}
	/* The table's first and last bytes, and those beyond. */
	behind = (void *)buddy_table.base +
		 (buddy_table.nr_spans << (BUDDY_SPAN_ORDER + PAGE_SHIFT));
	refuse_both(test, lone, behind);
	refuse_both(test, lone, behind - 1);
	refuse_both(test, lone, behind + PAGE_SIZE);
	refuse_both(test, lone, (void *)buddy_table.base);
	refuse_both(test, lone, (void *)buddy_table.base - 1);
	refuse_both(test, lone, (void *)buddy_table.base - PAGE_SIZE);
	/* Just beside the arena. */
	refuse_both(test, lone, block - PAGE_SIZE);
	refuse_both(test, lone, block + pages_bytes(16));
	lone_give(test, lone, block, 4);
	lone_expect_whole(test, lone);
}

/* The owner of the block learns nothing of it; the pool that was named counts it. */
static void buddy_refuse_other_pool(struct kunit *test)
{
	struct lone *mine = lone_make(test, 4), *other = lone_make(test, 4);
	void *block = lone_take(test, mine, 4);

	refuse_free(test, other, block, 4, -EINVAL);
	lone_expect(test, mine);
	refuse_range(test, other, block, 16, -EINVAL);
	lone_expect(test, mine);
	lone_give(test, mine, block, 4);
	refuse_free(test, other, block, 4, -EINVAL);
	lone_expect_whole(test, mine);
	lone_expect_whole(test, other);
}

/* A pool that is gone is not looked into: KASAN would tell. */
static void buddy_refuse_destroyed_pool(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	struct buddy_pool *gone = lone->pool;
	void *block = lone_take(test, lone, 2);

	pool_drop(test, gone);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, block, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(gone, block, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, lone->base, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, (void *)1, 0), -EINVAL);
	/* Nothing to do is no error, whatever the pool. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, NULL, 2), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(gone, NULL, 4), 0);
	/* Nor is what never was a pool. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free(NULL, block, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free((struct buddy_pool *)lone, block, 2), -EINVAL);
}

/* A block of an arena that went back to the kernel while the pool lives on. */
static void buddy_refuse_trimmed_arena(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = 4 };
	struct buddy_pool *pool = pool_make(test, &params);
	void *block = buddy_pool_alloc(pool, 4, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 4), 0);
	buddy_pool_trim(pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, block, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).bad_frees, 2);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).frees, 1);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* A block that an instance owns is the instance's to give back, whole or in part. */
static void buddy_refuse_owned(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = 4 };
	struct buddy_pool *pool = pool_make(test, &params);
	struct dualtree_params owner = { .pool = pool, .min_region_order = 2 };
	struct dualtree *dt = dualtree_create(test->name, &owner);
	void *ptr, *block;

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
	ptr = dualtree_alloc(dt, 100, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, ptr);
	block = PTR_ALIGN_DOWN(ptr, PAGE_SIZE << 2);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, block, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, block + PAGE_SIZE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).bad_frees, 3);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);
	dualtree_destroy(dt);
	/* From here on it is the pool's again. */
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, pool_stats(pool).held_bytes);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

/* Arenas that happen to lie side by side are still two. */
static void buddy_refuse_across_arenas(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = 1 };
	struct buddy_pool *pool = pool_make(test, &params);
	void *blocks[64];
	unsigned int i, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[i] = buddy_pool_alloc(pool, 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, blocks[i]);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, blocks[i], 3), -EINVAL);
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, blocks[i] + PAGE_SIZE, 2),
				-EINVAL);
		wrong += 2;
	}
	KUNIT_EXPECT_EQ(test, pool_stats(pool).bad_frees, wrong);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, 0);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, blocks[i], 2), 0);
}

static struct kunit_case buddy_refuse_cases[] = {
	KUNIT_CASE(buddy_refuse_wrong_order),
	KUNIT_CASE(buddy_refuse_twice),
	KUNIT_CASE(buddy_refuse_partly_free),
	KUNIT_CASE(buddy_refuse_interior),
	KUNIT_CASE(buddy_refuse_unaligned),
	KUNIT_CASE(buddy_refuse_length),
	KUNIT_CASE(buddy_refuse_two_blocks),
	KUNIT_CASE(buddy_refuse_refilled_hole),
	KUNIT_CASE(buddy_refuse_refilled_half),
	KUNIT_CASE(buddy_refuse_foreign),
	KUNIT_CASE(buddy_refuse_wild),
	KUNIT_CASE(buddy_refuse_other_pool),
	KUNIT_CASE(buddy_refuse_destroyed_pool),
	KUNIT_CASE(buddy_refuse_trimmed_arena),
	KUNIT_CASE(buddy_refuse_across_arenas),
	KUNIT_CASE(buddy_refuse_owned),
	{}
};

static struct kunit_suite buddy_refuse_suite = {
	.name = "dualtree_pool_refuse",
	.test_cases = buddy_refuse_cases,
};

kunit_test_suite(buddy_refuse_suite);

MODULE_DESCRIPTION("Tests of the page pool: wrong frees");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
