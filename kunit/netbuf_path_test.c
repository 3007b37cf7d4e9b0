// SPDX-License-Identifier: GPL-2.0
/*
 * Sending by every path that there is: where nothing is copied, where the stack copies, and
 * where the socket does.
 */
#include <linux/sockptr.h>
#include <linux/udp.h>
#include "fixtures/null_device.h"
#include "fixtures/tx.h"

/* Where there is no ubuf the bytes are copied, free at once, and counted so. */
static void path_unix(struct kunit *test)
{
	const size_t size = 500000;
	struct tx_fixture f;
	size_t sent = 0, got = 0;

	dt_tx_fixture_init(test, &f, dt_unix_pair);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	while (sent < size) {
		sent += dt_send_all(test, f.tx, f.pair.near, &f.buf);
		KUNIT_EXPECT_EQ(test, tx_stats(f.tx).copied_bytes, sent);
		KUNIT_EXPECT_EQ(test, tx_stats(f.tx).inflight_bytes, 0);
		got += dt_drain_socket(test, f.pair.far, got);
	}
	KUNIT_EXPECT_EQ(test, got, size);
	KUNIT_EXPECT_EQ(test, live_bytes(f.dt), 0);
	dt_expect_sent(test, f.tx, 0, size);
	dt_expect_drained(test, f.dt);
}

static void path_datagrams(struct kunit *test)
{
	struct tx_fixture f;
	u8 *bytes = dt_test_zalloc(test, SZ_64K);
	size_t sum = 0, len;

	dt_tx_fixture_init(test, &f, dt_udp_pair);
	for (len = 0; len < 60000; len = len * 3 + 1) {
		dt_buf_append_ranges(test, &f.buf, sum, len + 100);
		KUNIT_ASSERT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, len, 0), len);
		dt_buf_expect(test, &f.buf, sum + len, 100);
		KUNIT_ASSERT_EQ(test, dt_plain_recv(f.pair.far, bytes, SZ_64K, 0), len);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, sum, len));
		dualtree_buf_purge(&f.buf);
		sum += len;
	}
	dt_expect_sent(test, f.tx, 0, sum);
	/* Too long for a datagram: nothing left the buffer. */
	dt_buf_append_ranges(test, &f.buf, 0, 70000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 70000, 0), -EMSGSIZE);
	dt_buf_expect(test, &f.buf, 0, 70000);
	dualtree_buf_purge(&f.buf);
	dt_buf_append(test, &f.buf, 0, 70000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 70000, 0), -EMSGSIZE);
	dt_buf_expect(test, &f.buf, 0, 70000);
	dualtree_buf_purge(&f.buf);
	dt_expect_sent(test, f.tx, 0, sum);
	dt_expect_clean(test, f.dt);
}

static void set_udp_option(struct kunit *test, struct socket *sock, int option, int value)
{
	KUNIT_ASSERT_EQ(test, sock->ops->setsockopt(sock, SOL_UDP, option, KERNEL_SOCKPTR(&value),
						    sizeof(value)), 0);
}

/* Parts of a datagram that the stack cuts into several: no part is lost, and all are copied. */
static void path_parts(struct kunit *test)
{
	struct tx_fixture f;
	u8 bytes[200];
	size_t at;

	dt_tx_fixture_init(test, &f, dt_udp_pair);
	set_udp_option(test, f.pair.near, UDP_SEGMENT, 100);
	dt_buf_append_ranges(test, &f.buf, 0, 1000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 300, MSG_MORE), 300);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 150, MSG_MORE), 150);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 50, 0), 50);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&f.buf), 500);
	for (at = 0; at < 500; at += 100) {
		KUNIT_EXPECT_EQ(test, dt_plain_recv(f.pair.far, bytes, 200, MSG_DONTWAIT), 100);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, at, 100));
	}
	/* The same by an option of the socket. */
	set_udp_option(test, f.pair.near, UDP_CORK, 1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 300, 0), 300);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 200, 0), 200);
	set_udp_option(test, f.pair.near, UDP_CORK, 0);
	for (at = 500; at < 1000; at += 100) {
		KUNIT_EXPECT_EQ(test, dt_plain_recv(f.pair.far, bytes, 200, MSG_DONTWAIT), 100);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, at, 100));
	}
	dt_expect_sent(test, f.tx, 0, 1000);
	dt_expect_clean(test, f.dt);
}

/* Where no packet is looped back nothing is copied: the device gets our pages. */
static void path_in_place(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct net_device *dev = dt_null_device(test);
	struct socket *sock = dt_null_socket(test, dev);
	struct dualtree_buf buf;
	struct sk_buff *skb;
	const u8 *first;
	u8 bytes[100];
	size_t len;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 9000);
	first = dualtree_buf_first(&buf, &len);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &buf, 5000, 0), 5000);
	dt_buf_expect(test, &buf, 5000, 4000);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_bytes, 5000);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_ranges, 1);
	dualtree_buf_purge(&buf);
	/* The device alone holds it now. */
	KUNIT_EXPECT_GE(test, live_bytes(dt), 9000);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, 2), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, skb_queue_len(dt_null_held(dev)), 1);
	skb = skb_dequeue(dt_null_held(dev));
	KUNIT_EXPECT_PTR_EQ(test, skb_frag_page(&skb_shinfo(skb)->frags[0]), virt_to_page(first));
	KUNIT_EXPECT_EQ(test, skb_copy_bits(skb, skb->len - 5000, bytes, sizeof(bytes)), 0);
	KUNIT_EXPECT_TRUE(test, dt_filled(bytes, 0, sizeof(bytes)));
	consume_skb(skb);
	dt_expect_sent(test, tx, 5000, 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	dt_expect_drained(test, dt);
}

/*
 * The stack ends the ubuf of a packet that goes on, alone or with a clone, as skb_tx_error() does
 * on some kernels and paths. The bytes stay while a packet can read them.
 */
static void path_ended_early(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct net_device *dev = dt_null_device(test);
	struct socket *sock = dt_null_socket(test, dev);
	struct sk_buff *skb, *clone = NULL;
	struct dualtree_buf buf;
	u8 bytes[100];
	int cloned;

	dualtree_buf_init(&buf, dt);
	for (cloned = 0; cloned < 2; cloned++) {
		dt_buf_append(test, &buf, 0, 9000);
		KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &buf, 9000, 0), 9000);
		skb = skb_dequeue(dt_null_held(dev));
		KUNIT_ASSERT_NOT_NULL(test, skb);
		if (cloned)
			clone = skb_clone(skb, GFP_KERNEL);
		skb_zcopy_clear(skb, true);
		KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, HZ / 10), -ETIMEDOUT);
		KUNIT_EXPECT_GE(test, live_bytes(dt), 9000);
		/* A send of other bytes looks, and does not free these. */
		dt_buf_append(test, &buf, 0, 20);
		KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, sock, &buf, 20, 0), 20);
		consume_skb(skb_dequeue(dt_null_held(dev)));
		KUNIT_EXPECT_GE(test, live_bytes(dt), 9000);
		KUNIT_EXPECT_EQ(test, skb_copy_bits(skb, skb->len - 100, bytes, 100), 0);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, 8900, 100));
		consume_skb(skb);
		if (cloned)
			KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, 2), -ETIMEDOUT);
		consume_skb(clone);
		dt_expect_sent(test, tx, (cloned + 1) * 9020, 0);
		dt_expect_clean(test, dt);
	}
}

/* Packets are cloned, copied, expanded and freed, in a softirq: the last one counts. */
static void path_copies_of_packet(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct net_device *dev = dt_null_device(test);
	struct socket *sock = dt_null_socket(test, dev);
	struct sk_buff *skb, *clone, *partial;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 3000);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &buf, 3000, 0), 3000);
	skb = skb_dequeue(dt_null_held(dev));
	KUNIT_ASSERT_NOT_NULL(test, skb);
	clone = skb_clone(skb, GFP_KERNEL);
	partial = pskb_copy(skb, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, clone && partial);
	KUNIT_EXPECT_EQ(test, pskb_expand_head(clone, 128, 128, GFP_KERNEL), 0);
	consume_skb(skb);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_bytes, 3000);
	consume_skb(partial);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_bytes, 3000);
	local_irq_disable();
	dev_consume_skb_any(clone);
	local_irq_enable();
	dt_expect_sent(test, tx, 3000, 0);
	dt_expect_clean(test, dt);
}

static struct kunit_case netbuf_path_cases[] = {
	KUNIT_CASE(path_unix),
	KUNIT_CASE(path_datagrams),
	KUNIT_CASE(path_parts),
	KUNIT_CASE(path_in_place),
	KUNIT_CASE(path_ended_early),
	KUNIT_CASE(path_copies_of_packet),
	{}
};

DUALTREE_SUITE(netbuf_path, "sending by every path: what is copied and what is not");
