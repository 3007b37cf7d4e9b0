// SPDX-License-Identifier: GPL-2.0
/*
 * Frees and allocations in NMIs, which arrive anywhere: inside a section, under a lock, in an
 * interrupt. A free works always. An allocation gets what the heap has, or NULL; it never
 * waits and never asks for pages.
 *
 * Where kmemleak is, what is freed in NMI waits on a remote list until somebody else looks
 * (see dualtree/kmemleak.h).
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/kunit.h"
#include "../compat/nmi.h"
#include "../compat/workqueue.h"
#include "../dualtree/section.h"
#include "busy.h"
#include "instance.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is done in the storm; 0: pick one");

static uint nmis = 2000;
module_param(nmis, uint, 0444);
MODULE_PARM_DESC(nmis, "of the storm");

/**
 * struct nmi_end - where NMIs of one CPU end
 * @state: its mark; see compat/nmi.h
 * @call: what is to be done in one; set while none is under way
 * @arg: for it
 * @calls: how often it was
 */
struct nmi_end {
	atomic_t state;
	void (*call)(void *arg);
	void *arg;
	unsigned int calls;
};

static DEFINE_PER_CPU(struct nmi_end, nmi_ends);

static int nmi_arrived(unsigned int type, struct pt_regs *regs)
{
	struct nmi_end *end = this_cpu_ptr(&nmi_ends);

	switch (dt_nmi_claim(&end->state)) {
	case DT_NMI_OURS:
		end->call(end->arg);
		WRITE_ONCE(end->calls, end->calls + 1);
		return NMI_HANDLED;
	case DT_NMI_ONE_MORE:
		return NMI_HANDLED;
	case DT_NMI_FOREIGN:
		break;
	}
	return NMI_DONE;
}

#define NMI_NAME	"dualtree-nmi-test"

/* Looks at the state so often before the NMI is given up. */
#define PATIENCE	100000000

/*
 * Do something in an NMI on this CPU; preemption is off, or the thread stays here. When it
 * returns that has been done.
 */
static void in_nmi_call(struct kunit *test, void (*call)(void *arg), void *arg)
{
	struct nmi_end *end;
	unsigned int before, left = PATIENCE;

	preempt_disable();
	end = this_cpu_ptr(&nmi_ends);
	before = end->calls;
	end->call = call;
	end->arg = arg;
	KUNIT_EXPECT_TRUE(test, dt_nmi_send(&end->state, smp_processor_id()));
	while (READ_ONCE(end->calls) == before && left--)
		cpu_relax();
	KUNIT_EXPECT_EQ(test, READ_ONCE(end->calls), before + 1);
	preempt_enable();
}

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

static struct job *job_create(struct kunit *test, const struct dualtree_params *params)
{
	struct job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, job);
	job->dt = instance_create(test, params);
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

/* All was freed in NMI, @remote calls among them are on their way to their owner. */
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

/* Where kmemleak is, nothing that is freed in NMI is put where it belongs at once. */
static unsigned int local_or(unsigned int frees)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ? frees : 0;
}

static void nmi_free_local(struct kunit *test)
{
	struct job *job = job_create(test, NULL);

	stay_here(test);
	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	in_nmi_call(test, job_free, job);
	/* Both parts bring granules to 0. */
	expect_freed(test, job, 2 * JOB_NR, local_or(2 * JOB_NR));
	expect_drained(test, job->dt);
}

static void nmi_free_remote(struct kunit *test)
{
	struct job *job = job_create(test, NULL);
	unsigned int here = raw_smp_processor_id(), there = other_cpu(test, here);

	stay_on(test, here);
	smp_call_on_cpu(there, job_alloc_here, job, false);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	in_nmi_call(test, job_free, job);
	expect_freed(test, job, 2 * JOB_NR, 2 * JOB_NR);
	/* Its owner finds it, and needs no more. */
	smp_call_on_cpu(there, job_alloc_here, job, false);
	KUNIT_EXPECT_TRUE(test, has_all(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 1);
	job_free(job);
	expect_drained(test, job->dt);
}

/* The NMI comes inside a section: the heap is left alone. */
static void nmi_free_busy(struct kunit *test)
{
	struct job *job = job_create(test, NULL);

	stay_here(test);
	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	busy_begin(job->dt);
	in_nmi_call(test, job_free, job);
	busy_end(job->dt);
	expect_freed(test, job, 2 * JOB_NR, 2 * JOB_NR);
	expect_drained(test, job->dt);
}

/* As in_nmi_call(), in an NMI that comes while the shared heap's lock is held. */
static void in_nmi_call_locked(struct kunit *test, struct dualtree *dt, void (*call)(void *arg),
			       void *arg)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&dt->shared_lock, flags);
	in_nmi_call(test, call, arg);
	raw_spin_unlock_irqrestore(&dt->shared_lock, flags);
}

/* Memory of the shared heap: its list can be pushed to, whoever holds its lock. */
static void nmi_free_shared(struct kunit *test)
{
	struct job *job = job_create(test, NULL);
	unsigned int round;

	stay_here(test);
	for (round = 1; round <= 2; round++) {
		/* So that the CPU has a heap that can be busy, as an interrupt would find it. */
		job_alloc_here(job);
		job_free(job);
		busy_begin(job->dt);
		job_alloc(job);
		busy_end(job->dt);
		KUNIT_ASSERT_TRUE(test, has_all(job));
		KUNIT_EXPECT_EQ(test, stats_of(job->dt).nested_allocs, round * JOB_NR);
		if (round == 1)
			in_nmi_call(test, job_free, job);
		else
			in_nmi_call_locked(test, job->dt, job_free, job);
		KUNIT_EXPECT_TRUE(test, job->was_nmi);
		KUNIT_EXPECT_EQ(test, stats_of(job->dt).frees, round * 4 * JOB_NR);
		KUNIT_EXPECT_EQ(test, stats_of(job->dt).live_bytes, 0);
		KUNIT_EXPECT_EQ(test, job->err, 0);
		KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	}
	expect_drained(test, job->dt);
}

/* A thread frees the other part of what an NMI has freed one of, and the other way round. */
static void nmi_free_part(struct kunit *test)
{
	struct job *job = job_create(test, NULL);
	unsigned int i;

	stay_here(test);
	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	in_nmi_call(test, job_free_head, job);
	/* 99 bytes are one granule and a part of another. */
	expect_freed(test, job, JOB_NR, local_or(JOB_NR));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).live_bytes, JOB_NR * (JOB_SIZE - 99));
	for (i = 0; i < JOB_NR; i++)
		KUNIT_EXPECT_TRUE(test, all_bytes(job->ptrs[i] + 99, i, JOB_SIZE - 99));
	job_free_tail(job);
	expect_freed(test, job, 2 * JOB_NR, local_or(JOB_NR));
	expect_drained(test, job->dt);
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
	struct dualtree *dt = instance_create(test, NULL);
	static int in_module;
	u8 *live, *gone;
	unsigned int i;

	stay_here(test);
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
				busy_begin(dt);
			in_nmi_call(test, free_wrong, &wrongs[k]);
			if (i)
				busy_end(dt);
			KUNIT_EXPECT_EQ(test, wrongs[k].err, k ? -EINVAL : -EALREADY);
		}
		KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, (i + 1) * ARRAY_SIZE(wrongs));
	}
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 640);
	KUNIT_EXPECT_TRUE(test, all_bytes(live, 7, 640));
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, live, 640), 0);
	expect_drained(test, dt);
}

/* What this CPU's heap has in hand is to be had. */
static void nmi_alloc_idle(struct kunit *test)
{
	struct job *job = job_create(test, NULL);
	struct dualtree_stats stats;

	stay_here(test);
	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	job_free(job);
	in_nmi_call(test, job_alloc, job);
	KUNIT_EXPECT_TRUE(test, job->was_nmi);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	stats = stats_of(job->dt);
	KUNIT_EXPECT_EQ(test, stats.allocs, 2 * JOB_NR);
	KUNIT_EXPECT_EQ(test, stats.nested_allocs, 0);
	KUNIT_EXPECT_EQ(test, stats.region_gets, 1);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, JOB_NR * JOB_SIZE);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	in_nmi_call(test, job_free, job);
	KUNIT_EXPECT_EQ(test, job->err, 0);
	expect_drained(test, job->dt);
}

/* No heap, or none with room for it: NULL, and nobody is asked for more. */
static void nmi_alloc_empty(struct kunit *test)
{
	struct job *job = job_create(test, NULL);
	struct dualtree_stats stats;
	void *ptr;

	stay_here(test);
	in_nmi_call(test, job_alloc, job);
	KUNIT_EXPECT_TRUE(test, has_none(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 0);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).failed_allocs, JOB_NR);
	ptr = dualtree_alloc(job->dt, 100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	stats = stats_of(job->dt);
	job->size = stats.largest_free + 1;
	in_nmi_call(test, job_alloc, job);
	KUNIT_EXPECT_TRUE(test, has_none(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 1);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).failed_allocs, 2 * JOB_NR);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	KUNIT_EXPECT_EQ(test, dualtree_free(job->dt, ptr, 100), 0);
	expect_drained(test, job->dt);
}

/* Inside a section the shared heap serves, if it has memory and its lock is not held. */
static void nmi_alloc_busy(struct kunit *test)
{
	struct job *job = job_create(test, NULL);
	unsigned int gets;

	stay_here(test);
	job_alloc_here(job);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	job_free(job);
	busy_begin(job->dt);
	in_nmi_call(test, job_alloc, job);
	busy_end(job->dt);
	KUNIT_EXPECT_TRUE(test, has_none(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, 1);

	/* An interrupt lets it have some. */
	busy_begin(job->dt);
	job_alloc(job);
	busy_end(job->dt);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	gets = stats_of(job->dt).region_gets;
	KUNIT_EXPECT_EQ(test, gets, 2);
	job_free(job);
	KUNIT_EXPECT_EQ(test, job->err, 0);

	busy_begin(job->dt);
	in_nmi_call_locked(test, job->dt, job_alloc, job);
	busy_end(job->dt);
	KUNIT_EXPECT_TRUE(test, has_none(job));

	busy_begin(job->dt);
	in_nmi_call(test, job_alloc, job);
	busy_end(job->dt);
	KUNIT_ASSERT_TRUE(test, has_all(job));
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).nested_allocs, 2 * JOB_NR);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).region_gets, gets);
	KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
	in_nmi_call(test, job_free, job);
	KUNIT_EXPECT_EQ(test, job->err, 0);
	expect_drained(test, job->dt);
}

#define STORM_SLOTS	32

/* An object of the storm: its size, its mark in the rest of it. */
struct object {
	u32 size;
	u8 mark;
	u8 body[];
};

/**
 * struct storm - a thread and the NMIs that interrupt it
 * @dt: the instance
 * @slots: objects that either may take; taken and left with one exchange
 * @rnd: of the thread, and of the NMIs
 * @bytes: live bytes as they should be
 * @errors: frees refused, marks broken
 * @got: allocations in NMI that got something; the NMIs', like @inside
 * @inside: NMIs that came inside a section
 * @stop: tells the thread to stop
 * @work: the thread
 */
struct storm {
	struct dualtree *dt;
	struct object *slots[STORM_SLOTS];
	struct rnd_state rnd[2];
	atomic_long_t bytes;
	atomic_t errors;
	unsigned int got;
	unsigned int inside;
	bool stop;
	struct work_struct work;
};

static void storm_free(struct storm *storm, struct object *object, unsigned int cut)
{
	size_t size = object->size;
	u8 *ptr = (u8 *)object;

	if (!all_bytes(object->body, object->mark, size - sizeof(*object)))
		atomic_inc(&storm->errors);
	atomic_long_sub(size, &storm->bytes);
	cut %= size;
	if (cut && dualtree_free(storm->dt, ptr + cut, size - cut))
		atomic_inc(&storm->errors);
	if (dualtree_free(storm->dt, ptr, cut ?: size))
		atomic_inc(&storm->errors);
}

/* Return: true if there was memory. */
static bool storm_once(struct storm *storm, struct rnd_state *rnd, gfp_t gfp)
{
	u32 random = prandom_u32_state(rnd), size = sizeof(struct object) + random % 1500;
	struct object *object = NULL, *old;

	if (random & BIT(30))
		object = dualtree_alloc(storm->dt, size, gfp);
	if (object) {
		object->size = size;
		object->mark = random >> 8;
		memset(object->body, object->mark, size - sizeof(*object));
		atomic_long_add(size, &storm->bytes);
	}
	old = xchg(&storm->slots[random / 1500 % STORM_SLOTS], object);
	if (old)
		storm_free(storm, old, random >> 4);
	return object;
}

static void storm_nmi(void *arg)
{
	struct storm *storm = arg;

	storm->inside += (this_cpu_ptr(storm->dt->slots)->active == heap_busy);
	storm->got += storm_once(storm, &storm->rnd[1], GFP_ATOMIC);
}

/* So that the CPU has a heap, which is not busy, before the first NMI. */
static int storm_begin(void *arg)
{
	struct storm *storm = arg;

	return dualtree_free(storm->dt, dualtree_alloc(storm->dt, 64, GFP_KERNEL), 64);
}

static void storm_thread(struct work_struct *work)
{
	struct storm *storm = container_of(work, struct storm, work);

	while (!READ_ONCE(storm->stop)) {
		storm_once(storm, &storm->rnd[0], GFP_KERNEL);
		cond_resched();
	}
}

/* Has the storm seen enough? A thread may be kept long where it is in no section. */
static bool storm_over(const struct storm *storm, unsigned int calls)
{
	return calls >= nmis && (READ_ONCE(storm->inside) || calls / 50 >= nmis);
}

/* As fast as they are taken, from another CPU, so that they arrive anywhere. */
static void send_storm(struct kunit *test, struct storm *storm, unsigned int cpu)
{
	struct nmi_end *end = per_cpu_ptr(&nmi_ends, cpu);
	unsigned int before = end->calls;

	end->call = storm_nmi;
	end->arg = storm;
	while (!storm_over(storm, READ_ONCE(end->calls) - before)) {
		preempt_disable();
		dt_nmi_send(&end->state, cpu);
		preempt_enable();
		cond_resched();
	}
	/* The last is over too. */
	while (atomic_read(&end->state) == DT_NMI_SENT)
		cond_resched();
}

static void nmi_storm(struct kunit *test)
{
	struct storm *storm = kunit_kzalloc(test, sizeof(*storm), GFP_KERNEL);
	unsigned int here = raw_smp_processor_id(), there = other_cpu(test, here), i;
	u32 chosen = seed ?: get_random_u32();
	struct dualtree_stats stats;

	KUNIT_ASSERT_NOT_NULL(test, storm);
	kunit_info(test, "seed=%u nmis=%u\n", chosen, nmis);
	stay_on(test, here);
	storm->dt = instance_create(test, NULL);
	prandom_seed_state(&storm->rnd[0], chosen);
	prandom_seed_state(&storm->rnd[1], chosen + 1);
	KUNIT_ASSERT_EQ(test, smp_call_on_cpu(there, storm_begin, storm, false), 0);
	INIT_WORK(&storm->work, storm_thread);
	queue_work_on(there, busy_queue_create(test), &storm->work);
	send_storm(test, storm, there);
	WRITE_ONCE(storm->stop, true);
	flush_work(&storm->work);
	stats = stats_of(storm->dt);
	kunit_info(test, "%llu allocs, in NMI %u; %llu frees, remote %llu; %u NMIs inside a section\n",
		   stats.allocs, storm->got, stats.frees, stats.remote_frees, storm->inside);
	/* Or no NMI ever got anything, or none came inside a section. */
	KUNIT_EXPECT_GT(test, storm->got, 0);
	KUNIT_EXPECT_GT(test, storm->inside, 0);
	KUNIT_EXPECT_EQ(test, stats.live_bytes, atomic_long_read(&storm->bytes));
	KUNIT_EXPECT_TRUE(test, dualtree_check(storm->dt));
	for (i = 0; i < STORM_SLOTS; i++)
		if (storm->slots[i])
			storm_free(storm, storm->slots[i], 77);
	KUNIT_EXPECT_EQ(test, atomic_read(&storm->errors), 0);
	KUNIT_EXPECT_EQ(test, stats_of(storm->dt).bad_frees, 0);
	expect_drained(test, storm->dt);
}

static bool registered;

static int nmi_suite_init(struct kunit_suite *suite)
{
	seed = dt_test_param("seed=", seed);
	nmis = dt_test_param("nmis=", nmis);
	registered = dt_nmi_available() && !dt_nmi_register(nmi_arrived, NMI_NAME);
	return 0;
}

static void nmi_suite_exit(struct kunit_suite *suite)
{
	if (registered)
		dt_nmi_unregister(NMI_NAME);
}

static int nmi_init(struct kunit *test)
{
	if (!registered)
		kunit_skip(test, "NMIs cannot be sent here");
	return 0;
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
	KUNIT_CASE(nmi_storm),
	{}
};

static struct kunit_suite nmi_suite = {
	.name = "dualtree_nmi",
	.suite_init = nmi_suite_init,
	.suite_exit = nmi_suite_exit,
	.init = nmi_init,
	.test_cases = nmi_cases,
};

kunit_test_suite(nmi_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of frees and allocations in NMIs");
MODULE_LICENSE("GPL");
