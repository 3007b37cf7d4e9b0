// SPDX-License-Identifier: GPL-2.0
/*
 * Sending by every path that there is: where nothing is copied, where the stack copies, and
 * where the socket does.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sockptr.h>
#include <linux/udp.h>
#include "fixtures/null_device.h"
#include "fixtures/scale.h"
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
		KUNIT_EXPECT_EQ(test, dt_plain_recv(f.pair.far, bytes, 200, 0), 100);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, at, 100));
	}
	/* The same by an option of the socket. */
	set_udp_option(test, f.pair.near, UDP_CORK, 1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 300, 0), 300);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 200, 0), 200);
	set_udp_option(test, f.pair.near, UDP_CORK, 0);
	for (at = 500; at < 1000; at += 100) {
		KUNIT_EXPECT_EQ(test, dt_plain_recv(f.pair.far, bytes, 200, 0), 100);
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

/**
 * struct told - what a sender was told of its sends
 * @sends: number of sends that are over
 * @bytes: bytes of these
 * @copied: number of those of which bytes were copied
 */
struct told {
	atomic_t sends;
	atomic_long_t bytes;
	atomic_t copied;
};

static void tell(void *cookie, size_t bytes, bool copied)
{
	struct told *told = cookie;

	atomic_long_add(bytes, &told->bytes);
	atomic_add(copied, &told->copied);
	atomic_inc(&told->sends);
}

static void expect_told(struct kunit *test, const struct told *told, int sends, long bytes,
			int copied)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&told->sends), sends);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&told->bytes), bytes);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->copied), copied);
}

static ssize_t send_telling(struct dualtree_tx *tx, struct socket *sock, struct dualtree_buf *buf,
			    size_t len, struct told *told)
{
	struct msghdr msg = {};

	return dualtree_buf_sendmsg_done(tx, sock, &msg, buf, len, tell, told);
}

/* Each send says when it is over, once, and whether it was copied; a short one can be. */
static void path_told(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct net_device *dev = dt_null_device(test);
	struct socket *sock = dt_null_socket(test, dev);
	struct dualtree_buf buf;
	struct told told = {};

	dualtree_buf_init(&buf, dt);
	dt_buf_append_ranges(test, &buf, 0, 10000);
	dualtree_tx_set_copy_max(tx, 1000);
	KUNIT_ASSERT_EQ(test, send_telling(tx, sock, &buf, 1000, &told), 1000);
	expect_told(test, &told, 1, 1000, 1);
	KUNIT_ASSERT_EQ(test, send_telling(tx, sock, &buf, 1001, &told), 1001);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_bytes, 1001);
	expect_told(test, &told, 1, 1000, 1);
	skb_queue_purge(dt_null_held(dev));
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	expect_told(test, &told, 2, 2001, 1);
	/* What is refused was never sent. */
	dt_buf_append_ranges(test, &buf, 0, 70000);
	KUNIT_EXPECT_EQ(test, send_telling(tx, sock, &buf, 70000, &told), -EMSGSIZE);
	expect_told(test, &told, 2, 2001, 1);
	dt_expect_sent(test, tx, 1001, 1000);
	dt_buf_finish(test, &buf);
}

/* A stream over loopback: each part that was accepted, and all of them copied. */
static void path_told_stream(struct kunit *test)
{
	const size_t size = 300000;
	struct told told = {};
	struct tx_fixture f;
	size_t sent = 0, got = 0;
	int sends = 0;
	ssize_t now;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	for (; sent < size; sent += now, sends++) {
		now = send_telling(f.tx, f.pair.near, &f.buf, min(size - sent, (size_t)10001),
				   &told);
		KUNIT_ASSERT_GT(test, now, 0);
		got += dt_drain_socket(test, f.pair.far, got);
	}
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, f.pair.far, got, size), size);
	dt_expect_sent(test, f.tx, 0, size);
	expect_told(test, &told, sends, size, sends);
	dt_expect_clean(test, f.dt);
}

/* A tracker for each socket: the sends of one can be waited for while another peer is silent. */
static void path_flush_one(struct kunit *test)
{
	struct tx_fixture silent;
	struct dualtree_tx *tx;
	struct socket_pair pair;
	struct dualtree_buf buf;

	dt_tx_fixture_init(test, &silent, dt_tcp_pair);
	tx = dt_test_tx(test, silent.dt);
	pair = dt_tcp_pair(test);
	dt_limit_buffers(&silent.pair, SZ_128K);
	dt_buf_append_ranges(test, &silent.buf, 0, 500000);
	dt_send_until_stuck(test, &silent);
	dualtree_buf_init(&buf, silent.dt);
	dt_buf_append_ranges(test, &buf, 0, 5000);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 5000, 0), 5000);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(silent.tx, 1), -ETIMEDOUT);
	dualtree_buf_purge(&silent.buf);
	dt_reset_socket(test, silent.pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(silent.tx, PATIENCE), 0);
	dt_expect_clean(test, silent.dt);
}

/* Return: nanoseconds of a send of @len bytes, on average. */
static u64 cost_of_send(struct kunit *test, struct dualtree_tx *tx, struct socket *sock,
			struct net_device *dev, struct dualtree *dt, size_t len)
{
	const unsigned int nr = SLOW_KERNEL ? 20 : 2000;
	struct dualtree_buf buf;
	u64 sum = 0, start;
	unsigned int i;

	dualtree_buf_init(&buf, dt);
	for (i = 0; i < nr; i++) {
		dt_buf_append(test, &buf, 0, len);
		start = ktime_get_ns();
		KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &buf, len, 0), len);
		skb_queue_purge(dt_null_held(dev));
		sum += ktime_get_ns() - start;
	}
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	return div_u64(sum, nr);
}

/* What a send costs in place and copied, by its length. The figures are printed, not judged. */
static void path_cost(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct net_device *dev = dt_null_device(test);
	struct socket *sock = dt_null_socket(test, dev);
	u64 in_place, copied;
	size_t len;

	for (len = 64; len <= SZ_32K; len *= 2) {
		dualtree_tx_set_copy_max(tx, 0);
		in_place = cost_of_send(test, tx, sock, dev, dt, len);
		dualtree_tx_set_copy_max(tx, len);
		copied = cost_of_send(test, tx, sock, dev, dt, len);
		kunit_info(test, "%zu bytes: %llu ns in place, %llu ns copied\n", len, in_place,
			   copied);
	}
	dt_expect_clean(test, dt);
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
	KUNIT_CASE(path_told),
	KUNIT_CASE(path_told_stream),
	KUNIT_CASE(path_flush_one),
	KUNIT_CASE(path_cost),
	KUNIT_CASE(path_ended_early),
	KUNIT_CASE(path_copies_of_packet),
	{}
};

DUALTREE_SUITE(netbuf_path, "sending by every path: what is copied and what is not");
