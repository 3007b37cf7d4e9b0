// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts in the middle of sections, and CPUs that go away in the middle of everything.
 *
 * Timers fire on every CPU while a thread there allocates and frees, and do the same: sooner
 * or later one arrives inside a section. Objects pass between all of them through slots, so
 * each is freed by whoever comes by, in parts. Every object carries its size and a pattern.
 */
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/hrtimer.h"
#include "../compat/kunit.h"
#include "../compat/workqueue.h"
#include "instance.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the sizes and of the order of things; 0: pick one");

static uint interrupts = 1000;
module_param(interrupts, uint, 0444);
MODULE_PARM_DESC(interrupts, "on each CPU");

#define SLOTS 64

/* An object: its size, its mark in the rest of it. */
struct object {
	u32 size;
	u8 mark;
	u8 body[];
};

/**
 * struct playground - what all CPUs and interrupts share
 * @dt: the instance
 * @slots: objects that anybody may take; taken and left with one exchange
 * @bytes: live bytes as they should be
 * @errors: frees refused, patterns broken
 * @stop: tells those who have no timer to stop
 */
struct playground {
	struct dualtree *dt;
	struct object *slots[SLOTS];
	atomic_long_t bytes;
	atomic_t errors;
	bool stop;
};

static void object_free(struct playground *play, struct object *object, unsigned int cut)
{
	size_t size = object->size;
	u8 *ptr = (u8 *)object;

	if (!all_bytes(object->body, object->mark, size - sizeof(*object)))
		atomic_inc(&play->errors);
	atomic_long_sub(size, &play->bytes);
	cut %= size;
	if (cut && dualtree_free(play->dt, ptr + cut, size - cut))
		atomic_inc(&play->errors);
	if (dualtree_free(play->dt, ptr, cut ?: size))
		atomic_inc(&play->errors);
}

static struct object *object_alloc(struct playground *play, u32 random, gfp_t gfp)
{
	size_t size = sizeof(struct object) + random % (random & BIT(20) ? 200 : 5000);
	struct object *object = dualtree_alloc(play->dt, size, gfp);

	if (!object)
		return NULL;
	object->size = size;
	object->mark = random >> 24;
	memset(object->body, object->mark, size - sizeof(*object));
	atomic_long_add(size, &play->bytes);
	return object;
}

/* Leave a new object in a slot, or none, and free what was there. */
static void play_once(struct playground *play, struct rnd_state *rnd, gfp_t gfp)
{
	u32 random = prandom_u32_state(rnd);
	struct object *object = NULL;

	if (random & BIT(21))
		object = object_alloc(play, random, gfp);
	object = xchg(&play->slots[(random >> 8) % SLOTS], object);
	if (object)
		object_free(play, object, random >> 4);
}

/**
 * struct player - one CPU's thread and timer
 * @play: what is shared
 * @timer: interrupts the thread
 * @left: interrupts to come; 0 ends the thread too
 * @thread_rnd: generator of the thread
 * @timer_rnd: generator of the timer
 * @work: the thread
 * @mode: of the timer
 */
struct player {
	struct playground *play;
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
		play_once(player->play, &player->timer_rnd, GFP_ATOMIC);
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
		play_once(player->play, &player->thread_rnd, GFP_KERNEL);
		cond_resched();
	}
	hrtimer_cancel(&player->timer);
}

static struct playground *play_create(struct kunit *test, const struct dualtree_params *params)
{
	struct playground *play = kunit_kzalloc(test, sizeof(*play), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, play);
	play->dt = instance_create(test, params);
	return play;
}

static u32 play_seed(struct kunit *test)
{
	u32 chosen = seed ?: get_random_u32();

	kunit_info(test, "seed=%u\n", chosen);
	return chosen;
}

/* All stand still: the counts are what they should be, and all goes back. */
static void expect_play_over(struct kunit *test, struct playground *play)
{
	struct dualtree_stats stats = stats_of(play->dt);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, stats.live_bytes, atomic_long_read(&play->bytes));
	KUNIT_EXPECT_TRUE(test, dualtree_check(play->dt));
	for (i = 0; i < SLOTS; i++)
		if (play->slots[i])
			object_free(play, play->slots[i], 77);
	KUNIT_EXPECT_EQ(test, atomic_read(&play->errors), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&play->bytes), 0);
	KUNIT_EXPECT_EQ(test, stats_of(play->dt).bad_frees, 0);
	expect_drained(test, play->dt);
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
	struct playground *play = play_create(test, NULL);
	struct player *players = kunit_kcalloc(test, nr_cpu_ids, sizeof(*players), GFP_KERNEL);
	struct workqueue_struct *busy = busy_queue_create(test);
	u32 chosen = play_seed(test);
	struct dualtree_stats stats;
	unsigned int cpu;

	KUNIT_ASSERT_NOT_NULL(test, players);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct player *player = &players[cpu];

		player->play = play;
		player->left = interrupts;
		player->mode = *mode;
		prandom_seed_state(&player->thread_rnd, chosen + 2 * cpu);
		prandom_seed_state(&player->timer_rnd, chosen + 2 * cpu + 1);
		hrtimer_setup(&player->timer, play_interrupt, CLOCK_MONOTONIC, *mode);
		INIT_WORK(&player->work, play_thread);
		queue_work_on(cpu, busy, &player->work);
	}
	for_each_online_cpu(cpu)
		flush_work(&players[cpu].work);
	cpus_read_unlock();
	stats = stats_of(play->dt);
	kunit_info(test, "%llu allocs, of these nested %llu; %llu frees, of these remote %llu\n",
		   stats.allocs, stats.nested_allocs, stats.frees, stats.remote_frees);
	/* Or no interrupt ever came inside a section, and this has shown nothing. */
	KUNIT_EXPECT_GT(test, stats.nested_allocs, 0);
	expect_play_over(test, play);
}

/* The highest CPU that can be taken away, away; or the test is skipped. */
static unsigned int cpu_take_away(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);

	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || num_online_cpus() < 2)
		kunit_skip(test, "needs a CPU that can be taken away");
	/* Not from under ourselves. */
	stay_on(test, cpumask_first(cpu_online_mask));
	return cpu;
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
	struct offline_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);
	unsigned int cpu = cpu_take_away(test), round;
	size_t held;

	KUNIT_ASSERT_NOT_NULL(test, job);
	job->dt = instance_create(test, NULL);
	for (round = 0; round < 2; round++) {
		smp_call_on_cpu(cpu, offline_alloc, job, false);
		/* Some on their way when the CPU goes, some while it is away. */
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
			expect_drained(test, job->dt);
		KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
		if (!round)
			offline_free(job, 2, 3);
		expect_drained(test, job->dt);
	}
	/* It serves again. */
	smp_call_on_cpu(cpu, offline_alloc, job, false);
	offline_free(job, 0, 1);
	KUNIT_EXPECT_FALSE(test, job->failed);
	KUNIT_EXPECT_EQ(test, stats_of(job->dt).bad_frees, 0);
	expect_drained(test, job->dt);
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

/* The heap of an offline CPU has no owner: those who visit it must not meet there. */
static void interrupt_offline_shrinks(struct kunit *test)
{
	struct offline_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);
	struct shrinking shrinking[3] = {};
	unsigned int cpu = cpu_take_away(test), i, g;

	KUNIT_ASSERT_NOT_NULL(test, job);
	job->dt = instance_create(test, NULL);
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
	expect_drained(test, job->dt);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
}

/**
 * struct roamer - a thread that no CPU holds
 * @play: what is shared
 * @rnd: its generator
 * @work: the thread
 * @shrinks: it also shrinks, now and then
 */
struct roamer {
	struct playground *play;
	struct rnd_state rnd;
	struct work_struct work;
	bool shrinks;
};

static void roam(struct work_struct *work)
{
	struct roamer *roamer = container_of(work, struct roamer, work);
	unsigned int i;

	for (i = 0; !READ_ONCE(roamer->play->stop); i++) {
		play_once(roamer->play, &roamer->rnd, GFP_KERNEL);
		if (roamer->shrinks && i % 256 == 0)
			dualtree_shrink(roamer->play->dt);
		cond_resched();
	}
}

/* CPUs go and come while threads allocate, free and shrink, two at a time. */
static void interrupt_cpu_hotplug(struct kunit *test)
{
	struct playground *play = play_create(test, NULL);
	struct roamer roamers[4] = {};
	unsigned int cpu = cpu_take_away(test), i, round;
	u32 chosen = play_seed(test);
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(roamers); i++) {
		roamers[i].play = play;
		roamers[i].shrinks = i < 2;
		prandom_seed_state(&roamers[i].rnd, chosen + i);
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
	WRITE_ONCE(play->stop, true);
	for (i = 0; i < ARRAY_SIZE(roamers); i++) {
		flush_work(&roamers[i].work);
		destroy_work_on_stack(&roamers[i].work);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	expect_play_over(test, play);
}

static int interrupt_suite_init(struct kunit_suite *suite)
{
	seed = dt_test_param("seed=", seed);
	interrupts = dt_test_param("interrupts=", interrupts);
	return 0;
}

static struct kunit_case interrupt_cases[] = {
	KUNIT_CASE_PARAM(interrupt_storm, mode_gen_params),
	KUNIT_CASE(interrupt_cpu_offline),
	KUNIT_CASE(interrupt_offline_shrinks),
	KUNIT_CASE(interrupt_cpu_hotplug),
	{}
};

static struct kunit_suite interrupt_suite = {
	.name = "dualtree_interrupt",
	.suite_init = interrupt_suite_init,
	.test_cases = interrupt_cases,
};

kunit_test_suite(interrupt_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of interrupts in sections and of CPUs that go away");
MODULE_LICENSE("GPL");
