/* SPDX-License-Identifier: GPL-2.0 */
/* XDP: programs that look at frames before there is a packet. */
#ifndef E1000_XDP_H
#define E1000_XDP_H

#include <linux/types.h>

struct bpf_prog;
struct dualtree_rx_slot;
struct net_device;
struct netdev_bpf;
struct nic;
struct xdp_frame;
struct xdp_rxq_info;

/*
 * Run a program on the frame in a slot. The poll, under RCU. @data and @len become what the
 * program has made of the frame.
 * Return: whether the frame is to become a packet. If not, the slot is as the program's answer
 * wants it: empty, or with its buffer, which is synced for the device.
 */
bool xdp_run(struct nic *nic, struct bpf_prog *prog, struct xdp_rxq_info *rxq,
	     struct dualtree_rx_slot *slot, void **data, unsigned int *len);

/* The end of a poll: what programs have sent or redirected goes on its way. */
void xdp_finish(struct nic *nic);

/* ndo_xdp_xmit(): frames of other devices. Softirq, under RCU. */
int xdp_xmit(struct net_device *dev, int nr, struct xdp_frame **frames, u32 flags);

/* ndo_bpf(): under RTNL. */
int xdp_setup(struct net_device *dev, struct netdev_bpf *bpf);

#endif /* E1000_XDP_H */
