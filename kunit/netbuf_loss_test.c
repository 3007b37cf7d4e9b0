// SPDX-License-Identifier: GPL-2.0
/*
 * Sending over connections that fail: packets are lost, either end is reset, closed or gone
 * with data in flight. Nothing is free before that is over, and everything is then.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include "fixtures/tx.h"

/* Of all packets on loopback that carry data, one of so many does not arrive. */
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

static rx_handler_result_t lose_all(struct sk_buff **pskb)
{
	kfree_skb(*pskb);
	return RX_HANDLER_CONSUMED;
}

static void stop_losing(struct kunit_resource *res)
{
	rtnl_lock();
	netdev_rx_handler_unregister(res->data);
	rtnl_unlock();
}

static void start_losing(struct kunit *test, struct net_device *dev, rx_handler_func_t *lose)
{
	int err;

	rtnl_lock();
	err = netdev_rx_handler_register(dev, lose, NULL);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, err, 0);
	kunit_alloc_resource(test, NULL, stop_losing, GFP_KERNEL, dev);
}

/* Packets get lost: what is in flight is sent again, from where it lies, until it arrives. */
static void loss_again(struct kunit *test)
{
	const size_t size = 400000;
	struct tx_fixture f;
	unsigned long end = jiffies + PATIENCE;
	size_t sent = 0, got = 0, now, filled;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	start_losing(test, init_net.loopback_dev, lose_packets);
	while (got < size && time_before(jiffies, end)) {
		filled = sent + dualtree_buf_len(&f.buf);
		if (dualtree_buf_len(&f.buf) < 3000)
			dt_buf_append_ranges(test, &f.buf, filled,
					     min_t(size_t, 5000, size - filled));
		sent += dt_send_all(test, f.tx, f.pair.near, &f.buf);
		now = dt_drain_socket(test, f.pair.far, got);
		got += now;
		if (!now)
			usleep_range(500, 1000);
	}
	kunit_info(test, "%u packets were sent again\n", tcp_sk(f.pair.near->sk)->total_retrans);
	KUNIT_EXPECT_GT(test, tcp_sk(f.pair.near->sk)->total_retrans, 5);
	KUNIT_EXPECT_EQ(test, got, size);
	dt_expect_sent(test, f.tx, 0, size);
	dt_expect_clean(test, f.dt);
}

/* The peer resets with data in flight: all ranges are freed, and the next send fails. */
static void loss_reset(struct kunit *test)
{
	const size_t size = 500000;
	struct tx_fixture f;
	size_t sent, live;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_limit_buffers(&f.pair, SZ_128K);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	sent = dt_send_until_stuck(test, &f);
	dt_reset_socket(test, f.pair.far);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, PATIENCE), 0);
	live = live_bytes(f.dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 1000, MSG_NOSIGNAL),
			-ECONNRESET);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, 1000, MSG_NOSIGNAL),
			-EPIPE);
	dt_buf_expect(test, &f.buf, sent, size - sent);
	KUNIT_EXPECT_LE(test, live_bytes(f.dt), live + sizeof(struct dualtree_segment));
	KUNIT_EXPECT_EQ(test, tx_stats(f.tx).zerocopy_bytes + tx_stats(f.tx).copied_bytes, sent);
	dt_buf_finish(test, &f.buf);
}

/*
 * Our own end is released with data in flight. A kernel's socket has no timers after that, and the
 * time of delivery is unknown. The data stays live as long as the peer may read it, and no longer.
 */
static void loss_close(struct kunit *test)
{
	struct tx_fixture f;
	size_t sent;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_limit_buffers(&f.pair, SZ_16K);
	dt_buf_append_ranges(test, &f.buf, 0, 500000);
	sent = dt_send_until_stuck(test, &f);
	dualtree_buf_purge(&f.buf);
	dt_close_socket(test, f.pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, HZ / 10), -ETIMEDOUT);
	KUNIT_EXPECT_GT(test, live_bytes(f.dt), 0);
	/* The bytes that are read are right. */
	KUNIT_EXPECT_GT(test, dt_drain_socket(test, f.pair.far, 0), 0);
	dt_reset_socket(test, f.pair.far);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, tx_stats(f.tx).zerocopy_bytes + tx_stats(f.tx).copied_bytes, sent);
	dt_expect_clean(test, f.dt);
}

/* The end of the stream is sent after what is in flight, and all of it arrives. */
static void loss_shutdown(struct kunit *test)
{
	struct tx_fixture f;
	size_t sent;
	u8 byte;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_limit_buffers(&f.pair, SZ_128K);
	dt_buf_append_ranges(test, &f.buf, 0, 500000);
	sent = dt_send_until_stuck(test, &f);
	dualtree_buf_purge(&f.buf);
	KUNIT_EXPECT_EQ(test, kernel_sock_shutdown(f.pair.near, SHUT_WR), 0);
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, f.pair.far, 0, sent), sent);
	KUNIT_EXPECT_EQ(test, dt_plain_recv(f.pair.far, &byte, 1, 0), 0);
	dt_expect_sent(test, f.tx, 0, sent);
	dt_expect_clean(test, f.dt);
}

/* Our own end is reset with data in flight: all of it is back when that returns. */
static void loss_abort(struct kunit *test)
{
	struct tx_fixture f;
	size_t sent;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_limit_buffers(&f.pair, SZ_128K);
	dt_buf_append_ranges(test, &f.buf, 0, 500000);
	sent = dt_send_until_stuck(test, &f);
	dualtree_buf_purge(&f.buf);
	dt_reset_socket(test, f.pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, tx_stats(f.tx).zerocopy_bytes + tx_stats(f.tx).copied_bytes, sent);
	dt_expect_clean(test, f.dt);
}

/* Wait until TCP has given a socket up. Return: true if it has. */
static bool is_given_up(const struct sock *sk)
{
	unsigned long end = jiffies + PATIENCE;

	while (READ_ONCE(sk->sk_state) != TCP_CLOSE && time_before(jiffies, end))
		msleep(50);
	return READ_ONCE(sk->sk_state) == TCP_CLOSE;
}

/*
 * The peer falls silent, and our end is released with data and a FIN in flight, or with a FIN only.
 * With a reference to its namespace the socket goes on without us, and ends in a bounded time.
 */
static void loss_silent(struct kunit *test)
{
	struct tx_fixture f;
	size_t len;
	struct sock *sk;

	for (len = 0; len <= 5000; len += 5000) {
		dt_tx_fixture_init(test, &f, dt_tcp_pair);
		KUNIT_ASSERT_EQ(test, dualtree_sock_hold_net(f.pair.near), 0);
		KUNIT_EXPECT_EQ(test, dualtree_sock_hold_net(f.pair.near), 0);
		sk = f.pair.near->sk;
		tcp_sock_set_user_timeout(sk, 500);
		start_losing(test, init_net.loopback_dev, lose_all);
		if (len)
			dt_buf_append(test, &f.buf, 0, len);
		KUNIT_EXPECT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, len, 0), len);
		sock_hold(sk);
		dt_close_socket(test, f.pair.near);
		KUNIT_EXPECT_EQ(test, READ_ONCE(sk->sk_state), TCP_FIN_WAIT1);
		KUNIT_EXPECT_TRUE(test, is_given_up(sk));
		sock_put(sk);
		kunit_destroy_resource(test, dt_resource_is, init_net.loopback_dev);
		KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, PATIENCE), 0);
		KUNIT_EXPECT_EQ(test, tx_stats(f.tx).zerocopy_bytes + tx_stats(f.tx).copied_bytes,
				len);
		dt_expect_clean(test, f.dt);
	}
}

static struct kunit_case netbuf_loss_cases[] = {
	KUNIT_CASE(loss_again),
	KUNIT_CASE(loss_reset),
	KUNIT_CASE(loss_close),
	KUNIT_CASE(loss_shutdown),
	KUNIT_CASE(loss_abort),
	KUNIT_CASE(loss_silent),
	{}
};

DUALTREE_SUITE(netbuf_loss, "sending over connections that fail");
