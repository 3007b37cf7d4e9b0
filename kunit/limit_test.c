// SPDX-License-Identifier: GPL-2.0
/*
 * At the limit of an instance, and at the bound of a call: what is free in any heap can be had
 * before an allocation fails, and a call that cannot sleep ends soon, however much waits.
 */
#include "../dualtree/remote.h"
#include "fixtures/instance.h"
#include "fixtures/section.h"

/* Bytes of each region. */
static size_t region_bytes(void)
{
	return max_t(size_t, SZ_64K, PAGE_SIZE);
}

static struct dualtree *limited(struct kunit *test, unsigned int regions)
{
	return test_instance(test, .limit = regions * region_bytes(),
			     .min_region_order = get_order(region_bytes()));
}

static int touch(void *dt)
{
	return alloc_and_free(dt, 64, GFP_KERNEL) ? 0 : -ENOMEM;
}

/* Another CPU's spare is all that the limit allows, and nothing is live. */
static void limit_other_cpu(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct dualtree *dt = limited(test, 1);

	dt_stay_on(test, here);
	KUNIT_ASSERT_EQ(test, smp_call_on_cpu(there, touch, dt, false), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, region_bytes());
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 0);
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 64, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 0);
	dt_expect_drained(test, dt);
}

/* What this CPU has freed of another's memory is in flight to it, and serves all the same. */
static void limit_in_flight(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct dualtree *dt = limited(test, 1);
	void *ptr;

	dt_stay_on(test, there);
	ptr = dt_must_alloc(test, dt, region_bytes());
	dt_stay_on(test, here);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, region_bytes()), 0);
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, region_bytes(), GFP_KERNEL));
	dt_expect_drained(test, dt);
}

/* More than the limit is no reason to ask all heaps, and fails as before. */
static void limit_exceeded(struct kunit *test)
{
	struct dualtree *dt = limited(test, 1);
	void *ptr = dt_must_alloc(test, dt, 64);

	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, 2 * region_bytes(), GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, region_bytes(), GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 2);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 64), 0);
	dt_expect_drained(test, dt);
}

/* The shared heap's own spare, which is too small, may be all that stands in the way. */
static void limit_shared_spare(struct kunit *test)
{
	struct dualtree *dt = limited(test, 2);

	KUNIT_ASSERT_EQ(test, touch(dt), 0);
	dualtree_shrink(dt);
	hold_section(dt);
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 64, GFP_ATOMIC));
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 2 * region_bytes(), GFP_ATOMIC));
	release_section(dt);
	dt_expect_drained(test, dt);
}

#define WAITING	2000
#define SMALL	100

/**
 * struct call - an allocation in an interrupt on another CPU
 * @dt: the instance
 * @ptr: what it returned
 * @drained: granules that it took off the remote list
 */
struct call {
	struct dualtree *dt;
	void *ptr;
	long drained;
};

static void call_in_interrupt(void *arg)
{
	struct call *call = arg;
	local64_t *in_flight = &heap_of_cpu(call->dt, smp_processor_id())->counts.in_flight;
	long before = local64_read(in_flight);

	call->ptr = dualtree_alloc(call->dt, SZ_32K, GFP_ATOMIC);
	call->drained = before - local64_read(in_flight);
}

/* Thousands of remote frees wait where an interrupt allocates: it takes some, and grows. */
static void limit_bounded_call(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here), i;
	void **ptrs = kunit_kcalloc(test, WAITING, sizeof(*ptrs), GFP_KERNEL);
	struct call call = { .dt = test_instance(test) };

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	dt_stay_on(test, there);
	KUNIT_ASSERT_EQ(test, dualtree_alloc_bulk(call.dt, SMALL, GFP_KERNEL, WAITING, ptrs),
			WAITING);
	dt_stay_on(test, here);
	/* Every other one, so that none makes a run with the next. */
	for (i = 0; i < WAITING; i += 2)
		KUNIT_EXPECT_EQ(test, dualtree_free(call.dt, ptrs[i], SMALL), 0);
	smp_call_function_single(there, call_in_interrupt, &call, true);
	KUNIT_EXPECT_NOT_NULL(test, call.ptr);
	KUNIT_EXPECT_GT(test, call.drained, 0);
	KUNIT_EXPECT_LE(test, call.drained, 3L * REMOTE_DRAIN_MAX * granules_of(SMALL));
	KUNIT_EXPECT_EQ(test, dualtree_free(call.dt, call.ptr, SZ_32K), 0);
	for (i = 1; i < WAITING; i += 2)
		KUNIT_EXPECT_EQ(test, dualtree_free(call.dt, ptrs[i], SMALL), 0);
	dt_expect_drained(test, call.dt);
}

static struct kunit_case limit_cases[] = {
	KUNIT_CASE(limit_other_cpu),
	KUNIT_CASE(limit_in_flight),
	KUNIT_CASE(limit_exceeded),
	KUNIT_CASE(limit_shared_spare),
	KUNIT_CASE(limit_bounded_call),
	{}
};

DUALTREE_SUITE(limit, "what can be had at an instance's limit, and bounded calls");
