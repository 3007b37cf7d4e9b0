// SPDX-License-Identifier: GPL-2.0
/*
 * The public calls but for the frees: what is refused at create, what an allocation
 * promises, clearing.
 *
 * Frees of every kind are in free_test.c, counts and teardown in accounting_test.c, limits in
 * alloc_limit_test.c, the placement rule in exact_fit_test.c.
 */
#include <linux/bits.h>
#include "fixtures/instance.h"

struct create_case {
	const char *name;
	struct dualtree_params params;
	bool own_pool;
	int err;
};

static const struct create_case create_cases[] = {
	{ "all zero", {} },
	{ "all flags", { .flags = DUALTREE_EXACT_FIT | DUALTREE_ZERO | DUALTREE_REPORT_LEAKS |
				  DUALTREE_ACCOUNT } },
	{ "flag not defined", { .flags = BIT(5) }, .err = -EINVAL },
	{ "defined and not", { .flags = DUALTREE_ZERO | BIT(6) }, .err = -EINVAL },
	{ "not cleared, pools of the nodes", { .flags = DUALTREE_SKIP_ZERO }, .err = -EINVAL },
	{ "not cleared, own pool", { .flags = DUALTREE_SKIP_ZERO }, .own_pool = true },
	{ "highest flag", { .flags = BIT(BITS_PER_LONG - 1) }, .err = -EINVAL },
	{ "min is the arena", { .min_region_order = 10 } },
	{ "min above the arena", { .min_region_order = 11 }, .err = -EINVAL },
	{ "max is the arena", { .max_region_order = 10 } },
	{ "max above the arena", { .max_region_order = 11 }, .err = -EINVAL },
	{ "max far too large", { .max_region_order = UINT_MAX }, .err = -EINVAL },
	{ "min far too large", { .min_region_order = UINT_MAX }, .err = -EINVAL },
	{ "min is max", { .min_region_order = 3, .max_region_order = 3 } },
	{ "min above max", { .min_region_order = 4, .max_region_order = 3 }, .err = -EINVAL },
	{ "max below the default of min", { .max_region_order = 1 } },
	{ "limit of a byte", { .limit = 1 }, .err = -EINVAL },
	{ "limit below a region", { .limit = (PAGE_SIZE << 3) - 1, .min_region_order = 3 },
	  .err = -EINVAL },
	{ "limit of a region", { .limit = PAGE_SIZE << 3, .min_region_order = 3 } },
	{ "own pool", {}, .own_pool = true },
	{ "min is own arena", { .min_region_order = SMALL_ARENA }, .own_pool = true },
	{ "max is own arena", { .max_region_order = SMALL_ARENA }, .own_pool = true },
	{ "min above own arena", { .min_region_order = SMALL_ARENA + 1 }, true, -EINVAL },
	{ "max above own arena", { .max_region_order = SMALL_ARENA + 1 }, true, -EINVAL },
};

DUALTREE_NAMED_PARAM(create, create_cases);

static void dualtree_create_params(struct kunit *test)
{
	const struct create_case *c = test->param_value;
	struct dualtree_params params = c->params;
	struct dualtree_stats none = {};
	struct dualtree *dt;

	if (c->own_pool)
		params.pool = dt_test_small_pool(test, 0);
	dt = dualtree_create("create", &params);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(dt), c->err);
	if (c->err)
		return;
	KUNIT_ASSERT_NOT_NULL(test, dt);
	/* Nothing is taken before something is asked for. */
	dt_expect_stats(test, dt, &none);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), 0);
	dualtree_destroy(dt);
}

static void dualtree_create_name(struct kunit *test)
{
	char name[] = "a name that is copied";
	struct dualtree *dt;

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dualtree_create(NULL, NULL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dualtree_create("", NULL)), -EINVAL);
	dt = dualtree_create(name, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
	memset(name, 0, sizeof(name));
	KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(dt, 1, GFP_KERNEL));
	dualtree_destroy(dt);
	dualtree_destroy(NULL);
}

/* What dualtree_granule() says is what placement does. */
static void dualtree_granule_is_the_unit(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .flags = DUALTREE_EXACT_FIT);
	size_t granule = dualtree_granule();
	u8 *first, *second, *third;

	first = dualtree_alloc(dt, 1, GFP_KERNEL);
	second = dualtree_alloc(dt, granule, GFP_KERNEL);
	third = dualtree_alloc(dt, granule + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_TRUE(test, granule == 64 || granule == 128);
	KUNIT_EXPECT_GE(test, granule, L1_CACHE_BYTES);
	KUNIT_EXPECT_PTR_EQ(test, second, first + granule);
	KUNIT_EXPECT_PTR_EQ(test, third, second + granule);
	KUNIT_EXPECT_PTR_EQ(test, (u8 *)dualtree_alloc(dt, 1, GFP_KERNEL), third + 2 * granule);
}

static void dualtree_max_sizes(struct kunit *test)
{
	struct dualtree_params params = { .pool = dt_test_small_pool(test, 0) };
	unsigned int default_order = min_t(unsigned int, BUDDY_POOL_ARENA_ORDER, MAX_PAGE_ORDER);

	KUNIT_EXPECT_EQ(test, dualtree_max_size(test_instance(test)), PAGE_SIZE << default_order);
	KUNIT_EXPECT_EQ(test, dualtree_max_size(dt_test_instance(test, &params)),
			PAGE_SIZE << SMALL_ARENA);
	params.max_region_order = 2;
	KUNIT_EXPECT_EQ(test, dualtree_max_size(dt_test_instance(test, &params)), PAGE_SIZE << 2);
}

static const size_t sizes[] = {
	1, 2, 63, 64, 65, 127, 128, 129, 1400, 2047, 2048, 4095, 4096, 4097, 9000, 16384, 65535,
	65536, 65537, SZ_1M - 1, SZ_1M, SZ_1M + 1, SZ_4M,
};

/* Expect memory that is aligned, in the linear map, contiguous, and of single pages. */
static void expect_memory(struct kunit *test, void *ptr, size_t size)
{
	unsigned long pfn = page_to_pfn(virt_to_page(ptr));
	size_t offset;

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)ptr, dualtree_granule()));
	KUNIT_EXPECT_TRUE(test, virt_addr_valid(ptr));
	KUNIT_EXPECT_TRUE(test, virt_addr_valid(ptr + size - 1));
	for (offset = 0; offset < size; offset += PAGE_SIZE) {
		struct page *page = virt_to_page(ptr + offset);

		KUNIT_EXPECT_EQ(test, page_to_pfn(page), pfn + (offset >> PAGE_SHIFT));
		KUNIT_EXPECT_EQ(test, page_count(page), 1);
		KUNIT_EXPECT_FALSE(test, PageCompound(page));
	}
}

static void dualtree_alloc_sizes(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	void *ptrs[ARRAY_SIZE(sizes)];
	size_t live = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ptrs[i] = dt_must_alloc(test, dt, sizes[i]);
		expect_memory(test, ptrs[i], sizes[i]);
		memset(ptrs[i], i + 1, sizes[i]);
		live += sizes[i];
		KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live);
	}
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	/* In an order that frees what lies between: what is left keeps its contents. */
	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		unsigned int k = i % ARRAY_SIZE(sizes);

		if (k % 2 != i / ARRAY_SIZE(sizes))
			continue;
		KUNIT_EXPECT_TRUE(test, all_bytes(ptrs[k], k + 1, sizes[k]));
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[k], sizes[k]), 0);
		live -= sizes[k];
		KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live);
	}
	dt_expect_drained(test, dt);
}

static void dualtree_alloc_refused(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .pool = dt_test_small_pool(test, 0));
	struct dualtree_stats before;
	void *ptr;

	ptr = dualtree_alloc(dt, 100, GFP_KERNEL);
	before = stats_of(dt);
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, dualtree_max_size(dt) + 1, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, SIZE_MAX - 62, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, SIZE_MAX, GFP_ATOMIC | __GFP_ZERO));
	/* None of them is counted as a failed allocation. */
	dt_expect_stats(test, dt, &before);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);

	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, dualtree_max_size(dt), GFP_KERNEL));
	dt_expect_drained(test, dt);
}

/* Metadata is out of band: 2^k pages fit into 2^k pages, and one byte more does not. */
static void dualtree_alloc_exact_blocks(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 1);
	size_t size, max_size = dualtree_max_size(dt);
	void *ptr;

	for (size = 2 * PAGE_SIZE; size <= max_size; size *= 2) {
		ptr = dt_must_alloc(test, dt, size);
		KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, size);
		KUNIT_EXPECT_EQ(test, stats_of(dt).free_bytes, 0);
		KUNIT_EXPECT_EQ(test, stats_of(dt).largest_free, 0);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, size), 0);
		dt_expect_drained(test, dt);
		if (size == max_size)
			break;
		ptr = dualtree_alloc(dt, size + 1, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, 2 * size);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, size + 1), 0);
		dt_expect_drained(test, dt);
	}
}

/*
 * Every call refuses flags that cannot be honoured, even if it has memory, and does not count that
 * as a failed allocation.
 */
static void dualtree_alloc_gfp_refused(struct kunit *test)
{
	static const gfp_t flags[] = {
		__GFP_HIGHMEM, __GFP_DMA32, __GFP_DMA, __GFP_MOVABLE, __GFP_NOFAIL,
	};
	struct dualtree *dt = test_instance(test);
	struct dualtree_stats before;
	void *ptrs[2], *live;
	unsigned int i;

	live = dt_must_alloc(test, dt, 100);
	/* A hot range of just this size. */
	KUNIT_ASSERT_TRUE(test, alloc_and_free(dt, 100, GFP_KERNEL));
	before = stats_of(dt);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		gfp_t gfp = GFP_KERNEL | flags[i];

		KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, 100, gfp));
		KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, SZ_1M, gfp));
		KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, 100, 8, gfp));
		KUNIT_EXPECT_NULL(test, dualtree_alloc_aligned(dt, 100, SZ_4K, gfp));
		KUNIT_EXPECT_EQ(test, dualtree_alloc_bulk(dt, 100, gfp, 2, ptrs), 0);
		KUNIT_EXPECT_NULL(test, dualtree_realloc(dt, live, 100, 101, gfp));
		KUNIT_EXPECT_NULL(test, dualtree_realloc(dt, live, 100, 100, gfp));
		KUNIT_EXPECT_NULL(test, dualtree_realloc(dt, NULL, 0, 100, gfp));
	}
	dt_expect_stats(test, dt, &before);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, live, 100), 0);
	dt_expect_drained(test, dt);
}

/* Modifiers that have no effect here are accepted; each page stays one of its own. */
static void dualtree_alloc_gfp(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO, GFP_KERNEL | __GFP_COMP,
		GFP_KERNEL_ACCOUNT, GFP_KERNEL | __GFP_ZERO,
	};
	struct dualtree *dt =
		test_instance(test, .pool = dt_test_small_pool(test, 0), .min_region_order = 1);
	unsigned int i;
	void *ptr;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ptr = dualtree_alloc(dt, 5000, flags[i]);
		KUNIT_ASSERT_NOT_NULL(test, ptr);
		expect_memory(test, ptr, 5000);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 5000), 0);
		dt_expect_drained(test, dt);
	}
}

struct zero_case {
	const char *name;
	unsigned long flags;
	gfp_t gfp;
};

static const struct zero_case zero_cases[] = {
	{ "DUALTREE_ZERO", DUALTREE_ZERO, 0 },
	{ "__GFP_ZERO", 0, __GFP_ZERO },
	{ "both", DUALTREE_ZERO, __GFP_ZERO },
	{ "DUALTREE_ZERO with exact fit", DUALTREE_ZERO | DUALTREE_EXACT_FIT, 0 },
	{ "__GFP_ZERO with exact fit", DUALTREE_EXACT_FIT, __GFP_ZERO },
};

DUALTREE_NAMED_PARAM(zero, zero_cases);

/* Dirty memory is cleared, and no adjacent byte is changed. */
static void dualtree_zero(struct kunit *test)
{
	const struct zero_case *c = test->param_value;
	struct dualtree *dt = test_instance(test, .flags = c->flags, .min_region_order = 1);
	size_t bytes = 2 * PAGE_SIZE, size;
	u8 *all, *ptr;

	for (size = 1; size < bytes - 200; size += 1 + size / 7) {
		all = dualtree_alloc(dt, bytes, GFP_KERNEL | c->gfp);
		KUNIT_ASSERT_NOT_NULL(test, all);
		KUNIT_EXPECT_TRUE(test, all_bytes(all, 0, bytes));
		memset(all, 0xa5, bytes);
		/* The hole for the next allocation; the granule after it stays live. */
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all, granule_bytes(size)), 0);
		ptr = dualtree_alloc(dt, size, GFP_KERNEL | c->gfp);
		KUNIT_EXPECT_PTR_EQ(test, ptr, all);
		KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0, size));
		KUNIT_EXPECT_TRUE(test, all_bytes(all + granule_bytes(size), 0xa5,
						  bytes - granule_bytes(size)));
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, size), 0);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + granule_bytes(size),
						    bytes - granule_bytes(size)), 0);
	}
	dt_expect_drained(test, dt);
}

/* What was freed is handed out again as it was, but for what lay there of the free space. */
static void expect_not_cleared(struct kunit *test, struct dualtree *dt)
{
	u8 *ptr, *again;

	ptr = dt_must_alloc(test, dt, 1000);
	memset(ptr, 0xa5, 1000);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1000), 0);
	again = dualtree_alloc(dt, 1000, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, again, ptr);
	/* A node or a link may have lain in the first granule. */
	KUNIT_EXPECT_TRUE(test, all_bytes(again + DT_GRANULE, 0xa5, 1000 - DT_GRANULE));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, again, 1000), 0);
	dt_expect_drained(test, dt);
}

/* Memory is not cleared without a request for it. */
static void dualtree_not_cleared(struct kunit *test)
{
	if (want_init_on_alloc(0) || want_init_on_free())
		kunit_skip(test, "this kernel clears all memory");
	expect_not_cleared(test, test_instance(test));
}

/* init_on_alloc=1 and DUALTREE_SKIP_ZERO: the pool gets clear memory, and only that is. */
static void dualtree_skip_zero(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .flags = DUALTREE_SKIP_ZERO,
					    .pool = dt_test_small_pool(test, 0));
	u8 *ptr;

	if (want_init_on_free())
		kunit_skip(test, "this kernel clears what is freed");
	ptr = dt_must_alloc(test, dt, SZ_4K);
	/* A node of the free space may have lain in the first or the last granule. */
	if (want_init_on_alloc(0))
		KUNIT_EXPECT_TRUE(test, all_bytes(ptr + DT_GRANULE, 0, SZ_4K - 2 * DT_GRANULE));
	memset(ptr, 0xa5, SZ_4K);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + 100, SZ_4K - 100), 0);
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, ptr, 100, 112));
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr + 100, 0xa5, 12));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 112), 0);
	expect_not_cleared(test, dt);
	ptr = dualtree_alloc(dt, SZ_4K, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, SZ_4K), 0);
	dt_expect_drained(test, dt);
}

/* init_on_alloc=1: every way to get memory gets it clear, dirty as it was left. */
static void dualtree_init_on_alloc(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 4);
	u8 *all, *ptr;

	if (!want_init_on_alloc(0))
		kunit_skip(test, "this kernel was not booted with init_on_alloc=1");
	all = dt_must_alloc(test, dt, PAGE_SIZE << 4);
	KUNIT_EXPECT_TRUE(test, all_bytes(all, 0, PAGE_SIZE << 4));
	memset(all, 0xa5, PAGE_SIZE << 4);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + 100, 3996), 0);
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, all, 100, 500));
	KUNIT_EXPECT_TRUE(test, all_bytes(all + 100, 0, 400));
	ptr = dualtree_alloc_aligned(dt, 1000, 1024, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0, 1000));
	KUNIT_EXPECT_TRUE(test, all_bytes(all, 0xa5, 100));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1000), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, all, 500), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + 4096, (PAGE_SIZE << 4) - 4096), 0);
	dt_expect_drained(test, dt);
}

/* init_on_free=1: what is freed is clear at once, and what is handed out is, nodes included. */
static void dualtree_init_on_free(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .flags = DUALTREE_EXACT_FIT,
					    .min_region_order = 4);
	struct dualtree_range range;
	unsigned int way;
	u8 *all, *ptr;

	if (!want_init_on_free())
		kunit_skip(test, "this kernel was not booted with init_on_free=1");
	all = dt_must_alloc(test, dt, PAGE_SIZE << 4);
	for (way = 0; way < 3; way++) {
		memset(all, 0xa5, PAGE_SIZE << 4);
		range = (struct dualtree_range){ all + 1024, 2048 };
		if (way == 0)
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, range.ptr, range.len), 0);
		else if (way == 1)
			KUNIT_EXPECT_EQ(test, dualtree_free_bulk(dt, &range, 1), 0);
		else
			KUNIT_EXPECT_EQ(test, dualtree_trim(dt, all, 3072, 1024), 0);
		ptr = dualtree_alloc(dt, 2048, GFP_KERNEL);
		KUNIT_ASSERT_PTR_EQ(test, ptr, all + 1024);
		KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0, 2048));
		KUNIT_EXPECT_TRUE(test, all_bytes(all, 0xa5, 1024));
		KUNIT_EXPECT_TRUE(test, all_bytes(all + 3072, 0xa5, 1024));
	}
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, all, PAGE_SIZE << 4), 0);
	dt_expect_drained(test, dt);
}

/* Nor does a region that has gone back keep what its trees and lists had in it. */
static void dualtree_init_on_free_region(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, PAGE_SIZE << SMALL_ARENA);
	struct dualtree *dt = test_instance(test, .pool = pool);
	void *ptrs[64], *all;
	unsigned int i;

	if (!want_init_on_free())
		kunit_skip(test, "this kernel was not booted with init_on_free=1");
	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		ptrs[i] = dualtree_alloc(dt, 500, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(ptrs); i += 2)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], 500), 0);
	for (i = 1; i < ARRAY_SIZE(ptrs); i += 2)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], 500), 0);
	dt_test_instance_destroy(test, dt);
	all = buddy_pool_alloc(pool, SMALL_ARENA, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_EXPECT_TRUE(test, all_bytes(all, 0, PAGE_SIZE << SMALL_ARENA));
	buddy_pool_free(pool, all, SMALL_ARENA);
}

/*
 * A large range is cleared outside of the section that frees it, alone or among others. What is
 * refused stays as it is.
 */
static void dualtree_init_on_free_large(struct kunit *test)
{
	const size_t large = SZ_256K, small = 500;
	struct dualtree *dt = test_instance(test, .min_region_order = get_order(SZ_1M));
	u8 *keep, *one, *other, *both;
	struct dualtree_range ranges[2];

	if (!want_init_on_free())
		kunit_skip(test, "this kernel was not booted with init_on_free=1");
	/* It holds the region. */
	keep = dt_must_alloc(test, dt, small);
	ranges[0] = (struct dualtree_range){ dualtree_alloc(dt, small, GFP_KERNEL), small };
	one = dualtree_alloc(dt, large, GFP_KERNEL);
	other = dualtree_alloc(dt, large, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, ranges[0].ptr && one && other);
	memset(one, 0xa5, large);
	memset(other, 0xa5, large);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, one + large - 1, 1), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, one, large), -EALREADY);
	KUNIT_EXPECT_TRUE(test, all_bytes(one, 0xa5, large - 1));
	ranges[1] = (struct dualtree_range){ one, large - 1 };
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(dt, ranges, 2), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, other, large), 0);
	/* All that was cleared at once serves one that is not. */
	both = dt_must_alloc(test, dt, 2 * large);
	KUNIT_EXPECT_TRUE(test, all_bytes(both, 0, 2 * large));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, both, 2 * large), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, keep, small), 0);
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE_PARAM(dualtree_create_params, create_gen_params),
	KUNIT_CASE(dualtree_create_name),
	KUNIT_CASE(dualtree_granule_is_the_unit),
	KUNIT_CASE(dualtree_max_sizes),
	KUNIT_CASE(dualtree_alloc_sizes),
	KUNIT_CASE(dualtree_alloc_refused),
	KUNIT_CASE(dualtree_alloc_exact_blocks),
	KUNIT_CASE(dualtree_alloc_gfp),
	KUNIT_CASE(dualtree_alloc_gfp_refused),
	KUNIT_CASE_PARAM(dualtree_zero, zero_gen_params),
	KUNIT_CASE(dualtree_not_cleared),
	KUNIT_CASE(dualtree_skip_zero),
	KUNIT_CASE(dualtree_init_on_alloc),
	KUNIT_CASE(dualtree_init_on_free),
	KUNIT_CASE(dualtree_init_on_free_region),
	KUNIT_CASE(dualtree_init_on_free_large),
	{}
};

DUALTREE_SUITE(alloc, "the public calls");
