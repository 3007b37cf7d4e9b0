// SPDX-License-Identifier: GPL-2.0
/*
 * Sending streams: what arrives is what was sent, what the socket did not accept is still
 * there, and all of it comes back, once.
 */
#include <linux/module.h>
#include "../compat/compat.h"
#include "../compat/workqueue.h"
#include "netbuf_tx_bed.h"

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
	sent = send_until_stuck(test, tx, pair.near, &buf);
	KUNIT_ASSERT_LT(test, sent, size);
	bed_expect(test, &buf, sent, size - sent);
	stats = tx_stats(tx);
	KUNIT_EXPECT_GE(test, bed_live(dt), size - sent + stats.inflight_bytes);
	KUNIT_EXPECT_EQ(test, stats.inflight_bytes + stats.copied_bytes, sent);
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

	while (dualtree_buf_len(&s->buf)) {
		size_t len = min_t(size_t, dualtree_buf_len(&s->buf), 30001);

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
		queue_work(system_dfl_wq, &streams[i].send_work);
		queue_work(system_dfl_wq, &streams[i].recv_work);
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
	KUNIT_CASE(send_clones),
	KUNIT_CASE(send_refused),
	KUNIT_CASE(send_concurrent),
	{}
};

static struct kunit_suite send_suite = {
	.name = "dualtree_netbuf_send",
	.test_cases = send_cases,
};

kunit_test_suite(send_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of sending streams");
MODULE_LICENSE("GPL");
