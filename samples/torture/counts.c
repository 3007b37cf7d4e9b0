// SPDX-License-Identifier: GPL-2.0
/*
 * What is counted; see counts.h.
 */
#include <linux/cpumask.h>

#include "counts.h"

DEFINE_PER_CPU(struct counts, torture_counts);

const char *const context_names[NR_CONTEXTS] = {
	[IN_TASK]	= "task",
	[IN_SOFTIRQ]	= "softirq",
	[IN_HARDIRQ]	= "hardirq",
	[IN_NMI]	= "nmi",
};

/* Its CPU may be counting on: each read is one number as it was at some moment. */
unsigned long count_on(unsigned int cpu, enum context context, enum count what)
{
	return READ_ONCE(per_cpu(torture_counts, cpu).of[context][what]);
}

unsigned long count_in(enum context context, enum count what)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += count_on(cpu, context, what);
	return sum;
}

unsigned long count_sum(enum count what)
{
	unsigned long sum = 0;
	enum context context;

	for (context = 0; context < NR_CONTEXTS; context++)
		sum += count_in(context, what);
	return sum;
}
