/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cases of the runs "cost", "remote" and "native".
 */
#ifndef DUALTREE_BENCH_CASES_H
#define DUALTREE_BENCH_CASES_H

#include <linux/bits.h>

#include "bench.h"

/**
 * struct common_case - a case of several allocators
 * @c: the case
 * @cost: allocators that "cost" measures it of, as bits by enum allocator_id
 * @native: allocators that "native" measures it of
 */
struct common_case {
	struct bench_case c;
	u32 cost;
	u32 native;
};

/**
 * struct common_set - all common cases
 * @cases: in the order in which a report shows them
 * @nr: how many
 */
struct common_set {
	const struct common_case *cases;
	unsigned int nr;
};

/**
 * struct bench_set - cases of dualtree alone, or of few allocators
 * @cases: in the order in which a report shows them
 * @nr: how many
 */
struct bench_set {
	const struct bench_case *cases;
	unsigned int nr;
};

extern const struct common_set dt_common_cases, dt_burst_cases;
extern const struct bench_set dt_section_cases, dt_remote_burst_cases, dt_phase_cases;
extern const struct bench_set dt_instance_cases, dt_remote_cases;

int dt_bench_run_allocator(const struct allocator *allocator);

#endif /* DUALTREE_BENCH_CASES_H */
