// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger on two CPUs: bytes of one granule are freed from both at once, and exactly one
 * of them is given the granule.
 *
 * Two threads go through the same blocks in the same order, again and again, from a common
 * start.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "../dualtree/ledger.h"

#define RACE_GRANULES	192

struct race;

/**
 * struct side - one of two threads
 * @race: what it takes part in
 * @task: the thread
 * @done: it will not touch the race any more
 * @got: how often it was given each granule in this round
 * @refused: its frees that were refused; none should be
 */
struct side {
	struct race *race;
	struct task_struct *task;
	struct completion done;
	u8 got[RACE_GRANULES];
	unsigned int refused;
};

/**
 * struct race - two threads, each on a CPU of its own, that free parts of the same granules
 * @ledger: all full when a round begins, all 0 when it ends
 * @play: one round of one side
 * @rounds: how many
 * @arrived: how often a side has come to a start or a finish
 * @wrong: granules that nobody was given, or both
 * @sides: the two
 */
struct race {
	u8 ledger[RACE_GRANULES];
	void (*play)(struct race *race, unsigned int which);
	unsigned int rounds;
	atomic_t arrived;
	unsigned int wrong;
	struct side sides[2];
};

static void race_free(struct race *race, unsigned int which, size_t offset, size_t len)
{
	struct dt_ledger_range range = ledger_range(offset, len);
	struct side *side = &race->sides[which];
	struct dt_ledger_run run;

	if (ledger_check(race->ledger, &range)) {
		side->refused++;
		return;
	}
	run = ledger_take(race->ledger, &range);
	while (run.nr--)
		side->got[run.first++]++;
}

/* Blocks of three granules, cut in two somewhere in the middle one. */
static void play_halves(struct race *race, unsigned int which)
{
	const size_t size = 3 * DT_GRANULE;
	size_t at, cut;

	for (at = 0; at < RACE_GRANULES * DT_GRANULE; at += size) {
		cut = DT_GRANULE + 1 + at / size % (DT_GRANULE - 1);
		if (which)
			race_free(race, which, at + cut, size - cut);
		else
			race_free(race, which, at, cut);
	}
}

/* The odd bytes and the even bytes, one by one. */
static void play_bytes(struct race *race, unsigned int which)
{
	size_t at;

	for (at = which; at < RACE_GRANULES * DT_GRANULE; at += 2)
		race_free(race, which, at, 1);
}

/*
 * Both sides wait here for each other. @nr: how often they have before. The release and the
 * acquire: after it, each side sees what the other one did before it.
 */
static void race_meet(struct race *race, unsigned int nr)
{
	atomic_fetch_inc_release(&race->arrived);
	while (atomic_read_acquire(&race->arrived) < 2 * (nr + 1)) {
		cpu_relax();
		cond_resched();
	}
}

/* After a round, with nobody else there: each granule was given to exactly one side. */
static void race_judge(struct race *race)
{
	unsigned int i;

	for (i = 0; i < RACE_GRANULES; i++)
		if (race->ledger[i] || race->sides[0].got[i] + race->sides[1].got[i] != 1)
			race->wrong++;
	memset(race->sides[0].got, 0, RACE_GRANULES);
	memset(race->sides[1].got, 0, RACE_GRANULES);
	memset(race->ledger, DT_GRANULE, RACE_GRANULES);
}

static int race_thread(void *data)
{
	struct side *side = data;
	struct race *race = side->race;
	unsigned int which = side - race->sides, i;

	for (i = 0; i < race->rounds; i++) {
		race_meet(race, 2 * i);
		race->play(race, which);
		race_meet(race, 2 * i + 1);
		if (!which)
			race_judge(race);
	}
	complete(&side->done);
	return 0;
}

static int race_prepare(struct race *race, unsigned int which, unsigned int cpu)
{
	struct side *side = &race->sides[which];

	side->race = race;
	init_completion(&side->done);
	side->task = kthread_create(race_thread, side, "ledger_race/%u", cpu);
	if (IS_ERR(side->task))
		return PTR_ERR(side->task);
	get_task_struct(side->task);
	kthread_bind(side->task, cpu);
	return 0;
}

/* The thread is gone, and so is its hold on this module's code. */
static void race_end(struct side *side)
{
	kthread_stop(side->task);
	put_task_struct(side->task);
}

static void race_run(struct kunit *test, unsigned int rounds,
		     void (*play)(struct race *race, unsigned int which))
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	unsigned int cpu = cpumask_first(cpu_online_mask), i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	race->rounds = rounds;
	race->play = play;
	memset(race->ledger, DT_GRANULE, RACE_GRANULES);
	KUNIT_ASSERT_EQ(test, race_prepare(race, 0, cpu), 0);
	if (race_prepare(race, 1, cpumask_next(cpu, cpu_online_mask))) {
		race_end(&race->sides[0]);
		KUNIT_FAIL(test, "no second thread");
		return;
	}
	for (i = 0; i < 2; i++)
		wake_up_process(race->sides[i].task);
	for (i = 0; i < 2; i++)
		wait_for_completion(&race->sides[i].done);
	for (i = 0; i < 2; i++)
		race_end(&race->sides[i]);
	KUNIT_EXPECT_EQ(test, race->wrong, 0);
	KUNIT_EXPECT_EQ(test, race->sides[0].refused + race->sides[1].refused, 0);
}

static void race_for_halves(struct kunit *test)
{
	race_run(test, 2000, play_halves);
}

static void race_for_bytes(struct kunit *test)
{
	race_run(test, 100, play_bytes);
}

static struct kunit_case ledger_race_cases[] = {
	KUNIT_CASE(race_for_halves),
	KUNIT_CASE(race_for_bytes),
	{}
};

static struct kunit_suite ledger_race_suite = {
	.name = "dualtree_ledger_race",
	.test_cases = ledger_race_cases,
};

kunit_test_suite(ledger_race_suite);

MODULE_DESCRIPTION("dualtree: tests of the ledger on two CPUs");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
