// SPDX-License-Identifier: GPL-2.0
/*
 * Bad frees: every way to be wrong, and what an instance owns.
 *
 * A bad free is refused and counted, and changes nothing else. All cases run with quick lists and
 * without, on one CPU.
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
		dt_expect_refused(test, dt, foreign[i], 0, -EINVAL);
		dt_expect_refused(test, dt, foreign[i], 1, -EINVAL);
		dt_expect_refused(test, dt, foreign[i], 64, -EINVAL);
		dt_expect_refused(test, dt, foreign[i], 100000, -EINVAL);
		dt_expect_refused(test, dt, foreign[i], SIZE_MAX, -EINVAL);
		/* From there up to the end of what is live. */
		dt_expect_refused(test, dt, foreign[i], (void *)ptr + 5000 - foreign[i], -EINVAL);
	}
	/* Round the end of all addresses, to 0 and on to where it came from. */
	dt_expect_refused(test, dt, ptr, -(unsigned long)ptr, -EINVAL);
	dt_expect_refused(test, dt, ptr, 64 - (unsigned long)ptr, -EINVAL);
	dt_expect_refused(test, dt, ptr, SIZE_MAX, -EINVAL);
	dt_expect_refused(test, dt, ptr + 64, SIZE_MAX - 63, -EINVAL);
	dt_expect_refused(test, dt, ptr, 0, -EINVAL);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 6 * ARRAY_SIZE(foreign) + 5);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, 5000));
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	vfree(vmalloced);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 0), 0);
	dt_expect_freed(test, dt, ptr, 5000);
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
	dt_expect_refused(test, dt, low, size + 1, -EINVAL);
	dt_expect_refused(test, dt, low, 2 * size, -EINVAL);
	dt_expect_refused(test, dt, low + size - 1, 2, -EINVAL);
	dt_expect_refused(test, dt, high - 64, 128, -EINVAL);
	dt_expect_refused(test, dt, high, size + 1, -EINVAL);
	dt_expect_refused(test, dt, high + size - 1, 2, -EINVAL);
	dt_expect_refused(test, dt, low - 1, 2, -EINVAL);
	KUNIT_EXPECT_TRUE(test, filled(low, 0, size) && filled(high, 0, size));
	dt_expect_freed(test, dt, low + size - 1, 1);
	dt_expect_freed(test, dt, high, 1);
	dt_expect_freed(test, dt, low, size - 1);
	dt_expect_freed(test, dt, high + 1, size - 1);
	/* One may be kept as a spare. Of the other nothing is known any more. */
	dualtree_shrink(dt);
	dt_expect_refused(test, dt, low, size, -EINVAL);
	dt_expect_refused(test, dt, high, 1, -EINVAL);
	dt_expect_drained(test, dt);
}

static void free_other_instance(struct kunit *test)
{
	struct dualtree *mine = region_instance(test), *other = region_instance(test);
	u8 *ptr = dt_alloc_filled(test, mine, 300);
	u8 *foreign = dt_alloc_filled(test, other, 300);

	dt_expect_refused(test, mine, foreign, 300, -EINVAL);
	dt_expect_refused(test, mine, foreign + 64, 1, -EINVAL);
	dt_expect_refused(test, other, ptr, 300, -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_trim(other, ptr, 300, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, stats_of(other).bad_frees, 2);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, 300) && filled(foreign, 0, 300));
	dt_expect_freed(test, mine, ptr, 300);
	dt_expect_freed(test, other, foreign, 300);
	dt_expect_drained(test, mine);
	dt_expect_drained(test, other);
}

static void free_twice(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	const size_t g = DT_GRANULE, size = 8 * g - 12, hole = 2 * g - 28, end = 3 * g + 8;
	u8 *anchor = dt_alloc_filled(test, dt, g), *ptr = dt_alloc_filled(test, dt, size);

	/* The second granule loses 28 bytes, the third all, the fourth 8. */
	dt_expect_freed(test, dt, ptr + hole, end - hole);
	dt_expect_refused(test, dt, ptr + hole, end - hole, -EALREADY);
	dt_expect_refused(test, dt, ptr + g, g, -EALREADY);
	dt_expect_refused(test, dt, ptr + 2 * g, 1, -EALREADY);
	dt_expect_refused(test, dt, ptr + 3 * g - 1, 1, -EALREADY);
	dt_expect_refused(test, dt, ptr + 3 * g, g, -EALREADY);
	dt_expect_refused(test, dt, ptr, size, -EALREADY);
	dt_expect_refused(test, dt, ptr, 2 * g + 1, -EALREADY);
	dt_expect_refused(test, dt, ptr + 3 * g - 1, size - 3 * g + 1, -EALREADY);
	/* Beyond its end: 12 bytes of the last granule are slack, which is not live. */
	dt_expect_refused(test, dt, ptr + 7 * g, g - 11, -EALREADY);
	dt_expect_refused(test, dt, ptr + 7 * g, g, -EALREADY);
	dt_expect_refused(test, dt, ptr + 7 * g - 8, g + 8, -EALREADY);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, hole) && filled(ptr, end, size));
	dt_expect_freed(test, dt, ptr, hole);
	dt_expect_freed(test, dt, ptr + end, size - end);
	dt_expect_refused(test, dt, ptr, size, -EALREADY);
	dt_expect_refused(test, dt, ptr + size - 1, 1, -EALREADY);
	KUNIT_EXPECT_TRUE(test, filled(anchor, 0, g));
	dt_expect_freed(test, dt, anchor, g);
	/* Now the region is empty: kept, it is free already; given back, it is not ours. */
	dt_expect_refused(test, dt, anchor, g, -EALREADY);
	dualtree_shrink(dt);
	dt_expect_refused(test, dt, anchor, g, -EINVAL);
	dt_expect_refused(test, dt, ptr, size, -EINVAL);
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
		dt_expect_freed(test, dt, ptr + holes[h].start, holes[h].len);
		for (start = 0; start < end_of_slack; start += 3)
			for (end = start + 1; end <= end_of_slack; end += 1 + h % 2)
				if (!may_free(live, start, end))
					dt_expect_refused(test, dt, ptr + start, end - start,
							  -EALREADY);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		KUNIT_EXPECT_TRUE(test, filled(ptr, 0, holes[h].start));
		KUNIT_EXPECT_TRUE(test, filled(ptr, holes[h].start + holes[h].len, size));
		if (holes[h].start)
			dt_expect_freed(test, dt, ptr, holes[h].start);
		if (holes[h].start + holes[h].len < size)
			dt_expect_freed(test, dt, ptr + holes[h].start + holes[h].len,
					size - holes[h].start - holes[h].len);
	}
	dt_expect_freed(test, dt, anchor, 1);
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
		dt_expect_freed(test, dt, ptr + hole, 1);
		/* That all of its granule is asked for is what gives it away. */
		for (g = 0; g <= hole / DT_GRANULE; g++)
			dt_expect_refused(test, dt, ptr + g * DT_GRANULE, size - g * DT_GRANULE,
					  -EALREADY);
		for (g = hole / DT_GRANULE + 1; g < nr; g++)
			dt_expect_refused(test, dt, ptr, g * DT_GRANULE, -EALREADY);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		dt_expect_freed(test, dt, ptr, hole);
		KUNIT_EXPECT_TRUE(test, filled(ptr, hole + 1, size));
		dt_expect_freed(test, dt, ptr + hole + 1, size - hole - 1);
	}
	dt_expect_freed(test, dt, anchor, 64);
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
	dt_expect_freed(test, dt, ptr, 100);
	KUNIT_EXPECT_TRUE(test, dualtree_owns(dt, ptr, 100));
	dt_expect_drained(test, dt);
	KUNIT_EXPECT_FALSE(test, dualtree_owns(dt, ptr, 100));
}

static struct kunit_case bad_free_cases[] = {
	KUNIT_CASE_PARAM(free_null, setup_gen_params),
	KUNIT_CASE_PARAM(free_foreign, setup_gen_params),
	KUNIT_CASE_PARAM(free_across_regions, setup_gen_params),
	KUNIT_CASE_PARAM(free_other_instance, setup_gen_params),
	KUNIT_CASE_PARAM(free_twice, setup_gen_params),
	KUNIT_CASE_PARAM(free_partly_free, setup_gen_params),
	KUNIT_CASE_PARAM(free_hole_anywhere, setup_gen_params),
	KUNIT_CASE_PARAM(free_owns, setup_gen_params),
	{}
};

DUALTREE_SUITE(bad_free, "bad frees");
