// SPDX-License-Identifier: GPL-2.0
/*
 * What the device is told apart from its rings.
 *
 * The receive filter:
 *
 *	the stack asks for			the device gets
 *	promiscuous				UPE and MPE
 *	more than 15 unicast addresses		UPE
 *	all multicast				MPE
 *	some multicast addresses		a bit of the table for each: 4096, by 12 bits of it
 *
 * The PHY resolves speed and duplex, and the device takes them over by itself. A change of the link
 * comes as an interrupt (INT_LSC).
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/iopoll.h>
#include <linux/mii.h>
#include <linux/netdevice.h>

#include "hw.h"
#include "regs.h"

/* Microseconds that the EEPROM and the PHY take for a word, at most. */
#define WORD_US_MAX	10000

/* Milliseconds after which a reset is over, the device's reading of its EEPROM included. */
#define RESET_MS	10

/* In steps of 256 ns: 20,000 interrupts in a second, at most. */
#define THROTTLE	195

void hw_reset(struct nic *nic)
{
	hw_write(nic, REG_IMC, ~0);
	hw_write(nic, REG_RCTL, 0);
	hw_write(nic, REG_TCTL, TCTL_PSP);
	/* Reading flushes the writes. What the device has begun to transfer, it ends. */
	hw_read(nic, REG_STATUS);
	msleep(RESET_MS);
	hw_write(nic, REG_CTRL, hw_read(nic, REG_CTRL) | CTRL_RST);
	msleep(RESET_MS);
	hw_write(nic, REG_IMC, ~0);
	hw_read(nic, REG_ICR);
}

static int eeprom_read(struct nic *nic, unsigned int word, u16 *data)
{
	u32 value;

	hw_write(nic, REG_EERD, FIELD_PREP(EERD_ADDR, word) | EERD_START);
	if (readl_poll_timeout(nic->regs + REG_EERD, value, value & EERD_DONE, 50, WORD_US_MAX))
		return -EIO;
	*data = FIELD_GET(EERD_DATA, value);
	return 0;
}

int hw_read_address(struct nic *nic, u8 *address)
{
	unsigned int i;
	u16 word;

	for (i = 0; i < EEPROM_MAC_WORDS; i++) {
		if (eeprom_read(nic, i, &word))
			return -EIO;
		address[2 * i] = word & 0xff;
		address[2 * i + 1] = word >> 8;
	}
	return is_valid_ether_addr(address) ? 0 : -EADDRNOTAVAIL;
}

void hw_configure(struct nic *nic)
{
	u32 ctrl = hw_read(nic, REG_CTRL);

	ctrl &= ~(CTRL_FRCSPD | CTRL_FRCDPLX | CTRL_RFCE | CTRL_TFCE | CTRL_VME | CTRL_PHY_RST);
	hw_write(nic, REG_CTRL, ctrl | CTRL_SLU);
	hw_write(nic, REG_TIPG, TIPG_COPPER);
	hw_write(nic, REG_ITR, THROTTLE);
	hw_write(nic, REG_RDTR, 0);
	hw_write(nic, REG_RADV, 0);
	hw_write(nic, REG_TIDV, 0);
	hw_write(nic, REG_RXCSUM,
		 nic->dev->features & NETIF_F_RXCSUM ? RXCSUM_IPOFL | RXCSUM_TUOFL : 0);
}

static int phy_write(struct nic *nic, unsigned int reg, u16 data)
{
	u32 value = FIELD_PREP(MDIC_PHY, PHY_ADDRESS) | FIELD_PREP(MDIC_REG, reg) |
		    FIELD_PREP(MDIC_DATA, data) | MDIC_WRITE;

	hw_write(nic, REG_MDIC, value);
	if (readl_poll_timeout(nic->regs + REG_MDIC, value, value & MDIC_READY, 50, WORD_US_MAX))
		return -EIO;
	return value & MDIC_ERROR ? -EIO : 0;
}

int hw_negotiate(struct nic *nic)
{
	return phy_write(nic, MII_BMCR, BMCR_ANENABLE | BMCR_ANRESTART);
}

void hw_get_link(const struct nic *nic, u32 *speed, u8 *duplex)
{
	u32 status = hw_read(nic, REG_STATUS);

	*duplex = status & STATUS_FD ? DUPLEX_FULL : DUPLEX_HALF;
	switch (FIELD_GET(STATUS_SPEED, status)) {
	case 0:
		*speed = SPEED_10;
		break;
	case 1:
		*speed = SPEED_100;
		break;
	default:
		*speed = SPEED_1000;
	}
}

/* With half duplex the device has to hear of a collision later than with full duplex. */
static void transmitter_enable(struct nic *nic, u8 duplex)
{
	u32 distance = duplex == DUPLEX_FULL ? TCTL_COLD_FULL : TCTL_COLD_HALF;

	hw_write(nic, REG_TCTL, TCTL_EN | TCTL_PSP | FIELD_PREP(TCTL_CT, TCTL_CT_IEEE) |
				FIELD_PREP(TCTL_COLD, distance));
}

void hw_check_link(struct nic *nic)
{
	bool link = hw_read(nic, REG_STATUS) & STATUS_LU;
	struct net_device *dev = nic->dev;
	u32 speed;
	u8 duplex;

	if (link == netif_carrier_ok(dev))
		return;
	if (!link) {
		netif_carrier_off(dev);
		netdev_info(dev, "link down\n");
		return;
	}
	hw_get_link(nic, &speed, &duplex);
	transmitter_enable(nic, duplex);
	netif_carrier_on(dev);
	netdev_info(dev, "link up, %u Mbit/s, %s duplex\n", speed,
		    duplex == DUPLEX_FULL ? "full" : "half");
}

static void address_write(struct nic *nic, unsigned int i, const u8 *address)
{
	hw_write(nic, REG_RAL(i), address[0] | address[1] << 8 | address[2] << 16 |
				  (u32)address[3] << 24);
	hw_write(nic, REG_RAH(i), address[4] | address[5] << 8 | RAH_AV);
}

/* Return: RCTL_UPE if there are more addresses than the device has places for. */
static u32 unicast_write(struct nic *nic)
{
	struct netdev_hw_addr *extra;
	unsigned int i = 0;

	address_write(nic, i++, nic->dev->dev_addr);
	if (netdev_uc_count(nic->dev) >= NR_ADDRESSES)
		return RCTL_UPE;
	netdev_for_each_uc_addr(extra, nic->dev)
		address_write(nic, i++, extra->addr);
	for (; i < NR_ADDRESSES; i++)
		hw_write(nic, REG_RAH(i), 0);
	return 0;
}

static void multicast_write(struct nic *nic)
{
	u32 table[MTA_WORDS] = {};
	struct netdev_hw_addr *group;
	unsigned int i, hash;

	netdev_for_each_mc_addr(group, nic->dev) {
		hash = (group->addr[5] << 4 | group->addr[4] >> 4) & 0xfff;
		table[hash / 32] |= BIT(hash % 32);
	}
	for (i = 0; i < MTA_WORDS; i++)
		hw_write(nic, REG_MTA(i), table[i]);
}

void hw_set_filters(struct nic *nic)
{
	u32 rctl = hw_read(nic, REG_RCTL) & ~(RCTL_UPE | RCTL_MPE);

	rctl |= unicast_write(nic);
	multicast_write(nic);
	if (nic->dev->flags & IFF_PROMISC)
		rctl |= RCTL_UPE | RCTL_MPE;
	else if (nic->dev->flags & IFF_ALLMULTI)
		rctl |= RCTL_MPE;
	hw_write(nic, REG_RCTL, rctl);
}

void hw_read_stats(struct nic *nic)
{
	spin_lock_bh(&nic->stats_lock);
	/* A device without power would say ~0. */
	if (nic->up) {
		count(&nic->counts, HW_MISSED, hw_read(nic, REG_MPC));
		count(&nic->counts, HW_CRC_ERRORS, hw_read(nic, REG_CRCERRS));
		count(&nic->counts, HW_LENGTH_ERRORS, hw_read(nic, REG_RLEC));
	}
	spin_unlock_bh(&nic->stats_lock);
}
