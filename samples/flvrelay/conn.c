// SPDX-License-Identifier: GPL-2.0
/*
 * Connections whose sockets never wait. An entry of ours in the queue of each socket wakes the
 * relay's one thread when data came, room became free, or the other end went; no callback
 * of the socket is replaced.
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

#define LISTEN_BACKLOG	16

/* Set by anyone in any context, cleared by the thread before it looks at the sockets. */
static bool news;
static DECLARE_WAIT_QUEUE_HEAD(news_queue);

void relay_wake(void)
{
	WRITE_ONCE(news, true);
	wake_up(&news_queue);
}

/* Until there is something new, the thread is to end, or the time is over. */
void relay_wait(long timeout)
{
	wait_event_idle_timeout(news_queue, xchg(&news, false) || kthread_should_stop(), timeout);
}

/* In the context of whoever has news: any but NMI. */
static int conn_news(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	relay_wake();
	return 1;
}

/* To be called when the connection has come to where it stays. */
void conn_watch(struct conn *conn)
{
	init_waitqueue_func_entry(&conn->wait, conn_news);
	add_wait_queue(sk_sleep(conn->sock->sk), &conn->wait);
	/* What came before we watched. */
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

/* Nobody watches it yet. Return: 0, -EAGAIN if nobody wants to connect, or another error. */
int conn_accept(struct conn *listener, struct conn *conn)
{
	struct sockaddr_storage addr;
	int err;

	*conn = (struct conn) {};
	err = kernel_accept(listener->sock, &conn->sock, O_NONBLOCK);
	if (err)
		return err;
	if (kernel_getpeername(conn->sock, (struct sockaddr *)&addr) < 0)
		strscpy(conn->peer, "somebody", sizeof(conn->peer));
	else
		scnprintf(conn->peer, sizeof(conn->peer), "%pISpc", &addr);
	tcp_sock_set_nodelay(conn->sock->sk);
	return 0;
}

/* Bytes that are there to be received. */
size_t conn_there(const struct conn *conn)
{
	return max(tcp_inq(conn->sock->sk), 0);
}

/* No more will come than is there. */
bool conn_ended(const struct conn *conn)
{
	const struct sock *sk = conn->sock->sk;

	return READ_ONCE(sk->sk_err) || (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

/* The other end has nothing to say; if it does it is not kept. Return: true if it is gone. */
bool conn_left(struct conn *conn)
{
	u8 bytes[64];
	struct kvec vec = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr msg = {};
	int got = kernel_recvmsg(conn->sock, &msg, &vec, 1, sizeof(bytes), MSG_DONTWAIT);

	return !got || (got < 0 && got != -EAGAIN);
}

/* So much may wait in the socket: without it TCP goes up to what the system allows. */
void conn_bound_queue(struct conn *conn, unsigned int bytes)
{
	struct sock *sk = conn->sock->sk;

	lock_sock(sk);
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	WRITE_ONCE(sk->sk_sndbuf, bytes);
	release_sock(sk);
}

/* After a shutdown: the other end has acknowledged all, and that it is the end. */
bool conn_finished(const struct conn *conn)
{
	const struct sock *sk = conn->sock->sk;
	unsigned char state = READ_ONCE(sk->sk_state);

	return !READ_ONCE(sk->sk_err) && (state == TCP_FIN_WAIT2 || state == TCP_CLOSE);
}

/* Nothing may be in flight: the socket would have no timers to bring it back. */
void conn_close(struct conn *conn)
{
	if (conn->wait.func)
		remove_wait_queue(sk_sleep(conn->sock->sk), &conn->wait);
	sock_release(conn->sock);
	conn->sock = NULL;
}

/* What is in flight comes back at once. */
void conn_reset(struct conn *conn)
{
	sock_no_linger(conn->sock->sk);
	conn_close(conn);
}
