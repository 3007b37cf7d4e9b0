/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: from 6.19 on kernel_bind() and kernel_connect() take a struct sockaddr_unsized, and
 * from 6.7 on UDP_CORK is a bit. 6.14 added the call that gives a module's socket a reference to
 * its network namespace.
 */
#ifndef DUALTREE_COMPAT_SOCKET_H
#define DUALTREE_COMPAT_SOCKET_H

#include <linux/socket.h>
#include <linux/udp.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#if DT_HAVE_SOCKADDR_UNSIZED
#define dt_sockaddr(addr) ((struct sockaddr_unsized *)(addr))
#else
#define dt_sockaddr(addr) ((struct sockaddr *)(addr))
#endif

#if !DT_HAVE_SK_NET_REFCNT_UPGRADE

/* From 6.2 on a tracker follows the sockets without a reference, too, as such. */
#if DT_HAVE_NETNS_TRACKER_REFCOUNTED
static inline void dt_untrack_net(struct sock *sk)
{
	__netns_tracker_free(sock_net(sk), &sk->ns_tracker, false);
}
#else
static inline void dt_untrack_net(struct sock *sk)
{
}
#endif

/* No timer of the socket may run, and its namespace must be alive. */
static inline void sk_net_refcnt_upgrade(struct sock *sk)
{
	struct net *net = sock_net(sk);

	dt_untrack_net(sk);
	sk->sk_net_refcnt = 1;
	get_net_track(net, &sk->ns_tracker, GFP_KERNEL);
	sock_inuse_add(net, 1);
}

#endif

/* Return: true if the next part of a datagram does not end it. */
#if DT_HAVE_UDP_TEST_BIT
static inline bool dt_udp_corked(const struct sock *sk)
{
	return sk_is_udp(sk) && udp_test_bit(CORK, sk);
}
#else
static inline bool dt_udp_corked(const struct sock *sk)
{
	return sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP &&
	       READ_ONCE(udp_sk(sk)->corkflag);
}
#endif

#endif /* DUALTREE_COMPAT_SOCKET_H */
