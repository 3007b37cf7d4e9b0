// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving in a driver, which gives the ranges of a buffer to the stack.
 *
 *	               dualtree_rx_skb()          dualtree_rx_reap()
 *	buffer --------------------------> pinned ------------------> free
 *	                                            page references == 1
 *
 * The stack does not report that a packet has released a page. So each packet takes a reference to
 * every page that its payload touches, and a range is released when all of its pages are down to
 * the allocator's own reference. Ranges share pages, so a range may wait for an adjacent one. None
 * is freed early: a packet that can read it has a reference to its page. Only such a packet can
 * pass a reference on. So a count of 1 does not rise again, except for a moment by code that looks
 * up the page and does not read its contents.
 *
 * Each call of dualtree_rx_reap() goes on where the last one stopped, so a packet that is never
 * read does not delay the ranges of others.
 *
 * A packet that TCP has read may still exist: skb_attempt_defer_free() queues it until the CPU that
 * allocated it receives a packet, which an idle CPU never does. So dualtree_rx_drain() makes each
 * CPU poll a NAPI that has nothing to receive.
 *
 * Locks: dualtree_rx.lock, a spinlock that is taken with interrupts disabled. Any context but NMI.
 */
#include <dualtree/netbuf.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include "../compat/napi.h"
#include "buf.h"

/*
 * Maximum bytes of headers. The longest usual ones fit: Ethernet with two VLAN tags 22, IPv6 40,
 * TCP 60, and as much again for a tunnel.
 */
#define RX_HEADERS_MAX	256

/*
 * Maximum bytes of a copy that is all linear. With the headroom and struct skb_shared_info it fits
 * a page, whose allocation does not fail for fragmentation.
 */
#define RX_LINEAR_MAX	1024

/* Maximum ranges of one call of dualtree_rx_reap() here: it keeps interrupts disabled meanwhile. */
#define RX_REAP_MAX	64

/*
 * Jiffies between two looks of a waiter: 20 ms. The stack does not wake it, and a socket may keep a
 * packet for any time.
 */
#define RX_TICK		(HZ / 50 ?: 1)

/**
 * struct dualtree_rx - a tracker of the ranges that packets hold
 * @dt: the instance; constant, as are all members up to @napi
 * @limit: maximum of @pinned_bytes
 * @dev: device of @napi
 * @napi: has nothing to receive; dualtree_rx_drain() schedules it
 * @lock: guards all members below
 * @pinned: ranges that packets hold; the next one to look at is first
 * @pinned_bytes: bytes that these are charged with, whole pages for each range
 * @pinned_ranges: number of ranges in @pinned
 * @packets: as in struct dualtree_rx_stats
 * @copied: as in struct dualtree_rx_stats
 */
struct dualtree_rx {
	struct dualtree *dt;
	size_t limit;
	struct net_device *dev;
	struct napi_struct napi;
	spinlock_t lock;	/* guards all below */
	struct list_head pinned;
	size_t pinned_bytes;
	unsigned long pinned_ranges;
	u64 packets;
	u64 copied;
};

static int receive_nothing(struct napi_struct *napi, int budget)
{
	napi_complete_done(napi, 0);
	return 0;
}

struct dualtree_rx *dualtree_rx_create(struct dualtree *dt, size_t limit)
{
	struct dualtree_rx *rx = kzalloc(sizeof(*rx), GFP_KERNEL);

	if (!rx)
		return ERR_PTR(-ENOMEM);
	rx->dev = dt_alloc_netdev_dummy();
	if (!rx->dev) {
		kfree(rx);
		return ERR_PTR(-ENOMEM);
	}
	netif_napi_add(rx->dev, &rx->napi, receive_nothing);
	napi_enable(&rx->napi);
	rx->dt = dt;
	rx->limit = limit;
	spin_lock_init(&rx->lock);
	INIT_LIST_HEAD(&rx->pinned);
	return rx;
}
EXPORT_SYMBOL_GPL(dualtree_rx_create);

static size_t charge_of(const struct dualtree_segment *seg)
{
	return dt_pages_of(seg->data, seg->len) * PAGE_SIZE;
}

/*
 * Return: number of fragments for the bytes after the headers, or MAX_SKB_FRAGS + 1 if a range is
 * shared: the references to its pages do not count a clone that still reads it.
 */
static unsigned int frags_needed(struct dualtree_buf *buf, size_t headers)
{
	struct dualtree_segment *seg;
	unsigned int frags = 0;
	size_t skip;

	buf_for_each(seg, buf) {
		skip = min(headers, seg->len);
		headers -= skip;
		if (skip == seg->len)
			continue;
		if (!dt_segment_own(buf->dt, seg))
			return MAX_SKB_FRAGS + 1;
		frags += dt_pages_of(seg->data + skip, seg->len - skip);
	}
	return frags;
}

unsigned int dualtree_rx_reap(struct dualtree_rx *rx, unsigned int budget)
{
	struct dualtree_segment *seg, *next;
	unsigned int reaped = 0;
	unsigned long flags;
	LIST_HEAD(waiting);
	LIST_HEAD(released);

	spin_lock_irqsave(&rx->lock, flags);
	list_for_each_entry_safe(seg, next, &rx->pinned, node) {
		if (!budget--)
			break;
		if (!dt_segment_released(seg)) {
			list_move_tail(&seg->node, &waiting);
			continue;
		}
		list_move(&seg->node, &released);
		rx->pinned_bytes -= charge_of(seg);
		reaped++;
	}
	list_splice_tail(&waiting, &rx->pinned);
	rx->pinned_ranges -= reaped;
	spin_unlock_irqrestore(&rx->lock, flags);
	list_for_each_entry_safe(seg, next, &released, node)
		dt_segment_release(rx->dt, seg);
	return reaped;
}
EXPORT_SYMBOL_GPL(dualtree_rx_reap);

static bool try_charge(struct dualtree_rx *rx, size_t bytes)
{
	unsigned long flags;
	bool fits;

	spin_lock_irqsave(&rx->lock, flags);
	fits = bytes <= rx->limit && rx->pinned_bytes <= rx->limit - bytes;
	if (fits)
		rx->pinned_bytes += bytes;
	spin_unlock_irqrestore(&rx->lock, flags);
	return fits;
}

static bool charge(struct dualtree_rx *rx, size_t bytes)
{
	return try_charge(rx, bytes) ||
	       (dualtree_rx_reap(rx, RX_REAP_MAX) && try_charge(rx, bytes));
}

static void uncharge(struct dualtree_rx *rx, size_t bytes)
{
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	rx->pinned_bytes -= bytes;
	spin_unlock_irqrestore(&rx->lock, flags);
}

/* One fragment for each page, charged as a page: a packet keeps all of it from other users. */
static void add_frags(struct sk_buff *skb, const struct dualtree_segment *seg)
{
	const u8 *data = seg->data, *end = data + seg->len;
	size_t part;

	for (; data < end; data += part) {
		part = min_t(size_t, end - data, PAGE_SIZE - offset_in_page(data));
		get_page(virt_to_page(data));
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, virt_to_page(data),
				offset_in_page(data), part, PAGE_SIZE);
	}
}

static struct sk_buff *make_in_place(struct dualtree_rx *rx, struct net_device *dev,
				     struct dualtree_buf *buf, unsigned int headers, gfp_t gfp)
{
	struct sk_buff *skb = __netdev_alloc_skb(dev, headers, gfp);
	struct dualtree_segment *seg;
	unsigned long flags;
	unsigned int ranges = 0;

	if (!skb)
		return ERR_PTR(-ENOMEM);
	dualtree_buf_read(buf, skb_put(skb, headers), headers);
	buf_for_each(seg, buf) {
		add_frags(skb, seg);
		ranges++;
	}
	spin_lock_irqsave(&rx->lock, flags);
	list_splice_tail_init(&buf->segments, &rx->pinned);
	rx->pinned_ranges += ranges;
	rx->packets++;
	spin_unlock_irqrestore(&rx->lock, flags);
	buf->len = 0;
	return skb;
}

/* Copy a buffer into a packet of its length. */
static void fill_packet(struct sk_buff *skb, const struct dualtree_buf *buf)
{
	struct dualtree_segment *seg;
	unsigned int offset = 0;

	buf_for_each(seg, buf) {
		skb_store_bits(skb, offset, seg->data, seg->len);
		offset += seg->len;
	}
}

static struct sk_buff *make_copied(struct dualtree_rx *rx, struct net_device *dev,
				   struct dualtree_buf *buf, unsigned int headers, gfp_t gfp)
{
	size_t linear = buf->len <= RX_LINEAR_MAX ? buf->len : headers;
	size_t paged = buf->len - linear;
	struct sk_buff *skb;
	unsigned long flags;
	int err;

	skb = alloc_skb_with_frags(NET_SKB_PAD + linear, paged, 0, &err, gfp);
	if (!skb)
		return ERR_PTR(err == -EMSGSIZE ? err : -ENOMEM);
	skb_reserve(skb, NET_SKB_PAD);
	skb_put(skb, linear);
	skb->data_len = paged;
	skb->len += paged;
	skb->dev = dev;
	fill_packet(skb, buf);
	dt_buf_consume(buf, buf->len);
	spin_lock_irqsave(&rx->lock, flags);
	rx->copied++;
	spin_unlock_irqrestore(&rx->lock, flags);
	return skb;
}

struct sk_buff *dualtree_rx_skb(struct dualtree_rx *rx, struct net_device *dev,
				struct dualtree_buf *buf, unsigned int headers, gfp_t gfp)
{
	struct sk_buff *skb;
	unsigned int frags;

	if (rx->dt != buf->dt || headers > RX_HEADERS_MAX)
		return ERR_PTR(-EINVAL);
	if (!buf->len)
		return ERR_PTR(-ENODATA);
	headers = min_t(size_t, headers, buf->len);
	frags = frags_needed(buf, headers);
	if (!frags || frags > MAX_SKB_FRAGS || !charge(rx, frags * PAGE_SIZE))
		return make_copied(rx, dev, buf, headers, gfp);
	skb = make_in_place(rx, dev, buf, headers, gfp);
	if (IS_ERR(skb))
		uncharge(rx, frags * PAGE_SIZE);
	return skb;
}
EXPORT_SYMBOL_GPL(dualtree_rx_skb);

void dualtree_rx_get_stats(struct dualtree_rx *rx, struct dualtree_rx_stats *stats)
{
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	stats->packets = rx->packets;
	stats->copied = rx->copied;
	stats->pinned_bytes = rx->pinned_bytes;
	stats->pinned_ranges = rx->pinned_ranges;
	spin_unlock_irqrestore(&rx->lock, flags);
}
EXPORT_SYMBOL_GPL(dualtree_rx_get_stats);

/* Look at each range once. Return: number of ranges that packets still hold. */
static unsigned long reap_all(struct dualtree_rx *rx)
{
	struct dualtree_rx_stats stats;
	unsigned long looked;

	dualtree_rx_get_stats(rx, &stats);
	for (looked = 0; looked < stats.pinned_ranges; looked += RX_REAP_MAX)
		dualtree_rx_reap(rx, RX_REAP_MAX);
	dualtree_rx_get_stats(rx, &stats);
	return stats.pinned_ranges;
}

static void receive_here(void *napi)
{
	napi_schedule(napi);
}

/* Each online CPU frees the packets that wait for it; an offline one keeps its until it is back. */
static void receive_everywhere(struct dualtree_rx *rx)
{
	int cpu;

	for_each_online_cpu(cpu) {
		smp_call_function_single(cpu, receive_here, &rx->napi, true);
		napi_synchronize(&rx->napi);
	}
}

int dualtree_rx_drain(struct dualtree_rx *rx, long timeout)
{
	long tick;

	while (reap_all(rx)) {
		if (timeout <= 0)
			return -ETIMEDOUT;
		receive_everywhere(rx);
		tick = min_t(long, timeout, RX_TICK);
		schedule_timeout_uninterruptible(tick);
		if (timeout != MAX_SCHEDULE_TIMEOUT)
			timeout -= tick;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_rx_drain);

void dualtree_rx_destroy(struct dualtree_rx *rx)
{
	if (!rx)
		return;
	dualtree_rx_drain(rx, MAX_SCHEDULE_TIMEOUT);
	napi_disable(&rx->napi);
	netif_napi_del(&rx->napi);
	dt_free_netdev_dummy(rx->dev);
	kfree(rx);
}
EXPORT_SYMBOL_GPL(dualtree_rx_destroy);
