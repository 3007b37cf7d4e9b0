// SPDX-License-Identifier: GPL-2.0
/*
 * The runs "cost" and "remote": every case once, a result for each.
 *
 * A result is the least of three loops, after one that warms up. A loop in which another task had
 * the CPU is not one of the three.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "cases.h"

#define LOOPS		3
/* Loops, those that do not count included. */
#define LOOPS_MAX	20

/* @alone: only loops count in which no other task had the CPU. */
static u64 measure(const struct bench *b, unsigned int ops, bool alone)
{
	unsigned int i, nr = 0;
	u64 ns, best = U64_MAX;

	dt_bench_time(b, ops);
	for (i = 0; nr < LOOPS && i < LOOPS_MAX; i++) {
		nr += dt_bench_time_alone(b, ops, &ns) || !alone;
		best = min(best, ns);
	}
	return best;
}

static int run_case(const struct allocator *allocator, const struct bench_case *c,
		    struct bench_table *table, bool alone)
{
	struct bench b = { .allocator = allocator, .c = c, .table = table };
	unsigned int ops = dt_bench_ops(&b);
	int err = dt_bench_open(&b);

	if (!err) {
		dt_bench_draw(&b);
		err = dt_bench_fill(&b);
		if (!err)
			dt_bench_report("%s|%s|%u|%llu\n", dt_bench_name(&b), c->name, ops,
					measure(&b, ops, alone));
		err = dt_bench_close(&b, err);
	}
	if (err)
		pr_err("%s, %s: error %d\n", dt_bench_name(&b), c->name, err);
	return err;
}

/* With a second CPU the one that measures has to be left, and comes back. */
static int run_set(enum allocator_id id, const struct bench_set *set, struct bench_table *table,
		   bool alone)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < set->nr && !err; i++)
		err = run_case(dt_allocators[id], &set->cases[i], table, alone);
	return err;
}

static int run_common(const struct allocator *allocator, const struct common_set *set,
		      struct bench_table *table)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < set->nr && !err; i++) {
		const struct common_case *common = &set->cases[i];

		if (common->cost & BIT(allocator->id))
			err = run_case(allocator, &common->c, table, true);
	}
	return err;
}

/**
 * dt_bench_run_allocator() - measure the common cases of an allocator of another module
 * @allocator: it
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOMEM, or the error of the first case that could not be run.
 */
int dt_bench_run_allocator(const struct allocator *allocator)
{
	struct bench_table *table = dt_bench_table(BENCH_LIVE_MAX);
	int err = table ? run_common(allocator, &dt_common_cases, table) : -ENOMEM;

	kvfree(table);
	return err;
}
EXPORT_SYMBOL_GPL(dt_bench_run_allocator);

/* dualtree's own cases stand between its common ones and those of its peers. */
static int run_all(struct bench_table *table)
{
	enum allocator_id id;
	int err = 0;

	for (id = BASELINE; id < NR_ALLOCATORS && !err; id++) {
		if (dt_allocators[id])
			err = run_common(dt_allocators[id], &dt_common_cases, table);
		if (id == EXACT && !err)
			err = run_set(DUALTREE, &dt_section_cases, table, true) ?:
			      run_set(DUALTREE, &dt_phase_cases, table, true) ?:
			      run_set(EXACT, &dt_phase_cases, table, true) ?:
			      run_set(DUALTREE, &dt_instance_cases, table, true) ?:
			      run_set(EXACT, &dt_instance_cases, table, true);
	}
	return err;
}

/* Bursts come last: what they leave of arenas and slabs would show in other cases' counts. */
static int run_bursts(struct bench_table *table)
{
	enum allocator_id id;
	int err = 0;

	for (id = BASELINE; id < NR_ALLOCATORS && !err; id++)
		if (dt_allocators[id])
			err = run_common(dt_allocators[id], &dt_burst_cases, table);
	return err ?: run_set(DUALTREE, &dt_remote_burst_cases, table, true);
}

int dt_run_cost(void)
{
	struct bench_table *table = dt_bench_table(BENCH_LIVE_MAX);
	int err = table ? run_all(table) ?: run_bursts(table) : -ENOMEM;

	kvfree(table);
	return err;
}

int dt_run_remote(void)
{
	struct bench_table *table;
	int err = -ENOMEM;

	if (num_online_cpus() < 2)
		return -ENODEV;
	table = dt_bench_table(BENCH_LIVE_MAX);
	if (table)
		err = run_set(DUALTREE, &dt_remote_cases, table, false) ?:
		      run_set(KMALLOC, &dt_remote_cases, table, false);
	kvfree(table);
	return err;
}
