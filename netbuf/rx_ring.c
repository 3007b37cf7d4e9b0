// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of the slots of a receive ring: include/dualtree/netbuf_rx.h is the contract.
 *
 *	the frame					becomes			the slot
 *	is short, or small for its buffer;		a copy			is as before
 *	 or at the limit; or on OOM of what tracks it
 *	else, in a buffer in one page			build_skb() of it	is empty
 *	else						fragments		is empty
 *
 * With split headers the latter begin at a page.
 *
 * build_skb() must not be called on memory that crosses the end of a page. It takes one reference,
 * to the page of the first byte, and code that splices such a packet finds no compound page.
 *
 * No lock: the poll of the tracker's NAPI, or while that is disabled. From the first buffer that is
 * posted until the slots are discarded nothing else uses the tracker.
 */
#include <dualtree/dualtree.h>
#include <linux/etherdevice.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include "rx.h"

/*
 * Bytes that buffers are allocated in, as long as no packet waits: one call for a good part of a
 * ring. With packets that wait, free memory is in pages between theirs.
 */
#define RUN_MAX		SZ_64K

/* Maximum bytes of a copy that is linear: napi_alloc_skb() takes them from one page. */
#define LINEAR_MAX	(SKB_WITH_OVERHEAD(PAGE_SIZE) - NET_SKB_PAD - SMP_CACHE_BYTES)

/*
 * Allocate memory for buffers: much, a page, or one buffer, whichever can be had first.
 *
 * Return: false on OOM.
 */
static bool rest_alloc(struct dualtree_rx *rx, unsigned int want, gfp_t gfp)
{
	size_t one = rx->in_page ? max_t(size_t, PAGE_SIZE, rx->slot_size) : rx->slot_size;
	size_t run = min_t(size_t, RUN_MAX, (size_t)want * rx->slot_size);
	size_t sizes[] = { run / one * one, one, rx->slot_size };
	size_t align = rx->split ? PAGE_SIZE : 1;
	unsigned int i;

	dt_rx_free_rest(rx);
	for (i = rx->held.waiting.nr ? 1 : 0; i < ARRAY_SIZE(sizes) && !rx->rest_len; i++) {
		rx->rest = sizes[i] ? dualtree_alloc_aligned(rx->dt, sizes[i], align, gfp) : NULL;
		rx->rest_len = rx->rest ? sizes[i] : 0;
	}
	return rx->rest_len;
}

/* Fill an empty slot. @want: slots that are to be filled, with this one. Return: false on OOM. */
static bool slot_fill(struct dualtree_rx *rx, struct dualtree_rx_slot *slot, unsigned int want,
		      gfp_t gfp)
{
	slot->follows = rx->rest_len >= rx->slot_size;
	if (!slot->follows && !rest_alloc(rx, want, gfp))
		return false;
	slot->data = rx->rest + rx->headroom;
	rx->rest += rx->slot_size;
	rx->rest_len -= rx->slot_size;
	slot->dma = dualtree_dma_addr(rx->dt, slot->data);
	dualtree_dma_sync_for_device(rx->dt, slot->data, rx->slot_size - rx->headroom);
	return true;
}

unsigned int dualtree_rx_refill(struct dualtree_rx *rx, struct dualtree_rx_slot *slots,
				unsigned int nr, gfp_t gfp)
{
	unsigned int i;

	rx_enter_poll(rx);
	for (i = 0; i < nr; i++)
		if (!slots[i].data && !slot_fill(rx, &slots[i], nr - i, gfp))
			return i;
	return nr;
}
EXPORT_SYMBOL_GPL(dualtree_rx_refill);

static u8 *slot_buffer(const struct dualtree_rx *rx, const struct dualtree_rx_slot *slot)
{
	return slot->data - rx->headroom;
}

void dualtree_rx_discard(struct dualtree_rx *rx, struct dualtree_rx_slot *slots, unsigned int nr)
{
	unsigned int i;

	dt_rx_free_rest(rx);
	for (i = 0; i < nr; i++) {
		if (!slots[i].data)
			continue;
		dualtree_free(rx->dt, slot_buffer(rx, &slots[i]), rx->slot_size);
		slots[i].data = NULL;
	}
	/* What packets hold is reaped by the timer from here on. */
	dt_rx_set_polled(rx, false);
}
EXPORT_SYMBOL_GPL(dualtree_rx_discard);

unsigned int dualtree_rx_truesize(const struct dualtree_rx *rx)
{
	return rx->slot_size;
}
EXPORT_SYMBOL_GPL(dualtree_rx_truesize);

/* Bytes of a frame to copy into the linear part of a packet of fragments. */
static unsigned int headers_of(struct dualtree_rx *rx, void *data, unsigned int len,
			       unsigned int headers)
{
	unsigned int max = min_t(unsigned int, len, RX_HEADERS_MAX);

	return min(headers ?: eth_get_headlen(rx->napi->dev, data, max), max);
}

static struct sk_buff *copy_long(struct dualtree_rx *rx, void *data, unsigned int len,
				 unsigned int headers)
{
	struct sk_buff *skb;

	headers = headers_of(rx, data, len, headers);
	skb = dt_rx_alloc_copy(rx->napi, len, headers, GFP_ATOMIC | __GFP_NOWARN);
	if (IS_ERR(skb))
		return NULL;
	dt_rx_fill_copy(skb, 0, data);
	return skb;
}

static struct sk_buff *make_copy(struct dualtree_rx *rx, struct dualtree_rx_slot *slot, void *data,
				 unsigned int len, unsigned int headers)
{
	struct sk_buff *skb;

	if (likely(len <= LINEAR_MAX)) {
		skb = napi_alloc_skb(rx->napi, len);
		if (likely(skb))
			skb_put_data(skb, data, len);
	} else {
		skb = copy_long(rx, data, len, headers);
	}
	if (unlikely(!skb))
		return NULL;
	WRITE_ONCE(rx->copied, rx->copied + 1);
	dualtree_dma_sync_for_device(rx->dt, slot->data, rx->slot_size - rx->headroom);
	return skb;
}

static struct sk_buff *make_build(struct dualtree_rx *rx, struct dualtree_rx_slot *slot, void *data,
				  unsigned int len)
{
	u8 *buffer = slot_buffer(rx, slot);
	struct sk_buff *skb = napi_build_skb(buffer, rx->slot_size);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, (u8 *)data - buffer);
	__skb_put(skb, len);
	skb->dev = rx->napi->dev;
	get_page(virt_to_page(buffer));
	dt_held_push(&rx->held, &(struct dt_held){
		.data = buffer, .len = rx->slot_size, .follows = slot->follows,
	});
	slot->data = NULL;
	WRITE_ONCE(rx->packets, rx->packets + 1);
	rx_start_timer(rx);
	return skb;
}

/* Give @len bytes of a slot to a packet, with what is before them in the buffer. */
static void slot_add_frags(struct dualtree_rx *rx, struct sk_buff *skb,
			   struct dualtree_rx_slot *slot, u8 *data, unsigned int len)
{
	u8 *buffer = slot_buffer(rx, slot), *end = buffer + rx->slot_size;
	u8 *tail = PTR_ALIGN(data + len, dualtree_granule());

	dt_rx_add_frags(skb, data, len);
	dt_rx_hold(rx, skb, &(struct dt_rx_range){
		buffer, tail - buffer, end - tail, slot->follows,
	});
	slot->data = NULL;
}

static struct sk_buff *make_frags(struct dualtree_rx *rx, struct dualtree_rx_slot *slot, u8 *data,
				  unsigned int len, unsigned int headers)
{
	struct sk_buff *skb;

	headers = headers_of(rx, data, len, headers);
	if (unlikely(headers == len))
		return make_copy(rx, slot, data, len, headers);
	skb = napi_alloc_skb(rx->napi, headers);
	if (unlikely(!skb))
		return NULL;
	skb_put_data(skb, data, headers);
	slot_add_frags(rx, skb, slot, data + headers, len - headers);
	WRITE_ONCE(rx->packets, rx->packets + 1);
	rx_start_timer(rx);
	return skb;
}

/* Are these bytes that the device can have written to a slot? */
static bool in_slot(const struct dualtree_rx *rx, const struct dualtree_rx_slot *slot, u8 *data,
		    unsigned int len)
{
	u8 *buffer = slot_buffer(rx, slot);

	return slot->data && len && data >= buffer && data < buffer + rx->slot_size &&
	       len <= buffer + rx->slot_size - data;
}

static unsigned int frags_of(const void *data, unsigned int len)
{
	return DIV_ROUND_UP(offset_in_page(data) + len, PAGE_SIZE);
}

struct sk_buff *dualtree_rx_receive(struct dualtree_rx *rx, struct dualtree_rx_slot *slot,
				    void *data, unsigned int len, unsigned int headers)
{
	u8 *buffer = slot_buffer(rx, slot);

	if (WARN_ON_ONCE(!in_slot(rx, slot, data, len)))
		return NULL;
	rx_enter_poll(rx);
	if (len <= rx->copy_max || frags_of(data, len) > MAX_SKB_FRAGS ||
	    !rx_make_room(rx, rx->slot_size))
		return make_copy(rx, slot, data, len, headers);
	if (likely(rx->in_page && dt_in_one_page(buffer, rx->slot_size) &&
		   len <= SKB_WITH_OVERHEAD(rx->slot_size) - ((u8 *)data - buffer)))
		return make_build(rx, slot, data, len);
	return make_frags(rx, slot, data, len, headers);
}
EXPORT_SYMBOL_GPL(dualtree_rx_receive);

static struct sk_buff *split_copy(struct dualtree_rx *rx, struct dualtree_rx_slot *slot,
				  unsigned int len, const void *head, unsigned int headers)
{
	struct sk_buff *skb;

	skb = dt_rx_alloc_copy(rx->napi, headers + len, headers, GFP_ATOMIC | __GFP_NOWARN);
	if (IS_ERR(skb))
		return NULL;
	memcpy(skb->data, head, headers);
	dt_rx_fill_copy(skb, headers, slot->data);
	WRITE_ONCE(rx->copied, rx->copied + 1);
	dualtree_dma_sync_for_device(rx->dt, slot->data, rx->slot_size);
	return skb;
}

static struct sk_buff *split_frags(struct dualtree_rx *rx, struct dualtree_rx_slot *slot,
				   unsigned int len, const void *head, unsigned int headers)
{
	struct sk_buff *skb = napi_alloc_skb(rx->napi, headers);

	if (unlikely(!skb))
		return NULL;
	skb_put_data(skb, head, headers);
	slot_add_frags(rx, skb, slot, slot->data, len);
	WRITE_ONCE(rx->packets, rx->packets + 1);
	rx_start_timer(rx);
	return skb;
}

struct sk_buff *dualtree_rx_receive_split(struct dualtree_rx *rx, struct dualtree_rx_slot *slot,
					  unsigned int len, const void *head, unsigned int headers)
{
	if (WARN_ON_ONCE(!rx->split || !headers || headers > RX_HEADERS_MAX))
		return NULL;
	if (WARN_ON_ONCE(!slot->data || len > rx->slot_size))
		return NULL;
	rx_enter_poll(rx);
	if (len <= rx->copy_max || frags_of(slot->data, len) > MAX_SKB_FRAGS ||
	    !rx_make_room(rx, rx->slot_size))
		return split_copy(rx, slot, len, head, headers);
	return split_frags(rx, slot, len, head, headers);
}
EXPORT_SYMBOL_GPL(dualtree_rx_receive_split);

int dualtree_rx_append(struct dualtree_rx *rx, struct sk_buff *skb, struct dualtree_rx_slot *slot,
		       unsigned int len)
{
	if (WARN_ON_ONCE(!in_slot(rx, slot, slot->data, len)))
		return -EINVAL;
	if (skb_shinfo(skb)->nr_frags + frags_of(slot->data, len) > MAX_SKB_FRAGS)
		return -EMSGSIZE;
	rx_enter_poll(rx);
	if (!dt_held_make_room(&rx->held))
		return -ENOMEM;
	slot_add_frags(rx, skb, slot, slot->data, len);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_rx_append);
