// SPDX-License-Identifier: GPL-2.0
/*
 * Sending streams: what arrives is what was sent, what the socket did not accept is still
 * there, and all of it comes back, once.
 */
#include "fixtures/scale.h"
#include "fixtures/tx.h"

/* Over loopback everything is read from where it lies, and copied where it turns round. */
static void send_stream(struct kunit *test)
{
	const size_t size = 1000000;
	struct tx_fixture f;
	size_t sent = 0, got = 0;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	while (sent < size) {
		size_t now = dt_send_all(test, f.tx, f.pair.near, &f.buf);

		sent += now;
		got += dt_drain_socket(test, f.pair.far, got);
		if (!now)
			usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, f.pair.far, got, size), size);
	dt_expect_sent(test, f.tx, 0, size);
	dt_expect_clean(test, f.dt);
}

/* In portions that end inside ranges, between sends that are copied. */
static void send_portions(struct kunit *test)
{
	struct tx_fixture f;
	size_t done = 0, portion = 1, zerocopied = 0, end;
	u8 *bytes = dt_test_zalloc(test, 2000);

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	for (; done < 200000; done += portion + portion / 2, portion = portion * 2 % 3997 + 1) {
		dt_buf_append_ranges(test, &f.buf, done, portion + 10);
		KUNIT_ASSERT_EQ(test, dualtree_buf_send(f.tx, f.pair.near, &f.buf, portion, 0),
				portion);
		KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&f.buf, 10), 0);
		dt_fill(bytes, done + portion, portion / 2);
		KUNIT_ASSERT_EQ(test, dt_plain_send(f.pair.near, bytes, portion / 2, 0),
				portion / 2);
		zerocopied += portion;
		end = done + portion + portion / 2;
		KUNIT_ASSERT_EQ(test, dt_receive_until(test, f.pair.far, done, end), end);
	}
	dt_expect_sent(test, f.tx, 0, zerocopied);
	dt_expect_clean(test, f.dt);
}

/* A peer that does not read: what was not accepted stays, what was is live until it reads. */
static void send_partial(struct kunit *test)
{
	const size_t size = 500000;
	struct tx_fixture f;
	struct dualtree_tx_stats stats;
	size_t sent, got = 0, now;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	dt_limit_buffers(&f.pair, SZ_128K);
	dt_buf_append_ranges(test, &f.buf, 0, size);
	sent = dt_send_until_stuck(test, &f);
	KUNIT_ASSERT_LT(test, sent, size);
	dt_buf_expect(test, &f.buf, sent, size - sent);
	stats = tx_stats(f.tx);
	KUNIT_EXPECT_GE(test, live_bytes(f.dt), size - sent + stats.inflight_bytes);
	KUNIT_EXPECT_EQ(test, stats.inflight_bytes + stats.copied_bytes, sent);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(f.tx, 0), -ETIMEDOUT);
	while (sent < size) {
		now = dt_drain_socket(test, f.pair.far, got);
		got += now;
		if (!now)
			usleep_range(500, 1000);
		sent += dt_send_all(test, f.tx, f.pair.near, &f.buf);
	}
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, f.pair.far, got, size), size);
	dt_expect_sent(test, f.tx, 0, size);
	dt_expect_clean(test, f.dt);
}

/* One publisher, several subscribers who read at their own pace; the slow one is dropped. */
static void send_clones(struct kunit *test)
{
	const size_t size = 600000;
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct dualtree_buf buf, clones[3];
	size_t sent[3] = {}, got[3] = {};
	struct socket_pair pairs[3];
	unsigned int i;

	dualtree_buf_init(&buf, dt);
	dt_buf_append_ranges(test, &buf, 0, size);
	for (i = 0; i < 3; i++) {
		pairs[i] = dt_tcp_pair(test);
		dt_limit_buffers(&pairs[i], SZ_128K);
		dualtree_buf_init(&clones[i], dt);
		KUNIT_ASSERT_EQ(test, dualtree_buf_clone(&buf, size, &clones[i], GFP_KERNEL), 0);
	}
	dualtree_buf_purge(&buf);
	sent[2] = dt_send_all(test, tx, pairs[2].near, &clones[2]);
	while (got[0] < size || got[1] < size) {
		for (i = 0; i < 2; i++) {
			sent[i] += dt_send_all(test, tx, pairs[i].near, &clones[i]);
			got[i] += dt_drain_socket(test, pairs[i].far, got[i]);
		}
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, sent[0], size);
	KUNIT_EXPECT_EQ(test, sent[1], size);
	/* What the slow one has, it has whole. */
	dt_buf_expect(test, &clones[2], sent[2], size - sent[2]);
	KUNIT_EXPECT_GE(test, live_bytes(dt), size - sent[2]);
	dualtree_buf_purge(&clones[2]);
	dt_reset_socket(test, pairs[2].near);
	dt_expect_sent(test, tx, tx_stats(tx).zerocopy_bytes,
		       sent[0] + sent[1] + sent[2] - tx_stats(tx).zerocopy_bytes);
	dt_expect_clean(test, dt);
}

static void send_refused(struct kunit *test)
{
	struct dualtree *dt = test_instance(test), *other = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt), *foreign = dt_test_tx(test, other);
	struct socket_pair pair = dt_tcp_pair(test);
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 1000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(foreign, pair.near, &buf, 10, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 1001, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_send(tx, pair.near, &buf, 0, 0), 0);
	dt_buf_expect(test, &buf, 0, 1000);
	dt_expect_sent(test, tx, 0, 0);
	KUNIT_EXPECT_EQ(test, tx_stats(tx).sends, 0);
	dt_buf_finish(test, &buf);
}

/* What makes an instance full can be sent, although there is no room for a send's records. */
static void send_full(struct kunit *test)
{
	struct dualtree *dt = dt_test_one_region(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct socket_pair pair = dt_tcp_pair(test), datagrams = dt_udp_pair(test);
	u8 *bytes = dt_test_zalloc(test, ONE_REGION_GRANULES);
	struct memory_hog *rest, *freed;
	struct dualtree_buf buf;
	size_t len = 0;

	dualtree_buf_init(&buf, dt);
	dt_fill(bytes, 0, ONE_REGION_GRANULES);
	while (!dualtree_buf_append(&buf, bytes + len, 1, GFP_KERNEL))
		len++;
	KUNIT_ASSERT_GT(test, len, 100);
	rest = dt_hog_memory(test, dt, 0);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, datagrams.near, &buf, 10, 0), 10);
	KUNIT_EXPECT_EQ(test, dt_plain_recv(datagrams.far, bytes, 20, 0), 10);
	KUNIT_EXPECT_TRUE(test, dt_filled(bytes, 0, 10));
	freed = dt_hog_memory(test, dt, 0);
	KUNIT_EXPECT_EQ(test, dt_send_all(test, tx, pair.near, &buf), len - 10);
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, pair.far, 10, len), len);
	dt_expect_sent(test, tx, 0, len);
	dt_unhog_memory(dt, rest);
	dt_unhog_memory(dt, freed);
	dt_expect_clean(test, dt);
}

/*
 * More ranges than one allocation has vectors for: a part is sent, at a cost that has a bound. On a
 * slow kernel, the bound only.
 */
static void send_many_ranges(struct kunit *test)
{
	const size_t nr = SLOW_KERNEL ? 10000 : 262144 + 1, max = 1024;
	struct tx_fixture f;
	ssize_t sent;
	size_t i;
	u8 *ptr;

	dt_tx_fixture_init(test, &f, dt_tcp_pair);
	for (i = 0; i < nr; i++) {
		if (!(i % SZ_64K)) {
			ptr = dt_must_alloc(test, f.dt, min(nr - i, (size_t)SZ_64K));
			dt_fill(ptr, i, min(nr - i, (size_t)SZ_64K));
		}
		KUNIT_ASSERT_EQ(test, dualtree_buf_adopt(&f.buf, ptr + i % SZ_64K, 1, GFP_KERNEL),
				0);
	}
	sent = dualtree_buf_send(f.tx, f.pair.near, &f.buf, nr, 0);
	KUNIT_EXPECT_GT(test, sent, 0);
	KUNIT_EXPECT_LE(test, sent, max);
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, f.pair.far, 0, sent), sent);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&f.buf), nr - sent);
	dt_expect_sent(test, f.tx, 0, sent);
	dt_buf_finish(test, &f.buf);
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
	struct socket_pair pair;
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

	while (bytes && (got = dt_plain_recv(s->pair.far, bytes, 8192, 0)) > 0) {
		if (!dt_filled(bytes, s->got, got))
			break;
		s->got += got;
	}
	kfree(bytes);
}

static void send_concurrent(struct kunit *test)
{
	struct stream *streams = kunit_kcalloc(test, STREAMS, sizeof(*streams), GFP_KERNEL);
	struct dualtree *dt = test_instance(test);
	struct dualtree_tx *tx = dt_test_tx(test, dt);
	struct dualtree_buf buf;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, streams);
	dualtree_buf_init(&buf, dt);
	dt_buf_append_ranges(test, &buf, 0, STREAM_BYTES);
	for (i = 0; i < STREAMS; i++) {
		struct stream *s = &streams[i];

		s->tx = tx;
		s->pair = dt_tcp_pair(test);
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
	dt_expect_sent(test, tx, 0, STREAMS * STREAM_BYTES);
	dt_expect_clean(test, dt);
}

static struct kunit_case netbuf_send_cases[] = {
	KUNIT_CASE(send_stream),
	KUNIT_CASE(send_portions),
	KUNIT_CASE(send_partial),
	KUNIT_CASE(send_clones),
	KUNIT_CASE(send_refused),
	KUNIT_CASE(send_full),
	KUNIT_CASE(send_many_ranges),
	KUNIT_CASE(send_concurrent),
	{}
};

DUALTREE_SUITE(netbuf_send, "sending streams");
