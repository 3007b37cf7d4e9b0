// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim by itself: of idle heaps, and under memory pressure. That it waits for no CPU is in
 * reclaim_cpu_test.c.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/tick.h>
#include "../buddy/queue.h"
#include "../dualtree/cache.h"
#include "../dualtree/pass.h"
#include "../dualtree/pressure.h"
#include "../dualtree/reclaim.h"
#include "fixtures/files.h"
#include "fixtures/hoard.h"
#include "fixtures/section.h"

/* A region that was retired where nothing can go back to the pool, as in NMI. */
static void reclaim_retired(struct kunit *test)
{
	struct hoard *hoard;
	struct dt_heap *heap;

	dt_test_idle_ms(test, 0);
	hoard = dt_hoard_create(test, raw_smp_processor_id(), 0);
	dt_hoard_free(hoard, 0, 1);
	dualtree_shrink(hoard->dt);
	KUNIT_ASSERT_TRUE(test, alloc_and_free(hoard->dt, HOARD_BYTES, GFP_KERNEL));
	preempt_disable();
	heap = __section_enter(hoard->dt->slots);
	dt_cache_flush(heap, CACHE_FLUSH_MAX);
	dt_heap_retire_spare(heap);
	__section_exit(hoard->dt->slots, heap);
	preempt_enable();
	KUNIT_EXPECT_GT(test, held_bytes(hoard->dt), 0);
	dualtree_shrink(hoard->dt);
	KUNIT_EXPECT_EQ(test, held_bytes(hoard->dt), 0);
}

/* A call now and then does not keep what the heap could do without. */
static void reclaim_keepalive(struct kunit *test)
{
	const size_t large = SZ_1M, small = max_t(size_t, SZ_64K, PAGE_SIZE);
	unsigned long end = jiffies + PATIENCE;
	struct dualtree *dt;

	dt_test_idle_ms(test, 500);
	dt = test_instance(test);
	KUNIT_ASSERT_TRUE(test, alloc_and_free(dt, large, GFP_KERNEL));
	KUNIT_EXPECT_GE(test, held_bytes(dt), large);
	do {
		KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 200, GFP_KERNEL));
		schedule_timeout_uninterruptible(HZ / 20);
	} while (held_bytes(dt) > small && time_before(jiffies, end));
	KUNIT_EXPECT_LE(test, held_bytes(dt), small);
}

/* A CPU that does not use its heap again: what other CPUs free of it goes back by itself. */
static void reclaim_idle_remote(struct kunit *test)
{
	struct hoard *hoard = dt_hoard_create(test, dt_other_cpu(test, raw_smp_processor_id()), 0);

	dt_hoard_free(hoard, 0, 1);
	dt_hoard_expect_held(test, hoard, 0);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).frees, stats_of(hoard->dt).remote_frees);
}

/* The hot range, quick lists and the spare of an idle heap go back, on each CPU. */
static void reclaim_idle_cached(struct kunit *test)
{
	struct hoard *hoard = dt_hoard_create(test, raw_smp_processor_id(), 0);

	dt_hoard_free(hoard, 0, 2);
	dt_hoard_free(hoard, 1, 2);
	KUNIT_EXPECT_GT(test, held_bytes(hoard->dt), 0);
	dt_hoard_expect_held(test, hoard, 0);
	/* It serves again. */
	dt_hoard_alloc(hoard);
	dt_hoard_free(hoard, 0, 1);
	dt_hoard_expect_drained(test, hoard);
}

/* The shared heap's spare goes back too. */
static void reclaim_idle_shared(struct kunit *test)
{
	struct hoard *hoard = dt_hoard_create(test, raw_smp_processor_id(), 0);

	hold_section(hoard->dt);
	hoard->failed |= !alloc_and_free(hoard->dt, HOARD_BYTES, GFP_ATOMIC);
	release_section(hoard->dt);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).nested_allocs, 1);
	KUNIT_EXPECT_GT(test, READ_ONCE(hoard->dt->shared.held_bytes), 0);
	dt_hoard_expect_held(test, hoard, held_bytes(hoard->dt) - hoard->dt->shared.held_bytes);
	dt_hoard_free(hoard, 0, 1);
	dt_hoard_expect_drained(test, hoard);
}

/* Turned off, nothing goes back any more, not even by a pass that was scheduled. */
static void reclaim_turned_off(struct kunit *test)
{
	struct hoard *hoard;
	size_t held;

	dt_test_idle_ms(test, 300);
	hoard = dt_hoard_create(test, dt_other_cpu(test, raw_smp_processor_id()), 0);
	dt_test_idle_ms(test, 0);
	/* A pass would drain this list. */
	dt_hoard_free(hoard, 0, 1);
	held = held_bytes(hoard->dt);
	KUNIT_EXPECT_GT(test, held, 0);
	schedule_timeout_uninterruptible(HZ);
	KUNIT_EXPECT_EQ(test, held_bytes(hoard->dt), held);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
}

/* Turned on, it is for what has been held since before that, too. */
static void reclaim_turned_on(struct kunit *test)
{
	struct hoard *hoard;

	dt_test_idle_ms(test, 0);
	hoard = dt_hoard_create(test, raw_smp_processor_id(), 0);
	dt_hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_GT(test, held_bytes(hoard->dt), 0);
	dt_test_idle_ms(test, 100);
	dt_hoard_expect_held(test, hoard, 0);
}

/* Memory pressure asks heaps that are not idle yet. */
static void reclaim_pressure(struct kunit *test)
{
	struct hoard *hoard;

	dt_test_idle_ms(test, 0);
	hoard = dt_hoard_create(test, raw_smp_processor_id(), 0);
	dt_hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_GT(test, held_bytes(hoard->dt), 0);
	if (!dt_drop_slab_caches())
		kunit_skip(test, "cannot write drop_caches");
	dt_hoard_expect_held(test, hoard, 0);
}

/* Make a heap busy: more calls than an idle one sees. */
static void be_busy(struct hoard *hoard)
{
	unsigned int i;

	for (i = 0; i < 200; i++)
		hoard->failed |= !alloc_and_free(hoard->dt, HOARD_BYTES, GFP_KERNEL);
}

/* The shrinker is called by kswapd, and its pass has ended. */
static void kswapd_asks(void)
{
	dt_pressure_scan(true);
	flush_workqueue(buddy_reclaim_queue);
}

/* Longer than the time between two looks at a heap, for it to be found idle. */
static void wait_for_look(void)
{
	schedule_timeout_uninterruptible(HZ / 2);
}

/*
 * Nothing is idle any more but @quiet, if there is one: what that returns is next to nothing, and
 * what is busy goes, too.
 */
static void expect_busy_returned(struct kunit *test, struct hoard *busy, struct dualtree *quiet)
{
	unsigned int i;

	for (i = 0; i < 10 && held_bytes(busy->dt); i++) {
		be_busy(busy);
		if (quiet)
			KUNIT_EXPECT_TRUE(test, alloc_and_free(quiet, 64, GFP_KERNEL));
		schedule_timeout_uninterruptible(HZ);
		kswapd_asks();
	}
	KUNIT_EXPECT_EQ(test, held_bytes(busy->dt), 0);
	KUNIT_EXPECT_FALSE(test, busy->failed);
}

/* What kswapd asks for comes from idle heaps, and from busy ones only if there is nothing there. */
static void reclaim_idle_first(struct kunit *test)
{
	struct hoard *idle, *busy;
	size_t held;

	dt_test_idle_ms(test, 0);
	/* What other cases have left is gone: from here on kswapd asks for what is idle. */
	dt_pass_pressure(true);
	flush_workqueue(buddy_reclaim_queue);
	idle = dt_hoard_create(test, raw_smp_processor_id(), 0);
	busy = dt_hoard_create(test, raw_smp_processor_id(), 0);
	dt_hoard_free(idle, 0, 1);
	dt_hoard_free(busy, 0, 1);
	wait_for_look();
	kswapd_asks();
	be_busy(busy);
	wait_for_look();
	KUNIT_EXPECT_GT(test, held_bytes(idle->dt), 0);
	held = held_bytes(busy->dt);
	KUNIT_EXPECT_GT(test, held, 0);
	kswapd_asks();
	KUNIT_EXPECT_EQ(test, held_bytes(idle->dt), 0);
	KUNIT_EXPECT_EQ(test, held_bytes(busy->dt), held);

	expect_busy_returned(test, busy, NULL);
	KUNIT_EXPECT_FALSE(test, idle->failed);
}

/* The spare of a stream that pauses, of much that is held, does not keep what is busy. */
static void reclaim_little_idle(struct kunit *test)
{
	struct dualtree *live, *quiet;
	struct hoard *busy;
	unsigned int i;
	void *ptrs[12];

	dt_test_idle_ms(test, 0);
	dt_pass_pressure(true);
	flush_workqueue(buddy_reclaim_queue);
	live = test_instance(test);
	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		ptrs[i] = dt_must_alloc(test, live, SZ_1M);
	quiet = test_instance(test);
	busy = dt_hoard_create(test, raw_smp_processor_id(), 0);
	dt_hoard_free(busy, 0, 1);
	expect_busy_returned(test, busy, quiet);
	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		KUNIT_EXPECT_EQ(test, dualtree_free(live, ptrs[i], SZ_1M), 0);
}

/* What a pass returns of the shared heap counts, too: it is idle, so what is busy may stay. */
static void reclaim_shared_first(struct kunit *test)
{
	struct dualtree *dt;
	unsigned int i;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "a shared heap does not grow in a section on PREEMPT_RT");
	dt_test_idle_ms(test, 0);
	dt_pass_pressure(true);
	flush_workqueue(buddy_reclaim_queue);
	dt = test_instance(test);
	for (i = 0; i < 5; i++) {
		hold_section(dt);
		KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, HOARD_BYTES, GFP_ATOMIC));
		release_section(dt);
		KUNIT_EXPECT_GT(test, READ_ONCE(dt->shared.held_bytes), 0);
		wait_for_look();
		kswapd_asks();
		/* The first look tells nothing. */
		if (i)
			KUNIT_EXPECT_EQ(test, READ_ONCE(dt->shared.held_bytes), 0);
		KUNIT_EXPECT_FALSE(test, dt_pass_nothing_idle());
	}
}

static int use(void *dt)
{
	return alloc_and_free(dt, 64, GFP_KERNEL) ? 0 : -ENOMEM;
}

/* One interrupt visits the heaps of many instances on its CPU. */
static void reclaim_one_interrupt(struct kunit *test)
{
	unsigned int i, there = dt_other_cpu(test, raw_smp_processor_id());
	struct dualtree *dts[16];
	unsigned long before;

	if (tick_nohz_full_cpu(there))
		kunit_skip(test, "the other CPU runs without a tick");
	dt_test_idle_ms(test, 0);
	flush_workqueue(buddy_reclaim_queue);
	for (i = 0; i < ARRAY_SIZE(dts); i++) {
		dts[i] = test_instance(test);
		KUNIT_ASSERT_EQ(test, smp_call_on_cpu(there, use, dts[i], false), 0);
	}
	before = READ_ONCE(dt_reclaim_interrupts);
	dt_pass_pressure(true);
	flush_workqueue(buddy_reclaim_queue);
	for (i = 0; i < ARRAY_SIZE(dts); i++)
		KUNIT_EXPECT_EQ(test, held_bytes(dts[i]), 0);
	KUNIT_EXPECT_LE(test, READ_ONCE(dt_reclaim_interrupts) - before, 2);
}

/* The shrinker's count is of a sample, and so of all. */
static void reclaim_count(struct kunit *test)
{
	enum { INSTANCES = 150 };
	size_t held = 0, pages;
	unsigned int i, j;

	dt_test_idle_ms(test, 0);
	for (i = 0; i < INSTANCES; i++) {
		struct dualtree *dt = test_instance(test);

		KUNIT_ASSERT_TRUE(test, alloc_and_free(dt, 64, GFP_KERNEL));
		held += held_bytes(dt);
	}
	for (j = 0; j < 5; j++) {
		pages = dt_pressure_count();
		KUNIT_EXPECT_GE(test, pages, (held >> PAGE_SHIFT) / 2);
		KUNIT_EXPECT_LE(test, pages, (held >> PAGE_SHIFT) * 2);
	}
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE(reclaim_retired),
	KUNIT_CASE(reclaim_keepalive),
	KUNIT_CASE(reclaim_idle_remote),
	KUNIT_CASE(reclaim_idle_cached),
	KUNIT_CASE(reclaim_idle_shared),
	KUNIT_CASE(reclaim_turned_off),
	KUNIT_CASE(reclaim_turned_on),
	KUNIT_CASE(reclaim_pressure),
	KUNIT_CASE(reclaim_idle_first),
	KUNIT_CASE(reclaim_little_idle),
	KUNIT_CASE(reclaim_shared_first),
	KUNIT_CASE(reclaim_one_interrupt),
	KUNIT_CASE(reclaim_count),
	{}
};

DUALTREE_SUITE(reclaim, "what heaps give back by themselves", .init = dt_hoard_init);
