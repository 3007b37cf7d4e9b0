/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace files: what a user of memory did, one operation a line. Documentation/benchmark-traces.rst
 * defines them.
 *
 * A file is fed in pieces of any length, and replayed while it is read. A line that is not as
 * defined ends the replay, with its number and what is wrong with it: no operation is guessed at,
 * and none is left out.
 *
 * The same code runs in the kernel and in trace_tool.
 */
#ifndef DUALTREE_BENCH_TRACE_FILE_H
#define DUALTREE_BENCH_TRACE_FILE_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "objects.h"

struct replay;

/* Characters of a line, of a header's value and of an error. */
#define TRACE_LINE_MAX	128
#define TRACE_NAME_MAX	32
#define TRACE_ERROR_MAX	128

/* Numbers after the letter of an operation, at most. */
#define TRACE_NUMBERS	4

/**
 * struct trace_file - a trace file that is being read
 * @replay: what it is replayed into
 * @objects: what is live
 * @line: the one that is being read, from 1 on
 * @ops: allocations and frees so far
 * @marks: how many there have been
 * @steps: lines say where a step ends; else each operation is one
 * @begun: there has been something other than comments
 * @ended: the last line has been seen
 * @name: as the file says it
 * @seed: what it was generated from, as the file says it, or empty
 * @text: the line, as far as it has come
 * @len: of @text
 * @error: what is wrong, or empty
 */
struct trace_file {
	struct replay *replay;
	struct objects objects;
	u64 line;
	u64 ops;
	unsigned int marks;
	bool steps;
	bool begun;
	bool ended;
	char name[TRACE_NAME_MAX];
	char seed[TRACE_NAME_MAX];
	char text[TRACE_LINE_MAX + 1];
	unsigned int len;
	char error[TRACE_ERROR_MAX];
};

void dt_trace_file_begin(struct trace_file *file, struct replay *r);
bool dt_trace_file_feed(struct trace_file *file, const char *text, size_t len);
bool dt_trace_file_end(struct trace_file *file);
void dt_trace_file_destroy(struct trace_file *file);

extern const char *const dt_mark_names[];

#endif /* DUALTREE_BENCH_TRACE_FILE_H */
