/* SPDX-License-Identifier: GPL-2.0 */
/* The device: open, close, transmit. */
#ifndef VNIC_NETDEV_H
#define VNIC_NETDEV_H

struct net_device;

/* Set up a device that alloc_etherdev() returned. The caller sets up its end and NAPI. */
void vnic_setup(struct net_device *dev, bool rx_csum);

#endif /* VNIC_NETDEV_H */
