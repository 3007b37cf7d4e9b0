/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiving in a driver: what a device has written becomes a packet in place, and is free again
 * when no packet refers to its pages. Included by netbuf.h.
 *
 *	dualtree_rx_refill()	the empty slots of a ring get buffers	in the poll,
 *	 the device writes						 or before NAPI is enabled
 *	dualtree_rx_receive()	a slot becomes a packet			in the poll
 *	dualtree_rx_receive_split() one with headers elsewhere		in the poll
 *	dualtree_rx_append()	the next slot of the same frame		in the poll
 *	dualtree_rx_skb()	a packet buffer becomes a packet	as below
 *	dualtree_rx_pin()	a page of a packet that the caller	as below
 *				builds, or of an XDP frame
 *	dualtree_rx_reap()	what packets have released is freed	as below
 *	dualtree_rx_discard()	the buffers of a ring are freed		NAPI is disabled
 *
 * A tracker with a NAPI takes no lock from its first refill until its slots are discarded.
 * Meanwhile all calls on it but dualtree_rx_get_stats() are made in the poll of that NAPI, or while
 * it is disabled. One without a NAPI has a spinlock, taken with interrupts disabled; its calls may
 * be made in any context but NMI, on PREEMPT_RT preemptible.
 *
 * What packets release is also freed when nothing is received any more: a timer looks, more and
 * more rarely. For a tracker with a NAPI it schedules that, and the reap in its poll looks at some
 * hundred ranges. So it does while the device is closed: once the slots are discarded it needs no
 * NAPI of the driver's, and takes the lock.
 */
#ifndef DUALTREE_NETBUF_RX_H
#define DUALTREE_NETBUF_RX_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_buf;
struct dualtree_rx;
struct napi_struct;
struct net_device;
struct sk_buff;

/**
 * struct dualtree_rx_params - parameters of dualtree_rx_create()
 * @limit: maximum of pinned_bytes, beyond which packets are copied; 0: all are copied
 * @napi: the NAPI that the tracker belongs to, or NULL for any caller and a lock
 * @size: bytes that a device may write to the buffer of a slot; with @headroom at most
 *	dualtree_max_size(). 0: dualtree_rx_refill() is not used. If it fits a page with the
 *	headroom and struct skb_shared_info, a buffer is rounded up to a power of two: up to 1,600
 *	bytes or so two lie in a page of 4 KiB
 * @headroom: bytes before these, a multiple of SMP_CACHE_BYTES; 0: NET_SKB_PAD, as the stack wants
 *	it, or none if a buffer does not fit a page. Drivers with XDP use XDP_PACKET_HEADROOM
 * @copybreak: bytes up to which a frame is copied; 0: as many as pay. With 60, Ethernet's least
 *	length, all frames are in place but those that have headers and padding only
 * @split: the device writes headers elsewhere, see dualtree_rx_receive_split(): buffers are whole
 *	pages, and @headroom is 0
 * @fragments: packets are fragments wherever they could be the buffer itself. That takes more
 *	instructions, and keeps less: no room for struct skb_shared_info, and no more granules than
 *	the frame has. For readers that keep what they have received. @headroom may be 0 then
 */
struct dualtree_rx_params {
	size_t limit;
	struct napi_struct *napi;
	unsigned int size;
	unsigned int headroom;
	unsigned int copybreak;
	bool split;
	bool fragments;
};

/**
 * struct dualtree_rx_slot - a slot of a receive ring
 * @data: first byte that the device writes, dualtree_granule() aligned; NULL: the slot is empty
 * @dma: its DMA address, if the instance's pool has a device
 * @follows: private: the byte before the buffer lies in the same region of the instance
 *
 * The driver embeds them in its ring, zeroed, and owns them.
 */
struct dualtree_rx_slot {
	void *data;
	dma_addr_t dma;
	bool follows;
};

/**
 * struct dualtree_rx_stats - statistics of received packets
 * @packets: packets whose bytes were given to the stack in place
 * @copied: packets that were copied
 * @pinned_bytes: bytes in place that are not freed
 * @pinned_ranges: ranges of these, each in one page
 */
struct dualtree_rx_stats {
	u64 packets;
	u64 copied;
	size_t pinned_bytes;
	unsigned long pinned_ranges;
};

/**
 * dualtree_rx_create() - create a tracker of the pages that packets hold
 * @dt: the instance, which must outlive the tracker
 * @params: the parameters
 *
 * Context: Process context. May sleep.
 * Return: the tracker; ERR_PTR(-EINVAL) if @size is too large, or @headroom is no multiple of
 * SMP_CACHE_BYTES, a page or more, or not 0 with @split; or ERR_PTR(-ENOMEM).
 */
struct dualtree_rx *dualtree_rx_create(struct dualtree *dt,
				       const struct dualtree_rx_params *params);

/**
 * dualtree_rx_set_size() - change the size of a slot's buffer
 * @rx: the tracker
 * @size: as in struct dualtree_rx_params
 * @headroom: as in struct dualtree_rx_params
 *
 * All slots are empty: see dualtree_rx_discard(). Drivers call it when the MTU changes or an XDP
 * program comes or goes, and need no new tracker for it.
 *
 * Context: As dualtree_rx_discard().
 * Return: 0; or -EINVAL as from dualtree_rx_create(), then nothing is changed.
 */
int dualtree_rx_set_size(struct dualtree_rx *rx, unsigned int size, unsigned int headroom);

/**
 * dualtree_rx_destroy() - free a tracker
 * @rx: the tracker, or NULL; no other call may use it, and its NAPI is disabled
 *
 * It waits for no packet. What packets still hold stays live in the instance. dualtree_destroy()
 * then takes these pages out of the pool: each is freed by the last packet that refers to it, and
 * no instance gets it before.
 *
 * Context: Process context. May sleep.
 */
void dualtree_rx_destroy(struct dualtree_rx *rx);

/**
 * dualtree_rx_refill() - give buffers to the empty slots of a ring
 * @rx: the tracker
 * @slots: the slots; those that have a buffer keep it
 * @nr: number of slots
 * @gfp: flags as for dualtree_alloc()
 *
 * A buffer is contiguous. If it is at most half a page, several lie in a page, and none crosses the
 * end of one while the instance is used for nothing else. The device may write @size bytes to it;
 * they are synced for it. Several are allocated at once, as long as packets are read in the order
 * of arrival.
 *
 * Context: As @gfp allows; see the top of this file.
 * Return: number of slots, from the first on, that have a buffer: less than @nr on OOM.
 */
unsigned int dualtree_rx_refill(struct dualtree_rx *rx, struct dualtree_rx_slot *slots,
				unsigned int nr, gfp_t gfp);

/**
 * dualtree_rx_receive() - make a packet of a slot
 * @rx: the tracker, which has a NAPI
 * @slot: the slot. It is empty afterwards if the packet is in place, else it keeps its buffer,
 *	which is synced for the device: it can be posted again at once
 * @data: first byte of the frame: @slot->data, or where an XDP program moved it to
 * @len: bytes of the frame, or of its first part: 1 up to the end of the buffer
 * @headers: bytes to copy into the linear part where the payload becomes fragments, at most 256;
 *	0: as many as the frame's headers have, found by eth_get_headlen()
 *
 * What the packet is made of, by what is smaller and costs less:
 *
 * - A copy, if the frame is short or small for its buffer, or has as many bytes as @copybreak says,
 *   or is in more pages than a packet has fragments; or at the limit; or on OOM of what tracks it.
 * - The buffer itself, with napi_build_skb(), if it lies in one page and the tracker was created
 *   without @fragments. Its tail is freed where that is worth it. The packet is charged what it
 *   keeps.
 * - Else fragments, one for each page, with a reference to each, charged by their bytes; the
 *   headers are copied. The rest of the buffer is freed.
 *
 * The caller has called dualtree_dma_sync_for_cpu() for the frame. It sets the protocol, the state
 * of the checksum and so on.
 *
 * Context: The poll of the tracker's NAPI.
 * Return: the packet, with skb->dev set to the NAPI's device; or NULL on OOM, or for more than 60
 * pages of which a copy was to be made. Then the slot keeps its buffer.
 */
struct sk_buff *dualtree_rx_receive(struct dualtree_rx *rx, struct dualtree_rx_slot *slot,
				    void *data, unsigned int len, unsigned int headers);

/**
 * dualtree_rx_receive_split() - make a packet of a slot and of headers that lie elsewhere
 * @rx: the tracker, which has a NAPI and was created with @split
 * @slot: the slot, as in dualtree_rx_receive(), with the payload from slot->data on
 * @len: bytes of the payload, or of its first part: 0 to @size of the tracker
 * @head: the headers, which are copied; they stay the caller's
 * @headers: bytes of these, 1 to 256
 *
 * Payload in place begins at a page: each fragment but the last is a whole page, which readers can
 * map (TCP_ZEROCOPY_RECEIVE). A page that is mapped is held until it is unmapped. Of a page that
 * the payload does not fill, no reader can map the rest. Payload that is short, or small for its
 * buffer and less than a page, is copied.
 *
 * The driver gets room for headers once for a ring, from dualtree_alloc() or coherent memory. The
 * caller has called dualtree_dma_sync_for_cpu() for both.
 *
 * Context: The poll of the tracker's NAPI.
 * Return: as dualtree_rx_receive().
 */
struct sk_buff *dualtree_rx_receive_split(struct dualtree_rx *rx, struct dualtree_rx_slot *slot,
					  unsigned int len, const void *head, unsigned int headers);

/**
 * dualtree_rx_append() - append the next slot of the same frame to a packet
 * @rx: the tracker
 * @skb: the packet that dualtree_rx_receive() made of the first slot
 * @slot: the slot; as in dualtree_rx_receive()
 * @len: bytes that the device wrote
 *
 * Context: The poll of the tracker's NAPI.
 * Return: 0; -EINVAL if @len is 0 or more than the buffer has; -EMSGSIZE if the packet has no room
 * for so many fragments; or -ENOMEM. After an error the packet is as before and the slot keeps its
 * buffer.
 */
int dualtree_rx_append(struct dualtree_rx *rx, struct sk_buff *skb, struct dualtree_rx_slot *slot,
		       unsigned int len);

/**
 * dualtree_rx_discard() - free the buffers of slots
 * @rx: the tracker
 * @slots: the slots; all are empty afterwards
 * @nr: number of slots
 *
 * The device must not write to them any more. What the last refill has left for the next one is
 * freed, too: afterwards the tracker has nothing but what packets hold.
 *
 * Context: See the top of this file.
 */
void dualtree_rx_discard(struct dualtree_rx *rx, struct dualtree_rx_slot *slots, unsigned int nr);

/**
 * dualtree_rx_truesize() - get the bytes of a slot's buffer
 * @rx: the tracker
 *
 * The buffer begins @headroom bytes before slot->data. An XDP program gets these two, see
 * xdp_init_buff() and xdp_prepare_buff().
 *
 * Context: Any context.
 * Return: bytes with the room before and after what the device writes.
 */
unsigned int dualtree_rx_truesize(const struct dualtree_rx *rx);

/**
 * dualtree_rx_skb() - make a packet of a packet buffer
 * @rx: tracker of the buffer's instance
 * @dev: device that the packet was received on, or NULL
 * @buf: the bytes of the packet; empty afterwards
 * @headers: number of bytes for the linear part, at most 256, which are copied and freed
 * @gfp: flags for the packet's own memory
 *
 * - The bytes after the headers become page fragments, one for each page, with a reference to it
 *   and charged by the granules that they lie in.
 * - All of the packet is a copy, and its bytes are freed, if it has headers only, if another buffer
 *   shares its ranges, if they are in more pages than a packet has fragments, at the limit, or on
 *   OOM of what tracks them.
 *
 * The caller sets the protocol, the state of the checksum and so on.
 *
 * Context: As @gfp allows; see the top of this file.
 * Return: the packet; ERR_PTR(-ENODATA) if the buffer is empty; ERR_PTR(-EINVAL) if @rx is of
 * another instance or @headers is too large; ERR_PTR(-EMSGSIZE) if a copy would need more fragments
 * than a packet has; or ERR_PTR(-ENOMEM). After an error the buffer is as before.
 */
struct sk_buff *dualtree_rx_skb(struct dualtree_rx *rx, struct net_device *dev,
				struct dualtree_buf *buf, unsigned int headers, gfp_t gfp);

/**
 * dualtree_rx_pin() - keep a range until its page is released
 * @rx: the tracker
 * @ptr: first byte of a live range of the instance, which lies in one page
 * @len: number of bytes
 *
 * Takes a reference to the page, which is the caller's to pass on: to an XDP frame of a queue with
 * MEM_TYPE_PAGE_SHARED, to a fragment, to build_skb(). When the page has no reference but the
 * allocator's, dualtree_rx_reap() frees the range.
 *
 * A slot's buffer is pinned by its first byte and dualtree_rx_truesize(); the caller then sets
 * slot->data to NULL.
 *
 * Context: See the top of this file. Does not sleep.
 * Return: 0; -EINVAL if the range is empty or crosses the end of a page; -ENOSPC at the limit; or
 * -ENOMEM. After an error the range is still the caller's.
 */
int dualtree_rx_pin(struct dualtree_rx *rx, void *ptr, size_t len);

/**
 * dualtree_rx_reap() - free ranges that no packet holds
 * @rx: the tracker
 * @budget: maximum number of ranges to look at
 *
 * A driver calls it in its poll, with twice the packets that it has received and a few more. When
 * nothing is received, it looks at more than @budget: see the top of this file.
 *
 * Context: See the top of this file.
 * Return: number of ranges freed.
 */
unsigned int dualtree_rx_reap(struct dualtree_rx *rx, unsigned int budget);

/**
 * dualtree_rx_get_stats() - read the statistics of a tracker
 * @rx: the tracker
 * @stats: set to the statistics; with a lock, all from one hold of it
 *
 * Context: Any context but NMI; on PREEMPT_RT preemptible.
 */
void dualtree_rx_get_stats(struct dualtree_rx *rx, struct dualtree_rx_stats *stats);

#endif /* DUALTREE_NETBUF_RX_H */
