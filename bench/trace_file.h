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

/* A trace file that is being read. */
struct trace_file {
	struct replay *replay;		/* what it is replayed into */
	struct objects objects;		/* what is live */
	u64 line;			/* the one that is being read, from 1 on */
	u64 ops;			/* allocations and frees so far */
	unsigned int marks;		/* how many there have been */
	/* Lines say where a step ends; else each operation is one */
	bool steps;
	bool begun;			/* there has been something other than comments */
	bool ended;			/* the last line has been seen */
	char name[TRACE_NAME_MAX];	/* as the file says it */
	/* What it was generated from, as the file says it, or empty */
	char seed[TRACE_NAME_MAX];
	char text[TRACE_LINE_MAX + 1];	/* the line, as far as it has come */
	unsigned int len;		/* of @text */
	char error[TRACE_ERROR_MAX];	/* what is wrong, or empty */
};

void dt_trace_file_begin(struct trace_file *file, struct replay *r);
bool dt_trace_file_feed(struct trace_file *file, const char *text, size_t len);
bool dt_trace_file_end(struct trace_file *file);

extern const char *const dt_mark_names[];

#endif /* DUALTREE_BENCH_TRACE_FILE_H */
