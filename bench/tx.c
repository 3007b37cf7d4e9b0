// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_bench_tx: what a send costs, by its length, for the ways that a module has.
 *
 *	way			before				a send
 *	kernel_sendmsg		kmalloc(), bytes		kernel_sendmsg(), kfree()
 *	dualtree, copied	dualtree_buf_reserve(), bytes	dualtree_buf_send(), below the
 *								 threshold for copies
 *	dualtree		the same			dualtree_buf_send(), in place
 *
 * What is counted is the send, with the packet's way to a device that drops it at once, and with
 * the frees of its bytes. A datagram goes to the device whole, without checksums, as one of TCP's
 * packets goes to a card that cuts it. Before a send its bytes are written: so they are in the
 * cache, where there is one, as what was just made or received is.
 *
 * Results are lines of dualtree_bench's: allocator|case|operations|nanoseconds. Process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>
#include <linux/err.h>
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../compat/socket.h"
#include "bench.h"

#define SENDS		1024
/* Loops; the least counts. */
#define LOOPS		4
#define LEN_MIN		64
#define LEN_MAX		SZ_32K
/* Of the device: a datagram of any length is one packet. */
#define MTU		65535
/* 198.51.100.1, which is reserved for examples, and the port that discards. */
#define DISCARD_ADDRESS	0xc6336401
#define DISCARD_PORT	9

struct sender {
	struct socket *sock;		/* its socket */
	struct dualtree *dt;		/* of the ways of dualtree, as are the next two */
	struct dualtree_tx *tx;		/* tracker of its sends */
	struct dualtree_buf buf;	/* what is sent */
	void *data;			/* what kernel_sendmsg sends */
};

struct way {
	const char *name;					/* as results show it */
	size_t copy_max;					/* threshold for copies */
	bool (*fill)(struct sender *sender, size_t len);	/* makes the bytes; false on OOM */
	/* Sends them, and frees them. Return: 0 or an error */
	int (*send)(struct sender *sender, size_t len);
};

static bool plain_fill(struct sender *sender, size_t len)
{
	sender->data = kmalloc(len, GFP_KERNEL);
	if (!sender->data)
		return false;
	memset(sender->data, 0x5a, len);
	return true;
}

static int plain_send(struct sender *sender, size_t len)
{
	struct kvec vec = { sender->data, len };
	struct msghdr msg = {};
	int sent = kernel_sendmsg(sender->sock, &msg, &vec, 1, len);

	kfree(sender->data);
	return sent < 0 ? sent : 0;
}

static bool buf_fill(struct sender *sender, size_t len)
{
	void *data = dualtree_buf_reserve(&sender->buf, len, GFP_KERNEL);

	if (!data)
		return false;
	memset(data, 0x5a, len);
	return !dualtree_buf_commit(&sender->buf, len);
}

static int buf_send(struct sender *sender, size_t len)
{
	ssize_t sent = dualtree_buf_send(sender->tx, sender->sock, &sender->buf, len, 0);

	return sent < 0 ? sent : 0;
}

static const struct way ways[] = {
	{ "kernel_sendmsg", 0, plain_fill, plain_send },
	{ "dualtree, copied", SIZE_MAX, buf_fill, buf_send },
	{ "dualtree", 0, buf_fill, buf_send },
};

/* Return: nanoseconds of SENDS sends, or an error. */
static s64 one_loop(struct sender *sender, const struct way *way, size_t len)
{
	unsigned int i;
	u64 start;
	s64 sum = 0;
	int err;

	for (i = 0; i < SENDS; i++) {
		if (!way->fill(sender, len))
			return -ENOMEM;
		start = ktime_get_ns();
		err = way->send(sender, len);
		sum += ktime_get_ns() - start;
		if (err)
			return err;
	}
	return sum;
}

static int measure(struct sender *sender, const struct way *way, size_t len)
{
	s64 best = S64_MAX, now;
	unsigned int loop;

	dualtree_tx_set_copy_max(sender->tx, way->copy_max);
	for (loop = 0; loop < LOOPS; loop++) {
		now = one_loop(sender, way, len);
		if (now < 0) {
			pr_err("%s, %zu bytes: error %lld\n", way->name, len, now);
			return now;
		}
		best = min(best, now);
	}
	dt_bench_report("%s|sent %zu B|%u|%lld\n", way->name, len, SENDS, best);
	return 0;
}

static int measure_all(struct sender *sender)
{
	unsigned int w;
	size_t len;
	int err = 0;

	for (len = LEN_MIN; len <= LEN_MAX && !err; len *= 2)
		for (w = 0; w < ARRAY_SIZE(ways) && !err; w++)
			err = measure(sender, &ways[w], len);
	return err;
}

static netdev_tx_t drop_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops drop_ops = {
	.ndo_start_xmit = drop_xmit,
};

static void drop_setup(struct net_device *dev)
{
	dev->netdev_ops = &drop_ops;
	dev->type = ARPHRD_NONE;
	dev->mtu = MTU;
	dev->max_mtu = MTU;
	dev->flags = IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA;
}

static void drop_destroy(struct net_device *dev)
{
	unregister_netdev(dev);
	free_netdev(dev);
}

/* Return: a device that drops what it is to send, or an ERR_PTR(). */
static struct net_device *drop_create(void)
{
	struct net_device *dev = alloc_netdev(0, "dtbench%d", NET_NAME_UNKNOWN, drop_setup);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return ERR_PTR(err);
	}
	rtnl_lock();
	err = dev_open(dev, NULL);
	rtnl_unlock();
	if (!err)
		return dev;
	drop_destroy(dev);
	return ERR_PTR(err);
}

static int sender_connect(struct sender *sender, struct net_device *dev)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(DISCARD_PORT),
		.sin_addr.s_addr = htonl(DISCARD_ADDRESS),
	};
	int err = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &sender->sock);

	if (err)
		return err;
	lock_sock(sender->sock->sk);
	sender->sock->sk->sk_bound_dev_if = dev->ifindex;
	release_sock(sender->sock->sk);
	err = kernel_connect(sender->sock, dt_sockaddr(&addr), sizeof(addr), 0);
	if (err)
		sock_release(sender->sock);
	return err;
}

static int sender_create_memory(struct sender *sender)
{
	sender->dt = dualtree_create("bench_tx", NULL);
	if (IS_ERR(sender->dt))
		return PTR_ERR(sender->dt);
	sender->tx = dualtree_tx_create(sender->dt);
	if (IS_ERR(sender->tx)) {
		dualtree_destroy(sender->dt);
		return PTR_ERR(sender->tx);
	}
	dualtree_buf_init(&sender->buf, sender->dt);
	return 0;
}

static int __init bench_tx_init(void)
{
	struct net_device *dev = drop_create();
	struct sender sender;
	int err;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = sender_connect(&sender, dev);
	if (err)
		goto destroy;
	err = sender_create_memory(&sender);
	if (!err) {
		err = measure_all(&sender);
		dualtree_tx_destroy(sender.tx);
		dualtree_destroy(sender.dt);
	}
	sock_release(sender.sock);
destroy:
	drop_destroy(dev);
	return err;
}
module_init(bench_tx_init);

/* The results are dualtree_bench's. */
static void __exit bench_tx_exit(void)
{
}
module_exit(bench_tx_exit);

MODULE_DESCRIPTION("Benchmarks of dualtree: sends");
MODULE_LICENSE("GPL");
