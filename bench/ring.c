// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of frames; see ring.h.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "random.h"
#include "ring.h"

/* At least @buffers, all frames together. */
int ring_create(struct ring *ring, u32 buffers)
{
	u32 size = roundup_pow_of_two(buffers);

	ring->buffers = kvcalloc(size, sizeof(*ring->buffers), GFP_KERNEL);
	ring->mask = size - 1;
	return ring->buffers ? 0 : -ENOMEM;
}

void ring_destroy(struct ring *ring)
{
	kvfree(ring->buffers);
}

/* Any depth that is allowed, or the one in the middle; to be set while it is empty. */
void ring_set_depth(struct replay *r, struct ring *ring, u32 least, u32 most, bool middle)
{
	u32 any = random_between(&r->rnd, least, most);

	ring->depth = middle ? (least + most) / 2 : any;
}

void ring_put(struct replay *r, struct ring *ring, const struct buffer *buffer)
{
	if (ring_is_full(ring)) {
		replay_fail(r, -ENOSPC, "a ring is too small");
		return;
	}
	ring->buffers[ring->end++ & ring->mask] = *buffer;
	ring->frames += buffer->last;
}

/* The oldest buffer, without freeing it. False if there is none. */
bool ring_take(struct ring *ring, struct buffer *buffer)
{
	if (ring_is_empty(ring))
		return false;
	*buffer = *ring_oldest(ring);
	ring->first++;
	ring->frames -= buffer->last;
	ring->taken += buffer->last;
	return true;
}

void ring_keep_depth(struct replay *r, struct ring *ring)
{
	struct buffer buffer;

	while (ring->frames > ring->depth && ring_take(ring, &buffer))
		buffer_free(r, &buffer);
}

/* What is left of an unfinished frame too. */
void ring_empty(struct replay *r, struct ring *ring)
{
	struct buffer buffer;

	while (ring_take(ring, &buffer))
		buffer_free(r, &buffer);
}
