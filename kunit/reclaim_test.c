// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim by itself, and without waiting for a CPU: idle heaps, remote lists that their owners do
 * not drain, CPUs that never schedule, that run without a tick, that go offline.
 *
 * For what happens after some time, a case waits until it has happened, and fails only after many
 * times that.
 */
#include <linux/cpu.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/tick.h>
#include "../buddy/queue.h"
#include "../dualtree/cache.h"
#include "../dualtree/pass.h"
#include "../dualtree/pressure.h"
#include "../dualtree/reclaim.h"
#include "fixtures/files.h"
#include "fixtures/instance.h"
#include "fixtures/section.h"

/* Jiffies to wait: many times the interval of two passes over idle heaps. */
#define PATIENCE	(60 * HZ)

#define NR	50
#define BYTES	3000

/* A pass that runs meanwhile would give back what is looked at: none does from here on. */
static void expect_drained(struct kunit *test, struct dualtree *dt)
{
	dt_test_idle_ms(test, 0);
	dt_expect_drained(test, dt);
}

/**
 * struct hoard - what a test has on some CPU
 * @dt: the instance
 * @ptrs: its allocations, of BYTES each
 * @failed: some call did not do what it should
 */
struct hoard {
	struct dualtree *dt;
	u8 *ptrs[NR];
	bool failed;
};

static int hoard_alloc(void *arg)
{
	struct hoard *hoard = arg;
	unsigned int i;

	for (i = 0; i < NR; i++) {
		hoard->ptrs[i] = dualtree_alloc(hoard->dt, BYTES, GFP_KERNEL);
		hoard->failed |= !hoard->ptrs[i];
	}
	return 0;
}

static void hoard_free(struct hoard *hoard, unsigned int first, unsigned int step)
{
	unsigned int i;

	for (i = first; i < NR; i += step)
		hoard->failed |= dualtree_free(hoard->dt, hoard->ptrs[i], BYTES);
}

static struct hoard *hoard_create_with(struct kunit *test, unsigned int cpu, unsigned long flags)
{
	struct hoard *hoard = dt_test_zalloc(test, sizeof(*hoard));

	hoard->dt = test_instance(test, .flags = flags);
	KUNIT_ASSERT_EQ(test, smp_call_on_cpu(cpu, hoard_alloc, hoard, false), 0);
	KUNIT_ASSERT_FALSE(test, hoard->failed);
	return hoard;
}

static struct hoard *hoard_create(struct kunit *test, unsigned int cpu)
{
	return hoard_create_with(test, cpu, 0);
}

static void expect_given_back(struct kunit *test, struct hoard *hoard, size_t held)
{
	unsigned long end = jiffies + PATIENCE;

	while (stats_of(hoard->dt).held_bytes > held && time_before(jiffies, end))
		schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_LE(test, stats_of(hoard->dt).held_bytes, held);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).bad_frees, 0);
}

/**
 * struct occupied - a CPU on which nothing else is scheduled
 * @work: what runs there
 * @dt: in an open section of this instance; NULL: in none
 * @begun: it is running
 * @stop: until this is set
 */
struct occupied {
	struct work_struct work;
	struct dualtree *dt;
	bool begun;
	bool stop;
};

static void occupy(struct work_struct *work)
{
	struct occupied *o = container_of(work, struct occupied, work);

	if (o->dt)
		hold_section(o->dt);
	else
		preempt_disable();
	WRITE_ONCE(o->begun, true);
	while (!READ_ONCE(o->stop))
		cpu_relax();
	if (o->dt)
		release_section(o->dt);
	else
		preempt_enable();
}

static void occupied_begin(struct occupied *o, unsigned int cpu)
{
	INIT_WORK_ONSTACK(&o->work, occupy);
	queue_work_on(cpu, system_percpu_wq, &o->work);
	while (!READ_ONCE(o->begun))
		cond_resched();
}

static void occupied_end(struct occupied *o)
{
	WRITE_ONCE(o->stop, true);
	flush_work(&o->work);
	destroy_work_on_stack(&o->work);
}

static void no_op(struct work_struct *work)
{
}

/* A CPU whose thread keeps it, so that no other thread runs there. */
static void reclaim_busy_cpu(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct hoard *hoard = hoard_create(test, there);
	struct occupied occupied = {};
	struct work_struct waiting;

	dt_stay_on(test, here);
	occupied_begin(&occupied, there);
	INIT_WORK_ONSTACK(&waiting, no_op);
	queue_work_on(there, system_highpri_wq, &waiting);
	hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_GT(test, dualtree_shrink(hoard->dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).held_bytes, 0);
	/* No other thread has run there. */
	KUNIT_EXPECT_TRUE(test, work_busy(&waiting) & WORK_BUSY_PENDING);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	occupied_end(&occupied);
	flush_work(&waiting);
	destroy_work_on_stack(&waiting);
	expect_drained(test, hoard->dt);
}

/**
 * struct destruction - the end of an instance, in a thread of its own
 * @work: the thread
 * @test: the test
 * @dt: the instance
 * @over: it has ended
 */
struct destruction {
	struct work_struct work;
	struct kunit *test;
	struct dualtree *dt;
	bool over;
};

static void destroy(struct work_struct *work)
{
	struct destruction *d = container_of(work, struct destruction, work);

	dt_test_instance_destroy(d->test, d->dt);
	WRITE_ONCE(d->over, true);
}

/* The report of what is left looks into all heaps, and waits for no CPU either. */
static void reclaim_destroy_busy_cpu(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct hoard *hoard = hoard_create_with(test, there, DUALTREE_REPORT_LEAKS);
	struct destruction d = { .test = test, .dt = hoard->dt };
	unsigned long end = jiffies + 5 * HZ;
	struct occupied occupied = {};

	dt_stay_on(test, here);
	occupied_begin(&occupied, there);
	INIT_WORK_ONSTACK(&d.work, destroy);
	queue_work_on(here, system_percpu_wq, &d.work);
	while (!READ_ONCE(d.over) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(HZ / 50);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(d.over));
	occupied_end(&occupied);
	flush_work(&d.work);
	destroy_work_on_stack(&d.work);
}

/* A region that was retired where nothing can go back to the pool, as in NMI. */
static void reclaim_retired(struct kunit *test)
{
	struct hoard *hoard;
	struct dt_heap *heap;

	dt_stay_on(test, raw_smp_processor_id());
	dt_test_idle_ms(test, 0);
	hoard = hoard_create(test, raw_smp_processor_id());
	hoard_free(hoard, 0, 1);
	dualtree_shrink(hoard->dt);
	hoard->ptrs[0] = dualtree_alloc(hoard->dt, BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hoard->ptrs[0]);
	KUNIT_EXPECT_EQ(test, dualtree_free(hoard->dt, hoard->ptrs[0], BYTES), 0);
	preempt_disable();
	heap = __section_enter(hoard->dt->slots);
	dt_cache_flush(heap, CACHE_FLUSH_MAX);
	dt_heap_retire_spare(heap);
	__section_exit(hoard->dt->slots, heap);
	preempt_enable();
	KUNIT_EXPECT_GT(test, stats_of(hoard->dt).held_bytes, 0);
	dualtree_shrink(hoard->dt);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).held_bytes, 0);
}

/* A call now and then does not keep what the heap could do without. */
static void reclaim_keepalive(struct kunit *test)
{
	const size_t large = SZ_1M, small = max_t(size_t, SZ_64K, PAGE_SIZE);
	unsigned long end = jiffies + PATIENCE;
	struct dualtree *dt;
	void *ptr;

	dt_stay_on(test, raw_smp_processor_id());
	dt_test_idle_ms(test, 500);
	dt = test_instance(test);
	ptr = dualtree_alloc(dt, large, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, large), 0);
	KUNIT_EXPECT_GE(test, stats_of(dt).held_bytes, large);
	do {
		ptr = dualtree_alloc(dt, 200, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 200), 0);
		schedule_timeout_uninterruptible(HZ / 20);
	} while (stats_of(dt).held_bytes > small && time_before(jiffies, end));
	KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, small);
}

/**
 * struct shrinking - dualtree_shrink() in a thread of its own
 * @work: the thread
 * @dt: the instance
 */
struct shrinking {
	struct work_struct work;
	struct dualtree *dt;
};

static void shrink(struct work_struct *work)
{
	dualtree_shrink(container_of(work, struct shrinking, work)->dt);
}

/* A call that arrives inside a section leaves the heap alone, and is made again. */
static void reclaim_open_section(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct hoard *hoard = hoard_create(test, there);
	struct occupied occupied = { .dt = hoard->dt };
	struct shrinking shrinking = { .dt = hoard->dt };
	size_t held = stats_of(hoard->dt).held_bytes;

	dt_stay_on(test, here);
	hoard_free(hoard, 0, 1);
	occupied_begin(&occupied, there);
	INIT_WORK_ONSTACK(&shrinking.work, shrink);
	queue_work_on(here, system_percpu_wq, &shrinking.work);
	schedule_timeout_uninterruptible(HZ / 10);
	KUNIT_EXPECT_TRUE(test, work_busy(&shrinking.work));
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).held_bytes, held);
	occupied_end(&occupied);
	flush_work(&shrinking.work);
	destroy_work_on_stack(&shrinking.work);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).held_bytes, 0);
	expect_drained(test, hoard->dt);
}

/* A CPU that does not use its heap again: what other CPUs free of it goes back by itself. */
static void reclaim_idle_remote(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id();
	struct hoard *hoard = hoard_create(test, dt_other_cpu(test, here));

	dt_stay_on(test, here);
	hoard_free(hoard, 0, 1);
	expect_given_back(test, hoard, 0);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).frees, stats_of(hoard->dt).remote_frees);
}

/* The hot range, quick lists and the spare of an idle heap go back, on each CPU. */
static void reclaim_idle_cached(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id();
	struct hoard *hoard = hoard_create(test, here);

	dt_stay_on(test, here);
	hoard_free(hoard, 0, 2);
	hoard_free(hoard, 1, 2);
	KUNIT_EXPECT_GT(test, stats_of(hoard->dt).held_bytes, 0);
	expect_given_back(test, hoard, 0);
	/* It serves again. */
	hoard_alloc(hoard);
	hoard_free(hoard, 0, 1);
	expect_drained(test, hoard->dt);
}

/* The shared heap's spare goes back too. */
static void reclaim_idle_shared(struct kunit *test)
{
	struct hoard *hoard;
	void *ptr;

	dt_stay_on(test, raw_smp_processor_id());
	hoard = hoard_create(test, raw_smp_processor_id());
	hold_section(hoard->dt);
	ptr = dualtree_alloc(hoard->dt, BYTES, GFP_ATOMIC);
	hoard->failed |= dualtree_free(hoard->dt, ptr, BYTES);
	release_section(hoard->dt);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).nested_allocs, 1);
	KUNIT_EXPECT_GT(test, READ_ONCE(hoard->dt->shared.held_bytes), 0);
	expect_given_back(test, hoard, stats_of(hoard->dt).held_bytes -
				       hoard->dt->shared.held_bytes);
	hoard_free(hoard, 0, 1);
	expect_drained(test, hoard->dt);
}

/**
 * struct pairs - a thread whose requests are all served by the hot range
 * @work: the thread
 * @dt: the instance
 * @failed: an allocation or a free
 * @stop: until this is set
 */
struct pairs {
	struct work_struct work;
	struct dualtree *dt;
	bool failed;
	bool stop;
};

static void pairs_on(struct work_struct *work)
{
	struct pairs *pairs = container_of(work, struct pairs, work);
	void *ptr;

	while (!READ_ONCE(pairs->stop)) {
		ptr = dualtree_alloc(pairs->dt, 64, GFP_KERNEL);
		pairs->failed |= !ptr || dualtree_free(pairs->dt, ptr, 64);
		cond_resched();
	}
}

/* A heap that is in use all the time, and never has to drain its remote list. */
static void reclaim_left_list(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct hoard *hoard = hoard_create(test, there);
	struct pairs pairs = { .dt = hoard->dt };

	dt_stay_on(test, here);
	INIT_WORK_ONSTACK(&pairs.work, pairs_on);
	queue_work_on(there, dt_test_queue(test), &pairs.work);
	hoard_free(hoard, 0, 1);
	/* What the pairs need, and a spare. */
	expect_given_back(test, hoard, 2 * SZ_64K);
	WRITE_ONCE(pairs.stop, true);
	flush_work(&pairs.work);
	destroy_work_on_stack(&pairs.work);
	KUNIT_EXPECT_FALSE(test, pairs.failed);
	expect_drained(test, hoard->dt);
}

/* Turned off, nothing goes back any more, not even by a pass that was scheduled. */
static void reclaim_turned_off(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id();
	struct hoard *hoard;
	size_t held;

	dt_stay_on(test, here);
	dt_test_idle_ms(test, 300);
	hoard = hoard_create(test, dt_other_cpu(test, here));
	dt_test_idle_ms(test, 0);
	/* A pass would drain this list. */
	hoard_free(hoard, 0, 1);
	held = stats_of(hoard->dt).held_bytes;
	KUNIT_EXPECT_GT(test, held, 0);
	schedule_timeout_uninterruptible(HZ);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).held_bytes, held);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
}

/* Turned on, it is for what has been held since before that, too. */
static void reclaim_turned_on(struct kunit *test)
{
	struct hoard *hoard;

	dt_stay_on(test, raw_smp_processor_id());
	dt_test_idle_ms(test, 0);
	hoard = hoard_create(test, raw_smp_processor_id());
	hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_GT(test, stats_of(hoard->dt).held_bytes, 0);
	dt_test_idle_ms(test, 100);
	expect_given_back(test, hoard, 0);
}

/* Memory pressure asks heaps that are not idle yet. */
static void reclaim_pressure(struct kunit *test)
{
	struct hoard *hoard;

	dt_stay_on(test, raw_smp_processor_id());
	dt_test_idle_ms(test, 0);
	hoard = hoard_create(test, raw_smp_processor_id());
	hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_GT(test, stats_of(hoard->dt).held_bytes, 0);
	if (!dt_drop_slab_caches())
		kunit_skip(test, "cannot write drop_caches");
	expect_given_back(test, hoard, 0);
}

/* Make a heap busy: more calls than an idle one sees. */
static void be_busy(struct hoard *hoard)
{
	unsigned int i;
	void *ptr;

	for (i = 0; i < 200; i++) {
		ptr = dualtree_alloc(hoard->dt, BYTES, GFP_KERNEL);
		hoard->failed |= !ptr || dualtree_free(hoard->dt, ptr, BYTES);
	}
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

/* What kswapd asks for comes from idle heaps, and from busy ones only if there is nothing there. */
static void reclaim_idle_first(struct kunit *test)
{
	struct hoard *idle, *busy;
	unsigned int i;
	size_t held;

	dt_stay_on(test, raw_smp_processor_id());
	dt_test_idle_ms(test, 0);
	/* What other cases have left is gone: from here on kswapd asks for what is idle. */
	dt_pass_pressure(true);
	flush_workqueue(buddy_reclaim_queue);
	idle = hoard_create(test, raw_smp_processor_id());
	busy = hoard_create(test, raw_smp_processor_id());
	hoard_free(idle, 0, 1);
	hoard_free(busy, 0, 1);
	wait_for_look();
	kswapd_asks();
	be_busy(busy);
	wait_for_look();
	KUNIT_EXPECT_GT(test, stats_of(idle->dt).held_bytes, 0);
	held = stats_of(busy->dt).held_bytes;
	KUNIT_EXPECT_GT(test, held, 0);
	kswapd_asks();
	KUNIT_EXPECT_EQ(test, stats_of(idle->dt).held_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats_of(busy->dt).held_bytes, held);

	/* Nothing is idle any more. */
	for (i = 0; i < 10 && stats_of(busy->dt).held_bytes; i++) {
		be_busy(busy);
		schedule_timeout_uninterruptible(HZ);
		kswapd_asks();
	}
	KUNIT_EXPECT_EQ(test, stats_of(busy->dt).held_bytes, 0);
	KUNIT_EXPECT_FALSE(test, idle->failed);
	KUNIT_EXPECT_FALSE(test, busy->failed);
}

#define MANY	16

struct few {
	struct dualtree *dts[MANY];
	bool failed;
};

static int few_use(void *arg)
{
	struct few *few = arg;
	unsigned int i;
	void *ptr;

	for (i = 0; i < MANY; i++) {
		ptr = dualtree_alloc(few->dts[i], 64, GFP_KERNEL);
		few->failed |= !ptr || dualtree_free(few->dts[i], ptr, 64);
	}
	return 0;
}

/* One interrupt visits the heaps of many instances on its CPU. */
static void reclaim_one_interrupt(struct kunit *test)
{
	struct few *few = dt_test_zalloc(test, sizeof(*few));
	unsigned int i, here = raw_smp_processor_id(), there;
	unsigned long before;

	dt_stay_on(test, here);
	there = dt_other_cpu(test, here);
	dt_test_idle_ms(test, 0);
	flush_workqueue(buddy_reclaim_queue);
	for (i = 0; i < MANY; i++)
		few->dts[i] = test_instance(test, .flags = 0);
	if (tick_nohz_full_cpu(there))
		kunit_skip(test, "the other CPU runs without a tick");
	KUNIT_ASSERT_EQ(test, smp_call_on_cpu(there, few_use, few, false), 0);
	KUNIT_EXPECT_FALSE(test, few->failed);
	before = READ_ONCE(dt_reclaim_interrupts);
	dt_pass_pressure(true);
	flush_workqueue(buddy_reclaim_queue);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, stats_of(few->dts[i]).held_bytes, 0);
	KUNIT_EXPECT_LE(test, READ_ONCE(dt_reclaim_interrupts) - before, 2);
}

/* The shrinker's count is of a sample, and so of all. */
static void reclaim_count(struct kunit *test)
{
	enum { INSTANCES = 150 };
	size_t held = 0, pages;
	unsigned int i, j;
	void *ptr;

	dt_stay_on(test, raw_smp_processor_id());
	dt_test_idle_ms(test, 0);
	for (i = 0; i < INSTANCES; i++) {
		struct dualtree *dt = test_instance(test, .flags = 0);

		ptr = dualtree_alloc(dt, 64, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, ptr);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 64), 0);
		held += stats_of(dt).held_bytes;
	}
	for (j = 0; j < 5; j++) {
		pages = dt_pressure_count();
		KUNIT_EXPECT_GE(test, pages, (held >> PAGE_SHIFT) / 2);
		KUNIT_EXPECT_LE(test, pages, (held >> PAGE_SHIFT) * 2);
	}
}

/* Return: the highest CPU with a heap that can go offline; the case is skipped if there is none. */
static unsigned int cpu_to_take_away(struct kunit *test)
{
	unsigned int first = cpumask_first(cpu_online_mask), cpu, last = first;

	for_each_online_cpu(cpu)
		if (!tick_nohz_full_cpu(cpu))
			last = cpu;
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || last == first)
		kunit_skip(test, "needs a CPU that can be taken away");
	/* The case itself runs on another CPU. */
	dt_stay_on(test, first);
	return last;
}

/* The heap of a CPU that goes offline is reclaimed, at once and after later frees. */
static void reclaim_dead_cpu(struct kunit *test)
{
	unsigned int cpu = cpu_to_take_away(test);
	struct hoard *hoard = hoard_create(test, cpu), *other = hoard_create(test, cpu);

	hoard_free(hoard, 0, 1);
	hoard_free(other, 0, 2);
	KUNIT_EXPECT_GT(test, stats_of(hoard->dt).held_bytes, 0);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).held_bytes, 0);
	KUNIT_EXPECT_GT(test, stats_of(other->dt).held_bytes, 0);
	KUNIT_EXPECT_TRUE(test, dualtree_check(other->dt));
	hoard_free(other, 1, 2);
	expect_given_back(test, other, 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	smp_call_on_cpu(cpu, hoard_alloc, hoard, false);
	hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	KUNIT_EXPECT_FALSE(test, other->failed);
	expect_drained(test, hoard->dt);
}

/* A CPU without a tick has no heap, for which it would have to be interrupted. */
static void reclaim_nohz_full(struct kunit *test)
{
	unsigned int cpu;
	struct hoard *hoard;

	for_each_online_cpu(cpu)
		if (tick_nohz_full_cpu(cpu))
			break;
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "needs nohz_full= on the command line");
	hoard = hoard_create(test, cpu);
	KUNIT_EXPECT_FALSE(test, has_heap(hoard->dt, cpu));
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).nested_allocs, NR);
	hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	expect_given_back(test, hoard, 0);
	expect_drained(test, hoard->dt);
}

/* Idle heaps are reclaimed in this suite alone. */
static int reclaim_test_init(struct kunit *test)
{
	dt_test_idle_ms(test, 1000);
	return 0;
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE(reclaim_busy_cpu),
	KUNIT_CASE(reclaim_destroy_busy_cpu),
	KUNIT_CASE(reclaim_retired),
	KUNIT_CASE(reclaim_keepalive),
	KUNIT_CASE(reclaim_open_section),
	KUNIT_CASE(reclaim_idle_remote),
	KUNIT_CASE(reclaim_idle_cached),
	KUNIT_CASE(reclaim_idle_shared),
	KUNIT_CASE(reclaim_left_list),
	KUNIT_CASE(reclaim_turned_off),
	KUNIT_CASE(reclaim_turned_on),
	KUNIT_CASE(reclaim_pressure),
	KUNIT_CASE(reclaim_idle_first),
	KUNIT_CASE(reclaim_one_interrupt),
	KUNIT_CASE(reclaim_count),
	KUNIT_CASE(reclaim_dead_cpu),
	KUNIT_CASE(reclaim_nohz_full),
	{}
};

DUALTREE_SUITE(reclaim, "what heaps give back by themselves", .init = reclaim_test_init);
