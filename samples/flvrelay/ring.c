// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of the newest tags of a stream.
 *
 * ring_put() drops the oldest tag of a full ring; it never fails and never allocates. The stream
 * drops more where they take too many bytes. A subscriber keeps a position, which tells whether its
 * next tag is still in the ring.
 *
 * Used by the relay's thread only; no lock.
 */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "flv.h"
#include "ring.h"

int ring_init(struct ring *ring, unsigned int depth)
{
	*ring = (struct ring) { .depth = depth };
	ring->tags = kvcalloc(depth, sizeof(*ring->tags), GFP_KERNEL);
	return ring->tags ? 0 : -ENOMEM;
}

void ring_free(struct ring *ring)
{
	kvfree(ring->tags);
}

static struct tag *slot(const struct ring *ring, u64 position)
{
	u32 index;

	div_u64_rem(position, ring->depth, &index);
	return &ring->tags[index];
}

/* Drop the oldest tag, of which there is one. */
void ring_drop(struct ring *ring)
{
	struct tag *tag = slot(ring, ring->first++);

	ring->bytes -= dualtree_buf_len(&tag->payload);
	dualtree_buf_purge(&tag->payload);
}

void ring_purge(struct ring *ring)
{
	while (ring->first != ring->end)
		ring_drop(ring);
}

/* Put a tag in; its payload moves. Return: its position. */
u64 ring_put(struct ring *ring, struct tag *tag)
{
	struct tag *to = slot(ring, ring->end);

	if (ring->end - ring->first == ring->depth)
		ring_drop(ring);
	ring->bytes += dualtree_buf_len(&tag->payload);
	to->seq = tag->seq;
	to->timestamp = tag->timestamp;
	to->type = tag->type;
	to->kind = tag->kind;
	dualtree_buf_init(&to->payload, tag->payload.dt);
	dualtree_buf_splice(&to->payload, &tag->payload);
	return ring->end++;
}

/* Return: the tag at a position, or NULL if it has been dropped or is yet to arrive. */
struct tag *ring_at(const struct ring *ring, u64 position)
{
	return position >= ring->first && position < ring->end ? slot(ring, position) : NULL;
}
