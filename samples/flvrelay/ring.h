/* SPDX-License-Identifier: GPL-2.0 */
/* The newest tags of a stream: positions count up, a ring has those from first to end. */
#ifndef FLVRELAY_RING_H
#define FLVRELAY_RING_H

#include <linux/types.h>

struct dualtree;
struct tag;

/**
 * struct ring - the newest tags; owner-only
 * @tags: at most @depth of them
 * @depth: how many are kept
 * @first: the position of the oldest one
 * @end: the position of the next one that comes
 * @bytes: their payloads, with the trailers
 */
struct ring {
	struct tag *tags;
	unsigned int depth;
	u64 first;
	u64 end;
	size_t bytes;
};

int ring_init(struct ring *ring, unsigned int depth);
void ring_free(struct ring *ring);
u64 ring_put(struct ring *ring, struct tag *tag);
struct tag *ring_at(const struct ring *ring, u64 position);

#endif /* FLVRELAY_RING_H */
