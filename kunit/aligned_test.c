// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_alloc_aligned(): every alignment that exists. The granules before the aligned address
 * and after the request stay free.
 */
#include "fixtures/setups.h"

static u8 *alloc_aligned(struct kunit *test, struct dualtree *dt, size_t size, size_t align)
{
	u8 *ptr = dualtree_alloc_aligned(dt, size, align, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED((unsigned long)ptr, align),
			      "%zu bytes at a multiple of %zu: 0x%lx", size, align,
			      (unsigned long)ptr);
	return ptr;
}

/* Of all that is held just these granules are not free. */
static void expect_taken(struct kunit *test, struct dualtree *dt, size_t live, size_t taken)
{
	struct dualtree_stats stats = stats_of(dt);

	KUNIT_EXPECT_EQ(test, stats.live_bytes, live);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, stats.held_bytes - taken);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* One at a time on an empty instance, which takes the smallest region that serves it. */
static void aligned_alone(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	size_t max_size = dualtree_max_size(dt), align, size, held;
	unsigned int i;
	u8 *ptr;

	for (align = 1; align <= max_size; align *= 2) {
		const size_t sizes[] = { 1, 63, 64, 65, 1000, align - 1, align, align + 1,
					 max_size };

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			size = clamp_t(size_t, sizes[i], 1, max_size);
			ptr = alloc_aligned(test, dt, size, align);
			memset(ptr, i, size);
			held = max(smallest_region(), PAGE_SIZE << get_order(max(size, align)));
			KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, held);
			expect_taken(test, dt, size, granule_bytes(size));
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, size), 0);
			KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), held);
		}
	}
	dt_expect_drained(test, dt);
}

/* A live range at the start of the region leaves a hole before each aligned one. */
static void aligned_after_live(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	size_t max_size = dualtree_max_size(dt), align, size;
	u8 *live = dualtree_alloc(dt, 100, GFP_KERNEL), *ptr;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, live);
	memset(live, 0x5a, 100);
	for (align = 64; align <= max_size; align *= 2) {
		const size_t sizes[] = { 1, 64, 129, align, align + 64 };

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			size = min(sizes[i], max_size);
			ptr = alloc_aligned(test, dt, size, align);
			memset(ptr, 0xa5, size);
			expect_taken(test, dt, 100 + size, 128 + granule_bytes(size));
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, size), 0);
			expect_taken(test, dt, 100, 128);
		}
	}
	KUNIT_EXPECT_TRUE(test, all_bytes(live, 0x5a, 100));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, live, 100), 0);
	dt_expect_drained(test, dt);
}

/* The hole before it can be had to its last byte, and so can the one after it. */
static void aligned_holes_are_free(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test, .min_region_order = get_order(SZ_64K));
	u8 *first = dualtree_alloc(dt, 1, GFP_KERNEL), *ptr, *front, *after;
	const size_t g = DT_GRANULE, in_front = 8192 - g, left = SZ_64K - 8192 - 3 * g;

	KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)first, SZ_64K));
	ptr = alloc_aligned(test, dt, 2 * g + 1, 8192);
	KUNIT_EXPECT_PTR_EQ(test, ptr, first + 8192);
	front = dualtree_alloc(dt, in_front, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, front, first + g);
	after = dualtree_alloc(dt, left, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, after, ptr + 3 * g);
	KUNIT_EXPECT_EQ(test, stats_of(dt).free_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, SZ_64K);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 2 * g + 1), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, front, in_front), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, after, left), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, first, 1), 0);
	dt_expect_drained(test, dt);
}

/* A region holds as many as fit in it before the next region is taken. */
static void aligned_pack(struct kunit *test)
{
	const size_t align = PAGE_SIZE, region = PAGE_SIZE << 5;
	struct dualtree *dt = test_instance(test, .min_region_order = 5, .max_region_order = 5);
	u8 *ptrs[64];
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(ptrs); i++) {
		ptrs[i] = alloc_aligned(test, dt, 65, align);
		for (k = 0; k < i; k++)
			KUNIT_ASSERT_TRUE(test, ptrs[i] != ptrs[k]);
	}
	/* The sure fit may pass over the last one in each region. */
	KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, 3 * region);
	expect_taken(test, dt, 64 * 65, 64 * 128);
	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], 65), 0);
	dt_expect_drained(test, dt);
}

/* Granules that are hot or in a quick list are found when an aligned request needs them. */
static void aligned_after_frees(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	u8 *ptrs[40], *ptr;
	unsigned int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(ptrs); i++)
			ptrs[i] = dualtree_alloc(dt, 1600, GFP_KERNEL);
		for (i = 0; i < ARRAY_SIZE(ptrs); i++)
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i * 7 % 40], 1600), 0);
		ptr = alloc_aligned(test, dt, 1600, SZ_32K);
		expect_taken(test, dt, 1600, granule_bytes(1600));
		KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, 2 * SZ_64K);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1600), 0);
		expect_taken(test, dt, 0, 0);
	}
	dt_expect_drained(test, dt);
}

static void aligned_refused(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	size_t max_size = dualtree_max_size(dt);
	const size_t aligns[] = { 0, 3, 63, 65, 96, 4095, 4097, 3 * SZ_1M, 2 * max_size, SIZE_MAX,
				  BIT(BITS_PER_LONG - 1), SIZE_MAX - 63 };
	struct dualtree_stats before;
	unsigned int i;
	void *ptr = dualtree_alloc(dt, 100, GFP_KERNEL);

	before = stats_of(dt);
	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, 64, aligns[i], GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, 0, aligns[i], GFP_KERNEL));
	}
	for (i = 0; i < 23; i++) {
		KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, 0, BIT(i), GFP_KERNEL));
		KUNIT_EXPECT_NULL(test,
				  dualtree_alloc_aligned(dt, max_size + 1, BIT(i), GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, SIZE_MAX, BIT(i), GFP_KERNEL));
	}
	/* None of them is counted as a failed allocation. */
	dt_expect_stats(test, dt, &before);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);
	dt_expect_drained(test, dt);
}

/* No region that the limit allows is large enough: nothing is taken, nothing is lost. */
static void aligned_over_the_limit(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .limit = SZ_128K);
	u8 *live, *ptr;

	live = alloc_aligned(test, dt, 1, 64);
	KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, 64, SZ_256K, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 1);
	KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, SZ_128K, 128, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 2);
	expect_taken(test, dt, 1, DT_GRANULE);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, live, 1), 0);
	ptr = alloc_aligned(test, dt, 64, SZ_128K);
	KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, SZ_128K);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 64), 0);
	dt_expect_drained(test, dt);
}

/* Dirty memory is cleared, and no adjacent byte is changed. */
static void aligned_zero(struct kunit *test)
{
	unsigned int way;
	u8 *all, *ptr;
	gfp_t gfp;

	for (way = 0; way < 2; way++) {
		struct dualtree *dt;

		gfp = GFP_KERNEL | (way ? 0 : __GFP_ZERO);
		dt = test_instance(test, .flags = setup_flags(test) | (way ? DUALTREE_ZERO : 0));
		all = dt_must_alloc(test, dt, SZ_64K);
		memset(all, 0xa5, SZ_64K);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + 64, 3 * SZ_16K), 0);
		ptr = dualtree_alloc_aligned(dt, 5001, SZ_16K, gfp);
		KUNIT_ASSERT_PTR_EQ(test, ptr, all + SZ_16K);
		KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0, 5001));
		KUNIT_EXPECT_TRUE(test, all_bytes(all, 0xa5, 64));
		KUNIT_EXPECT_TRUE(test, all_bytes(all + 3 * SZ_16K + 64, 0xa5, SZ_16K - 64));
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 5001), 0);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all, 64), 0);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + 3 * SZ_16K + 64, SZ_16K - 64), 0);
		dt_expect_drained(test, dt);
	}
}

static struct kunit_case aligned_cases[] = {
	KUNIT_CASE_PARAM(aligned_alone, setup_gen_params),
	KUNIT_CASE_PARAM(aligned_after_live, setup_gen_params),
	KUNIT_CASE_PARAM(aligned_holes_are_free, setup_gen_params),
	KUNIT_CASE(aligned_pack),
	KUNIT_CASE_PARAM(aligned_after_frees, setup_gen_params),
	KUNIT_CASE_PARAM(aligned_refused, setup_gen_params),
	KUNIT_CASE(aligned_over_the_limit),
	KUNIT_CASE_PARAM(aligned_zero, setup_gen_params),
	{}
};

DUALTREE_SUITE(aligned, "aligned allocations");
