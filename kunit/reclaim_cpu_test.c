// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim without waiting for a CPU: CPUs that never schedule, that are inside a section or do not
 * drain their remote lists, that run without a tick, that go offline. What idle heaps give back is
 * in reclaim_test.c.
 */
#include <linux/cpu.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/tick.h>
#include "fixtures/hoard.h"
#include "fixtures/section.h"

/**
 * struct job - what some CPU does meanwhile
 * @work: the thread
 * @test: the case
 * @dt: the instance that it is about; NULL: none
 * @begun: it is running
 * @over: it has ended
 * @failed: some call did not do what it should
 * @stop: what goes on until then ends
 */
struct job {
	struct work_struct work;
	struct kunit *test;
	struct dualtree *dt;
	bool begun;
	bool over;
	bool failed;
	bool stop;
};

static void job_begin(struct job *job, work_func_t func, unsigned int cpu,
		      struct workqueue_struct *queue)
{
	INIT_WORK_ONSTACK(&job->work, func);
	queue_work_on(cpu, queue, &job->work);
}

static void job_end(struct job *job)
{
	WRITE_ONCE(job->stop, true);
	flush_work(&job->work);
	destroy_work_on_stack(&job->work);
}

static void no_op(struct work_struct *work)
{
}

/* Keep the CPU, in an open section of the instance if there is one. */
static void occupy(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	if (job->dt)
		hold_section(job->dt);
	else
		preempt_disable();
	WRITE_ONCE(job->begun, true);
	while (!READ_ONCE(job->stop))
		cpu_relax();
	if (job->dt)
		release_section(job->dt);
	else
		preempt_enable();
}

/* Nothing else is scheduled on that CPU from here on, until job_end(). */
static void occupy_cpu(struct job *job, unsigned int cpu)
{
	job_begin(job, occupy, cpu, system_percpu_wq);
	while (!READ_ONCE(job->begun))
		cond_resched();
}

/* A CPU whose thread keeps it, so that no other thread runs there. */
static void reclaim_busy_cpu(struct kunit *test)
{
	unsigned int there = dt_other_cpu(test, raw_smp_processor_id());
	struct hoard *hoard = dt_hoard_create(test, there, 0);
	struct job occupied = {}, waiting = {};

	occupy_cpu(&occupied, there);
	job_begin(&waiting, no_op, there, system_highpri_wq);
	dt_hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_GT(test, dualtree_shrink(hoard->dt), 0);
	KUNIT_EXPECT_EQ(test, held_bytes(hoard->dt), 0);
	/* No other thread has run there. */
	KUNIT_EXPECT_TRUE(test, work_busy(&waiting.work) & WORK_BUSY_PENDING);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	job_end(&occupied);
	job_end(&waiting);
	dt_hoard_expect_drained(test, hoard);
}

static void destroy(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	dt_test_instance_destroy(job->test, job->dt);
	WRITE_ONCE(job->over, true);
}

/* The report of what is left looks into all heaps, and waits for no CPU either. */
static void reclaim_destroy_busy_cpu(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct hoard *hoard = dt_hoard_create(test, there, DUALTREE_REPORT_LEAKS);
	struct job occupied = {}, destruction = { .test = test, .dt = hoard->dt };
	unsigned long end = jiffies + 5 * HZ;

	occupy_cpu(&occupied, there);
	job_begin(&destruction, destroy, here, system_percpu_wq);
	while (!READ_ONCE(destruction.over) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(HZ / 50);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(destruction.over));
	job_end(&occupied);
	job_end(&destruction);
}

static void shrink(struct work_struct *work)
{
	dualtree_shrink(container_of(work, struct job, work)->dt);
}

/* A call that arrives inside a section leaves the heap alone, and is made again. */
static void reclaim_open_section(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	struct hoard *hoard = dt_hoard_create(test, there, 0);
	struct job occupied = { .dt = hoard->dt }, shrinking = { .dt = hoard->dt };
	size_t held = held_bytes(hoard->dt);

	dt_hoard_free(hoard, 0, 1);
	occupy_cpu(&occupied, there);
	job_begin(&shrinking, shrink, here, system_percpu_wq);
	schedule_timeout_uninterruptible(HZ / 10);
	KUNIT_EXPECT_TRUE(test, work_busy(&shrinking.work));
	KUNIT_EXPECT_EQ(test, held_bytes(hoard->dt), held);
	job_end(&occupied);
	job_end(&shrinking);
	KUNIT_EXPECT_EQ(test, held_bytes(hoard->dt), 0);
	dt_hoard_expect_drained(test, hoard);
}

/* Make requests which are all served by the hot range. */
static void make_pairs(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	while (!READ_ONCE(job->stop)) {
		job->failed |= !alloc_and_free(job->dt, 64, GFP_KERNEL);
		cond_resched();
	}
}

/* A heap that is in use all the time, and never has to drain its remote list. */
static void reclaim_left_list(struct kunit *test)
{
	unsigned int there = dt_other_cpu(test, raw_smp_processor_id());
	struct hoard *hoard = dt_hoard_create(test, there, 0);
	struct job pairs = { .dt = hoard->dt };

	job_begin(&pairs, make_pairs, there, dt_test_queue(test));
	dt_hoard_free(hoard, 0, 1);
	/* What the pairs need, and a spare. */
	dt_hoard_expect_held(test, hoard, 2 * SZ_64K);
	job_end(&pairs);
	KUNIT_EXPECT_FALSE(test, pairs.failed);
	dt_hoard_expect_drained(test, hoard);
}

/* The heap of a CPU that goes offline is reclaimed, at once and after later frees. */
static void reclaim_dead_cpu(struct kunit *test)
{
	unsigned int cpu = dt_cpu_to_offline(test);
	struct hoard *hoard = dt_hoard_create(test, cpu, 0), *other = dt_hoard_create(test, cpu, 0);

	dt_hoard_free(hoard, 0, 1);
	dt_hoard_free(other, 0, 2);
	KUNIT_EXPECT_GT(test, held_bytes(hoard->dt), 0);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, held_bytes(hoard->dt), 0);
	KUNIT_EXPECT_GT(test, held_bytes(other->dt), 0);
	KUNIT_EXPECT_TRUE(test, dualtree_check(other->dt));
	dt_hoard_free(other, 1, 2);
	dt_hoard_expect_held(test, other, 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	smp_call_on_cpu(cpu, dt_hoard_alloc, hoard, false);
	dt_hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	KUNIT_EXPECT_FALSE(test, other->failed);
	dt_hoard_expect_drained(test, hoard);
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
	hoard = dt_hoard_create(test, cpu, 0);
	KUNIT_EXPECT_FALSE(test, has_heap(hoard->dt, cpu));
	KUNIT_EXPECT_EQ(test, stats_of(hoard->dt).nested_allocs, HOARD_NR);
	dt_hoard_free(hoard, 0, 1);
	KUNIT_EXPECT_FALSE(test, hoard->failed);
	dt_hoard_expect_held(test, hoard, 0);
	dt_hoard_expect_drained(test, hoard);
}

static struct kunit_case reclaim_cpu_cases[] = {
	KUNIT_CASE(reclaim_busy_cpu),
	KUNIT_CASE(reclaim_destroy_busy_cpu),
	KUNIT_CASE(reclaim_open_section),
	KUNIT_CASE(reclaim_left_list),
	KUNIT_CASE(reclaim_dead_cpu),
	KUNIT_CASE(reclaim_nohz_full),
	{}
};

DUALTREE_SUITE(reclaim_cpu, "reclaim that waits for no CPU", .init = dt_hoard_init);
