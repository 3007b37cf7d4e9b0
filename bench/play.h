/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays the streams of a trace: in the kernel into an instance, in trace_tool into a file.
 */
#ifndef DUALTREE_BENCH_PLAY_H
#define DUALTREE_BENCH_PLAY_H

#include <linux/types.h>

struct replay;
struct trace;

/**
 * struct play_params - what a trace is played with
 * @trace: which
 * @seed: of everything that is random
 * @ops: allocations until most streams stop; 0: as the trace says
 * @cycles: how often the others cycle then
 */
struct play_params {
	const struct trace *trace;
	u32 seed;
	u64 ops;
	unsigned int cycles;
};

int play_trace(struct replay *r, const struct play_params *params);

#endif /* DUALTREE_BENCH_PLAY_H */
