// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_cost: runs every row once, when it is loaded, and keeps the results in debugfs; or,
 * with remote=1, those rows that take two CPUs.
 *
 * dualtree_cost/results has a line "contender|row|operations|nanoseconds" for each row, the
 * nanoseconds being the least of three loops behind one that warms up. Where the machine's
 * clock counts instructions, as scripts/bench has it, they are instructions. A loop in which
 * another task had the CPU is not one of the three.
 *
 * Interrupts and preemption are as every user has them; the tick that falls into a loop weighs
 * less than one instruction in each operation. Nothing is compared with anything: loading fails
 * only if a row could not be run, or if what was allocated did not come back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "cost.h"
#include "cost_run.h"

#define REPEATS		3
#define MOST_REPEATS	20
#define MOST_ROWS	256

static uint seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is drawn at random");

static bool remote;
module_param(remote, bool, 0444);
MODULE_PARM_DESC(remote, "Only what takes two CPUs");

struct dt_cost_table *dt_cost_table;
EXPORT_SYMBOL_GPL(dt_cost_table);

/* With names of its own: a set's module may go before this one does. */
struct result {
	char contender[32];
	char name[48];
	unsigned int ops;
	u64 ns;
};

static struct result results[MOST_ROWS];
static unsigned int nr_results;
static struct dentry *debugfs_dir;

static void measure(const struct cost_row *row, void *ctx)
{
	struct result *result = &results[nr_results++];
	unsigned int i, quiet = 0;

	strscpy(result->contender, row->contender->name, sizeof(result->contender));
	strscpy(result->name, row->name, sizeof(result->name));
	result->ops = row->ops ?: COST_OPS;
	result->ns = U64_MAX;
	cost_time(row, ctx, result->ops);
	for (i = 0; quiet < REPEATS && i < MOST_REPEATS; i++) {
		unsigned long preempted = current->nivcsw;

		result->ns = min(result->ns, cost_time(row, ctx, result->ops));
		/* With a second CPU this one has to be left, and comes back. */
		quiet += remote || current->nivcsw == preempted;
	}
}

static int run_row(const struct cost_row *row)
{
	const struct cost_contender *contender = row->contender;
	struct rnd_state rnd;
	void *ctx;
	int err, close_err;

	if (WARN_ON(nr_results == MOST_ROWS || row->live > COST_MOST_LIVE))
		return -E2BIG;
	ctx = contender->open ? contender->open(row) : NULL;
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	prandom_seed_state(&rnd, seed);
	cost_draw(row, &rnd);
	err = cost_fill(row, ctx, &rnd);
	if (!err)
		measure(row, ctx);
	err = cost_drain(row, ctx) ?: err;
	close_err = contender->close ? contender->close(ctx) : 0;
	return err ?: close_err;
}

int dt_cost_run(const struct cost_set *set)
{
	unsigned int i;
	int err = 0;

	dt_cost_table = kvzalloc(sizeof(*dt_cost_table), GFP_KERNEL);
	if (!dt_cost_table)
		return -ENOMEM;
	for (i = 0; i < set->nr && !err; i++) {
		err = run_row(&set->rows[i]);
		if (err)
			pr_err("%s, %s: error %d\n", set->rows[i].contender->name,
			       set->rows[i].name, err);
	}
	kvfree(dt_cost_table);
	return err;
}
EXPORT_SYMBOL_GPL(dt_cost_run);

static int run_all(void)
{
	if (remote)
		return num_online_cpus() < 2 ? -ENODEV : dt_cost_run(&cost_remote);
	return dt_cost_run(&cost_base) ?: dt_cost_run(&cost_dualtree) ?:
	       dt_cost_run(&cost_section) ?: dt_cost_run(&cost_phase) ?:
	       dt_cost_run(&cost_phase_instance) ?: dt_cost_run(&cost_peers) ?:
	       (IS_ENABLED(CONFIG_GENERIC_ALLOCATOR) ? dt_cost_run(&cost_gen_pool) : 0);
}

static int results_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	for (i = 0; i < nr_results; i++)
		seq_printf(seq, "%s|%s|%u|%llu\n", results[i].contender, results[i].name,
			   results[i].ops, results[i].ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int __init cost_init(void)
{
	int err = run_all();

	if (err)
		return err;
	debugfs_dir = debugfs_create_dir("dualtree_cost", NULL);
	debugfs_create_file("results", 0444, debugfs_dir, NULL, &results_fops);
	return 0;
}
module_init(cost_init);

static void __exit cost_exit(void)
{
	debugfs_remove(debugfs_dir);
}
module_exit(cost_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: what an operation costs, beside its peers");
MODULE_LICENSE("GPL");
