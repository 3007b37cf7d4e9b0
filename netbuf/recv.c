// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving from a socket: room for what may come, of which only what came is kept.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/net.h>
#include <linux/uio.h>
#include "chain.h"

ssize_t dualtree_buf_recv(struct dualtree_buf *buf, struct socket *sock, size_t size, int flags,
			  gfp_t gfp)
{
	struct msghdr msg = {};
	struct kvec vec;
	ssize_t got;

	if (buf->room || !size || size > dualtree_max_size(buf->dt))
		return -EINVAL;
	vec.iov_base = dualtree_buf_reserve(buf, size, gfp);
	vec.iov_len = size;
	if (!vec.iov_base)
		return -ENOMEM;
	got = kernel_recvmsg(sock, &msg, &vec, 1, size, flags);
	dualtree_buf_put(buf, clamp_t(ssize_t, got, 0, size));
	return got;
}
EXPORT_SYMBOL_GPL(dualtree_buf_recv);
