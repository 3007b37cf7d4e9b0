// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_bench: measures what its parameter "run" names, once, when it is loaded, and keeps the
 * results in debugfs.
 *
 *	run=		dualtree_bench/results has lines
 *	cost		allocator|case|operations|nanoseconds
 *	remote		the same, of what takes two CPUs
 *	native		allocator|case|round|operations|nanoseconds
 *	pipe		shape|allocator|packets|nanoseconds
 *	streams		see streams.c
 *	day		see day.c
 *	size, live, extents, instances, cpus
 *			allocator|operation|x|operations|total
 *
 * Nanoseconds are instructions where the machine's clock counts these, as scripts/bench has it.
 * dualtree_bench/time has "CPU nanoseconds|nanoseconds" of all of it.
 *
 * Interrupts and preemption are as every user has them. Nothing is compared with anything:
 * loading fails only if a case could not be run, if a call was refused, or if what was allocated
 * did not come back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../compat/cpu_time.h"
#include "bench.h"
#include "random.h"

/* Native with the most rounds writes some 13,000 lines of 60 bytes. */
#define RESULTS_BYTES	SZ_1M

static char *run = "cost";
module_param(run, charp, 0444);
MODULE_PARM_DESC(run, "what to measure: cost, remote, native, pipe, streams, day, size, live, extents, instances or cpus");

static uint seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is drawn at random");

uint dt_bench_rounds;
module_param_named(rounds, dt_bench_rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "of native and pipe: how often each loop is timed; 0: 41 and 9");

bool dt_bench_quick;
module_param_named(quick, dt_bench_quick, bool, 0444);
MODULE_PARM_DESC(quick, "of curves: fewer points and shorter loops");

static struct debugfs_blob_wrapper results;
static char time_text[48];
static struct debugfs_blob_wrapper time = { .data = time_text };
static struct dentry *debugfs_dir;

/* Adds a line or several to the results. */
void dt_bench_report(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	results.size += vscnprintf(results.data + results.size, RESULTS_BYTES - results.size,
				   format, args);
	va_end(args);
	WARN_ON_ONCE(results.size == RESULTS_BYTES - 1);
}
EXPORT_SYMBOL_GPL(dt_bench_report);

/* Return: the table, for kvfree(), or NULL on OOM. */
struct bench_table *dt_bench_table(unsigned int nr_slots)
{
	struct bench_table *table;

	table = kvzalloc(struct_size(table, slots, nr_slots), GFP_KERNEL);
	if (table)
		table->nr_slots = nr_slots;
	return table;
}

/* What results call the allocator of a case. */
const char *dt_bench_name(const struct bench *b)
{
	return b->c->label ?: b->allocator->name;
}

/* Operations of a loop, at most. */
unsigned int dt_bench_ops(const struct bench *b)
{
	if (b->allocator->slow_live && b->c->live >= b->allocator->slow_live)
		return b->allocator->slow_ops;
	return b->c->ops ?: BENCH_OPS;
}

static unsigned int any_size(struct bench *b)
{
	return b->c->size ?: random_log(&b->rnd, 64, 6);
}

/* For each operation a size and a slot: with the same seed the same for every allocator. */
void dt_bench_draw(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < BENCH_OPS; i++) {
		b->table->sizes[i] = any_size(b);
		b->table->picks[i] = b->c->live ? random_below(&b->rnd, b->c->live) : 0;
	}
}

/*
 * Makes the allocator of a case ready; allocator, case and table are set. Return: 0; -E2BIG if the
 * table has too few slots; or what open() said. Unless it is 0 there is nothing to close.
 */
int dt_bench_open(struct bench *b)
{
	void *(*open)(const struct bench *b) = b->c->open ?: b->allocator->open;

	if (WARN_ON(b->c->live > b->table->nr_slots))
		return -E2BIG;
	b->ctx = open ? open(b) : NULL;
	prandom_seed_state(&b->rnd, seed);
	return IS_ERR(b->ctx) ? PTR_ERR(b->ctx) : 0;
}

/* Allocates what lives while the loop runs. Return: 0 or -ENOMEM. */
int dt_bench_fill(struct bench *b)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < b->c->live && !b->c->open_fills; i++) {
		struct bench_slot *slot = &b->table->slots[i];

		slot->size = any_size(b);
		slot->ptr = b->allocator->alloc(b->ctx, slot->size);
		if (!slot->ptr)
			err = -ENOMEM;
	}
	return err;
}

/*
 * Frees what is live and takes the allocator down, whether or not filling in failed. Return: @err,
 * which there was before; or -ENOMEM if a slot is empty; or what close() said.
 */
int dt_bench_close(struct bench *b, int err)
{
	int (*close)(const struct bench *b) = b->c->close ?: b->allocator->close;
	unsigned int i;
	int close_err;

	for (i = 0; i < b->c->live && !b->c->open_fills; i++) {
		struct bench_slot *slot = &b->table->slots[i];

		if (slot->ptr)
			b->allocator->free(b->ctx, slot->ptr, slot->size);
		else
			err = err ?: -ENOMEM;
	}
	close_err = close ? close(b) : 0;
	return err ?: close_err;
}

/* Runs a case's loop. May sleep before it. Return: nanoseconds that it took. */
u64 dt_bench_time(const struct bench *b, unsigned int ops)
{
	bench_loop_fn loop = b->c->loop ?: b->allocator->loops[b->c->kind];
	u64 start;

	/* A task that is due runs now, and not in the loop. */
	cond_resched();
	if (b->c->timed)
		return b->c->timed(b, ops);
	start = ktime_get_ns();
	loop(b, ops);
	return ktime_get_ns() - start;
}

/* Like dt_bench_time(). Return: false if another task had the CPU in between. */
bool dt_bench_time_alone(const struct bench *b, unsigned int ops, u64 *ns)
{
	unsigned long preempted = current->nivcsw;

	*ns = dt_bench_time(b, ops);
	return current->nivcsw == preempted;
}

static const struct {
	const char *name;
	int (*measure)(void);
} runs[] = {
	{ "cost", dt_run_cost },
	{ "remote", dt_run_remote },
	{ "native", dt_run_native },
	{ "pipe", dt_run_pipe },
	{ "streams", dt_run_streams },
	{ "day", dt_run_day },
	{ "size", dt_curve_size },
	{ "live", dt_curve_live },
	{ "extents", dt_curve_extents },
	{ "instances", dt_curve_instances },
	{ "cpus", dt_curve_cpus },
};

static int measure(void)
{
	u64 start = ktime_get_ns(), cpu_start = dt_cpu_time_ns();
	unsigned int i;
	int err = -EINVAL;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		if (!strcmp(run, runs[i].name))
			break;
	if (i < ARRAY_SIZE(runs))
		err = runs[i].measure();
	else
		pr_err("there is no run '%s'\n", run);
	time.size = scnprintf(time_text, sizeof(time_text), "%llu|%llu\n",
			      dt_cpu_time_ns() - cpu_start, ktime_get_ns() - start);
	return err;
}

static int __init bench_init(void)
{
	int err;

	results.data = kvzalloc(RESULTS_BYTES, GFP_KERNEL);
	if (!results.data)
		return -ENOMEM;
	err = measure();
	if (err) {
		kvfree(results.data);
		return err;
	}
	debugfs_dir = debugfs_create_dir("dualtree_bench", NULL);
	debugfs_create_blob("results", 0444, debugfs_dir, &results);
	debugfs_create_blob("time", 0444, debugfs_dir, &time);
	return 0;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	debugfs_remove(debugfs_dir);
	kvfree(results.data);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Benchmarks of dualtree: what an operation costs, and its peers'");
MODULE_LICENSE("GPL");
