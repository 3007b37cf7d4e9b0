/* SPDX-License-Identifier: GPL-2.0 */
/* Non-blocking connections that wake the relay's thread. */
#ifndef FLVRELAY_CONN_H
#define FLVRELAY_CONN_H

#include <linux/types.h>
#include <linux/wait.h>

struct socket;

/**
 * struct conn - a socket of the relay; used by its thread only
 * @sock: the socket
 * @wait: entry in the socket's wait queue, after conn_watch()
 * @peer: address of the other end, for messages
 */
struct conn {
	struct socket *sock;
	wait_queue_entry_t wait;
	char peer[64];
};

int conn_listen(struct conn *conn, u16 port, int room);
int conn_accept(struct conn *listener, struct conn *conn);
void conn_watch(struct conn *conn);
size_t conn_there(const struct conn *conn);
bool conn_ended(const struct conn *conn);
bool conn_over(const struct conn *conn);
int conn_discard(struct conn *conn);
void conn_bound_queue(struct conn *conn, unsigned int bytes);
bool conn_finished(const struct conn *conn);
void conn_close(struct conn *conn);
void conn_reset(struct conn *conn);

/* Wake the relay's thread; wait for that. */
void relay_wake(void);
void relay_wait(long timeout);

#endif /* FLVRELAY_CONN_H */
