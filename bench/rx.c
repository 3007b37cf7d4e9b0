// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_bench_rx: what a received packet costs a driver, for the ways that drivers have.
 *
 *	a round	fill the 64 slots of a ring -> a packet of each -> each is consumed -> reap
 *
 *	way		a slot is			a packet is
 *	page_pool	pages of a page_pool		a fragment; the headers are copied
 *	pages		pages of the page allocator	a fragment; the headers are copied
 *	page_frag	a part of larger pages		build_skb()
 *	plain copy	stays				a copy
 *	dualtree	dualtree_rx_refill()		dualtree_rx_receive(), in place
 *	dualtree, fragments: as dualtree, with packets that keep no more than their frames
 *	dualtree, copied: as dualtree, with a limit of 0
 *
 * A round is what a poll does between taking a frame's length from the device and giving the packet
 * to GRO, and what its reader does to free it. The device, the protocols and DMA are left out; they
 * cost each way the same.
 *
 * Results are lines of dualtree_bench's: allocator|case|operations|nanoseconds. Process context,
 * with softirqs disabled in each round, as in a poll.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>
#include <linux/bottom_half.h>
#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "../compat/napi.h"
#include "../compat/page_pool.h"
#include "bench.h"

#define SLOTS	64
#define ROUNDS	128
/* Loops; the least counts. */
#define LOOPS	4
/* Bytes of the headers of TCP over IPv4 with timestamps. */
#define HEADERS	66

/* A ring, and what fills it. */
struct ring {
	struct net_device *dev;			/* device of @napi */
	struct napi_struct napi;		/* has nothing to poll */
	unsigned int len;			/* bytes of a frame */
	unsigned int order;			/* pages of a slot, as a power of two */
	struct page_pool *pool;			/* of the way page_pool */
	struct dualtree *dt;			/* of the way dualtree */
	struct dualtree_rx *rx;			/* of the way dualtree */
	struct page *pages[SLOTS];		/* slots of the first two ways */
	void *frags[SLOTS];			/* slots of page_frag, and of plain copy */
	struct dualtree_rx_slot slots[SLOTS];	/* slots of dualtree */
};

/* How a driver receives. */
struct way {
	const char *name;			/* as results show it */
	/* Gets what it needs; -EOPNOTSUPP: the kernel does not have it. May be NULL */
	int (*open)(struct ring *ring, const struct way *way);
	void (*close)(struct ring *ring);	/* the opposite */
	bool (*refill)(struct ring *ring);	/* fills empty slots; false on OOM */
	/* Makes a packet of a slot; NULL on OOM */
	struct sk_buff *(*receive)(struct ring *ring, unsigned int i);
	void (*reap)(struct ring *ring);	/* after all were consumed; may be NULL */
	/* Of dualtree: bytes of packets beyond which others are copied */
	size_t limit;
	/* Of dualtree: packets keep no more than their frames */
	bool fragments;
};

/* A packet with the headers of a page copied, and the rest in place. */
static struct sk_buff *frag_skb(struct ring *ring, struct page *page)
{
	struct sk_buff *skb = napi_alloc_skb(&ring->napi, HEADERS);

	if (!skb)
		return NULL;
	skb_put_data(skb, page_address(page), HEADERS);
	skb_add_rx_frag(skb, 0, page, HEADERS, ring->len - HEADERS, PAGE_SIZE << ring->order);
	return skb;
}

static int page_pool_open(struct ring *ring, const struct way *way)
{
	struct page_pool_params params = {
		.order = ring->order, .pool_size = 4 * SLOTS, .nid = NUMA_NO_NODE,
	};

	ring->pool = page_pool_create(&params);
	return PTR_ERR_OR_ZERO(ring->pool);
}

static void page_pool_close(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (ring->pages[i])
			page_pool_put_full_page(ring->pool, ring->pages[i], false);
	page_pool_destroy(ring->pool);
}

static bool page_pool_refill(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		ring->pages[i] = page_pool_dev_alloc_pages(ring->pool);
		if (!ring->pages[i])
			return false;
	}
	return true;
}

static struct sk_buff *page_pool_receive(struct ring *ring, unsigned int i)
{
	struct sk_buff *skb = frag_skb(ring, ring->pages[i]);

	if (!skb)
		return NULL;
	skb_mark_for_recycle(skb);
	ring->pages[i] = NULL;
	return skb;
}

static void pages_close(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (ring->pages[i])
			__free_pages(ring->pages[i], ring->order);
}

static bool pages_refill(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		ring->pages[i] = dev_alloc_pages(ring->order);
		if (!ring->pages[i])
			return false;
	}
	return true;
}

static struct sk_buff *pages_receive(struct ring *ring, unsigned int i)
{
	struct sk_buff *skb = frag_skb(ring, ring->pages[i]);

	if (skb)
		ring->pages[i] = NULL;
	return skb;
}

static unsigned int frag_size(const struct ring *ring)
{
	return SKB_DATA_ALIGN(NET_SKB_PAD + ring->len) +
	       SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

static void frag_close(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (ring->frags[i])
			skb_free_frag(ring->frags[i]);
}

static bool frag_refill(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (!ring->frags[i])
			ring->frags[i] = napi_alloc_frag(frag_size(ring));
		if (!ring->frags[i])
			return false;
	}
	return true;
}

/* Some kernels have no fragments of more than a page, or one now and then. */
static int frag_open(struct ring *ring, const struct way *way)
{
	bool full;

	local_bh_disable();
	full = frag_refill(ring);
	local_bh_enable();
	if (full || frag_size(ring) <= PAGE_SIZE)
		return 0;
	frag_close(ring);
	return -EOPNOTSUPP;
}

static struct sk_buff *frag_receive(struct ring *ring, unsigned int i)
{
	struct sk_buff *skb = napi_build_skb(ring->frags[i], frag_size(ring));

	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD);
	__skb_put(skb, ring->len);
	skb->dev = ring->dev;
	ring->frags[i] = NULL;
	return skb;
}

static void copy_close(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		kfree(ring->frags[i]);
}

static bool copy_refill(struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (!ring->frags[i])
			ring->frags[i] = kmalloc(NET_SKB_PAD + ring->len, GFP_ATOMIC);
		if (!ring->frags[i])
			return false;
	}
	return true;
}

static struct sk_buff *copy_receive(struct ring *ring, unsigned int i)
{
	struct sk_buff *skb = napi_alloc_skb(&ring->napi, ring->len);

	if (skb)
		skb_put_data(skb, ring->frags[i] + NET_SKB_PAD, ring->len);
	return skb;
}

static int rx_open(struct ring *ring, const struct way *way)
{
	struct dualtree_rx_params params = {
		.napi = &ring->napi, .limit = way->limit, .fragments = way->fragments,
		.size = ring->len > PAGE_SIZE / 2 ? SZ_16K : 1536,
	};

	ring->dt = dualtree_create("bench_rx", NULL);
	if (IS_ERR(ring->dt))
		return PTR_ERR(ring->dt);
	ring->rx = dualtree_rx_create(ring->dt, &params);
	if (IS_ERR(ring->rx)) {
		dualtree_destroy(ring->dt);
		return PTR_ERR(ring->rx);
	}
	return 0;
}

static void rx_close(struct ring *ring)
{
	dualtree_rx_discard(ring->rx, ring->slots, SLOTS);
	dualtree_rx_destroy(ring->rx);
	dualtree_destroy(ring->dt);
}

static bool rx_refill(struct ring *ring)
{
	return dualtree_rx_refill(ring->rx, ring->slots, SLOTS, GFP_ATOMIC) == SLOTS;
}

static struct sk_buff *rx_receive(struct ring *ring, unsigned int i)
{
	struct dualtree_rx_slot *slot = &ring->slots[i];

	return dualtree_rx_receive(ring->rx, slot, slot->data, ring->len, HEADERS);
}

static void rx_reap(struct ring *ring)
{
	dualtree_rx_reap(ring->rx, 2 * SLOTS);
}

static const struct way ways[] = {
	{ "page_pool", page_pool_open, page_pool_close, page_pool_refill, page_pool_receive },
	{ "pages", NULL, pages_close, pages_refill, pages_receive },
	{ "page_frag", frag_open, frag_close, frag_refill, frag_receive },
	{ "plain copy", NULL, copy_close, copy_refill, copy_receive },
	{ "dualtree", rx_open, rx_close, rx_refill, rx_receive, rx_reap, SZ_64M, false },
	{ "dualtree, fragments", rx_open, rx_close, rx_refill, rx_receive, rx_reap, SZ_64M, true },
	{ "dualtree, copied", rx_open, rx_close, rx_refill, rx_receive, rx_reap, 0, false },
};

static bool one_round(struct ring *ring, const struct way *way)
{
	struct sk_buff *skbs[SLOTS];
	unsigned int i, nr = 0;

	if (!way->refill(ring))
		return false;
	for (i = 0; i < SLOTS; i++) {
		skbs[nr] = way->receive(ring, i);
		nr += !!skbs[nr];
	}
	for (i = 0; i < nr; i++)
		napi_consume_skb(skbs[i], 1);
	if (way->reap)
		way->reap(ring);
	return nr == SLOTS;
}

static int measure(struct ring *ring, const struct way *way)
{
	u64 best = U64_MAX, start;
	unsigned int loop, i;
	bool ok = true;

	for (loop = 0; loop < LOOPS && ok; loop++) {
		start = ktime_get_ns();
		for (i = 0; i < ROUNDS && ok; i++) {
			local_bh_disable();
			ok = one_round(ring, way);
			local_bh_enable();
		}
		best = min(best, ktime_get_ns() - start);
	}
	if (ok)
		dt_bench_report("%s|received %u B|%u|%llu\n", way->name, ring->len,
				ROUNDS * SLOTS, best);
	return ok ? 0 : -ENOMEM;
}

static int poll_nothing(struct napi_struct *napi, int budget)
{
	napi_complete_done(napi, 0);
	return 0;
}

static int run_way(struct net_device *dev, const struct way *way, unsigned int len)
{
	struct ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);
	int err;

	if (!ring)
		return -ENOMEM;
	ring->dev = dev;
	ring->len = len;
	ring->order = get_order(len);
	netif_napi_add(dev, &ring->napi, poll_nothing);
	napi_enable(&ring->napi);
	err = way->open ? way->open(ring, way) : 0;
	if (!err) {
		err = measure(ring, way);
		way->close(ring);
	}
	napi_disable(&ring->napi);
	netif_napi_del(&ring->napi);
	kfree(ring);
	if (err == -EOPNOTSUPP)
		return 0;
	if (err)
		pr_err("%s, %u bytes: error %d\n", way->name, len, err);
	return err;
}

static int __init bench_rx_init(void)
{
	static const unsigned int lens[] = { 1514, 9014 };
	struct net_device *dev = dt_alloc_netdev_dummy();
	unsigned int i, w;
	int err = dev ? 0 : -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(lens) && !err; i++)
		for (w = 0; w < ARRAY_SIZE(ways) && !err; w++)
			err = run_way(dev, &ways[w], lens[i]);
	if (dev)
		dt_free_netdev_dummy(dev);
	return err;
}
module_init(bench_rx_init);

/* The results are dualtree_bench's. */
static void __exit bench_rx_exit(void)
{
}
module_exit(bench_rx_exit);

MODULE_DESCRIPTION("Benchmarks of dualtree: received packets");
MODULE_LICENSE("GPL");
