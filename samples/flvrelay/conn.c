// SPDX-License-Identifier: GPL-2.0
/*
 * Non-blocking connections.
 *
 * Each socket's wait queue has an entry whose function wakes the relay's thread: on data, on
 * send space, and on a close by the peer. No callback of the socket is replaced.
 *
 * All functions but conn_wake() run in the relay's thread. conn_wake() runs in any context but
 * NMI. No lock: relay_event is a flag that is set and exchanged.
 */
#include <linux/fcntl.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../../compat/socket.h"
#include "conn.h"

/* Connections that wait to be accepted; the thread accepts as many in one round. */
#define LISTEN_BACKLOG	16

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

static int start_listening(struct socket *sock, u16 port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
		.sin_port = htons(port),
	};
	int err;

	sock_set_reuseaddr(sock->sk);
	err = kernel_bind(sock, dt_sockaddr(&addr), sizeof(addr));
	return err ? err : kernel_listen(sock, LISTEN_BACKLOG);
}

int conn_listen(struct conn *conn, u16 port)
{
	int err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &conn->sock);

	if (err)
		return err;
	err = start_listening(conn->sock, port);
	if (err) {
		sock_release(conn->sock);
		return err;
	}
	conn_watch(conn);
	return 0;
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

/* Discard what the peer sends: a subscriber has nothing to say. Return: true if it has closed. */
bool conn_left(struct conn *conn)
{
	u8 bytes[64];
	struct kvec vec = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr msg = {};
	int got = kernel_recvmsg(conn->sock, &msg, &vec, 1, sizeof(bytes), MSG_DONTWAIT);

	return !got || (got < 0 && got != -EAGAIN);
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

/* Close. Nothing may be in flight: a released kernel socket has no timers to return it. */
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
