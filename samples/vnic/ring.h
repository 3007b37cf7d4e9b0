/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A receive ring, as a network card has one. The receiver posts buffers ahead, the transmitter
 * fills them in order, the receiver takes them in order.
 *
 *	taken <= filled <= posted <= taken + size
 *
 * There is no lock. One receiver: the end's poll, or vnic_open() and vnic_stop() while there is
 * none. One transmitter: the peer, under its transmit lock. Each writes its own indices only,
 * and publishes them by release. Indices wrap freely; a slot is at the index modulo the size.
 */
#ifndef VNIC_RING_H
#define VNIC_RING_H

#include <linux/gfp.h>
#include <linux/types.h>

#include <dualtree/netbuf.h>

/**
 * struct ring - a receive ring
 * @rx: tracker that the buffers are from
 * @size: number of slots, a power of two
 * @room: bytes of a slot for a frame; written while there is no transmitter
 * @slots: the buffers; the receiver writes them before it posts them
 * @lens: bytes of the frame in each; the transmitter writes them before it publishes @filled
 * @posted: buffers posted so far; written by the receiver
 * @taken: frames taken so far; the receiver's
 * @filled: frames that have arrived so far; written by the transmitter
 */
struct ring {
	struct dualtree_rx *rx;
	unsigned int size;
	unsigned int room;
	struct dualtree_rx_slot *slots;
	unsigned int *lens;
	unsigned int posted;
	unsigned int taken;
	unsigned int filled ____cacheline_aligned_in_smp;
};

/* Set up an empty ring. May sleep. Return: 0 or -ENOMEM. */
int ring_init(struct ring *ring, struct dualtree_rx *rx, unsigned int size);

/* Free the slots of a ring in which nothing is posted. May sleep. */
void ring_free(struct ring *ring);

/* Receiver: post buffers until the ring is full. Return: false if memory ran out first. */
bool ring_refill(struct ring *ring, gfp_t gfp);

/*
 * Receiver, while there is no transmitter: free all buffers.
 * Return: frames that had arrived and were not taken.
 */
unsigned int ring_empty(struct ring *ring);

/* Transmitter. Return: @room bytes for a frame, or NULL if nothing is posted. */
void *ring_room(struct ring *ring);

/* Transmitter: publish a frame of @len bytes, not 0, at the address from ring_room(). */
void ring_fill(struct ring *ring, unsigned int len);

/*
 * Receiver: take the next frame. What the caller leaves in its slot is posted again.
 * Return: the slot, with @len set to the bytes of the frame, or NULL if none has arrived.
 */
struct dualtree_rx_slot *ring_take(struct ring *ring, unsigned int *len);

#endif /* VNIC_RING_H */
