/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The transmit side: packets of the stack, XDP_TX, and frames that another device redirects here.
 *
 *	clean <= next <= fill <= clean + entries - 1
 *
 * next and fill are written under the transmit lock of the queue, clean by the poll, which takes
 * no lock. Indices are below the number of entries and wrap there.
 */
#ifndef E1000_TX_H
#define E1000_TX_H

#include <linux/netdevice.h>
#include <linux/types.h>

struct nic;
struct tx_desc;
struct xdp_frame;

/* Descriptors of the largest packet: a context, its linear part and its fragments. */
#define TX_DESCS_MAX	(MAX_SKB_FRAGS + 2)

/**
 * enum tx_kind - what the bytes of a descriptor are
 * @TX_NONE: a context, no bytes
 * @TX_SINGLE: linear part of a packet, by dma_map_single()
 * @TX_PAGE: fragment, by dma_map_page()
 * @TX_FRAME: XDP frame of another device, by dma_map_single()
 * @TX_POOL: received bytes, which the pool has mapped
 */
enum tx_kind {
	TX_NONE,
	TX_SINGLE,
	TX_PAGE,
	TX_FRAME,
	TX_POOL,
};

/**
 * struct tx_slot - what was given to the device in one descriptor
 * @kind: what it is
 * @len: bytes
 * @dma: their DMA address
 * @last: first slot of a packet: its last one
 * @skb: last slot: the packet
 * @frame: TX_FRAME: the frame
 * @data: TX_POOL: first byte, on whose page this slot has a reference
 */
struct tx_slot {
	enum tx_kind kind;
	unsigned int len;
	dma_addr_t dma;
	unsigned int last;
	union {
		struct sk_buff *skb;
		struct xdp_frame *frame;
		void *data;
	};
};

/**
 * struct tx - the transmit side of a card
 * @descs: descriptors, which the device reads and writes back
 * @dma: their DMA address
 * @slots: a slot for each
 * @entries: number of descriptors
 * @context: start and offset of the checksum that the device has been told, or 0
 * @fill: next descriptor to fill
 * @next: end of the last whole packet
 * @clean: next descriptor that the device is to write back
 */
struct tx {
	struct tx_desc *descs;
	dma_addr_t dma;
	struct tx_slot *slots;
	unsigned int entries;
	u32 context;
	unsigned int fill;
	unsigned int next;
	unsigned int clean ____cacheline_aligned_in_smp;
};

/* Allocate a ring of @entries. May sleep. Return: 0 or -ENOMEM. */
int tx_alloc(struct nic *nic, struct tx *tx, unsigned int entries);

/* Free the ring and what is in it. The device does not use it, and no poll. */
void tx_free(struct nic *nic, struct tx *tx);

/* Write the ring's place to a device that was reset. */
void tx_program(struct nic *nic);

/* ndo_start_xmit(). */
netdev_tx_t tx_xmit(struct sk_buff *skb, struct net_device *dev);

/* The poll: free what the device has sent. @budget is that of the poll. */
void tx_clean(struct nic *nic, int budget);

/*
 * Send received bytes, on whose page the caller has a reference: that goes with them. Under the
 * transmit lock. Return: false if the ring is full, and the reference is the caller's.
 */
bool tx_send_received(struct nic *nic, void *data, unsigned int len);

/* Send a frame of another device. Under the transmit lock. Return: false if it is the caller's. */
bool tx_send_frame(struct nic *nic, struct xdp_frame *frame);

/* Tell the device of what was put into the ring. Under the transmit lock. */
void tx_kick(struct nic *nic);

#endif /* E1000_TX_H */
