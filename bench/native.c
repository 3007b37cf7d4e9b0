// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_native: what an operation takes where the machine runs at its own speed, which is
 * user-mode Linux here. Measures once, when it is loaded, and keeps the results in debugfs.
 *
 * Times of two runs say little about each other, and those of a machine that does other things
 * little by themselves. So all contenders of a row are there at once, each with what it needs
 * alive, and their loops take turns:
 *
 *	1st round:   A B C
 *	2nd round:   C B A
 *	3rd round:   A B C
 *
 * Each loop is timed by the CPU time that it had. One round in two goes backwards, so that
 * nobody always finds the caches as the same one left them.
 *
 * dualtree_native/results has a line "contender|row|round|operations|nanoseconds" for each
 * loop, and dualtree_native/time what CPU time all of it had, and how long that took. Nothing
 * is compared with anything: loading fails only if a row could not be run, if something was
 * refused, or if what was allocated did not come back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "../compat/cpu_time.h"
#include "cost.h"
#include "cost_run.h"
#include "native.h"

#define MOST_ROUNDS	201
#define MOST_ROWS	64
/* That take turns. */
#define MOST_AT_ONCE	8
/* Not counted: until then pages are touched for the first time. */
#define WARM_UP		3

static uint seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is drawn at random");

static uint rounds = 41;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "How often each loop is timed");

/* Of the one whose turn it is. */
struct dt_cost_table *dt_cost_table;

/**
 * struct result - the times of a row
 * @row: whose
 * @ops: operations of each loop
 * @ns: of each round
 */
struct result {
	const struct cost_row *row;
	unsigned int ops;
	u64 ns[MOST_ROUNDS];
};

/**
 * struct turn - a contender of a row while it is measured
 * @result: where its times go
 * @ctx: what its open() returned
 * @table: what its loop works on
 */
struct turn {
	struct result *result;
	void *ctx;
	struct dt_cost_table *table;
};

static struct result results[MOST_ROWS];
static unsigned int nr_results;
static u64 cpu_ns, wall_ns;
static struct dentry *debugfs_dir;

static int begin_turn(struct turn *turn, struct result *result)
{
	const struct cost_contender *contender = result->row->contender;
	struct rnd_state rnd;

	turn->table = kvzalloc(sizeof(*turn->table), GFP_KERNEL);
	if (!turn->table)
		return -ENOMEM;
	turn->ctx = contender->open ? contender->open(result->row) : NULL;
	if (IS_ERR(turn->ctx)) {
		kvfree(turn->table);
		return PTR_ERR(turn->ctx);
	}
	turn->result = result;
	dt_cost_table = turn->table;
	prandom_seed_state(&rnd, seed);
	cost_draw(result->row, &rnd);
	return cost_fill(result->row, turn->ctx, &rnd);
}

/* Also of one whose begin_turn() failed behind open(). */
static int end_turn(struct turn *turn)
{
	const struct cost_row *row = turn->result->row;
	int err, close_err = 0;

	dt_cost_table = turn->table;
	err = cost_drain(row, turn->ctx);
	if (row->contender->close)
		close_err = row->contender->close(turn->ctx);
	kvfree(turn->table);
	return err ?: close_err;
}

static u64 take_turn(struct turn *turn)
{
	struct result *result = turn->result;
	u64 start;

	dt_cost_table = turn->table;
	/* Whatever is due to run runs now, and not in the loop. */
	cond_resched();
	start = dt_cpu_time_ns();
	result->row->loop(result->row, turn->ctx, result->ops);
	return dt_cpu_time_ns() - start;
}

static void take_turns(struct turn *turns, unsigned int nr)
{
	unsigned int round, i;

	for (round = 0; round < WARM_UP; round++)
		for (i = 0; i < nr; i++)
			take_turn(&turns[i]);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < nr; i++) {
			struct turn *turn = &turns[round & 1 ? nr - 1 - i : i];

			turn->result->ns[round] = take_turn(turn);
		}
}

/* Those rows that take turns: @nr from @rows on. */
static int run_group(const struct cost_row *rows, unsigned int nr)
{
	struct turn turns[MOST_AT_ONCE] = { };
	unsigned int i;
	int err = 0;

	if (WARN_ON(nr > MOST_AT_ONCE || nr_results + nr > MOST_ROWS))
		return -E2BIG;
	for (i = 0; i < nr && !err; i++) {
		struct result *result = &results[nr_results++];

		result->row = &rows[i];
		result->ops = rows[i].ops ?: COST_OPS;
		err = begin_turn(&turns[i], result);
	}
	if (!err)
		take_turns(turns, nr);
	for (i = 0; i < nr; i++)
		if (turns[i].result)
			err = end_turn(&turns[i]) ?: err;
	if (err)
		pr_err("%s: error %d\n", rows->name, err);
	return err;
}

/* Rows of one name stand together. */
static unsigned int group_size(const struct cost_set *set, unsigned int first)
{
	unsigned int end = first + 1;

	while (end < set->nr && !strcmp(set->rows[end].name, set->rows[first].name))
		end++;
	return end - first;
}

static int run_all(const struct cost_set *set)
{
	u64 start = ktime_get_ns(), cpu_start = dt_cpu_time_ns();
	unsigned int i, nr;
	int err = 0;

	for (i = 0; i < set->nr && !err; i += nr) {
		nr = group_size(set, i);
		err = run_group(&set->rows[i], nr);
	}
	cpu_ns = dt_cpu_time_ns() - cpu_start;
	wall_ns = ktime_get_ns() - start;
	return err;
}

static int results_show(struct seq_file *seq, void *unused)
{
	const struct result *result;
	unsigned int round;

	for (result = results; result < results + nr_results; result++)
		for (round = 0; round < rounds; round++)
			seq_printf(seq, "%s|%s|%u|%u|%llu\n", result->row->contender->name,
				   result->row->name, round, result->ops,
				   result->ns[round]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int time_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%llu|%llu\n", cpu_ns, wall_ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(time);

static int __init native_init(void)
{
	int err;

	if (!rounds || rounds > MOST_ROUNDS)
		return -EINVAL;
	err = run_all(&native_rows);
	if (err)
		return err;
	debugfs_dir = debugfs_create_dir("dualtree_native", NULL);
	debugfs_create_file("results", 0444, debugfs_dir, NULL, &results_fops);
	debugfs_create_file("time", 0444, debugfs_dir, NULL, &time_fops);
	return 0;
}
module_init(native_init);

static void __exit native_exit(void)
{
	debugfs_remove(debugfs_dir);
}
module_exit(native_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: nanoseconds, beside its peers in the same run");
MODULE_LICENSE("GPL");
