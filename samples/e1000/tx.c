// SPDX-License-Identifier: GPL-2.0
/*
 * The transmit side.
 *
 *	packet		[context]  linear part  fragment ...	each mapped, unmapped in tx_clean()
 *	XDP frame	frame					mapped, unmapped in tx_clean()
 *	XDP_TX		received bytes				mapped as long as the pool
 *
 * The context tells the device where a checksum begins and goes. It holds for what follows, so it
 * is written only if the last one was another. The last descriptor of a packet asks for TXD_DD.
 *
 * The queue is stopped while less than TX_DESCS_MAX descriptors are free, and woken by the poll.
 * Each side writes its index and reads the other's after a barrier, so one of the two sees that
 * the queue can go on.
 */
#include <linux/dma-mapping.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/xdp.h>

#include <dualtree/dualtree.h>

#include "hw.h"
#include "nic.h"
#include "regs.h"
#include "tx.h"

/* The device hangs on what is shorter. It pads the rest. */
#define FRAME_MIN	17

/* Free descriptors at which a stopped queue is woken. */
#define TX_WAKE		(2 * TX_DESCS_MAX)

int tx_alloc(struct nic *nic, struct tx *tx, unsigned int entries)
{
	tx->slots = kvcalloc(entries, sizeof(*tx->slots), GFP_KERNEL);
	if (!tx->slots)
		return -ENOMEM;
	tx->descs = dma_alloc_coherent(&nic->pdev->dev, entries * sizeof(*tx->descs), &tx->dma,
				       GFP_KERNEL);
	if (!tx->descs) {
		kvfree(tx->slots);
		return -ENOMEM;
	}
	tx->entries = entries;
	tx->context = 0;
	tx->fill = 0;
	tx->next = 0;
	tx->clean = 0;
	return 0;
}

void tx_program(struct nic *nic)
{
	struct tx *tx = &nic->tx;

	hw_write(nic, REG_TDBAL, lower_32_bits(tx->dma));
	hw_write(nic, REG_TDBAH, upper_32_bits(tx->dma));
	hw_write(nic, REG_TDLEN, tx->entries * sizeof(*tx->descs));
	hw_write(nic, REG_TDH, 0);
	hw_write(nic, REG_TDT, 0);
}

static unsigned int tx_after(const struct tx *tx, unsigned int i)
{
	return i + 1 < tx->entries ? i + 1 : 0;
}

/* One descriptor stays free: where head and tail are the same, the ring is empty. */
static unsigned int tx_unused(const struct tx *tx)
{
	unsigned int clean = READ_ONCE(tx->clean), next = READ_ONCE(tx->next);

	return (clean > next ? 0 : tx->entries) + clean - next - 1;
}

static void slot_unmap(struct nic *nic, const struct tx_slot *slot)
{
	struct device *device = &nic->pdev->dev;

	if (slot->kind == TX_PAGE)
		dma_unmap_page(device, slot->dma, slot->len, DMA_TO_DEVICE);
	else if (slot->kind == TX_SINGLE || slot->kind == TX_FRAME)
		dma_unmap_single(device, slot->dma, slot->len, DMA_TO_DEVICE);
}

/* Fill the next descriptor. Return: its slot. */
static struct tx_slot *tx_put(struct tx *tx, u64 addr, u32 command, u32 status)
{
	struct tx_slot *slot = &tx->slots[tx->fill];
	struct tx_desc *desc = &tx->descs[tx->fill];

	desc->addr = cpu_to_le64(addr);
	desc->command = cpu_to_le32(command);
	desc->status = cpu_to_le32(status);
	tx->fill = tx_after(tx, tx->fill);
	slot->kind = TX_NONE;
	slot->skb = NULL;
	return slot;
}

static struct tx_slot *tx_put_data(struct tx *tx, enum tx_kind kind, dma_addr_t dma,
				   unsigned int len, u32 options)
{
	struct tx_slot *slot = tx_put(tx, dma, len | TXD_DATA | TXD_DEXT | TXD_IFCS, options);

	slot->kind = kind;
	slot->len = len;
	slot->dma = dma;
	return slot;
}

/* The packet is whole: it is the device's with the next tx_kick(), and the poll may look at it. */
static void tx_end(struct tx *tx)
{
	unsigned int last = (tx->fill ?: tx->entries) - 1;

	tx->descs[last].command |= cpu_to_le32(TXD_EOP | TXD_RS);
	tx->slots[tx->next].last = last;
	/* Publishes the slots. Pairs with the acquire in tx_clean(). */
	smp_store_release(&tx->next, tx->fill);
}

/* Take back what was put since the last whole packet. */
static void tx_unwind(struct nic *nic)
{
	struct tx *tx = &nic->tx;
	unsigned int i;

	for (i = tx->next; i != tx->fill; i = tx_after(tx, i))
		slot_unmap(nic, &tx->slots[i]);
	tx->fill = tx->next;
	/* The context was perhaps among it. */
	tx->context = 0;
}

void tx_kick(struct nic *nic)
{
	/* Of a device that is to hang, for scripts/nic --self-check. */
	if (unlikely(nic->inject == INJECT_HANG))
		return;
	/* The write orders the descriptors before it. */
	hw_write(nic, REG_TDT, nic->tx.next);
}

/* Have the device compute the checksum. Return: options of the data that follows. */
static u32 tx_put_context(struct nic *nic, const struct sk_buff *skb)
{
	unsigned int start = skb_checksum_start_offset(skb);
	unsigned int offset = start + skb->csum_offset;
	u32 context = start << 8 | offset;
	struct tx *tx = &nic->tx;

	if (context != tx->context) {
		tx_put(tx, FIELD_PREP(TXC_TUCSS, start) | FIELD_PREP(TXC_TUCSO, offset),
		       TXD_CONTEXT | TXD_DEXT, 0);
		tx->context = context;
	}
	count(&nic->counts, TX_CSUM, 1);
	return TXD_POPTS_TXSM;
}

/* Return: false if this device cannot compute it and the CPU has not done so. */
static bool checksum_fits(struct sk_buff *skb)
{
	if (skb->ip_summed != CHECKSUM_PARTIAL ||
	    skb_checksum_start_offset(skb) + skb->csum_offset <= TXC_OFFSET_MAX)
		return true;
	return !skb_checksum_help(skb);
}

/* Return: false if something cannot be mapped; then nothing is. */
static bool tx_put_packet(struct nic *nic, struct sk_buff *skb)
{
	unsigned int i, len = skb_headlen(skb);
	struct device *device = &nic->pdev->dev;
	struct tx *tx = &nic->tx;
	const skb_frag_t *frag;
	struct tx_slot *slot;
	u32 options = 0;
	dma_addr_t dma;

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		options = tx_put_context(nic, skb);
	dma = dma_map_single(device, skb->data, len, DMA_TO_DEVICE);
	if (dma_mapping_error(device, dma))
		goto unwind;
	slot = tx_put_data(tx, TX_SINGLE, dma, len, options);
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		frag = &skb_shinfo(skb)->frags[i];
		len = skb_frag_size(frag);
		dma = skb_frag_dma_map(device, frag, 0, len, DMA_TO_DEVICE);
		if (dma_mapping_error(device, dma))
			goto unwind;
		slot = tx_put_data(tx, TX_PAGE, dma, len, options);
	}
	slot->skb = skb;
	tx_end(tx);
	return true;

unwind:
	tx_unwind(nic);
	return false;
}

/* Return: whether there is room for any packet; if not, the queue is stopped. */
static bool tx_has_room(struct nic *nic)
{
	if (likely(tx_unused(&nic->tx) >= TX_DESCS_MAX))
		return true;
	netif_stop_queue(nic->dev);
	count(&nic->counts, TX_BUSY, 1);
	/* Pairs with the barrier in tx_clean(): it sees the queue stopped, or we what it freed. */
	smp_mb();
	if (tx_unused(&nic->tx) < TX_DESCS_MAX)
		return false;
	netif_start_queue(nic->dev);
	return true;
}

/* Under the transmit lock. */
netdev_tx_t tx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);
	unsigned int len;

	/* It frees the packet on failure. */
	if (skb_put_padto(skb, FRAME_MIN))
		return NETDEV_TX_OK;
	if (unlikely(!nic->up))
		goto drop;
	if (unlikely(!tx_has_room(nic)))
		return NETDEV_TX_BUSY;
	if (!checksum_fits(skb) || !tx_put_packet(nic, skb))
		goto drop;
	len = skb->len;
	skb_tx_timestamp(skb);
	tx_has_room(nic);
	if (__netdev_sent_queue(dev, len, netdev_xmit_more()))
		tx_kick(nic);
	return NETDEV_TX_OK;

drop:
	count(&nic->counts, TX_DROPPED, 1);
	dev_kfree_skb_any(skb);
	/* Earlier packets wait for this one, if the stack had said that more would come. */
	if (nic->up)
		tx_kick(nic);
	return NETDEV_TX_OK;
}

bool tx_send_received(struct nic *nic, void *data, unsigned int len)
{
	struct dualtree *dt = nic->rx.dt;
	struct tx_slot *slot;

	if (!nic->up || !tx_unused(&nic->tx))
		return false;
	dualtree_dma_sync_for_device(dt, data, len);
	slot = tx_put_data(&nic->tx, TX_POOL, dualtree_dma_addr(dt, data), len, 0);
	slot->data = data;
	tx_end(&nic->tx);
	return true;
}

bool tx_send_frame(struct nic *nic, struct xdp_frame *frame)
{
	struct device *device = &nic->pdev->dev;
	struct tx_slot *slot;
	dma_addr_t dma;

	if (!nic->up || !tx_unused(&nic->tx) || xdp_frame_has_frags(frame))
		return false;
	dma = dma_map_single(device, frame->data, frame->len, DMA_TO_DEVICE);
	if (dma_mapping_error(device, dma))
		return false;
	slot = tx_put_data(&nic->tx, TX_FRAME, dma, frame->len, 0);
	slot->frame = frame;
	tx_end(&nic->tx);
	return true;
}

/* What one slot had, after it was sent or as the ring is freed. Return: the packet it ends. */
static struct sk_buff *slot_release(struct nic *nic, struct tx_slot *slot)
{
	slot_unmap(nic, slot);
	switch (slot->kind) {
	case TX_FRAME:
		xdp_return_frame(slot->frame);
		return NULL;
	case TX_POOL:
		put_page(virt_to_page(slot->data));
		return NULL;
	default:
		return slot->skb;
	}
}

/* Free a packet or frame, from the slot @i on. Return: the slot after it. */
static unsigned int packet_release(struct nic *nic, unsigned int i, int budget,
				   unsigned int *packets, unsigned int *bytes)
{
	struct tx *tx = &nic->tx;
	unsigned int last = tx->slots[i].last;
	struct sk_buff *skb;

	while (i != last) {
		slot_release(nic, &tx->slots[i]);
		i = tx_after(tx, i);
	}
	skb = slot_release(nic, &tx->slots[last]);
	if (skb) {
		++*packets;
		*bytes += skb->len;
		napi_consume_skb(skb, budget);
	} else {
		count(&nic->counts, TX_COMPLETED_XDP, 1);
	}
	return tx_after(tx, last);
}

void tx_clean(struct nic *nic, int budget)
{
	unsigned int i, packets = 0, bytes = 0;
	struct tx *tx = &nic->tx;
	/* Pairs with tx_end(). */
	unsigned int next = smp_load_acquire(&tx->next);
	const struct tx_desc *last;

	for (i = tx->clean; i != next; ) {
		last = &tx->descs[tx->slots[i].last];
		if (!(READ_ONCE(last->status) & cpu_to_le32(TXD_DD)))
			break;
		i = packet_release(nic, i, budget, &packets, &bytes);
	}
	WRITE_ONCE(tx->clean, i);
	count(&nic->counts, TX_PACKETS, packets);
	count(&nic->counts, TX_BYTES, bytes);
	netdev_completed_queue(nic->dev, packets, bytes);
	/* Pairs with the barrier in tx_has_room(). */
	smp_mb();
	if (netif_queue_stopped(nic->dev) && READ_ONCE(nic->up) && tx_unused(tx) >= TX_WAKE)
		netif_wake_queue(nic->dev);
}

void tx_free(struct nic *nic, struct tx *tx)
{
	unsigned int i;

	for (i = tx->clean; i != tx->next; i = tx_after(tx, i))
		dev_kfree_skb(slot_release(nic, &tx->slots[i]));
	dma_free_coherent(&nic->pdev->dev, tx->entries * sizeof(*tx->descs), tx->descs, tx->dma);
	kvfree(tx->slots);
}
