/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace files as the module reads them.
 */
#ifndef DUALTREE_BENCH_REPLAY_FILE_H
#define DUALTREE_BENCH_REPLAY_FILE_H

#include "trace_file.h"

struct replay;

/**
 * struct replay_header - what a trace file says of itself
 * @name: of the trace, or empty
 * @seed: what it was generated from, or empty
 * @marks: as trace_file's
 */
struct replay_header {
	char name[TRACE_NAME_MOST];
	char seed[TRACE_NAME_MOST];
	unsigned int marks;
};

int replay_file(struct replay *r, const char *path, struct replay_header *header);

#endif /* DUALTREE_BENCH_REPLAY_FILE_H */
