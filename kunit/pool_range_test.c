// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: any run of pages of a block goes back on its own.
 *
 * Every cut of a block, every order of its pages, holes that are filled again. After
 * each call the stats must say what a page-exact oracle says, which includes that a run
 * has merged with its free neighbours at once.
 */
#include <linux/string.h>
#include "buddy_testing.h"
#include "../compat/compat.h"
#include "effort.h"

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void order_desc(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static unsigned int order_of(struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

/* The front, then what is left; likewise the tail, the middle, and all in one go. */
static void buddy_range_halves(struct kunit *test)
{
	unsigned int order = order_of(test), nr = 1U << order, cut;
	struct lone *lone = lone_make(test, order);
	void *block;

	block = lone_take(test, lone, order);
	lone_give_range(test, lone, block, nr);
	lone_expect_whole(test, lone);

	/* 1, 2, 3, 5, 9, ...: both sides of each power of two. */
	for (cut = 1; cut < nr; cut += cut > 2 ? cut - 1 : 1) {
		block = lone_take(test, lone, order);
		lone_give_range(test, lone, block, cut);
		lone_give_range(test, lone, block + pages_bytes(cut), nr - cut);
		lone_expect_whole(test, lone);

		block = lone_take(test, lone, order);
		lone_give_range(test, lone, block + pages_bytes(nr - cut), cut);
		lone_give_range(test, lone, block, nr - cut);
		lone_expect_whole(test, lone);

		if (2 * cut >= nr)
			continue;
		block = lone_take(test, lone, order);
		lone_give_range(test, lone, block + pages_bytes(cut), nr - 2 * cut);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
		lone_give_range(test, lone, block, cut);
		lone_give_range(test, lone, block + pages_bytes(nr - cut), cut);
		lone_expect_whole(test, lone);
	}
}

/* Every run of a block of 16 pages, then what is left of it, from either side. */
static void buddy_range_every_cut(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	unsigned int first, len, back, behind;
	void *block;

	for (first = 0; first < 16; first++) {
		for (len = 1; len <= 16 - first; len++) {
			for (back = 0; back < 2; back++) {
				behind = 16 - first - len;
				block = lone_take(test, lone, 4);
				stamp_pages(block, 16, first * 100 + len);
				lone_give_range(test, lone, block + pages_bytes(first), len);
				KUNIT_ASSERT_TRUE(test, buddy_pool_check(lone->pool));
				KUNIT_ASSERT_TRUE(test, pages_stamped(block, first,
								      first * 100 + len));
				if (first && !back)
					lone_give_range(test, lone, block, first);
				if (behind)
					lone_give_range(test, lone,
							block + pages_bytes(first + len), behind);
				if (first && back)
					lone_give_range(test, lone, block, first);
				lone_expect_whole(test, lone);
			}
		}
	}
}

/* Two runs of a block of 8 pages, one after the other, wherever they lie; then the rest. */
static void buddy_range_every_two_cuts(struct kunit *test)
{
	struct lone *lone = lone_make(test, 3);
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
		block = lone_take(test, lone, 3);
		lone_give_range(test, lone, block + pages_bytes(a), a_len);
		lone_give_range(test, lone, block + pages_bytes(b), b_len);
		KUNIT_ASSERT_TRUE(test, buddy_pool_check(lone->pool));
		for (a = 0; a < 8; a++)
			if (!test_bit(a, lone->free))
				lone_give_range(test, lone, block + pages_bytes(a), 1);
		lone_expect_whole(test, lone);
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
	const unsigned int step = KERNEL_CHECKS ? 61 : 1;
	struct lone *lone = lone_make(test, 3);
	unsigned int i, n;
	void *block;
	u8 list[8];

	for (n = 0; n < 40320; n += step) {
		permutation(n, 8, list);
		block = lone_take(test, lone, 3);
		for (i = 0; i < 8; i++)
			lone_give_range(test, lone, block + pages_bytes(list[i]), 1);
		KUNIT_ASSERT_EQ(test, lone->want.largest_free, pages_bytes(8));
	}
	lone_expect_whole(test, lone);
}

/* Of the largest block only the ends stay: what is free between them merged all it can. */
static void buddy_range_both_ends_stay(struct kunit *test)
{
	unsigned int order = order_of(test), nr = 1U << order;
	struct lone *lone = lone_make(test, order);
	void *block = lone_take(test, lone, order);

	if (nr > 2) {
		stamp_pages(block, nr, 7);
		lone_give_range(test, lone, block + PAGE_SIZE, nr - 2);
		KUNIT_EXPECT_EQ(test, lone->want.largest_free,
				pages_bytes(nr > 4 ? nr / 4 : 1));
		KUNIT_EXPECT_TRUE(test, pages_stamped(block, 1, 7));
		KUNIT_EXPECT_TRUE(test, pages_stamped(block + pages_bytes(nr - 1), 1,
						      7 + nr - 1));
		lone_give_range(test, lone, block, 1);
		lone_give_range(test, lone, block + pages_bytes(nr - 1), 1);
	} else {
		lone_give_range(test, lone, block, nr);
	}
	lone_expect_whole(test, lone);
}

/* Freed pages of a live block merge with what is free beside the block. */
static void buddy_range_merges_with_neighbours(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	void *all = lone_take(test, lone, 4), *blocks[4];
	unsigned int i;

	lone_give(test, lone, all, 4);
	for (i = 0; i < 4; i++)
		blocks[i] = lone_take(test, lone, 2);
	/* Pages 0..3 and 4..7 are buddies, wherever each of the blocks came to lie. */
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, lone_page(lone, blocks[i]) % 4, 0);
	lone_give(test, lone, lone_addr(lone, 0), 2);
	lone_give_range(test, lone, lone_addr(lone, 4), 2);
	KUNIT_EXPECT_EQ(test, lone->want.largest_free, pages_bytes(4));
	lone_give_range(test, lone, lone_addr(lone, 7), 1);
	lone_give_range(test, lone, lone_addr(lone, 6), 1);
	KUNIT_EXPECT_EQ(test, lone->want.largest_free, pages_bytes(8));
	lone_give_range(test, lone, lone_addr(lone, 8), 3);
	lone_give_range(test, lone, lone_addr(lone, 13), 3);
	lone_give_range(test, lone, lone_addr(lone, 12), 1);
	KUNIT_EXPECT_EQ(test, lone->want.largest_free, pages_bytes(8));
	lone_give_range(test, lone, lone_addr(lone, 11), 1);
	lone_expect_whole(test, lone);
}

/* What is left over can be given back as a whole block where it is one. */
static void buddy_range_rest_is_a_block(struct kunit *test)
{
	unsigned int order, keep, arena_order = order_of(test);
	struct lone *lone = lone_make(test, arena_order);
	void *block;

	for (keep = 0; keep < arena_order; keep++) {
		/* All but the front, halved down to it. */
		block = lone_take(test, lone, arena_order);
		for (order = arena_order; order > keep; order--)
			lone_give_range(test, lone, block + (PAGE_SIZE << (order - 1)),
					1UL << (order - 1));
		lone_give(test, lone, block, keep);
		lone_expect_whole(test, lone);

		/* All but the tail, in one go. */
		block = lone_take(test, lone, arena_order);
		lone_give_range(test, lone, block, (1UL << arena_order) - (1UL << keep));
		lone_give(test, lone, block + (PAGE_SIZE << arena_order) - (PAGE_SIZE << keep),
			  keep);
		lone_expect_whole(test, lone);
	}
}

/*
 * A naturally aligned piece of a longer rest may be given back with its order, or be
 * refused; but if it went, what is behind it must not seem to belong to what comes there.
 */
static void buddy_range_piece_of_rest(struct kunit *test)
{
	struct lone *lone = lone_make(test, 3);
	unsigned int first;
	int err;

	for (first = 2; first < 8; first += 2) {
		lone_take(test, lone, 3);
		lone_give_range(test, lone, lone->base, 1);
		err = buddy_pool_free(lone->pool, lone_addr(lone, first), 1);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
		if (err) {
			lone_refused(test, lone, err, -EINVAL);
			lone_give_range(test, lone, lone_addr(lone, first), 2);
		} else {
			bitmap_set(lone->free, first, 2);
			lone->want.frees++;
			lone_expect(test, lone);
		}
		KUNIT_EXPECT_PTR_EQ(test, lone_take(test, lone, 1), lone_addr(lone, first));
		if (first < 6)
			lone_refused(test, lone,
				     buddy_pool_free_range(lone->pool, lone_addr(lone, first), 3),
				     -EINVAL);
		lone_refused(test, lone,
			     buddy_pool_free_range(lone->pool, lone_addr(lone, first - 1), 3),
			     -EINVAL);
		lone_give(test, lone, lone_addr(lone, first), 1);
		lone_give_range(test, lone, lone_addr(lone, 1), first - 1);
		if (first < 6)
			lone_give_range(test, lone, lone_addr(lone, first + 2), 6 - first);
		lone_expect_whole(test, lone);
	}
}

/* A hole in a live block is memory like any other; what is around it is not touched. */
static void buddy_range_holes_are_used(struct kunit *test)
{
	struct lone *lone = lone_make(test, 4);
	void *block = lone_take(test, lone, 4), *hole, *two;
	unsigned int i;

	stamp_pages(block, 16, 1000);
	for (i = 1; i < 16; i += 2)
		lone_give_range(test, lone, block + pages_bytes(i), 1);
	lone_take_fails(test, lone, 1);
	for (i = 1; i < 16; i += 2) {
		hole = lone_take(test, lone, 0);
		KUNIT_EXPECT_EQ(test, lone_page(lone, hole) % 2, 1);
		stamp_pages(hole, 1, 2000 + lone_page(lone, hole));
	}
	lone_take_fails(test, lone, 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(lone->pool));
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_TRUE(test, pages_stamped(block + pages_bytes(i), 1,
						      (i % 2 ? 2000 : 1000) + i));
	/* A block of two in the place of a page of the old block and one of a new. */
	lone_give_range(test, lone, block + pages_bytes(6), 1);
	lone_give(test, lone, block + pages_bytes(7), 0);
	two = lone_take(test, lone, 1);
	KUNIT_EXPECT_PTR_EQ(test, two, block + pages_bytes(6));
	for (i = 0; i < 16; i++)
		if (i != 6 && i != 7)
			lone_give_range(test, lone, block + pages_bytes(i), 1);
	lone_give(test, lone, two, 1);
	lone_expect_whole(test, lone);
}

/* Pages freed one by one from the front, as a reader consumes a stream. */
static void buddy_range_stream(struct kunit *test)
{
	unsigned int i, order = order_of(test), nr = 1U << order;
	struct lone *lone = lone_make(test, order);
	void *block;

	block = lone_take(test, lone, order);
	for (i = 0; i < nr; i++)
		lone_give_range(test, lone, block + pages_bytes(i), 1);
	lone_expect_whole(test, lone);
	block = lone_take(test, lone, order);
	for (i = nr; i-- > 0;)
		lone_give_range(test, lone, block + pages_bytes(i), 1);
	lone_expect_whole(test, lone);
}

static struct kunit_case buddy_range_cases[] = {
	KUNIT_CASE_PARAM(buddy_range_halves, order_gen_params),
	KUNIT_CASE(buddy_range_every_cut),
	KUNIT_CASE(buddy_range_every_two_cuts),
	KUNIT_CASE(buddy_range_every_order),
	KUNIT_CASE_PARAM(buddy_range_both_ends_stay, order_gen_params),
	KUNIT_CASE(buddy_range_merges_with_neighbours),
	KUNIT_CASE_PARAM(buddy_range_rest_is_a_block, order_gen_params),
	KUNIT_CASE(buddy_range_piece_of_rest),
	KUNIT_CASE(buddy_range_holes_are_used),
	KUNIT_CASE_PARAM(buddy_range_stream, order_gen_params),
	{}
};

static struct kunit_suite buddy_range_suite = {
	.name = "dualtree_pool_range",
	.test_cases = buddy_range_cases,
};

kunit_test_suite(buddy_range_suite);

MODULE_DESCRIPTION("Tests of the page pool: parts of blocks");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
