// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving in a driver: a tracker, and packets of packet buffers.
 *
 *	                        dualtree_rx_skb()        dualtree_rx_reap()
 *	range of an instance --------------------> held -----------------------> free
 *	                                                 page references == 1
 *
 * held.h says when a range is free. rx_ring.c makes packets of the slots of a ring, rx_idle.c reaps
 * when nothing is received.
 *
 * Each fragment has a reference to its page, and is charged the granules that it lies in. So the
 * sum of what packets are charged is what they keep from other users of the instance, while the
 * packets that share a page are read at about the same time.
 *
 * Locks: rx.h. Any context but NMI; on PREEMPT_RT preemptible, as the allocators of packets need.
 */
#include <dualtree/dualtree.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "buf.h"
#include "rx.h"

/*
 * Ranges to look at for a packet that finds the limit reached: those of two packets. So what was
 * released is found, and a packet that is copied anyway is not much dearer.
 */
#define RX_REAP_AT_LIMIT	4

bool dt_rx_make_room_slow(struct dualtree_rx *rx, size_t bytes)
{
	if (bytes > rx->limit || !dt_held_reap(&rx->held, RX_REAP_AT_LIMIT, true))
		return false;
	return rx->held.bytes + bytes <= rx->limit && dt_held_make_room(&rx->held);
}

static size_t bytes_in_page(const u8 *data, size_t len)
{
	return min_t(size_t, len, PAGE_SIZE - offset_in_page(data));
}

/* Add a fragment for each page of @len bytes at @data, with a reference to it. */
void dt_rx_add_frags(struct sk_buff *skb, u8 *data, size_t len)
{
	size_t part;

	/* dt_rx_hold() charges the packet. */
	skb->truesize -= len;
	for (; len; data += part, len -= part) {
		part = bytes_in_page(data, len);
		get_page(virt_to_page(data));
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, virt_to_page(data),
				offset_in_page(data), part, part);
	}
}

/*
 * Hold what a packet keeps of a range, and charge it with these granules. What lies in a page
 * without a fragment of the packet is free at the first look.
 */
void dt_rx_hold(struct dualtree_rx *rx, struct sk_buff *skb, const struct dt_rx_range *range)
{
	size_t len = range->len, tail = range->tail, before = offset_in_page(range->data);
	struct dt_held held = { .data = range->data, .follows = range->follows };

	skb->truesize += ALIGN(before + len, dualtree_granule()) -
			 ALIGN_DOWN(before, dualtree_granule());
	for (; len; len -= held.len) {
		held.len = bytes_in_page(held.data, len);
		if (held.len == len)
			held.tail = bytes_in_page(held.data, len + tail) - len;
		dt_held_push(&rx->held, &held);
		held.data += held.len + held.tail;
		held.follows = true;
	}
	held.len = tail - held.tail;
	held.tail = 0;
	if (held.len)
		dt_held_push(&rx->held, &held);
}

/*
 * Return: number of fragments for the bytes after the headers. MAX_SKB_FRAGS + 1 if a range is
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

static void make_frags(struct dualtree_rx *rx, struct sk_buff *skb, struct dualtree_buf *buf)
{
	struct dualtree_segment *seg, *next;

	list_for_each_entry_safe(seg, next, &buf->segments, node) {
		dt_rx_add_frags(skb, seg->data, seg->len);
		dt_rx_hold(rx, skb, &(struct dt_rx_range){ seg->data, seg->len });
		buf_del(buf, seg);
		dt_segment_forget(buf->dt, seg);
	}
}

/*
 * Return: the packet; NULL if it is to be copied, at the limit or on OOM of what tracks the ranges;
 * or ERR_PTR(-ENOMEM).
 */
static struct sk_buff *make_in_place(struct dualtree_rx *rx, struct net_device *dev,
				     struct dualtree_buf *buf, unsigned int headers, gfp_t gfp)
{
	struct sk_buff *skb = __netdev_alloc_skb(dev, headers, gfp);
	unsigned long flags;
	bool fits;

	if (!skb)
		return ERR_PTR(-ENOMEM);
	flags = rx_lock(rx);
	fits = rx_make_room(rx, buf->len - headers);
	if (fits) {
		dualtree_buf_read(buf, skb_put(skb, headers), headers);
		make_frags(rx, skb, buf);
		WRITE_ONCE(rx->packets, rx->packets + 1);
		rx_start_timer(rx);
	}
	rx_unlock(rx, flags);
	if (fits)
		return skb;
	kfree_skb(skb);
	return NULL;
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
	struct sk_buff *skb = dt_rx_alloc_copy(NULL, buf->len, headers, gfp);
	unsigned long flags;

	if (IS_ERR(skb))
		return skb;
	skb->dev = dev;
	fill_packet(skb, buf);
	dt_buf_consume(buf, buf->len);
	flags = rx_lock(rx);
	WRITE_ONCE(rx->copied, rx->copied + 1);
	rx_unlock(rx, flags);
	return skb;
}

struct sk_buff *dualtree_rx_skb(struct dualtree_rx *rx, struct net_device *dev,
				struct dualtree_buf *buf, unsigned int headers, gfp_t gfp)
{
	struct sk_buff *skb = NULL;
	unsigned int frags;

	if (rx->dt != buf->dt || headers > RX_HEADERS_MAX)
		return ERR_PTR(-EINVAL);
	if (!buf->len)
		return ERR_PTR(-ENODATA);
	headers = min_t(size_t, headers, buf->len);
	frags = frags_needed(buf, headers);
	if (frags && frags <= MAX_SKB_FRAGS)
		skb = make_in_place(rx, dev, buf, headers, gfp);
	return skb ?: make_copied(rx, dev, buf, headers, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_rx_skb);

int dualtree_rx_pin(struct dualtree_rx *rx, void *ptr, size_t len)
{
	unsigned long flags;
	int err = 0;

	if (!len || !dt_in_one_page(ptr, len))
		return -EINVAL;
	flags = rx_lock(rx);
	if (rx_make_room(rx, len)) {
		get_page(virt_to_page(ptr));
		dt_held_push(&rx->held, &(struct dt_held){ .data = ptr, .len = len });
		WRITE_ONCE(rx->packets, rx->packets + 1);
		rx_start_timer(rx);
	} else {
		err = rx->held.bytes + len > rx->limit ? -ENOSPC : -ENOMEM;
	}
	rx_unlock(rx, flags);
	return err;
}
EXPORT_SYMBOL_GPL(dualtree_rx_pin);

/* Set whether NAPI or the lock excludes others from here on. Owner only. */
void dt_rx_set_polled(struct dualtree_rx *rx, bool polled)
{
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	WRITE_ONCE(rx->polled, polled && rx->napi);
	spin_unlock_irqrestore(&rx->lock, flags);
}

/* Note the CPU of a poll. Return: ranges to look at in it. */
static unsigned int note_poll(struct dualtree_rx *rx, unsigned int budget)
{
	unsigned int cpu = raw_smp_processor_id();

	if (!cpumask_test_cpu(cpu, &rx->cpus))
		cpumask_set_cpu(cpu, &rx->cpus);
	if (!READ_ONCE(rx->idle))
		return budget;
	WRITE_ONCE(rx->idle, false);
	return max_t(unsigned int, budget, RX_REAP_IDLE);
}

unsigned int dualtree_rx_reap(struct dualtree_rx *rx, unsigned int budget)
{
	unsigned int reaped = 0, part;
	unsigned long flags;
	bool idle = READ_ONCE(rx->packets) == READ_ONCE(rx->reaped_at);

	if (rx->napi)
		budget = note_poll(rx, budget);
	/* Each range is looked at twice at most: as a recent one, and as one that waits. */
	budget = min_t(unsigned long, budget, 2 * dt_held_nr(&rx->held));
	do {
		part = rx->polled ? budget : min_t(unsigned int, budget, RX_REAP_MAX);
		flags = rx_lock(rx);
		rx->reaped_at = rx->packets;
		reaped += dt_held_reap(&rx->held, part, idle);
		rx_start_timer(rx);
		rx_unlock(rx, flags);
		budget -= part;
	} while (budget);
	return reaped;
}
EXPORT_SYMBOL_GPL(dualtree_rx_reap);

void dualtree_rx_get_stats(struct dualtree_rx *rx, struct dualtree_rx_stats *stats)
{
	unsigned long flags;

	/* Not by the owner: what @polled says may change meanwhile. */
	spin_lock_irqsave(&rx->lock, flags);
	stats->packets = READ_ONCE(rx->packets);
	stats->copied = READ_ONCE(rx->copied);
	stats->pinned_bytes = READ_ONCE(rx->held.bytes);
	stats->pinned_ranges = dt_held_nr(&rx->held);
	spin_unlock_irqrestore(&rx->lock, flags);
}
EXPORT_SYMBOL_GPL(dualtree_rx_get_stats);

/* Free what the last allocation of buffers has left. */
void dt_rx_free_rest(struct dualtree_rx *rx)
{
	if (rx->rest_len)
		dualtree_free(rx->dt, rx->rest, rx->rest_len);
	rx->rest_len = 0;
}

/*
 * Return: bytes up to which a frame is copied. Less would keep more free than it uses, between
 * buffers that are still in use; or, where pages are large, much of a page.
 */
static unsigned int copy_max(const struct dualtree_rx *rx)
{
	unsigned int max = max3(RX_HEADERS_MAX, rx->slot_size / 4, (unsigned int)PAGE_SIZE / 32);

	if (rx->copybreak)
		return rx->copybreak;
	/* Readers can map a page of payload. */
	return rx->split ? min_t(unsigned int, max, PAGE_SIZE - 1) : max;
}

int dualtree_rx_set_size(struct dualtree_rx *rx, unsigned int size, unsigned int headroom)
{
	unsigned int need;

	dt_rx_free_rest(rx);
	if (headroom % SMP_CACHE_BYTES || headroom > PAGE_SIZE - SMP_CACHE_BYTES)
		return -EINVAL;
	if (rx->split && headroom)
		return -EINVAL;
	if (size > dualtree_max_size(rx->dt) - headroom)
		return -EINVAL;
	rx->headroom = headroom ?: NET_SKB_PAD;
	need = SKB_DATA_ALIGN(rx->headroom + size) +
	       SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	/* A power of two, so that none crosses the end of a page where all are of one size. */
	rx->in_page = need <= PAGE_SIZE && !rx->split && !rx->fragments;
	if (rx->split) {
		rx->headroom = 0;
		rx->slot_size = PAGE_ALIGN(max(size, 1U));
	} else if (rx->in_page) {
		rx->slot_size = max_t(unsigned int, roundup_pow_of_two(need), dualtree_granule());
	} else {
		rx->headroom = headroom;
		rx->slot_size = ALIGN(size + rx->headroom, dualtree_granule());
	}
	rx->copy_max = copy_max(rx);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_rx_set_size);

struct dualtree_rx *dualtree_rx_create(struct dualtree *dt,
				       const struct dualtree_rx_params *params)
{
	struct dualtree_rx *rx = kzalloc(sizeof(*rx), GFP_KERNEL);
	int err;

	if (!rx)
		return ERR_PTR(-ENOMEM);
	rx->dt = dt;
	rx->napi = params->napi;
	rx->limit = params->limit;
	rx->copybreak = params->copybreak;
	rx->split = params->split;
	rx->fragments = params->fragments;
	rx->held.dt = dt;
	spin_lock_init(&rx->lock);
	err = dualtree_rx_set_size(rx, params->size, params->headroom);
	if (err) {
		kfree(rx);
		return ERR_PTR(err);
	}
	dt_rx_timer_init(rx);
	return rx;
}
EXPORT_SYMBOL_GPL(dualtree_rx_create);

void dualtree_rx_destroy(struct dualtree_rx *rx)
{
	if (!rx)
		return;
	dt_rx_timer_exit(rx);
	dt_rx_free_rest(rx);
	dt_held_reap(&rx->held, UINT_MAX, true);
	dualtree_expect_held(rx->dt, rx->held.bytes);
	dt_held_exit(&rx->held);
	kfree(rx);
}
EXPORT_SYMBOL_GPL(dualtree_rx_destroy);
