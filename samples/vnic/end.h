/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One end of the pair: a network device, and the memory that it receives into.
 *
 * Both ends exist from load to unload, so an end may use its peer at any time.
 */
#ifndef VNIC_END_H
#define VNIC_END_H

#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "counts.h"
#include "ring.h"

/**
 * struct end - one end; the private part of its device
 * @dev: the device
 * @peer: the other end; constant
 * @dt: the memory it receives into
 * @rx: tracks what packets hold of it; belongs to @napi
 * @napi: the poll
 * @split: frames arrive with their headers apart; constant
 * @inject_corrupt: damage received frames, as a fault to be found; constant
 * @running: the peer may put frames into @ring; written under RTNL
 * @ring: frames to receive; the receiver is @napi, the transmitter is the peer
 * @counts: one writer each, see counts.h
 * @sampling: updates the maxima of @counts
 */
struct end {
	struct net_device *dev;
	struct end *peer;
	struct dualtree *dt;
	struct dualtree_rx *rx;
	struct napi_struct napi;
	bool split;
	bool inject_corrupt;
	bool running;
	struct ring ring;
	struct counts counts;
	struct delayed_work sampling;
};

#endif /* VNIC_END_H */
