// SPDX-License-Identifier: GPL-2.0
/*
 * Frees and allocations in NMIs that arrive in a chosen state: inside a section, under a lock. A
 * free always succeeds. An allocation gets what the heap has, or NULL; it never waits and never
 * calls the page allocator. NMIs that arrive anywhere are in nmi_storm_test.c.
 *
 * With kmemleak, what an NMI frees stays on a remote list until the owner drains it (see
 * dualtree/kmemleak.h).
 */
#include "fixtures/instance.h"
#include "fixtures/nmi.h"
#include "fixtures/section.h"

#define JOB_NR		20
#define JOB_SIZE	1000

/**
 * struct job - calls to be made in an NMI, and what came of them
 * @dt: the instance
 * @ptrs: memory
 * @size: bytes of each
 * @err: what the last free returned that did not return 0
 * @was_nmi: it was one
 */
struct job {
	struct dualtree *dt;
	u8 *ptrs[JOB_NR];
	size_t size;
	int err;
	bool was_nmi;
};

static void job_alloc(void *arg)
{
	struct job *job = arg;
	unsigned int i;

	job->was_nmi = in_nmi();
	for (i = 0; i < JOB_NR; i++)
		job->ptrs[i] = dualtree_alloc(job->dt, job->size, GFP_ATOMIC);
}

static int job_alloc_here(void *arg)
{
	struct job *job = arg;
	unsigned int i;

	for (i = 0; i < JOB_NR; i++)
		job->ptrs[i] = dualtree_alloc(job->dt, job->size, GFP_KERNEL);
	return 0;
}

static void part_free(struct job *job, u8 *ptr, size_t len)
{
	job->err = dualtree_free(job->dt, ptr, len) ?: job->err;
}

/* In two parts that share a granule, the tail first. */
static void job_free(void *arg)
{
	struct job *job = arg;
	unsigned int i;

	job->was_nmi = in_nmi();
	for (i = 0; i < JOB_NR; i++) {
		part_free(job, job->ptrs[i] + 99, job->size - 99);
		part_free(job, job->ptrs[i], 99);
	}
}

/* One part of each; the rest is there yet. */
static void job_free_head(void *arg)
{
	struct job *job = arg;
	unsigned int i;

	job->was_nmi = in_nmi();
	for (i = 0; i < JOB_NR; i++)
		part_free(job, job->ptrs[i], 99);
}

static void job_free_tail(struct job *job)
{
	unsigned int i;

	for (i = 0; i < JOB_NR; i++)
		part_free(job, job->ptrs[i] + 99, job->size - 99);
}

static struct job *job_create(struct kunit *test)
{
	struct job *job = dt_test_zalloc(test, sizeof(*job));

	/* All jobs fit in a region. */
	job->dt = test_instance(test, .min_region_order = get_order(SZ_64K));
	job->size = JOB_SIZE;
	return job;
}

static bool has_all(const struct job *job)
{
	unsigned int i;

	for (i = 0; i < JOB_NR && job->ptrs[i]; i++)
		memset(job->ptrs[i], i, job->size);
	return i == JOB_NR;
}

static bool has_none(const struct job *job)
{
	return !memchr_inv(job->ptrs, 0, sizeof(job->ptrs));
}

/* Expect that all was freed in NMI, and that @remote of these frees are in flight. */
static void expect_freed(struct kunit *test, struct job *job, unsigned int frees,
			 unsigned int remote)
{
	struct dualtree_stats stats = stats_of(job->dt);

	KUNIT_EXPECT_TRUE(test, job->was_nmi);
	KUNIT_EXPECT_EQ(test, job->err, 0);
	KUNIT_EXPECT_EQ(test, stats.frees, frees);
	KUNIT_EXPECT_EQ(test, stats.remote_frees, remote);
	KUNIT_EXPECT_EQ(test, stats.bad_frees, 0);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
}

/* With kmemleak a free in NMI is never local. */
static unsigned int local_or(unsigned int frees)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ? frees : 0;
}

static void nmi_free_local(struct kunit *test)
{
	struct job *job = job_create(test);

	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	dt_call_in_nmi(test, job_free, job);
	/* Both parts bring granules to 0. */
	expect_freed(test, job, 2 * JOB_NR, local_or(2 * JOB_NR));
	dt_expect_drained(test, job->dt);
}

static void nmi_free_remote(struct kunit *test)
{
	struct job *job = job_create(test);
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);

	dt_stay_on(test, here);
	smp_call_on_cpu(there, job_alloc_here, job, false);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	dt_call_in_nmi(test, job_free, job);
	expect_freed(test, job, 2 * JOB_NR, 2 * JOB_NR);
	/* The owner drains it, and needs no other region. */
	smp_call_on_cpu(there, job_alloc_here, job, false);
	KUNIT_EXPECT_TRUE(test, has_all(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 1);
	job_free(job);
	dt_expect_drained(test, job->dt);
}

/* The NMI comes inside a section: the heap is left alone. */
static void nmi_free_busy(struct kunit *test)
{
	struct job *job = job_create(test);

	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	hold_section(job->dt);
	dt_call_in_nmi(test, job_free, job);
	release_section(job->dt);
	expect_freed(test, job, 2 * JOB_NR, 2 * JOB_NR);
	dt_expect_drained(test, job->dt);
}

/* As dt_call_in_nmi(), in an NMI that comes while the shared heap's lock is held. */
static void call_in_nmi_locked(struct kunit *test, struct dualtree *dt, void (*call)(void *arg),
			       void *arg)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&dt->shared_lock, flags);
	dt_call_in_nmi(test, call, arg);
	raw_spin_unlock_irqrestore(&dt->shared_lock, flags);
}

/* Memory of the shared heap: its remote list accepts a push while its lock is held. */
static void nmi_free_shared(struct kunit *test)
{
	struct job *job = job_create(test);
	unsigned int round;

	for (round = 1; round <= 2; round++) {
		/* So that the CPU has a heap that can be busy, as an interrupt would find it. */
		job_alloc_here(job);
		job_free(job);
		hold_section(job->dt);
		job_alloc(job);
		release_section(job->dt);
		KUNIT_ASSERT_TRUE(test, has_all(job));
		KUNIT_EXPECT_EQ(test, stats_of(job->dt).nested_allocs, round * JOB_NR);
		if (round == 1)
			dt_call_in_nmi(test, job_free, job);
		else
			call_in_nmi_locked(test, job->dt, job_free, job);
		KUNIT_EXPECT_TRUE(test, job->was_nmi);
		KUNIT_EXPECT_EQ(test, stats_of(job->dt).frees, round * 4 * JOB_NR);
		KUNIT_EXPECT_EQ(test, stats_of(job->dt).live_bytes, 0);
		KUNIT_EXPECT_EQ(test, job->err, 0);
		KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	}
	dt_expect_drained(test, job->dt);
}

/* A thread frees the other part of what an NMI has freed one of, and the other way round. */
static void nmi_free_part(struct kunit *test)
{
	struct job *job = job_create(test);
	unsigned int i;

	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	dt_call_in_nmi(test, job_free_head, job);
	/* 99 bytes are one granule and a part of another. */
	expect_freed(test, job, JOB_NR, local_or(JOB_NR));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).live_bytes, JOB_NR * (JOB_SIZE - 99));
	for (i = 0; i < JOB_NR; i++)
		KUNIT_EXPECT_TRUE(test, all_bytes(job->ptrs[i] + 99, i, JOB_SIZE - 99));
	job_free_tail(job);
	expect_freed(test, job, 2 * JOB_NR, local_or(JOB_NR));
	dt_expect_drained(test, job->dt);
}

/**
 * struct wrong - a free that is to be refused
 * @dt: the instance
 * @ptr: the first byte
 * @len: bytes
 * @err: what came of it
 */
struct wrong {
	struct dualtree *dt;
	const void *ptr;
	size_t len;
	int err;
};

static void free_wrong(void *arg)
{
	struct wrong *wrong = arg;

	wrong->err = dualtree_free(wrong->dt, wrong->ptr, wrong->len);
}

static void nmi_free_wrong(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	static int in_module;
	u8 *live, *gone;
	unsigned int i;

	live = dualtree_alloc(dt, 640, GFP_KERNEL);
	gone = dualtree_alloc(dt, 640, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, live && gone);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, gone, 640), 0);
	memset(live, 7, 640);
	for (i = 0; i < 2; i++) {
		struct wrong wrongs[] = {
			{ dt, gone, 640, 0 }, { dt, live, 0, 0 }, { dt, &wrongs, 64, 0 },
			{ dt, &in_module, 64, 0 }, { dt, (void *)-64UL, 32, 0 },
		};
		unsigned int k;

		for (k = 0; k < ARRAY_SIZE(wrongs); k++) {
			/* Inside a section too. */
			if (i)
				hold_section(dt);
			dt_call_in_nmi(test, free_wrong, &wrongs[k]);
			if (i)
				release_section(dt);
			KUNIT_EXPECT_EQ(test, wrongs[k].err, k ? -EINVAL : -EALREADY);
		}
		KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, (i + 1) * ARRAY_SIZE(wrongs));
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 640);
	KUNIT_EXPECT_TRUE(test, all_bytes(live, 7, 640));
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, live, 640), 0);
	dt_expect_drained(test, dt);
}

/* An allocation gets what this CPU's heap has cached. */
static void nmi_alloc_idle(struct kunit *test)
{
	struct job *job = job_create(test);
	struct dualtree_stats stats;

	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	job_free(job);
	dt_call_in_nmi(test, job_alloc, job);
	KUNIT_EXPECT_TRUE(test, job->was_nmi);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	stats = stats_of(job->dt);
	KUNIT_EXPECT_EQ(test, stats.allocs, 2 * JOB_NR);
	KUNIT_EXPECT_EQ(test, stats.nested_allocs, 0);
	KUNIT_EXPECT_EQ(test, stats.region_gets, 1);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, JOB_NR * JOB_SIZE);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	dt_call_in_nmi(test, job_free, job);
	KUNIT_EXPECT_EQ(test, job->err, 0);
	dt_expect_drained(test, job->dt);
}

/* No heap, or none with room for it: NULL, and no region is requested. */
static void nmi_alloc_empty(struct kunit *test)
{
	struct job *job = job_create(test);
	struct dualtree_stats stats;
	void *ptr;

	dt_call_in_nmi(test, job_alloc, job);
	KUNIT_EXPECT_TRUE(test, has_none(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 0);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).failed_allocs, JOB_NR);
	ptr = dt_must_alloc(test, job->dt, 100);
	stats = stats_of(job->dt);
	job->size = stats.largest_free + 1;
	dt_call_in_nmi(test, job_alloc, job);
	KUNIT_EXPECT_TRUE(test, has_none(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 1);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).failed_allocs, 2 * JOB_NR);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(job->dt, ptr, 100), 0);
	dt_expect_drained(test, job->dt);
}

/* Inside a section the shared heap serves, if it has memory and its lock is not held. */
static void nmi_alloc_busy(struct kunit *test)
{
	struct job *job = job_create(test);
	unsigned int gets;

	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	job_free(job);
	hold_section(job->dt);
	dt_call_in_nmi(test, job_alloc, job);
	release_section(job->dt);
	KUNIT_EXPECT_TRUE(test, has_none(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 1);

	/* An allocation in an interrupt gives the shared heap a region. */
	hold_section(job->dt);
	job_alloc(job);
	release_section(job->dt);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	gets = stats_of(job->dt).region_gets;
	KUNIT_EXPECT_EQ(test, gets, 2);
	job_free(job);
	KUNIT_EXPECT_EQ(test, job->err, 0);

	hold_section(job->dt);
	call_in_nmi_locked(test, job->dt, job_alloc, job);
	release_section(job->dt);
	KUNIT_EXPECT_TRUE(test, has_none(job));

	hold_section(job->dt);
	dt_call_in_nmi(test, job_alloc, job);
	release_section(job->dt);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).nested_allocs, 2 * JOB_NR);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, gets);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	dt_call_in_nmi(test, job_free, job);
	KUNIT_EXPECT_EQ(test, job->err, 0);
	dt_expect_drained(test, job->dt);
}

static struct kunit_case nmi_cases[] = {
	KUNIT_CASE(nmi_free_local),
	KUNIT_CASE(nmi_free_remote),
	KUNIT_CASE(nmi_free_busy),
	KUNIT_CASE(nmi_free_shared),
	KUNIT_CASE(nmi_free_part),
	KUNIT_CASE(nmi_free_wrong),
	KUNIT_CASE(nmi_alloc_idle),
	KUNIT_CASE(nmi_alloc_empty),
	KUNIT_CASE(nmi_alloc_busy),
	{}
};

DUALTREE_SUITE(nmi, "frees and allocations in NMIs",
	       .suite_init = dt_nmi_suite_init, .suite_exit = dt_nmi_suite_exit,
	       .init = dt_nmi_case_init);
