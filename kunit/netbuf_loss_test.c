// SPDX-License-Identifier: GPL-2.0
/*
 * Sending over connections that fail: packets are lost, either end is reset, closed or gone
 * with data in flight. Nothing is free before that is over, and everything is then.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include "../compat/compat.h"
#include "../netbuf/segment.h"
#include "netbuf_tx_bed.h"

/* Of packets on loopback that carry data, whosever they are, every so many do not arrive. */
#define LOSE_EVERY	7

static atomic_t data_packets;

static rx_handler_result_t lose_packets(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;

	if (skb->len < 1000 || atomic_inc_return(&data_packets) % LOSE_EVERY)
		return RX_HANDLER_PASS;
	kfree_skb(skb);
	return RX_HANDLER_CONSUMED;
}

static void stop_losing(struct kunit_resource *res)
{
	rtnl_lock();
	netdev_rx_handler_unregister(res->data);
	rtnl_unlock();
}

static void start_losing(struct kunit *test, struct net_device *dev)
{
	int err;

	rtnl_lock();
	err = netdev_rx_handler_register(dev, lose_packets, NULL);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, err, 0);
	kunit_alloc_resource(test, NULL, stop_losing, GFP_KERNEL, dev);
}

/* Packets get lost: what is in flight is sent again, from where it lies, until it arrives. */
static void loss_again(struct kunit *test)
{
	const size_t size = 400000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	unsigned long end = jiffies + PATIENCE;
	size_t sent = 0, got = 0, now, filled;
	struct dualtree_buf buf;

	start_losing(test, init_net.loopback_dev);
	dualtree_buf_init(&buf, dt);
	while (got < size && time_before(jiffies, end)) {
		filled = sent + dualtree_buf_len(&buf);
		if (dualtree_buf_len(&buf) < 3000)
			bed_append_pieces(test, &buf, filled, min_t(size_t, 5000, size - filled));
		sent += send_all(test, tx, pair.near, &buf);
		now = drain_socket(test, pair.far, got);
		got += now;
		if (!now)
			usleep_range(500, 1000);
	}
	kunit_info(test, "%u packets were sent again\n", tcp_sk(pair.near->sk)->total_retrans);
	KUNIT_EXPECT_GT(test, tcp_sk(pair.near->sk)->total_retrans, 5);
	KUNIT_EXPECT_EQ(test, got, size);
	expect_landed(test, tx, 0, size);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
}

/* The peer goes away with data in flight: it all comes back, and the next send says so. */
static void loss_reset(struct kunit *test)
{
	const size_t size = 500000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent, live;

	make_narrow(&pair, SZ_128K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	sent = send_until_stuck(test, tx, pair.near, &buf);
	reset_socket(test, pair.far);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	live = bed_live(dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 1000, MSG_NOSIGNAL),
			-ECONNRESET);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 1000, MSG_NOSIGNAL), -EPIPE);
	bed_expect(test, &buf, sent, size - sent);
	KUNIT_EXPECT_LE(test, bed_live(dt), live + sizeof(struct dualtree_segment));
	KUNIT_EXPECT_EQ(test, tx_stats(tx).zerocopy_bytes + tx_stats(tx).copied_bytes, sent);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/*
 * Our own end is released with data in flight. A kernel's socket has no timers after that, so
 * nobody knows when it is delivered; but it is there for as long as it may be, and no longer.
 */
static void loss_close(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent;

	make_narrow(&pair, SZ_16K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, 500000);
	sent = send_until_stuck(test, tx, pair.near, &buf);
	dualtree_buf_purge(&buf);
	drop_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, HZ / 10), -ETIMEDOUT);
	KUNIT_EXPECT_GT(test, bed_live(dt), 0);
	/* Whatever is read is right. */
	KUNIT_EXPECT_GT(test, drain_socket(test, pair.far, 0), 0);
	reset_socket(test, pair.far);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).zerocopy_bytes + tx_stats(tx).copied_bytes, sent);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* The end of the stream is sent behind what is in flight, and all of it arrives. */
static void loss_shutdown(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent;
	u8 byte;

	make_narrow(&pair, SZ_128K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, 500000);
	sent = send_until_stuck(test, tx, pair.near, &buf);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, kernel_sock_shutdown(pair.near, SHUT_WR), 0);
	KUNIT_EXPECT_EQ(test, receive_until(test, pair.far, 0, sent), sent);
	KUNIT_EXPECT_EQ(test, plain_recv(pair.far, &byte, 1, 0), 0);
	expect_landed(test, tx, 0, sent);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* Our own end is reset with data in flight: all of it is back when that returns. */
static void loss_abort(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent;

	make_narrow(&pair, SZ_128K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, 500000);
	sent = send_until_stuck(test, tx, pair.near, &buf);
	dualtree_buf_purge(&buf);
	reset_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).zerocopy_bytes + tx_stats(tx).copied_bytes, sent);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

static struct kunit_case loss_cases[] = {
	KUNIT_CASE(loss_again),
	KUNIT_CASE(loss_reset),
	KUNIT_CASE(loss_close),
	KUNIT_CASE(loss_shutdown),
	KUNIT_CASE(loss_abort),
	{}
};

static struct kunit_suite loss_suite = {
	.name = "dualtree_netbuf_loss",
	.test_cases = loss_cases,
};

kunit_test_suite(loss_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of sending over connections that fail");
MODULE_LICENSE("GPL");
