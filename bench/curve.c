// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_curve: measures one curve, once, when it is loaded, and keeps the results in debugfs.
 *
 * dualtree_curve/results has a line "contender|operation|x|operations|total" for each point: the
 * total in nanoseconds, which are instructions where the machine's clock counts these, or in
 * bytes where the operation says so. Points of the curve of CPUs come once for each round.
 *
 * A point begins with what lives being filled in, and aged until each has been replaced twice on
 * average; then come three loops, of random numbers of their own, which all count. Both
 * are cut short for those that take more instructions than there is time for. A loop in which
 * another task had the CPU is not one of the three.
 *
 * Nothing is compared with anything: loading fails only if a point could not be measured, was
 * not what it says, or if what was allocated did not come back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "curve.h"
#include "cost_run.h"

#define LOOPS		3
#define MOST_LOOPS	20
#define MOST_POINTS	1024

/* Operations that are tried to see how many can be afforded; and no loop has less. */
#define TRIAL_OPS	64
/* Nanoseconds of a loop, and of all that ages; a tenth where it shall be quick. */
#define LOOP_NS		8000000
#define AGE_NS		200000000
#define QUICK_SHARE	10

static char *curve;
module_param(curve, charp, 0444);
MODULE_PARM_DESC(curve, "Which: size, live, extents, instances or cpus");

static uint seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is drawn at random");

bool curve_quick;
module_param_named(quick, curve_quick, bool, 0444);
MODULE_PARM_DESC(quick, "Fewer points and shorter loops");

struct dt_cost_table *dt_cost_table;

struct point {
	const char *contender;
	const char *operation;
	u32 x;
	u64 ops;
	u64 total;
};

static struct point points[MOST_POINTS];
static unsigned int nr_points;
static struct dentry *debugfs_dir;

/* A result: @total of @ops operations. */
void curve_add(const struct cost_contender *contender, const char *operation, u32 x, u64 ops,
	       u64 total)
{
	if (WARN_ON(nr_points == MOST_POINTS))
		return;
	points[nr_points++] = (struct point) {
		.contender = contender->name,
		.operation = operation,
		.x = x,
		.ops = ops,
		.total = total,
	};
}

/* What a look at the clock takes: to be taken off where few operations lie between two. */
u64 curve_clock(void)
{
	u64 start, least = U64_MAX;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		start = ktime_get_ns();
		least = min(least, ktime_get_ns() - start);
	}
	return least;
}

static unsigned int affordable(u64 budget, u64 each, unsigned int most)
{
	if (curve_quick)
		budget /= QUICK_SHARE;
	return clamp_t(u64, budget / (each ?: 1), TRIAL_OPS, most);
}

static u64 loop(const struct cost_row *row, void *ctx, struct rnd_state *rnd, unsigned int ops)
{
	cost_draw(row, rnd);
	return cost_time(row, ctx, ops);
}

static void age(const struct cost_row *row, void *ctx, struct rnd_state *rnd, unsigned int ops)
{
	unsigned int most;

	for (; ops; ops -= most) {
		most = min_t(unsigned int, ops, COST_OPS);
		loop(row, ctx, rnd, most);
	}
}

static int measure(const struct cost_row *row, void *ctx, struct rnd_state *rnd, u32 x)
{
	unsigned int most = row->ops ?: COST_OPS, quiet = 0, ops, i;
	u64 each, ns, total = 0;

	loop(row, ctx, rnd, TRIAL_OPS);
	each = loop(row, ctx, rnd, TRIAL_OPS) / TRIAL_OPS;
	ops = affordable(LOOP_NS, each, most);
	if (row->contender->alloc)
		age(row, ctx, rnd, affordable(AGE_NS, each, max(2 * row->live, ops)));
	for (i = 0; quiet < LOOPS && i < MOST_LOOPS; i++) {
		unsigned long preempted = current->nivcsw;

		ns = loop(row, ctx, rnd, ops);
		/* What takes its time itself sees to this itself. */
		if (!row->timed && current->nivcsw != preempted)
			continue;
		total += ns;
		quiet++;
	}
	if (!quiet)
		return -EBUSY;
	curve_add(row->contender, row->name, x, (u64)ops * quiet, total);
	return 0;
}

/**
 * curve_measure() - measure a point
 * @row: what it is; at most row->ops operations in a loop. What lives is filled in if its
 *	contender says how; else it is open() that has done so
 * @x: where it lies
 *
 * Return: 0 or a negative error.
 */
int curve_measure(const struct cost_row *row, u32 x)
{
	const struct cost_contender *contender = row->contender;
	bool fill = contender->alloc;
	struct rnd_state rnd;
	void *ctx;
	int err = 0, close_err;

	ctx = contender->open ? contender->open(row) : NULL;
	if (IS_ERR(ctx)) {
		err = PTR_ERR(ctx);
		goto out;
	}
	prandom_seed_state(&rnd, seed);
	if (fill)
		err = cost_fill(row, ctx, &rnd);
	if (!err)
		err = measure(row, ctx, &rnd, x);
	if (fill)
		err = cost_drain(row, ctx) ?: err;
	close_err = contender->close ? contender->close(ctx) : 0;
	err = err ?: close_err;
out:
	if (err)
		pr_err("%s, %s, %u: error %d\n", contender->name, row->name, x, err);
	return err;
}

static int results_show(struct seq_file *seq, void *unused)
{
	const struct point *point;

	for (point = points; point < points + nr_points; point++)
		seq_printf(seq, "%s|%s|%u|%llu|%llu\n", point->contender, point->operation,
			   point->x, point->ops, point->total);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static const struct {
	const char *name;
	int (*measure)(void);
} curves[] = {
	{ "size", curve_size },
	{ "live", curve_live },
	{ "extents", curve_extents },
	{ "instances", curve_instances },
	{ "cpus", curve_cpus },
};

static int run(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (curve && !strcmp(curve, curves[i].name))
			return curves[i].measure();
	pr_err("there is no curve '%s'\n", curve ?: "");
	return -EINVAL;
}

static int __init curve_init(void)
{
	int err;

	dt_cost_table = kvzalloc(sizeof(*dt_cost_table), GFP_KERNEL);
	if (!dt_cost_table)
		return -ENOMEM;
	err = run();
	kvfree(dt_cost_table);
	if (err)
		return err;
	debugfs_dir = debugfs_create_dir("dualtree_curve", NULL);
	debugfs_create_file("results", 0444, debugfs_dir, NULL, &results_fops);
	return 0;
}
module_init(curve_init);

static void __exit curve_exit(void)
{
	debugfs_remove(debugfs_dir);
}
module_exit(curve_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: how what an operation costs grows");
MODULE_LICENSE("GPL");
