/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A replay: buffers of one instance, and how much memory they take.
 *
 * A trace file (trace_file.h) is replayed by these calls, and trace_tool's streams make one by
 * them. The kernel implements them in buffer.c; trace_tool, which has no memory to hand out, in
 * host/buffer.c.
 *
 * Every live byte is counted here, apart from the instance's own counts, which are compared at
 * every step. The first and the last bytes of each buffer hold a tag that is checked before
 * anything of the buffer is freed.
 *
 * Nothing returns an error: the first one is kept, and the caller stops at it. A buffer that could
 * not be allocated is empty, and freeing it does nothing.
 */
#ifndef DUALTREE_BENCH_REPLAY_H
#define DUALTREE_BENCH_REPLAY_H

#include <linux/types.h>

struct buddy_pool;
struct dualtree;

/* More than half of the points are in use, unless a trace has fewer steps. */
#define CURVE_POINTS	400

/**
 * enum mark - where something begins or ends in a trace
 * @MARK_STEADY: the rings are full
 * @MARK_END: of the steady state
 * @MARK_STOPPED: most streams have stopped
 * @MARK_CYCLED: nothing is left of what the others had then
 * @NR_MARKS: how many there are
 */
enum mark { MARK_STEADY, MARK_END, MARK_STOPPED, MARK_CYCLED, NR_MARKS };

/* A run of live bytes. */
struct buffer {
	u8 *ptr;	/* the first */
	u32 len;	/* how many; 0: none, and @ptr means nothing */
	u8 tag;		/* what the first and the last of them contain */
};

/* What a trace takes; all but the peaks are of the steady state. */
struct footprint {
	size_t peak_live;	/* most bytes that were live */
	size_t peak_held;	/* most bytes that the instance held */
	u64 sum_live;		/* bytes live, of all samples since the rings were full */
	u64 sum_held;		/* bytes held, of the same samples */
	u64 samples;		/* how many */
	u64 allocs;		/* allocations in that time */
	u64 gets;		/* regions taken from the pool in that time */
	u64 puts;		/* regions given back in that time */
};

/* What is live and held. */
struct sample {
	u64 allocs;	/* after how many allocations */
	size_t live;	/* bytes */
	size_t held;	/* bytes */
};

/* A trace that is being replayed. */
struct replay {
	struct dualtree *dt;			/* the instance */
	/* The rings are full: means and traffic count from here */
	bool steady;
	int error;				/* the first; 0 if all is well */
	u64 allocs;				/* so far */
	u64 frees;				/* so far */
	size_t live;				/* bytes */
	struct footprint taken;			/* what was found */
	struct sample marks[NR_MARKS];		/* what was live and held at each */
	unsigned long extents;			/* free extents at the end of the steady state */
	unsigned int regions;			/* regions then */
	struct sample curve[CURVE_POINTS];	/* over time */
	unsigned int nr_points;			/* in @curve */
	/* Allocations from one point to the next; grows with the trace */
	u64 curve_step;
};

void dt_buffer_alloc(struct replay *r, struct buffer *buffer, u32 size);
void dt_buffer_trim(struct replay *r, struct buffer *buffer, u32 keep);
void dt_buffer_drop_front(struct replay *r, struct buffer *buffer, u32 len);
void dt_buffer_split(struct replay *r, struct buffer *buffer, u32 at, struct buffer *rest);
void dt_buffer_free(struct replay *r, struct buffer *buffer);

void dt_replay_fail(struct replay *r, int error, const char *what);
void dt_replay_sample(struct replay *r);
void dt_replay_mark(struct replay *r, enum mark mark);

struct buddy_pool *dt_replay_pool_create(unsigned int arenas);

#endif /* DUALTREE_BENCH_REPLAY_H */
