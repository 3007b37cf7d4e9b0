/* SPDX-License-Identifier: GPL-2.0 */
/* A dummy device, which only its NAPI uses: from 6.10 on the stack allocates it. */
#ifndef DUALTREE_COMPAT_NAPI_H
#define DUALTREE_COMPAT_NAPI_H

#include <linux/netdevice.h>
#include <linux/slab.h>

#if !DT_HAVE_ALLOC_NETDEV_DUMMY

static inline struct net_device *dt_alloc_netdev_dummy(void)
{
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
}

static inline void dt_free_netdev_dummy(struct net_device *dev)
{
	kfree(dev);
}

#else

static inline struct net_device *dt_alloc_netdev_dummy(void)
{
	return alloc_netdev_dummy(0);
}

static inline void dt_free_netdev_dummy(struct net_device *dev)
{
	free_netdev(dev);
}

#endif

#endif /* DUALTREE_COMPAT_NAPI_H */
