// SPDX-License-Identifier: GPL-2.0
/*
 * The run "native": what an operation takes where the machine runs at its own speed, which is
 * user-mode Linux here.
 *
 * Times of two runs say little about each other, and those of a machine that does other things
 * little by themselves. So all allocators of a case are open at once, each with what it needs
 * live, and their loops take turns:
 *
 *	1st round:   A B C
 *	2nd round:   C B A
 *	3rd round:   A B C
 *
 * Each loop is timed by the CPU time that it had. One round in two goes backwards, so that no
 * allocator always finds the caches as the same other one left them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../compat/cpu_time.h"
#include "bench.h"

#define ROUNDS		41
#define ROUNDS_MAX	201
/* Allocators of a case. */
#define TURNS_MAX	8
/* Rounds that do not count: until then pages are touched for the first time. */
#define WARM_UP		3
/* A baseline's loop is so much longer: in one of microseconds the clock's own steps would show. */
#define BASELINE_LONGER	16

/* An allocator of a case while it is measured. */
struct turn {
	struct bench b;		/* it */
	unsigned int ops;	/* operations of each loop */
	u64 ns[ROUNDS_MAX];	/* of each round */
};

static int turn_open(struct turn *turn)
{
	struct bench *b = &turn->b;
	int err;

	turn->ops = dt_bench_ops(b) * (b->allocator->id == BASELINE ? BASELINE_LONGER : 1);
	b->table = dt_bench_table(BENCH_LIVE_MAX);
	if (!b->table)
		return -ENOMEM;
	err = dt_bench_open(b);
	if (err) {
		kvfree(b->table);
		b->table = NULL;
		return err;
	}
	dt_bench_draw(b);
	return dt_bench_fill(b);
}

/* Closes it if its open() succeeded, whether or not it could be filled in. */
static int turn_close(struct turn *turn, int err)
{
	if (!turn->b.table)
		return err;
	err = dt_bench_close(&turn->b, err);
	kvfree(turn->b.table);
	return err;
}

static u64 take_turn(const struct turn *turn)
{
	const struct bench *b = &turn->b;
	bench_loop_fn loop = b->c->loop ?: b->allocator->loops[b->c->kind];
	u64 start;

	/* A task that is due runs now, and not in the loop. */
	cond_resched();
	start = dt_cpu_time_ns();
	loop(b, turn->ops);
	return dt_cpu_time_ns() - start;
}

static void take_turns(struct turn *turns, unsigned int nr)
{
	unsigned int round, i;

	for (round = 0; round < WARM_UP; round++)
		for (i = 0; i < nr; i++)
			take_turn(&turns[i]);
	for (round = 0; round < dt_bench_rounds; round++)
		for (i = 0; i < nr; i++) {
			struct turn *turn = &turns[round & 1 ? nr - 1 - i : i];

			turn->ns[round] = take_turn(turn);
		}
}

static void report(const struct turn *turn)
{
	unsigned int round;

	for (round = 0; round < dt_bench_rounds; round++)
		dt_bench_report("%s|%s|%u|%u|%llu\n", dt_bench_name(&turn->b), turn->b.c->name,
				round, turn->ops, turn->ns[round]);
}

static int run_turns(struct turn *turns, unsigned int nr)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		err = turn_open(&turns[i]);
	if (!err)
		take_turns(turns, nr);
	for (i = 0; i < nr; i++)
		err = turn_close(&turns[i], err);
	for (i = 0; i < nr && !err; i++)
		report(&turns[i]);
	if (err)
		pr_err("%s: error %d\n", turns->b.c->name, err);
	return err;
}

/* Adds the allocators of a case to @nr turns. Return: how many there are then. */
static unsigned int add_turns(struct turn *turns, unsigned int nr, const struct bench_case *c)
{
	enum allocator_id id;

	for (id = 0; id < NR_ALLOCATORS && nr < TURNS_MAX; id++)
		if (dt_allocators[id] && c->native & BIT(id))
			turns[nr++].b = (struct bench){ dt_allocators[id], c };
	return nr;
}

/* Cases of one name take turns with each other. */
static int run_all(struct turn *turns)
{
	const struct bench_case *c = dt_common_cases.cases, *first;
	const struct bench_case *end = c + dt_common_cases.nr;
	unsigned int nr;
	int err = 0;

	while (c < end && !err) {
		memset(turns, 0, TURNS_MAX * sizeof(*turns));
		first = c;
		for (nr = 0; c < end && !strcmp(c->name, first->name); c++)
			nr = add_turns(turns, nr, c);
		if (nr)
			err = run_turns(turns, nr);
	}
	return err;
}

int dt_run_native(void)
{
	struct turn *turns;
	int err;

	dt_bench_rounds = dt_bench_rounds ?: ROUNDS;
	if (dt_bench_rounds > ROUNDS_MAX)
		return -EINVAL;
	turns = kvcalloc(TURNS_MAX, sizeof(*turns), GFP_KERNEL);
	if (!turns)
		return -ENOMEM;
	err = run_all(turns);
	kvfree(turns);
	return err;
}
