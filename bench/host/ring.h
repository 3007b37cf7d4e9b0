/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of frames, each of one packet or more: what a stream keeps for late receivers. The
 * oldest frame is freed when there are more than the ring is deep.
 */
#ifndef DUALTREE_BENCH_HOST_RING_H
#define DUALTREE_BENCH_HOST_RING_H

#include "../replay.h"

struct play;

/**
 * struct packet - live bytes of a stream
 * @buffer: them
 * @when: when they arrived, or when they are to be freed, in microseconds
 * @last: the last packet of its frame
 */
struct packet {
	struct buffer buffer;
	u64 when;
	bool last;
};

/**
 * struct ring - packets in the order in which they came
 * @packets: a power of two of places, or NULL
 * @size: how many places
 * @first: the oldest packet; counts on and on, as @end
 * @end: after the newest
 * @depth: frames that are kept
 * @frames: whole frames that are in it
 * @taken: frames that have left it since its stream began a cycle
 */
struct ring {
	struct packet *packets;
	u32 size;
	u32 first;
	u32 end;
	u32 depth;
	u32 frames;
	u32 taken;
};

void ring_set_depth(struct play *play, struct ring *ring, u32 min, u32 max, bool middle);
void ring_put(struct ring *ring, const struct packet *packet);
bool ring_take(struct ring *ring, struct packet *packet);
void ring_keep_depth(struct play *play, struct ring *ring);
void ring_empty(struct play *play, struct ring *ring);

static inline u32 ring_length(const struct ring *ring)
{
	return ring->end - ring->first;
}

static inline const struct packet *ring_oldest(const struct ring *ring)
{
	return &ring->packets[ring->first & (ring->size - 1)];
}

#endif /* DUALTREE_BENCH_HOST_RING_H */
