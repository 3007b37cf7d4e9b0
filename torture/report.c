// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, failures and the result.
 *
 *	failure		NONE ---> BEING_WRITTEN ---> WRITTEN
 *
 *	the file result	before the end	after the end
 *	no failure	running SECONDS	PASS WORDS
 *	a failure	FAIL REASON	FAIL REASON
 *
 * The context that moves @failure to BEING_WRITTEN owns @reason until it is WRITTEN; @reason does
 * not change after that. Nothing here takes a lock but the rate limit, which only tries its own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>

#include "torture.h"

DEFINE_PER_CPU(unsigned long [NR_CONTEXTS][NR_COUNTERS], torture_counters);

const char *const context_names[NR_CONTEXTS] = {
	[IN_TASK]	= "task",
	[IN_SOFTIRQ]	= "softirq",
	[IN_HARDIRQ]	= "hardirq",
	[IN_NMI]	= "nmi",
};

u32 torture_seed;

enum { NONE, BEING_WRITTEN, WRITTEN };

static atomic_t failure = ATOMIC_INIT(NONE);
static char reason[200];

/* Written by report_result() before it sets @ended. */
static char summary[120];
static bool ended;

static unsigned long ends_at;
static struct dentry *folder;

/* Marked: the CPU may be counting. */
unsigned long counter_on(unsigned int cpu, enum torture_context context, enum counter counter)
{
	return READ_ONCE(per_cpu(torture_counters, cpu)[context][counter]);
}

unsigned long counter_in(enum torture_context context, enum counter counter)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += counter_on(cpu, context, counter);
	return sum;
}

unsigned long counter_sum(enum counter counter)
{
	enum torture_context context;
	unsigned long sum = 0;

	for (context = 0; context < NR_CONTEXTS; context++)
		sum += counter_in(context, counter);
	return sum;
}

void torture_fail(const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct va_format vaf = { .fmt = fmt };
	va_list args, again;

	va_start(args, fmt);
	if (atomic_cmpxchg(&failure, NONE, BEING_WRITTEN) == NONE) {
		va_copy(again, args);
		vsnprintf(reason, sizeof(reason), fmt, again);
		va_end(again);
		/* Pairs with the acquire of torture_failed(). */
		atomic_set_release(&failure, WRITTEN);
	}
	vaf.va = &args;
	if (__ratelimit(&limit))
		pr_err("failure: %pV (seed=%u)\n", &vaf, torture_seed);
	va_end(args);
}

bool torture_failed(void)
{
	return atomic_read_acquire(&failure) == WRITTEN;
}

void report_deadline(unsigned long deadline)
{
	/* The file is read at any time. */
	WRITE_ONCE(ends_at, deadline);
}

void report_result(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(summary, sizeof(summary), fmt, args);
	va_end(args);
	/* Pairs with the acquire of result_show(). */
	smp_store_release(&ended, true);
	if (torture_failed())
		pr_err("FAIL %s (seed=%u)\n", reason, torture_seed);
	else
		pr_info("PASS %s (seed=%u)\n", summary, torture_seed);
}

static int result_show(struct seq_file *seq, void *unused)
{
	/* Read first: a failure may be reported until the end. Pairs with report_result(). */
	bool over = smp_load_acquire(&ended);
	long left = READ_ONCE(ends_at) - jiffies;

	if (torture_failed())
		seq_printf(seq, "FAIL %s\n", reason);
	else if (over)
		seq_printf(seq, "PASS %s\n", summary);
	else
		seq_printf(seq, "running %ld\n", DIV_ROUND_UP(max(left, 0L), HZ));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

void report_init(void)
{
	folder = debugfs_create_dir("dualtree_torture", NULL);
	debugfs_create_file("result", 0444, folder, NULL, &result_fops);
}

void report_exit(void)
{
	debugfs_remove(folder);
}
