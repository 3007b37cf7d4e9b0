/* SPDX-License-Identifier: GPL-2.0 */
/* Connections whose sockets never wait: instead they wake the relay when something is new. */
#ifndef FLVRELAY_CONN_H
#define FLVRELAY_CONN_H

#include <linux/types.h>
#include <linux/wait.h>

struct socket;

/**
 * struct conn - a socket of the relay's; used by its thread alone
 * @sock: it
 * @wait: is in the socket's queue of those who wait, once it is watched
 * @peer: the other end, for messages
 */
struct conn {
	struct socket *sock;
	wait_queue_entry_t wait;
	char peer[64];
};

int conn_listen(struct conn *conn, u16 port);
int conn_accept(struct conn *listener, struct conn *conn);
void conn_watch(struct conn *conn);
size_t conn_there(const struct conn *conn);
bool conn_ended(const struct conn *conn);
bool conn_left(struct conn *conn);
void conn_bound_queue(struct conn *conn, unsigned int bytes);
bool conn_finished(const struct conn *conn);
void conn_close(struct conn *conn);
void conn_reset(struct conn *conn);

/* What the relay's thread waits for. */
void relay_wake(void);
void relay_wait(long timeout);

#endif /* FLVRELAY_CONN_H */
