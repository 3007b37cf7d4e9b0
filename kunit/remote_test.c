// SPDX-License-Identifier: GPL-2.0
/*
 * Frees from other CPUs and from interrupts.
 *
 * For each place of a free the counts agree, the owner drains all of it, and when everything is
 * freed all memory goes back to the pool. Two CPUs at the same time are in remote_race_test.c,
 * interrupts that arrive inside a section by chance and CPUs that go offline in interrupt_test.c.
 */
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/timer.h>
#include "../compat/timer.h"
#include "../dualtree/section.h"
#include "fixtures/instance.h"
#include "fixtures/section.h"

/**
 * struct job - allocations to free, or to make, somewhere else
 * @dt: the instance
 * @ptrs: the memory
 * @nr: how many
 * @size: bytes of each
 * @errors: calls that did not do what they should
 */
struct job {
	struct dualtree *dt;
	u8 *ptrs[64];
	unsigned int nr;
	size_t size;
	atomic_t errors;
};

static void job_alloc(struct job *job, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < job->nr; i++) {
		job->ptrs[i] = dualtree_alloc(job->dt, job->size, gfp);
		if (job->ptrs[i])
			memset(job->ptrs[i], i + 1, job->size);
		else
			atomic_inc(&job->errors);
	}
}

/* In three parts, the middle one first. */
static void job_free(struct job *job)
{
	size_t size = job->size, third = size / 3;
	unsigned int i;

	for (i = 0; i < job->nr; i++) {
		u8 *ptr = job->ptrs[i];

		if (!ptr)
			continue;
		if (!all_bytes(ptr, i + 1, size) ||
		    dualtree_free(job->dt, ptr + third, third) ||
		    !all_bytes(ptr, i + 1, third) ||
		    dualtree_free(job->dt, ptr, third) ||
		    !all_bytes(ptr + 2 * third, i + 1, size - 2 * third) ||
		    dualtree_free(job->dt, ptr + 2 * third, size - 2 * third))
			atomic_inc(&job->errors);
	}
}

static int job_alloc_here(void *arg)
{
	job_alloc(arg, GFP_KERNEL);
	return 0;
}

static int job_free_here(void *arg)
{
	job_free(arg);
	return 0;
}

static void job_free_ipi(void *arg)
{
	job_free(arg);
}

static void job_alloc_ipi(void *arg)
{
	job_alloc(arg, GFP_ATOMIC);
}

static struct job *job_create(struct kunit *test, struct dualtree *dt, unsigned int nr, size_t size)
{
	struct job *job = dt_test_zalloc(test, sizeof(*job));

	job->dt = dt;
	job->nr = nr;
	job->size = size;
	return job;
}

/* A job is done: no call failed, counts balance, everything can go back. */
static void expect_done(struct kunit *test, struct job *job)
{
	struct dualtree_stats stats = stats_of(job->dt);

	KUNIT_EXPECT_EQ(test, atomic_read(&job->errors), 0);
	KUNIT_EXPECT_EQ(test, stats.bad_frees, 0);
	KUNIT_EXPECT_EQ(test, stats.failed_allocs, 0);
	KUNIT_EXPECT_LE(test, stats.remote_frees, stats.frees);
	dt_expect_drained(test, job->dt);
}

/* CPU A allocates, B frees, A's next request finds the memory and needs no more. */
static void remote_free_is_drained(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 4,
					    .flags = DUALTREE_EXACT_FIT);
	struct job *job = job_create(test, dt, 10, 6400);
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a), round;
	struct dualtree_stats stats;

	for (round = 1; round <= 20; round++) {
		smp_call_on_cpu(a, job_alloc_here, job, false);
		stats = stats_of(dt);
		KUNIT_EXPECT_EQ(test, stats.held_bytes, PAGE_SIZE << 4);
		KUNIT_EXPECT_EQ(test, stats.live_bytes, 64000);
		KUNIT_EXPECT_EQ(test, stats.extents, 1);
		smp_call_on_cpu(b, job_free_here, job, false);
		stats = stats_of(dt);
		/* All in flight, none in a tree yet. */
		KUNIT_EXPECT_EQ(test, stats.live_bytes, 0);
		KUNIT_EXPECT_EQ(test, stats.free_bytes, PAGE_SIZE << 4);
		KUNIT_EXPECT_EQ(test, stats.largest_free, (PAGE_SIZE << 4) - 64000);
		KUNIT_EXPECT_EQ(test, stats.frees, round * 10 * 3);
		KUNIT_EXPECT_EQ(test, stats.remote_frees, stats.frees);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).region_gets, 1);
	expect_done(test, job);
}

/* A's requests take what B has freed run by run; what no request needs yet stays in flight. */
static void remote_runs_serve(struct kunit *test)
{
	const size_t size = 32 * DT_GRANULE;
	struct dualtree *dt = test_instance(test, .min_region_order = get_order(SZ_64K));
	/* As many as the region has room for: nothing else can serve a request. */
	struct job *job = job_create(test, dt, SZ_64K / size, size);
	struct job *freed = job_create(test, dt, job->nr / 2, size);
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a), i;
	struct job one = { .dt = dt, .nr = 1, .size = size };

	smp_call_on_cpu(a, job_alloc_here, job, false);
	for (i = 0; i < freed->nr; i++) {
		KUNIT_ASSERT_NOT_NULL(test, job->ptrs[2 * i]);
		memset(job->ptrs[2 * i], i + 1, size);
		freed->ptrs[i] = job->ptrs[2 * i];
	}
	smp_call_on_cpu(b, job_free_here, freed, false);
	KUNIT_EXPECT_EQ(test, stats_of(dt).in_flight_bytes, freed->nr * size);
	for (i = 0; i < freed->nr; i++) {
		smp_call_on_cpu(a, job_alloc_here, &one, false);
		KUNIT_EXPECT_PTR_EQ(test, one.ptrs[0], freed->ptrs[i]);
		KUNIT_EXPECT_EQ(test, stats_of(dt).in_flight_bytes, (freed->nr - i - 1) * size);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
		job->ptrs[2 * i] = one.ptrs[0];
		memset(one.ptrs[0], 2 * i + 1, size);
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).region_gets, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&one.errors) + atomic_read(&freed->errors), 0);
	smp_call_on_cpu(b, job_free_here, job, false);
	expect_done(test, job);
}

/* B frees parts of what A has; less than a granule goes nowhere and counts all the same. */
static void remote_free_parts(struct kunit *test)
{
	const size_t g = DT_GRANULE, size = 3 * g + 8;
	struct dualtree *dt = test_instance(test, .min_region_order = 4);
	struct job part = { .dt = dt, .nr = 1, .size = 30 };
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a), i;
	struct job *job = job_create(test, dt, 1, size);
	struct dualtree_stats stats;

	smp_call_on_cpu(a, job_alloc_here, job, false);
	KUNIT_ASSERT_NOT_NULL(test, job->ptrs[0]);
	memset(job->ptrs[0], 1, size);
	/* 3 parts of 10 bytes: the last 30 of the first granule. Then all of the second. */
	part.ptrs[0] = job->ptrs[0] + g - 30;
	smp_call_on_cpu(b, job_free_here, &part, false);
	stats = stats_of(dt);
	KUNIT_EXPECT_EQ(test, stats.frees, 3);
	KUNIT_EXPECT_EQ(test, stats.remote_frees, 0);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, size - 30);
	part.ptrs[0] = job->ptrs[0] + g;
	part.size = g;
	smp_call_on_cpu(b, job_free_here, &part, false);
	stats = stats_of(dt);
	KUNIT_EXPECT_EQ(test, stats.frees, 6);
	/* Only the one that took the last bytes. */
	KUNIT_EXPECT_EQ(test, stats.remote_frees, 1);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, size - 30 - g);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	for (i = 0; i < 2; i++) {
		part.ptrs[0] = job->ptrs[0] + (i ? 2 * g : 0);
		part.size = i ? size - 2 * g : g - 30;
		smp_call_on_cpu(i ? a : b, job_free_here, &part, false);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&part.errors), 0);
	expect_done(test, job);
}

/* A CPU that never allocated has no heap, and needs none to free. */
static void remote_free_without_heap(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct job *job = job_create(test, dt, 64, 1500);
	unsigned int a = raw_smp_processor_id(), cpu;

	for_each_online_cpu(cpu) {
		smp_call_on_cpu(a, job_alloc_here, job, false);
		smp_call_on_cpu(cpu, job_free_here, job, false);
		KUNIT_EXPECT_EQ(test, has_heap(dt, cpu), cpu == a);
		KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 0);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	expect_done(test, job);
}

static void free_irqs_off(struct job *job)
{
	unsigned long flags;

	local_irq_save(flags);
	job_free(job);
	local_irq_restore(flags);
}

/**
 * struct deferred - one of each thing that runs later, in an interrupt
 * @job: what to do
 * @work: hard interrupt
 * @tasklet: softirq
 * @timer: softirq
 */
struct deferred {
	struct job *job;
	struct irq_work work;
	struct tasklet_struct tasklet;
	struct timer_list timer;
};

static void free_irq_work(struct irq_work *work)
{
	job_free(container_of(work, struct deferred, work)->job);
}

static void free_tasklet(struct tasklet_struct *t)
{
	job_free(from_tasklet((struct deferred *)NULL, t, tasklet)->job);
}

static void free_timer(struct timer_list *t)
{
	job_free(container_of(t, struct deferred, timer)->job);
}

static void free_deferred(struct deferred *d, unsigned int kind, unsigned int cpu)
{
	if (kind == 0) {
		irq_work_queue(&d->work);
		irq_work_sync(&d->work);
	} else if (kind == 1) {
		tasklet_schedule(&d->tasklet);
		tasklet_kill(&d->tasklet);
	} else {
		d->timer.expires = jiffies + 1;
		add_timer_on(&d->timer, cpu);
		while (timer_pending(&d->timer))
			schedule_timeout_uninterruptible(1);
		timer_delete_sync(&d->timer);
	}
}

/* Frees of A's and of B's memory with interrupts off, in hard and in soft interrupts. */
static void remote_free_contexts(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct deferred *d = dt_test_zalloc(test, sizeof(*d));
	struct job *job = job_create(test, dt, 20, 777);
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a), i, cpu;

	dt_stay_on(test, a);
	d->job = job;
	init_irq_work(&d->work, free_irq_work);
	tasklet_setup(&d->tasklet, free_tasklet);
	timer_setup(&d->timer, free_timer, 0);
	for (i = 0; i < 12; i++) {
		cpu = i % 2 ? a : b;
		smp_call_on_cpu(cpu, job_alloc_here, job, false);
		if (i / 2 < 3)
			free_deferred(d, i / 2, a);
		else if (i / 2 == 3)
			free_irqs_off(job);
		else
			smp_call_function_single(i / 2 == 4 ? a : b, job_free_ipi, job, true);
		KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 0);
		KUNIT_EXPECT_EQ(test, stats_of(dt).frees, (i + 1) * 20 * 3);
		KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	}
	/* An interrupt allocates while the heap is not busy, and a thread frees that. */
	smp_call_function_single(b, job_alloc_ipi, job, true);
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, 0);
	job_free(job);
	expect_done(test, job);
}

static void remote_nested(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 4,
					    .flags = DUALTREE_EXACT_FIT);
	struct job *mine = job_create(test, dt, 16, 1000), *shared = job_create(test, dt, 16, 1000);
	unsigned int here = raw_smp_processor_id(), b = dt_other_cpu(test, here);
	struct dualtree_stats stats;

	dt_stay_on(test, here);
	job_alloc(mine, GFP_KERNEL);
	hold_section(dt);
	/* Not from the heap that is busy, and its memory goes to its list. */
	job_alloc(shared, GFP_ATOMIC);
	job_free(mine);
	release_section(dt);
	stats = stats_of(dt);
	KUNIT_EXPECT_EQ(test, stats.allocs, 32);
	KUNIT_EXPECT_EQ(test, stats.nested_allocs, 16);
	KUNIT_EXPECT_EQ(test, stats.regions, 2);
	KUNIT_EXPECT_EQ(test, stats.frees, 48);
	KUNIT_EXPECT_EQ(test, stats.remote_frees, 48);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, 16 * 1000);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	/* A free of the shared heap's memory is drained at once, on each CPU. */
	smp_call_on_cpu(b, job_free_here, shared, false);
	stats = stats_of(dt);
	KUNIT_EXPECT_EQ(test, stats.extents, 2);
	KUNIT_EXPECT_EQ(test, stats.largest_free, PAGE_SIZE << 4);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));

	hold_section(dt);
	job_alloc(shared, GFP_ATOMIC);
	job_free(shared);
	job_alloc(shared, GFP_ATOMIC);
	release_section(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, 48);
	KUNIT_EXPECT_EQ(test, stats_of(dt).regions, 2);
	smp_call_function_single(b, job_free_ipi, shared, true);
	job_alloc(mine, GFP_KERNEL);
	job_free(mine);
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, 48);
	KUNIT_EXPECT_EQ(test, stats_of(dt).region_gets, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&mine->errors), 0);
	expect_done(test, shared);
}

/* Destroy with frees in flight, and with live bytes in the shared heap too. */
static void remote_destroy_in_flight(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree *dt = test_instance(test, .pool = pool);
	struct job *job = job_create(test, dt, 64, 3000), *shared = job_create(test, dt, 9, 3000);
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a);

	dt_stay_on(test, a);
	job_alloc(job, GFP_KERNEL);
	job->nr = 40;
	smp_call_on_cpu(b, job_free_here, job, false);
	smp_call_on_cpu(b, job_alloc_here, job, false);
	job->nr = 20;
	/* From a CPU that has a heap, as was not so the first time. */
	job_free(job);
	KUNIT_EXPECT_EQ(test, stats_of(dt).remote_frees, (40 + 20) * 3);
	hold_section(dt);
	job_alloc(shared, GFP_ATOMIC);
	release_section(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).nested_allocs, 9);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->errors), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, (24 + 20 + 9) * 3000);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	dt_test_instance_destroy(test, dt);
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
}

static struct kunit_case remote_cases[] = {
	KUNIT_CASE(remote_free_is_drained),
	KUNIT_CASE(remote_runs_serve),
	KUNIT_CASE(remote_free_parts),
	KUNIT_CASE(remote_free_without_heap),
	KUNIT_CASE(remote_free_contexts),
	KUNIT_CASE(remote_nested),
	KUNIT_CASE(remote_destroy_in_flight),
	{}
};

DUALTREE_SUITE(remote, "frees from other CPUs and from interrupts");
