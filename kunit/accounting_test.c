// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting: counts that are exact after every step, regions that go back to the pool when nothing
 * in them is live, pools that lose nothing however their instances end.
 */
#include "../buddy/check.h"
#include "../buddy/pool.h"
#include "fixtures/instance.h"
#include "fixtures/scale.h"

/* The large extent is @bytes larger, or smaller. */
static void large_changes(struct dualtree_stats *want, long bytes)
{
	want->free_bytes += bytes;
	want->largest_free += bytes;
}

/*
 * The frees of accounting_stats_exact(). @size: bytes of @p, 16 granules less 24 bytes; @q is the
 * granule after it
 */
static void free_in_parts(struct kunit *test, struct dualtree *dt, struct dualtree_stats *want,
			  void *p, size_t size, void *q)
{
	const size_t g = DT_GRANULE;

	/* Part of a granule: live bytes alone change. */
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, p + size - 10, 10), 0);
	want->frees++;
	want->live_bytes -= 10;
	dt_expect_stats(test, dt, want);

	/* The rest of that granule and two more, which lie apart from the large extent. */
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, p + 13 * g - 1, 3 * g - 33), 0);
	want->frees++;
	want->live_bytes -= 3 * g - 33;
	want->free_bytes += 3 * g;
	want->extents++;
	dt_expect_stats(test, dt, want);

	/* What lay between them goes: one extent. */
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, q, g), 0);
	want->frees++;
	want->live_bytes -= g;
	want->free_bytes += g;
	want->largest_free += 3 * g + g;
	want->extents--;
	dt_expect_stats(test, dt, want);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, q, g), -EALREADY);
	want->bad_frees++;
	dt_expect_stats(test, dt, want);
}

/* Every count after every step, worked out by hand. */
static void accounting_stats_exact(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .flags = DUALTREE_EXACT_FIT,
					    .min_region_order = 4);
	const size_t block = PAGE_SIZE << 4, g = DT_GRANULE, size = 16 * g - 24;
	struct dualtree_stats want = {
		.allocs = 1, .region_gets = 1, .live_bytes = size, .held_bytes = block,
		.free_bytes = block - 16 * g, .largest_free = block - 16 * g,
		.extents = 1, .regions = 1,
	};
	void *p, *q;

	p = dualtree_alloc(dt, size, GFP_KERNEL);
	dt_expect_stats(test, dt, &want);

	q = dualtree_alloc(dt, g, GFP_KERNEL);
	want.allocs++;
	want.live_bytes += g;
	large_changes(&want, -(long)g);
	dt_expect_stats(test, dt, &want);

	free_in_parts(test, dt, &want, p, size, q);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, p, 13 * g - 1), 0);
	want.frees++;
	want.live_bytes = 0;
	large_changes(&want, block - want.free_bytes);
	dt_expect_stats(test, dt, &want);

	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), block);
	want.region_puts++;
	large_changes(&want, -block);
	want.held_bytes = 0;
	want.extents = 0;
	want.regions = 0;
	dt_expect_stats(test, dt, &want);
	dt_expect_drained(test, dt);
}

/* A region goes back only when nothing in it is live; one empty one is kept until then. */
static void accounting_shrink_keeps_live(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 2, .max_region_order = 2);
	const size_t block = PAGE_SIZE << 2;
	void *ptrs[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		ptrs[i] = dt_must_alloc(test, dt, block);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, ARRAY_SIZE(ptrs) * block);
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), 0);
	/* All but one byte of each. */
	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		KUNIT_EXPECT_EQ(test, dualtree_trim(dt, ptrs[i], block, 1), 0);
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), 0);
	for (i = 0; i < ARRAY_SIZE(ptrs); i++) {
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[i], 1), 0);
		KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, (ARRAY_SIZE(ptrs) - i) * block);
		if (i % 2)
			KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), block);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	dt_expect_drained(test, dt);
}

static void expect_pool_sum(struct kunit *test, struct buddy_pool *pool,
			    struct dualtree **dts, unsigned int nr, size_t direct)
{
	size_t sum = direct;

	while (nr--)
		sum += stats_of(dts[nr]).held_bytes;
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), sum);
}

/* What instances hold is what is out of the pool, at every step and after every destroy. */
static void accounting_pool_sum(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree_params params = { .pool = pool, .min_region_order = 1 };
	struct dualtree *dts[3];
	void *block, *ptrs[60];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dts); i++)
		dts[i] = dt_test_instance(test, &params);
	block = buddy_pool_alloc(pool, 2, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, block);
	for (i = 0; i < ARRAY_SIZE(ptrs); i++) {
		ptrs[i] = dt_must_alloc(test, dts[i % 3], 900 * (1 + i % 19));
		expect_pool_sum(test, pool, dts, 3, 4 * PAGE_SIZE);
	}
	for (i = 0; i < ARRAY_SIZE(ptrs); i += 2) {
		KUNIT_EXPECT_EQ(test, dualtree_free(dts[i % 3], ptrs[i], 900 * (1 + i % 19)), 0);
		expect_pool_sum(test, pool, dts, 3, 4 * PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 2), 0);
	for (i = ARRAY_SIZE(dts); i; i--) {
		expect_pool_sum(test, pool, dts, i, 0);
		/* With live bytes in it, all of which come back. */
		KUNIT_EXPECT_GT(test, stats_of(dts[i - 1]).live_bytes, 0);
		dt_test_instance_destroy(test, dts[i - 1]);
	}
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
}

/* Destroy takes everything back, whether or not it is told to report what was live. */
static void accounting_destroy_live(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree_params params = { .pool = pool };
	struct dualtree *dt;
	unsigned int i, k;
	void *ptr;

	for (i = 0; i < 2; i++) {
		params.flags = i ? DUALTREE_REPORT_LEAKS : 0;
		dt = dualtree_create(test->name, &params);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
		for (k = 0; k < 40; k++) {
			ptr = dt_must_alloc(test, dt, 1 + 997 * k);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, k), k ? 0 : -EINVAL);
		}
		KUNIT_EXPECT_GT(test, dt_pool_used(pool), 0);
		dualtree_destroy(dt);
		KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
	}
	/* Nothing to report, by an instance that was used and by one that was not. */
	dt_test_instance_destroy(test, dt_test_instance(test, &params));
	dt = dualtree_create("used", &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 77, GFP_KERNEL));
	dualtree_destroy(dt);
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
}

/* KASAN saves the stack of each of the many small allocations that an instance makes. */
#define MANY (SLOW_KERNEL ? 300 : 1000)

/* As many instances as there are streams: all at once, all of one name. */
static void accounting_many_instances(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree_params params = { .pool = pool, .min_region_order = 1 };
	struct dualtree **dts = kunit_kcalloc(test, MANY, sizeof(*dts), GFP_KERNEL);
	void **ptrs = kunit_kcalloc(test, MANY, sizeof(*ptrs), GFP_KERNEL);
	unsigned int i, made, failed = 0;

	KUNIT_ASSERT_TRUE(test, dts && ptrs);
	for (made = 0; made < MANY; made++) {
		dts[made] = dualtree_create("one of many", &params);
		if (IS_ERR_OR_NULL(dts[made]))
			break;
		ptrs[made] = dualtree_alloc(dts[made], 1 + made, GFP_KERNEL);
		if (ptrs[made])
			memset(ptrs[made], made, 1 + made);
	}
	KUNIT_EXPECT_EQ(test, made, MANY);
	for (i = 0; i < made; i++) {
		failed += !ptrs[i] || !all_bytes(ptrs[i], i, 1 + i);
		/* No other instance owns its memory. */
		failed += i + 1 < made && dualtree_owns(dts[i + 1], ptrs[i], 1);
		if (i % 2)
			failed += !!dualtree_free(dts[i], ptrs[i], 1 + i);
		dualtree_destroy(dts[i]);
	}
	KUNIT_EXPECT_EQ(test, failed, 0);
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
	KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
}

static struct kunit_case accounting_cases[] = {
	KUNIT_CASE(accounting_stats_exact),
	KUNIT_CASE(accounting_shrink_keeps_live),
	KUNIT_CASE(accounting_pool_sum),
	KUNIT_CASE(accounting_destroy_live),
	KUNIT_CASE(accounting_many_instances),
	{}
};

DUALTREE_SUITE(accounting, "counts, pools and the end of an instance");
