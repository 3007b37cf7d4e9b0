// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_extend(): a range grows in place, into bytes that are free and that no other range may
 * claim, or nothing is changed.
 *
 * Most cases begin with a region that is all live, and free the granules to grow into.
 */
#include "fixtures/section.h"
#include "fixtures/setups.h"

#define REGION_ORDER	4
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)

/* A region that is all live, and filled. */
static u8 *setup_region(struct kunit *test, struct dualtree **dt)
{
	u8 *all;

	*dt = setup_instance(test, .min_region_order = REGION_ORDER);
	all = dt_must_alloc(test, *dt, REGION_BYTES);
	memset(all, 0x11, REGION_BYTES);
	return all;
}

static void expect_free(struct kunit *test, struct dualtree *dt, const void *ptr, size_t len)
{
	KUNIT_ASSERT_EQ_MSG(test, dualtree_free(dt, ptr, len), 0, "%zu bytes", len);
}

/* It grows: that many bytes more are live, granules were free and are not, contents stay. */
static void expect_grown(struct kunit *test, struct dualtree *dt, u8 *ptr, size_t len,
			 size_t new_len)
{
	struct dualtree_stats before = stats_of(dt), after;
	size_t offset = (unsigned long)ptr % DT_GRANULE;
	size_t granules = granule_bytes(offset + new_len) - granule_bytes(offset + len);

	memset(ptr, 0x22, len);
	KUNIT_ASSERT_TRUE_MSG(test, dualtree_extend(dt, ptr, len, new_len), "%zu to %zu bytes", len,
			      new_len);
	after = stats_of(dt);
	KUNIT_EXPECT_EQ(test, after.live_bytes, before.live_bytes + new_len - len);
	KUNIT_EXPECT_EQ(test, after.free_bytes, before.free_bytes - granules);
	KUNIT_EXPECT_EQ(test, after.held_bytes, before.held_bytes);
	KUNIT_EXPECT_EQ(test, after.bad_frees, before.bad_frees);
	KUNIT_EXPECT_TRUE(test, all_bytes(ptr, 0x22, len));
	memset(ptr, 0x33, new_len);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* It does not, and nothing is changed but that blocks may have left their lists. */
static void expect_not_grown(struct kunit *test, struct dualtree *dt, const u8 *ptr, size_t len,
			     size_t new_len)
{
	struct dualtree_stats before = stats_of(dt), after;

	KUNIT_ASSERT_FALSE_MSG(test, dualtree_extend(dt, ptr, len, new_len), "%zu to %zu bytes",
			       len, new_len);
	after = stats_of(dt);
	before.extents = after.extents;
	before.largest_free = after.largest_free;
	KUNIT_EXPECT_TRUE(test, stats_equal(&before, &after));
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* From every length to every other one that its last granule has room for. */
static void extend_within_granule(struct kunit *test)
{
	const size_t g = DT_GRANULE;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt), *ptr = all + 2 * g;
	size_t from, to;

	for (from = g + 1; from < 2 * g; from += 3) {
		for (to = from + 1; to <= 2 * g; to += 7) {
			expect_free(test, dt, ptr + from, 2 * g - from);
			expect_not_grown(test, dt, ptr, from, 2 * g + 1);
			expect_grown(test, dt, ptr, from, to);
			KUNIT_EXPECT_TRUE(test, all_bytes(ptr + 2 * g, 0x11, 512));
			/* What is not live is not the caller's: all of it grows back. */
			if (to < 2 * g)
				expect_grown(test, dt, ptr, to, 2 * g);
		}
	}
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* A range that does not hold all live bytes of its last granule may not grow in it. */
static void extend_shared_granule(struct kunit *test)
{
	const size_t g = DT_GRANULE, len = 2 * g - 28;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt);

	/* 10 bytes free in a granule, and live ones after them. */
	expect_free(test, dt, all + len, 10);
	expect_not_grown(test, dt, all, len, len + 1);
	expect_not_grown(test, dt, all, len, len + 10);
	expect_not_grown(test, dt, all, len, len + 100);
	/* Free up to the end of the granule; the range does not reach back to its start. */
	expect_free(test, dt, all + len + 10, 18);
	expect_not_grown(test, dt, all + g + 6, g - 34, g - 24);
	expect_not_grown(test, dt, all + len - 1, 1, 2);
	expect_grown(test, dt, all + g, g - 28, g - 24);
	expect_grown(test, dt, all, len + 4, 2 * g);
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* Into a hole of some granules, by every length; one byte more than there is does not go. */
static void extend_into_hole(struct kunit *test)
{
	const size_t g = DT_GRANULE, before = 5 * g, len = 5 * g, hole = 5 * g;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt), *ptr = all + before;
	size_t from, to;

	for (from = len - g; from <= len; from += 9) {
		for (to = len + 1; to <= len + hole; to += 13) {
			expect_free(test, dt, ptr + from, len + hole - from);
			expect_not_grown(test, dt, ptr, from, len + hole + 1);
			expect_not_grown(test, dt, ptr, from, REGION_BYTES - before);
			expect_grown(test, dt, ptr, from, to);
			if (to < len + hole)
				expect_grown(test, dt, ptr, to, len + hole);
			KUNIT_EXPECT_TRUE(test, all_bytes(all, 0x11, before));
			KUNIT_EXPECT_TRUE(test, all_bytes(ptr + len + hole, 0x11, 512));
		}
	}
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* Added bytes can be freed in parts, across the old end of the range. */
static void extend_then_free_in_parts(struct kunit *test)
{
	static const size_t steps[] = { 1, 7, DT_GRANULE, DT_GRANULE + 1, 200 };
	const size_t g = DT_GRANULE, from = 2 * g - 27, to = 16 * g - 61;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt), *ptr = all + g;
	size_t i, at, len;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		expect_free(test, dt, ptr + from, 16 * g - from);
		expect_grown(test, dt, ptr, from, to);
		for (at = 0; at < to; at += len) {
			len = min(steps[i], to - at);
			expect_free(test, dt, ptr + at, len);
			KUNIT_ASSERT_TRUE(test, all_bytes(ptr + at + len, 0x33, to - at - len));
		}
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, to), -EALREADY);
		KUNIT_ASSERT_PTR_EQ(test, dualtree_alloc(dt, 16 * g, GFP_KERNEL), (void *)ptr);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* Up to the last byte of the region, and not into an adjacent region that is free. */
static void extend_to_end_of_region(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test, .pool = dt_test_small_pool(test, 0),
					     .min_region_order = SMALL_ARENA - 1,
					     .max_region_order = SMALL_ARENA - 1);
	u8 *low, *high;

	low = dualtree_alloc(dt, REGION_BYTES, GFP_KERNEL);
	high = dualtree_alloc(dt, REGION_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, low && high);
	if (low > high)
		swap(low, high);
	KUNIT_ASSERT_PTR_EQ(test, low + REGION_BYTES, high);
	expect_free(test, dt, low + 1, REGION_BYTES - 1);
	expect_free(test, dt, high, REGION_BYTES - 1);
	expect_not_grown(test, dt, low, 1, REGION_BYTES + 1);
	expect_not_grown(test, dt, low, 1, 2 * REGION_BYTES);
	expect_not_grown(test, dt, low, 1, SIZE_MAX);
	expect_not_grown(test, dt, high + REGION_BYTES - 1, 1, 2);
	expect_not_grown(test, dt, high + REGION_BYTES - 1, 1, 65);
	expect_grown(test, dt, low, 1, REGION_BYTES - 1);
	expect_grown(test, dt, low, REGION_BYTES - 1, REGION_BYTES);
	expect_not_grown(test, dt, low, REGION_BYTES, REGION_BYTES + 1);
	expect_free(test, dt, low, REGION_BYTES);
	expect_free(test, dt, high + REGION_BYTES - 1, 1);
	dt_expect_drained(test, dt);
}

/* What is hot or in a list is as good as free. */
static void extend_into_cached(struct kunit *test)
{
	const size_t g = DT_GRANULE, len = 2 * g + 28;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt);
	size_t size;

	/* Demand for each size: what is freed last is hot, so it is not that. */
	for (size = g; size <= 3 * g; size += g) {
		expect_free(test, dt, all + 4096, size);
		expect_free(test, dt, all + 8192, 1024);
		KUNIT_ASSERT_PTR_EQ(test, dualtree_alloc(dt, size, GFP_KERNEL),
				    (void *)all + 4096);
		KUNIT_ASSERT_PTR_EQ(test, dualtree_alloc(dt, 1024, GFP_KERNEL),
				    (void *)all + 8192);
	}
	expect_free(test, dt, all + 4 * g, g);
	expect_free(test, dt, all + 6 * g, 2 * g);
	expect_free(test, dt, all + 5 * g, g);
	expect_free(test, dt, all + 8 * g, 3 * g);
	expect_not_grown(test, dt, all + 4 * g - len, len, len + 7 * g + 1);
	expect_grown(test, dt, all + 4 * g - len, len, len + 4 * g - 6);
	expect_grown(test, dt, all + 4 * g - len, len + 4 * g - 6, len + 7 * g);
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/**
 * struct there - a call to be made on another CPU
 * @dt: the instance
 * @ptr: the range
 * @len: its bytes
 * @new_len: bytes it is to have; 0: free it
 * @ok: did it work?
 */
struct there {
	struct dualtree *dt;
	u8 *ptr;
	size_t len;
	size_t new_len;
	bool ok;
};

static int call_there(void *arg)
{
	struct there *t = arg;

	if (t->new_len)
		t->ok = dualtree_extend(t->dt, t->ptr, t->len, t->new_len);
	else
		t->ok = !dualtree_free(t->dt, t->ptr, t->len);
	return 0;
}

/* From another CPU only into the rest of the last granule, which no other range uses. */
static void extend_from_elsewhere(struct kunit *test)
{
	const size_t g = DT_GRANULE, len = 2 * g - 28;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt);
	unsigned int other = dt_other_cpu(test, raw_smp_processor_id());
	struct there t = { .dt = dt, .ptr = all, .len = len, .new_len = 2 * g + 1 };
	size_t live;

	expect_free(test, dt, all + len, 16 * g - len);
	live = stats_of(dt).live_bytes;
	smp_call_on_cpu(other, call_there, &t, false);
	KUNIT_EXPECT_FALSE(test, t.ok);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live);
	t.new_len = len + 20;
	smp_call_on_cpu(other, call_there, &t, false);
	KUNIT_EXPECT_TRUE(test, t.ok);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live + 20);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	expect_grown(test, dt, all, len + 20, 16 * g);
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* Granules that another CPU has freed can be used after the owner has drained them. */
static void extend_into_remote(struct kunit *test)
{
	const size_t g = DT_GRANULE;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt);
	unsigned int other = dt_other_cpu(test, raw_smp_processor_id());
	struct there t = { .dt = dt, .ptr = all + 3 * g, .len = 2 * g };

	expect_free(test, dt, all + g, 2 * g);
	expect_free(test, dt, all + 5 * g, 2 * g);
	smp_call_on_cpu(other, call_there, &t, false);
	KUNIT_EXPECT_TRUE(test, t.ok);
	expect_not_grown(test, dt, all, g, 3 * g + 1);
	expect_not_grown(test, dt, all, g, 7 * g);
	expect_grown(test, dt, all, g, 3 * g);
	dualtree_shrink(dt);
	expect_grown(test, dt, all, 3 * g, 7 * g);
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* Inside a section the CPU's heap is busy; ranges of the shared heap can grow. */
static void extend_nested(struct kunit *test)
{
	const size_t g = DT_GRANULE, len = 2 * g - 28;
	struct dualtree *dt;
	u8 *all = setup_region(test, &dt), *ptr;
	bool own, last, shared, more;

	expect_free(test, dt, all + len, 16 * g - len);
	hold_section(dt);
	own = dualtree_extend(dt, all, len, len + 100);
	last = dualtree_extend(dt, all, len, 2 * g);
	ptr = dualtree_alloc(dt, 100, GFP_ATOMIC);
	shared = ptr && dualtree_extend(dt, ptr, 100, 1000);
	more = ptr && dualtree_extend(dt, ptr, 1000, REGION_BYTES);
	release_section(dt);
	KUNIT_EXPECT_FALSE(test, own);
	KUNIT_EXPECT_TRUE(test, last);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_TRUE(test, shared);
	KUNIT_EXPECT_TRUE(test, more);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 2 * REGION_BYTES - 14 * g);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	/* From outside of any section too. */
	expect_free(test, dt, ptr + 5000, REGION_BYTES - 5000);
	expect_grown(test, dt, ptr, 5000, 9000);
	expect_free(test, dt, ptr, 9000);
	expect_grown(test, dt, all, 2 * g, 16 * g);
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

/* A range that is not live does not grow, and is not counted as a bad free. */
static void extend_refused(struct kunit *test)
{
	const size_t g = DT_GRANULE;
	struct dualtree *dt, *other;
	u8 *all = setup_region(test, &dt), *foreign;
	u8 on_stack[8];

	other = setup_instance(test);
	foreign = dt_must_alloc(test, other, g);
	expect_free(test, dt, all + 1000, 1000);
	expect_not_grown(test, dt, NULL, 0, 1);
	expect_not_grown(test, dt, NULL, 1, 2);
	expect_not_grown(test, dt, on_stack, 1, 2);
	expect_not_grown(test, dt, foreign, g, g + 1);
	expect_not_grown(test, dt, foreign, g, g);
	expect_not_grown(test, dt, all, 0, 1);
	expect_not_grown(test, dt, all, 0, 0);
	expect_not_grown(test, dt, all, REGION_BYTES + 1, REGION_BYTES + 2);
	expect_not_grown(test, dt, all, SIZE_MAX, SIZE_MAX);
	expect_not_grown(test, dt, all + 1024, 64, 128);
	expect_not_grown(test, dt, all + 1024, 64, 64);
	expect_not_grown(test, dt, all + 900, 200, 300);
	/* Nothing has to be done for these. */
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, all, 1000, 1000));
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, all, 1000, 1));
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, all, 1000, 0));
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, REGION_BYTES - 1000);
	KUNIT_EXPECT_EQ(test, dualtree_free(other, foreign, g), 0);
	expect_free(test, dt, all, 1000);
	expect_free(test, dt, all + 2000, REGION_BYTES - 2000);
	dt_expect_drained(test, dt);
}

/* With DUALTREE_ZERO what is added is clear, and what was there stays. */
static void extend_zero(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .flags = setup_flags(test) | DUALTREE_ZERO,
					    .min_region_order = REGION_ORDER);
	u8 *all = dualtree_alloc(dt, REGION_BYTES, GFP_KERNEL);
	size_t from, to;

	KUNIT_ASSERT_NOT_NULL(test, all);
	for (from = 1; from < 300; from += 17) {
		for (to = from + 1; to < 900; to += 31) {
			memset(all, 0xa5, REGION_BYTES);
			expect_free(test, dt, all + from, 1024 - from);
			KUNIT_ASSERT_TRUE(test, dualtree_extend(dt, all, from, to));
			KUNIT_EXPECT_TRUE(test, all_bytes(all, 0xa5, from));
			KUNIT_EXPECT_TRUE(test, all_bytes(all + from, 0, to - from));
			KUNIT_EXPECT_TRUE(test, all_bytes(all + 1024, 0xa5, 1024));
			KUNIT_ASSERT_TRUE(test, dualtree_extend(dt, all, to, 1024));
		}
	}
	expect_free(test, dt, all, REGION_BYTES);
	dt_expect_drained(test, dt);
}

static struct kunit_case extend_cases[] = {
	KUNIT_CASE_PARAM(extend_within_granule, setup_gen_params),
	KUNIT_CASE_PARAM(extend_shared_granule, setup_gen_params),
	KUNIT_CASE_PARAM(extend_into_hole, setup_gen_params),
	KUNIT_CASE_PARAM(extend_then_free_in_parts, setup_gen_params),
	KUNIT_CASE_PARAM(extend_to_end_of_region, setup_gen_params),
	KUNIT_CASE_PARAM(extend_into_cached, setup_gen_params),
	KUNIT_CASE_PARAM(extend_from_elsewhere, setup_gen_params),
	KUNIT_CASE_PARAM(extend_into_remote, setup_gen_params),
	KUNIT_CASE_PARAM(extend_nested, setup_gen_params),
	KUNIT_CASE_PARAM(extend_refused, setup_gen_params),
	KUNIT_CASE_PARAM(extend_zero, setup_gen_params),
	{}
};

DUALTREE_SUITE(extend, "growing in place");
