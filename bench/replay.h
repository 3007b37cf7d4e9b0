/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A replay: buffers of one instance, and how much memory they take.
 *
 * Streams (play.h) and trace files (trace_file.h) speak to it. Here are the declarations; in the
 * kernel buffer.c is behind them, in trace_tool, which has no memory to hand out, host/buffer.c.
 *
 * Every byte that is live is counted here, apart from the instance's own counts, which are
 * compared at every step. The first and the last bytes of each buffer hold a tag that is
 * looked at before anything of the buffer is freed.
 *
 * Nothing returns an error: the first one is kept, and whoever runs the replay stops at it. A
 * buffer that could not be allocated is empty, and freeing it does nothing.
 */
#ifndef DUALTREE_BENCH_REPLAY_H
#define DUALTREE_BENCH_REPLAY_H

#include <linux/prandom.h>
#include <linux/types.h>

struct dualtree;

/* More than half of them are in use, unless a trace is shorter than that. */
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

/**
 * struct buffer - a run of live bytes
 * @ptr: the first
 * @when: whatever its holder wants to remember of it, in microseconds
 * @len: how many; 0: none, and @ptr means nothing
 * @tag: what the first and the last of them contain
 * @last: of its frame
 */
struct buffer {
	u8 *ptr;
	u64 when;
	u32 len;
	u8 tag;
	bool last;
};

/**
 * struct footprint - what a trace takes
 * @peak_live: most bytes that were live
 * @peak_held: most bytes that the instance held
 * @sum_live: of all samples since the rings were full
 * @sum_held: likewise
 * @samples: how many they were
 * @allocs: allocations in that time
 * @gets: regions taken from the pool in that time
 * @puts: regions given back in that time
 */
struct footprint {
	size_t peak_live;
	size_t peak_held;
	u64 sum_live;
	u64 sum_held;
	u64 samples;
	u64 allocs;
	u64 gets;
	u64 puts;
};

/**
 * struct moment - what is live and held
 * @allocs: after how many allocations
 * @live: bytes
 * @held: bytes
 */
struct moment {
	u64 allocs;
	size_t live;
	size_t held;
};

/**
 * struct replay - a trace that is being replayed
 * @dt: the instance
 * @rnd: makes all decisions
 * @now: microseconds of the streams' time
 * @closing: most streams have stopped, and the others neither start nor stop any more
 * @steady: the rings are full: means and traffic count from here
 * @error: the first; 0 if all is well
 * @allocs: so far
 * @frees: so far
 * @live: bytes
 * @taken: what was found
 * @marks: what was live and held at each
 * @extents: free extents at the end of the steady state
 * @regions: regions then
 * @curve: over time
 * @nr_points: in @curve
 * @curve_step: allocations from one point to the next; grows with the trace
 */
struct replay {
	struct dualtree *dt;
	struct rnd_state rnd;
	u64 now;
	bool closing;
	bool steady;
	int error;
	u64 allocs;
	u64 frees;
	size_t live;
	struct footprint taken;
	struct moment marks[NR_MARKS];
	unsigned long extents;
	unsigned int regions;
	struct moment curve[CURVE_POINTS];
	unsigned int nr_points;
	u64 curve_step;
};

void buffer_alloc(struct replay *r, struct buffer *buffer, u32 size);
void buffer_trim(struct replay *r, struct buffer *buffer, u32 keep);
void buffer_drop_front(struct replay *r, struct buffer *buffer, u32 len);
void buffer_split(struct replay *r, struct buffer *buffer, u32 at, struct buffer *rest);
void buffer_free(struct replay *r, struct buffer *buffer);

void replay_fail(struct replay *r, int error, const char *what);
void replay_sample(struct replay *r);
void replay_mark(struct replay *r, enum mark mark);

#endif /* DUALTREE_BENCH_REPLAY_H */
