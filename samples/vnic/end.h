/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One end of the pair: a network device with the memory that it receives into.
 *
 * Both ends are made when the module is loaded and live until it is unloaded: whoever has
 * one may use the other.
 */
#ifndef VNIC_END_H
#define VNIC_END_H

#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "counts.h"
#include "ring.h"

/**
 * struct end - one end
 * @dev: the device that this is the private part of
 * @peer: the other end; does not change
 * @dt: what it receives into
 * @rx: keeps track of payload that packets hold
 * @napi: the poll
 * @zerocopy: payload is handed over in place; does not change
 * @inject_corrupt: what arrives is damaged, on purpose; does not change
 * @running: frames may be put into @ring; written under RTNL
 * @ring: for what arrives; its receiver is @napi, its transmitter the other end
 * @counts: one writer each, see counts.h
 * @housekeeping: looks for what packets let go of, and for peaks, also while nothing arrives
 */
struct end {
	struct net_device *dev;
	struct end *peer;
	struct dualtree *dt;
	struct dualtree_rx *rx;
	struct napi_struct napi;
	bool zerocopy;
	bool inject_corrupt;
	bool running;
	struct ring ring;
	struct counts counts;
	struct delayed_work housekeeping;
};

#endif /* VNIC_END_H */
