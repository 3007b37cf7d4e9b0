// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger on two CPUs: bytes of one granule are freed from both at once, and exactly one
 * of them is given the granule.
 *
 * Two threads go through the same blocks in the same order, again and again, from a common
 * start.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include "fixtures/ledger.h"
#include "fixtures/instance.h"

#define RACE_GRANULES	192

struct race;

/**
 * struct side - one of two threads
 * @race: what both share
 * @work: the thread
 * @got: number of times it was given each granule in this round
 * @refused: number of its frees that were refused; none must be
 */
struct side {
	struct race *race;
	struct work_struct work;
	u8 got[RACE_GRANULES];
	unsigned int refused;
};

/**
 * struct race - two threads, each on a CPU of its own, that free parts of the same granules
 * @ledger: all full when a round begins, all 0 when it ends
 * @free_all: one round of one side
 * @rounds: number of rounds
 * @arrived: number of times a side has come to a rendezvous
 * @wrong: granules that neither side was given, or both
 * @sides: the two
 */
struct race {
	u8 ledger[RACE_GRANULES];
	void (*free_all)(struct race *race, unsigned int which);
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
static void free_halves(struct race *race, unsigned int which)
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
static void free_bytes(struct race *race, unsigned int which)
{
	size_t at;

	for (at = which; at < RACE_GRANULES * DT_GRANULE; at += 2)
		race_free(race, which, at, 1);
}

/*
 * Wait for the other side; @nr rendezvous came before. The release and the acquire order them:
 * afterwards each side sees all that the other one did before.
 */
static void race_rendezvous(struct race *race, unsigned int nr)
{
	atomic_fetch_inc_release(&race->arrived);
	while (atomic_read_acquire(&race->arrived) < 2 * (nr + 1)) {
		cpu_relax();
		cond_resched();
	}
}

/* After a round, with the other side waiting: each granule was given to exactly one side. */
static void race_check(struct race *race)
{
	unsigned int i;

	for (i = 0; i < RACE_GRANULES; i++)
		if (race->ledger[i] || race->sides[0].got[i] + race->sides[1].got[i] != 1)
			race->wrong++;
	memset(race->sides[0].got, 0, RACE_GRANULES);
	memset(race->sides[1].got, 0, RACE_GRANULES);
	memset(race->ledger, DT_GRANULE, RACE_GRANULES);
}

static void race_work(struct work_struct *work)
{
	struct side *side = container_of(work, struct side, work);
	struct race *race = side->race;
	unsigned int which = side - race->sides, i;

	for (i = 0; i < race->rounds; i++) {
		race_rendezvous(race, 2 * i);
		race->free_all(race, which);
		race_rendezvous(race, 2 * i + 1);
		if (!which)
			race_check(race);
	}
}

static void race_run(struct kunit *test, unsigned int rounds,
		     void (*free_all)(struct race *race, unsigned int which))
{
	struct race *race = dt_test_zalloc(test, sizeof(*race));
	struct workqueue_struct *wq = dt_test_queue(test);
	unsigned int cpu = cpumask_first(cpu_online_mask), i;

	dt_other_cpu(test, cpu);
	race->rounds = rounds;
	race->free_all = free_all;
	memset(race->ledger, DT_GRANULE, RACE_GRANULES);
	for (i = 0; i < 2; i++, cpu = cpumask_next(cpu, cpu_online_mask)) {
		race->sides[i].race = race;
		INIT_WORK(&race->sides[i].work, race_work);
		queue_work_on(cpu, wq, &race->sides[i].work);
	}
	for (i = 0; i < 2; i++)
		flush_work(&race->sides[i].work);
	KUNIT_EXPECT_EQ(test, race->wrong, 0);
	KUNIT_EXPECT_EQ(test, race->sides[0].refused + race->sides[1].refused, 0);
}

static void race_for_halves(struct kunit *test)
{
	race_run(test, 2000, free_halves);
}

static void race_for_bytes(struct kunit *test)
{
	race_run(test, 100, free_bytes);
}

static struct kunit_case ledger_race_cases[] = {
	KUNIT_CASE(race_for_halves),
	KUNIT_CASE(race_for_bytes),
	{}
};

DUALTREE_SUITE(ledger_race, "the ledger on two CPUs");
