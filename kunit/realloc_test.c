// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_realloc(): the range keeps its bytes, in place or moved; when it fails, the old range
 * is unchanged.
 */
#include "fixtures/setups.h"

#define REGION_ORDER	4
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)

#define region_instance(test)	setup_instance(test, .min_region_order = REGION_ORDER)

/* From one size to another; contents stay, and so many bytes are live as are asked for. */
static u8 *change(struct kunit *test, struct dualtree *dt, u8 *ptr, size_t len, size_t new_len)
{
	size_t live = stats_of(dt).live_bytes;
	u8 *to = dualtree_realloc(dt, ptr, len, new_len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, to);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live - (ptr ? len : 0) + new_len);
	KUNIT_EXPECT_TRUE(test, filled(to, 0, min(len, new_len)));
	dt_fill(to, 0, new_len);
	return to;
}

/* Expect NULL, and that nothing has changed; @bad: but that it was counted as a bad free. */
static void expect_refused(struct kunit *test, struct dualtree *dt, void *ptr, size_t len,
			   size_t new_len, bool bad)
{
	struct dualtree_stats before = stats_of(dt), after;

	KUNIT_EXPECT_NULL(test, dualtree_realloc(dt, ptr, len, new_len, GFP_KERNEL));
	after = stats_of(dt);
	before.bad_frees += bad;
	KUNIT_EXPECT_TRUE_MSG(test, stats_equal(&before, &after), "%zu to %zu bytes", len,
			      new_len);
}

/* Every size to every other, alone and with a live allocation right after it. */
static void realloc_sizes(struct kunit *test)
{
	static const size_t sizes[] = {
		1, 2, 63, 64, 65, 127, 128, 129, 1000, 4096, 5000, 65536, 70000, 300000,
	};
	struct dualtree *dt = region_instance(test);
	unsigned int i, k, wall;
	u8 *ptr, *next;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < ARRAY_SIZE(sizes); k++) {
			for (wall = 0; wall < 2; wall++) {
				ptr = dt_alloc_filled(test, dt, sizes[i]);
				next = wall ? dt_alloc_filled(test, dt, 64) : NULL;
				ptr = change(test, dt, ptr, sizes[i], sizes[k]);
				ptr = change(test, dt, ptr, sizes[k], sizes[i]);
				KUNIT_EXPECT_TRUE(test, !wall || filled(next, 0, 64));
				KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, sizes[i]), 0);
				KUNIT_EXPECT_EQ(test, dualtree_free(dt, next, 64), 0);
			}
			KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		}
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 0);
	dt_expect_drained(test, dt);
}

/* In place: less, the same, and more where the granules after it are free. */
static void realloc_in_place(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	u8 *ptr = change(test, dt, NULL, 0, 1000);

	KUNIT_EXPECT_PTR_EQ(test, change(test, dt, ptr, 1000, 1000), ptr);
	KUNIT_EXPECT_PTR_EQ(test, change(test, dt, ptr, 1000, 100), ptr);
	KUNIT_EXPECT_PTR_EQ(test, change(test, dt, ptr, 100, 128), ptr);
	KUNIT_EXPECT_PTR_EQ(test, change(test, dt, ptr, 128, 129), ptr);
	KUNIT_EXPECT_PTR_EQ(test, change(test, dt, ptr, 129, 20000), ptr);
	KUNIT_EXPECT_EQ(test, stats_of(dt).allocs, 1);
	KUNIT_EXPECT_EQ(test, stats_of(dt).frees, 1);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 20000), 0);
	dt_expect_drained(test, dt);
}

/* With a live neighbour it moves, and exactly the old range becomes free. */
static void realloc_moves(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	u8 *ptr = dt_alloc_filled(test, dt, 500), *wall = dt_alloc_filled(test, dt, 64), *to;
	struct dualtree_stats before = stats_of(dt), after;

	to = change(test, dt, ptr, 500, 513);
	KUNIT_EXPECT_TRUE(test, to != ptr);
	after = stats_of(dt);
	KUNIT_EXPECT_EQ(test, after.allocs, before.allocs + 1);
	KUNIT_EXPECT_EQ(test, after.frees, before.frees + 1);
	KUNIT_EXPECT_EQ(test, after.free_bytes,
			before.free_bytes + granule_bytes(500) - granule_bytes(513));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1), -EALREADY);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, to, 513), 0);
	KUNIT_EXPECT_TRUE(test, filled(wall, 0, 64));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, wall, 64), 0);
	dt_expect_drained(test, dt);
}

/* A part of an allocation: its neighbours in the granule do not move. */
static void realloc_part(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	u8 *ptr = dt_alloc_filled(test, dt, 1000), *to;
	size_t from, len;

	for (from = 1; from < 300; from += 37) {
		for (len = 1; len < 300; len += 41) {
			size_t live = stats_of(dt).live_bytes;

			to = dualtree_realloc(dt, ptr + from, len, len + 100, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, to);
			KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live + 100);
			KUNIT_ASSERT_TRUE(test, dt_filled(to, from, len));
			KUNIT_EXPECT_TRUE(test, filled(ptr, 0, from));
			KUNIT_EXPECT_TRUE(test, filled(ptr, from + len, 1000));
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, to, len + 100), 0);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, from), 0);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + from + len,
							    1000 - from - len), 0);
			ptr = dt_alloc_filled(test, dt, 1000);
		}
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1000), 0);
	dt_expect_drained(test, dt);
}

/* No memory for the move: the old bytes are untouched, and it can be tried again. */
static void realloc_no_memory(struct kunit *test)
{
	struct dualtree *dt =
		setup_instance(test, .min_region_order = REGION_ORDER, .limit = REGION_BYTES);
	struct dualtree_stats before, after;
	unsigned int i;
	u8 *a, *b;

	a = dt_alloc_filled(test, dt, PAGE_SIZE << 3);
	b = dt_alloc_filled(test, dt, PAGE_SIZE << 3);
	for (i = 1; i <= 5; i++) {
		before = stats_of(dt);
		KUNIT_EXPECT_NULL(test, dualtree_realloc(dt, a, PAGE_SIZE << 3,
							 (PAGE_SIZE << 3) + i, GFP_KERNEL));
		after = stats_of(dt);
		before.failed_allocs++;
		KUNIT_EXPECT_TRUE(test, stats_equal(&before, &after));
		KUNIT_EXPECT_TRUE(test, filled(a, 0, PAGE_SIZE << 3));
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, b, PAGE_SIZE << 3), 0);
	/* Now there is room, after it or before it. */
	if (a < b)
		a = change(test, dt, a, PAGE_SIZE << 3, (PAGE_SIZE << 3) + 5);
	KUNIT_EXPECT_TRUE(test, filled(a, 0, PAGE_SIZE << 3));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, a, (PAGE_SIZE << 3) + (a < b ? 5 : 0)), 0);
	dt_expect_drained(test, dt);
}

static void realloc_refused(struct kunit *test)
{
	struct dualtree *dt = region_instance(test), *other = region_instance(test);
	/* The last granule has 24 bytes of slack; where the hole begins 8 bytes of one stay. */
	const size_t g = DT_GRANULE, size = 16 * g - 24, hole = 3 * g + 8, gap = g + 36;
	u8 *ptr = dt_alloc_filled(test, dt, size), *foreign = dt_alloc_filled(test, other, 100);
	size_t max_size = dualtree_max_size(dt);
	u8 on_stack[8];

	/* Sizes that no instance has: refused, and not counted as bad frees. */
	expect_refused(test, dt, ptr, size, 0, false);
	expect_refused(test, dt, ptr, size, max_size + 1, false);
	expect_refused(test, dt, ptr, size, SIZE_MAX, false);
	expect_refused(test, dt, NULL, 0, 0, false);
	expect_refused(test, dt, NULL, 77, max_size + 1, false);
	/* Ranges that are not live. */
	expect_refused(test, dt, ptr, 0, 10, true);
	expect_refused(test, dt, ptr, 0, 0, true);
	expect_refused(test, dt, on_stack, 8, 16, true);
	expect_refused(test, dt, foreign, 100, 10, true);
	expect_refused(test, dt, foreign, 100, 100, true);
	expect_refused(test, dt, foreign, 100, 200, true);
	expect_refused(test, dt, ptr, SIZE_MAX, 100, true);
	expect_refused(test, dt, ptr, 16 * g, 2 * size, true);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + hole, gap), 0);
	expect_refused(test, dt, ptr, size, 2 * size, true);
	expect_refused(test, dt, ptr, size, size, true);
	expect_refused(test, dt, ptr, size, 10, true);
	expect_refused(test, dt, ptr + hole, gap, 50, true);
	KUNIT_EXPECT_TRUE(test, filled(ptr, 0, hole) && filled(ptr, hole + gap, size));
	KUNIT_EXPECT_TRUE(test, filled(foreign, 0, 100));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, hole), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + hole + gap, size - hole - gap), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(other, foreign, 100), 0);
	dt_expect_drained(test, dt);
	dt_expect_drained(test, other);
}

/* What is beyond the old bytes is clear, in place and moved; with the flag and with gfp. */
static void realloc_zero(struct kunit *test)
{
	unsigned int way;

	for (way = 0; way < 4; way++) {
		gfp_t gfp = GFP_KERNEL | (way & 1 ? 0 : __GFP_ZERO);
		struct dualtree *dt;
		size_t dirty = 0;
		u8 *all, *to;

		dt = test_instance(test, .min_region_order = REGION_ORDER,
				   .flags = setup_flags(test) | (way & 1 ? DUALTREE_ZERO : 0));
		all = dt_must_alloc(test, dt, REGION_BYTES);
		memset(all, 0xa5, REGION_BYTES);
		/* Room after it, or only elsewhere. */
		dirty = way & 2 ? 8192 : 100;
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, all + dirty, 4000), 0);
		to = dualtree_realloc(dt, all, 100, 3001, gfp);
		KUNIT_ASSERT_NOT_NULL(test, to);
		KUNIT_EXPECT_EQ(test, to == all, !(way & 2));
		KUNIT_EXPECT_TRUE(test, all_bytes(to, 0xa5, 100));
		KUNIT_EXPECT_TRUE(test, all_bytes(to + 100, 0, 2901));
		KUNIT_EXPECT_TRUE(test, all_bytes(all + dirty + 4000, 0xa5, 4000));
		dualtree_free(dt, to, 3001);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
}

/**
 * struct there - a call to be made on another CPU
 * @dt: the instance
 * @ptr: the range; the new one then
 * @len: its bytes
 * @new_len: bytes it is to have
 */
struct there {
	struct dualtree *dt;
	u8 *ptr;
	size_t len;
	size_t new_len;
};

static int realloc_there(void *arg)
{
	struct there *t = arg;

	t->ptr = dualtree_realloc(t->dt, t->ptr, t->len, t->new_len, GFP_KERNEL);
	return 0;
}

/* From another CPU: within the last granule in place, beyond it to memory of its own. */
static void realloc_elsewhere(struct kunit *test)
{
	struct dualtree *dt = region_instance(test);
	unsigned int other = dt_other_cpu(test, raw_smp_processor_id());
	u8 *ptr = dt_alloc_filled(test, dt, 100);
	struct there t = { .dt = dt, .ptr = ptr, .len = 100, .new_len = 128 };

	smp_call_on_cpu(other, realloc_there, &t, false);
	KUNIT_EXPECT_PTR_EQ(test, t.ptr, ptr);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 128);
	t.len = 128;
	t.new_len = 5000;
	smp_call_on_cpu(other, realloc_there, &t, false);
	KUNIT_ASSERT_NOT_NULL(test, t.ptr);
	KUNIT_EXPECT_TRUE(test, t.ptr != ptr);
	KUNIT_EXPECT_TRUE(test, filled(t.ptr, 0, 100));
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 5000);
	KUNIT_EXPECT_EQ(test, stats_of(dt).remote_frees, 1);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, t.ptr, 5000), 0);
	dt_expect_drained(test, dt);
}

static struct kunit_case realloc_cases[] = {
	KUNIT_CASE_PARAM(realloc_sizes, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_in_place, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_moves, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_part, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_no_memory, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_refused, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_zero, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_elsewhere, setup_gen_params),
	{}
};

DUALTREE_SUITE(realloc, "changing sizes, in place and not");
