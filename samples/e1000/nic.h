/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One card: the private part of its network device.
 *
 *	   up   <- nic_down()   the device does nothing; no buffer, no ring, no instance, no pool
 *	 nic_up() ->            rings and buffers are the device's; interrupts and NAPI are on
 *
 * Both run under RTNL: to open and close, for another MTU, ring or XDP program, after a transmit
 * timeout, and around suspend.
 */
#ifndef E1000_NIC_H
#define E1000_NIC_H

#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "counts.h"
#include "rx.h"
#include "tx.h"

struct bpf_prog;

/**
 * enum inject - a fault to inject
 * @INJECT_NONE: none
 * @INJECT_ADDRESS: the device is given addresses of no buffer
 * @INJECT_HANG: the device is not told of what it is to send, until it is reset
 * @INJECT_LEAK: an allocation is not freed when the card goes down
 * @INJECT_DOUBLE_FREE: one is freed twice
 * @INJECT_MAPPING: a DMA mapping is not undone when the card goes down
 */
enum inject {
	INJECT_NONE,
	INJECT_ADDRESS,
	INJECT_HANG,
	INJECT_LEAK,
	INJECT_DOUBLE_FREE,
	INJECT_MAPPING,
};

/**
 * struct nic - one card
 * @dev: the network device
 * @pdev: the PCI device
 * @regs: its registers
 * @napi: the poll: what is received, and what has been sent
 * @rx: the receive side; the poll's while the card is up
 * @tx: the transmit side; see tx.h
 * @rxq: what XDP frames say of where they come from
 * @xdp_prog: runs for each frame, or NULL; written under RTNL, read under RCU
 * @up: between nic_up() and nic_down(); written under RTNL, the transmit lock and @stats_lock
 * @rx_entries: descriptors of the receive ring; under RTNL
 * @tx_entries: descriptors of the transmit ring; under RTNL
 * @copybreak: bytes up to which a received frame is copied; 0: as many as pay; under RTNL
 * @fragments: received packets keep no more than their frames, see rx.c; under RTNL
 * @counts: one writer each, see counts.h
 * @stats_lock: serialises reading the device's own statistics, which clears them
 * @reset_work: brings the card down and up after a transmit timeout
 * @inject: a fault, for scripts/nic --self-check; constant but INJECT_HANG, which a reset ends
 * @xdp_sent: the poll: frames were put into the transmit ring and the device was not told
 * @xdp_redirected: the poll: frames wait for xdp_do_flush()
 */
struct nic {
	struct net_device *dev;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct napi_struct napi;
	struct rx rx;
	struct tx tx;
	struct xdp_rxq_info rxq;
	struct bpf_prog __rcu *xdp_prog;
	bool up;
	unsigned int rx_entries;
	unsigned int tx_entries;
	unsigned int copybreak;
	bool fragments;
	struct counts counts;
	spinlock_t stats_lock;	/* see above */
	struct work_struct reset_work;
	enum inject inject;
	bool xdp_sent;
	bool xdp_redirected;
};

#endif /* E1000_NIC_H */
