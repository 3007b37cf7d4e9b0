// SPDX-License-Identifier: GPL-2.0
/*
 * Packets made of a ring's slots: what each becomes by its length, what it is charged, when its
 * memory is free again, and that nothing waits for packets that are not read.
 */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include "../buddy/grow.h"
#include "fixtures/faults.h"
#include "fixtures/instance.h"
#include "fixtures/pool.h"
#include "fixtures/ring.h"
#include "fixtures/scale.h"
#include "fixtures/sockets.h"

/* A frame of a usual MTU is the buffer itself: not a byte is copied, and two share a page. */
static void rx_ring_build(struct kunit *test)
{
	struct dt_ring *ring = make_ring(test, SMALL_FRAME, SZ_1M);
	unsigned int i, size = dualtree_rx_truesize(ring->rx);
	struct sk_buff *skbs[SLOTS];
	const void *data;

	/* Another CPU's heap would begin with a page of its own. */
	dt_stay_on(test, raw_smp_processor_id());
	dt_ring_fill(ring);
	KUNIT_EXPECT_EQ(test, live_bytes(ring->dt), SLOTS * size);
	for (i = 0; i < SLOTS; i++) {
		data = ring->slots[i].data;
		skbs[i] = dt_ring_receive(ring, i, i, 1514, 66);
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
	KUNIT_EXPECT_EQ(test, dt_ring_reap(ring), 0);
	for (i = 0; i < SLOTS; i++) {
		dt_expect_packet(test, skbs[i], i, 1514);
		consume_skb(skbs[i]);
	}
	dt_ring_empty(ring);
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).packets, SLOTS);
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, 0);
}

/* A page comes back when both of its packets are gone; those of other pages do not wait. */
static void rx_ring_pages(struct kunit *test)
{
	struct dt_ring *ring = make_ring(test, SMALL_FRAME, SZ_1M);
	unsigned int i, per_page = PAGE_SIZE / dualtree_rx_truesize(ring->rx);
	struct sk_buff *skbs[SLOTS];

	dt_ring_fill(ring);
	for (i = 0; i < SLOTS; i++)
		skbs[i] = dt_ring_receive(ring, i, i, 1514, 66);
	/* All but the first: its page alone is held. */
	for (i = 1; i < SLOTS; i++)
		consume_skb(skbs[i]);
	dt_ring_reap(ring);
	dt_ring_reap(ring);
	KUNIT_EXPECT_EQ(test, live_bytes(ring->dt),
			min(per_page, SLOTS) * dualtree_rx_truesize(ring->rx));
	dt_expect_packet(test, skbs[0], 0, 1514);
	consume_skb(skbs[0]);
	KUNIT_EXPECT_EQ(test, dt_ring_reap(ring), 1);
	dt_ring_empty(ring);
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
	struct dt_ring *ring;
	struct sk_buff *skb;
	unsigned int i;
	void *data;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ring = make_ring(test, cases[i].size, cases[i].limit);
		dt_ring_fill(ring);
		data = ring->slots[3].data;
		skb = dt_ring_receive(ring, 3, 7, cases[i].len, 66);
		KUNIT_EXPECT_PTR_EQ(test, ring->slots[3].data, data);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, 1);
		KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).packets, 0);
		memset(data, 0, cases[i].len);
		dt_expect_packet(test, skb, 7, cases[i].len);
		consume_skb(skb);
		dt_ring_empty(ring);
	}
}

/*
 * Fragments on request, also of what fits a page: a packet keeps the granules of its frame, is
 * charged no more, and only its headers are copied, however short it is.
 */
static void rx_ring_fragments(struct kunit *test)
{
	static const unsigned int lens[] = { 1514, 300, 67, 1514 };
	struct dt_ring *ring = test_ring(test, test_instance(test), .size = SMALL_FRAME,
					 .limit = SZ_1M, .copybreak = 1, .fragments = true);
	struct sk_buff *skbs[SLOTS];
	unsigned int i, len, most;

	KUNIT_EXPECT_EQ(test, dualtree_rx_truesize(ring->rx), SMALL_FRAME);
	dt_ring_fill(ring);
	for (i = 0; i < SLOTS; i++) {
		len = lens[i % ARRAY_SIZE(lens)];
		skbs[i] = dt_ring_receive(ring, i, i, len, 66);
		KUNIT_EXPECT_EQ(test, skb_headlen(skbs[i]), 66);
		most = SKB_TRUESIZE(skb_end_offset(skbs[i])) + ALIGN(len, dualtree_granule());
		KUNIT_EXPECT_LE(test, skbs[i]->truesize, most);
	}
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).packets, SLOTS);
	/* Nothing but headers: there is nothing to refer to. */
	dt_ring_fill(ring);
	consume_skb(dt_ring_receive(ring, 0, 0, 66, 66));
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).copied, 1);
	for (i = 0; i < SLOTS; i++) {
		dt_expect_packet(test, skbs[i], i, lens[i % ARRAY_SIZE(lens)]);
		consume_skb(skbs[i]);
	}
	dt_ring_empty(ring);
}

/* An XDP program moves the start of the frame, into the headroom or beyond it. */
static void rx_ring_headroom(struct kunit *test)
{
	static const int moved[] = { -256, -100, 0, 100 };
	struct dt_ring *ring = test_ring(test, test_instance(test), .size = SMALL_FRAME,
					 .limit = SZ_1M, .headroom = 256);
	struct sk_buff *skb;
	unsigned int i;
	u8 *data;

	for (i = 0; i < ARRAY_SIZE(moved); i++) {
		dt_ring_fill(ring);
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
		dt_ring_reap(ring);
	}
	dt_ring_empty(ring);
}

/* Memory runs out before the ring is full: the rest stays empty. */
static void rx_ring_short(struct kunit *test)
{
	struct dualtree *dt = dt_test_one_region(test);
	struct dt_ring *ring = test_ring(test, dt, .size = SMALL_FRAME, .limit = SZ_1M);
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
	dt_ring_empty(ring);
}

static void rx_ring_refused(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dt_ring *ring = test_ring(test, dt, .size = SMALL_FRAME, .limit = SZ_1M);
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
	dt_ring_empty(ring);
}

/* A range that the caller gave a page reference of to whatever it likes. */
static void rx_ring_pin(struct kunit *test)
{
	struct dt_ring *ring = make_ring(test, SMALL_FRAME, PAGE_SIZE);
	struct page *page;
	u8 *data;

	dt_ring_fill(ring);
	data = ring->slots[0].data;
	page = virt_to_page(data);
	KUNIT_EXPECT_EQ(test, dualtree_rx_pin(ring->rx, data, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_rx_pin(ring->rx, data, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_rx_pin(ring->rx, data - NET_SKB_PAD,
					      dualtree_rx_truesize(ring->rx)), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 2);
	ring->slots[0].data = NULL;
	KUNIT_EXPECT_EQ(test, dt_ring_reap(ring), 0);
	put_page(page);
	KUNIT_EXPECT_EQ(test, dt_ring_reap(ring), 1);
	dualtree_rx_set_size(ring->rx, SMALL_FRAME, 0);
	dt_ring_empty(ring);
}

/* Whichever allocation fails, a packet or its slot is there, and all comes back. */
static void rx_ring_faults(struct kunit *test)
{
	static const unsigned int sizes[] = { SMALL_FRAME, LARGE_FRAME };
	static const unsigned int lens[] = { 1514, 9014 };
	unsigned int i, n, refused;
	struct sk_buff *skb;
	struct dt_ring *ring;
	bool hit;

	dt_faults_or_skip(test);
	for (i = 0; i < 2; i++) {
		ring = make_ring(test, sizes[i], SZ_1M);
		dt_ring_fill(ring);
		for (n = 1, hit = true, refused = 0; hit && n < FAULT_POINTS_MAX; n++) {
			dt_fault_arm(n);
			skb = dt_ring_try_receive(ring, n % SLOTS, n, lens[i], 66);
			hit = dt_fault_disarm();
			refused += !skb;
			if (!skb)
				KUNIT_EXPECT_NOT_NULL(test, ring->slots[n % SLOTS].data);
			kfree_skb(skb);
			dt_ring_fill(ring);
		}
		KUNIT_EXPECT_FALSE(test, hit);
		kunit_info(test, "%u of %u packets failed\n", refused, n - 1);
		dt_ring_empty(ring);
	}
}

/* Two packets are read late, the later one first. Return: their ring; @close: it was closed. */
static struct dt_ring *read_late(struct kunit *test, bool close)
{
	struct dt_ring *ring = make_ring(test, SMALL_FRAME, SZ_1M);
	struct sk_buff *first, *second;

	dt_ring_fill(ring);
	first = dt_ring_receive(ring, 0, 0, 1514, 66);
	second = dt_ring_receive(ring, SLOTS / 2, 0, 1514, 66);
	if (close)
		dt_ring_close(ring);
	KUNIT_EXPECT_FALSE(test, dt_rx_released(ring->rx, HZ / 4));
	/* The later one does not wait for the earlier one. */
	consume_skb(second);
	KUNIT_EXPECT_FALSE(test, dt_rx_released(ring->rx, 5 * HZ));
	KUNIT_EXPECT_EQ(test, rx_stats(ring->rx).pinned_ranges, 1);
	consume_skb(first);
	KUNIT_EXPECT_TRUE(test, dt_rx_released(ring->rx, PATIENCE));
	return ring;
}

/* When nothing is received any more, the timer has the poll look. */
static void rx_ring_idle(struct kunit *test)
{
	dt_ring_empty(read_late(test, false));
}

/* A ring that is closed for long: what its packets hold comes back when they are read. */
static void rx_ring_closed(struct kunit *test)
{
	dt_expect_clean(test, read_late(test, true)->dt);
}

/* It opens and closes while the timer reaps, and packets of earlier times are read. */
static void rx_ring_reopened(struct kunit *test)
{
	struct dt_ring *ring = make_ring(test, SMALL_FRAME, SZ_16M);
	unsigned int i, at, rounds = SLOW_KERNEL ? 200 : 2000;
	struct sk_buff *skbs[SLOTS] = {};

	for (i = 0; i < rounds; i++) {
		at = i % ARRAY_SIZE(skbs);
		if (skbs[at]) {
			dt_expect_packet(test, skbs[at], at, 1514);
			consume_skb(skbs[at]);
		}
		dt_ring_fill(ring);
		skbs[at] = dt_ring_receive(ring, i % SLOTS, at, 1514, 66);
		consume_skb(dt_ring_receive(ring, (i + SLOTS / 2) % SLOTS, at, 1514, 66));
		if (i % 2)
			dt_ring_close(ring);
		if (i % 16 == 1)
			schedule_timeout_uninterruptible(HZ / 50 ?: 1);
	}
	for (i = 0; i < ARRAY_SIZE(skbs); i++)
		consume_skb(skbs[i]);
	KUNIT_EXPECT_TRUE(test, dt_rx_released(ring->rx, PATIENCE));
	dt_ring_empty(ring);
}

/* A tracker, its instance and its pool go at once. What sockets hold can be read as before. */
static void rx_ring_waits_for_none(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_small_pool(test, SZ_2M);
	struct dualtree *dt = test_instance(test, .pool = pool, .flags = DUALTREE_REPORT_LEAKS);
	struct dualtree *next = test_instance(test, .pool = pool);
	struct dt_ring *ring = test_ring(test, dt, .size = SMALL_FRAME, .limit = SZ_1M);
	struct sk_buff *skbs[8];
	void *other, *page;
	unsigned int i;

	dt_ring_fill(ring);
	for (i = 0; i < 8; i++)
		skbs[i] = dt_ring_receive(ring, i * 8, i, 1514, 66);
	dt_ring_destroy(ring);
	dt_test_instance_destroy(test, dt);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).abandoned_bytes, 8 * PAGE_SIZE);
	/* No other gets these pages, though it takes all that the pool has. */
	while ((other = dualtree_alloc(next, PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN)))
		memset(other, 0x5a, PAGE_SIZE);
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
	KUNIT_CASE(rx_ring_headroom),
	KUNIT_CASE(rx_ring_short),
	KUNIT_CASE(rx_ring_refused),
	KUNIT_CASE(rx_ring_pin),
	KUNIT_CASE(rx_ring_faults),
	KUNIT_CASE(rx_ring_idle),
	KUNIT_CASE(rx_ring_closed),
	KUNIT_CASE(rx_ring_reopened),
	KUNIT_CASE(rx_ring_waits_for_none),
	{}
};

DUALTREE_SUITE(netbuf_rx_ring, "packets made of a ring's slots", .exit = dt_faults_exit);
