/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending a packet buffer: the stack reads its ranges in place, and they are freed when the stack
 * is done with them. Included by netbuf.h. Contexts: as each call says.
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
 * struct dualtree_tx_stats - statistics of sends
 * @sends: sends of which the socket accepted bytes
 * @zerocopy_bytes: bytes of finished sends that were read in place only
 * @copied_bytes: bytes of finished sends of which the socket or the stack copied any
 * @copied_sends: sends that @copied_bytes are from
 * @inflight_bytes: bytes of sends that the stack is not done with, or whose pages packets refer to
 * @inflight_ranges: ranges that @inflight_bytes are in
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
 * dualtree_tx_create() - create a tracker of an instance's sends
 * @dt: the instance, which must outlive the tracker
 *
 * One tracker serves all sockets that the instance's buffers are sent to. An instance may have
 * several, one for each socket for example, so that dualtree_tx_flush() waits for that one's sends
 * alone. A tracker pins the module.
 *
 * Context: Process context. May sleep.
 * Return: the tracker, or ERR_PTR(-ENOMEM).
 */
struct dualtree_tx *dualtree_tx_create(struct dualtree *dt);

/**
 * dualtree_tx_flush() - wait until the stack is done with all sends
 * @tx: the tracker
 * @timeout: maximum time to wait, in jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * The stack keeps what the peer has not acknowledged until the connection ends. If the peer is
 * silent, that takes as long as tcp_sock_set_user_timeout() says, or else some minutes. A TCP
 * socket that a module made does not end by itself after its release, unless the module called
 * dualtree_sock_hold_net(). With sock_no_linger() before it, sock_release() ends all sends of the
 * socket at once. Packets of dualtree_rx_skb() that have bytes in the same pages delay the end of
 * a send, too.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ETIMEDOUT.
 */
int dualtree_tx_flush(struct dualtree_tx *tx, long timeout);

/**
 * dualtree_tx_set_copy_max() - have short sends copied
 * @tx: the tracker
 * @bytes: a send of so many bytes, or fewer, is copied; 0, the default: none
 *
 * A send in place costs a record, a callback and a second look at its pages. A copy of a few bytes
 * costs less, and TCP puts the bytes of several into one packet. It pays from a few KiB on; see
 * "What a send costs" in the documentation of packet buffers.
 *
 * Context: Any context, NMI included.
 */
void dualtree_tx_set_copy_max(struct dualtree_tx *tx, size_t bytes);

/**
 * dualtree_sock_hold_net() - let a module's socket end by itself after its release
 * @sock: a socket that sock_create_kern() or kernel_accept() made, of any kind
 *
 * A module's socket has no reference to its network namespace, so the stack stops its timers when
 * it is released: TCP does not send again what the peer has not acknowledged, be it the last data
 * or the FIN, and keeps the socket and its sends for ever. This takes the reference. Afterwards
 * sock_release() may come at any time, and the socket goes on as a program's does.
 *
 * Call it before the socket is bound, connected or listens. A socket that is accepted from a
 * listener with the reference has one; another call changes nothing.
 *
 * The namespace stays for as long as the socket does. A module that must not keep it goes without:
 * it calls sock_no_linger() and sock_release() in the pre_exit() of a struct pernet_operations.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENETDOWN if the namespace is going away.
 */
int dualtree_sock_hold_net(struct socket *sock);

/**
 * dualtree_tx_destroy() - wait until the stack is done with all sends, then free a tracker
 * @tx: the tracker, or NULL; no other call may use it
 *
 * Call it before dualtree_destroy() for the instance, and before the caller's module is unloaded.
 *
 * Context: Process context. May sleep, without bound: see dualtree_tx_flush().
 */
void dualtree_tx_destroy(struct dualtree_tx *tx);

/**
 * dualtree_tx_get_stats() - read the statistics of a tracker
 * @tx: the tracker
 * @stats: set to the statistics, which are exact while no send is in flight
 *
 * Context: Any context, NMI included.
 */
void dualtree_tx_get_stats(struct dualtree_tx *tx, struct dualtree_tx_stats *stats);

/**
 * dualtree_buf_sendmsg() - send the first bytes of a buffer, without a copy
 * @tx: tracker of the buffer's instance
 * @sock: the socket
 * @msg: name, control messages and flags, as for sock_sendmsg(); its iterator and its ubuf are
 *	overwritten
 * @buf: the buffer
 * @len: number of bytes
 *
 * The bytes that the socket accepts leave the buffer, the others stay. They are freed when the
 * stack is done with them, acknowledged or dropped, and no packet refers to their pages: some
 * milliseconds later. A socket that cannot send without a copy copies them, and they are freed when
 * it returns. So does any socket if the instance has no memory for the records of a send: a full
 * instance can always be sent.
 *
 * A stream may accept any part, at most MAX_RW_COUNT bytes and at most 1024 ranges. For any other
 * socket the call is one datagram, or with MSG_MORE a part of one, which is copied. TCP does not
 * merge the bytes of two sends in place into one packet: many small sends make many small packets.
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: number of bytes accepted; 0 if @len is 0 on a stream; -ENODATA if there are fewer than
 * @len bytes; -EINVAL if @tx is of another instance; -ENOMEM if the kernel has no memory; or an
 * error of sock_sendmsg(): -EAGAIN, -EPIPE, -ECONNRESET, -EMSGSIZE and so on. After an error the
 * buffer is as before.
 */
ssize_t dualtree_buf_sendmsg(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf, size_t len);

/**
 * typedef dualtree_tx_done_t - what is called when a send is over
 * @cookie: as the sender gave it
 * @bytes: bytes of the send, which are free now
 * @copied: the socket or the stack has copied some of them
 *
 * It does not sleep, and does not wait for the tracker.
 */
typedef void (*dualtree_tx_done_t)(void *cookie, size_t bytes, bool copied);

/**
 * dualtree_buf_sendmsg_done() - send the first bytes of a buffer, and be told when they are free
 * @tx: as for dualtree_buf_sendmsg()
 * @sock: as for dualtree_buf_sendmsg()
 * @msg: as for dualtree_buf_sendmsg()
 * @buf: as for dualtree_buf_sendmsg()
 * @len: as for dualtree_buf_sendmsg()
 * @done: called once if the return value is positive, else not at all; may be NULL
 * @cookie: for @done
 *
 * @done is called in any context but NMI, on any CPU, with interrupts disabled or not; before this
 * call returns if the bytes are copied. dualtree_tx_flush() returns after it has been called for
 * all sends.
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: As dualtree_buf_sendmsg().
 */
ssize_t dualtree_buf_sendmsg_done(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
				  struct dualtree_buf *buf, size_t len, dualtree_tx_done_t done,
				  void *cookie);

/**
 * dualtree_buf_send() - send the first bytes of a buffer to the peer of a connected socket
 * @tx: tracker of the buffer's instance
 * @sock: the socket
 * @buf: the buffer
 * @len: number of bytes
 * @flags: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE and so on
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: As dualtree_buf_sendmsg().
 */
ssize_t dualtree_buf_send(struct dualtree_tx *tx, struct socket *sock, struct dualtree_buf *buf,
			  size_t len, int flags);

#endif /* DUALTREE_NETBUF_TX_H */
