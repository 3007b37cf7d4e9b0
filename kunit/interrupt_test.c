// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts inside sections, and CPUs that go offline and online at any time.
 *
 * Timers fire on every CPU while a thread there allocates and frees, and do the same: some arrive
 * inside a section. Threads and timers pass objects to each other (fixtures/objects.h).
 */
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include "../compat/hrtimer.h"
#include "fixtures/objects.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the sizes and of the order of things; 0: pick one");

static uint interrupts = 1000;
module_param(interrupts, uint, 0444);
MODULE_PARM_DESC(interrupts, "on each CPU");

/**
 * struct player - the thread and the timer of one CPU
 * @objects: shared by all
 * @timer: interrupts the thread
 * @left: interrupts to come; at 0 the thread ends as well
 * @thread_rnd: random numbers of the thread
 * @timer_rnd: random numbers of the timer
 * @work: the thread
 * @mode: of the timer
 */
struct player {
	struct test_objects *objects;
	struct hrtimer timer;
	unsigned int left;
	struct rnd_state thread_rnd;
	struct rnd_state timer_rnd;
	struct work_struct work;
	enum hrtimer_mode mode;
};

static enum hrtimer_restart play_interrupt(struct hrtimer *timer)
{
	struct player *player = container_of(timer, struct player, timer);
	unsigned int i;

	for (i = 0; i < 3; i++)
		dt_objects_exchange(player->objects, &player->timer_rnd, GFP_ATOMIC);
	WRITE_ONCE(player->left, player->left - 1);
	if (!player->left)
		return HRTIMER_NORESTART;
	/* From now on, not from when it was due: the thread has to get on as well. */
	hrtimer_set_expires(timer, ktime_add_us(ktime_get(),
						50 + prandom_u32_state(&player->timer_rnd) % 200));
	return HRTIMER_RESTART;
}

static void play_thread(struct work_struct *work)
{
	struct player *player = container_of(work, struct player, work);

	hrtimer_start(&player->timer, ns_to_ktime(100 * NSEC_PER_USEC), player->mode);
	while (READ_ONCE(player->left)) {
		dt_objects_exchange(player->objects, &player->thread_rnd, GFP_KERNEL);
		cond_resched();
	}
	hrtimer_cancel(&player->timer);
}

static const enum hrtimer_mode modes[] = {
	HRTIMER_MODE_REL_PINNED_HARD, HRTIMER_MODE_REL_PINNED_SOFT,
};

static void mode_name(const enum hrtimer_mode *mode, char *name)
{
	strscpy(name, *mode & HRTIMER_MODE_HARD ? "hard" : "soft", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

static void interrupt_storm(struct kunit *test)
{
	const enum hrtimer_mode *mode = test->param_value;
	struct test_objects *objects = dt_test_zalloc(test, sizeof(*objects));
	struct player *players = kunit_kcalloc(test, nr_cpu_ids, sizeof(*players), GFP_KERNEL);
	struct workqueue_struct *busy = dt_test_queue(test);
	unsigned int nr = param_value_of(interrupts), cpu;
	u32 first_seed = random_seed(test, param_value_of(seed));
	struct dualtree_stats stats;

	KUNIT_ASSERT_NOT_NULL(test, players);
	dt_objects_init(test, objects, 5000);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct player *player = &players[cpu];

		player->objects = objects;
		player->left = nr;
		player->mode = *mode;
		prandom_seed_state(&player->thread_rnd, first_seed + 2 * cpu);
		prandom_seed_state(&player->timer_rnd, first_seed + 2 * cpu + 1);
		hrtimer_setup(&player->timer, play_interrupt, CLOCK_MONOTONIC, *mode);
		INIT_WORK(&player->work, play_thread);
		queue_work_on(cpu, busy, &player->work);
	}
	for_each_online_cpu(cpu)
		flush_work(&players[cpu].work);
	cpus_read_unlock();
	stats = stats_of(objects->dt);
	kunit_info(test, "%llu allocs, of these nested %llu; %llu frees, of these remote %llu\n",
		   stats.allocs, stats.nested_allocs, stats.frees, stats.remote_frees);
	/* Without an interrupt inside a section this has tested nothing. */
	KUNIT_EXPECT_GT(test, stats.nested_allocs, 0);
	dt_objects_finish(test, objects);
}

struct offline_job {
	struct dualtree *dt;
	u8 *ptrs[200];
	bool failed;
};

static int offline_alloc(void *arg)
{
	struct offline_job *job = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(job->ptrs); i++) {
		job->ptrs[i] = dualtree_alloc(job->dt, 1000 + i, GFP_KERNEL);
		job->failed |= !job->ptrs[i];
	}
	return 0;
}

static void offline_free(struct offline_job *job, unsigned int first, unsigned int step)
{
	unsigned int i;

	for (i = first; i < ARRAY_SIZE(job->ptrs); i += step)
		job->failed |= dualtree_free(job->dt, job->ptrs[i], 1000 + i);
}

/* Nothing of an offline CPU's heap is lost: it can be freed, and it goes back. */
static void interrupt_cpu_offline(struct kunit *test)
{
	struct offline_job *job = dt_test_zalloc(test, sizeof(*job));
	unsigned int cpu = dt_cpu_to_offline(test), round;
	size_t held;

	job->dt = test_instance(test);
	for (round = 0; round < 2; round++) {
		smp_call_on_cpu(cpu, offline_alloc, job, false);
		/* Some are in flight when the CPU goes offline, some are freed afterwards. */
		offline_free(job, 0, 3);
		KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
		KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
		offline_free(job, 1, 3);
		KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
		dualtree_shrink(job->dt);
		KUNIT_EXPECT_TRUE(test, dualtree_check(job->dt));
		held = stats_of(job->dt).held_bytes;
		KUNIT_EXPECT_GT(test, held, 0);
		/* In one round all of it goes back while the CPU is away. */
		if (round)
			offline_free(job, 2, 3);
		if (round)
			dt_expect_drained(test, job->dt);
		KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
		if (!round)
			offline_free(job, 2, 3);
		dt_expect_drained(test, job->dt);
	}
	/* It serves again. */
	smp_call_on_cpu(cpu, offline_alloc, job, false);
	offline_free(job, 0, 1);
	KUNIT_EXPECT_FALSE(test, job->failed);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).bad_frees, 0);
	dt_expect_drained(test, job->dt);
}

/**
 * struct shrinking - a thread that shrinks, again and again
 * @dt: the instance
 * @stop: until this is set
 * @work: the thread
 */
struct shrinking {
	struct dualtree *dt;
	bool stop;
	struct work_struct work;
};

static void shrink_on(struct work_struct *work)
{
	struct shrinking *shrinking = container_of(work, struct shrinking, work);

	while (!READ_ONCE(shrinking->stop)) {
		dualtree_shrink(shrinking->dt);
		cond_resched();
	}
}

/* The heap of an offline CPU has no owner: calls of dualtree_shrink() exclude each other. */
static void interrupt_offline_shrinks(struct kunit *test)
{
	struct offline_job *job = dt_test_zalloc(test, sizeof(*job));
	struct shrinking shrinking[3] = {};
	unsigned int cpu = dt_cpu_to_offline(test), i, g;

	job->dt = test_instance(test);
	smp_call_on_cpu(cpu, offline_alloc, job, false);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	for (i = 0; i < ARRAY_SIZE(shrinking); i++) {
		shrinking[i].dt = job->dt;
		INIT_WORK_ONSTACK(&shrinking[i].work, shrink_on);
		queue_work(system_dfl_wq, &shrinking[i].work);
	}
	/* Every other granule, so that there is much to do in the trees. */
	for (i = 0; i < 2 * ARRAY_SIZE(job->ptrs); i++)
		for (g = i % 2; g < 15; g += 2)
			job->failed |= dualtree_free(job->dt, job->ptrs[i / 2] + g * 64, 64);
	for (i = 0; i < ARRAY_SIZE(job->ptrs); i++)
		job->failed |= dualtree_free(job->dt, job->ptrs[i] + 15 * 64, 1000 + i - 15 * 64);
	for (i = 0; i < ARRAY_SIZE(shrinking); i++) {
		WRITE_ONCE(shrinking[i].stop, true);
		flush_work(&shrinking[i].work);
		destroy_work_on_stack(&shrinking[i].work);
	}
	KUNIT_EXPECT_FALSE(test, job->failed);
	dt_expect_drained(test, job->dt);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
}

/**
 * struct roamer - a thread that is not bound to a CPU
 * @objects: shared by all
 * @rnd: random numbers of the thread
 * @work: the thread
 * @shrinks: it also calls dualtree_shrink()
 * @stop: until this is set
 */
struct roamer {
	struct test_objects *objects;
	struct rnd_state rnd;
	struct work_struct work;
	bool shrinks;
	bool stop;
};

static void roam(struct work_struct *work)
{
	struct roamer *roamer = container_of(work, struct roamer, work);
	unsigned int i;

	for (i = 0; !READ_ONCE(roamer->stop); i++) {
		dt_objects_exchange(roamer->objects, &roamer->rnd, GFP_KERNEL);
		if (roamer->shrinks && i % 256 == 0)
			dualtree_shrink(roamer->objects->dt);
		cond_resched();
	}
}

/* CPUs go offline and online while four threads allocate and free, and two of them shrink. */
static void interrupt_cpu_hotplug(struct kunit *test)
{
	struct test_objects *objects = dt_test_zalloc(test, sizeof(*objects));
	struct roamer roamers[4] = {};
	unsigned int cpu = dt_cpu_to_offline(test), i, round;
	u32 first_seed = random_seed(test, param_value_of(seed));
	int err = 0;

	dt_objects_init(test, objects, 5000);
	for (i = 0; i < ARRAY_SIZE(roamers); i++) {
		roamers[i].objects = objects;
		roamers[i].shrinks = i < 2;
		prandom_seed_state(&roamers[i].rnd, first_seed + i);
		INIT_WORK_ONSTACK(&roamers[i].work, roam);
		queue_work(system_dfl_wq, &roamers[i].work);
	}
	for (round = 0; round < 4 && !err; round++) {
		schedule_timeout_uninterruptible(HZ / 10);
		err = remove_cpu(cpu);
		schedule_timeout_uninterruptible(HZ / 10);
		if (!err)
			err = add_cpu(cpu);
	}
	for (i = 0; i < ARRAY_SIZE(roamers); i++) {
		WRITE_ONCE(roamers[i].stop, true);
		flush_work(&roamers[i].work);
		destroy_work_on_stack(&roamers[i].work);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	dt_objects_finish(test, objects);
}

static struct kunit_case interrupt_cases[] = {
	KUNIT_CASE_PARAM(interrupt_storm, mode_gen_params),
	KUNIT_CASE(interrupt_cpu_offline),
	KUNIT_CASE(interrupt_offline_shrinks),
	KUNIT_CASE(interrupt_cpu_hotplug),
	{}
};

DUALTREE_SUITE(interrupt, "interrupts inside sections, and CPUs that go offline");
