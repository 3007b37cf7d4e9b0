// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of modules.
 *
 *	a socket of		reference to its	when it is released with data or a FIN
 *				network namespace	that the peer has not acknowledged
 *	a program		yes			sends again, and gives up after a time
 *	a module		no			has no timers: it may stay for ever
 *	a module, after		yes			as one of a program
 *	 dualtree_sock_hold_net()
 *
 * The stack stops the timers of a socket without that reference, since they might run after the
 * namespace is gone.
 *
 * No lock: the caller owns the socket. Process context.
 */
#include <dualtree/netbuf.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/net.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include "../compat/socket.h"

int dualtree_sock_hold_net(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct net *net = sock_net(sk);

	if (sk->sk_net_refcnt)
		return 0;
	/* The upgrade takes a reference of its own, of a namespace that must be alive. */
	if (!maybe_get_net(net))
		return -ENETDOWN;
	sk_net_refcnt_upgrade(sk);
	put_net(net);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_sock_hold_net);
