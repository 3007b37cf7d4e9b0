// SPDX-License-Identifier: GPL-2.0
/*
 * Instances that are small and quiet: one heap serves all CPUs, until the instance is neither. A
 * stream that any CPU serves then holds little more than lives in it.
 */
#include <linux/cpumask.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include "../dualtree/check.h"
#include "../dualtree/percpu.h"
#include "../dualtree/section.h"
#include "fixtures/instance.h"
#include "fixtures/random.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the sizes of pieces; 0: pick one");

/* CPUs that have a heap of their own. */
static unsigned int own_heaps(const struct dualtree *dt)
{
	unsigned int cpu, nr = 0;

	for_each_possible_cpu(cpu)
		nr += !!heap_of_cpu(dt, cpu);
	return nr;
}

/**
 * struct call - an allocation or a free, to be made on some CPU
 * @dt: the instance
 * @ptr: what it returned, or is to free
 * @size: bytes
 */
struct call {
	struct dualtree *dt;
	void *ptr;
	size_t size;
};

static int alloc_here(void *arg)
{
	struct call *call = arg;

	call->ptr = dualtree_alloc(call->dt, call->size, GFP_KERNEL);
	return call->ptr ? 0 : -ENOMEM;
}

/* What one CPU frees another takes at once: neither grows. */
static void quiet_one_heap(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here), cpu, i;
	struct call call = { .size = 3000 };
	size_t held;

	dt_test_shared_calls(test, 8);
	call.dt = test_instance(test);
	KUNIT_ASSERT_EQ(test, alloc_here(&call), 0);
	held = stats_of(call.dt).held_bytes;
	KUNIT_EXPECT_LE(test, held, PAGE_SIZE);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, dt_free_on(i % 2 ? here : there, call.dt, call.ptr, 3000), 0);
		cpu = i % 3 ? here : there;
		KUNIT_ASSERT_EQ(test, smp_call_on_cpu(cpu, alloc_here, &call, false), 0);
	}
	KUNIT_EXPECT_EQ(test, own_heaps(call.dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(call.dt).nested_allocs, 101);
	KUNIT_EXPECT_EQ(test, stats_of(call.dt).held_bytes, held);
	KUNIT_EXPECT_TRUE(test, dualtree_check(call.dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(call.dt, call.ptr, 3000), 0);
	dt_expect_drained(test, call.dt);
}

/* A CPU that makes many allocations in a row has its own heap then, and not before. */
static void quiet_until_busy(struct kunit *test)
{
	const unsigned int calls = 8;
	struct dualtree *dt;
	unsigned int i;

	dt_test_shared_calls(test, calls);
	dt = test_instance(test);
	for (i = 0; i <= 2 * calls; i++) {
		KUNIT_ASSERT_TRUE(test, alloc_and_free(dt, 100, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, own_heaps(dt), i < calls ? 0 : 1);
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, calls);
	dt_expect_drained(test, dt);
}

/* Calls of CPUs in turn that may be made in 10 ms; and pairs among which any machine makes more. */
#define CALLS_IN_TURN	32
#define PAIRS_MAX	1000000

/* CPUs that take turns have heaps of their own where they make many calls in a short time. */
static void quiet_until_fast(struct kunit *test)
{
	struct dualtree *dt;
	unsigned int i;

	dt_test_shared_calls(test, 1);
	dt = test_instance(test);
	for (i = 0; i < PAIRS_MAX && !own_heaps(dt); i++) {
		/* As if another CPU had made a call in between. */
		WRITE_ONCE(dt->row_cpu, U16_MAX);
		KUNIT_ASSERT_TRUE(test, alloc_and_free(dt, 100, GFP_KERNEL));
	}
	KUNIT_EXPECT_GT(test, i, CALLS_IN_TURN);
	KUNIT_EXPECT_EQ(test, own_heaps(dt), 1);
	dt_expect_drained(test, dt);
}

/* An instance that is not small: a large request, or many small ones. */
static void quiet_until_large(struct kunit *test)
{
	struct dualtree *dt;
	unsigned int nr = 0;
	void *ptrs[64];

	dt_test_shared_calls(test, UINT_MAX);
	dt = test_instance(test);
	ptrs[0] = dt_must_alloc(test, dt, SZ_64K + 1);
	KUNIT_EXPECT_EQ(test, own_heaps(dt), 1);
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[0], SZ_64K + 1), 0);
	dt_test_instance_destroy(test, dt);

	dt = test_instance(test);
	while (nr < ARRAY_SIZE(ptrs) && !own_heaps(dt)) {
		ptrs[nr] = dualtree_alloc(dt, 2000, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, ptrs[nr++]);
	}
	KUNIT_EXPECT_EQ(test, own_heaps(dt), 1);
	/* The first one is the heap's own. */
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, nr - 1);
	KUNIT_EXPECT_LE(test, dt->shared.held_bytes, SZ_64K);
	while (nr--)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptrs[nr], 2000), 0);
	dt_expect_drained(test, dt);
}

/**
 * struct holder - another CPU, which holds the lock of the shared heap
 * @dt: the instance
 * @cpu: until this CPU has a heap
 * @holds: it has the lock
 * @work: what does it
 */
struct holder {
	struct dualtree *dt;
	unsigned int cpu;
	bool holds;
	struct work_struct work;
};

/* Looks at the other CPU before the lock is let go: more than a slow emulator needs. */
#define LOOKS_MAX	100000000

static void hold_lock(struct work_struct *work)
{
	struct holder *holder = container_of(work, struct holder, work);
	unsigned int left = LOOKS_MAX;
	unsigned long flags;

	raw_spin_lock_irqsave(&holder->dt->shared_lock, flags);
	WRITE_ONCE(holder->holds, true);
	while (!heap_of_cpu(holder->dt, holder->cpu) && left--)
		cpu_relax();
	raw_spin_unlock_irqrestore(&holder->dt->shared_lock, flags);
}

/* Where another CPU is in the shared heap, an allocation does not wait for it. */
static void quiet_until_contended(struct kunit *test)
{
	struct holder *holder = dt_test_zalloc(test, sizeof(*holder));
	void *ptr;

	dt_test_shared_calls(test, UINT_MAX);
	holder->dt = test_instance(test);
	holder->cpu = raw_smp_processor_id();
	INIT_WORK(&holder->work, hold_lock);
	queue_work_on(dt_other_cpu(test, holder->cpu), dt_test_queue(test), &holder->work);
	while (!READ_ONCE(holder->holds))
		cond_resched();
	ptr = dualtree_alloc(holder->dt, 100, GFP_KERNEL);
	flush_work(&holder->work);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_EQ(test, own_heaps(holder->dt), 1);
	KUNIT_EXPECT_EQ(test, stats_of(holder->dt).nested_allocs, 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(holder->dt, ptr, 100), 0);
	dt_expect_drained(test, holder->dt);
}

/* Pieces of a stream of audio: 37 KB live in all. */
#define PIECES	123

/* A stream that CPUs serve in turn, a piece each: what it holds for what lives in it. */
static void quiet_stream(struct kunit *test)
{
	struct call *pieces = dt_test_zalloc(test, PIECES * sizeof(*pieces));
	unsigned int cpu = raw_smp_processor_id(), refused = 0, i, at;
	struct dualtree_stats stats;
	struct rnd_state rnd;
	struct dualtree *dt;

	dt_other_cpu(test, cpu);
	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	dt_test_shared_calls(test, UINT_MAX);
	dt = test_instance(test);
	for (i = 0; i < 16 * PIECES; i++) {
		at = i % PIECES;
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		if (pieces[at].ptr)
			refused += !!dt_free_on(cpu, dt, pieces[at].ptr, pieces[at].size);
		pieces[at] = (struct call){ .dt = dt, .size = 200 + random_below(&rnd, 201) };
		KUNIT_ASSERT_EQ(test, smp_call_on_cpu(cpu, alloc_here, &pieces[at], false), 0);
	}
	stats = stats_of(dt);
	kunit_info(test, "held %zu, records %zu, live %zu\n", stats.held_bytes,
		   stats.record_bytes, stats.live_bytes);
	KUNIT_EXPECT_EQ(test, refused, 0);
	KUNIT_EXPECT_EQ(test, own_heaps(dt), 0);
	/* Records are larger where the kernel checks its locks. */
	KUNIT_EXPECT_LE(test, 2 * stats.held_bytes, 3 * stats.live_bytes);
	for (i = 0; i < PIECES; i++)
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, pieces[i].ptr, pieces[i].size), 0);
	dt_expect_drained(test, dt);
}

static struct kunit_case quiet_cases[] = {
	KUNIT_CASE(quiet_one_heap),
	KUNIT_CASE(quiet_until_busy),
	KUNIT_CASE(quiet_until_fast),
	KUNIT_CASE(quiet_until_large),
	KUNIT_CASE(quiet_until_contended),
	KUNIT_CASE(quiet_stream),
	{}
};

DUALTREE_SUITE(quiet, "instances that are small and quiet");
