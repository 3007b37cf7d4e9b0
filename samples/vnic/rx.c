// SPDX-License-Identifier: GPL-2.0
/*
 * The receive path: dualtree_rx_receive() makes a packet of a frame, and decides what of it stays
 * in place; dualtree_rx_receive_split(), if its headers arrived apart. main.c has the table.
 *
 * The poll of an end runs in softirq, one at a time; no lock.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include <dualtree/netbuf.h>

#include "end.h"
#include "rx.h"

/* Ranges that a poll looks at, beyond two per frame: an idle poll reaps, too. */
#define REAP_SPARE	16

/* With inject=corrupt one frame in so many is damaged: rare enough for TCP to go on. */
#define CORRUPT_PERIOD	64

/* Without a warning: on OOM the peer's next frames are dropped and counted. */
#define RX_GFP		(GFP_ATOMIC | __GFP_NOWARN)

/* Damage a frame, for scripts/vnic --self-check. */
static void frame_corrupt(struct end *end, u8 *frame, unsigned int len)
{
	if (len > 1000 && count_of(&end->counts, RX_PACKETS) % CORRUPT_PERIOD == 0)
		frame[len / 2] ^= 1;
}

/* Count a frame of which a packet was made. In place, the linear part of fragments is a copy. */
static void frame_count(struct end *end, const struct sk_buff *skb, bool in_place)
{
	struct counts *counts = &end->counts;
	unsigned int copied = skb->len;

	if (in_place) {
		copied = skb_is_nonlinear(skb) ? skb_headlen(skb) : 0;
		count(counts, ZEROCOPY_PACKETS, 1);
		count(counts, ZEROCOPY_BYTES, skb->len - copied);
	} else {
		count(counts, COPIED_PACKETS, 1);
		if (skb->len > dualtree_rx_truesize(end->rx) / 2)
			count(counts, OVER_CAP_PACKETS, 1);
	}
	count(counts, COPIED_BYTES, copied);
	count(counts, RX_PACKETS, 1);
	count(counts, RX_BYTES, skb->len);
}

static void frame_receive(struct end *end, struct dualtree_rx_slot *slot, const struct frame *frame,
			  const u8 *head)
{
	struct sk_buff *skb;

	if (end->inject_corrupt)
		frame_corrupt(end, slot->data, frame->len);
	if (end->split)
		skb = dualtree_rx_receive_split(end->rx, slot, frame->len, head, frame->headers);
	else
		skb = dualtree_rx_receive(end->rx, slot, slot->data, frame->len, 0);
	if (!skb) {
		count(&end->counts, RX_DROPPED, 1);
		return;
	}
	frame_count(end, skb, !slot->data);
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
	struct dualtree_rx_slot *slot;
	struct frame frame;
	u8 *head;
	int done;

	for (done = 0; done < budget; done++) {
		slot = ring_take(&end->ring, &frame, &head);
		if (!slot)
			break;
		frame_receive(end, slot, &frame, head);
	}
	dualtree_rx_reap(end->rx, 2 * done + REAP_SPARE);
	/* If nothing can be posted, the peer drops its next frame and schedules this poll again. */
	if (!ring_refill(&end->ring, RX_GFP))
		count(&end->counts, REFILLS_SHORT, 1);
	/* A slot filled from here on: napi_schedule() marks NAPI missed, and it polls again. */
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}
