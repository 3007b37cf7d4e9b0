// SPDX-License-Identifier: GPL-2.0
/*
 * Packets made of a ring's slots: what each becomes by its length, what it is charged, when its
 * memory is free again, and that nothing waits for packets that are not read.
 */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include "../buddy/grow.h"
#include "fixtures/faults.h"
#include "fixtures/null_device.h"
#include "fixtures/pool.h"
#include "fixtures/random.h"
#include "fixtures/rx.h"
#include "fixtures/scale.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random packets; 0: any");

/* Bytes that a device writes for an MTU of 1500, and for one of 9000. */
#define SMALL_FRAME	1536
#define LARGE_FRAME	SZ_16K

#define SLOTS		64

/**
 * struct ring - a ring of a device that a case plays
 * @test: the case
 * @dt: the instance
 * @rx: the tracker
 * @napi: its NAPI; the poll reaps
 * @slots: the slots
 */
struct ring {
	struct kunit *test;
	struct dualtree *dt;
	struct dualtree_rx *rx;
	struct napi_struct napi;
	struct dualtree_rx_slot slots[SLOTS];
};

static int ring_poll(struct napi_struct *napi, int budget)
{
	struct ring *ring = container_of(napi, struct ring, napi);

	dualtree_rx_reap(ring->rx, 1000);
	napi_complete_done(napi, 0);
	return 0;
}

static void ring_release(struct kunit_resource *res)
{
	struct ring *ring = res->data;

	napi_disable(&ring->napi);
	if (ring->rx) {
		dualtree_rx_discard(ring->rx, ring->slots, SLOTS);
		dualtree_rx_destroy(ring->rx);
	}
	netif_napi_del(&ring->napi);
}

static struct ring *make_ring_in(struct kunit *test, struct dualtree *dt, unsigned int size,
				 size_t limit, unsigned int headroom)
{
	struct ring *ring = dt_test_zalloc(test, sizeof(*ring));
	struct dualtree_rx_params params = {
		.napi = &ring->napi, .size = size, .limit = limit, .headroom = headroom,
	};

	ring->test = test;
	ring->dt = dt;
	netif_napi_add(dt_null_device(test), &ring->napi, ring_poll);
	napi_enable(&ring->napi);
	kunit_alloc_resource(test, NULL, ring_release, GFP_KERNEL, ring);
	ring->rx = dualtree_rx_create(dt, &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ring->rx));
	return ring;
}

static struct ring *make_ring(struct kunit *test, unsigned int size, size_t limit)
{
	return make_ring_in(test, test_instance(test), size, limit, 0);
}

static void fill_ring(struct ring *ring)
{
	KUNIT_ASSERT_EQ(ring->test, dualtree_rx_refill(ring->rx, ring->slots, SLOTS, GFP_KERNEL),
			SLOTS);
}

/* Receive a frame whose bytes are those from @from on. */
static struct sk_buff *try_receive(struct ring *ring, unsigned int i, size_t from,
				   unsigned int len, unsigned int headers)
{
	struct sk_buff *skb;

	dt_fill(ring->slots[i].data, from, len);
	local_bh_disable();
	skb = dualtree_rx_receive(ring->rx, &ring->slots[i], ring->slots[i].data, len, headers);
	local_bh_enable();
	return skb;
}

static struct sk_buff *receive(struct ring *ring, unsigned int i, size_t from, unsigned int len,
			       unsigned int headers)
{
	struct sk_buff *skb = try_receive(ring, i, from, len, headers);

	KUNIT_ASSERT_NOT_NULL(ring->test, skb);
	dt_expect_packet(ring->test, skb, from, len);
	return skb;
}

static unsigned int reap(struct ring *ring)
{
	unsigned int reaped;

	local_bh_disable();
	reaped = dualtree_rx_reap(ring->rx, 1000);
	local_bh_enable();
	return reaped;
}

static void empty_ring(struct ring *ring)
{
	reap(ring);
	reap(ring);
	KUNIT_EXPECT_EQ(ring->test, rx_stats(ring->rx).pinned_bytes, 0);
	dualtree_rx_discard(ring->rx, ring->slots, SLOTS);
	dt_expect_clean(ring->test, ring->dt);
}

/* A frame of a usual MTU is the buffer itself: not a byte is copied, and two share a page. */
static void rx_ring_build(struct kunit *test)
{
	struct ring *ring = make_ring(test, SMALL_FRAME, SZ_1M);
	unsigned int i, size = dualtree_rx_truesize(ring->rx);
	struct sk_buff *skbs[SLOTS];
	const void *data;

	fill_ring(ring);
	KUNIT_EXPECT_EQ(test, live_bytes(ring->dt), SLOTS * size);
	for (i = 0; i < SLOTS; i++) {
		data = ring->slots[i].data;
		skbs[i] = receive(ring, i, i, 1514, 66);
		KUNIT_EXPECT_PTR_EQ(test, (const void *)skbs[i]->data, data);
		KUNIT_EXPECT_NULL(test, ring->slots[i].data);
		KUNIT_EXPECT_EQ(test, skbs[i]->truesize, SKB_DATA_ALIGN(sizeof(*skbs[i])) + size);
		KUNIT_EXPECT_PTR_EQ(test, skbs[i]->dev, ring->napi.dev);
	}
	KUNIT_EXPECT_LE(test, skbs[0]->truesize, 2304 + SKB_DATA_ALIGN(sizeof(*skbs[0])));
	if (PAGE_SIZE == SZ_4K)
		KUNIT_EXPECT_EQ(test, size, SZ_2K);
	/* The two of a page are looked at as one. */
	KUNIT_EXPECT_LE(test, rx_stats(ring->rx).pinned_ranges, SLOTS / 2);
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).pinned_bytes, SLOTS * size);
	KUNIT_EXPECT_EQ(test, reap(ring), 0);
	for (i = 0; i < SLOTS; i++) {
		dt_expect_packet(test, skbs[i], i, 1514);
		consume_skb(skbs[i]);
	}
	empty_ring(ring);
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).packets, SLOTS);
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, 0);
}

/* A page comes back when both of its packets are gone; those of other pages do not wait. */
static void rx_ring_pages(struct kunit *test)
{
	struct ring *ring = make_ring(test, SMALL_FRAME, SZ_1M);
	unsigned int i, per_page = PAGE_SIZE / dualtree_rx_truesize(ring->rx);
	struct sk_buff *skbs[SLOTS];

	fill_ring(ring);
	for (i = 0; i < SLOTS; i++)
		skbs[i] = receive(ring, i, i, 1514, 66);
	/* All but the first: its page alone is held. */
	for (i = 1; i < SLOTS; i++)
		consume_skb(skbs[i]);
	reap(ring);
	reap(ring);
	KUNIT_EXPECT_EQ(test, live_bytes(ring->dt),
			min(per_page, SLOTS) * dualtree_rx_truesize(ring->rx));
	dt_expect_packet(test, skbs[0], 0, 1514);
	consume_skb(skbs[0]);
	KUNIT_EXPECT_EQ(test, reap(ring), 1);
	empty_ring(ring);
}

/* What is short or small for its buffer is copied, as is all at the limit; the slot stays. */
static void rx_ring_copy(struct kunit *test)
{
	static const struct {
		unsigned int size, len;
		size_t limit;
	} cases[] = {
		{ SMALL_FRAME, 1, SZ_1M }, { SMALL_FRAME, 60, SZ_1M }, { SMALL_FRAME, 256, SZ_1M },
		{ SMALL_FRAME, 1514, 0 }, { SMALL_FRAME, 1514, 100 }, { LARGE_FRAME, 1514, SZ_1M },
		{ LARGE_FRAME, 4096, SZ_1M }, { LARGE_FRAME, 9014, 0 }, { LARGE_FRAME, 16384, 0 },
	};
	struct ring *ring;
	struct sk_buff *skb;
	unsigned int i;
	void *data;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ring = make_ring(test, cases[i].size, cases[i].limit);
		fill_ring(ring);
		data = ring->slots[3].data;
		skb = receive(ring, 3, 7, cases[i].len, 66);
		KUNIT_EXPECT_PTR_EQ(test, ring->slots[3].data, data);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, 1);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).packets, 0);
		memset(data, 0, cases[i].len);
		dt_expect_packet(test, skb, 7, cases[i].len);
		consume_skb(skb);
		empty_ring(ring);
	}
}

/* Live are these bytes, and what the last refill may have left for the next. */
static void expect_live(struct ring *ring, size_t bytes)
{
	KUNIT_EXPECT_GE(ring->test, live_bytes(ring->dt), bytes);
	KUNIT_EXPECT_LT(ring->test, live_bytes(ring->dt), bytes + SZ_64K);
}

/* A large frame is fragments: the headers are copied. */
static void rx_ring_fragments(struct kunit *test)
{
	static const unsigned int lens[] = { 4500, 9014, 16000, LARGE_FRAME };
	struct ring *ring = make_ring(test, LARGE_FRAME, SZ_1M);
	unsigned int i, kept;
	struct sk_buff *skb;
	void *data;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		fill_ring(ring);
		data = ring->slots[0].data;
		skb = receive(ring, 0, i, lens[i], 66);
		KUNIT_EXPECT_EQ(test, skb_headlen(skb), 66);
		KUNIT_EXPECT_PTR_EQ(test, skb_frag_address(&skb_shinfo(skb)->frags[0]), data + 66);
		KUNIT_EXPECT_NULL(test, ring->slots[0].data);
		/* When it is found to wait, the tail of its buffer is free. */
		reap(ring);
		reap(ring);
		kept = rx_stats(ring->rx).pinned_bytes;
		KUNIT_EXPECT_EQ(test, kept, round_up(lens[i], DT_GRANULE));
		KUNIT_EXPECT_GE(test, skb->truesize, kept);
		expect_live(ring, (SLOTS - 1) * LARGE_FRAME + kept);
		consume_skb(skb);
		reap(ring);
		reap(ring);
		expect_live(ring, (SLOTS - 1) * LARGE_FRAME);
	}
	empty_ring(ring);
}

/* A frame in several slots. */
static void rx_ring_append(struct kunit *test)
{
	struct ring *ring = make_ring(test, PAGE_SIZE, SZ_1M);
	unsigned int i, frags;
	struct sk_buff *skb;

	fill_ring(ring);
	skb = receive(ring, 0, 0, PAGE_SIZE, 54);
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
	empty_ring(ring);
}

/* An XDP program moves the start of the frame, into the headroom or beyond it. */
static void rx_ring_headroom(struct kunit *test)
{
	static const int moved[] = { -256, -100, 0, 100 };
	struct ring *ring = make_ring_in(test, test_instance(test), SMALL_FRAME, SZ_1M, 256);
	struct sk_buff *skb;
	unsigned int i;
	u8 *data;

	for (i = 0; i < ARRAY_SIZE(moved); i++) {
		fill_ring(ring);
		data = ring->slots[0].data + moved[i];
		dt_fill(data, i, 1300);
		local_bh_disable();
		skb = dualtree_rx_receive(ring->rx, &ring->slots[0], data, 1300, 66);
		local_bh_enable();
		KUNIT_ASSERT_NOT_NULL(test, skb);
		dt_expect_packet(test, skb, i, 1300);
		KUNIT_EXPECT_PTR_EQ(test, skb->data, data);
		KUNIT_EXPECT_EQ(test, skb_headroom(skb), 256 + moved[i]);
		consume_skb(skb);
		reap(ring);
	}
	empty_ring(ring);
}

/* Memory runs out before the ring is full: the rest stays empty. */
static void rx_ring_short(struct kunit *test)
{
	struct dualtree *dt = dt_test_one_region(test);
	struct ring *ring = make_ring_in(test, dt, SMALL_FRAME, SZ_1M, 0);
	unsigned int nr = SZ_64K / dualtree_rx_truesize(ring->rx), i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, dualtree_rx_refill(ring->rx, ring->slots, SLOTS, GFP_ATOMIC),
				nr);
		KUNIT_EXPECT_NOT_NULL(test, ring->slots[nr - 1].data);
		KUNIT_EXPECT_NULL(test, ring->slots[nr].data);
		/* Every other slot is given away, and filled again. */
		dualtree_rx_discard(ring->rx, &ring->slots[5], 1);
		dualtree_rx_discard(ring->rx, &ring->slots[9], 2);
		KUNIT_EXPECT_EQ(test, dualtree_rx_refill(ring->rx, ring->slots, nr, GFP_ATOMIC),
				nr);
	}
	empty_ring(ring);
}

static void rx_ring_refused(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct ring *ring = make_ring_in(test, dt, SMALL_FRAME, SZ_1M, 0);
	unsigned int max = dualtree_max_size(dt);
	struct dualtree_rx_params params = { .size = max + 1 };

	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_create(dt, &params)), -EINVAL);
	params = (struct dualtree_rx_params){ .size = 1500, .headroom = 100 };
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_create(dt, &params)), -EINVAL);
	params.headroom = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_create(dt, &params)), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_rx_set_size(ring->rx, max, 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_rx_set_size(ring->rx, LARGE_FRAME, 0), 0);
	KUNIT_EXPECT_EQ(test, dualtree_rx_truesize(ring->rx), LARGE_FRAME);
	empty_ring(ring);
}

/* A range that the caller gave a page reference of to whatever it likes. */
static void rx_ring_pin(struct kunit *test)
{
	struct ring *ring = make_ring(test, SMALL_FRAME, PAGE_SIZE);
	struct page *page;
	u8 *data;

	fill_ring(ring);
	data = ring->slots[0].data;
	page = virt_to_page(data);
	KUNIT_EXPECT_EQ(test, dualtree_rx_pin(ring->rx, data, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_rx_pin(ring->rx, data, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_rx_pin(ring->rx, data - NET_SKB_PAD,
					      dualtree_rx_truesize(ring->rx)), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 2);
	ring->slots[0].data = NULL;
	KUNIT_EXPECT_EQ(test, reap(ring), 0);
	put_page(page);
	KUNIT_EXPECT_EQ(test, reap(ring), 1);
	dualtree_rx_set_size(ring->rx, SMALL_FRAME, 0);
	empty_ring(ring);
}

/* Whichever allocation fails, a packet or its slot is there, and all comes back. */
static void rx_ring_faults(struct kunit *test)
{
	static const unsigned int sizes[] = { SMALL_FRAME, LARGE_FRAME };
	static const unsigned int lens[] = { 1514, 9014 };
	unsigned int i, n, refused;
	struct sk_buff *skb;
	struct ring *ring;
	bool hit;

	dt_faults_or_skip(test);
	for (i = 0; i < 2; i++) {
		ring = make_ring(test, sizes[i], SZ_1M);
		fill_ring(ring);
		for (n = 1, hit = true, refused = 0; hit && n < FAULT_POINTS_MAX; n++) {
			dt_fault_arm(n);
			skb = try_receive(ring, n % SLOTS, n, lens[i], 66);
			hit = dt_fault_disarm();
			refused += !skb;
			if (!skb)
				KUNIT_EXPECT_NOT_NULL(test, ring->slots[n % SLOTS].data);
			kfree_skb(skb);
			fill_ring(ring);
		}
		KUNIT_EXPECT_FALSE(test, hit);
		kunit_info(test, "%u of %u packets failed\n", refused, n - 1);
		empty_ring(ring);
	}
}

/* When nothing is received any more, the timer has the poll look. */
static void rx_ring_idle(struct kunit *test)
{
	struct ring *ring = make_ring(test, SMALL_FRAME, SZ_1M);
	struct sk_buff *first, *second;

	fill_ring(ring);
	first = receive(ring, 0, 0, 1514, 66);
	second = receive(ring, SLOTS / 2, 0, 1514, 66);
	KUNIT_EXPECT_FALSE(test, dt_rx_released(ring->rx, HZ / 4));
	/* The later one does not wait for the earlier one. */
	consume_skb(second);
	KUNIT_EXPECT_FALSE(test, dt_rx_released(ring->rx, 5 * HZ));
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).pinned_ranges, 1);
	consume_skb(first);
	KUNIT_EXPECT_TRUE(test, dt_rx_released(ring->rx, PATIENCE));
	empty_ring(ring);
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
static void rx_ring_random(struct kunit *test)
{
	struct ring *ring = make_ring(test, LARGE_FRAME, SZ_16M);
	struct kept *kept = dt_test_zalloc(test, 512 * sizeof(*kept));
	size_t charged = 0, copied_bytes = 0;
	struct rnd_state rnd;
	unsigned int i, at;

	prandom_seed_state(&rnd, random_seed(test, seed));
	for (i = 0; i < (SLOW_KERNEL ? 1000 : 10000); i++) {
		at = i < 512 ? i : random_below(&rnd, 512);
		read_kept(test, &kept[at]);
		fill_ring(ring);
		kept[at].from = random_below(&rnd, 10000);
		kept[at].len = 60 + random_below(&rnd, 8955);
		kept[at].skb = try_receive(ring, i % SLOTS, kept[at].from, kept[at].len, 66);
		KUNIT_ASSERT_NOT_NULL(test, kept[at].skb);
		reap(ring);
		if (i >= 512)
			continue;
		charged += kept[at].skb->truesize;
		copied_bytes += ring->slots[i % SLOTS].data ? kept[at].skb->truesize : 0;
		if (i % 64 < 63)
			continue;
		/* Nothing came since: all of them wait now. */
		reap(ring);
		KUNIT_ASSERT_LE(test, (rx_stats(ring->rx).pinned_bytes + copied_bytes) * 100,
				charged * 105);
	}
	for (i = 0; i < 512; i++)
		read_kept(test, &kept[i]);
	empty_ring(ring);
}

/* A tracker, its instance and its pool go at once. What sockets hold can be read as before. */
static void rx_ring_waits_for_none(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, 0);
	struct dualtree *dt = test_instance(test, .pool = pool, .flags = DUALTREE_REPORT_LEAKS);
	struct dualtree *next = test_instance(test, .pool = pool);
	struct ring *ring = make_ring_in(test, dt, SMALL_FRAME, SZ_1M, 0);
	struct sk_buff *skbs[8];
	void *other, *page;
	unsigned int i;

	fill_ring(ring);
	for (i = 0; i < 8; i++)
		skbs[i] = receive(ring, i * 8, i, 1514, 66);
	kunit_destroy_resource(test, dt_resource_is, ring);
	dt_test_instance_destroy(test, dt);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).abandoned_bytes, 8 * PAGE_SIZE);
	/* No other gets these pages, though it takes all that is free. */
	while (pool_stats(pool).free_bytes) {
		other = dualtree_alloc(next, PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, other);
		memset(other, 0x5a, PAGE_SIZE);
	}
	for (i = 0; i < 8; i++)
		dt_expect_packet(test, skbs[i], i, 1514);
	/* Some are read: the pool has their pages again. The others leave it with their arenas. */
	for (i = 0; i < 4; i++)
		consume_skb(skbs[i]);
	dt_test_instance_destroy(test, next);
	page = virt_to_head_page(skbs[7]->head);
	dt_expect_trimmed(test, pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).abandoned_bytes, 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	for (i = 4; i < 8; i++) {
		dt_expect_packet(test, skbs[i], i, 1514);
		consume_skb(skbs[i]);
	}
}

static struct kunit_case netbuf_rx_ring_cases[] = {
	KUNIT_CASE(rx_ring_build),
	KUNIT_CASE(rx_ring_pages),
	KUNIT_CASE(rx_ring_copy),
	KUNIT_CASE(rx_ring_fragments),
	KUNIT_CASE(rx_ring_append),
	KUNIT_CASE(rx_ring_headroom),
	KUNIT_CASE(rx_ring_short),
	KUNIT_CASE(rx_ring_refused),
	KUNIT_CASE(rx_ring_pin),
	KUNIT_CASE(rx_ring_faults),
	KUNIT_CASE(rx_ring_idle),
	KUNIT_CASE(rx_ring_random),
	KUNIT_CASE(rx_ring_waits_for_none),
	{}
};

DUALTREE_SUITE(netbuf_rx_ring, "packets made of a ring's slots", .exit = dt_faults_exit);
