// SPDX-License-Identifier: GPL-2.0
/*
 * Packet buffers when the kernel has no memory: each allocation that a call makes fails in
 * turn, the stack's own included. What is not accepted is still there, and all of it comes back.
 */
#include <linux/module.h>
#include <linux/skbuff.h>
#include "../compat/compat.h"
#include "fault.h"
#include "netbuf_tx_bed.h"

#define MOST_POINTS	200

static void fault_create(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx;
	struct dualtree_rx *rx;

	faults_or_skip(test);
	fault_arm(1);
	tx = dualtree_tx_create(dt);
	KUNIT_EXPECT_TRUE(test, fault_disarm());
	KUNIT_EXPECT_PTR_EQ(test, tx, ERR_PTR(-ENOMEM));
	fault_arm(1);
	rx = dualtree_rx_create(dt, SZ_1M);
	KUNIT_EXPECT_TRUE(test, fault_disarm());
	KUNIT_EXPECT_PTR_EQ(test, rx, ERR_PTR(-ENOMEM));
}

/*
 * In one call for each allocation that it makes, and in the end in one that none fails in. At
 * least @least of them have to fail.
 */
static size_t send_with_faults(struct kunit *test, struct dualtree_tx *tx, struct socket *sock,
			       struct dualtree_buf *buf, size_t portion, unsigned int least)
{
	unsigned int n, failed = 0;
	size_t sum = 0, before;
	bool hit = true;
	ssize_t sent;

	for (n = 1; hit && n < MOST_POINTS; n++) {
		before = dualtree_buf_len(buf);
		fault_arm(n);
		sent = dualtree_buf_send(tx, sock, buf, portion, MSG_DONTWAIT);
		hit = fault_disarm();
		failed += sent < 0;
		sum += max_t(ssize_t, sent, 0);
		KUNIT_EXPECT_TRUE(test, sent > 0 || sent == -ENOMEM || sent == -ENOBUFS ||
				  sent == -EAGAIN);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), before - max_t(ssize_t, sent, 0));
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, failed, least);
	kunit_info(test, "%u of %u sends failed\n", failed, n - 1);
	return sum;
}

static void fault_stream(struct kunit *test)
{
	const size_t size = 400000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent;

	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	faults_or_skip(test);
	/* The send itself and the vectors of its many ranges. */
	sent = send_with_faults(test, tx, pair.near, &buf, 20000, 2);
	bed_expect(test, &buf, sent, size - sent);
	KUNIT_EXPECT_EQ(test, receive_until(test, pair.far, 0, sent), sent);
	expect_landed(test, tx, 0, sent);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
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
	while ((got = plain_recv(sock, bytes, SZ_64K, MSG_DONTWAIT)) > 0) {
		while (at < size && !bed_filled(bytes, at, got))
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
	const size_t size = 100000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = udp_pair(test);
	struct dualtree_buf buf;
	size_t sent;

	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	faults_or_skip(test);
	sent = send_with_faults(test, tx, pair.near, &buf, 9000, 1);
	bed_expect(test, &buf, sent, size - sent);
	KUNIT_EXPECT_LE(test, drain_datagrams(test, pair.far, size, 9000), sent);
	expect_landed(test, tx, 0, sent);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
}

/* With a limit of 0 packets are copied, and take more than one allocation. */
static void packet_with_faults(struct kunit *test, struct dualtree *dt, size_t limit)
{
	struct dualtree_rx *rx = dualtree_rx_create(dt, limit);
	struct dualtree_buf buf;
	struct sk_buff *skb;
	unsigned int n, failed = 0;
	bool hit = true;

	KUNIT_ASSERT_FALSE(test, IS_ERR(rx));
	dualtree_buf_init(&buf, dt);
	for (n = 1; hit && n < MOST_POINTS; n++) {
		bed_append(test, &buf, 0, 9000);
		fault_arm(n);
		skb = dualtree_rx_skb(rx, NULL, &buf, 54, GFP_ATOMIC);
		hit = fault_disarm();
		if (!IS_ERR(skb)) {
			KUNIT_EXPECT_EQ(test, skb->len, 9000);
			consume_skb(skb);
			continue;
		}
		failed++;
		KUNIT_EXPECT_PTR_EQ(test, skb, ERR_PTR(-ENOMEM));
		bed_expect(test, &buf, 0, 9000);
		dualtree_buf_purge(&buf);
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, failed, limit ? 1 : 3);
	KUNIT_EXPECT_EQ(test, dualtree_rx_drain(rx, 0), 0);
	dualtree_rx_destroy(rx);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
}

static void fault_packets(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);

	faults_or_skip(test);
	packet_with_faults(test, dt, SZ_1M);
	packet_with_faults(test, dt, 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(fault_create),
	KUNIT_CASE(fault_stream),
	KUNIT_CASE(fault_datagrams),
	KUNIT_CASE(fault_packets),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "dualtree_netbuf_fault",
	.exit = faults_end,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of packet buffers when the kernel has no memory");
MODULE_LICENSE("GPL");
