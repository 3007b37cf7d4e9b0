// SPDX-License-Identifier: GPL-2.0
/*
 * Frees: every way to cut a block. Bad frees are in bad_free_test.c.
 *
 * A valid free changes exactly its range; the rest keeps its contents. All cases run with quick
 * lists and without, on one CPU.
 */
#include "fixtures/setups.h"

#define REGION_ORDER	4
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)

#define region_instance(test)	setup_instance(test, .min_region_order = REGION_ORDER)

/* What was taken in between is back: no granule is lost, no extent is in two parts. */
static void expect_as_before(struct kunit *test, struct dualtree *dt,
			     const struct dualtree_stats *before)
{
	struct dualtree_stats now = stats_of(dt);

	KUNIT_EXPECT_EQ(test, now.live_bytes, before->live_bytes);
	KUNIT_EXPECT_EQ(test, now.free_bytes, before->free_bytes);
	KUNIT_EXPECT_EQ(test, now.held_bytes, before->held_bytes);
	if (!(setup_flags(test) & DUALTREE_EXACT_FIT))
		return;
	KUNIT_EXPECT_EQ(test, now.extents, before->extents);
	KUNIT_EXPECT_EQ(test, now.largest_free, before->largest_free);
}

static const size_t odd_sizes[] = { 2, 63, 64, 65, 127, 128, 129, 197, 321 };

/* In two parts, cut at every byte, in both orders. */
static void free_cuts(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	struct dualtree_stats before;
	size_t i, cut, size;
	u8 *ptr, *anchor = dt_alloc_filled(test, dt, 64);

	before = stats_of(dt);
	for (i = 0; i < 2 * ARRAY_SIZE(odd_sizes); i++) {
		size = odd_sizes[i / 2];
		for (cut = 1; cut < size; cut++) {
			ptr = dt_alloc_filled(test, dt, size);
			if (i % 2) {
				dt_expect_freed(test, dt, ptr, cut);
				KUNIT_EXPECT_TRUE(test, filled(ptr, cut, size));
				dt_expect_freed(test, dt, ptr + cut, size - cut);
			} else {
				dt_expect_freed(test, dt, ptr + cut, size - cut);
				KUNIT_EXPECT_TRUE(test, filled(ptr, 0, cut));
				dt_expect_freed(test, dt, ptr, cut);
			}
			expect_as_before(test, dt, &before);
		}
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	dt_expect_freed(test, dt, anchor, 64);
	dt_expect_drained(test, dt);
}

/* Byte by byte: upwards, downwards, and in an order that visits all of them by leaps. */
static void free_bytes(struct kunit *test)
{
	static const size_t leaps[] = { 1, 820, 64, 65, 300 };
	const size_t size = 821;	/* a prime, so that every leap comes everywhere */
	struct dualtree *dt = region_instance(test);
	struct dualtree_stats before;
	size_t l, i, at;
	u8 *ptr, *anchor = dt_alloc_filled(test, dt, 64);

	before = stats_of(dt);
	for (l = 0; l < ARRAY_SIZE(leaps); l++) {
		ptr = dt_alloc_filled(test, dt, size);
		for (i = 0, at = 0; i < size; i++, at = (at + leaps[l]) % size) {
			/* Bytes of granules in which others live are never written to. */
			KUNIT_EXPECT_EQ(test, ptr[at], fill_byte(at));
			dt_expect_freed(test, dt, ptr + at, 1);
		}
		expect_as_before(test, dt, &before);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	dt_expect_freed(test, dt, anchor, 64);
	dt_expect_drained(test, dt);
}

/* Every middle out of a block, then what is left of it, with live neighbours and without. */
static void free_middles(struct kunit *test)
{
	const size_t size = 130;
	struct dualtree *dt = region_instance(test);
	u8 *below, *ptr, *above = dt_alloc_filled(test, dt, 640);
	struct dualtree_stats before;
	size_t start, end, i;

	below = above + 256;
	dt_expect_freed(test, dt, below, granule_bytes(size));
	before = stats_of(dt);
	for (start = 1; start < size; start++) {
		for (end = start + 1; end < size; end++) {
			ptr = dt_alloc_filled(test, dt, size);
			dt_expect_freed(test, dt, ptr + start, end - start);
			KUNIT_EXPECT_TRUE(test, filled(ptr, 0, start));
			KUNIT_EXPECT_TRUE(test, filled(ptr, end, size));
			i = (start + end) % 2;
			dt_expect_freed(test, dt, i ? ptr : ptr + end, i ? start : size - end);
			dt_expect_freed(test, dt, i ? ptr + end : ptr, i ? size - end : start);
		}
		expect_as_before(test, dt, &before);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	KUNIT_EXPECT_TRUE(test, filled(above, 0, 256));
	KUNIT_EXPECT_TRUE(test, filled(above, 256 + granule_bytes(size), 640));
	dt_expect_freed(test, dt, above, 256);
	dt_expect_freed(test, dt, below + granule_bytes(size), 640 - 256 - granule_bytes(size));
	dt_expect_drained(test, dt);
}

/* Front, tail and middle of large blocks, at odd places; the rest stays as it was. */
static void free_large(struct kunit *test)
{
	static const size_t large[] = { 13001, SZ_64K, SZ_256K + 1, SZ_1M, SZ_4M };
	struct dualtree *dt = region_instance(test);
	size_t i, size, third;
	u8 *ptr;

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		size = min(large[i], dualtree_max_size(dt));
		third = size / 3;
		ptr = dt_alloc_filled(test, dt, size);
		dt_expect_freed(test, dt, ptr, 1399);
		dt_expect_freed(test, dt, ptr + size - 4097, 4097);
		dt_expect_freed(test, dt, ptr + third + 5, third - 5);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		KUNIT_EXPECT_TRUE(test, filled(ptr, 1399, third + 5));
		KUNIT_EXPECT_TRUE(test, filled(ptr, 2 * third, size - 4097));
		dt_expect_refused(test, dt, ptr, size, -EALREADY);
		dt_expect_freed(test, dt, ptr + 1399, third + 5 - 1399);
		if (size - 4097 > 2 * third)
			dt_expect_freed(test, dt, ptr + 2 * third, size - 4097 - 2 * third);
		dt_expect_drained(test, dt);
	}
}

/* The end of one allocation and the start of the next, which nothing parts. */
static void free_spanning(struct kunit *test)
{
	const size_t g = DT_GRANULE, first = 3 * g, both = 8 * g + 1, room = 9 * g;
	struct dualtree *dt = region_instance(test);
	u8 *a, *b, *c, *all = dt_alloc_filled(test, dt, REGION_BYTES);
	size_t from, to;

	for (from = 0; from < first; from += 5) {
		for (to = first + 1; to <= both; to += 7) {
			/* Three holes of different sizes: which one is taken is no question. */
			dt_expect_freed(test, dt, all, room);
			a = all;
			b = all + first;
			c = dualtree_alloc(dt, both, GFP_KERNEL);
			KUNIT_ASSERT_PTR_EQ(test, c, a);
			dt_fill(c, 0, both);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, c, first), 0);
			KUNIT_ASSERT_PTR_EQ(test, dualtree_alloc(dt, first, GFP_KERNEL), (void *)a);
			dt_fill(a, 0, first);
			dt_expect_freed(test, dt, a + from, to - from);
			KUNIT_EXPECT_TRUE(test, filled(a, 0, from) && filled(a, to, both));
			if (from)
				dt_expect_freed(test, dt, a, from);
			if (to < both)
				dt_expect_freed(test, dt, a + to, both - to);
			c = dualtree_alloc(dt, room, GFP_KERNEL);
			KUNIT_ASSERT_PTR_EQ(test, c, all);
			dt_fill(c, 0, room);
		}
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	/* Where the first has an odd size, the slack after it is not live. */
	dt_expect_freed(test, dt, all, first);
	a = dualtree_alloc(dt, first - 1, GFP_KERNEL);
	b = all + first;
	KUNIT_ASSERT_PTR_EQ(test, a, all);
	dt_expect_refused(test, dt, a, first + 1, -EALREADY);
	dt_expect_refused(test, dt, a + 2 * g - 28, 3 * g + 8, -EALREADY);
	dt_expect_freed(test, dt, a, first - 1);
	dt_expect_freed(test, dt, b, REGION_BYTES - first);
	dt_expect_drained(test, dt);
}

static void expect_trim(struct kunit *test, struct dualtree *dt, const void *ptr, size_t len,
			size_t keep, int err)
{
	struct dualtree_stats before = stats_of(dt), after;

	KUNIT_EXPECT_EQ(test, dualtree_trim(dt, ptr, len, keep), err);
	after = stats_of(dt);
	KUNIT_EXPECT_EQ(test, after.bad_frees, before.bad_frees + !!err);
	KUNIT_EXPECT_EQ(test, after.live_bytes, before.live_bytes - (err ? 0 : len - keep));
	KUNIT_EXPECT_EQ(test, after.frees, before.frees + (!err && keep < len));
}

/*
 * What is kept has to lie in the region too: neither a length that wraps nor a start in another
 * region may free what lies at @ptr + @keep.
 *
 *	|kept ...            wraps              ... |64 live|
 *	^ ptr                                       ^ ptr + keep
 */
static void free_trim_outside(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	size_t wrap = -(size_t)SZ_4K;
	u8 *ptr = dt_alloc_filled(test, dt, 300);

	expect_trim(test, dt, ptr + SZ_4K, wrap + 64, wrap, -EINVAL);
	expect_trim(test, dt, ptr - SZ_4M, SZ_4M + 64, SZ_4M, -EINVAL);
	expect_trim(test, dt, ptr - SZ_4M, SZ_4M + 300, SZ_4M + 1, -EINVAL);
	wrap = (size_t)ptr - SZ_4K;
	expect_trim(test, dt, (void *)SZ_4K, wrap + 64, wrap, -EINVAL);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, 300));
	dt_expect_freed(test, dt, ptr, 300);
	dt_expect_drained(test, dt);
}

static void free_trim(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	struct dualtree_stats before;
	size_t keep, size = 300;
	u8 *ptr, *anchor = dt_alloc_filled(test, dt, 64);

	before = stats_of(dt);
	for (keep = 0; keep <= size; keep++) {
		ptr = dt_alloc_filled(test, dt, size);
		expect_trim(test, dt, ptr, size, keep, 0);
		KUNIT_EXPECT_TRUE(test, filled(ptr, 0, keep));
		if (keep)
			dt_expect_freed(test, dt, ptr, keep);
		expect_as_before(test, dt, &before);
	}
	ptr = dt_alloc_filled(test, dt, size);
	expect_trim(test, dt, ptr, size, size + 1, -EINVAL);
	expect_trim(test, dt, ptr, size, SIZE_MAX, -EINVAL);
	expect_trim(test, dt, ptr, 0, 0, -EINVAL);
	expect_trim(test, dt, ptr, 0, 1, -EINVAL);
	expect_trim(test, dt, ptr, SIZE_MAX, 1, -EINVAL);
	/* Again and again, as a reader does who learns by and by how much there is. */
	expect_trim(test, dt, ptr, 300, 299, 0);
	expect_trim(test, dt, ptr, 299, 257, 0);
	expect_trim(test, dt, ptr, 257, 64, 0);
	expect_trim(test, dt, ptr, 300, 64, -EALREADY);
	expect_trim(test, dt, ptr, 64, 1, 0);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, 1));
	expect_trim(test, dt, ptr, 1, 0, 0);
	expect_as_before(test, dt, &before);
	dt_expect_freed(test, dt, anchor, 64);
	dt_expect_drained(test, dt);
}

static struct kunit_case free_cases[] = {
	KUNIT_CASE_PARAM(free_cuts, setup_gen_params),
	KUNIT_CASE_PARAM(free_bytes, setup_gen_params),
	KUNIT_CASE_PARAM(free_middles, setup_gen_params),
	KUNIT_CASE_PARAM(free_large, setup_gen_params),
	KUNIT_CASE_PARAM(free_spanning, setup_gen_params),
	KUNIT_CASE_PARAM(free_trim, setup_gen_params),
	KUNIT_CASE_PARAM(free_trim_outside, setup_gen_params),
	{}
};

DUALTREE_SUITE(free, "partial frees");
