// SPDX-License-Identifier: GPL-2.0
/*
 * Packets made of slots that are larger than a page, or of several slots: fragments, what they are
 * charged, and when what they leave is free.
 */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include "fixtures/random.h"
#include "fixtures/ring.h"
#include "fixtures/scale.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random packets; 0: any");

/* Live are these bytes, and what the last refill may have left for the next. */
static void expect_live(struct dt_ring *ring, size_t bytes)
{
	KUNIT_EXPECT_GE(ring->test, live_bytes(ring->dt), bytes);
	KUNIT_EXPECT_LT(ring->test, live_bytes(ring->dt), bytes + SZ_64K);
}

/* A large frame is fragments: the headers are copied. */
static void rx_pages_fragments(struct kunit *test)
{
	static const unsigned int lens[] = { 4500, 9014, 16000, LARGE_FRAME };
	struct dt_ring *ring = make_ring(test, LARGE_FRAME, SZ_1M);
	unsigned int i, kept;
	struct sk_buff *skb;
	void *data;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		dt_ring_fill(ring);
		data = ring->slots[0].data;
		skb = dt_ring_receive(ring, 0, i, lens[i], 66);
		KUNIT_EXPECT_EQ(test, skb_headlen(skb), 66);
		KUNIT_EXPECT_PTR_EQ(test, skb_frag_address(&skb_shinfo(skb)->frags[0]), data + 66);
		KUNIT_EXPECT_NULL(test, ring->slots[0].data);
		/* When it is found to wait, the tail of its buffer is free. */
		dt_ring_reap(ring);
		dt_ring_reap(ring);
		kept = rx_stats(ring->rx).pinned_bytes;
		KUNIT_EXPECT_EQ(test, kept, round_up(lens[i], DT_GRANULE));
		KUNIT_EXPECT_GE(test, skb->truesize, kept);
		expect_live(ring, (SLOTS - 1) * LARGE_FRAME + kept);
		consume_skb(skb);
		dt_ring_reap(ring);
		dt_ring_reap(ring);
		expect_live(ring, (SLOTS - 1) * LARGE_FRAME);
	}
	dt_ring_empty(ring);
}

/* A frame in several slots. */
static void rx_pages_append(struct kunit *test)
{
	struct dt_ring *ring = make_ring(test, PAGE_SIZE, SZ_1M);
	unsigned int i, frags;
	struct sk_buff *skb;

	dt_ring_fill(ring);
	skb = dt_ring_receive(ring, 0, 0, PAGE_SIZE, 54);
	for (i = 1; i < SLOTS; i++) {
		dt_fill(ring->slots[i].data, i * PAGE_SIZE, PAGE_SIZE);
		frags = skb_shinfo(skb)->nr_frags;
		local_bh_disable();
		if (dualtree_rx_append(ring->rx, skb, &ring->slots[i], PAGE_SIZE)) {
			local_bh_enable();
			break;
		}
		local_bh_enable();
		KUNIT_EXPECT_NULL(test, ring->slots[i].data);
	}
	KUNIT_EXPECT_GE(test, frags, MAX_SKB_FRAGS - 1);
	KUNIT_EXPECT_NOT_NULL(test, ring->slots[i].data);
	KUNIT_EXPECT_EQ(test, dualtree_rx_append(ring->rx, skb, &ring->slots[i], PAGE_SIZE),
			-EMSGSIZE);
	dt_expect_packet(test, skb, 0, i * PAGE_SIZE);
	KUNIT_EXPECT_GE(test, skb->truesize, rx_stats(ring->rx).pinned_bytes);
	consume_skb(skb);
	dt_ring_empty(ring);
}

/*
 * A slot of more pages than a packet has fragments: a frame in as many as it has is in place, one
 * in more is copied.
 */
static void rx_pages_wide(struct kunit *test)
{
	static const unsigned int over[] = { 0, 1, PAGE_SIZE };
	unsigned int most = MAX_SKB_FRAGS * PAGE_SIZE, i;
	struct dt_ring *ring = make_ring(test, most + 4 * PAGE_SIZE, SZ_16M);
	struct sk_buff *skb;
	void *data;

	for (i = 0; i < ARRAY_SIZE(over); i++) {
		dt_ring_fill(ring);
		data = ring->slots[i].data;
		/* What fits depends on where in its first page the slot begins. */
		most = MAX_SKB_FRAGS * PAGE_SIZE - offset_in_page(data);
		skb = dt_ring_receive(ring, i, i, most + over[i], 66);
		KUNIT_EXPECT_PTR_EQ(test, ring->slots[i].data, over[i] ? data : NULL);
		KUNIT_EXPECT_LE(test, skb_shinfo(skb)->nr_frags, MAX_SKB_FRAGS);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, i);
		consume_skb(skb);
		dt_ring_reap(ring);
		dt_ring_reap(ring);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).pinned_bytes, 0);
	}
	dt_ring_empty(ring);
}

/* Headers and payload of a frame whose bytes are those from @from on. */
static struct sk_buff *receive_split(struct dt_ring *ring, unsigned int i, size_t from,
				     unsigned int headers, unsigned int len)
{
	struct dualtree_rx_slot *slot = &ring->slots[i];
	struct sk_buff *skb;
	u8 head[256];

	KUNIT_ASSERT_EQ(ring->test, offset_in_page(slot->data), 0);
	dt_fill(head, from, headers);
	dt_fill(slot->data, from + headers, len);
	local_bh_disable();
	skb = dualtree_rx_receive_split(ring->rx, slot, len, head, headers);
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(ring->test, skb);
	memset(head, 0, sizeof(head));
	dt_expect_packet(ring->test, skb, from, headers + len);
	return skb;
}

/* Payload in place is in whole pages, and the last one has nothing else that could be mapped. */
static void expect_whole_pages(struct kunit *test, struct sk_buff *skb, const u8 *data)
{
	const skb_frag_t *frag = skb_shinfo(skb)->frags;
	unsigned int i, left = skb->data_len;

	KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->nr_frags, DIV_ROUND_UP(left, PAGE_SIZE));
	for (i = 0; left; i++) {
		KUNIT_EXPECT_PTR_EQ(test, skb_frag_address(&frag[i]), (void *)data + i * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, skb_frag_size(&frag[i]),
				min_t(unsigned int, left, PAGE_SIZE));
		KUNIT_EXPECT_FALSE(test, PageCompound(skb_frag_page(&frag[i])));
		left -= skb_frag_size(&frag[i]);
	}
}

/* A device that splits headers off: pages of payload that a reader can map. */
static void rx_pages_split(struct kunit *test)
{
	static const unsigned int lens[] = {
		0, 1, 256, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 4 * PAGE_SIZE,
	};
	struct dt_ring *ring = test_ring(test, test_instance(test), .size = 4 * PAGE_SIZE,
					 .limit = SZ_16M, .split = true);
	unsigned int i, at, len, copies = 0;
	struct sk_buff *skbs[SLOTS];
	u8 *data;

	for (i = 0; i < 8 * SLOTS; i++) {
		at = i % SLOTS;
		if (!at)
			dt_ring_fill(ring);
		data = ring->slots[at].data;
		len = lens[i % ARRAY_SIZE(lens)];
		skbs[at] = receive_split(ring, at, i, 1 + i % 256, len);
		copies += len < PAGE_SIZE;
		KUNIT_EXPECT_PTR_EQ(test, ring->slots[at].data, len < PAGE_SIZE ? data : NULL);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, copies);
		if (len >= PAGE_SIZE)
			expect_whole_pages(test, skbs[at], data);
		if (at % 2)
			dt_ring_reap(ring);
		if (at == SLOTS - 1)
			for (at = 0; at < SLOTS; at++)
				consume_skb(skbs[at]);
	}
	dt_ring_empty(ring);
}

/* At the limit it is a copy. */
static void rx_pages_split_copied(struct kunit *test)
{
	struct dt_ring *ring = test_ring(test, test_instance(test), .split = true,
					 .size = MAX_SKB_FRAGS * PAGE_SIZE);
	unsigned int i, len = PAGE_SIZE;
	void *data;

	dt_ring_fill(ring);
	for (i = 0; i < MAX_SKB_FRAGS; i++, len += PAGE_SIZE) {
		data = ring->slots[i].data;
		consume_skb(receive_split(ring, i, i, 66, len));
		KUNIT_EXPECT_PTR_EQ(test, ring->slots[i].data, data);
	}
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, MAX_SKB_FRAGS);
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).packets, 0);
	KUNIT_EXPECT_EQ(test, dualtree_rx_set_size(ring->rx, PAGE_SIZE, 64), -EINVAL);
	dt_ring_empty(ring);
}

/**
 * struct kept - a packet that is not read yet
 * @skb: the packet, or NULL
 * @from: where its bytes are from
 * @len: its length
 */
struct kept {
	struct sk_buff *skb;
	size_t from;
	unsigned int len;
};

static void read_kept(struct kunit *test, struct kept *kept)
{
	if (!kept->skb)
		return;
	dt_expect_packet(test, kept->skb, kept->from, kept->len);
	consume_skb(kept->skb);
	kept->skb = NULL;
}

/*
 * Frames of any size. While none is read, what they keep is what they are charged for. Then they
 * are read in any order, and each one's bytes are its own until it is.
 */
static void rx_pages_random(struct kunit *test)
{
	struct dt_ring *ring = make_ring(test, LARGE_FRAME, SZ_16M);
	struct kept *kept = dt_test_zalloc(test, 512 * sizeof(*kept));
	size_t charged = 0, copied_bytes = 0;
	struct rnd_state rnd;
	unsigned int i, at;

	prandom_seed_state(&rnd, random_seed(test, seed));
	for (i = 0; i < (SLOW_KERNEL ? 1000 : 10000); i++) {
		at = i < 512 ? i : random_below(&rnd, 512);
		read_kept(test, &kept[at]);
		dt_ring_fill(ring);
		kept[at].from = random_below(&rnd, 10000);
		kept[at].len = 60 + random_below(&rnd, 8955);
		kept[at].skb = dt_ring_try_receive(ring, i % SLOTS, kept[at].from, kept[at].len,
						   66);
		KUNIT_ASSERT_NOT_NULL(test, kept[at].skb);
		dt_ring_reap(ring);
		if (i >= 512)
			continue;
		charged += kept[at].skb->truesize;
		copied_bytes += ring->slots[i % SLOTS].data ? kept[at].skb->truesize : 0;
		if (i % 64 < 63)
			continue;
		/* Nothing came since: all of them wait now. */
		dt_ring_reap(ring);
		KUNIT_ASSERT_LE(test, (rx_stats(ring->rx).pinned_bytes + copied_bytes) * 100,
				charged * 105);
	}
	for (i = 0; i < 512; i++)
		read_kept(test, &kept[i]);
	dt_ring_empty(ring);
}

static struct kunit_case netbuf_rx_pages_cases[] = {
	KUNIT_CASE(rx_pages_fragments),
	KUNIT_CASE(rx_pages_append),
	KUNIT_CASE(rx_pages_wide),
	KUNIT_CASE(rx_pages_split),
	KUNIT_CASE(rx_pages_split_copied),
	KUNIT_CASE(rx_pages_random),
	{}
};

DUALTREE_SUITE(netbuf_rx_pages, "packets of many pages");
