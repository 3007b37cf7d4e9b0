/* SPDX-License-Identifier: GPL-2.0 */
/* The device: what the stack calls to open, close and transmit. */
#ifndef VNIC_NETDEV_H
#define VNIC_NETDEV_H

struct net_device;

/* Makes a device of what alloc_etherdev() returned; its end and NAPI are set up after it. */
void vnic_setup(struct net_device *dev, bool rx_csum);

#endif /* VNIC_NETDEV_H */
