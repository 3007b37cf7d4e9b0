/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of payloads, and the thread that takes the oldest out.
 *
 * Payloads stay for as long as they are among the newest @depth. Older ones are
 * overdue: a thread on a CPU of its own takes them piece by piece, compares their
 * checksum with the one they had on the way in, and frees each piece at once. Up to
 * @backlog payloads may be overdue; then the ring takes no more.
 */
#ifndef PACKET_RING_RING_H
#define PACKET_RING_RING_H

#include <linux/types.h>

struct dualtree;
struct ring;

/* May sleep. Returns the ring or an ERR_PTR(). */
struct ring *ring_create(struct dualtree *dt, unsigned int depth, unsigned int backlog, int cpu);

/*
 * Puts @len live bytes of the instance in; they are the ring's from now on. False if it
 * is full: then they are still the caller's. Process or softirq context.
 */
bool ring_put(struct ring *ring, void *payload, unsigned int len);

/* Payloads that are in the ring. Any context. */
unsigned int ring_count(const struct ring *ring);

/* Checks and frees what is in it, then the ring. Nobody puts any more. May sleep. */
void ring_destroy(struct ring *ring);

#endif /* PACKET_RING_RING_H */
