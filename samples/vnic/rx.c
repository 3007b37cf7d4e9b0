// SPDX-License-Identifier: GPL-2.0
/*
 * The receive path: a frame in a buffer becomes a packet by dualtree_rx_skb().
 *
 *	mode=copy				skb_copy_frame()
 *	up to COPYBREAK bytes			skb_copy_frame(): not worth a page
 *	more					skb_take_frame(): payload in place
 *	more, and packets hold cap_kib		dualtree_rx_skb() copies
 *
 * The poll of an end runs in softirq, one at a time; no lock.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include <dualtree/netbuf.h>

#include "end.h"
#include "rx.h"

/* Bytes of the longest frame that is copied, as in most drivers. */
#define COPYBREAK	256

/* Bytes of the headers that dualtree_rx_skb() takes, at most. */
#define HEADERS_MAX	256

/* Ranges that a poll looks at, beyond two per frame: an idle poll reaps, too. */
#define REAP_SPARE	16

/* With inject=corrupt one frame in so many is damaged: rare enough for TCP to go on. */
#define CORRUPT_PERIOD	64

/* Without a warning: on OOM the frame is dropped and counted, and its sender repeats it. */
#define RX_GFP		(GFP_ATOMIC | __GFP_NOWARN)

static struct sk_buff *skb_copy_frame(struct end *end, struct dualtree_buf *buf)
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

/* Return: true if the packet's payload is in place. */
static bool skb_is_in_place(const struct sk_buff *skb, const u8 *payload)
{
	return skb_shinfo(skb)->nr_frags && skb_frag_address(&skb_shinfo(skb)->frags[0]) == payload;
}

static struct sk_buff *skb_take_frame(struct end *end, struct dualtree_buf *buf)
{
	unsigned int headers;
	struct sk_buff *skb;
	const u8 *frame;
	size_t len;

	frame = dualtree_buf_first(buf, &len);
	headers = min_t(u32, eth_get_headlen(end->dev, frame, len), HEADERS_MAX);
	skb = dualtree_rx_skb(end->rx, end->dev, buf, headers, RX_GFP);
	if (IS_ERR(skb))
		return NULL;
	if (skb_is_in_place(skb, frame + headers)) {
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

static struct sk_buff *skb_create(struct end *end, struct dualtree_buf *buf)
{
	if (!end->zerocopy)
		return skb_copy_frame(end, buf);
	if (dualtree_buf_len(buf) > COPYBREAK)
		return skb_take_frame(end, buf);
	count(&end->counts, SMALL_PACKETS, 1);
	return skb_copy_frame(end, buf);
}

/* Damage a frame, for scripts/vnic --self-check. */
static void frame_corrupt(struct end *end, struct dualtree_buf *buf)
{
	size_t len;
	u8 *frame = (u8 *)dualtree_buf_first(buf, &len);

	if (len > 1000 && count_of(&end->counts, RX_PACKETS) % CORRUPT_PERIOD == 0)
		frame[len / 2] ^= 1;
}

static void frame_receive(struct end *end, struct dualtree_buf *buf)
{
	unsigned int len = dualtree_buf_len(buf);
	struct sk_buff *skb;

	count(&end->counts, TAIL_BYTES, RING_ROOM - len);
	if (end->inject_corrupt)
		frame_corrupt(end, buf);
	skb = skb_create(end, buf);
	if (!skb) {
		dualtree_buf_purge(buf);
		count(&end->counts, RX_DROPPED, 1);
		return;
	}
	count(&end->counts, RX_PACKETS, 1);
	count(&end->counts, RX_BYTES, len);
	/* The wire is memory, so the peer's checksum holds. */
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
		frame_receive(end, buf);
	}
	dualtree_rx_reap(end->rx, 2 * done + REAP_SPARE);
	/* If nothing can be posted, the peer drops its next frame and schedules this poll again. */
	if (!ring_refill(&end->ring, RX_GFP, &posted))
		count(&end->counts, REFILLS_SHORT, 1);
	count(&end->counts, POSTED_BUFFERS, posted);
	/* A slot filled from here on: napi_schedule() marks NAPI missed, and it polls again. */
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}
