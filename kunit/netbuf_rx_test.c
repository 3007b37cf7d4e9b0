// SPDX-License-Identifier: GPL-2.0
/*
 * Packets made of buffers: they hold what was received, in place up to the limit. All of it is
 * reaped, and no range before its last reader has released the page.
 */
#include <linux/ip.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/route.h>
#include "../netbuf/rx.h"
#include "fixtures/rx.h"
#include "fixtures/sockets.h"

#define HEADERS	54

/* Its timer comes after the case, however slow the machine is: the case alone reaps. */
static struct dualtree_rx *make_rx(struct kunit *test, struct dualtree *dt, size_t limit)
{
	struct dualtree_rx *rx = test_rx(test, dt, .limit = limit);

	rx->delay = 3600 * HZ;
	return rx;
}

/* All is released: one look finds it, and another what the first did not reach. */
static void expect_released(struct kunit *test, struct dualtree_rx *rx)
{
	dualtree_rx_reap(rx, 100);
	dualtree_rx_reap(rx, 1000);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_ranges, 0);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_bytes, 0);
}

static struct sk_buff *make_skb(struct kunit *test, struct dualtree_rx *rx,
				struct dualtree_buf *buf, unsigned int headers)
{
	struct sk_buff *skb = dualtree_rx_skb(rx, NULL, buf, headers, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(skb));
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), 0);
	return skb;
}

static void rx_in_place(struct kunit *test)
{
	static const size_t sizes[] = { 55, 64, 200, 1514, 4096, 9000, 60000 };
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = make_rx(test, dt, SZ_1M);
	struct dualtree_buf buf;
	struct sk_buff *skb;
	unsigned int ranges;
	const u8 *first;
	size_t i, len;

	dualtree_buf_init(&buf, dt);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		dt_buf_append(test, &buf, 0, sizes[i]);
		first = dualtree_buf_first(&buf, &len);
		skb = make_skb(test, rx, &buf, HEADERS);
		dt_expect_packet(test, skb, 0, sizes[i]);
		KUNIT_EXPECT_EQ(test, skb_headlen(skb), HEADERS);
		KUNIT_EXPECT_PTR_EQ(test, skb_frag_address(&skb_shinfo(skb)->frags[0]),
				    first + HEADERS);
		KUNIT_EXPECT_GE(test, skb->truesize, skb->len);
		KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_bytes, sizes[i] - HEADERS);
		KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_ranges, skb_shinfo(skb)->nr_frags);
		/* The headers and the record are back already. */
		KUNIT_EXPECT_EQ(test, live_bytes(dt), sizes[i] - HEADERS);
		KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 100), 0);
		ranges = skb_shinfo(skb)->nr_frags;
		consume_skb(skb);
		KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 100), ranges);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	}
	KUNIT_EXPECT_EQ(test, rx_stats(rx).packets, ARRAY_SIZE(sizes));
	KUNIT_EXPECT_EQ(test, rx_stats(rx).copied, 0);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_bytes, 0);
	dt_expect_drained(test, dt);
}

/* Each holder of a part of a packet holds its pages: clones, copies, trimmed packets. */
static void rx_holders(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = make_rx(test, dt, SZ_1M);
	struct sk_buff *skb, *clone, *copy;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	dt_buf_append_ranges(test, &buf, 0, 6000);
	skb = make_skb(test, rx, &buf, HEADERS);
	KUNIT_EXPECT_GT(test, rx_stats(rx).pinned_ranges, 3);
	clone = skb_clone(skb, GFP_KERNEL);
	copy = pskb_copy(skb, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, clone && copy);
	consume_skb(skb);
	KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 100), 0);
	dt_expect_packet(test, clone, 0, 6000);
	consume_skb(clone);
	KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 100), 0);
	dt_expect_packet(test, copy, 0, 6000);
	/* To more than the head has room for: less would be copied into it, and pin nothing. */
	KUNIT_EXPECT_EQ(test, pskb_trim(copy, 1700), 0);
	KUNIT_EXPECT_GT(test, dualtree_rx_reap(rx, 100), 0);
	KUNIT_EXPECT_GT(test, rx_stats(rx).pinned_ranges, 0);
	dt_expect_packet(test, copy, 0, 1700);
	consume_skb(copy);
	expect_released(test, rx);
	dt_expect_clean(test, dt);
}

/* Ranges of a page are reaped when no packet holds the page; its other bytes are freed at once. */
static void rx_neighbours(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = make_rx(test, dt, SZ_1M);
	/* The first of a region begins on a page. */
	u8 *page = dualtree_alloc(dt, PAGE_SIZE, GFP_KERNEL);
	struct dualtree_buf bufs[3];
	struct sk_buff *skbs[2];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(page));
	dt_fill(page, 0, PAGE_SIZE);
	for (i = 0; i < 3; i++) {
		dualtree_buf_init(&bufs[i], dt);
		KUNIT_ASSERT_EQ(test, dualtree_buf_adopt(&bufs[i], page + i * 1000, 1000,
							 GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, page + 3000, PAGE_SIZE - 3000), 0);
	for (i = 0; i < 2; i++)
		skbs[i] = make_skb(test, rx, &bufs[i], 10);
	consume_skb(skbs[0]);
	KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 100), 0);
	dualtree_buf_purge(&bufs[2]);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 2 * 990);
	dt_expect_packet(test, skbs[1], 1000, 1000);
	consume_skb(skbs[1]);
	KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 1), 1);
	KUNIT_EXPECT_EQ(test, dualtree_rx_reap(rx, 1), 1);
	dt_expect_clean(test, dt);
}

/* One that is never read keeps no other, however little is looked at in one go. */
static void rx_in_turn(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = make_rx(test, dt, SZ_1M);
	struct sk_buff *kept, *skb;
	struct dualtree_buf buf;
	unsigned int i;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 5000);
	kept = make_skb(test, rx, &buf, 0);
	for (i = 0; i < 10; i++) {
		/* On pages of its own. */
		dt_buf_append(test, &buf, 0, 3 * PAGE_SIZE);
		skb = make_skb(test, rx, &buf, PAGE_SIZE / 16);
		consume_skb(skb);
	}
	for (i = 0; i < 60; i++)
		dualtree_rx_reap(rx, 1);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_bytes, 5000);
	dt_expect_packet(test, kept, 0, 5000);
	consume_skb(kept);
	expect_released(test, rx);
	dt_expect_drained(test, dt);
}

/* What cannot be handed over is copied, and free at once. */
static void rx_copied(struct kunit *test)
{
	static const size_t sizes[] = { 1, 54, 55, 1024, 1025, 9000, 60000 };
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *none = make_rx(test, dt, 0), *rx = make_rx(test, dt, SZ_1M);
	struct dualtree_buf buf, clone;
	struct sk_buff *skb;
	size_t i;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&clone, dt);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		dt_buf_append_ranges(test, &buf, 0, sizes[i]);
		skb = make_skb(test, none, &buf, HEADERS);
		dt_expect_packet(test, skb, 0, sizes[i]);
		KUNIT_EXPECT_GE(test, skb_headlen(skb), min_t(size_t, sizes[i], HEADERS));
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
		consume_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, rx_stats(none).copied, ARRAY_SIZE(sizes));
	/* Shared with another buffer. */
	dt_buf_append(test, &buf, 0, 3000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 3000, &clone, GFP_KERNEL), 0);
	skb = make_skb(test, rx, &buf, HEADERS);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_ranges, 0);
	dt_expect_packet(test, skb, 0, 3000);
	consume_skb(skb);
	/* Not shared any more. */
	skb = make_skb(test, rx, &clone, HEADERS);
	KUNIT_EXPECT_GT(test, rx_stats(rx).pinned_ranges, 0);
	consume_skb(skb);
	/* In more ranges than a packet has fragments. */
	for (i = 0; i <= MAX_SKB_FRAGS; i++)
		dt_buf_append(test, &buf, i * 100, 100);
	skb = make_skb(test, rx, &buf, 0);
	dt_expect_packet(test, skb, 0, i * 100);
	consume_skb(skb);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).copied, 2);
	expect_released(test, rx);
	dt_expect_drained(test, dt);
}

/* For three packets of 1346 bytes without their headers. */
#define RX_LIMIT	5000

/* At the limit packets are copied, until others are given back. */
static void rx_limit(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = make_rx(test, dt, RX_LIMIT);
	struct dualtree_buf buf;
	struct sk_buff *skbs[6];
	unsigned int i;

	dualtree_buf_init(&buf, dt);
	for (i = 0; i < 6; i++) {
		dt_buf_append(test, &buf, i, 1400);
		skbs[i] = make_skb(test, rx, &buf, HEADERS);
		KUNIT_EXPECT_LE(test, rx_stats(rx).pinned_bytes, RX_LIMIT);
	}
	KUNIT_EXPECT_EQ(test, rx_stats(rx).packets, 3);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).copied, 3);
	for (i = 0; i < 6; i++) {
		dt_expect_packet(test, skbs[i], i, 1400);
		consume_skb(skbs[i]);
	}
	/* Reaching the limit reaps, too. */
	i = rx_stats(rx).copied;
	dt_buf_append(test, &buf, 0, 1400);
	consume_skb(make_skb(test, rx, &buf, 0));
	KUNIT_EXPECT_EQ(test, rx_stats(rx).copied, i);
	expect_released(test, rx);
	dt_expect_drained(test, dt);
}

static void rx_refused(struct kunit *test)
{
	struct dualtree *dt = test_instance(test), *other = test_instance(test);
	struct dualtree_rx *rx = make_rx(test, dt, SZ_1M), *foreign = make_rx(test, other, SZ_1M);
	size_t too_long = 4 * MAX_SKB_FRAGS * PAGE_SIZE;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_skb(rx, NULL, &buf, 0, GFP_KERNEL)), -ENODATA);
	dt_buf_append(test, &buf, 0, too_long);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_skb(foreign, NULL, &buf, 0, GFP_KERNEL)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_skb(rx, NULL, &buf, 257, GFP_KERNEL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_rx_skb(rx, NULL, &buf, 0, GFP_KERNEL)), -EMSGSIZE);
	dt_buf_expect(test, &buf, 0, too_long);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).packets + rx_stats(rx).copied, 0);
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_bytes, 0);
	dualtree_buf_purge(&buf);
	dualtree_rx_destroy(NULL);
	dt_expect_drained(test, dt);
}

/* A datagram as a driver would receive it, for a socket on loopback. */
static void put_datagram(struct kunit *test, struct dualtree_buf *buf, __be16 port, size_t len)
{
	u8 *room = dualtree_buf_reserve(buf, 2048 + len, GFP_KERNEL);
	struct udphdr *udp = (void *)room + sizeof(struct iphdr);
	struct iphdr *ip = (void *)room;
	size_t udp_len = sizeof(*udp) + len;

	KUNIT_ASSERT_NOT_NULL(test, room);
	*ip = (struct iphdr) {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(sizeof(*ip) + udp_len),
		.saddr = htonl(INADDR_LOOPBACK), .daddr = htonl(INADDR_LOOPBACK),
	};
	ip_send_check(ip);
	*udp = (struct udphdr) { .source = htons(9), .dest = port, .len = htons(udp_len) };
	dt_fill(room + sizeof(*ip) + sizeof(*udp), 0, len);
	KUNIT_ASSERT_EQ(test, dualtree_buf_commit(buf, sizeof(*ip) + udp_len), 0);
}

static void give_to_stack(struct kunit *test, struct sk_buff *skb)
{
	struct flowi4 flow = { .daddr = htonl(INADDR_LOOPBACK), .saddr = htonl(INADDR_LOOPBACK) };
	struct rtable *route = ip_route_output_key(&init_net, &flow);

	KUNIT_ASSERT_FALSE(test, IS_ERR(route));
	skb_dst_set(skb, &route->dst);
	skb->protocol = htons(ETH_P_IP);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_reset_mac_header(skb);
	KUNIT_EXPECT_EQ(test, netif_rx(skb), NET_RX_SUCCESS);
}

/* Through the stack into a socket: it is held until it is read. */
static void rx_stack(struct kunit *test)
{
	const size_t len = 5000, count = 8;
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = test_rx(test, dt, .limit = SZ_1M);
	struct socket *sock = dt_test_socket(test, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	u8 *bytes = dt_test_zalloc(test, len);
	struct dualtree_buf buf;
	struct sockaddr_in addr;
	struct sk_buff *skb;
	unsigned int i;

	dt_bind_socket(test, sock, &addr);
	dualtree_buf_init(&buf, dt);
	for (i = 0; i < count; i++) {
		put_datagram(test, &buf, addr.sin_port, len);
		skb = dualtree_rx_skb(rx, init_net.loopback_dev, &buf, 28, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(skb));
		give_to_stack(test, skb);
	}
	KUNIT_EXPECT_FALSE(test, dt_rx_released(rx, HZ / 10));
	KUNIT_EXPECT_EQ(test, rx_stats(rx).pinned_bytes, count * len);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), count * len);
	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_EQ(test, dt_plain_recv(sock, bytes, len, 0), len);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, 0, len));
	}
	KUNIT_EXPECT_TRUE(test, dt_rx_released(rx, PATIENCE));
	KUNIT_EXPECT_EQ(test, rx_stats(rx).copied, 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	/* Closed with packets unread. */
	put_datagram(test, &buf, addr.sin_port, len);
	skb = dualtree_rx_skb(rx, init_net.loopback_dev, &buf, 28, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(skb));
	give_to_stack(test, skb);
	KUNIT_EXPECT_FALSE(test, dt_rx_released(rx, HZ / 10));
	dt_release_socket(test, sock);
	KUNIT_EXPECT_TRUE(test, dt_rx_released(rx, PATIENCE));
	dt_expect_clean(test, dt);
}

/* While a packet is held the timer's looks become rare. After a silence they are as at first. */
static void rx_after_silence(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_rx *rx = test_rx(test, dt, .limit = SZ_1M);
	unsigned long first = READ_ONCE(rx->delay), end = jiffies + PATIENCE;
	struct dualtree_buf buf;
	struct sk_buff *skb;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 1400);
	skb = make_skb(test, rx, &buf, 0);
	while (READ_ONCE(rx->delay) < 8 * first && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_GE(test, READ_ONCE(rx->delay), 8 * first);
	consume_skb(skb);
	KUNIT_EXPECT_TRUE(test, dt_rx_released(rx, PATIENCE));
	end = jiffies + PATIENCE;
	while (READ_ONCE(rx->delay) != first && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(rx->delay), first);
	dt_expect_drained(test, dt);
}

static struct kunit_case netbuf_rx_cases[] = {
	KUNIT_CASE(rx_in_place),
	KUNIT_CASE(rx_holders),
	KUNIT_CASE(rx_neighbours),
	KUNIT_CASE(rx_in_turn),
	KUNIT_CASE(rx_copied),
	KUNIT_CASE(rx_limit),
	KUNIT_CASE(rx_refused),
	KUNIT_CASE(rx_stack),
	KUNIT_CASE(rx_after_silence),
	{}
};

DUALTREE_SUITE(netbuf_rx, "packets made of buffers");
