// SPDX-License-Identifier: GPL-2.0
/*
 * trace_tool: writes trace files, and says whether a file is one. A program; it reads a file with
 * the code with which the kernel replays it.
 *
 *	trace_tool export NAME SEED OPS CYCLES
 *		the trace of that name (traces.c), to stdout
 *	trace_tool check FILE
 *		what is wrong with a trace file: "FILE:LINE: WHAT"
 *	trace_tool convert [--late] RECORD
 *		the trace of what a driver did, to stdout (convert.c)
 *
 * OPS is the number of allocations until most streams stop, 0 for what the trace says; CYCLES is
 * how often the others cycle then. Status: 0, 1 if the file is no trace (no record), 2 if nothing
 * could be done.
 */
#include "kernel.h"

#include "../replay.h"
#include "../trace_file.h"
#include "streams.h"
#include "tool.h"

static int explain(void)
{
	fputs("usage: trace_tool export NAME SEED OPS CYCLES\n"
	      "       trace_tool check FILE\n"
	      "       trace_tool convert [--late] RECORD\n", stderr);
	return 2;
}

static int export(char **words)
{
	static struct play play;
	u32 seed = strtoul(words[1], NULL, 10);

	play.trace = trace_find(words[0]);
	if (!play.trace) {
		fprintf(stderr, "there is no trace %s\n", words[0]);
		return 2;
	}
	prandom_seed_state(&play.rnd, seed);
	buffer_out = stdout;
	printf("# dualtree-trace 1\n# name %s\n# seed %u\n# steps\n", words[0], seed);
	play_trace(&play, strtoull(words[2], NULL, 10), strtoul(words[3], NULL, 10));
	if (play.replay.error || play.replay.live)
		return 2;
	printf("z %llu\n", (unsigned long long)buffer_ops);
	if (fflush(stdout) || ferror(stdout)) {
		perror("trace_tool");
		return 2;
	}
	return 0;
}

static int check(const char *path)
{
	static struct trace_file trace;
	static struct replay replay;
	static char piece[65536];
	FILE *file = fopen(path, "r");
	bool ok = true;
	size_t len;

	if (!file) {
		perror(path);
		return 2;
	}
	dt_trace_file_begin(&trace, &replay);
	while (ok && (len = fread(piece, 1, sizeof(piece), file)))
		ok = dt_trace_file_feed(&trace, piece, len);
	if (ferror(file)) {
		perror(path);
		return 2;
	}
	fclose(file);
	if (ok && dt_trace_file_end(&trace)) {
		printf("%s: %llu allocations, %llu frees\n", path,
		       (unsigned long long)replay.allocs, (unsigned long long)replay.frees);
		return 0;
	}
	fprintf(stderr, "%s:%llu: %s\n", path, (unsigned long long)trace.line, trace.error);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "export"))
		return export(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "convert"))
		return convert(argv[2], false);
	if (argc == 4 && !strcmp(argv[1], "convert") && !strcmp(argv[2], "--late"))
		return convert(argv[3], true);
	return explain();
}
