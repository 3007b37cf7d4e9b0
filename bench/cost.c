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

#include "bench.h"

#define LOOPS		3
/* Loops, those that do not count included. */
#define LOOPS_MAX	20

static u64 measure(const struct bench *b, unsigned int ops)
{
	unsigned int i, nr = 0;
	u64 ns, best = U64_MAX;

	dt_bench_time(b, ops);
	for (i = 0; nr < LOOPS && i < LOOPS_MAX; i++) {
		nr += dt_bench_time_alone(b, ops, &ns) || b->c->moves;
		best = min(best, ns);
	}
	return best;
}

static int run_case(const struct allocator *allocator, const struct bench_case *c,
		    struct bench_table *table)
{
	struct bench b = { .allocator = allocator, .c = c, .table = table };
	unsigned int ops = dt_bench_ops(&b);
	int err = dt_bench_open(&b);

	if (!err) {
		dt_bench_draw(&b);
		err = dt_bench_fill(&b);
		if (!err)
			dt_bench_report("%s|%s|%u|%llu\n", dt_bench_name(&b), c->name, ops,
					measure(&b, ops));
		err = dt_bench_close(&b, err);
	}
	if (err)
		pr_err("%s, %s: error %d\n", dt_bench_name(&b), c->name, err);
	return err;
}

static int run_set(const struct allocator *allocator, const struct bench_set *set,
		   struct bench_table *table)
{
	const struct bench_case *c;
	int err = 0;

	for (c = set->cases; c < set->cases + set->nr && !err; c++)
		if (c->cost & BIT(allocator->id))
			err = run_case(allocator, c, table);
	return err;
}

/* Measures the common cases of an allocator of another module. Return: 0 or the first error. */
int dt_bench_run_allocator(const struct allocator *allocator)
{
	struct bench_table *table = dt_bench_table(BENCH_LIVE_MAX);
	int err = table ? run_set(allocator, &dt_common_cases, table) : -ENOMEM;

	kvfree(table);
	return err;
}
EXPORT_SYMBOL_GPL(dt_bench_run_allocator);

/* Cases of a run, and the allocators that they are measured of, one after the other. */
struct part {
	const struct bench_set *set;
	enum allocator_id first, last;
};

static int run_parts(const struct part *part, unsigned int nr)
{
	struct bench_table *table = dt_bench_table(BENCH_LIVE_MAX);
	enum allocator_id id;
	int err = table ? 0 : -ENOMEM;

	for (; nr-- && !err; part++)
		for (id = part->first; id <= part->last && !err; id++)
			if (dt_allocators[id])
				err = run_set(dt_allocators[id], part->set, table);
	kvfree(table);
	return err;
}

/*
 * dualtree's own cases stand between its common ones and those of its peers. Bursts come last: what
 * they leave of arenas and slabs would show in other cases' counts.
 */
int dt_run_cost(void)
{
	static const struct part parts[] = {
		{ &dt_common_cases, BASELINE, EXACT },
		{ &dt_section_cases, DUALTREE, EXACT },
		{ &dt_phase_cases, DUALTREE, EXACT },
		{ &dt_instance_cases, DUALTREE, EXACT },
		{ &dt_common_cases, EXACT + 1, NR_ALLOCATORS - 1 },
		{ &dt_burst_cases, BASELINE, NR_ALLOCATORS - 1 },
		{ &dt_remote_burst_cases, DUALTREE, EXACT },
	};

	return run_parts(parts, ARRAY_SIZE(parts));
}

int dt_run_remote(void)
{
	static const struct part part = { &dt_remote_cases, BASELINE, NR_ALLOCATORS - 1 };

	return num_online_cpus() < 2 ? -ENODEV : run_parts(&part, 1);
}
