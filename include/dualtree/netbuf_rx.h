/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiving in a driver: packets whose payload stays in a packet buffer's ranges, which are
 * taken back when no packet holds them. To be had through netbuf.h.
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
 * struct dualtree_rx_stats - what packets hold
 * @packets: packets whose payload was handed to the stack in place
 * @copied: packets that were copied
 * @pinned_bytes: bytes of pages that packets were charged for and that are not back yet
 * @pinned_ranges: ranges that are not back yet
 */
struct dualtree_rx_stats {
	u64 packets;
	u64 copied;
	size_t pinned_bytes;
	unsigned long pinned_ranges;
};

/**
 * dualtree_rx_create() - make what keeps track of payload that packets hold
 * @dt: the instance; must outlive it
 * @limit: most bytes of pages that packets may hold; beyond it they are copied. 0 copies all
 *
 * Context: Process context. May sleep.
 * Return: it, or ERR_PTR(-ENOMEM).
 */
struct dualtree_rx *dualtree_rx_create(struct dualtree *dt, size_t limit);

/**
 * dualtree_rx_skb() - make a packet of a buffer
 * @rx: keeps track; of the buffer's instance
 * @dev: the device it was received on, or NULL
 * @buf: the packet, all of it; empty afterwards
 * @headers: bytes of it for the linear part, which are copied and then free at once; at
 *	most 256
 * @gfp: how to ask for memory for the packet itself
 *
 * The rest becomes page fragments, one for each page touched, each with a reference and
 * charged for a page. It is taken back when no packet holds a reference to its pages, which
 * is looked for by dualtree_rx_reap(). Giving back needs no memory: what described the ranges
 * in the buffer describes them now. All of it is copied where the limit is reached, the ranges
 * touch more pages than a packet can hold, or another buffer shares them.
 *
 * Protocol, checksum state and so on are for the caller to set.
 *
 * Context: Any context but NMI that @gfp allows.
 * Return: the packet, ERR_PTR(-ENODATA) if the buffer is empty, ERR_PTR(-EINVAL) if @rx is of
 * another instance or @headers too large, ERR_PTR(-EMSGSIZE) if it is too long to be copied
 * either, ERR_PTR(-ENOMEM). If it fails the buffer is as it was.
 */
struct sk_buff *dualtree_rx_skb(struct dualtree_rx *rx, struct net_device *dev,
				struct dualtree_buf *buf, unsigned int headers, gfp_t gfp);

/**
 * dualtree_rx_reap() - take back what packets no longer hold
 * @rx: it
 * @budget: most ranges to look at
 *
 * A driver calls it where it refills its ring; dualtree_rx_skb() calls it where the limit is
 * reached.
 *
 * Context: Any context but NMI.
 * Return: ranges taken back.
 */
unsigned int dualtree_rx_reap(struct dualtree_rx *rx, unsigned int budget);

/**
 * dualtree_rx_drain() - wait until nothing is held
 * @rx: it
 * @timeout: most jiffies to wait, or MAX_SCHEDULE_TIMEOUT
 *
 * Packets stay in the sockets that they were queued to until they are read or closed, which
 * can be any time.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ETIMEDOUT.
 */
int dualtree_rx_drain(struct dualtree_rx *rx, long timeout);

/**
 * dualtree_rx_destroy() - wait until nothing is held, then free
 * @rx: it, or NULL; nobody else may be using it
 *
 * To be called before dualtree_destroy() for the instance.
 *
 * Context: Process context. May sleep, as long as dualtree_rx_drain().
 */
void dualtree_rx_destroy(struct dualtree_rx *rx);

/**
 * dualtree_rx_get_stats() - read the counts
 * @rx: it
 * @stats: filled in
 *
 * Context: Any context but NMI.
 */
void dualtree_rx_get_stats(struct dualtree_rx *rx, struct dualtree_rx_stats *stats);

#endif /* DUALTREE_NETBUF_RX_H */
