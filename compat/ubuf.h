/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tells a sender that the stack is done: 6.10 moved the callback of a ubuf into a table
 * of operations. And where the stack of some kernels is not done when it says so.
 */
#ifndef DUALTREE_COMPAT_UBUF_H
#define DUALTREE_COMPAT_UBUF_H

#include <linux/skbuff.h>
#include <linux/version.h>
#include <net/sock.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)

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

/*
 * From 6.5 on a probe for a larger MTU is built from the fragments of queued packets, with
 * references to their pages but none to their ubuf: it may be read after the ubuf's end.
 *
 * Return: true if such a probe may be built for a socket.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline bool dt_ubuf_ends_early(const struct sock *sk)
{
	return false;
}
#else
static inline bool dt_ubuf_ends_early(const struct sock *sk)
{
	return sk_is_tcp(sk) && READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_mtu_probing);
}
#endif

#endif /* DUALTREE_COMPAT_UBUF_H */
