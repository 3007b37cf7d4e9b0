// SPDX-License-Identifier: GPL-2.0
/*
 * Frees: every way to cut a block, every way to be wrong.
 *
 * A valid free changes exactly its range; the rest keeps its contents. A bad free is refused and
 * counted, and changes nothing else. All cases run with quick lists and without, on one CPU.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "fixtures/setups.h"

/* A kernel with one flat map of memory, as user-mode Linux, does not say how far it goes. */
#ifndef MAX_PHYSMEM_BITS
#define MAX_PHYSMEM_BITS	36
#endif

#define REGION_ORDER	4
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)

#define region_instance(test)	setup_instance(test, .min_region_order = REGION_ORDER)

/* Refused with @err: counted once, and nothing else is different. */
static void expect_refused(struct kunit *test, struct dualtree *dt, const void *ptr, size_t len,
			   int err)
{
	struct dualtree_stats before = stats_of(dt), after;

	/* After a bad free that was not refused, the rest of the case means nothing. */
	KUNIT_ASSERT_EQ_MSG(test, dualtree_free(dt, ptr, len), err, "%zu bytes at 0x%lx", len,
			    (unsigned long)ptr);
	KUNIT_EXPECT_EQ(test, dualtree_owns(dt, ptr, len), err != -EINVAL);
	after = stats_of(dt);
	before.bad_frees++;
	KUNIT_EXPECT_TRUE_MSG(test, stats_equal(&before, &after), "%zu bytes at 0x%lx", len,
			      (unsigned long)ptr);
}

/* Free a live range: live bytes are less by just so much. */
static void expect_freed(struct kunit *test, struct dualtree *dt, const void *ptr, size_t len)
{
	struct dualtree_stats before = stats_of(dt), after;

	KUNIT_ASSERT_EQ_MSG(test, dualtree_free(dt, ptr, len), 0, "%zu bytes", len);
	after = stats_of(dt);
	KUNIT_EXPECT_EQ(test, after.live_bytes, before.live_bytes - len);
	KUNIT_EXPECT_EQ(test, after.frees, before.frees + 1);
	KUNIT_EXPECT_EQ(test, after.bad_frees, before.bad_frees);
}

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

static void free_null(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	struct dualtree_stats none = {};

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, NULL, 1), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, NULL, SIZE_MAX), 0);
	KUNIT_EXPECT_EQ(test, dualtree_trim(dt, NULL, 10, 5), 0);
	KUNIT_EXPECT_EQ(test, dualtree_trim(dt, NULL, 0, 5), 0);
	dt_expect_stats(test, dt, &none);
}

/* Addresses that were never ours, and ranges of ours that go where nothing can be. */
static void free_foreign(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	u8 *ptr = dt_alloc_filled(test, dt, 5000), *region = PTR_ALIGN_DOWN(ptr, REGION_BYTES);
	void *kmalloced = kunit_kmalloc(test, 256, GFP_KERNEL);
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	void *block = buddy_pool_alloc(pool, 0, GFP_KERNEL);
	void *vmalloced = vmalloc(PAGE_SIZE);
	unsigned long on_stack[8];
	const void *foreign[] = {
		(void *)1, (void *)63, (void *)64, (void *)PAGE_SIZE, (void *)0x400000,
		(void *)(TASK_SIZE - 64), (void *)LONG_MAX, (void *)(LONG_MAX + 1UL), on_stack,
		kmalloced, vmalloced, block, free_foreign, dualtree_free,
		page_address(ZERO_PAGE(0)), (void *)PAGE_OFFSET, (void *)(PAGE_OFFSET - 1),
		__va(BIT_ULL(MAX_PHYSMEM_BITS) - PAGE_SIZE), (void *)ULONG_MAX,
		(void *)(ULONG_MAX - 63), region - 1, region + (REGION_BYTES),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(foreign); i++) {
		expect_refused(test, dt, foreign[i], 0, -EINVAL);
		expect_refused(test, dt, foreign[i], 1, -EINVAL);
		expect_refused(test, dt, foreign[i], 64, -EINVAL);
		expect_refused(test, dt, foreign[i], 100000, -EINVAL);
		expect_refused(test, dt, foreign[i], SIZE_MAX, -EINVAL);
		/* From there up to the end of what is live. */
		expect_refused(test, dt, foreign[i], (void *)ptr + 5000 - foreign[i], -EINVAL);
	}
	/* Round the end of all addresses, to 0 and on to where it came from. */
	expect_refused(test, dt, ptr, -(unsigned long)ptr, -EINVAL);
	expect_refused(test, dt, ptr, 64 - (unsigned long)ptr, -EINVAL);
	expect_refused(test, dt, ptr, SIZE_MAX, -EINVAL);
	expect_refused(test, dt, ptr + 64, SIZE_MAX - 63, -EINVAL);
	expect_refused(test, dt, ptr, 0, -EINVAL);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 6 * ARRAY_SIZE(foreign) + 5);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, 5000));
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	vfree(vmalloced);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 0), 0);
	expect_freed(test, dt, ptr, 5000);
	dt_expect_drained(test, dt);
}

/* Two adjacent regions of one instance, all live: a free stays within one of them. */
static void free_across_regions(struct kunit *test)
{
	const size_t size = REGION_BYTES;
	struct dualtree *dt = setup_instance(test, .pool = dt_test_small_pool(test, 0),
					     .min_region_order = REGION_ORDER,
					     .max_region_order = SMALL_ARENA - 1);
	u8 *low, *high;

	low = dt_alloc_filled(test, dt, size);
	high = dt_alloc_filled(test, dt, size);
	if (low > high)
		swap(low, high);
	KUNIT_ASSERT_PTR_EQ(test, low + size, high);
	expect_refused(test, dt, low, size + 1, -EINVAL);
	expect_refused(test, dt, low, 2 * size, -EINVAL);
	expect_refused(test, dt, low + size - 1, 2, -EINVAL);
	expect_refused(test, dt, high - 64, 128, -EINVAL);
	expect_refused(test, dt, high, size + 1, -EINVAL);
	expect_refused(test, dt, high + size - 1, 2, -EINVAL);
	expect_refused(test, dt, low - 1, 2, -EINVAL);
	KUNIT_EXPECT_TRUE(test, filled(low, 0, size) && filled(high, 0, size));
	expect_freed(test, dt, low + size - 1, 1);
	expect_freed(test, dt, high, 1);
	expect_freed(test, dt, low, size - 1);
	expect_freed(test, dt, high + 1, size - 1);
	/* One may be kept as a spare. Of the other nothing is known any more. */
	dualtree_shrink(dt);
	expect_refused(test, dt, low, size, -EINVAL);
	expect_refused(test, dt, high, 1, -EINVAL);
	dt_expect_drained(test, dt);
}

static void free_other_instance(struct kunit *test)
{
	struct dualtree *mine = region_instance(test), *other = region_instance(test);
	u8 *ptr = dt_alloc_filled(test, mine, 300);
	u8 *foreign = dt_alloc_filled(test, other, 300);

	expect_refused(test, mine, foreign, 300, -EINVAL);
	expect_refused(test, mine, foreign + 64, 1, -EINVAL);
	expect_refused(test, other, ptr, 300, -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_trim(other, ptr, 300, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, stats_of(other).bad_frees, 2);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, 300) && filled(foreign, 0, 300));
	expect_freed(test, mine, ptr, 300);
	expect_freed(test, other, foreign, 300);
	dt_expect_drained(test, mine);
	dt_expect_drained(test, other);
}

static void free_twice(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	const size_t g = DT_GRANULE, size = 8 * g - 12, hole = 2 * g - 28, end = 3 * g + 8;
	u8 *anchor = dt_alloc_filled(test, dt, g), *ptr = dt_alloc_filled(test, dt, size);

	/* The second granule loses 28 bytes, the third all, the fourth 8. */
	expect_freed(test, dt, ptr + hole, end - hole);
	expect_refused(test, dt, ptr + hole, end - hole, -EALREADY);
	expect_refused(test, dt, ptr + g, g, -EALREADY);
	expect_refused(test, dt, ptr + 2 * g, 1, -EALREADY);
	expect_refused(test, dt, ptr + 3 * g - 1, 1, -EALREADY);
	expect_refused(test, dt, ptr + 3 * g, g, -EALREADY);
	expect_refused(test, dt, ptr, size, -EALREADY);
	expect_refused(test, dt, ptr, 2 * g + 1, -EALREADY);
	expect_refused(test, dt, ptr + 3 * g - 1, size - 3 * g + 1, -EALREADY);
	/* Beyond its end: 12 bytes of the last granule are slack, which is not live. */
	expect_refused(test, dt, ptr + 7 * g, g - 11, -EALREADY);
	expect_refused(test, dt, ptr + 7 * g, g, -EALREADY);
	expect_refused(test, dt, ptr + 7 * g - 8, g + 8, -EALREADY);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, hole) && filled(ptr, end, size));
	expect_freed(test, dt, ptr, hole);
	expect_freed(test, dt, ptr + end, size - end);
	expect_refused(test, dt, ptr, size, -EALREADY);
	expect_refused(test, dt, ptr + size - 1, 1, -EALREADY);
	KUNIT_EXPECT_TRUE(test, filled(anchor, 0, g));
	expect_freed(test, dt, anchor, g);
	/* Now the region is empty: kept, it is free already; given back, it is not ours. */
	expect_refused(test, dt, anchor, g, -EALREADY);
	dualtree_shrink(dt);
	expect_refused(test, dt, anchor, g, -EINVAL);
	expect_refused(test, dt, ptr, size, -EINVAL);
	dt_expect_drained(test, dt);
}

/* May these bytes be freed, by the live bytes of each granule? Worked out byte by byte. */
static bool may_free(const bool *live, size_t start, size_t end)
{
	size_t g, i, asked, left;

	for (g = start / DT_GRANULE; g <= (end - 1) / DT_GRANULE; g++) {
		asked = 0;
		left = 0;
		for (i = g * DT_GRANULE; i < (g + 1) * DT_GRANULE; i++) {
			asked += i >= start && i < end;
			left += live[i];
		}
		if (left < asked)
			return false;
	}
	return true;
}

/* A block with a hole: every range of it, and of the slack after it, that must be refused. */
static void free_partly_free(struct kunit *test)
{
	static const struct {
		size_t start, len;
	} holes[] = { { 0, 1 }, { 70, 60 }, { 64, 64 }, { 100, 100 }, { 190, 10 } };
	const size_t size = 200, end_of_slack = 256;
	struct dualtree *dt = region_instance(test);
	bool live[256];
	size_t h, start, end;
	u8 *anchor;

	anchor = dt_alloc_filled(test, dt, 1);
	for (h = 0; h < ARRAY_SIZE(holes); h++) {
		u8 *ptr = dt_alloc_filled(test, dt, size);

		for (start = 0; start < end_of_slack; start++)
			live[start] = start < size && start - holes[h].start >= holes[h].len;
		expect_freed(test, dt, ptr + holes[h].start, holes[h].len);
		for (start = 0; start < end_of_slack; start += 3)
			for (end = start + 1; end <= end_of_slack; end += 1 + h % 2)
				if (!may_free(live, start, end))
					expect_refused(test, dt, ptr + start, end - start,
						       -EALREADY);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		KUNIT_EXPECT_TRUE(test, filled(ptr, 0, holes[h].start));
		KUNIT_EXPECT_TRUE(test, filled(ptr, holes[h].start + holes[h].len, size));
		if (holes[h].start)
			expect_freed(test, dt, ptr, holes[h].start);
		if (holes[h].start + holes[h].len < size)
			expect_freed(test, dt, ptr + holes[h].start + holes[h].len,
				     size - holes[h].start - holes[h].len);
	}
	expect_freed(test, dt, anchor, 1);
	dt_expect_drained(test, dt);
}

/* One free byte, wherever it is in a long block, keeps every range that contains it. */
static void free_hole_anywhere(struct kunit *test)
{
	const size_t nr = 43, size = nr * DT_GRANULE - 5;
	struct dualtree *dt = region_instance(test);
	u8 *anchor = dt_alloc_filled(test, dt, 64), *ptr;
	size_t hole, g;

	for (hole = 7; hole < size; hole += DT_GRANULE) {
		ptr = dt_alloc_filled(test, dt, size);
		expect_freed(test, dt, ptr + hole, 1);
		/* That all of its granule is asked for is what gives it away. */
		for (g = 0; g <= hole / DT_GRANULE; g++)
			expect_refused(test, dt, ptr + g * DT_GRANULE, size - g * DT_GRANULE,
				       -EALREADY);
		for (g = hole / DT_GRANULE + 1; g < nr; g++)
			expect_refused(test, dt, ptr, g * DT_GRANULE, -EALREADY);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		expect_freed(test, dt, ptr, hole);
		KUNIT_EXPECT_TRUE(test, filled(ptr, hole + 1, size));
		expect_freed(test, dt, ptr + hole + 1, size - hole - 1);
	}
	expect_freed(test, dt, anchor, 64);
	dt_expect_drained(test, dt);
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
				expect_freed(test, dt, ptr, cut);
				KUNIT_EXPECT_TRUE(test, filled(ptr, cut, size));
				expect_freed(test, dt, ptr + cut, size - cut);
			} else {
				expect_freed(test, dt, ptr + cut, size - cut);
				KUNIT_EXPECT_TRUE(test, filled(ptr, 0, cut));
				expect_freed(test, dt, ptr, cut);
			}
			expect_as_before(test, dt, &before);
		}
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	expect_freed(test, dt, anchor, 64);
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
			expect_freed(test, dt, ptr + at, 1);
		}
		expect_as_before(test, dt, &before);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	expect_freed(test, dt, anchor, 64);
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
	expect_freed(test, dt, below, granule_bytes(size));
	before = stats_of(dt);
	for (start = 1; start < size; start++) {
		for (end = start + 1; end < size; end++) {
			ptr = dt_alloc_filled(test, dt, size);
			expect_freed(test, dt, ptr + start, end - start);
			KUNIT_EXPECT_TRUE(test, filled(ptr, 0, start));
			KUNIT_EXPECT_TRUE(test, filled(ptr, end, size));
			i = (start + end) % 2;
			expect_freed(test, dt, i ? ptr : ptr + end, i ? start : size - end);
			expect_freed(test, dt, i ? ptr + end : ptr, i ? size - end : start);
		}
		expect_as_before(test, dt, &before);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	KUNIT_EXPECT_TRUE(test, filled(above, 0, 256));
	KUNIT_EXPECT_TRUE(test, filled(above, 256 + granule_bytes(size), 640));
	expect_freed(test, dt, above, 256);
	expect_freed(test, dt, below + granule_bytes(size), 640 - 256 - granule_bytes(size));
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
		expect_freed(test, dt, ptr, 1399);
		expect_freed(test, dt, ptr + size - 4097, 4097);
		expect_freed(test, dt, ptr + third + 5, third - 5);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		KUNIT_EXPECT_TRUE(test, filled(ptr, 1399, third + 5));
		KUNIT_EXPECT_TRUE(test, filled(ptr, 2 * third, size - 4097));
		expect_refused(test, dt, ptr, size, -EALREADY);
		expect_freed(test, dt, ptr + 1399, third + 5 - 1399);
		if (size - 4097 > 2 * third)
			expect_freed(test, dt, ptr + 2 * third, size - 4097 - 2 * third);
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
			expect_freed(test, dt, all, room);
			a = all;
			b = all + first;
			c = dualtree_alloc(dt, both, GFP_KERNEL);
			KUNIT_ASSERT_PTR_EQ(test, c, a);
			dt_fill(c, 0, both);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, c, first), 0);
			KUNIT_ASSERT_PTR_EQ(test, dualtree_alloc(dt, first, GFP_KERNEL), (void *)a);
			dt_fill(a, 0, first);
			expect_freed(test, dt, a + from, to - from);
			KUNIT_EXPECT_TRUE(test, filled(a, 0, from) && filled(a, to, both));
			if (from)
				expect_freed(test, dt, a, from);
			if (to < both)
				expect_freed(test, dt, a + to, both - to);
			c = dualtree_alloc(dt, room, GFP_KERNEL);
			KUNIT_ASSERT_PTR_EQ(test, c, all);
			dt_fill(c, 0, room);
		}
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	/* Where the first has an odd size, the slack after it is not live. */
	expect_freed(test, dt, all, first);
	a = dualtree_alloc(dt, first - 1, GFP_KERNEL);
	b = all + first;
	KUNIT_ASSERT_PTR_EQ(test, a, all);
	expect_refused(test, dt, a, first + 1, -EALREADY);
	expect_refused(test, dt, a + 2 * g - 28, 3 * g + 8, -EALREADY);
	expect_freed(test, dt, a, first - 1);
	expect_freed(test, dt, b, REGION_BYTES - first);
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
	expect_freed(test, dt, ptr, 300);
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
			expect_freed(test, dt, ptr, keep);
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
	expect_freed(test, dt, anchor, 64);
	dt_expect_drained(test, dt);
}

/* What is owned is the region, be it live or free. */
static void free_owns(struct kunit *test)
{
	const size_t size = REGION_BYTES;
	struct dualtree *dt = region_instance(test), *other = region_instance(test);
	u8 *ptr = dt_alloc_filled(test, dt, 100), *region = PTR_ALIGN_DOWN(ptr, size);

	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, ptr, 100));
	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, ptr + 99, 1));
	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, region, size));
	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, region, 1));
	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, region + size - 1, 1));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, region, size + 1));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, region + size - 1, 2));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, region + size, 1));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, region - 1, 1));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, region - 1, 2));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, ptr, 0));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, ptr, SIZE_MAX));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, NULL, 1));
	KUNIT_EXPECT_FALSE(test, dualtree_owns(other, ptr, 100));
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_freed(test, dt, ptr, 100);
	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, ptr, 100));
	dt_expect_drained(test, dt);
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, ptr, 100));
}

static struct kunit_case free_cases[] = {
	KUNIT_CASE_PARAM(free_null, setup_gen_params),
	KUNIT_CASE_PARAM(free_foreign, setup_gen_params),
	KUNIT_CASE_PARAM(free_across_regions, setup_gen_params),
	KUNIT_CASE_PARAM(free_other_instance, setup_gen_params),
	KUNIT_CASE_PARAM(free_twice, setup_gen_params),
	KUNIT_CASE_PARAM(free_partly_free, setup_gen_params),
	KUNIT_CASE_PARAM(free_hole_anywhere, setup_gen_params),
	KUNIT_CASE_PARAM(free_cuts, setup_gen_params),
	KUNIT_CASE_PARAM(free_bytes, setup_gen_params),
	KUNIT_CASE_PARAM(free_middles, setup_gen_params),
	KUNIT_CASE_PARAM(free_large, setup_gen_params),
	KUNIT_CASE_PARAM(free_spanning, setup_gen_params),
	KUNIT_CASE_PARAM(free_trim, setup_gen_params),
	KUNIT_CASE_PARAM(free_trim_outside, setup_gen_params),
	KUNIT_CASE_PARAM(free_owns, setup_gen_params),
	{}
};

DUALTREE_SUITE(free, "partial frees and bad frees");
