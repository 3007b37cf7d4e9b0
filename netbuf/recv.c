// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving from a socket into a buffer.
 *
 *	the bytes after the last range		the socket fills
 *	are free, and the buffer owns it	them: the range grows, and is trimmed afterwards
 *	are not					a range of their own
 *
 * So many short receives make one range, not a range and a record each. How much the socket has
 * filled is read from the iterator, never from the return value: with some flags that is more than
 * was written.
 *
 * No lock: the caller owns the buffer. Process context.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include "buf.h"

/* Flags that any socket may be given: none of them asks for anything but the next bytes. */
#define RECV_FLAGS	(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB | MSG_PEEK | MSG_WAITALL)

/* A stream discards bytes with MSG_TRUNC; any other socket returns a datagram's true length. */
static bool flags_are_valid(const struct socket *sock, unsigned int flags)
{
	return !(flags & ~(RECV_FLAGS | (sock->type == SOCK_STREAM ? 0 : MSG_TRUNC)));
}

/* Receive up to @size bytes at @to. Return: as kernel_recvmsg(); *@written: bytes written there. */
static ssize_t recv_to(struct socket *sock, struct msghdr *msg, void *to, size_t size, int flags,
		       size_t *written)
{
	struct kvec vec = { .iov_base = to, .iov_len = size };
	ssize_t got = kernel_recvmsg(sock, msg, &vec, 1, size, flags);

	*written = min_t(size_t, size - iov_iter_count(&msg->msg_iter), max_t(ssize_t, got, 0));
	/* The vector is gone, so that no use of the iterator makes sense. */
	iov_iter_kvec(&msg->msg_iter, ITER_DEST, NULL, 0, 0);
	return got;
}

/* Return: the last range, with @size bytes of room after it, or NULL if it cannot grow. */
static struct dualtree_segment *grow_last(struct dualtree_buf *buf, size_t size)
{
	struct dualtree_segment *seg = buf_last(buf);

	if (!seg || !dt_segment_own(buf->dt, seg) ||
	    !dualtree_extend(buf->dt, seg->data, seg->len, seg->len + size))
		return NULL;
	return seg;
}

ssize_t dualtree_buf_recvmsg(struct dualtree_buf *buf, struct socket *sock, struct msghdr *msg,
			     size_t size, int flags, gfp_t gfp)
{
	struct dualtree_segment *last;
	size_t written;
	ssize_t got;
	void *room;

	if (buf->reserved || !size || size > dualtree_max_size(buf->dt) ||
	    !flags_are_valid(sock, flags))
		return -EINVAL;
	last = grow_last(buf, size);
	if (last) {
		got = recv_to(sock, msg, last->data + last->len, size, flags, &written);
		dualtree_trim(buf->dt, last->data, last->len + size, last->len + written);
		last->len += written;
		buf->len += written;
		return got;
	}
	room = dualtree_buf_reserve(buf, size, gfp);
	if (!room)
		return -ENOMEM;
	got = recv_to(sock, msg, room, size, flags, &written);
	dualtree_buf_commit(buf, written);
	return got;
}
EXPORT_SYMBOL_GPL(dualtree_buf_recvmsg);

ssize_t dualtree_buf_recv(struct dualtree_buf *buf, struct socket *sock, size_t size, int flags,
			  gfp_t gfp)
{
	struct msghdr msg = {};

	return dualtree_buf_recvmsg(buf, sock, &msg, size, flags, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_buf_recv);
