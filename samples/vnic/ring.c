// SPDX-License-Identifier: GPL-2.0
/* The receive ring. ring.h has the contract. */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "ring.h"

static unsigned int slot_of(const struct ring *ring, unsigned int index)
{
	return index & (ring->size - 1);
}

int ring_init(struct ring *ring, struct dualtree_rx *rx, unsigned int size)
{
	ring->rx = rx;
	ring->size = size;
	ring->slots = kvcalloc(size, sizeof(*ring->slots), GFP_KERNEL);
	ring->frames = kvcalloc(size, sizeof(*ring->frames), GFP_KERNEL);
	if (ring->slots && ring->frames)
		return 0;
	ring_free(ring);
	return -ENOMEM;
}

void ring_free(struct ring *ring)
{
	kvfree(ring->slots);
	kvfree(ring->frames);
}

bool ring_refill(struct ring *ring, gfp_t gfp)
{
	unsigned int want = ring->taken + ring->size - ring->posted;
	unsigned int first = slot_of(ring, ring->posted);
	unsigned int to_end = min(want, ring->size - first);
	unsigned int got;

	got = dualtree_rx_refill(ring->rx, ring->slots + first, to_end, gfp);
	if (got == to_end)
		got += dualtree_rx_refill(ring->rx, ring->slots, want - to_end, gfp);
	/* Publishes the slots up to the index. Pairs with the acquire in ring_room(). */
	smp_store_release(&ring->posted, ring->posted + got);
	return got == want;
}

unsigned int ring_empty(struct ring *ring)
{
	unsigned int arrived = ring->filled - ring->taken;

	dualtree_rx_discard(ring->rx, ring->slots, ring->size);
	ring->posted = 0;
	ring->taken = 0;
	ring->filled = 0;
	return arrived;
}

static u8 *head_of(const struct ring *ring, unsigned int slot)
{
	return ring->heads ? ring->heads + slot * HEAD_ROOM : NULL;
}

void *ring_room(struct ring *ring, u8 **head)
{
	unsigned int slot = slot_of(ring, ring->filled);

	/* Pairs with ring_refill(). */
	if (ring->filled == smp_load_acquire(&ring->posted))
		return NULL;
	*head = head_of(ring, slot);
	return ring->slots[slot].data;
}

void ring_fill(struct ring *ring, const struct frame *frame)
{
	ring->frames[slot_of(ring, ring->filled)] = *frame;
	/* Publishes the frame. Pairs with the acquire in ring_take(). */
	smp_store_release(&ring->filled, ring->filled + 1);
}

struct dualtree_rx_slot *ring_take(struct ring *ring, struct frame *frame, u8 **head)
{
	unsigned int slot = slot_of(ring, ring->taken);

	/* Pairs with ring_fill(). */
	if (ring->taken == smp_load_acquire(&ring->filled))
		return NULL;
	ring->taken++;
	*frame = ring->frames[slot];
	*head = head_of(ring, slot);
	return &ring->slots[slot];
}
