// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: any run of pages of a block can be freed on its own.
 *
 * Every cut of a block, every order of its pages, holes that are filled again. After each call the
 * stats agree with a page-exact model, which includes that a run has merged with its free
 * neighbours at once.
 */
#include "fixtures/one_arena.h"
#include "fixtures/orders.h"
#include "fixtures/scale.h"

/* The front, then what is left; likewise the tail, the middle, and all in one go. */
static void buddy_range_halves(struct kunit *test)
{
	unsigned int order = order_of(test), nr = 1U << order, cut;
	struct one_arena *one = dt_one_arena(test, order);
	void *block;

	block = dt_one_alloc(one, order);
	dt_one_free_range(one, block, nr);
	dt_one_expect_all_free(one);

	/* 1, 2, 3, 5, 9, ...: both sides of each power of two. */
	for (cut = 1; cut < nr; cut += cut > 2 ? cut - 1 : 1) {
		block = dt_one_alloc(one, order);
		dt_one_free_range(one, block, cut);
		dt_one_free_range(one, block + pages_bytes(cut), nr - cut);
		dt_one_expect_all_free(one);

		block = dt_one_alloc(one, order);
		dt_one_free_range(one, block + pages_bytes(nr - cut), cut);
		dt_one_free_range(one, block, nr - cut);
		dt_one_expect_all_free(one);

		if (2 * cut >= nr)
			continue;
		block = dt_one_alloc(one, order);
		dt_one_free_range(one, block + pages_bytes(cut), nr - 2 * cut);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
		dt_one_free_range(one, block, cut);
		dt_one_free_range(one, block + pages_bytes(nr - cut), cut);
		dt_one_expect_all_free(one);
	}
}

/* Every run of a block of 16 pages, then what is left of it, from either side. */
static void buddy_range_every_cut(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	unsigned int first, len, back, after;
	void *block;

	for (first = 0; first < 16; first++) {
		for (len = 1; len <= 16 - first; len++) {
			for (back = 0; back < 2; back++) {
				after = 16 - first - len;
				block = dt_one_alloc(one, 4);
				dt_mark_pages(block, 16, first * 100 + len);
				dt_one_free_range(one, block + pages_bytes(first), len);
				KUNIT_ASSERT_TRUE(test, buddy_pool_check(one->pool));
				KUNIT_ASSERT_TRUE(test,
						  dt_pages_marked(block, first, first * 100 + len));
				if (first && !back)
					dt_one_free_range(one, block, first);
				if (after)
					dt_one_free_range(one, block + pages_bytes(first + len),
							  after);
				if (first && back)
					dt_one_free_range(one, block, first);
				dt_one_expect_all_free(one);
			}
		}
	}
}

/* Two runs of a block of 8 pages, one after the other, wherever they lie; then the rest. */
static void buddy_range_every_two_cuts(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 3);
	unsigned int a, a_len, b, b_len, i;
	void *block;

	for (i = 0; i < 9 * 9 * 9 * 9; i++) {
		a = i % 9;
		a_len = i / 9 % 9;
		b = i / 81 % 9;
		b_len = i / 729;
		if (!a_len || !b_len || a + a_len > 8 || b + b_len > 8)
			continue;
		if (a < b + b_len && b < a + a_len)
			continue;
		block = dt_one_alloc(one, 3);
		dt_one_free_range(one, block + pages_bytes(a), a_len);
		dt_one_free_range(one, block + pages_bytes(b), b_len);
		KUNIT_ASSERT_TRUE(test, buddy_pool_check(one->pool));
		for (a = 0; a < 8; a++)
			if (!test_bit(a, one->free))
				dt_one_free_range(one, block + pages_bytes(a), 1);
		dt_one_expect_all_free(one);
	}
}

/* The n-th order in which nr things can be taken, as a list of them. */
static void permutation(unsigned int n, unsigned int nr, u8 *list)
{
	u8 rest[8];
	unsigned int i, pick;

	for (i = 0; i < nr; i++)
		rest[i] = i;
	for (i = 0; i < nr; i++) {
		pick = n % (nr - i);
		n /= nr - i;
		list[i] = rest[pick];
		memmove(&rest[pick], &rest[pick + 1], nr - i - pick - 1);
	}
}

/* The single pages of a block of 8, in every one of the 40320 orders. */
static void buddy_range_every_order(struct kunit *test)
{
	/* 61 does not divide 40320: on a slow kernel the samples lie everywhere. */
	const unsigned int step = SLOW_KERNEL ? 61 : 1;
	struct one_arena *one = dt_one_arena(test, 3);
	unsigned int i, n;
	void *block;
	u8 list[8];

	for (n = 0; n < 40320; n += step) {
		permutation(n, 8, list);
		block = dt_one_alloc(one, 3);
		for (i = 0; i < 8; i++)
			dt_one_free_range(one, block + pages_bytes(list[i]), 1);
		KUNIT_ASSERT_EQ(test, one->want.largest_free, pages_bytes(8));
	}
	dt_one_expect_all_free(one);
}

/* Of the largest block only the ends stay: what is free between them merged all it can. */
static void buddy_range_both_ends_stay(struct kunit *test)
{
	unsigned int order = order_of(test), nr = 1U << order;
	struct one_arena *one = dt_one_arena(test, order);
	void *block = dt_one_alloc(one, order);

	if (nr > 2) {
		dt_mark_pages(block, nr, 7);
		dt_one_free_range(one, block + PAGE_SIZE, nr - 2);
		KUNIT_EXPECT_EQ(test, one->want.largest_free, pages_bytes(nr > 4 ? nr / 4 : 1));
		KUNIT_EXPECT_TRUE(test, dt_pages_marked(block, 1, 7));
		KUNIT_EXPECT_TRUE(test,
				  dt_pages_marked(block + pages_bytes(nr - 1), 1, 7 + nr - 1));
		dt_one_free_range(one, block, 1);
		dt_one_free_range(one, block + pages_bytes(nr - 1), 1);
	} else {
		dt_one_free_range(one, block, nr);
	}
	dt_one_expect_all_free(one);
}

/* Freed pages of a live block merge with free pages adjacent to the block. */
static void buddy_range_merges_with_neighbours(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	void *all = dt_one_alloc(one, 4), *blocks[4];
	unsigned int i;

	dt_one_free(one, all, 4);
	for (i = 0; i < 4; i++)
		blocks[i] = dt_one_alloc(one, 2);
	/* Pages 0..3 and 4..7 are buddies, wherever each of the blocks came to lie. */
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, one_page(one, blocks[i]) % 4, 0);
	dt_one_free(one, one_addr(one, 0), 2);
	dt_one_free_range(one, one_addr(one, 4), 2);
	KUNIT_EXPECT_EQ(test, one->want.largest_free, pages_bytes(4));
	dt_one_free_range(one, one_addr(one, 7), 1);
	dt_one_free_range(one, one_addr(one, 6), 1);
	KUNIT_EXPECT_EQ(test, one->want.largest_free, pages_bytes(8));
	dt_one_free_range(one, one_addr(one, 8), 3);
	dt_one_free_range(one, one_addr(one, 13), 3);
	dt_one_free_range(one, one_addr(one, 12), 1);
	KUNIT_EXPECT_EQ(test, one->want.largest_free, pages_bytes(8));
	dt_one_free_range(one, one_addr(one, 11), 1);
	dt_one_expect_all_free(one);
}

/* What is left over can be given back as a whole block where it is one. */
static void buddy_range_rest_is_a_block(struct kunit *test)
{
	unsigned int order, keep, arena_order = order_of(test);
	struct one_arena *one = dt_one_arena(test, arena_order);
	void *block;

	for (keep = 0; keep < arena_order; keep++) {
		/* All but the front, halved down to it. */
		block = dt_one_alloc(one, arena_order);
		for (order = arena_order; order > keep; order--)
			dt_one_free_range(one, block + (PAGE_SIZE << (order - 1)),
					  1UL << (order - 1));
		dt_one_free(one, block, keep);
		dt_one_expect_all_free(one);

		/* All but the tail, in one go. */
		block = dt_one_alloc(one, arena_order);
		dt_one_free_range(one, block, (1UL << arena_order) - (1UL << keep));
		dt_one_free(one, block + (PAGE_SIZE << arena_order) - (PAGE_SIZE << keep), keep);
		dt_one_expect_all_free(one);
	}
}

/*
 * A naturally aligned part of a longer rest may be freed by its order, or be refused. If it was
 * freed, the pages after it do not belong to the block that is allocated in its place.
 */
static void buddy_range_part_of_rest(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 3);
	unsigned int first;
	int err;

	for (first = 2; first < 8; first += 2) {
		dt_one_alloc(one, 3);
		dt_one_free_range(one, one->base, 1);
		err = buddy_pool_free(one->pool, one_addr(one, first), 1);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
		if (err) {
			dt_one_refused(one, err, -EINVAL);
			dt_one_free_range(one, one_addr(one, first), 2);
		} else {
			bitmap_set(one->free, first, 2);
			one->want.frees++;
			dt_one_expect(one);
		}
		KUNIT_EXPECT_PTR_EQ(test, dt_one_alloc(one, 1), one_addr(one, first));
		if (first < 6)
			dt_one_refused(one,
				       buddy_pool_free_range(one->pool, one_addr(one, first), 3),
				       -EINVAL);
		dt_one_refused(one, buddy_pool_free_range(one->pool, one_addr(one, first - 1), 3),
			       -EINVAL);
		dt_one_free(one, one_addr(one, first), 1);
		dt_one_free_range(one, one_addr(one, 1), first - 1);
		if (first < 6)
			dt_one_free_range(one, one_addr(one, first + 2), 6 - first);
		dt_one_expect_all_free(one);
	}
}

/* A hole in a live block is memory like any other; what is around it is not touched. */
static void buddy_range_holes_are_used(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 4);
	void *block = dt_one_alloc(one, 4), *hole, *two;
	unsigned int i;

	dt_mark_pages(block, 16, 1000);
	for (i = 1; i < 16; i += 2)
		dt_one_free_range(one, block + pages_bytes(i), 1);
	dt_one_alloc_fails(one, 1);
	for (i = 1; i < 16; i += 2) {
		hole = dt_one_alloc(one, 0);
		KUNIT_EXPECT_EQ(test, one_page(one, hole) % 2, 1);
		dt_mark_pages(hole, 1, 2000 + one_page(one, hole));
	}
	dt_one_alloc_fails(one, 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(one->pool));
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_TRUE(test, dt_pages_marked(block + pages_bytes(i), 1,
							(i % 2 ? 2000 : 1000) + i));
	/* A block of two in the place of a page of the old block and one of a new. */
	dt_one_free_range(one, block + pages_bytes(6), 1);
	dt_one_free(one, block + pages_bytes(7), 0);
	two = dt_one_alloc(one, 1);
	KUNIT_EXPECT_PTR_EQ(test, two, block + pages_bytes(6));
	for (i = 0; i < 16; i++)
		if (i != 6 && i != 7)
			dt_one_free_range(one, block + pages_bytes(i), 1);
	dt_one_free(one, two, 1);
	dt_one_expect_all_free(one);
}

/* Pages freed one by one from the front, as a reader consumes a stream. */
static void buddy_range_stream(struct kunit *test)
{
	unsigned int i, order = order_of(test), nr = 1U << order;
	struct one_arena *one = dt_one_arena(test, order);
	void *block;

	block = dt_one_alloc(one, order);
	for (i = 0; i < nr; i++)
		dt_one_free_range(one, block + pages_bytes(i), 1);
	dt_one_expect_all_free(one);
	block = dt_one_alloc(one, order);
	for (i = nr; i-- > 0;)
		dt_one_free_range(one, block + pages_bytes(i), 1);
	dt_one_expect_all_free(one);
}

static struct kunit_case pool_range_cases[] = {
	KUNIT_CASE_PARAM(buddy_range_halves, order_gen_params),
	KUNIT_CASE(buddy_range_every_cut),
	KUNIT_CASE(buddy_range_every_two_cuts),
	KUNIT_CASE(buddy_range_every_order),
	KUNIT_CASE_PARAM(buddy_range_both_ends_stay, order_gen_params),
	KUNIT_CASE(buddy_range_merges_with_neighbours),
	KUNIT_CASE_PARAM(buddy_range_rest_is_a_block, order_gen_params),
	KUNIT_CASE(buddy_range_part_of_rest),
	KUNIT_CASE(buddy_range_holes_are_used),
	KUNIT_CASE_PARAM(buddy_range_stream, order_gen_params),
	{}
};

DUALTREE_SUITE(pool_range, "the page pool: parts of blocks");
