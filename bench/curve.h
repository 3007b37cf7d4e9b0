/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How cost grows: the same loop over the same contender, at one x after the other.
 *
 * A curve is a set of lines, a line one contender and one operation. A point of it is a row as
 * cost.h has it, built for that x. What does not fit into a fixed number of instructions is
 * made of fewer operations; how many is in the result.
 */
#ifndef DUALTREE_BENCH_CURVE_H
#define DUALTREE_BENCH_CURVE_H

#include <linux/types.h>

/* The extents' curve keeps two blocks and two separators for each extent. */
#define COST_MOST_LIVE	409600

#include "cost.h"

extern bool curve_quick;

/* What lives and extents go up to this. */
static inline u32 curve_most(void)
{
	return curve_quick ? 10000 : 100000;
}

typedef void (*cost_loop_fn)(const struct cost_row *row, void *ctx, unsigned int ops);

/**
 * struct curve_subject - a contender and how it is used
 * @contender: it
 * @arg: what it is opened with
 * @pair: see cost.h
 * @random: see cost.h; if it is compared by what lives too, so is
 * @mixed: see cost.h, or NULL
 * @least: bytes it is asked for, at the least
 * @most: and at the most; 0: any
 * @most_live: allocations of one size that it can be filled with; 0: any
 * @most_mixed: and of all sizes
 */
struct curve_subject {
	const struct cost_contender *contender;
	unsigned long arg;
	cost_loop_fn pair;
	cost_loop_fn random;
	cost_loop_fn mixed;
	u32 least;
	u32 most;
	u32 most_live;
	u32 most_mixed;
};

extern const struct curve_subject curve_gen_pool;

void curve_add(const struct cost_contender *contender, const char *operation, u32 x,
	       u64 ops, u64 total);
int curve_measure(const struct cost_row *row, u32 x);
u64 curve_clock(void);

/* 1, 3, 10, 30 and so on, or the powers of ten alone. */
static inline u32 curve_next(u32 x)
{
	u32 unit = 1;

	if (curve_quick)
		return x * 10;
	while (unit * 10 <= x)
		unit *= 10;
	return x == unit ? 3 * x : 10 * unit;
}

int curve_size(void);
int curve_live(void);
int curve_extents(void);
int curve_instances(void);
int curve_cpus(void);

#endif /* DUALTREE_BENCH_CURVE_H */
