/* SPDX-License-Identifier: GPL-2.0 */
/* From 6.3 on a device says what it can do with XDP; before that it has nothing to say. */
#ifndef DUALTREE_COMPAT_XDP_H
#define DUALTREE_COMPAT_XDP_H

#include <linux/netdevice.h>
#include <net/xdp.h>

static inline void dt_xdp_set_features(struct net_device *dev)
{
#if DT_HAVE_XDP_FEATURES
	xdp_set_features_flag(dev, NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
				   NETDEV_XDP_ACT_NDO_XMIT);
#endif
}

#endif /* DUALTREE_COMPAT_XDP_H */
