// SPDX-License-Identifier: GPL-2.0
/*
 * The device: open, close, transmit.
 *
 * Transmit stands for the hardware. It copies the frame into the next buffer that the peer
 * posted, fills in the checksum, as a card does by DMA, and schedules the peer's NAPI. A frame
 * for which no buffer is posted is lost, as on a wire.
 *
 * The peer tests end.running, under RCU, before it fills a ring. vnic_stop() clears it, waits
 * for a grace period, and then empties the ring. Open and close run under RTNL, which all
 * network namespaces share.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <net/checksum.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "end.h"
#include "netdev.h"

/* Bytes of the largest MTU: jumbo frames. */
#define MTU_MAX		9000

/*
 * Bytes of a slot for frames of a usual MTU, with their headers and two VLAN tags, or of any. Two
 * buffers of the former lie in a page of 4 KiB, and become packets without a copied byte.
 */
#define ROOM_USUAL	(SZ_1K + SZ_512)
#define ROOM_JUMBO	SZ_16K

/* With split headers a slot has no more than payload, of which a page can be mapped by readers. */
static unsigned int room_for(const struct end *end, unsigned int mtu)
{
	if (end->split)
		return PAGE_ALIGN(mtu);
	return mtu <= ETH_DATA_LEN ? ROOM_USUAL : ROOM_JUMBO;
}

/* Free what is posted. Return: frames that had arrived and were not taken. */
static unsigned int ring_close(struct end *end)
{
	unsigned int arrived = ring_empty(&end->ring);

	if (end->ring.heads)
		dualtree_free(end->dt, end->ring.heads, end->ring.size * HEAD_ROOM);
	end->ring.heads = NULL;
	return arrived;
}

static int ring_open(struct end *end)
{
	struct ring *ring = &end->ring;
	int err;

	ring->room = room_for(end, end->dev->mtu);
	err = dualtree_rx_set_size(end->rx, ring->room, 0);
	if (err)
		return err;
	if (end->split)
		ring->heads = dualtree_alloc(end->dt, ring->size * HEAD_ROOM, GFP_KERNEL);
	if ((end->split && !ring->heads) || !ring_refill(ring, GFP_KERNEL)) {
		ring_close(end);
		return -ENOMEM;
	}
	return 0;
}

/* Under RTNL. */
static int vnic_open(struct net_device *dev)
{
	struct end *end = netdev_priv(dev);
	int err = ring_open(end);

	if (err)
		return err;
	napi_enable(&end->napi);
	/* Publishes the posted ring and NAPI. Pairs with the acquire in frame_transmit(). */
	smp_store_release(&end->running, true);
	if (end->peer->running) {
		netif_carrier_on(dev);
		netif_carrier_on(end->peer->dev);
	}
	return 0;
}

/* Under RTNL. */
static int vnic_stop(struct net_device *dev)
{
	struct end *end = netdev_priv(dev);

	if (!end->running)
		return 0;
	netif_carrier_off(dev);
	netif_carrier_off(end->peer->dev);
	WRITE_ONCE(end->running, false);
	/* Wait for the peer's transmits that saw it running. */
	synchronize_net();
	napi_disable(&end->napi);
	count(&end->counts, RX_DISCARDED, ring_close(end));
	return 0;
}

/* Under RTNL. If an open end needs other slots, close it and open it again. */
static int vnic_change_mtu(struct net_device *dev, int mtu)
{
	struct end *end = netdev_priv(dev);
	bool reopen = end->running && end->ring.room != room_for(end, mtu);
	int old = dev->mtu, err;

	if (reopen)
		vnic_stop(dev);
	WRITE_ONCE(dev->mtu, mtu);
	err = reopen ? vnic_open(dev) : 0;
	if (err) {
		/* If that fails, too, it is closed until it is set up again. */
		WRITE_ONCE(dev->mtu, old);
		vnic_open(dev);
	}
	return err;
}

/*
 * Compute the checksum that the stack has left to the device. Its place is among the first @headers
 * bytes, at @head; the others are at @data.
 */
static void frame_fill_checksum(const struct sk_buff *skb, u8 *head, unsigned int headers,
				const u8 *data)
{
	unsigned int start = skb_checksum_start_offset(skb);
	__wsum sum = csum_partial(head + start, headers - start, 0);
	__wsum payload = csum_partial(data, skb->len - headers, 0);

	sum = csum_block_add(sum, payload, headers - start);
	*(__sum16 *)(head + start + skb->csum_offset) = csum_fold(sum) ?: CSUM_MANGLED_0;
}

/* Return: bytes that a card which splits headers writes apart: those whose meaning it knows. */
static unsigned int headers_of(const struct sk_buff *skb)
{
	unsigned int max = min_t(unsigned int, skb_headlen(skb), HEAD_ROOM);
	unsigned int headers = eth_get_headlen(skb->dev, skb->data, max);

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		headers = max_t(unsigned int, headers, skb_checksum_start_offset(skb) +
				skb->csum_offset + sizeof(__sum16));
	return headers;
}

/* Write a frame to a slot of the peer's, as DMA does. Return: false if it has no room. */
static bool frame_write(struct ring *ring, const struct sk_buff *skb, u8 *head, u8 *data)
{
	unsigned int headers = head ? headers_of(skb) : 0;
	struct frame frame = { .len = skb->len - headers, .headers = headers };

	if (headers > HEAD_ROOM || frame.len > ring->room)
		return false;
	if (headers && skb_copy_bits(skb, 0, head, headers))
		return false;
	if (skb_copy_bits(skb, headers, data, frame.len))
		return false;
	if (skb->ip_summed == CHECKSUM_PARTIAL && head)
		frame_fill_checksum(skb, head, headers, data);
	else if (skb->ip_summed == CHECKSUM_PARTIAL)
		frame_fill_checksum(skb, data, skb->len, data + skb->len);
	ring_fill(ring, &frame);
	return true;
}

/* Return: the counter of the frame. */
static enum count frame_transmit(struct end *peer, const struct sk_buff *skb)
{
	u8 *head, *data;

	/* Pairs with vnic_open(). */
	if (!smp_load_acquire(&peer->running))
		return TX_DROPPED_DOWN;
	if (skb->len < ETH_HLEN)
		return TX_DROPPED_SIZE;
	data = ring_room(&peer->ring, &head);
	if (!data)
		return TX_DROPPED_FULL;
	return frame_write(&peer->ring, skb, head, data) ? TX_PACKETS : TX_DROPPED_SIZE;
}

/* Under the transmit lock, which makes us the only transmitter, and under RCU. */
static netdev_tx_t vnic_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct end *end = netdev_priv(dev);
	enum count as;

	skb_tx_timestamp(skb);
	as = frame_transmit(end->peer, skb);
	count(&end->counts, as, 1);
	/* Also if nothing is posted: the poll then tries to post. */
	if (as == TX_PACKETS || as == TX_DROPPED_FULL)
		napi_schedule(&end->peer->napi);
	if (as == TX_PACKETS) {
		count(&end->counts, TX_BYTES, skb->len);
		dev_consume_skb_any(skb);
	} else {
		dev_kfree_skb_any(skb);
	}
	return NETDEV_TX_OK;
}

static void vnic_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	const struct end *end = netdev_priv(dev);
	const struct counts *counts = &end->counts;

	stats->tx_packets = count_of(counts, TX_PACKETS);
	stats->tx_bytes = count_of(counts, TX_BYTES);
	stats->tx_carrier_errors = count_of(counts, TX_DROPPED_DOWN);
	stats->tx_dropped = stats->tx_carrier_errors + count_of(counts, TX_DROPPED_FULL) +
			    count_of(counts, TX_DROPPED_SIZE);
	stats->rx_packets = count_of(counts, RX_PACKETS);
	stats->rx_bytes = count_of(counts, RX_BYTES);
	stats->rx_dropped = count_of(counts, RX_DROPPED);
	stats->rx_missed_errors = count_of(&end->peer->counts, TX_DROPPED_FULL);
}

static const struct net_device_ops vnic_netdev_ops = {
	.ndo_open = vnic_open,
	.ndo_stop = vnic_stop,
	.ndo_start_xmit = vnic_xmit,
	.ndo_change_mtu = vnic_change_mtu,
	.ndo_get_stats64 = vnic_get_stats64,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static const struct ethtool_ops vnic_ethtool_ops = {
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
};

/* No TSO: a device that cuts segments is not the subject of this sample. */
void vnic_setup(struct net_device *dev, bool rx_csum)
{
	dev->netdev_ops = &vnic_netdev_ops;
	dev->ethtool_ops = &vnic_ethtool_ops;
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | NETIF_F_HW_CSUM |
			   NETIF_F_RXCSUM;
	dev->features |= dev->hw_features;
	if (!rx_csum)
		dev->features &= ~NETIF_F_RXCSUM;
	dev->vlan_features = dev->features;
	dev->max_mtu = MTU_MAX;
	/* A frame has arrived when the transmit returns: there is nothing to queue. */
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE;
	eth_hw_addr_random(dev);
	netif_carrier_off(dev);
}
