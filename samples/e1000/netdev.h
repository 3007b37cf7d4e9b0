/* SPDX-License-Identifier: GPL-2.0 */
/* The network device: up and down, interrupts, the poll. */
#ifndef E1000_NETDEV_H
#define E1000_NETDEV_H

#include <linux/types.h>

struct net_device;
struct nic;

/* Bytes of the largest MTU. */
#define MTU_MAX		9000

/*
 * A running card goes down and up for another MTU or an XDP program, or for what ethtool has set:
 * rings (nic->rx_entries and tx_entries), copybreak, fragments. Under RTNL. If there is no memory
 * for that, the card goes on as before; a card that is not running does nothing.
 * Return: 0; -ENOMEM; or what rx_alloc() returns.
 */
int nic_reconfigure(struct nic *nic, unsigned int mtu, bool xdp);

/* Set up a device before it is registered. */
void nic_setup(struct net_device *dev);

/* Bring a running card up, or down. Under RTNL; the stack does not call the device meanwhile. */
int nic_open(struct net_device *dev);
int nic_stop(struct net_device *dev);

/* ethtool.c */
void nic_set_ethtool_ops(struct net_device *dev);

#endif /* E1000_NETDEV_H */
