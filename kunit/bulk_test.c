// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_alloc_bulk() and dualtree_free_bulk(): each entry has the effect of a call of its own,
 * independent of the other entries.
 */
#include "fixtures/section.h"
#include "fixtures/setups.h"

#define NR_MAX	600

/**
 * struct batch - what a bulk call is made with
 * @dt: the instance
 * @ptrs: of an allocation
 * @ranges: of a free
 * @nr: entries
 * @ret: what the call returned
 */
struct batch {
	struct dualtree *dt;
	void *ptrs[NR_MAX];
	struct dualtree_range ranges[NR_MAX];
	unsigned int nr;
	int ret;
};

static struct batch *batch_create(struct kunit *test)
{
	struct batch *batch = dt_test_zalloc(test, sizeof(*batch));

	batch->dt = setup_instance(test);
	return batch;
}

static u8 mark(unsigned int i)
{
	return i * 7 + 1;
}

static void batch_alloc(struct kunit *test, struct batch *batch, unsigned int nr, size_t size)
{
	struct dualtree_stats before = stats_of(batch->dt), after;
	unsigned int i;

	memset(batch->ptrs, 0, sizeof(batch->ptrs));
	KUNIT_ASSERT_EQ(test, dualtree_alloc_bulk(batch->dt, size, GFP_KERNEL, nr, batch->ptrs),
			nr);
	after = stats_of(batch->dt);
	KUNIT_EXPECT_EQ(test, after.allocs, before.allocs + nr);
	KUNIT_EXPECT_EQ(test, after.live_bytes, before.live_bytes + nr * size);
	KUNIT_EXPECT_TRUE(test, nr == NR_MAX || !batch->ptrs[nr]);
	batch->nr = nr;
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_NOT_NULL(test, batch->ptrs[i]);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((uintptr_t)batch->ptrs[i], dualtree_granule()));
		memset(batch->ptrs[i], mark(i), size);
		batch->ranges[i] = (struct dualtree_range){ batch->ptrs[i], size };
	}
	/* All written, and none overwritten: they are apart. */
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_TRUE(test, all_bytes(batch->ptrs[i], mark(i), size));
	KUNIT_EXPECT_TRUE(test, dualtree_check(batch->dt));
}

static void bulk_counts(struct kunit *test)
{
	static const unsigned int counts[] = { 0, 1, 2, 15, 16, 17, 31, 32, 33, 100, NR_MAX };
	static const size_t sizes[] = { 1, 64, 100, 1500, 4096 };
	struct batch *batch = batch_create(test);
	struct dualtree_stats before;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		for (k = 0; k < ARRAY_SIZE(sizes); k++) {
			batch_alloc(test, batch, counts[i], sizes[k]);
			before = stats_of(batch->dt);
			KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges,
								 batch->nr), 0);
			KUNIT_EXPECT_EQ(test, stats_of(batch->dt).frees, before.frees + counts[i]);
			KUNIT_EXPECT_EQ(test, stats_of(batch->dt).live_bytes, 0);
			KUNIT_EXPECT_TRUE(test, dualtree_check(batch->dt));
		}
	}
	dt_expect_drained(test, batch->dt);
}

static void bulk_sizes_refused(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	const size_t sizes[] = { 0, dualtree_max_size(batch->dt) + 1, SIZE_MAX, SIZE_MAX - 62 };
	struct dualtree_stats none = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_EQ(test, dualtree_alloc_bulk(batch->dt, sizes[i], GFP_KERNEL, 5,
							  batch->ptrs), 0);
	KUNIT_EXPECT_EQ(test, dualtree_alloc_bulk(batch->dt, 64, GFP_KERNEL, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, NULL, 0), 0);
	dt_expect_stats(test, batch->dt, &none);
}

/* As many as there is memory for, all of it; one failure, and the rest can be freed. */
static void bulk_over_the_limit(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	const unsigned int fit = SZ_128K / 1024;
	unsigned int i, round;

	batch->dt = setup_instance(test, .limit = SZ_128K);
	for (round = 1; round <= 3; round++) {
		KUNIT_ASSERT_EQ(test, dualtree_alloc_bulk(batch->dt, 1000, GFP_KERNEL, NR_MAX,
							  batch->ptrs), fit);
		KUNIT_EXPECT_EQ(test, stats_of(batch->dt).failed_allocs, round);
		KUNIT_EXPECT_EQ(test, stats_of(batch->dt).live_bytes, fit * 1000);
		KUNIT_EXPECT_EQ(test, stats_of(batch->dt).free_bytes, 0);
		for (i = 0; i < fit; i++)
			batch->ranges[i] = (struct dualtree_range){ batch->ptrs[i], 1000 };
		KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges, fit), 0);
	}
	dt_expect_drained(test, batch->dt);
}

/* Good ones among wrong ones: each good one is freed, each wrong one is counted. */
static void bulk_mixed(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	struct dualtree_stats before, after;
	unsigned int i, wrong = 0, good = 0;
	u8 on_stack;

	batch_alloc(test, batch, 200, 300);
	/* Of every fifth nothing is left to free. */
	for (i = 0; i < batch->nr; i += 5)
		KUNIT_EXPECT_EQ(test, dualtree_free(batch->dt, batch->ptrs[i], 300), 0);
	for (i = 0; i < batch->nr; i++) {
		if (i % 5 == 1)
			batch->ranges[i].ptr = &on_stack;
		if (i % 5 == 2)
			batch->ranges[i].len = i % 2 ? 0 : SIZE_MAX;
		if (i % 5 == 3)
			batch->ranges[i] = (struct dualtree_range){ NULL, i };
		wrong += i % 5 < 3;
		good += i % 5 == 4;
	}
	before = stats_of(batch->dt);
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges, batch->nr), -EALREADY);
	after = stats_of(batch->dt);
	KUNIT_EXPECT_EQ(test, after.bad_frees, before.bad_frees + wrong);
	KUNIT_EXPECT_EQ(test, after.frees, before.frees + good);
	KUNIT_EXPECT_EQ(test, after.live_bytes, before.live_bytes - good * 300);
	KUNIT_EXPECT_TRUE(test, dualtree_check(batch->dt));
	/* From the second on: another one is the first that is wrong. */
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges + 1, 199), -EINVAL);
	for (i = 0; i < batch->nr; i++) {
		if (i % 5 == 0 || i % 5 == 4)
			continue;
		KUNIT_EXPECT_TRUE(test, all_bytes(batch->ptrs[i], mark(i), 300));
		KUNIT_EXPECT_EQ(test, dualtree_free(batch->dt, batch->ptrs[i], 300), 0);
	}
	dt_expect_drained(test, batch->dt);
}

/* What is wrong comes late, in another section than the first. */
static void bulk_first_error(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	struct dualtree_range ranges[60];
	unsigned int at, i;

	for (at = 0; at < ARRAY_SIZE(ranges) - 1; at++) {
		batch_alloc(test, batch, ARRAY_SIZE(ranges) - 2, 200);
		memcpy(ranges, batch->ranges, at * sizeof(*ranges));
		ranges[at] = (struct dualtree_range){ batch, 200 };
		for (i = at; i < batch->nr; i++)
			ranges[i + 1] = batch->ranges[i];
		/* Twice in one call: the second time it is free already. */
		ranges[batch->nr + 1] = batch->ranges[batch->nr - 1];
		KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, ranges, batch->nr + 2),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, stats_of(batch->dt).bad_frees, 2 * (at + 1));
		KUNIT_EXPECT_EQ(test, stats_of(batch->dt).live_bytes, 0);
	}
	dt_expect_drained(test, batch->dt);
}

/* The parts of each, in an order that has nothing to do with where they lie. */
static void bulk_parts(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	unsigned int i, k;

	batch_alloc(test, batch, 100, 777);
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 100; i++) {
			u8 *ptr = batch->ptrs[i * 37 % 100];

			batch->ranges[i + k * 100] = (struct dualtree_range){
				ptr + (k + 1) % 3 * 259, 259
			};
		}
	}
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges, 100), 0);
	KUNIT_EXPECT_EQ(test, stats_of(batch->dt).live_bytes, 100 * 518);
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_TRUE(test, all_bytes(batch->ptrs[i], mark(i), 259));
		KUNIT_EXPECT_TRUE(test, all_bytes(batch->ptrs[i] + 518, mark(i), 259));
	}
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges + 100, 200), 0);
	dt_expect_drained(test, batch->dt);
}

static int free_there(void *arg)
{
	struct batch *batch = arg;

	batch->ret = dualtree_free_bulk(batch->dt, batch->ranges, batch->nr);
	return 0;
}

static int alloc_there(void *arg)
{
	struct batch *batch = arg;

	batch->ret = dualtree_alloc_bulk(batch->dt, 500, GFP_KERNEL, batch->nr, batch->ptrs);
	return 0;
}

/* Of another CPU's memory, and of this one's among it. */
static void bulk_remote(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	unsigned int other = dt_other_cpu(test, raw_smp_processor_id()), i;
	struct dualtree_stats stats;

	batch_alloc(test, batch, 150, 500);
	smp_call_on_cpu(other, free_there, batch, false);
	KUNIT_EXPECT_EQ(test, batch->ret, 0);
	stats = stats_of(batch->dt);
	KUNIT_EXPECT_EQ(test, stats.remote_frees, 150);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, stats.held_bytes);
	KUNIT_EXPECT_TRUE(test, dualtree_check(batch->dt));
	batch_alloc(test, batch, 100, 500);
	smp_call_on_cpu(other, alloc_there, batch, false);
	KUNIT_EXPECT_EQ(test, batch->ret, 100);
	for (i = 0; i < 200; i++)
		if (i % 2)
			batch->ranges[100 + i / 2] = (struct dualtree_range){
				batch->ptrs[i / 2], 500
			};
	batch->nr = 200;
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges, 200), 0);
	KUNIT_EXPECT_EQ(test, stats_of(batch->dt).remote_frees, 250);
	dt_expect_drained(test, batch->dt);
}

/* In an interrupt that arrives inside a section: from the shared heap, and back to it. */
static void bulk_nested(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	unsigned int i, got;
	int err;

	batch_alloc(test, batch, 20, 500);
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges, 20), 0);
	hold_section(batch->dt);
	got = dualtree_alloc_bulk(batch->dt, 500, GFP_ATOMIC, 50, batch->ptrs);
	for (i = 0; i < got; i++)
		batch->ranges[i] = (struct dualtree_range){ batch->ptrs[i], 500 };
	err = dualtree_free_bulk(batch->dt, batch->ranges, got / 2);
	release_section(batch->dt);
	KUNIT_EXPECT_EQ(test, got, 50);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, stats_of(batch->dt).nested_allocs, 50);
	KUNIT_EXPECT_EQ(test, stats_of(batch->dt).live_bytes, 25 * 500);
	KUNIT_EXPECT_TRUE(test, dualtree_check(batch->dt));
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges + 25, 25), 0);
	dt_expect_drained(test, batch->dt);
}

static void bulk_zero(struct kunit *test)
{
	struct batch *batch = batch_create(test);
	unsigned int way, i;

	for (way = 0; way < 2; way++) {
		if (way)
			batch->dt = test_instance(test, .flags = setup_flags(test) | DUALTREE_ZERO);
		batch_alloc(test, batch, 100, 1000);
		KUNIT_EXPECT_EQ(test, dualtree_free_bulk(batch->dt, batch->ranges, 100), 0);
		KUNIT_EXPECT_EQ(test, dualtree_alloc_bulk(batch->dt, 1000,
							  GFP_KERNEL | (way ? 0 : __GFP_ZERO),
							  100, batch->ptrs), 100);
		for (i = 0; i < 100; i++) {
			KUNIT_EXPECT_TRUE(test, all_bytes(batch->ptrs[i], 0, 1000));
			KUNIT_EXPECT_EQ(test, dualtree_free(batch->dt, batch->ptrs[i], 1000), 0);
		}
		dt_expect_drained(test, batch->dt);
	}
}

static struct kunit_case bulk_cases[] = {
	KUNIT_CASE_PARAM(bulk_counts, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_sizes_refused, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_over_the_limit, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_mixed, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_first_error, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_parts, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_remote, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_nested, setup_gen_params),
	KUNIT_CASE_PARAM(bulk_zero, setup_gen_params),
	{}
};

DUALTREE_SUITE(bulk, "bulk allocations and frees");
