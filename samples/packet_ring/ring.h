/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of payloads, and the thread that consumes the oldest.
 *
 * The newest @depth payloads stay. Older ones are overdue: a thread that is bound to one CPU
 * frees them piece by piece, and compares their checksum with that of ring_put(). Up to
 * @backlog payloads may be overdue; beyond that the ring is full.
 */
#ifndef PACKET_RING_RING_H
#define PACKET_RING_RING_H

#include <linux/types.h>

struct dualtree;
struct ring;

/* Process context, may sleep. Return: the ring, or an ERR_PTR(). */
struct ring *ring_create(struct dualtree *dt, unsigned int depth, unsigned int backlog, int cpu);

/*
 * Put @len live bytes of the instance in; the ring owns them from then on. Process or softirq
 * context. Return: false if the ring is full; the caller keeps the bytes.
 */
bool ring_put(struct ring *ring, void *payload, unsigned int len);

/* Return: how many payloads are in the ring. Any context. */
unsigned int ring_count(const struct ring *ring);

/* Check and free all payloads and the ring, after the last ring_put(). May sleep. */
void ring_destroy(struct ring *ring);

#endif /* PACKET_RING_RING_H */
