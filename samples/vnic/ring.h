/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A receive ring, as a network card has one. The receiver posts buffers ahead, the transmitter
 * fills them in order, the receiver takes them in order.
 *
 *	taken <= filled <= posted <= taken + size
 *
 * With split headers a frame is in two places: its payload in the slot, its headers apart, as cards
 * do that can tell where they end.
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

/* Bytes of room for the headers of a frame. */
#define HEAD_ROOM	256

/**
 * struct frame - a frame in a ring
 * @len: its bytes in the slot
 * @headers: its bytes in the room for headers; 0 if all is in the slot
 */
struct frame {
	unsigned int len;
	unsigned int headers;
};

/**
 * struct ring - a receive ring
 * @rx: tracker that the buffers are from
 * @size: number of slots, a power of two
 * @room: bytes of a slot for a frame; written while there is no transmitter
 * @slots: the buffers; the receiver writes them before it posts them
 * @heads: HEAD_ROOM bytes for each slot; NULL if headers are not split. As @room
 * @frames: the frame in each; the transmitter writes them before it publishes @filled
 * @posted: buffers posted so far; written by the receiver
 * @taken: frames taken so far; the receiver's
 * @filled: frames that have arrived so far; written by the transmitter
 */
struct ring {
	struct dualtree_rx *rx;
	unsigned int size;
	unsigned int room;
	struct dualtree_rx_slot *slots;
	u8 *heads;
	struct frame *frames;
	unsigned int posted;
	unsigned int taken;
	unsigned int filled ____cacheline_aligned_in_smp;
};

/* Set up an empty ring. May sleep. Return: 0 or -ENOMEM. */
int ring_init(struct ring *ring, struct dualtree_rx *rx, unsigned int size);

/* Free a ring in which nothing is posted. May sleep. */
void ring_free(struct ring *ring);

/* Receiver: post buffers until the ring is full. Return: false if memory ran out first. */
bool ring_refill(struct ring *ring, gfp_t gfp);

/*
 * Receiver, while there is no transmitter: free all buffers.
 * Return: frames that had arrived and were not taken.
 */
unsigned int ring_empty(struct ring *ring);

/*
 * Transmitter. @head: set to HEAD_ROOM bytes for headers, or NULL.
 * Return: @room bytes for a frame, or NULL if nothing is posted.
 */
void *ring_room(struct ring *ring, u8 **head);

/* Transmitter: publish the frame at the addresses from ring_room(). */
void ring_fill(struct ring *ring, const struct frame *frame);

/*
 * Receiver: take the next frame. What the caller leaves in its slot is posted again.
 * Return: the slot, with @frame and, if they are split, its headers' address in @head; or NULL if
 * none has arrived.
 */
struct dualtree_rx_slot *ring_take(struct ring *ring, struct frame *frame, u8 **head);

#endif /* VNIC_RING_H */
