/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A receive ring, as a network card has one: the receiver posts buffers ahead, whoever
 * transmits to it fills them in order, the receiver takes them in order.
 *
 * One receiver (the end's poll, or who opens and closes it while there is none) and one
 * transmitter at a time (the other end, under its transmit lock). Each writes its own
 * indices alone and publishes them with a release: there is no lock. Indices run freely,
 * a slot is that of the index modulo the size:
 *
 *     taken <= filled <= posted <= taken + size
 */
#ifndef VNIC_RING_H
#define VNIC_RING_H

#include <linux/gfp.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <dualtree/netbuf.h>

/* Room for any frame of the largest MTU; what arrives takes no more of it than it needs. */
#define RING_ROOM	SZ_16K

/**
 * struct ring_slot - one buffer of the ring
 * @buf: the buffer; the receiver's
 * @room: where the frame goes; written by the receiver before it is posted
 * @len: of the frame; written by the transmitter before it is filled
 */
struct ring_slot {
	struct dualtree_buf buf;
	void *room;
	unsigned int len;
};

/**
 * struct ring - buffers for what arrives
 * @dt: what they are from
 * @size: slots, a power of two
 * @slots: they
 * @posted: buffers posted so far; written by the receiver
 * @taken: frames taken so far; the receiver's alone
 * @filled: frames that arrived so far; written by the transmitter
 */
struct ring {
	struct dualtree *dt;
	unsigned int size;
	struct ring_slot *slots;
	unsigned int posted;
	unsigned int taken;
	unsigned int filled ____cacheline_aligned_in_smp;
};

/* May sleep. Return: 0 or -ENOMEM. */
int ring_init(struct ring *ring, struct dualtree *dt, unsigned int size);

/* Nothing is posted. May sleep. */
void ring_free(struct ring *ring);

/*
 * The receiver posts buffers until the ring is full of them; @posted is set to how many.
 * Return: false if memory ran out before.
 */
bool ring_refill(struct ring *ring, gfp_t gfp, unsigned int *posted);

/*
 * The receiver, while nobody transmits: give back all that is posted. Return: frames that
 * had arrived and were not taken.
 */
unsigned int ring_empty(struct ring *ring);

/* The transmitter. Return: RING_ROOM bytes for a frame, or NULL if nothing is posted. */
void *ring_room(struct ring *ring);

/* The transmitter: a frame of that length, not 0, is where ring_room() said. */
void ring_fill(struct ring *ring, unsigned int len);

/*
 * The receiver. Return: the next frame that arrived, the room behind it given back, or
 * NULL. It has to be emptied before the next call.
 */
struct dualtree_buf *ring_take(struct ring *ring);

#endif /* VNIC_RING_H */
