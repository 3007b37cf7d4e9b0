// SPDX-License-Identifier: GPL-2.0
/* The receive ring. ring.h has the contract. */
#include <linux/errno.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>

#include "ring.h"

static struct ring_slot *slot_of(struct ring *ring, unsigned int index)
{
	return &ring->slots[index & (ring->size - 1)];
}

int ring_init(struct ring *ring, struct dualtree *dt, unsigned int size)
{
	unsigned int i;

	ring->dt = dt;
	ring->size = size;
	ring->posted = 0;
	ring->taken = 0;
	ring->filled = 0;
	ring->slots = kvcalloc(size, sizeof(*ring->slots), GFP_KERNEL);
	if (!ring->slots)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		dualtree_buf_init(&ring->slots[i].buf, dt);
	return 0;
}

void ring_free(struct ring *ring)
{
	kvfree(ring->slots);
}

bool ring_refill(struct ring *ring, gfp_t gfp, unsigned int *posted)
{
	unsigned int next = ring->posted;
	struct ring_slot *slot;
	bool full = true;

	while (next - ring->taken < ring->size) {
		slot = slot_of(ring, next);
		slot->room = dualtree_buf_reserve(&slot->buf, RING_ROOM, gfp);
		if (!slot->room) {
			full = false;
			break;
		}
		next++;
	}
	*posted = next - ring->posted;
	/* Publishes the slots up to the index. Pairs with the acquire in ring_room(). */
	smp_store_release(&ring->posted, next);
	return full;
}

unsigned int ring_empty(struct ring *ring)
{
	unsigned int i, arrived = ring->filled - ring->taken;

	for (i = 0; i < ring->size; i++)
		dualtree_buf_purge(&ring->slots[i].buf);
	ring->posted = 0;
	ring->taken = 0;
	ring->filled = 0;
	return arrived;
}

void *ring_room(struct ring *ring)
{
	/* Pairs with ring_refill(). */
	if (ring->filled == smp_load_acquire(&ring->posted))
		return NULL;
	return slot_of(ring, ring->filled)->room;
}

void ring_fill(struct ring *ring, unsigned int len)
{
	slot_of(ring, ring->filled)->len = len;
	/* Publishes the frame. Pairs with the acquire in ring_take(). */
	smp_store_release(&ring->filled, ring->filled + 1);
}

struct dualtree_buf *ring_take(struct ring *ring)
{
	struct ring_slot *slot;

	/* Pairs with ring_fill(). */
	if (ring->taken == smp_load_acquire(&ring->filled))
		return NULL;
	slot = slot_of(ring, ring->taken++);
	dualtree_buf_commit(&slot->buf, slot->len);
	return &slot->buf;
}
