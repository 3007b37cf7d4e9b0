/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of frames, each of one packet or more: what a stream keeps for late receivers. The
 * oldest frame is freed when there are more than the ring is deep.
 */
#ifndef DUALTREE_BENCH_HOST_RING_H
#define DUALTREE_BENCH_HOST_RING_H

#include "../replay.h"

struct play;

/* Live bytes of a stream. */
struct packet {
	struct buffer buffer;
	/* When they arrived, or when they are to be freed, in microseconds */
	u64 when;
	bool last;		/* the last packet of its frame */
};

/* Packets in the order in which they came. */
struct ring {
	struct packet *packets;	/* a power of two of places, or NULL */
	u32 size;		/* places in @packets */
	u32 first;		/* the oldest packet; counts on and on, as end does */
	u32 end;		/* after the newest */
	u32 depth;		/* frames that are kept */
	u32 frames;		/* whole frames that are in it */
	u32 taken;		/* frames that have left it since its stream began a cycle */
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
