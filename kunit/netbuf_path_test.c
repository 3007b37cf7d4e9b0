// SPDX-License-Identifier: GPL-2.0
/*
 * Sending by every path that there is: where nothing is copied, where the stack copies, and
 * where the socket does.
 */
#include <linux/module.h>
#include "../compat/compat.h"
#include "netbuf_null_device.h"
#include "netbuf_tx_bed.h"

/* Where there is no ubuf the bytes are copied, free at once, and counted so. */
static void path_unix(struct kunit *test)
{
	const size_t size = 500000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = unix_pair(test);
	size_t sent = 0, got = 0;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	while (sent < size) {
		sent += send_all(test, tx, pair.near, &buf);
		KUNIT_EXPECT_EQ(test, tx_stats(tx).copied_bytes, sent);
		KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_bytes, 0);
		got += drain_socket(test, pair.far, got);
	}
	KUNIT_EXPECT_EQ(test, got, size);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_landed(test, tx, 0, size);
	expect_drained(test, dt);
}

static void path_datagrams(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = udp_pair(test);
	u8 *bytes = kunit_kzalloc(test, SZ_64K, GFP_KERNEL);
	size_t sum = 0, len;
	struct dualtree_buf buf;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	dualtree_buf_init(&buf, dt);
	for (len = 0; len < 60000; len = len * 3 + 1) {
		bed_append_pieces(test, &buf, sum, len + 100);
		KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, len, 0), len);
		bed_expect(test, &buf, sum + len, 100);
		KUNIT_ASSERT_EQ(test, plain_recv(pair.far, bytes, SZ_64K, 0), len);
		KUNIT_EXPECT_TRUE(test, bed_filled(bytes, sum, len));
		dualtree_buf_purge(&buf);
		sum += len;
	}
	expect_landed(test, tx, 0, sum);
	/* Too long for a datagram: nothing left the buffer. */
	bed_append_pieces(test, &buf, 0, 70000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 70000, 0), -EMSGSIZE);
	bed_expect(test, &buf, 0, 70000);
	dualtree_buf_purge(&buf);
	bed_append(test, &buf, 0, 70000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 70000, 0), -EMSGSIZE);
	bed_expect(test, &buf, 0, 70000);
	dualtree_buf_purge(&buf);
	expect_landed(test, tx, 0, sum);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* Where nothing turns round nothing is copied: the device has our very pages. */
static void path_in_place(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct net_device *dev = null_create(test);
	struct socket *sock = null_socket(test, dev);
	struct dualtree_buf buf;
	struct sk_buff *skb;
	const u8 *first;
	u8 bytes[100];
	size_t len;

	dualtree_buf_init(&buf, dt);
	bed_append(test, &buf, 0, 9000);
	first = dualtree_buf_first(&buf, &len);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &buf, 5000, 0), 5000);
	bed_expect(test, &buf, 5000, 4000);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_bytes, 5000);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).inflight_ranges, 1);
	dualtree_buf_purge(&buf);
	/* Nobody else holds it now; the device does. */
	KUNIT_EXPECT_GE(test, bed_live(dt), 9000);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, 2), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, skb_queue_len(null_held(dev)), 1);
	skb = skb_dequeue(null_held(dev));
	KUNIT_EXPECT_PTR_EQ(test, skb_frag_page(&skb_shinfo(skb)->frags[0]), virt_to_page(first));
	KUNIT_EXPECT_EQ(test, skb_copy_bits(skb, skb->len - 5000, bytes, sizeof(bytes)), 0);
	KUNIT_EXPECT_TRUE(test, bed_filled(bytes, 0, sizeof(bytes)));
	consume_skb(skb);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_landed(test, tx, 5000, 0);
	expect_drained(test, dt);
}

/* Packets are cloned, copied, expanded and freed, in a softirq: the last one counts. */
static void path_copies_of_packet(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct net_device *dev = null_create(test);
	struct socket *sock = null_socket(test, dev);
	struct sk_buff *skb, *clone, *partial;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	bed_append(test, &buf, 0, 3000);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &buf, 3000, 0), 3000);
	skb = skb_dequeue(null_held(dev));
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
	expect_landed(test, tx, 3000, 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

static struct kunit_case path_cases[] = {
	KUNIT_CASE(path_unix),
	KUNIT_CASE(path_datagrams),
	KUNIT_CASE(path_in_place),
	KUNIT_CASE(path_copies_of_packet),
	{}
};

static struct kunit_suite path_suite = {
	.name = "dualtree_netbuf_path",
	.test_cases = path_cases,
};

kunit_test_suite(path_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of what is copied on the way and what is not");
MODULE_LICENSE("GPL");
