/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ubuf, whose callback tells a sender that the stack has released its pages, and whether TCP
 * reads pages after the callback. Any context.
 */
#ifndef DUALTREE_COMPAT_UBUF_H
#define DUALTREE_COMPAT_UBUF_H

#include <linux/skbuff.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>

#if !DT_HAVE_UBUF_INFO_OPS

/* 6.10 moved the callback into a table of operations. */
struct ubuf_info_ops {
	void (*complete)(struct sk_buff *skb, struct ubuf_info *ubuf, bool success);
};

static inline void dt_ubuf_set_ops(struct ubuf_info *ubuf, const struct ubuf_info_ops *ops)
{
	ubuf->callback = ops->complete;
}

#else

static inline void dt_ubuf_set_ops(struct ubuf_info *ubuf, const struct ubuf_info_ops *ops)
{
	ubuf->ops = ops;
}

#endif

#if DT_HAVE_TCP_ALLOC_SKB_SIZE
/*
 * Up to 6.4 an MTU probe is a copy. The change that made it one of fragments removed the size from
 * tcp_stream_alloc_skb(), since TCP packets have no linear part any more.
 */
static inline bool dt_ubuf_ends_early(const struct sock *sk)
{
	return false;
}
#else
/*
 * TCP builds an MTU probe from the fragments of queued packets. It refers to their pages, not to
 * their ubuf, so they may be read after the ubuf's callback. A connection that probes goes on to do
 * so after the sysctl is turned off.
 *
 * Return: true if such a probe may be built for a socket.
 */
static inline bool dt_ubuf_ends_early(const struct sock *sk)
{
	return sk_is_tcp(sk) && (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_mtu_probing) ||
				 inet_csk(sk)->icsk_mtup.enabled);
}
#endif

#endif /* DUALTREE_COMPAT_UBUF_H */
