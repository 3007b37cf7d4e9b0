/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted, on each CPU and in each context. Counting takes no lock and may be done
 * in any context; each CPU writes its own.
 */
#ifndef TORTURE_COUNTS_H
#define TORTURE_COUNTS_H

#include <linux/irqflags.h>
#include <linux/percpu.h>

enum context { IN_TASK, IN_SOFTIRQ, IN_HARDIRQ, IN_NMI, NR_CONTEXTS };

extern const char *const context_names[NR_CONTEXTS];

/* Counted by context. */
enum count {
	TURNS,		/* operations: what one visit does */
	ALLOCS,
	NULLS,		/* allocations that returned NULL */
	FREES,
	MEETINGS,	/* granules freed by two at the same moment */
	GROWN,		/* in place */
	JOINED,		/* two allocations freed as one range */
	STRAYS,		/* turns that came when nobody was to act */
	NR_COUNTS,
};

struct counts {
	unsigned long of[NR_CONTEXTS][NR_COUNTS];
};

DECLARE_PER_CPU(struct counts, torture_counts);

/* One instruction on x86, the only machine that has NMIs here: none comes in between. */
static inline void count(enum context context, enum count what)
{
	this_cpu_inc(torture_counts.of[context][what]);
}

unsigned long count_on(unsigned int cpu, enum context context, enum count what);
unsigned long count_in(enum context context, enum count what);
unsigned long count_sum(enum count what);

#endif /* TORTURE_COUNTS_H */
