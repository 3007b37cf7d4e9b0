/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces: which streams share an instance, and what each kind of stream does.
 *
 * A stream does one thing at a time, a step, and says when it will do the next. Time is the
 * streams' own, in microseconds; whoever is due first is next, so streams are interleaved as
 * packets of many senders are, and the same seed gives the same trace.
 */
#ifndef DUALTREE_BENCH_TRACE_H
#define DUALTREE_BENCH_TRACE_H

#include <linux/bits.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "replay.h"

struct stream_kind;

/**
 * struct stream - what all streams have; the kind's own structure embeds it
 * @kind: what it is
 * @option: the trace's wish, for the kind to know
 * @due: when its next step is
 * @running: it is started; else its next step starts it
 * @gone: it has stopped for good
 */
struct stream {
	const struct stream_kind *kind;
	unsigned int option;
	u64 due;
	bool running;
	bool gone;
};

/**
 * struct stream_kind - what streams of a kind do
 * @create: returns one that is not running, or NULL. May sleep
 * @destroy: of one that is not running. May sleep
 * @start: sets @running and @due; may allocate
 * @step: does what is due and sets @due; may stop it for a while
 * @stop: frees all it has, and clears @running
 * @mark: from now on it counts what leaves its rings
 * @cycled: nothing is left of what it had at @mark
 */
struct stream_kind {
	struct stream *(*create)(unsigned int option);
	void (*destroy)(struct stream *stream);
	void (*start)(struct replay *r, struct stream *stream);
	void (*step)(struct replay *r, struct stream *stream);
	void (*stop)(struct replay *r, struct stream *stream);
	void (*mark)(struct stream *stream);
	bool (*cycled)(const struct stream *stream);
};

extern const struct stream_kind reader_kind;
extern const struct stream_kind messages_kind;
extern const struct stream_kind packets_kind;
extern const struct stream_kind datagrams_kind;
extern const struct stream_kind random_kind;

/* Options of all kinds but random streams, whose option is their number of objects. */
#define STREAM_ALONE		BIT(0)	/* rings of medium depth: the seed is not to choose it */
#define READER_WAITS		BIT(1)	/* holds its full buffer until bytes arrive */
#define PACKETS_RESTART		BIT(2)	/* stops at times, and starts again */
#define PACKETS_HELD		BIT(3)	/* one in a hundred is held ten times longer */
#define DATAGRAMS_WAIT		BIT(4)	/* holds its full buffer until a datagram arrives */

/**
 * struct trace_part - streams of one kind
 * @kind: which; NULL ends the list
 * @nr: how many
 * @option: for each
 */
struct trace_part {
	const struct stream_kind *kind;
	unsigned int nr;
	unsigned int option;
};

#define TRACE_PARTS	4

/**
 * struct trace - streams that share an instance
 * @name: as users say it
 * @ops: allocations, unless users ask for other; all rings are full after a third of them
 * @parts: the streams
 */
struct trace {
	const char *name;
	unsigned int ops;
	struct trace_part parts[TRACE_PARTS + 1];
};

const struct trace *trace_find(const char *name);

#endif /* DUALTREE_BENCH_TRACE_H */
