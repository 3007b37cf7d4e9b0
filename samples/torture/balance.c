// SPDX-License-Identifier: GPL-2.0
/*
 * The balance; see balance.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/printk.h>

#include <dualtree/dualtree.h>
#include <dualtree/fault.h>

#include "balance.h"
#include "counts.h"
#include "hotplug.h"
#include "pipe.h"
#include "pressure.h"
#include "stream.h"
#include "subject.h"
#include "verdict.h"

/* Of all subjects. */
static struct dualtree_stats stats_sum(void)
{
	struct dualtree_stats sum = {}, stats;
	unsigned int i;

	for (i = 0; i < NR_SUBJECTS; i++) {
		dualtree_get_stats(subjects[i]->dt, &stats);
		sum.frees += stats.frees;
		sum.remote_frees += stats.remote_frees;
		sum.nested_allocs += stats.nested_allocs;
		sum.failed_allocs += stats.failed_allocs;
		sum.live_bytes += stats.live_bytes;
		sum.held_bytes += stats.held_bytes;
	}
	return sum;
}

static void print_cpu(unsigned int cpu)
{
	pr_info("cpu%u%s: task %lu softirq %lu hardirq %lu nmi %lu, failed %lu\n", cpu,
		cpu_online(cpu) ? "" : " (offline)", count_on(cpu, IN_TASK, TURNS),
		count_on(cpu, IN_SOFTIRQ, TURNS), count_on(cpu, IN_HARDIRQ, TURNS),
		count_on(cpu, IN_NMI, TURNS),
		count_on(cpu, IN_TASK, NULLS) + count_on(cpu, IN_SOFTIRQ, NULLS) +
		count_on(cpu, IN_HARDIRQ, NULLS) + count_on(cpu, IN_NMI, NULLS));
}

void balance_progress(unsigned int seconds)
{
	static unsigned long turns_before;
	static ktime_t before;
	unsigned long turns = count_sum(TURNS);
	s64 ms = max_t(s64, ktime_ms_delta(ktime_get(), before), 1);
	struct dualtree_stats sum = stats_sum();
	unsigned int cpu;

	pr_info("%u s: %lu turns, %lu a second; nested %llu remote %llu failed %llu; live %zu KiB held %zu KiB\n",
		seconds, turns, before ? (turns - turns_before) * 1000 / (unsigned long)ms : 0,
		sum.nested_allocs, sum.remote_frees, sum.failed_allocs, sum.live_bytes >> 10,
		sum.held_bytes >> 10);
	pr_info("%u s: met %lu joined %lu grown %lu; cpu downs %lu streams %lu shrinks %lu faults %u pipe %lu\n",
		seconds, count_sum(MEETINGS), count_sum(JOINED), count_sum(GROWN), hotplug_downs(),
		streams_torn_down(), shrinks(), dualtree_faults(), pipe_passed());
	for_each_present_cpu(cpu)
		print_cpu(cpu);
	turns_before = turns;
	before = ktime_get();
}

void balance_quiet(void)
{
	unsigned int i;

	for (i = 0; i < NR_SUBJECTS; i++)
		subject_balanced(subjects[i], "at a quiet point");
}

void balance_close(struct subject *s)
{
	struct dualtree_stats stats;

	subject_balanced(s, "when all had stopped");
	subject_empty(s);
	dualtree_shrink(s->dt);
	dualtree_get_stats(s->dt, &stats);
	pr_info("balance: %s: live %zu held %zu refused %llu; allocs %llu frees %llu remote %llu nested %llu failed %llu; regions %llu got %llu put\n",
		s->name, stats.live_bytes, stats.held_bytes, stats.bad_frees, stats.allocs,
		stats.frees, stats.remote_frees, stats.nested_allocs, stats.failed_allocs,
		stats.region_gets, stats.region_puts);
	if (subject_expected(s))
		torture_fail("%s: %ld bytes were never freed, expected 0", s->name,
			     subject_expected(s));
	else if (stats.live_bytes)
		torture_fail("%s: %zu bytes live at the end, expected 0", s->name,
			     stats.live_bytes);
	else if (stats.held_bytes)
		torture_fail("%s: %zu bytes held at the end, expected 0", s->name,
			     stats.held_bytes);
	else if (stats.bad_frees)
		torture_fail("%s: %llu frees refused, expected none", s->name, stats.bad_frees);
	else if (stats.region_gets != stats.region_puts)
		torture_fail("%s: %llu regions got and %llu put, expected as many", s->name,
			     stats.region_gets, stats.region_puts);
}
