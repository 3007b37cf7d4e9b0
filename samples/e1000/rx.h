/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The receive side: a pool of the device, an instance with its tracker, and the ring.
 *
 *	next <= posted <= next + entries - 1
 *
 * Descriptors from next up to posted are the device's, or wait for the poll. Both are the poll's.
 * Indices are below the number of entries and wrap there.
 */
#ifndef E1000_RX_H
#define E1000_RX_H

#include <linux/gfp.h>
#include <linux/types.h>
#include <net/xdp.h>

struct buddy_pool;
struct dualtree;
struct dualtree_rx;
struct dualtree_rx_slot;
struct nic;
struct rx_desc;

/**
 * struct rx - the receive side of a card
 * @pool: memory that is mapped for the device
 * @dt: the instance of the buffers
 * @tracker: tracks the pages that packets hold
 * @descs: descriptors, which the device reads and writes back
 * @dma: their DMA address
 * @slots: a buffer for each
 * @entries: number of descriptors
 * @headroom: bytes of a buffer before what the device writes
 * @rctl: size of the buffers, as the device is told
 * @next: next descriptor that the device is to write back
 * @posted: next descriptor to give to the device
 * @skip: the rest of a frame of more than one buffer is dropped
 */
struct rx {
	struct buddy_pool *pool;
	struct dualtree *dt;
	struct dualtree_rx *tracker;
	struct rx_desc *descs;
	dma_addr_t dma;
	struct dualtree_rx_slot *slots;
	unsigned int entries;
	unsigned int headroom;
	u32 rctl;
	unsigned int next;
	unsigned int posted;
	bool skip;
};

/**
 * struct rx_config - what a receive side is made for
 * @entries: descriptors of the ring
 * @mtu: the MTU
 * @copybreak: bytes up to which a frame is copied; 0: as many as pay
 * @fragments: packets are fragments and keep no more than their frames, unless there is a program
 * @xdp: there is a program
 */
struct rx_config {
	unsigned int entries;
	unsigned int mtu;
	unsigned int copybreak;
	bool fragments;
	bool xdp;
};

/* Make a receive side, with no buffer. May sleep. Return: 0; -ENOMEM; -EOPNOTSUPP. */
int rx_alloc(struct nic *nic, struct rx *rx, const struct rx_config *config);

/*
 * Free it. The device does not use it, and no poll. Waits for no packet: pages that packets hold
 * leave the pool.
 */
void rx_free(struct nic *nic, struct rx *rx);

/* Write the ring's place to a device that was reset, and let it receive. */
void rx_program(struct nic *nic);

/* Give buffers to the device: the poll, or before it is enabled. Return: false on OOM. */
bool rx_refill(struct nic *nic, gfp_t gfp);

/* The poll. Return: frames that were received, or @budget if it is to be called again. */
int rx_poll(struct nic *nic, int budget);

#endif /* E1000_RX_H */
