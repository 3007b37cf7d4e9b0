/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of frames, each of one buffer or more: what a stream keeps for those who join late.
 * The oldest frame dies when there are more than the ring is deep.
 */
#ifndef DUALTREE_BENCH_RING_H
#define DUALTREE_BENCH_RING_H

#include <linux/types.h>

#include "replay.h"

/**
 * struct ring - buffers in the order in which they came
 * @buffers: a power of two of them
 * @mask: their number less one
 * @first: the oldest; counts on and on, as @end
 * @end: behind the newest
 * @depth: frames that are kept
 * @frames: that are in it and whole
 * @taken: that have left it since ring_mark()
 */
struct ring {
	struct buffer *buffers;
	u32 mask;
	u32 first;
	u32 end;
	u32 depth;
	u32 frames;
	u32 taken;
};

int ring_create(struct ring *ring, u32 buffers);
void ring_destroy(struct ring *ring);
void ring_set_depth(struct replay *r, struct ring *ring, u32 least, u32 most, bool middle);

void ring_put(struct replay *r, struct ring *ring, const struct buffer *buffer);
bool ring_take(struct ring *ring, struct buffer *buffer);
void ring_keep_depth(struct replay *r, struct ring *ring);
void ring_empty(struct replay *r, struct ring *ring);

static inline bool ring_is_full(const struct ring *ring)
{
	return ring->end - ring->first > ring->mask;
}

static inline bool ring_is_empty(const struct ring *ring)
{
	return ring->end == ring->first;
}

static inline const struct buffer *ring_oldest(const struct ring *ring)
{
	return &ring->buffers[ring->first & ring->mask];
}

static inline void ring_mark(struct ring *ring)
{
	ring->taken = 0;
}

/* Nothing is left of what was in it at ring_mark(). */
static inline bool ring_has_cycled(const struct ring *ring)
{
	return ring->taken >= ring->depth;
}

#endif /* DUALTREE_BENCH_RING_H */
