/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generated traces: which streams share an instance, and what each kind of stream does.
 *
 * A stream does one thing at a time, a step, and says when it will do the next. Time is the
 * streams' own, in microseconds; the stream that is due first is next, so streams are interleaved
 * as packets of many senders are, and the same seed gives the same trace. Their memory is freed
 * when the program ends.
 */
#ifndef DUALTREE_BENCH_HOST_STREAMS_H
#define DUALTREE_BENCH_HOST_STREAMS_H

#include "kernel.h"

#include "../replay.h"
#include "ring.h"

#define STREAMS_MAX	256
#define TRACE_PARTS	4
/* Of a stream. */
#define RINGS		3

struct play;
struct stream_kind;

/* What all streams have; the kind's own structure begins with it. */
struct stream {
	const struct stream_kind *kind;	/* what it is */
	unsigned int option;		/* the trace's option of the kind */
	struct buffer buffer;		/* what it reads into, if the kind has one */
	struct ring rings[RINGS];	/* what it keeps, if the kind has some */
	/* Buffers or objects replaced since its cycle began, of a kind that has no ring */
	u32 count;
	/* The count from which nothing is left of what it had when its cycle began */
	u32 cycle;
	u64 due;			/* when its next step is */
	bool running;			/* it is started; else its next step starts it */
	bool gone;			/* it has stopped for good */
};

/* What streams of a kind do. */
struct stream_kind {
	size_t size;		/* bytes of its structure */
	size_t option_size;	/* bytes after that, for each of @option */
	/* Sets its due; may allocate */
	void (*start)(struct play *play, struct stream *stream);
	/* Does what is due and sets its due; may stop it for a while */
	void (*step)(struct play *play, struct stream *stream);
	/* Frees what is neither in its buffer nor in its rings, or NULL */
	void (*stop)(struct play *play, struct stream *stream);
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

/* Streams of one kind. */
struct trace_part {
	const struct stream_kind *kind;	/* which; NULL ends the list */
	unsigned int nr;		/* how many */
	unsigned int option;		/* for each */
};

/* Streams that share an instance. */
struct trace {
	const char *name;	/* as users say it */
	/* Until most streams stop, by default; all rings are full after a third of them. */
	unsigned int allocs;
	struct trace_part parts[TRACE_PARTS + 1];
};

/* Streams that are being played. */
struct play {
	struct replay replay;			/* what they allocate from */
	struct rnd_state rnd;			/* makes all decisions */
	u64 now;				/* the streams' time, in microseconds */
	/* Most streams have stopped, and the others neither start nor stop any more */
	bool closing;
	const struct trace *trace;		/* which they are of */
	/* Those of each part of the trace follow each other */
	struct stream *streams[STREAMS_MAX];
	unsigned int nr;			/* how many */
	u16 queue[STREAMS_MAX];			/* indices of those that go on, as a heap */
	unsigned int waiting;			/* how many */
};

void stream_stop(struct play *play, struct stream *stream);
const struct trace *trace_find(const char *name);
void play_trace(struct play *play, u64 allocs, unsigned int cycles);

#endif /* DUALTREE_BENCH_HOST_STREAMS_H */
