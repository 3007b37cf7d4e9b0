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

/**
 * struct buffer - a run of live bytes
 * @ptr: the first
 * @len: how many; 0: none, and @ptr means nothing
 * @tag: what the first and the last of them contain
 */
struct buffer {
	u8 *ptr;
	u32 len;
	u8 tag;
};

/**
 * struct footprint - what a trace takes
 * @peak_live: most bytes that were live
 * @peak_held: most bytes that the instance held
 * @sum_live: bytes live, of all samples since the rings were full
 * @sum_held: bytes held, of the same samples
 * @samples: how many
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
 * struct sample - what is live and held
 * @allocs: after how many allocations
 * @live: bytes
 * @held: bytes
 */
struct sample {
	u64 allocs;
	size_t live;
	size_t held;
};

/**
 * struct replay - a trace that is being replayed
 * @dt: the instance
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
	bool steady;
	int error;
	u64 allocs;
	u64 frees;
	size_t live;
	struct footprint taken;
	struct sample marks[NR_MARKS];
	unsigned long extents;
	unsigned int regions;
	struct sample curve[CURVE_POINTS];
	unsigned int nr_points;
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
