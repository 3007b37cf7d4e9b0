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
#include <linux/sizes.h>
#include <linux/types.h>

#include <dualtree/netbuf.h>

/* Bytes of a buffer: room for a frame of the largest MTU. What it does not fill is freed. */
#define RING_ROOM	SZ_16K

/**
 * struct ring_slot - one buffer of the ring
 * @buf: the buffer; the receiver's
 * @room: address for the frame; the receiver writes it before it posts the slot
 * @len: bytes of the frame; the transmitter writes it before it publishes @filled
 */
struct ring_slot {
	struct dualtree_buf buf;
	void *room;
	unsigned int len;
};

/**
 * struct ring - a receive ring
 * @dt: the instance of the buffers
 * @size: number of slots, a power of two
 * @slots: the slots
 * @posted: buffers posted so far; written by the receiver
 * @taken: frames taken so far; the receiver's
 * @filled: frames that have arrived so far; written by the transmitter
 */
struct ring {
	struct dualtree *dt;
	unsigned int size;
	struct ring_slot *slots;
	unsigned int posted;
	unsigned int taken;
	unsigned int filled ____cacheline_aligned_in_smp;
};

/* Set up an empty ring. May sleep. Return: 0 or -ENOMEM. */
int ring_init(struct ring *ring, struct dualtree *dt, unsigned int size);

/* Free the slots of a ring in which nothing is posted. May sleep. */
void ring_free(struct ring *ring);

/*
 * Receiver: post buffers until the ring is full; *@posted is their number.
 * Return: false if memory ran out first.
 */
bool ring_refill(struct ring *ring, gfp_t gfp, unsigned int *posted);

/*
 * Receiver, while there is no transmitter: free all buffers.
 * Return: frames that had arrived and were not taken.
 */
unsigned int ring_empty(struct ring *ring);

/* Transmitter. Return: RING_ROOM bytes for a frame, or NULL if nothing is posted. */
void *ring_room(struct ring *ring);

/* Transmitter: publish a frame of @len bytes, not 0, at the address from ring_room(). */
void ring_fill(struct ring *ring, unsigned int len);

/*
 * Receiver: take the next frame; the room after it is freed. The caller empties the buffer
 * before the next call.
 * Return: the frame's buffer, or NULL if none has arrived.
 */
struct dualtree_buf *ring_take(struct ring *ring);

#endif /* VNIC_RING_H */
