/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending a packet buffer: the stack reads it where it lies, and it is freed when the stack is
 * done. To be had through netbuf.h.
 */
#ifndef DUALTREE_NETBUF_TX_H
#define DUALTREE_NETBUF_TX_H

#include <linux/err.h>
#include <linux/socket.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_buf;
struct dualtree_tx;
struct socket;

/**
 * struct dualtree_tx_stats - what has been sent and what is on its way
 * @sends: calls of the socket that it accepted bytes of
 * @zerocopy_bytes: bytes of which the stack read nothing but the ranges themselves
 * @copied_bytes: bytes that were copied: by the socket, since it cannot do without, or by the
 *	stack on the way. Counted by whole sends, when the stack is done with them
 * @copied_sends: sends that @copied_bytes are of
 * @inflight_bytes: bytes that the stack has not done with
 * @inflight_ranges: ranges that they lie in
 */
struct dualtree_tx_stats {
	u64 sends;
	u64 zerocopy_bytes;
	u64 copied_bytes;
	u64 copied_sends;
	size_t inflight_bytes;
	unsigned long inflight_ranges;
};

/**
 * dualtree_tx_create() - make what keeps track of an instance's sends
 * @dt: the instance; must outlive it
 *
 * One serves all sockets that an instance's buffers are sent to. It pins dualtree_netbuf.
 *
 * Context: Process context. May sleep.
 * Return: it, or ERR_PTR(-ENOMEM).
 */
struct dualtree_tx *dualtree_tx_create(struct dualtree *dt);

/**
 * dualtree_tx_flush() - wait until the stack is done with all that was sent
 * @tx: it
 * @timeout: most jiffies to wait, or MAX_SCHEDULE_TIMEOUT
 *
 * The stack keeps what a peer has not acknowledged: a peer that is silent can make this last
 * for minutes. And a TCP socket that a module made (sock_create_kern(), kernel_accept()) has no
 * timers once it is released: what was in flight then is not sent again, and may never come
 * back. So, before sock_release(): shut down and flush, and if that takes too long, or for
 * those who do not care, sock_no_linger(). A socket that is released after that gives
 * everything back at once.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ETIMEDOUT.
 */
int dualtree_tx_flush(struct dualtree_tx *tx, long timeout);

/**
 * dualtree_tx_destroy() - wait for all that was sent, then free
 * @tx: it, or NULL; nobody else may be using it
 *
 * To be called before dualtree_destroy() for the instance, and before the caller's module goes.
 *
 * Context: Process context. May sleep, as long as dualtree_tx_flush().
 */
void dualtree_tx_destroy(struct dualtree_tx *tx);

/**
 * dualtree_tx_get_stats() - read the counts
 * @tx: it
 * @stats: filled in; exact while nothing is in flight
 *
 * Context: Any context.
 */
void dualtree_tx_get_stats(struct dualtree_tx *tx, struct dualtree_tx_stats *stats);

/**
 * dualtree_buf_sendmsg() - send from a buffer without copying
 * @tx: keeps track; of the buffer's instance
 * @sock: the socket
 * @msg: name, control messages and flags, as for sock_sendmsg(); its iterator and its ubuf
 *	are overwritten
 * @buf: the buffer
 * @len: bytes to send, from the first on
 *
 * The bytes that the socket accepted leave the buffer, the rest stays. They are freed when
 * the stack is done with them: sent, acknowledged, and not to be sent again, or dropped. A
 * socket that cannot send without copying is sent copies: then they are free at once.
 *
 * A stream may accept any part; what is sent to other sockets is one datagram. Between two
 * calls without MSG_MORE a TCP socket does not merge packets: many small sends make many
 * small packets.
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: bytes accepted, 0 if @len is 0 on a stream, -ENODATA if there are less than @len,
 * -EINVAL if @tx is of another instance, -ENOMEM, or what sock_sendmsg() returned: -EAGAIN,
 * -EPIPE, -ECONNRESET, -EMSGSIZE and so on. If it is negative nothing left the buffer.
 */
ssize_t dualtree_buf_sendmsg(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf, size_t len);

/**
 * dualtree_buf_send() - send from a buffer to where the socket is connected
 * @tx: keeps track; of the buffer's instance
 * @sock: the socket
 * @buf: the buffer
 * @len: bytes to send, from the first on
 * @flags: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE and so on
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: as dualtree_buf_sendmsg().
 */
ssize_t dualtree_buf_send(struct dualtree_tx *tx, struct socket *sock, struct dualtree_buf *buf,
			  size_t len, int flags);

#endif /* DUALTREE_NETBUF_TX_H */
