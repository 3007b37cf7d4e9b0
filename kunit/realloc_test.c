// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_realloc(): the bytes are there afterwards, wherever they are; and where it fails
 * they are where they were.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include "../compat/compat.h"
#include "instance.h"

static const struct dualtree_params setups[] = {
	{ .min_region_order = 4 },
	{ .min_region_order = 4, .flags = DUALTREE_EXACT_FIT },
};

static void setup_name(const struct dualtree_params *params, char *name)
{
	strscpy(name, params->flags ? "exact fit" : "default", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(setup, setups, setup_name);

static struct dualtree *setup_instance(struct kunit *test)
{
	stay_here(test);
	return instance_create(test, test->param_value);
}

static void fill(u8 *ptr, size_t from, size_t to)
{
	for (; from < to; from++)
		ptr[from] = from * 11 + (from >> 8) + 3;
}

static bool filled(const u8 *ptr, size_t from, size_t to)
{
	for (; from < to; from++)
		if (ptr[from] != (u8)(from * 11 + (from >> 8) + 3))
			return false;
	return true;
}

static u8 *alloc_filled(struct kunit *test, struct dualtree *dt, size_t size)
{
	u8 *ptr = dualtree_alloc(dt, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ptr);
	fill(ptr, 0, size);
	return ptr;
}

/* From one size to another; contents stay, and so many bytes are live as are asked for. */
static u8 *change(struct kunit *test, struct dualtree *dt, u8 *ptr, size_t len, size_t new_len)
{
	size_t live = stats_of(dt).live_bytes;
	u8 *to = dualtree_realloc(dt, ptr, len, new_len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, to);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live - (ptr ? len : 0) + new_len);
	KUNIT_EXPECT_TRUE(test, filled(to, 0, min(len, new_len)));
	fill(to, 0, new_len);
	return to;
}

/* It fails: NULL, and whatever was there is there; @bad: counted as a wrong free. */
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

/* Every size to every other, alone and with something live right behind. */
static void realloc_sizes(struct kunit *test)
{
	static const size_t sizes[] = {
		1, 2, 63, 64, 65, 127, 128, 129, 1000, 4096, 5000, 65536, 70000, 300000,
	};
	struct dualtree *dt = setup_instance(test);
	unsigned int i, k, wall;
	u8 *ptr, *behind;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < ARRAY_SIZE(sizes); k++) {
			for (wall = 0; wall < 2; wall++) {
				ptr = alloc_filled(test, dt, sizes[i]);
				behind = wall ? alloc_filled(test, dt, 64) : NULL;
				ptr = change(test, dt, ptr, sizes[i], sizes[k]);
				ptr = change(test, dt, ptr, sizes[k], sizes[i]);
				KUNIT_EXPECT_TRUE(test, !wall || filled(behind, 0, 64));
				KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, sizes[i]), 0);
				KUNIT_EXPECT_EQ(test, dualtree_free(dt, behind, 64), 0);
			}
			KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		}
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 0);
	expect_drained(test, dt);
}

/* What need not move does not: less, the same, and more where what lies behind is free. */
static void realloc_in_place(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
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
	expect_drained(test, dt);
}

/* Behind a wall it moves, and where it was is free: all of it, and nothing more. */
static void realloc_moves(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	u8 *ptr = alloc_filled(test, dt, 500), *wall = alloc_filled(test, dt, 64), *to;
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
	expect_drained(test, dt);
}

/* A piece out of the middle: its neighbours in the granule stay where they are. */
static void realloc_piece(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test);
	u8 *ptr = alloc_filled(test, dt, 1000), *to;
	size_t from, len;

	for (from = 1; from < 300; from += 37) {
		for (len = 1; len < 300; len += 41) {
			size_t live = stats_of(dt).live_bytes, i;

			to = dualtree_realloc(dt, ptr + from, len, len + 100, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, to);
			KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, live + 100);
			for (i = 0; i < len; i++)
				KUNIT_ASSERT_EQ(test, to[i],
						(u8)((from + i) * 11 + ((from + i) >> 8) + 3));
			KUNIT_EXPECT_TRUE(test, filled(ptr, 0, from));
			KUNIT_EXPECT_TRUE(test, filled(ptr, from + len, 1000));
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, to, len + 100), 0);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, from), 0);
			KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + from + len,
							    1000 - from - len), 0);
			ptr = alloc_filled(test, dt, 1000);
		}
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 1000), 0);
	expect_drained(test, dt);
}

/* No memory for the move: the old bytes are untouched, and it can be tried again. */
static void realloc_no_memory(struct kunit *test)
{
	const struct dualtree_params *base = test->param_value;
	struct dualtree_params params = *base;
	struct dualtree_stats before, after;
	struct dualtree *dt;
	unsigned int i;
	u8 *a, *b;

	params.limit = PAGE_SIZE << 4;
	stay_here(test);
	dt = instance_create(test, &params);
	a = alloc_filled(test, dt, PAGE_SIZE << 3);
	b = alloc_filled(test, dt, PAGE_SIZE << 3);
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
	/* Now there is room, behind it or in front. */
	if (a < b)
		a = change(test, dt, a, PAGE_SIZE << 3, (PAGE_SIZE << 3) + 5);
	KUNIT_EXPECT_TRUE(test, filled(a, 0, PAGE_SIZE << 3));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, a, (PAGE_SIZE << 3) + (a < b ? 5 : 0)), 0);
	expect_drained(test, dt);
}

static void realloc_refused(struct kunit *test)
{
	struct dualtree *dt = setup_instance(test), *other = setup_instance(test);
	/* The last granule has 24 bytes of slack; where the hole begins 8 bytes of one stay. */
	const size_t g = DT_GRANULE, size = 16 * g - 24, hole = 3 * g + 8, gap = g + 36;
	u8 *ptr = alloc_filled(test, dt, size), *foreign = alloc_filled(test, other, 100);
	size_t most = dualtree_max_size(dt);
	u8 on_stack[8];

	/* Sizes that there are not: nobody's mistake. */
	expect_refused(test, dt, ptr, size, 0, false);
	expect_refused(test, dt, ptr, size, most + 1, false);
	expect_refused(test, dt, ptr, size, SIZE_MAX, false);
	expect_refused(test, dt, NULL, 0, 0, false);
	expect_refused(test, dt, NULL, 77, most + 1, false);
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
	expect_drained(test, dt);
	expect_drained(test, other);
}

/* What is beyond the old bytes is clear, in place and moved; with the flag and with gfp. */
static void realloc_zero(struct kunit *test)
{
	const struct dualtree_params *base = test->param_value;
	struct dualtree_params params = *base;
	unsigned int way;

	stay_here(test);
	for (way = 0; way < 4; way++) {
		gfp_t gfp = GFP_KERNEL | (way & 1 ? 0 : __GFP_ZERO);
		struct dualtree *dt;
		size_t dirty = 0;
		u8 *all, *to;

		params.flags = base->flags | (way & 1 ? DUALTREE_ZERO : 0);
		dt = instance_create(test, &params);
		all = dualtree_alloc(dt, PAGE_SIZE << 4, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, all);
		memset(all, 0xa5, PAGE_SIZE << 4);
		/* Room behind it, or only elsewhere. */
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
 * @new_len: bytes it shall have
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
	struct dualtree *dt = setup_instance(test);
	unsigned int other = other_cpu(test, raw_smp_processor_id());
	u8 *ptr = alloc_filled(test, dt, 100);
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
	expect_drained(test, dt);
}

static struct kunit_case realloc_cases[] = {
	KUNIT_CASE_PARAM(realloc_sizes, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_in_place, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_moves, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_piece, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_no_memory, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_refused, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_zero, setup_gen_params),
	KUNIT_CASE_PARAM(realloc_elsewhere, setup_gen_params),
	{}
};

static struct kunit_suite realloc_suite = {
	.name = "dualtree_realloc",
	.test_cases = realloc_cases,
};

kunit_test_suite(realloc_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of changing sizes, in place and not");
MODULE_LICENSE("GPL");
