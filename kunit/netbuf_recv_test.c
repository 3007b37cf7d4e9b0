// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving from real sockets: what came is kept, the rest of the room is free, and where
 * nothing came nothing is left.
 */
#include "fixtures/sockets.h"

static void recv_stream(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_tcp_pair(test);
	size_t sent = 0, got = 0;
	struct dualtree_buf buf;
	u8 *bytes = dt_test_zalloc(test, 5000);
	unsigned int ranges = 0;
	ssize_t len;

	dualtree_buf_init(&buf, dt);
	for (sent = 0; sent < 100000; sent += 5000) {
		dt_fill(bytes, sent, 5000);
		KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 5000, 0), 5000);
		for (; got < sent + 5000; got += len) {
			len = dualtree_buf_recv(&buf, pair.far, 16384, 0, GFP_KERNEL);
			KUNIT_ASSERT_GT(test, len, 0);
			KUNIT_EXPECT_EQ(test, live_bytes(dt), got + len + ++ranges * RECORD);
		}
	}
	dt_buf_expect(test, &buf, 0, 100000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 16384, MSG_DONTWAIT, GFP_KERNEL),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 100000 + ranges * RECORD);
	dt_close_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 16384, 0, GFP_KERNEL), 0);
	dt_buf_expect(test, &buf, 0, 100000);
	dualtree_buf_purge(&buf);
	dt_expect_drained(test, dt);
}

static void recv_refused(struct kunit *test)
{
	struct dualtree *dt = dt_test_one_region(test);
	struct socket_pair pair = dt_tcp_pair(test);
	struct dualtree_buf buf;
	struct memory_hog *hog;
	u8 bytes[100];

	dt_fill(bytes, 0, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, sizeof(bytes), 0), sizeof(bytes));
	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 0, 0, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, dualtree_max_size(dt) + 1, 0,
						GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, dualtree_buf_reserve(&buf, 10, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 10, 0, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), 0);
	hog = dt_hog_memory(test, dt, 1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 100, 0, GFP_KERNEL), -ENOMEM);
	dt_unhog_memory(dt, hog);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	/* The socket has lost nothing. */
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 100, 0, GFP_KERNEL), 100);
	dt_buf_expect(test, &buf, 0, 100);
	dualtree_buf_purge(&buf);
	dt_expect_drained(test, dt);
}

static void recv_reset(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_tcp_pair(test);
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	dt_reset_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 16384, 0, GFP_KERNEL), -ECONNRESET);
	dt_expect_clean(test, dt);
}

/* A datagram is cut to the room there is for it; how long it was can be asked for. */
static void recv_datagram(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_udp_pair(test);
	struct dualtree_buf buf;
	u8 bytes[300];

	dualtree_buf_init(&buf, dt);
	dt_fill(bytes, 0, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 300, 0), 300);
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes + 100, 200, 0), 200);
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 100, MSG_TRUNC, GFP_KERNEL), 300);
	dt_buf_expect(test, &buf, 0, 100);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 65536, 0, GFP_KERNEL), 200);
	dt_buf_expect(test, &buf, 0, 300);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 65536, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 300 + 2 * RECORD);
	dualtree_buf_purge(&buf);
	dt_expect_drained(test, dt);
}

static struct kunit_case netbuf_recv_cases[] = {
	KUNIT_CASE(recv_stream),
	KUNIT_CASE(recv_refused),
	KUNIT_CASE(recv_reset),
	KUNIT_CASE(recv_datagram),
	{}
};

DUALTREE_SUITE(netbuf_recv, "receiving from sockets");
