// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving from real sockets: what came is kept, the rest of the room is free, and where
 * nothing came nothing is left.
 */
#include "fixtures/sockets.h"

/* Return: bytes that are live for a buffer that shares nothing. */
static size_t live_of(const struct dualtree_buf *buf)
{
	return dualtree_buf_len(buf) + RECORD * dualtree_buf_kvecs(buf, dualtree_buf_len(buf),
								   NULL, 0);
}

static void recv_stream(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_tcp_pair(test);
	size_t sent = 0, got = 0;
	struct dualtree_buf buf;
	u8 *bytes = dt_test_zalloc(test, 5000);
	ssize_t len;

	dualtree_buf_init(&buf, dt);
	for (sent = 0; sent < 100000; sent += 5000) {
		dt_fill(bytes, sent, 5000);
		KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 5000, 0), 5000);
		for (; got < sent + 5000; got += len) {
			len = dualtree_buf_recv(&buf, pair.far, 16384, 0, GFP_KERNEL);
			KUNIT_ASSERT_GT(test, len, 0);
			KUNIT_EXPECT_EQ(test, live_bytes(dt), live_of(&buf));
		}
	}
	dt_buf_expect(test, &buf, 0, 100000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 16384, MSG_DONTWAIT, GFP_KERNEL),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), live_of(&buf));
	dt_close_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 16384, 0, GFP_KERNEL), 0);
	dt_buf_expect(test, &buf, 0, 100000);
	dt_buf_finish(test, &buf);
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
	dt_buf_finish(test, &buf);
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
	KUNIT_EXPECT_EQ(test, live_bytes(dt), live_of(&buf));
	dt_buf_finish(test, &buf);
}

/* The source of a datagram, when it came, and that it was longer than its room. */
static void recv_with_source(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_udp_pair(test);
	u8 control[CMSG_SPACE(sizeof(struct __kernel_old_timespec))] __aligned(8) = {};
	struct sockaddr_in source = {}, near;
	struct msghdr msg = {
		.msg_name = &source,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *first = (struct cmsghdr *)control;
	struct dualtree_buf buf;
	u8 bytes[300];
	int on = 1;

	dualtree_buf_init(&buf, dt);
	KUNIT_ASSERT_GT(test, kernel_getsockname(pair.near, (struct sockaddr *)&near), 0);
	KUNIT_ASSERT_EQ(test, sock_setsockopt(pair.far, SOL_SOCKET, SO_TIMESTAMPNS_OLD,
					      KERNEL_SOCKPTR(&on), sizeof(on)), 0);
	dt_fill(bytes, 0, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 300, 0), 300);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recvmsg(&buf, pair.far, &msg, 100, 0, GFP_KERNEL), 100);
	dt_buf_expect(test, &buf, 0, 100);
	KUNIT_EXPECT_EQ(test, msg.msg_namelen, sizeof(source));
	KUNIT_EXPECT_EQ(test, ntohs(source.sin_port), ntohs(near.sin_port));
	KUNIT_EXPECT_EQ(test, ntohl(source.sin_addr.s_addr), INADDR_LOOPBACK);
	KUNIT_EXPECT_TRUE(test, msg.msg_flags & MSG_TRUNC);
	KUNIT_EXPECT_EQ(test, msg.msg_controllen, 0);
	KUNIT_EXPECT_EQ(test, first->cmsg_level, SOL_SOCKET);
	KUNIT_EXPECT_EQ(test, first->cmsg_type, SO_TIMESTAMPNS_OLD);
	dt_buf_finish(test, &buf);
}

/*
 * A stream discards bytes with MSG_TRUNC and writes none; other flags ask for something else than
 * the next bytes. Nothing may be appended, and the socket keeps all.
 */
static void recv_flags(struct kunit *test)
{
	static const unsigned int refused[] = {
		MSG_TRUNC, MSG_ERRQUEUE, MSG_SPLICE_PAGES, MSG_ZEROCOPY, MSG_CMSG_CLOEXEC,
		MSG_WAITALL | MSG_TRUNC,
	};
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_tcp_pair(test), datagrams = dt_udp_pair(test);
	struct dualtree_buf buf;
	u8 bytes[100];
	size_t i;

	dualtree_buf_init(&buf, dt);
	dt_fill(bytes, 0, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 100, 0), 100);
	KUNIT_ASSERT_EQ(test, dt_plain_recv(pair.far, bytes, 100, MSG_PEEK), 100);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 100,
							refused[i] | MSG_DONTWAIT, GFP_KERNEL),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 0);
	}
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, datagrams.far, 100,
						MSG_ERRQUEUE | MSG_DONTWAIT, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 60,
						MSG_PEEK | MSG_DONTWAIT | MSG_NOSIGNAL,
						GFP_KERNEL), 60);
	dt_buf_expect(test, &buf, 0, 60);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&buf, pair.far, 100,
						MSG_WAITALL | MSG_DONTWAIT, GFP_KERNEL), 100);
	dt_buf_expect(test, &buf, 0, 100);
	dt_buf_finish(test, &buf);
}

/* Bytes that arrive one by one make few ranges. */
static void recv_single_bytes(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_tcp_pair(test);
	u8 *bytes = dt_test_zalloc(test, 2000);
	struct dualtree_buf buf;
	size_t i;

	dualtree_buf_init(&buf, dt);
	dt_fill(bytes, 0, 2000);
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 2000, 0), 2000);
	for (i = 0; i < 2000; i++)
		KUNIT_ASSERT_EQ(test, dualtree_buf_recv(&buf, pair.far, 1, 0, GFP_KERNEL), 1);
	dt_buf_expect(test, &buf, 0, 2000);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), live_of(&buf));
	kunit_info(test, "%zu bytes are live for 2000\n", live_bytes(dt));
	KUNIT_EXPECT_LE(test, live_bytes(dt), 2 * 2000 + RECORD);
	dt_buf_finish(test, &buf);
}

/* A range that a clone shares does not grow, and a clone does not see what is received later. */
static void recv_shared(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct socket_pair pair = dt_tcp_pair(test);
	struct dualtree_buf buf, clone;
	u8 bytes[100];

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&clone, dt);
	dt_fill(bytes, 0, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, bytes, 100, 0), 100);
	KUNIT_ASSERT_EQ(test, dualtree_buf_recv(&buf, pair.far, 10, 0, GFP_KERNEL), 10);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 10, &clone, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, dualtree_buf_recv(&buf, pair.far, 40, 0, GFP_KERNEL), 40);
	dt_buf_expect(test, &clone, 0, 10);
	dt_buf_expect(test, &buf, 0, 50);
	/* The clone is the last view of its range. */
	dualtree_buf_purge(&buf);
	KUNIT_ASSERT_EQ(test, dualtree_buf_recv(&clone, pair.far, 50, MSG_PEEK, GFP_KERNEL), 50);
	KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&clone, 10), 0);
	dt_buf_expect(test, &clone, 0, 10);
	dualtree_buf_purge(&clone);
	dt_expect_clean(test, dt);
}

static struct kunit_case netbuf_recv_cases[] = {
	KUNIT_CASE(recv_stream),
	KUNIT_CASE(recv_refused),
	KUNIT_CASE(recv_reset),
	KUNIT_CASE(recv_datagram),
	KUNIT_CASE(recv_with_source),
	KUNIT_CASE(recv_flags),
	KUNIT_CASE(recv_single_bytes),
	KUNIT_CASE(recv_shared),
	{}
};

DUALTREE_SUITE(netbuf_recv, "receiving from sockets");
