// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that are copies: what they are copied to.
 *
 *	bytes of the packet			lie in
 *	all, up to LINEAR_MAX; in a poll up to	the linear part
 *	 NAPI_LINEAR_MAX
 *	the headers; and what the last page	the linear part
 *	 would have, up to LINEAR_MAX in all
 *	the others				fragments of whole pages, as few as there are
 *
 * One block for a frame of 9000 bytes would be 16 KiB; this takes 10, and is found where memory is
 * in pieces.
 *
 * No lock. Any context but NMI, as the allocators' flags allow.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include "rx.h"

/*
 * Maximum bytes of the linear part. With the headroom and struct skb_shared_info it fits a page,
 * whose allocation does not fail for fragmentation.
 */
#define LINEAR_MAX	1024

/* What napi_alloc_skb() takes from one page. */
#define NAPI_LINEAR_MAX	(SKB_WITH_OVERHEAD(PAGE_SIZE) - NET_SKB_PAD - SMP_CACHE_BYTES)

/* Pages of a fragment, as a power of two, at most. */
#define COPY_ORDER	2

/* The linear part of a packet, with its bytes. Return: NULL on OOM. */
static struct sk_buff *copy_alloc_linear(struct napi_struct *napi, size_t linear, gfp_t gfp)
{
	struct sk_buff *skb;

	if (napi) {
		skb = napi_alloc_skb(napi, linear);
	} else {
		skb = alloc_skb(NET_SKB_PAD + linear, gfp);
		if (skb)
			skb_reserve(skb, NET_SKB_PAD);
	}
	if (skb)
		__skb_put(skb, linear);
	return skb;
}

/* Return: @len bytes or less, with the pages that it takes as a power of two in @order; or NULL. */
static struct page *copy_alloc_part(size_t len, unsigned int *order, gfp_t gfp)
{
	struct page *page;

	*order = min_t(unsigned int, *order, ilog2(DIV_ROUND_UP(len, PAGE_SIZE)));
	if (*order) {
		page = alloc_pages((gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_COMP | __GFP_NOWARN |
				   __GFP_NORETRY, *order);
		if (page)
			return page;
	}
	*order = 0;
	return alloc_page(gfp);
}

/* Return: false on OOM, or if there are too few fragments for what could be had. */
static bool copy_add_pages(struct sk_buff *skb, size_t len, gfp_t gfp)
{
	unsigned int order = COPY_ORDER;
	struct page *page;
	size_t part;

	for (; len; len -= part) {
		if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)
			return false;
		page = copy_alloc_part(len, &order, gfp);
		if (!page)
			return false;
		part = min(len, PAGE_SIZE << order);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, part, PAGE_SIZE << order);
	}
	return true;
}

/*
 * Return: a packet of @len bytes to copy to, at least the first @headers of them linear;
 * ERR_PTR(-EMSGSIZE) if it would have too many fragments; or ERR_PTR(-ENOMEM).
 */
struct sk_buff *dt_rx_alloc_copy(struct napi_struct *napi, size_t len, size_t headers, gfp_t gfp)
{
	size_t linear = headers + (len - headers) % PAGE_SIZE;
	struct sk_buff *skb;

	if (len <= (napi ? NAPI_LINEAR_MAX : LINEAR_MAX))
		linear = len;
	else if (linear > LINEAR_MAX)
		linear = headers;
	/* The last pages are in as many fragments that are smaller. */
	if (((len - linear) >> (PAGE_SHIFT + COPY_ORDER)) + COPY_ORDER > MAX_SKB_FRAGS)
		return ERR_PTR(-EMSGSIZE);
	skb = copy_alloc_linear(napi, linear, gfp);
	if (skb && copy_add_pages(skb, len - linear, gfp))
		return skb;
	kfree_skb(skb);
	return ERR_PTR(-ENOMEM);
}

/* Fill a packet of dt_rx_alloc_copy(), of whose linear part @done bytes are filled. */
void dt_rx_fill_copy(struct sk_buff *skb, unsigned int done, const u8 *data)
{
	const skb_frag_t *frag = skb_shinfo(skb)->frags, *end = frag + skb_shinfo(skb)->nr_frags;

	memcpy(skb->data + done, data, skb_headlen(skb) - done);
	for (data += skb_headlen(skb) - done; frag < end; data += skb_frag_size(frag++))
		memcpy(skb_frag_address(frag), data, skb_frag_size(frag));
}
