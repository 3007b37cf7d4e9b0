// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: bad frees. Each is refused with the error that the header names and counted once,
 * and nothing else changes, in any pool.
 *
 * Where both errors apply to one call (it reaches beyond its block, and pages there are free),
 * either is accepted.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../buddy/table.h"
#include "fixtures/one_arena.h"

static void refuse_free(struct one_arena *one, void *block, unsigned int order, int err)
{
	dt_one_refused(one, buddy_pool_free(one->pool, block, order), err);
}

static void refuse_range(struct one_arena *one, void *first, unsigned long nr_pages, int err)
{
	dt_one_refused(one, buddy_pool_free_range(one->pool, first, nr_pages), err);
}

static int either(int err)
{
	return err == -EALREADY ? -EINVAL : err;
}

/* In an arena of 16 pages: a block that begins at a page, all else stays free. */
static void *take_at(struct one_arena *one, unsigned int page, unsigned int order)
{
	void *all = dt_one_alloc(one, 4);

	if (page)
		dt_one_free_range(one, all, page);
	if (page + (1U << order) < 16)
		dt_one_free_range(one, all + pages_bytes(page + (1U << order)),
				  16 - page - (1U << order));
	return all + pages_bytes(page);
}

/* 16 adjacent blocks of one page, or 8 of two and so on. */
static void take_all(struct one_arena *one, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 16U >> order; i++)
		dt_one_alloc(one, order);
}

static void give_all(struct one_arena *one)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (!test_bit(i, one->free))
			dt_one_free_range(one, one_addr(one, i), 1);
	dt_one_expect_all_free(one);
}

static void buddy_refuse_wrong_order(struct kunit *test)
{
	static const unsigned int far_too_large[] = { 5, 10, 11, 12, 31, 32, 33, 62, 63, 64, 65,
						      INT_MAX, 1U << 31, UINT_MAX };
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int i, order, wrong;
	void *block;

	for (order = 0; order <= 4; order++) {
		block = take_at(one, 0, order);
		for (wrong = 0; wrong < order; wrong++)
			refuse_free(one, block, wrong, -EINVAL);
		/* Beyond the block all is free. */
		for (wrong = order + 1; wrong <= 4; wrong++)
			dt_one_refused(one, either(buddy_pool_free(one->pool, block, wrong)),
				       -EINVAL);
		for (i = 0; i < ARRAY_SIZE(far_too_large); i++)
			refuse_free(one, block, far_too_large[i], -EINVAL);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
		dt_one_free(one, block, order);
	}
	dt_one_expect_all_free(one);

	/* Where all neighbours are live, too. */
	for (order = 0; order < 4; order++) {
		take_all(one, order);
		for (wrong = 0; wrong <= 4; wrong++)
			if (wrong != order)
				refuse_free(one, one_addr(one, 0), wrong, -EINVAL);
		give_all(one);
	}
}

static void buddy_refuse_twice(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int order;
	void *block;

	for (order = 0; order <= 4; order++) {
		/* Alone in the arena: it merges all the way up. */
		block = dt_one_alloc(one, order);
		dt_one_free(one, block, order);
		refuse_free(one, block, order, -EALREADY);
		refuse_range(one, block, 1U << order, -EALREADY);
		dt_one_expect_all_free(one);
	}
	for (order = 0; order < 4; order++) {
		/* All others live: it does not merge. */
		take_all(one, order);
		block = one_addr(one, 5 & ~((1U << order) - 1));
		dt_one_free(one, block, order);
		refuse_free(one, block, order, -EALREADY);
		refuse_range(one, block, 1U << order, -EALREADY);
		refuse_range(one, block, 1, -EALREADY);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
		give_all(one);
	}
}

/* Of a block of 16 pages some are free: every range that touches one of them. */
static void buddy_refuse_partly_free(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int first, nr, hole, order;

	for (hole = 0; hole < 16; hole++) {
		dt_one_alloc(one, 4);
		dt_one_free_range(one, one_addr(one, hole), 1);
		for (first = 0; first <= hole; first++)
			for (nr = hole - first + 1; nr <= 16 - first; nr++)
				refuse_range(one, one_addr(one, first), nr, -EALREADY);
		for (order = 0; order <= 4; order++)
			refuse_free(one, one_addr(one, hole >> order << order), order, -EALREADY);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
		give_all(one);
	}
}

static void buddy_refuse_interior(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int page, order;

	/* Not at the start of the block, with any order. */
	dt_one_alloc(one, 4);
	for (page = 1; page < 16; page++)
		for (order = 0; order <= 4; order++)
			refuse_free(one, one_addr(one, page), order, -EINVAL);
	dt_one_free(one, one->base, 4);
	dt_one_expect_all_free(one);
}

static void buddy_refuse_unaligned(struct kunit *test)
{
	static const unsigned int offsets[] = { 1, 7, 8, 64, 2048, 4095 };
	struct one_arena *one = dt_one_arena(test, 4);
	void *block = take_at(one, 8, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		refuse_free(one, block + offsets[i], 0, -EINVAL);
		refuse_free(one, block + offsets[i], 2, -EINVAL);
		refuse_range(one, block + offsets[i], 1, -EINVAL);
		refuse_range(one, block + offsets[i], 4, -EINVAL);
	}
	dt_one_free(one, block, 2);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		dt_one_refused(one, either(buddy_pool_free(one->pool, block + offsets[i], 2)),
			       -EINVAL);
		dt_one_refused(one, either(buddy_pool_free_range(one->pool, block + offsets[i], 1)),
			       -EINVAL);
	}
	dt_one_expect_all_free(one);
}

static void buddy_refuse_length(struct kunit *test)
{
	static const unsigned long lengths[] = {
		0, 17, 18, 32, 1024, 1025, INT_MAX, 1UL << 31, UINT_MAX, 1UL << 32,
		(1UL << 32) + 1, (1UL << 32) + 16, ULONG_MAX >> PAGE_SHIFT, LONG_MAX,
		ULONG_MAX - 15, ULONG_MAX - 1, ULONG_MAX,
	};
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int i, page;

	dt_one_alloc(one, 4);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (page = 0; page < 16; page++)
			refuse_range(one, one_addr(one, page), lengths[i], -EINVAL);
	/* Beyond the end of the arena by one page. */
	for (page = 1; page < 16; page++)
		refuse_range(one, one_addr(one, page), 17 - page, -EINVAL);
	dt_one_free(one, one->base, 4);
	/* Nothing there is live, and 0 pages are no range of free ones either. */
	refuse_range(one, one->base, 0, -EINVAL);
	dt_one_expect_all_free(one);
}

/* A range may not span two adjacent blocks. */
static void buddy_refuse_two_blocks(struct kunit *test)
{
	unsigned int order, first, nr, size;
	struct one_arena *one = dt_one_arena(test, 4);

	for (order = 0; order < 4; order++) {
		size = 1U << order;
		take_all(one, order);
		for (first = 0; first < 16; first++)
			for (nr = size - first % size + 1; first + nr <= 16; nr++)
				refuse_range(one, one_addr(one, first), nr, -EINVAL);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
		give_all(one);
	}
}

/*
 * A run of a block is freed and allocated again, in single pages: new blocks before, after and
 * between the rest of the old one, at every place.
 */
static void buddy_refuse_refilled_hole(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int hole, len, first, nr, i;

	for (hole = 0; hole < 16; hole++) {
		for (len = 1; len <= 3 && hole + len <= 16; len++) {
			dt_one_alloc(one, 4);
			dt_one_free_range(one, one_addr(one, hole), len);
			for (i = 0; i < len; i++)
				dt_one_alloc(one, 0);
			for (first = 0; first < 16; first++) {
				for (nr = 2; first + nr <= 16; nr++) {
					if (first + nr <= hole || first >= hole + len)
						continue;
					refuse_range(one, one_addr(one, first), nr, -EINVAL);
				}
			}
			KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
			/* Each part is freed by one call: before, between, after. */
			if (hole)
				dt_one_free_range(one, one->base, hole);
			if (hole + len < 16)
				dt_one_free_range(one, one_addr(one, hole + len), 16 - hole - len);
			give_all(one);
		}
	}
}

/* The same with whole blocks in the place of a freed front or tail. */
static void buddy_refuse_refilled_half(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int half;

	for (half = 0; half < 2; half++) {
		dt_one_alloc(one, 4);
		dt_one_free_range(one, one_addr(one, half * 8), 8);
		KUNIT_EXPECT_PTR_EQ(test, dt_one_alloc(one, 3), one_addr(one, half * 8));
		refuse_range(one, one->base, 16, -EINVAL);
		refuse_range(one, one_addr(one, 7), 2, -EINVAL);
		refuse_range(one, one_addr(one, 4), 8, -EINVAL);
		refuse_free(one, one->base, 4, -EINVAL);
		/* The new block whole by its order, the old half as a range. */
		dt_one_free(one, one_addr(one, half * 8), 3);
		dt_one_free_range(one, one_addr(one, (1 - half) * 8), 8);
		dt_one_expect_all_free(one);
	}
}

static void refuse_both(struct one_arena *one, void *addr)
{
	refuse_free(one, addr, 0, -EINVAL);
	refuse_free(one, addr, 4, -EINVAL);
	refuse_range(one, addr, 1, -EINVAL);
	refuse_range(one, addr, 16, -EINVAL);
}

static void buddy_refuse_foreign(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4), *other = dt_one_arena(test, 4);
	void *block = dt_one_alloc(one, 4);
	void *object = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	void *page = (void *)__get_free_page(GFP_KERNEL);
	void *mapped = vmalloc(PAGE_SIZE);
	static int in_module;
	int on_stack;

	if (object)
		refuse_both(one, object);
	if (page)
		refuse_both(one, page);
	if (mapped)
		refuse_both(one, mapped);
	refuse_both(one, &on_stack);
	refuse_both(one, PTR_ALIGN_DOWN((void *)&on_stack, PAGE_SIZE));
	refuse_both(one, (void *)refuse_both);
	refuse_both(one, PTR_ALIGN_DOWN((void *)refuse_both, PAGE_SIZE));
	refuse_both(one, (void *)kfree);
	refuse_both(one, &in_module);
	refuse_both(one, one);
	refuse_both(one, one->pool);
	refuse_both(one, other->base);
	/* Live there, and free there: neither is ours. */
	dt_one_alloc(other, 4);
	refuse_both(one, other->base);
	dt_one_expect(other);

	vfree(mapped);
	free_page((unsigned long)page);
	dt_one_free(one, block, 4);
	dt_one_expect_all_free(one);
}

/* Values that are no address of anything. */
static void buddy_refuse_wild(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	void *block = dt_one_alloc(one, 4), *end;
	unsigned int bit;

	refuse_both(one, (void *)1);
	refuse_both(one, (void *)PAGE_SIZE);
	refuse_both(one, (void *)~0UL);
	refuse_both(one, (void *)PAGE_MASK);
	refuse_both(one, (void *)LONG_MAX);
	refuse_both(one, (void *)LONG_MIN);
	refuse_both(one, ERR_PTR(-ENOMEM));
	for (bit = PAGE_SHIFT + 4; bit < BITS_PER_LONG; bit++) {
		refuse_both(one, (void *)BIT(bit));
		/* An address of ours with one bit flipped. */
		refuse_both(one, (void *)((unsigned long)block ^ BIT(bit)));
	}
	/* The table's first and last bytes, and those beyond. */
	end = (void *)buddy_table.base + (buddy_table.nr_spans << (BUDDY_SPAN_ORDER + PAGE_SHIFT));
	refuse_both(one, end);
	refuse_both(one, end - 1);
	refuse_both(one, end + PAGE_SIZE);
	refuse_both(one, (void *)buddy_table.base);
	refuse_both(one, (void *)buddy_table.base - 1);
	refuse_both(one, (void *)buddy_table.base - PAGE_SIZE);
	/* Adjacent to the arena. */
	refuse_both(one, block - PAGE_SIZE);
	refuse_both(one, block + pages_bytes(16));
	dt_one_free(one, block, 4);
	dt_one_expect_all_free(one);
}

/* The pool that the call names counts it; the pool of the block does not change. */
static void buddy_refuse_other_pool(struct kunit *test)
{
	struct one_arena *mine = dt_one_arena(test, 4), *other = dt_one_arena(test, 4);
	void *block = dt_one_alloc(mine, 4);

	refuse_free(other, block, 4, -EINVAL);
	dt_one_expect(mine);
	refuse_range(other, block, 16, -EINVAL);
	dt_one_expect(mine);
	dt_one_free(mine, block, 4);
	refuse_free(other, block, 4, -EINVAL);
	dt_one_expect_all_free(mine);
	dt_one_expect_all_free(other);
}

/* A pool that is destroyed is not accessed: KASAN would report it. */
static void buddy_refuse_destroyed_pool(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	struct buddy_pool *gone = one->pool;
	void *block = dt_one_alloc(one, 2);

	dt_test_pool_destroy(test, gone);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, block, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(gone, block, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, one->base, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, (void *)1, 0), -EINVAL);
	/* Nothing to do is no error, whatever the pool. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free(gone, NULL, 2), 0);
	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(gone, NULL, 4), 0);
	/* Nor is what never was a pool. */
	KUNIT_EXPECT_EQ(test, buddy_pool_free(NULL, block, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, buddy_pool_free((struct buddy_pool *)one, block, 2), -EINVAL);
}

/* A block of an arena that went back to the kernel while the pool lives on. */
static void buddy_refuse_trimmed_arena(struct kunit *test)
{
	struct buddy_pool *pool = test_pool(test, .arena_order = 4);
	void *block = dt_block_alloc(test, pool, 4);

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
	struct buddy_pool *pool = test_pool(test, .arena_order = 4);
	struct dualtree_params owner = { .pool = pool, .min_region_order = 2 };
	struct dualtree *dt = dualtree_create(test->name, &owner);
	void *ptr, *block;

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
	ptr = dt_must_alloc(test, dt, 100);
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

/* A range may not span two adjacent arenas. */
static void buddy_refuse_across_arenas(struct kunit *test)
{
	struct buddy_pool *pool = test_pool(test, .arena_order = 1);
	void *blocks[64];
	unsigned int i, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = dt_block_alloc(test, pool, 1);
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

static struct kunit_case pool_refuse_cases[] = {
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

DUALTREE_SUITE(pool_refuse, "the page pool: bad frees");
