// SPDX-License-Identifier: GPL-2.0
/*
 * The newest tags of a stream. Putting one in lets go of the oldest; that never fails and
 * never allocates. Whoever reads keeps a position of his own, and finds out by it whether he
 * is too late.
 *
 * The payloads belong to the stream's instance. ring_free() does not look at them: they go
 * with the instance, all at once.
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

/* The tag's payload moves. Return: its position. */
u64 ring_put(struct ring *ring, struct tag *tag)
{
	struct tag *to = slot(ring, ring->end);

	if (ring->end - ring->first == ring->depth) {
		ring->bytes -= dualtree_buf_len(&to->payload);
		dualtree_buf_purge(&to->payload);
		ring->first++;
	}
	ring->bytes += dualtree_buf_len(&tag->payload);
	to->seq = tag->seq;
	to->timestamp = tag->timestamp;
	to->type = tag->type;
	to->kind = tag->kind;
	dualtree_buf_init(&to->payload, tag->payload.dt);
	dualtree_buf_splice(&to->payload, &tag->payload);
	return ring->end++;
}

/* Return: the tag, or NULL if it is not there: gone, or still to come. */
struct tag *ring_at(const struct ring *ring, u64 position)
{
	return position >= ring->first && position < ring->end ? slot(ring, position) : NULL;
}
