/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network device that keeps what it is asked to transmit until a test lets it go, as real
 * hardware does: nothing is received, and nothing has to be copied.
 */
#ifndef DUALTREE_KUNIT_NETBUF_NULL_DEVICE_H
#define DUALTREE_KUNIT_NETBUF_NULL_DEVICE_H

#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include "netbuf_sockets.h"

/**
 * struct null_device - what the device has
 * @held: packets that wait; has a lock of its own
 */
struct null_device {
	struct sk_buff_head held;
};

static inline netdev_tx_t null_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct null_device *null = netdev_priv(dev);

	/* What the stack has to say when a device comes up is not ours. */
	if (skb_zcopy(skb))
		skb_queue_tail(&null->held, skb);
	else
		dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops null_ops = {
	.ndo_start_xmit = null_xmit,
};

static inline void null_setup(struct net_device *dev)
{
	struct null_device *null = netdev_priv(dev);

	skb_queue_head_init(&null->held);
	dev->netdev_ops = &null_ops;
	dev->type = ARPHRD_NONE;
	dev->mtu = 65000;
	dev->max_mtu = 65535;
	dev->flags = IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA;
}

static inline struct sk_buff_head *null_held(struct net_device *dev)
{
	struct null_device *null = netdev_priv(dev);

	return &null->held;
}

static inline void null_release(struct kunit_resource *res)
{
	struct net_device *dev = res->data;

	unregister_netdev(dev);
	skb_queue_purge(null_held(dev));
	free_netdev(dev);
}

static inline struct net_device *null_create(struct kunit *test)
{
	struct net_device *dev = alloc_netdev(sizeof(struct null_device), "dtnull%d",
					      NET_NAME_UNKNOWN, null_setup);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, register_netdev(dev), 0);
	kunit_alloc_resource(test, NULL, null_release, GFP_KERNEL, dev);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_open(dev, NULL), 0);
	rtnl_unlock();
	return dev;
}

/* A socket whose datagrams all go to the device. */
static inline struct socket *null_socket(struct kunit *test, struct net_device *dev)
{
	struct socket *sock = make_socket(test, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(0xc6336401),	/* 198.51.100.1, which is nobody */
	};

	/* sock_bindtoindex() is not there in kernels without network drivers. */
	lock_sock(sock->sk);
	sock->sk->sk_bound_dev_if = dev->ifindex;
	release_sock(sock->sk);
	KUNIT_ASSERT_EQ(test, kernel_connect(sock, dt_sockaddr(&addr), sizeof(addr), 0), 0);
	return sock;
}

#endif /* DUALTREE_KUNIT_NETBUF_NULL_DEVICE_H */
