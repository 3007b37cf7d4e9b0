/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiving in a driver: the payload of a packet stays in the ranges of a packet buffer, which are
 * freed when no packet refers to their pages. Included by netbuf.h.
 *
 * Locks: a spinlock for each struct dualtree_rx, taken with interrupts disabled. NMI cannot call
 * any of this.
 */
#ifndef DUALTREE_NETBUF_RX_H
#define DUALTREE_NETBUF_RX_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_buf;
struct dualtree_rx;
struct net_device;
struct sk_buff;

/**
 * struct dualtree_rx_stats - statistics of received packets
 * @packets: packets whose payload was given to the stack in place
 * @copied: packets that were copied
 * @pinned_bytes: bytes of the pages of ranges that are not freed, each range counted by itself
 * @pinned_ranges: ranges that are not freed
 */
struct dualtree_rx_stats {
	u64 packets;
	u64 copied;
	size_t pinned_bytes;
	unsigned long pinned_ranges;
};

/**
 * dualtree_rx_create() - create a tracker of the ranges that packets hold
 * @dt: the instance, which must outlive the tracker
 * @limit: maximum of pinned_bytes, beyond which packets are copied; 0: all are copied
 *
 * Context: Process context. May sleep.
 * Return: the tracker, or ERR_PTR(-ENOMEM).
 */
struct dualtree_rx *dualtree_rx_create(struct dualtree *dt, size_t limit);

/**
 * dualtree_rx_skb() - make a packet of a buffer
 * @rx: tracker of the buffer's instance
 * @dev: device that the packet was received on, or NULL
 * @buf: the bytes of the packet; empty afterwards
 * @headers: number of bytes for the linear part, at most 256, which are copied and freed
 * @gfp: flags for the packet's own memory
 *
 * - The bytes after the headers become page fragments, one for each page, with a reference to it
 *   and charged as a page.
 * - All of the packet is a copy, and its bytes are freed, if it has headers only, if another buffer
 *   shares its ranges, if they are in more pages than a packet has fragments, or at the limit.
 *
 * dualtree_rx_reap() frees a range when no packet refers to its pages. It needs no memory: the
 * buffer's records of the ranges become the tracker's.
 *
 * The caller sets the protocol, the state of the checksum and so on.
 *
 * Context: Any context but NMI that @gfp allows. Takes the tracker's lock.
 * Return: the packet; ERR_PTR(-ENODATA) if the buffer is empty; ERR_PTR(-EINVAL) if @rx is of
 * another instance or @headers is too large; ERR_PTR(-EMSGSIZE) if a copy would need more fragments
 * than a packet has; or ERR_PTR(-ENOMEM). After an error the buffer is as before.
 */
struct sk_buff *dualtree_rx_skb(struct dualtree_rx *rx, struct net_device *dev,
				struct dualtree_buf *buf, unsigned int headers, gfp_t gfp);

/**
 * dualtree_rx_reap() - free ranges that no packet holds
 * @rx: the tracker
 * @budget: maximum number of ranges to look at, all with interrupts disabled
 *
 * A driver calls it where it refills its ring; dualtree_rx_skb() calls it at the limit.
 *
 * Context: Any context but NMI. Takes the tracker's lock.
 * Return: number of ranges freed.
 */
unsigned int dualtree_rx_reap(struct dualtree_rx *rx, unsigned int budget);

/**
 * dualtree_rx_drain() - wait until packets hold no range
 * @rx: the tracker
 * @timeout: maximum time to wait, in jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * A packet stays in the socket that it was queued to until that is read or closed, which has no
 * bound.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ETIMEDOUT.
 */
int dualtree_rx_drain(struct dualtree_rx *rx, long timeout);

/**
 * dualtree_rx_destroy() - wait until packets hold no range, then free a tracker
 * @rx: the tracker, or NULL; no other call may use it
 *
 * Call it before dualtree_destroy() for the instance.
 *
 * Context: Process context. May sleep, without bound: see dualtree_rx_drain().
 */
void dualtree_rx_destroy(struct dualtree_rx *rx);

/**
 * dualtree_rx_get_stats() - read the statistics of a tracker
 * @rx: the tracker
 * @stats: set to the statistics, all from one hold of the tracker's lock
 *
 * Context: Any context but NMI. Takes the tracker's lock.
 */
void dualtree_rx_get_stats(struct dualtree_rx *rx, struct dualtree_rx_stats *stats);

#endif /* DUALTREE_NETBUF_RX_H */
