/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How cost grows: the same loop of the same allocator, at one x after the other. A line is an
 * allocator and an operation, a point of it a case with that x.
 */
#ifndef DUALTREE_BENCH_CURVE_H
#define DUALTREE_BENCH_CURVE_H

#include <linux/types.h>

#include "bench.h"

/* How far live allocations and free extents go. */
static inline u32 curve_max(void)
{
	return dt_bench_quick ? 10000 : 100000;
}

int dt_curve_begin(void);
void dt_curve_end(void);
void dt_curve_add(const struct bench *b, const char *operation, u32 x, u64 ops, u64 total);
int dt_curve_line(enum allocator_id id, struct bench_case c, u32 first, u32 max);
u64 dt_curve_clock(void);

#endif /* DUALTREE_BENCH_CURVE_H */
