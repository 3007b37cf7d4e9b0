// SPDX-License-Identifier: GPL-2.0
/*
 * Non-blocking connections.
 *
 * Each socket's wait queue has an entry whose function wakes the relay's thread: on data, on
 * send space, and on a close by the peer. No callback of the socket is replaced.
 *
 * A peer that does not answer any more is found in PEER_TIMEOUT, whether something is sent to it or
 * not. Sockets have a reference to the network namespace, so TCP goes on after their release.
 *
 * All functions but conn_wake() run in the relay's thread. conn_wake() runs in any context but
 * NMI. No lock: relay_event is a flag that is set and exchanged.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/sizes.h>
#include <linux/tcp.h>
#include <linux/time64.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include <dualtree/netbuf.h>

#include "../../compat/socket.h"
#include "conn.h"

/*
 * Connections that wait to be accepted. When there are as many, TCP forgets handshakes, of good
 * peers too: twice as many as there are places may come at once.
 */
#define LISTEN_BACKLOG	128
/* Seconds until a peer that does not answer is given up, with data in flight and without. */
#define PEER_TIMEOUT	20
/* Seconds without data until a peer is asked whether it is there, and between such questions. */
#define KEEP_IDLE	10
#define KEEP_INTERVAL	4
/* Bytes discarded from a peer in one round, after which others get their turn. */
#define DISCARD_MAX	SZ_256K

/* Set in any context; the thread clears it before it looks at the sockets. */
static bool relay_event;
static DECLARE_WAIT_QUEUE_HEAD(relay_queue);

void relay_wake(void)
{
	WRITE_ONCE(relay_event, true);
	wake_up(&relay_queue);
}

/* Wait for relay_wake(), for kthread_stop(), or for @timeout jiffies. */
void relay_wait(long timeout)
{
	wait_event_idle_timeout(relay_queue, xchg(&relay_event, false) || kthread_should_stop(),
				timeout);
}

/* Called by the socket, in any context but NMI. */
static int conn_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	relay_wake();
	return 1;
}

/* Watch the socket. @conn must not move afterwards. */
void conn_watch(struct conn *conn)
{
	init_waitqueue_func_entry(&conn->wait, conn_wake);
	add_wait_queue(sk_sleep(conn->sock->sk), &conn->wait);
	/* For data that arrived before the entry was added. */
	relay_wake();
}

/* @room: bytes that a peer may send ahead, or 0 for as many as TCP finds useful. */
static int start_listening(struct socket *sock, u16 port, int room)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
		.sin_port = htons(port),
	};
	int err;

	err = dualtree_sock_hold_net(sock);
	if (err)
		return err;
	sock_set_reuseaddr(sock->sk);
	if (room)
		sock_set_rcvbuf(sock->sk, room);
	err = kernel_bind(sock, dt_sockaddr(&addr), sizeof(addr));
	return err ? err : kernel_listen(sock, LISTEN_BACKLOG);
}

int conn_listen(struct conn *conn, u16 port, int room)
{
	int err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &conn->sock);

	if (err)
		return err;
	err = start_listening(conn->sock, port, room);
	if (err) {
		sock_release(conn->sock);
		return err;
	}
	conn_watch(conn);
	return 0;
}

static void conn_set_limits(struct sock *sk)
{
	tcp_sock_set_keepidle(sk, KEEP_IDLE);
	tcp_sock_set_keepintvl(sk, KEEP_INTERVAL);
	sock_set_keepalive(sk);
	tcp_sock_set_user_timeout(sk, PEER_TIMEOUT * MSEC_PER_SEC);
}

/*
 * Accept a connection; conn_watch() is the caller's.
 * Return: 0, -EAGAIN if none waits, or another error.
 */
int conn_accept(struct conn *listener, struct conn *conn)
{
	struct sockaddr_storage addr;
	int err;

	*conn = (struct conn) {};
	err = kernel_accept(listener->sock, &conn->sock, O_NONBLOCK);
	if (err)
		return err;
	if (kernel_getpeername(conn->sock, (struct sockaddr *)&addr) < 0)
		strscpy(conn->peer, "unknown", sizeof(conn->peer));
	else
		scnprintf(conn->peer, sizeof(conn->peer), "%pISpc", &addr);
	tcp_sock_set_nodelay(conn->sock->sk);
	conn_set_limits(conn->sock->sk);
	return 0;
}

/* Return: bytes that can be received. */
size_t conn_there(const struct conn *conn)
{
	return max(tcp_inq(conn->sock->sk), 0);
}

/* Return: true if no byte will arrive after those that can be received. */
bool conn_ended(const struct conn *conn)
{
	const struct sock *sk = conn->sock->sk;

	return READ_ONCE(sk->sk_err) || (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

/* Return: true if the connection is over: reset, given up, or closed on both sides. */
bool conn_over(const struct conn *conn)
{
	const struct sock *sk = conn->sock->sk;

	return READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_state) == TCP_CLOSE;
}

/*
 * Discard what the peer has sent. Return: 1 if there may be more, 0 if there is none, -ENODATA if
 * none will come, or the error of a lost connection.
 */
int conn_discard(struct conn *conn)
{
	int got, sum = 0;

	/* With MSG_TRUNC TCP copies nothing, and needs no memory to copy to. */
	while (sum < DISCARD_MAX) {
		struct msghdr msg = {};

		got = kernel_recvmsg(conn->sock, &msg, NULL, 0, DISCARD_MAX - sum,
				     MSG_DONTWAIT | MSG_TRUNC);
		if (got == -EAGAIN)
			return 0;
		if (got <= 0)
			return got ? got : -ENODATA;
		sum += got;
	}
	return 1;
}

/* Bound the socket's send queue. Without it TCP grows the queue up to tcp_wmem[2]. */
void conn_bound_queue(struct conn *conn, unsigned int bytes)
{
	struct sock *sk = conn->sock->sk;

	lock_sock(sk);
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	WRITE_ONCE(sk->sk_sndbuf, bytes);
	release_sock(sk);
}

/* Return: true if, after a shutdown, the peer has acknowledged all data and the FIN. */
bool conn_finished(const struct conn *conn)
{
	const struct sock *sk = conn->sock->sk;
	unsigned char state = READ_ONCE(sk->sk_state);

	return !READ_ONCE(sk->sk_err) && (state == TCP_FIN_WAIT2 || state == TCP_CLOSE);
}

/* Close. TCP delivers what is in flight, or gives up after PEER_TIMEOUT. */
void conn_close(struct conn *conn)
{
	if (conn->wait.func)
		remove_wait_queue(sk_sleep(conn->sock->sk), &conn->wait);
	sock_release(conn->sock);
	conn->sock = NULL;
}

/* Reset. All sends in flight return before this does. */
void conn_reset(struct conn *conn)
{
	sock_no_linger(conn->sock->sk);
	conn_close(conn);
}
