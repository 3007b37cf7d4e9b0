/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: from 6.19 on kernel_bind() and kernel_connect() take a struct sockaddr_unsized, and
 * from 6.7 on UDP_CORK is a bit.
 */
#ifndef DUALTREE_COMPAT_SOCKET_H
#define DUALTREE_COMPAT_SOCKET_H

#include <linux/socket.h>
#include <linux/udp.h>
#include <net/sock.h>

#if DT_HAVE_SOCKADDR_UNSIZED
#define dt_sockaddr(addr) ((struct sockaddr_unsized *)(addr))
#else
#define dt_sockaddr(addr) ((struct sockaddr *)(addr))
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
