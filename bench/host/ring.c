// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of frames; see ring.h.
 */
#include "kernel.h"

#include "../random.h"
#include "ring.h"
#include "streams.h"

/* Any depth that is allowed, or the one in the middle; to be set while the ring is empty. */
void ring_set_depth(struct play *play, struct ring *ring, u32 min, u32 max, bool middle)
{
	u32 any = random_between(&play->rnd, min, max);

	ring->depth = middle ? (min + max) / 2 : any;
}

static void grow(struct ring *ring)
{
	u32 size = ring->size ? 2 * ring->size : 64, i;
	struct packet *packets = allocate(size * sizeof(*packets));

	for (i = ring->first; i != ring->end; i++)
		packets[i & (size - 1)] = ring->packets[i & (ring->size - 1)];
	free(ring->packets);
	ring->packets = packets;
	ring->size = size;
}

void ring_put(struct ring *ring, const struct packet *packet)
{
	if (ring_length(ring) == ring->size)
		grow(ring);
	ring->packets[ring->end++ & (ring->size - 1)] = *packet;
	ring->frames += packet->last;
}

/* The oldest packet, without freeing it. Return: false if there is none. */
bool ring_take(struct ring *ring, struct packet *packet)
{
	if (!ring_length(ring))
		return false;
	*packet = *ring_oldest(ring);
	ring->first++;
	ring->frames -= packet->last;
	ring->taken += packet->last;
	return true;
}

void ring_keep_depth(struct play *play, struct ring *ring)
{
	struct packet packet;

	while (ring->frames > ring->depth && ring_take(ring, &packet))
		dt_buffer_free(&play->replay, &packet.buffer);
}

/* What is left of an unfinished frame too. */
void ring_empty(struct play *play, struct ring *ring)
{
	struct packet packet;

	while (ring_take(ring, &packet))
		dt_buffer_free(&play->replay, &packet.buffer);
}
