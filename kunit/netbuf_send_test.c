// SPDX-License-Identifier: GPL-2.0
/*
 * Sending through real sockets: what arrives is what was sent, what the socket did not accept
 * is still there, and whatever happens to the connection all of it comes back, once.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../netbuf/segment.h"
#include "netbuf_null_device.h"

static void tx_release(struct kunit_resource *res)
{
	dualtree_tx_destroy(res->data);
}

/* Destroyed at the end of the test: after the sockets that are made later. */
static struct dualtree_tx *make_tx(struct kunit *test, struct dualtree *dt)
{
	struct dualtree_tx *tx = dualtree_tx_create(dt);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tx));
	kunit_alloc_resource(test, NULL, tx_release, GFP_KERNEL, tx);
	return tx;
}

static struct dualtree_tx_stats tx_stats(struct dualtree_tx *tx)
{
	struct dualtree_tx_stats stats;

	dualtree_tx_get_stats(tx, &stats);
	return stats;
}

/* Nothing is in flight, and all that was sent has been counted once. */
static void expect_landed(struct kunit *test, struct dualtree_tx *tx, size_t zerocopy,
			  size_t copied)
{
	struct dualtree_tx_stats stats;

	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	stats = tx_stats(tx);
	KUNIT_EXPECT_EQ(test, stats.zerocopy_bytes, zerocopy);
	KUNIT_EXPECT_EQ(test, stats.copied_bytes, copied);
	KUNIT_EXPECT_EQ(test, stats.flying_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.flying_ranges, 0);
}

/* Send until it would block. Return: bytes that were accepted. */
static size_t send_all(struct kunit *test, struct dualtree_tx *tx, struct socket *sock,
		       struct dualtree_buf *buf)
{
	size_t sum = 0, before;
	ssize_t sent;

	while (dualtree_buf_unread(buf)) {
		before = dualtree_buf_unread(buf);
		sent = dualtree_buf_send(tx, sock, buf, before, MSG_DONTWAIT);
		KUNIT_EXPECT_EQ(test, dualtree_buf_unread(buf), before - max_t(ssize_t, sent, 0));
		if (sent == -EAGAIN)
			break;
		KUNIT_ASSERT_GT(test, sent, 0);
		sum += sent;
	}
	return sum;
}

/* A reader who takes what comes, until all is there. */
static size_t receive_until(struct kunit *test, struct socket *sock, size_t from, size_t to)
{
	unsigned long end = jiffies + PATIENCE;

	while (from < to && time_before(jiffies, end)) {
		from += drain_socket(test, sock, from);
		if (from < to)
			usleep_range(500, 1000);
	}
	return from;
}

/* Over loopback everything is read from where it lies, and copied where it turns round. */
static void send_stream(struct kunit *test)
{
	const size_t size = 1000000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	size_t sent = 0, got = 0;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	while (sent < size) {
		size_t now = send_all(test, tx, pair.near, &buf);

		sent += now;
		got += drain_socket(test, pair.far, got);
		if (!now)
			usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, receive_until(test, pair.far, got, size), size);
	expect_landed(test, tx, 0, size);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
}

/* In portions that end inside ranges, between sends that are copied. */
static void send_portions(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	size_t done = 0, portion = 1, zerocopied = 0;
	u8 *bytes = kunit_kzalloc(test, 2000, GFP_KERNEL);
	struct dualtree_buf buf;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	dualtree_buf_init(&buf, dt);
	for (; done < 200000; done += portion + portion / 2, portion = portion * 2 % 3997 + 1) {
		bed_append_pieces(test, &buf, done, portion + 10);
		KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, portion, 0), portion);
		KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, 10), 0);
		bed_fill(bytes, done + portion, portion / 2);
		KUNIT_ASSERT_EQ(test, plain_send(pair.near, bytes, portion / 2, 0), portion / 2);
		zerocopied += portion;
		KUNIT_ASSERT_EQ(test, receive_until(test, pair.far, done,
						    done + portion + portion / 2),
				done + portion + portion / 2);
	}
	expect_landed(test, tx, 0, zerocopied);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* A peer that does not read: what was not accepted stays, what was is live until it reads. */
static void send_partial(struct kunit *test)
{
	const size_t size = 500000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_tx_stats stats;
	size_t sent, got = 0, now;
	struct dualtree_buf buf;

	make_narrow(&pair, SZ_128K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	sent = send_all(test, tx, pair.near, &buf);
	KUNIT_EXPECT_GT(test, sent, 0);
	KUNIT_ASSERT_LT(test, sent, size);
	bed_expect(test, &buf, sent, size - sent);
	stats = tx_stats(tx);
	KUNIT_EXPECT_GT(test, stats.flying_bytes, 0);
	KUNIT_EXPECT_GE(test, bed_live(dt), size - sent + stats.flying_bytes);
	KUNIT_EXPECT_EQ(test, stats.flying_bytes + stats.copied_bytes, sent);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, 0), -ETIMEDOUT);
	while (sent < size) {
		now = drain_socket(test, pair.far, got);
		got += now;
		if (!now)
			usleep_range(500, 1000);
		sent += send_all(test, tx, pair.near, &buf);
	}
	KUNIT_EXPECT_EQ(test, receive_until(test, pair.far, got, size), size);
	expect_landed(test, tx, 0, size);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* The peer goes away with data in flight: it all comes back, and the next send says so. */
static void send_reset(struct kunit *test)
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
	sent = send_all(test, tx, pair.near, &buf);
	KUNIT_EXPECT_GT(test, tx_stats(tx).flying_bytes, 0);
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
static void send_close(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent;

	make_narrow(&pair, SZ_16K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, 500000);
	sent = send_all(test, tx, pair.near, &buf);
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
static void send_shutdown(struct kunit *test)
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
	sent = send_all(test, tx, pair.near, &buf);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, kernel_sock_shutdown(pair.near, SHUT_WR), 0);
	KUNIT_EXPECT_EQ(test, receive_until(test, pair.far, 0, sent), sent);
	KUNIT_EXPECT_EQ(test, plain_recv(pair.far, &byte, 1, 0), 0);
	expect_landed(test, tx, 0, sent);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* Our own end is reset with data in flight: all of it is back when that returns. */
static void send_abort(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct pair pair = tcp_pair(test);
	struct dualtree_buf buf;
	size_t sent;

	make_narrow(&pair, SZ_128K);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, 500000);
	sent = send_all(test, tx, pair.near, &buf);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_GT(test, tx_stats(tx).flying_bytes, 0);
	reset_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).zerocopy_bytes + tx_stats(tx).copied_bytes, sent);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* One publisher, several subscribers who read at their own pace; the slow one is dropped. */
static void send_clones(struct kunit *test)
{
	const size_t size = 600000;
	struct dualtree *dt = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct dualtree_buf buf, clones[3];
	size_t sent[3] = {}, got[3] = {};
	struct pair pairs[3];
	unsigned int i;

	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, size);
	for (i = 0; i < 3; i++) {
		pairs[i] = tcp_pair(test);
		make_narrow(&pairs[i], SZ_128K);
		dualtree_buf_init(&clones[i], dt);
		KUNIT_ASSERT_EQ(test, dualtree_buf_clone(&buf, size, &clones[i], GFP_KERNEL), 0);
	}
	dualtree_buf_purge(&buf);
	sent[2] = send_all(test, tx, pairs[2].near, &clones[2]);
	while (got[0] < size || got[1] < size) {
		for (i = 0; i < 2; i++) {
			sent[i] += send_all(test, tx, pairs[i].near, &clones[i]);
			got[i] += drain_socket(test, pairs[i].far, got[i]);
		}
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, sent[0], size);
	KUNIT_EXPECT_EQ(test, sent[1], size);
	/* What the slow one has, it has whole. */
	bed_expect(test, &clones[2], sent[2], size - sent[2]);
	KUNIT_EXPECT_GE(test, bed_live(dt), size - sent[2]);
	dualtree_buf_purge(&clones[2]);
	reset_socket(test, pairs[2].near);
	expect_landed(test, tx, tx_stats(tx).zerocopy_bytes,
		      sent[0] + sent[1] + sent[2] - tx_stats(tx).zerocopy_bytes);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
}

/* Where there is no ubuf the bytes are copied, free at once, and counted so. */
static void send_unix(struct kunit *test)
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
		KUNIT_EXPECT_EQ(test, tx_stats(tx).flying_bytes, 0);
		got += drain_socket(test, pair.far, got);
	}
	KUNIT_EXPECT_EQ(test, got, size);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_landed(test, tx, 0, size);
	expect_drained(test, dt);
}

static void send_datagrams(struct kunit *test)
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

static void send_refused(struct kunit *test)
{
	struct dualtree *dt = bed_small(test), *other = bed_instance(test);
	struct dualtree_tx *tx = make_tx(test, dt), *foreign = make_tx(test, other);
	struct pair pair = tcp_pair(test), datagrams = udp_pair(test);
	struct dualtree_buf buf;
	struct bed_hog *hog;
	size_t live;

	dualtree_buf_init(&buf, dt);
	bed_append(test, &buf, 0, 1000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(foreign, pair.near, &buf, 10, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 1001, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 0, 0), 0);
	hog = bed_starve(test, dt, 0);
	live = bed_live(dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 1000, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, datagrams.near, &buf, 1000, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, bed_live(dt), live);
	bed_feed(dt, hog);
	hog = bed_starve(test, dt, 1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 999, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, datagrams.near, &buf, 999, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, bed_live(dt), live - DT_GRANULE);
	bed_feed(dt, hog);
	bed_expect(test, &buf, 0, 1000);
	expect_landed(test, tx, 0, 0);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).sends, 0);
	dualtree_buf_purge(&buf);
	expect_drained(test, dt);
}

/* Where nothing turns round nothing is copied: the device has our very pages. */
static void send_in_place(struct kunit *test)
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
	KUNIT_EXPECT_EQ(test, tx_stats(tx).flying_bytes, 5000);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).flying_ranges, 1);
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
static void send_copies_of_packet(struct kunit *test)
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
	KUNIT_EXPECT_EQ(test, tx_stats(tx).flying_bytes, 3000);
	consume_skb(partial);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).flying_bytes, 3000);
	local_irq_disable();
	dev_consume_skb_any(clone);
	local_irq_enable();
	expect_landed(test, tx, 3000, 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* Several streams at a time, each with a reader of its own. */
#define STREAMS		3
#define STREAM_BYTES	600000

/**
 * struct stream - a connection that is written to and read at the same time
 * @tx: what keeps track
 * @pair: the connection
 * @buf: what is sent
 * @sent: how much of it has been
 * @got: how much has arrived, and was right
 * @send_work: writes
 * @recv_work: reads
 */
struct stream {
	struct dualtree_tx *tx;
	struct pair pair;
	struct dualtree_buf buf;
	size_t sent;
	size_t got;
	struct work_struct send_work;
	struct work_struct recv_work;
};

static void stream_send(struct work_struct *work)
{
	struct stream *s = container_of(work, struct stream, send_work);
	ssize_t sent;

	while (dualtree_buf_unread(&s->buf)) {
		size_t len = min_t(size_t, dualtree_buf_unread(&s->buf), 30001);

		sent = dualtree_buf_send(s->tx, s->pair.near, &s->buf, len, 0);
		if (sent <= 0)
			break;
		s->sent += sent;
	}
	kernel_sock_shutdown(s->pair.near, SHUT_WR);
}

static void stream_recv(struct work_struct *work)
{
	struct stream *s = container_of(work, struct stream, recv_work);
	u8 *bytes = kmalloc(8192, GFP_KERNEL);
	ssize_t got;

	while (bytes && (got = plain_recv(s->pair.far, bytes, 8192, 0)) > 0) {
		if (!bed_filled(bytes, s->got, got))
			break;
		s->got += got;
	}
	kfree(bytes);
}

static void send_concurrent(struct kunit *test)
{
	struct stream *streams = kunit_kcalloc(test, STREAMS, sizeof(*streams), GFP_KERNEL);
	struct dualtree *dt = instance_create(test, NULL);
	struct dualtree_tx *tx = make_tx(test, dt);
	struct dualtree_buf buf;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, streams);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, STREAM_BYTES);
	for (i = 0; i < STREAMS; i++) {
		struct stream *s = &streams[i];

		s->tx = tx;
		s->pair = tcp_pair(test);
		dualtree_buf_init(&s->buf, dt);
		KUNIT_ASSERT_EQ(test, dualtree_buf_clone(&buf, STREAM_BYTES, &s->buf,
							 GFP_KERNEL), 0);
		INIT_WORK(&s->send_work, stream_send);
		INIT_WORK(&s->recv_work, stream_recv);
	}
	dualtree_buf_purge(&buf);
	for (i = 0; i < STREAMS; i++) {
		queue_work(system_unbound_wq, &streams[i].send_work);
		queue_work(system_unbound_wq, &streams[i].recv_work);
	}
	for (i = 0; i < STREAMS; i++) {
		flush_work(&streams[i].send_work);
		flush_work(&streams[i].recv_work);
		KUNIT_EXPECT_EQ(test, streams[i].sent, STREAM_BYTES);
		KUNIT_EXPECT_EQ(test, streams[i].got, STREAM_BYTES);
	}
	expect_landed(test, tx, 0, STREAMS * STREAM_BYTES);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
}

static struct kunit_case send_cases[] = {
	KUNIT_CASE(send_stream),
	KUNIT_CASE(send_portions),
	KUNIT_CASE(send_partial),
	KUNIT_CASE(send_reset),
	KUNIT_CASE(send_close),
	KUNIT_CASE(send_shutdown),
	KUNIT_CASE(send_abort),
	KUNIT_CASE(send_clones),
	KUNIT_CASE(send_unix),
	KUNIT_CASE(send_datagrams),
	KUNIT_CASE(send_refused),
	KUNIT_CASE(send_in_place),
	KUNIT_CASE(send_copies_of_packet),
	KUNIT_CASE(send_concurrent),
	{}
};

static struct kunit_suite send_suite = {
	.name = "netbuf_send",
	.test_cases = send_cases,
};

kunit_test_suite(send_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of sending through real sockets");
MODULE_LICENSE("GPL");
