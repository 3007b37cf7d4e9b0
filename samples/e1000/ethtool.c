// SPDX-License-Identifier: GPL-2.0
/* What ethtool shows and sets. Under RTNL. */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "../../compat/ethtool.h"
#include "hw.h"
#include "netdev.h"
#include "nic.h"
#include "regs.h"

/* A ring is in units of 128 bytes, eight descriptors, and at most as long as the device allows. */
#define ENTRIES_UNIT	8
#define ENTRIES_MAX	4096
/* A stopped queue has to become half empty before it is woken. */
#define TX_ENTRIES_MIN	(4 * TX_DESCS_MAX)
/* More than a poll takes. */
#define RX_ENTRIES_MIN	(2 * NAPI_POLL_WEIGHT)

/* After the counters: of the tracker and the instance, while the card is up. */
static const char *const memory_names[] = {
	"in_place", "copied", "pinned_bytes", "pinned_ranges", "live_bytes", "held_bytes",
	"bad_frees",
};

/* Bits of the private flags. */
#define FLAG_FRAGMENTS	BIT(0)

static const char *const flag_names[] = {
	"fragments",
};

static void nic_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct nic *nic = netdev_priv(dev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(nic->pdev), sizeof(info->bus_info));
	info->n_priv_flags = ARRAY_SIZE(flag_names);
}

static int nic_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *settings)
{
	settings->base.port = PORT_TP;
	settings->base.phy_address = PHY_ADDRESS;
	settings->base.autoneg = AUTONEG_ENABLE;
	settings->base.speed = SPEED_UNKNOWN;
	settings->base.duplex = DUPLEX_UNKNOWN;
	if (netif_carrier_ok(dev))
		hw_get_link(netdev_priv(dev), &settings->base.speed, &settings->base.duplex);
	return 0;
}

static int nic_nway_reset(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	return nic->up ? hw_negotiate(nic) : -EAGAIN;
}

static void nic_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			      struct kernel_ethtool_ringparam *kernel_ring,
			      struct netlink_ext_ack *extack)
{
	struct nic *nic = netdev_priv(dev);

	ring->rx_max_pending = ENTRIES_MAX;
	ring->tx_max_pending = ENTRIES_MAX;
	ring->rx_pending = nic->rx_entries;
	ring->tx_pending = nic->tx_entries;
}

static int nic_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			     struct kernel_ethtool_ringparam *kernel_ring,
			     struct netlink_ext_ack *extack)
{
	struct nic *nic = netdev_priv(dev);
	unsigned int rx_before = nic->rx_entries, tx_before = nic->tx_entries;
	int err;

	nic->rx_entries = ALIGN(max_t(u32, ring->rx_pending, RX_ENTRIES_MIN), ENTRIES_UNIT);
	nic->tx_entries = ALIGN(max_t(u32, ring->tx_pending, TX_ENTRIES_MIN), ENTRIES_UNIT);
	err = nic_reconfigure(nic, dev->mtu, rtnl_dereference(nic->xdp_prog));
	if (err) {
		nic->rx_entries = rx_before;
		nic->tx_entries = tx_before;
	}
	return err;
}

/* As above, for @copybreak and @fragments. */
static int nic_set_receive(struct nic *nic, unsigned int copybreak, bool fragments)
{
	unsigned int copybreak_before = nic->copybreak;
	bool fragments_before = nic->fragments;
	int err;

	nic->copybreak = copybreak;
	nic->fragments = fragments;
	err = nic_reconfigure(nic, nic->dev->mtu, rtnl_dereference(nic->xdp_prog));
	if (err) {
		nic->copybreak = copybreak_before;
		nic->fragments = fragments_before;
	}
	return err;
}

static int nic_get_tunable(struct net_device *dev, const struct ethtool_tunable *tunable,
			   void *data)
{
	const struct nic *nic = netdev_priv(dev);

	if (tunable->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	*(u32 *)data = nic->copybreak;
	return 0;
}

static int nic_set_tunable(struct net_device *dev, const struct ethtool_tunable *tunable,
			   const void *data)
{
	struct nic *nic = netdev_priv(dev);

	if (tunable->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	return nic_set_receive(nic, *(const u32 *)data, nic->fragments);
}

static u32 nic_get_priv_flags(struct net_device *dev)
{
	const struct nic *nic = netdev_priv(dev);

	return nic->fragments ? FLAG_FRAGMENTS : 0;
}

static int nic_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct nic *nic = netdev_priv(dev);

	return nic_set_receive(nic, nic->copybreak, flags & FLAG_FRAGMENTS);
}

static int nic_get_sset_count(struct net_device *dev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return NR_COUNTS + ARRAY_SIZE(memory_names);
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(flag_names);
	default:
		return -EOPNOTSUPP;
	}
}

static void put_names(u8 **data, const char *const *names, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ethtool_puts(data, names[i]);
}

static void nic_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	if (set == ETH_SS_STATS) {
		put_names(&data, count_names, NR_COUNTS);
		put_names(&data, memory_names, ARRAY_SIZE(memory_names));
	} else if (set == ETH_SS_PRIV_FLAGS) {
		put_names(&data, flag_names, ARRAY_SIZE(flag_names));
	}
}

static void nic_get_ethtool_stats(struct net_device *dev, struct ethtool_stats *unused, u64 *data)
{
	struct nic *nic = netdev_priv(dev);
	struct dualtree_stats stats = {};
	struct dualtree_rx_stats held = {};
	unsigned int i;

	hw_read_stats(nic);
	for (i = 0; i < NR_COUNTS; i++)
		*data++ = count_of(&nic->counts, i);
	if (nic->up) {
		dualtree_rx_get_stats(nic->rx.tracker, &held);
		dualtree_get_stats(nic->rx.dt, &stats);
	}
	*data++ = held.packets;
	*data++ = held.copied;
	*data++ = held.pinned_bytes;
	*data++ = held.pinned_ranges;
	*data++ = stats.live_bytes;
	*data++ = stats.held_bytes;
	*data++ = stats.bad_frees;
}

static const struct ethtool_ops nic_ethtool_ops = {
	.get_drvinfo = nic_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = nic_get_link_ksettings,
	.nway_reset = nic_nway_reset,
	.get_ringparam = nic_get_ringparam,
	.set_ringparam = nic_set_ringparam,
	.get_tunable = nic_get_tunable,
	.set_tunable = nic_set_tunable,
	.get_priv_flags = nic_get_priv_flags,
	.set_priv_flags = nic_set_priv_flags,
	.get_sset_count = nic_get_sset_count,
	.get_strings = nic_get_strings,
	.get_ethtool_stats = nic_get_ethtool_stats,
	.get_ts_info = ethtool_op_get_ts_info,
};

void nic_set_ethtool_ops(struct net_device *dev)
{
	dev->ethtool_ops = &nic_ethtool_ops;
}
