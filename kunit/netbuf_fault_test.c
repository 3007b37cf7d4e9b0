// SPDX-License-Identifier: GPL-2.0
/*
 * Packet buffers when the kernel has no memory: each allocation that a call makes fails in
 * turn, the stack's own included. What is not accepted is still there, and all of it comes back.
 */
#include "fixtures/faults.h"
#include "fixtures/rx.h"
#include "fixtures/tx.h"

static void fault_create(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx;
	struct dualtree_rx *rx;

	dt_faults_or_skip(test);
	dt_fault_arm(1);
	tx = dualtree_tx_create(dt);
	KUNIT_EXPECT_TRUE(test, dt_fault_disarm());
	KUNIT_EXPECT_PTR_EQ(test, tx, ERR_PTR(-ENOMEM));
	dt_fault_arm(1);
	rx = dualtree_rx_create(dt, &(const struct dualtree_rx_params){ .limit = SZ_1M });
	KUNIT_EXPECT_TRUE(test, dt_fault_disarm());
	KUNIT_EXPECT_PTR_EQ(test, rx, ERR_PTR(-ENOMEM));
}

/*
 * Where checkers allocate at times, the allocations of a call are counted otherwise each time, and
 * the one that a send cannot do without may be missed in all calls. Then they are made again.
 */
#define SWEEPS_MAX	4

/*
 * In one call for each allocation that it makes, and in the end in one that none fails in. At
 * least @failures_min of them have to fail.
 */
static size_t send_with_faults(struct kunit *test, struct dualtree_tx *tx, struct socket *sock,
			       struct dualtree_buf *buf, size_t portion, unsigned int failures_min)
{
	unsigned int n, failed = 0, calls = 0, sweeps = 1;
	size_t sum = 0, before;
	bool hit = true;
	ssize_t sent;

	for (n = 1; hit && n < FAULT_POINTS_MAX; n++) {
		calls++;
		before = dualtree_buf_len(buf);
		dt_fault_arm(n);
		sent = dualtree_buf_send(tx, sock, buf, portion, MSG_DONTWAIT);
		hit = dt_fault_disarm();
		failed += sent < 0;
		sum += max_t(ssize_t, sent, 0);
		KUNIT_EXPECT_TRUE(test, sent > 0 || sent == -ENOMEM || sent == -ENOBUFS ||
				  sent == -EAGAIN);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), before - max_t(ssize_t, sent, 0));
		if (!hit && failed < failures_min && sweeps++ < SWEEPS_MAX) {
			hit = true;
			n = 0;
		}
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, failed, failures_min);
	kunit_info(test, "%u of %u sends failed\n", failed, calls);
	return sum;
}

static void fault_stream(struct kunit *test)
{
	const size_t size = 400000;
	struct tx_fixture f;
	size_t sent;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	dt_faults_or_skip(test);
	/* Without vectors a part is sent, without a send all is copied; a packet there must be. */
	sent = send_with_faults(test, f.tx, f.pair.near, &f.buf, 20000, 1);
	dt_buf_expect(test, &f.buf, sent, size - sent);
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, f.pair.far, 0, sent), sent);
	dt_expect_sent(test, f.tx, 0, sent);
	dt_buf_finish(test, &f.buf);
}

/*
 * What has arrived, each datagram whole and in its order. Some may be lost where they are
 * delivered: the copy for the receiver can fail too, and it takes only so many at a time.
 */
static size_t drain_datagrams(struct kunit *test, struct socket *sock, size_t size,
			      size_t portion)
{
	u8 *bytes = kmalloc(SZ_64K, GFP_KERNEL);
	size_t at = 0, sum = 0;
	ssize_t got;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	while ((got = dt_plain_recv(sock, bytes, SZ_64K, sum ? MSG_DONTWAIT : 0)) > 0) {
		while (at < size && !dt_filled(bytes, at, got))
			at += portion;
		KUNIT_EXPECT_LT(test, at, size);
		KUNIT_EXPECT_EQ(test, got, min(portion, size - at));
		at += portion;
		sum += got;
	}
	KUNIT_EXPECT_GT(test, sum, 0);
	kfree(bytes);
	return sum;
}

static void fault_datagrams(struct kunit *test)
{
	const size_t size = 100000 * SWEEPS_MAX;
	struct tx_fixture f;
	size_t sent;

	dt_tx_fixture_init(test, &f, dt_udp_pair);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	dt_faults_or_skip(test);
	sent = send_with_faults(test, f.tx, f.pair.near, &f.buf, 9000, 1);
	dt_buf_expect(test, &f.buf, sent, size - sent);
	KUNIT_EXPECT_LE(test, drain_datagrams(test, f.pair.far, size, 9000), sent);
	dt_expect_sent(test, f.tx, 0, sent);
	dt_buf_finish(test, &f.buf);
}

/* Packets of which the first allocation fails, the second one, and so on. Return: how many do. */
static unsigned int packets_with_faults(struct kunit *test, struct dualtree_rx *rx,
					struct dualtree_buf *buf)
{
	unsigned int n, failed = 0;
	struct sk_buff *skb;
	bool hit = true;

	for (n = 1; hit && n < FAULT_POINTS_MAX; n++) {
		dt_buf_append(test, buf, 0, 9000);
		dt_fault_arm(n);
		skb = dualtree_rx_skb(rx, NULL, buf, 54, GFP_ATOMIC);
		hit = dt_fault_disarm();
		if (!IS_ERR(skb)) {
			KUNIT_EXPECT_EQ(test, skb->len, 9000);
			consume_skb(skb);
			continue;
		}
		failed++;
		KUNIT_EXPECT_PTR_EQ(test, skb, ERR_PTR(-ENOMEM));
		dt_buf_expect(test, buf, 0, 9000);
		dualtree_buf_purge(buf);
	}
	KUNIT_EXPECT_FALSE(test, hit);
	return failed;
}

/*
 * With a limit of 0 packets are copied, and take more than one allocation: but for those for which
 * the kernel has a part of a page left, as it has for two of three.
 */
static void packet_with_faults(struct kunit *test, struct dualtree *dt, size_t limit)
{
	struct dualtree_rx *rx = test_rx(test, dt, .limit = limit);
	unsigned int sweep, most = 0;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	for (sweep = 0; sweep < SWEEPS_MAX; sweep++)
		most = max(most, packets_with_faults(test, rx, &buf));
	KUNIT_EXPECT_GE(test, most, limit ? 1 : 3);
	dt_test_rx_destroy(test, rx);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
}

static void fault_packets(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);

	dt_faults_or_skip(test);
	packet_with_faults(test, dt, SZ_1M);
	packet_with_faults(test, dt, 0);
	dt_expect_clean(test, dt);
}

static struct kunit_case netbuf_fault_cases[] = {
	KUNIT_CASE(fault_create),
	KUNIT_CASE(fault_stream),
	KUNIT_CASE(fault_datagrams),
	KUNIT_CASE(fault_packets),
	{}
};

DUALTREE_SUITE(netbuf_fault, "packet buffers when the kernel has no memory",
	       .exit = dt_faults_exit);
