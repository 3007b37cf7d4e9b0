// SPDX-License-Identifier: GPL-2.0
/*
 * The receive path: what dualtree_rx_skb() is for.
 *
 * A frame lies in a buffer that was larger; what it did not need is free already. With
 * zero copy its headers are copied into the packet and free at once, the payload stays
 * where the device put it until the stack is done with it. What is small is copied, as
 * every driver does: a page is too much to pay for it. In copy mode everything is, and
 * free at once.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include <dualtree/netbuf.h>

#include "end.h"
#include "rx.h"

/* Frames that are no longer than this are copied. */
#define COPYBREAK	256

/* The most that dualtree_rx_skb() takes. */
#define MAX_HEADERS	256

/* Ranges to look at beyond two for each frame that arrived. */
#define REAP_SPARE	16

/* One frame in so many is damaged, if that is asked for. */
#define CORRUPT_PERIOD	64

/* It is nobody's loss if there is no memory: whoever sent it sends it again. */
#define RX_GFP		(GFP_ATOMIC | __GFP_NOWARN)

static struct sk_buff *make_copy(struct end *end, struct dualtree_buf *buf)
{
	unsigned int len = dualtree_buf_len(buf);
	struct sk_buff *skb = napi_alloc_skb(&end->napi, len);

	if (!skb)
		return NULL;
	dualtree_buf_read(buf, skb_put(skb, len), len);
	count(&end->counts, COPIED_PACKETS, 1);
	count(&end->counts, COPIED_BYTES, len);
	return skb;
}

/* Is the payload of a packet where the frame was? */
static bool is_in_place(const struct sk_buff *skb, const u8 *payload)
{
	return skb_shinfo(skb)->nr_frags && skb_frag_address(&skb_shinfo(skb)->frags[0]) == payload;
}

static struct sk_buff *make_zerocopy(struct end *end, struct dualtree_buf *buf)
{
	unsigned int headers;
	struct sk_buff *skb;
	const u8 *frame;
	size_t len;

	frame = dualtree_buf_first(buf, &len);
	headers = min_t(u32, eth_get_headlen(end->dev, frame, len), MAX_HEADERS);
	skb = dualtree_rx_skb(end->rx, end->dev, buf, headers, RX_GFP);
	if (IS_ERR(skb))
		return NULL;
	if (is_in_place(skb, frame + headers)) {
		count(&end->counts, ZEROCOPY_PACKETS, 1);
		count(&end->counts, ZEROCOPY_BYTES, len - headers);
		count(&end->counts, COPIED_BYTES, headers);
	} else {
		count(&end->counts, OVER_CAP_PACKETS, 1);
		count(&end->counts, COPIED_PACKETS, 1);
		count(&end->counts, COPIED_BYTES, len);
	}
	return skb;
}

static struct sk_buff *make_packet(struct end *end, struct dualtree_buf *buf)
{
	if (!end->zerocopy)
		return make_copy(end, buf);
	if (dualtree_buf_len(buf) > COPYBREAK)
		return make_zerocopy(end, buf);
	count(&end->counts, SMALL_PACKETS, 1);
	return make_copy(end, buf);
}

/* The self-check of scripts/vnic shows that it is noticed. */
static void corrupt_some(struct end *end, struct dualtree_buf *buf)
{
	size_t len;
	u8 *frame = (u8 *)dualtree_buf_first(buf, &len);

	if (len > 1000 && count_of(&end->counts, RX_PACKETS) % CORRUPT_PERIOD == 0)
		frame[len / 2] ^= 1;
}

static void receive(struct end *end, struct dualtree_buf *buf)
{
	unsigned int len = dualtree_buf_len(buf);
	struct sk_buff *skb;

	count(&end->counts, TAIL_BYTES, RING_ROOM - len);
	if (end->inject_corrupt)
		corrupt_some(end, buf);
	skb = make_packet(end, buf);
	if (!skb) {
		dualtree_buf_purge(buf);
		count(&end->counts, RX_DROPPED, 1);
		return;
	}
	count(&end->counts, RX_PACKETS, 1);
	count(&end->counts, RX_BYTES, len);
	/* The wire is memory: what the other end summed up is what arrived. */
	if (end->dev->features & NETIF_F_RXCSUM)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->protocol = eth_type_trans(skb, end->dev);
	skb_record_rx_queue(skb, 0);
	napi_gro_receive(&end->napi, skb);
}

int vnic_poll(struct napi_struct *napi, int budget)
{
	struct end *end = container_of(napi, struct end, napi);
	struct dualtree_buf *buf;
	unsigned int posted;
	int done;

	for (done = 0; done < budget; done++) {
		buf = ring_take(&end->ring);
		if (!buf)
			break;
		receive(end, buf);
	}
	dualtree_rx_reap(end->rx, 2 * done + REAP_SPARE);
	/* If nothing can be posted, the next frame is dropped and has us try again. */
	if (!ring_refill(&end->ring, RX_GFP, &posted))
		count(&end->counts, REFILLS_SHORT, 1);
	count(&end->counts, POSTED_BUFFERS, posted);
	/* Who fills a slot now has NAPI remember that it was asked for, and poll again. */
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}
