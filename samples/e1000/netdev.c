// SPDX-License-Identifier: GPL-2.0
/*
 * The network device: up and down, interrupts, the poll.
 *
 * To go down, under RTNL, which needs no packet to come back from the stack:
 *
 *	no transmit	nic->up is false, under the transmit lock
 *	no interrupt	the mask is clear, and a handler that runs has ended
 *	no poll		napi_disable()
 *	no DMA		hw_reset()
 *	free		what was to be sent, buffers, tracker, instance, pool and its mappings
 *
 * The interrupt handler masks the device and schedules the poll, and the poll unmasks it. The line
 * is shared. Message signalled interrupts are not used: emulations of this chip have none.
 */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/xdp.h>

#include "../../compat/xdp.h"

#include "hw.h"
#include "netdev.h"
#include "nic.h"
#include "regs.h"
#include "rx.h"
#include "tx.h"
#include "xdp.h"

#define INT_ALL		(INT_TXDW | INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0)

/* Jiffies without a completion after which the device counts as hung. */
#define TX_PATIENCE	(5 * HZ)

static irqreturn_t nic_interrupt(int irq, void *data)
{
	struct nic *nic = data;
	u32 causes;

	if (!READ_ONCE(nic->up))
		return IRQ_NONE;
	causes = hw_read(nic, REG_ICR);
	/* Another device's; or the card has been pulled. */
	if (!(causes & INT_ALL) || causes == ~0)
		return IRQ_NONE;
	if (causes & INT_LSC)
		hw_check_link(nic);
	if (napi_schedule_prep(&nic->napi)) {
		hw_write(nic, REG_IMC, ~0);
		__napi_schedule(&nic->napi);
	}
	return IRQ_HANDLED;
}

static int nic_poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = container_of(napi, struct nic, napi);
	int done;

	tx_clean(nic, budget);
	/* netpoll polls with no budget, to transmit. */
	done = budget ? rx_poll(nic, budget) : 0;
	if (done < budget && napi_complete_done(napi, done) && READ_ONCE(nic->up))
		hw_write(nic, REG_IMS, INT_ALL);
	return done;
}

/* Under both locks of those who use the device without RTNL. */
static void nic_set_up(struct nic *nic, bool up)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->dev, 0);

	spin_lock_bh(&nic->stats_lock);
	__netif_tx_lock(queue, smp_processor_id());
	WRITE_ONCE(nic->up, up);
	__netif_tx_unlock(queue);
	spin_unlock_bh(&nic->stats_lock);
}

/* The rings are allocated, the device is reset. */
static void nic_start(struct nic *nic)
{
	hw_configure(nic);
	tx_program(nic);
	rx_program(nic);
	netif_addr_lock_bh(nic->dev);
	hw_set_filters(nic);
	netif_addr_unlock_bh(nic->dev);
	rx_refill(nic, GFP_KERNEL);
	napi_enable(&nic->napi);
	nic_set_up(nic, true);
	netif_wake_queue(nic->dev);
	hw_write(nic, REG_IMS, INT_ALL);
	/* The link is perhaps up already. The poll, too, looks once. */
	hw_write(nic, REG_ICS, INT_LSC | INT_RXT0);
}

static void nic_halt(struct nic *nic)
{
	hw_read_stats(nic);
	nic_set_up(nic, false);
	netif_tx_disable(nic->dev);
	hw_write(nic, REG_IMC, ~0);
	synchronize_irq(nic->pdev->irq);
	netif_carrier_off(nic->dev);
	napi_disable(&nic->napi);
	hw_reset(nic);
	netdev_reset_queue(nic->dev);
}

/* Allocate both rings, for what the card does next. */
static int rings_alloc(struct nic *nic, struct rx *rx, struct tx *tx, unsigned int mtu, bool xdp)
{
	struct rx_config config = {
		.entries = nic->rx_entries,
		.mtu = mtu,
		.copybreak = nic->copybreak,
		.fragments = nic->fragments,
		.xdp = xdp,
	};
	int err = tx_alloc(nic, tx, nic->tx_entries);

	if (err)
		return err;
	err = rx_alloc(nic, rx, &config);
	if (err)
		tx_free(nic, tx);
	return err;
}

int nic_reconfigure(struct nic *nic, unsigned int mtu, bool xdp)
{
	struct rx rx;
	struct tx tx;
	int err;

	if (!nic->up)
		return 0;
	err = rings_alloc(nic, &rx, &tx, mtu, xdp);
	if (err)
		return err;
	nic_halt(nic);
	tx_free(nic, &nic->tx);
	rx_free(nic, &nic->rx);
	nic->rx = rx;
	nic->tx = tx;
	nic_start(nic);
	return 0;
}

/* Under RTNL, as nic_stop(). */
int nic_open(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);
	int err;

	err = rings_alloc(nic, &nic->rx, &nic->tx, dev->mtu, rtnl_dereference(nic->xdp_prog));
	if (err)
		return err;
	err = xdp_rxq_info_reg(&nic->rxq, dev, 0, nic->napi.napi_id);
	if (err)
		goto free;
	err = xdp_rxq_info_reg_mem_model(&nic->rxq, MEM_TYPE_PAGE_SHARED, NULL);
	if (err)
		goto unregister;
	hw_reset(nic);
	err = request_irq(nic->pdev->irq, nic_interrupt, IRQF_SHARED, dev->name, nic);
	if (err)
		goto unregister;
	/* The link comes up later, with an interrupt. */
	if (hw_negotiate(nic))
		netdev_warn(dev, "the PHY does not answer: the link stays as it is\n");
	nic_start(nic);
	return 0;

unregister:
	xdp_rxq_info_unreg(&nic->rxq);
free:
	tx_free(nic, &nic->tx);
	rx_free(nic, &nic->rx);
	return err;
}

int nic_stop(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	/* It was stopped to suspend, and is now removed, or did not come up again. */
	if (!nic->up)
		return 0;
	nic_halt(nic);
	free_irq(nic->pdev->irq, nic);
	xdp_rxq_info_unreg(&nic->rxq);
	tx_free(nic, &nic->tx);
	rx_free(nic, &nic->rx);
	return 0;
}

static int nic_change_mtu(struct net_device *dev, int mtu)
{
	struct nic *nic = netdev_priv(dev);
	bool xdp = rtnl_dereference(nic->xdp_prog);
	int err;

	if (xdp && mtu > ETH_DATA_LEN)
		return -EOPNOTSUPP;
	err = nic_reconfigure(nic, mtu, xdp);
	if (!err)
		WRITE_ONCE(dev->mtu, mtu);
	return err;
}

static int nic_set_features(struct net_device *dev, netdev_features_t features)
{
	struct nic *nic = netdev_priv(dev);

	dev->features = features;
	if (nic->up)
		hw_configure(nic);
	/* Set already. */
	return 1;
}

static int nic_set_address(struct net_device *dev, void *address)
{
	struct nic *nic = netdev_priv(dev);
	int err = eth_mac_addr(dev, address);

	if (err)
		return err;
	netif_addr_lock_bh(dev);
	if (nic->up)
		hw_set_filters(nic);
	netif_addr_unlock_bh(dev);
	return 0;
}

/* Under the address lock. */
static void nic_set_rx_mode(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	if (nic->up)
		hw_set_filters(nic);
}

/* Under the transmit lock. */
static void nic_tx_timeout(struct net_device *dev, unsigned int queue)
{
	struct nic *nic = netdev_priv(dev);

	netdev_warn(dev, "the device does not send: resetting it\n");
	schedule_work(&nic->reset_work);
}

static void nic_reset_work(struct work_struct *work)
{
	struct nic *nic = container_of(work, struct nic, reset_work);
	int err;

	rtnl_lock();
	if (nic->inject == INJECT_HANG)
		nic->inject = INJECT_NONE;
	count(&nic->counts, RESETS, 1);
	err = nic_reconfigure(nic, nic->dev->mtu, rtnl_dereference(nic->xdp_prog));
	if (err)
		netdev_err(nic->dev, "no memory to reset: %d\n", err);
	rtnl_unlock();
}

static void nic_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct nic *nic = netdev_priv(dev);
	const struct counts *counts = &nic->counts;

	hw_read_stats(nic);
	stats->rx_packets = count_of(counts, RX_PACKETS);
	stats->rx_bytes = count_of(counts, RX_BYTES);
	stats->rx_dropped = count_of(counts, RX_DROPPED);
	stats->rx_missed_errors = count_of(counts, HW_MISSED);
	stats->rx_crc_errors = count_of(counts, HW_CRC_ERRORS);
	stats->rx_length_errors = count_of(counts, HW_LENGTH_ERRORS) +
				  count_of(counts, RX_TOO_LONG);
	stats->rx_errors = count_of(counts, RX_ERRORS) + stats->rx_length_errors;
	stats->tx_packets = count_of(counts, TX_PACKETS);
	stats->tx_bytes = count_of(counts, TX_BYTES);
	stats->tx_dropped = count_of(counts, TX_DROPPED);
}

static const struct net_device_ops nic_netdev_ops = {
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = tx_xmit,
	.ndo_change_mtu = nic_change_mtu,
	.ndo_set_features = nic_set_features,
	.ndo_set_mac_address = nic_set_address,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_set_rx_mode = nic_set_rx_mode,
	.ndo_tx_timeout = nic_tx_timeout,
	.ndo_get_stats64 = nic_get_stats64,
	.ndo_bpf = xdp_setup,
	.ndo_xdp_xmit = xdp_xmit,
};

/* No TSO: the chip hangs on some packets with it. */
void nic_setup(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	dev->netdev_ops = &nic_netdev_ops;
	nic_set_ethtool_ops(dev);
	dev->hw_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM;
	dev->features |= dev->hw_features;
	dev->vlan_features = dev->features;
	dev->max_mtu = MTU_MAX;
	dev->watchdog_timeo = TX_PATIENCE;
	dev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;
	dt_xdp_set_features(dev);
	spin_lock_init(&nic->stats_lock);
	INIT_WORK(&nic->reset_work, nic_reset_work);
	netif_napi_add(dev, &nic->napi, nic_poll);
	netif_carrier_off(dev);
}
