/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets for the suites of netbuf: connected within the kernel, over loopback, and released
 * at the end of their test.
 */
#ifndef DUALTREE_KUNIT_NETBUF_SOCKETS_H
#define DUALTREE_KUNIT_NETBUF_SOCKETS_H

#include <linux/in.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include "../compat/socket.h"
#include "netbuf_bed.h"

/* Long enough for anything that comes at all, on a machine that is busy. */
#define PATIENCE	(30 * HZ)

/* What is left at the end of a test is reset: nothing in flight outlives it. */
static inline void socket_release(struct kunit_resource *res)
{
	struct socket *sock = res->data;

	if (!(sock->sk->sk_shutdown & SEND_SHUTDOWN))
		sock_no_linger(sock->sk);
	sock_release(sock);
}

/* Released at the end of the test, unless it is dropped or reset before. */
static inline struct socket *own_socket(struct kunit *test, struct socket *sock)
{
	kunit_alloc_resource(test, NULL, socket_release, GFP_KERNEL, sock);
	return sock;
}

static inline void free_socket(struct kunit *test, struct socket *sock)
{
	KUNIT_EXPECT_EQ(test, kunit_destroy_resource(test, resource_is, sock), 0);
}

/* The peer reads what was sent, and then the end. */
static inline void drop_socket(struct kunit *test, struct socket *sock)
{
	kernel_sock_shutdown(sock, SHUT_WR);
	free_socket(test, sock);
}

/* What is not read or not acknowledged is given up, and the peer is told. */
static inline void reset_socket(struct kunit *test, struct socket *sock)
{
	sock_no_linger(sock->sk);
	free_socket(test, sock);
}

/* Before there is a user space it is down, and has no address. */
static inline void loopback_up(struct kunit *test)
{
	struct net_device *lo = init_net.loopback_dev;

	rtnl_lock();
	if (!(lo->flags & IFF_UP))
		KUNIT_EXPECT_EQ(test, dev_open(lo, NULL), 0);
	rtnl_unlock();
}

static inline struct socket *make_socket(struct kunit *test, int family, int type, int protocol)
{
	struct socket *sock = NULL;

	loopback_up(test);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, family, type, protocol, &sock), 0);
	return own_socket(test, sock);
}

/* Bind to some port of loopback. Return: its address in @addr. */
static inline void bind_socket(struct kunit *test, struct socket *sock, struct sockaddr_in *addr)
{
	*addr = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	KUNIT_ASSERT_EQ(test, kernel_bind(sock, dt_sockaddr(addr), sizeof(*addr)), 0);
	KUNIT_ASSERT_EQ(test, kernel_getsockname(sock, (struct sockaddr *)addr), sizeof(*addr));
}

/**
 * struct pair - two sockets that are connected
 * @near: the one that sends
 * @far: the one that receives
 */
struct pair {
	struct socket *near;
	struct socket *far;
};

static inline struct pair tcp_pair(struct kunit *test)
{
	struct socket *listener = make_socket(test, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	struct sockaddr_in addr;
	struct pair pair;

	bind_socket(test, listener, &addr);
	KUNIT_ASSERT_EQ(test, kernel_listen(listener, 1), 0);
	pair.near = make_socket(test, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	KUNIT_ASSERT_EQ(test, kernel_connect(pair.near, dt_sockaddr(&addr), sizeof(addr), 0), 0);
	KUNIT_ASSERT_EQ(test, kernel_accept(listener, &pair.far, 0), 0);
	own_socket(test, pair.far);
	drop_socket(test, listener);
	return pair;
}

static inline struct pair udp_pair(struct kunit *test)
{
	struct sockaddr_in addr;
	struct pair pair;

	pair.far = make_socket(test, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	bind_socket(test, pair.far, &addr);
	pair.near = make_socket(test, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	KUNIT_ASSERT_EQ(test, kernel_connect(pair.near, dt_sockaddr(&addr), sizeof(addr), 0), 0);
	return pair;
}

static inline struct pair unix_pair(struct kunit *test)
{
	struct pair pair;

	pair.near = make_socket(test, AF_UNIX, SOCK_STREAM, 0);
	pair.far = make_socket(test, AF_UNIX, SOCK_STREAM, 0);
	KUNIT_ASSERT_EQ(test, pair.near->ops->socketpair(pair.near, pair.far), 0);
	return pair;
}

/* Buffers so small that a sender is soon stopped; @far_bytes is what the reader has. */
static inline void make_narrow(struct pair *pair, int far_bytes)
{
	lock_sock(pair->near->sk);
	pair->near->sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	WRITE_ONCE(pair->near->sk->sk_sndbuf, SZ_64K);
	release_sock(pair->near->sk);
	lock_sock(pair->far->sk);
	pair->far->sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	WRITE_ONCE(pair->far->sk->sk_rcvbuf, far_bytes);
	release_sock(pair->far->sk);
}

/* Return: what kernel_recvmsg() does. */
static inline ssize_t plain_recv(struct socket *sock, void *to, size_t len, int flags)
{
	struct kvec vec = { .iov_base = to, .iov_len = len };
	struct msghdr msg = {};

	return kernel_recvmsg(sock, &msg, &vec, 1, len, flags);
}

static inline ssize_t plain_send(struct socket *sock, void *from, size_t len, int flags)
{
	struct kvec vec = { .iov_base = from, .iov_len = len };
	struct msghdr msg = { .msg_flags = flags };

	return kernel_sendmsg(sock, &msg, &vec, 1, len);
}

/* Read what is there, which is as from @from on. Return: how much it was. */
static inline size_t drain_socket(struct kunit *test, struct socket *sock, size_t from)
{
	u8 *bytes = kmalloc(SZ_64K, GFP_KERNEL);
	size_t sum = 0;
	ssize_t got;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	while ((got = plain_recv(sock, bytes, SZ_64K, MSG_DONTWAIT)) > 0) {
		KUNIT_EXPECT_TRUE(test, bed_filled(bytes, from + sum, got));
		sum += got;
	}
	kfree(bytes);
	return sum;
}

#endif /* DUALTREE_KUNIT_NETBUF_SOCKETS_H */
