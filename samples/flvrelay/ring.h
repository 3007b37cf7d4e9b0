/* SPDX-License-Identifier: GPL-2.0 */
/* A ring of the newest tags of a stream, at the positions [first, end). Positions never wrap. */
#ifndef FLVRELAY_RING_H
#define FLVRELAY_RING_H

#include <linux/types.h>

struct dualtree;
struct tag;

/**
 * struct ring - the newest tags; owner only
 * @tags: @depth slots
 * @depth: how many tags are kept
 * @first: position of the oldest tag
 * @end: position of the next tag to arrive
 * @bytes: bytes of all payloads and trailers
 */
struct ring {
	struct tag *tags;
	unsigned int depth;
	u64 first;
	u64 end;
	size_t bytes;
};

int ring_init(struct ring *ring, unsigned int depth);
void ring_purge(struct ring *ring);
void ring_free(struct ring *ring);
void ring_drop(struct ring *ring);
u64 ring_put(struct ring *ring, struct tag *tag);
struct tag *ring_at(const struct ring *ring, u64 position);

#endif /* FLVRELAY_RING_H */
