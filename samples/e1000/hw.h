/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the device is told apart from its rings: reset, address, PHY, link, filters, statistics.
 * Under RTNL unless something else is said.
 */
#ifndef E1000_HW_H
#define E1000_HW_H

#include <linux/io.h>
#include <linux/types.h>

#include "nic.h"

static inline u32 hw_read(const struct nic *nic, unsigned int reg)
{
	return readl(nic->regs + reg);
}

static inline void hw_write(struct nic *nic, unsigned int reg, u32 value)
{
	writel(value, nic->regs + reg);
}

/* Stop the device, all DMA and all interrupts of it. Sleeps some milliseconds. */
void hw_reset(struct nic *nic);

/* Read the address from the EEPROM. May sleep. Return: 0; -EIO; or -EADDRNOTAVAIL. */
int hw_read_address(struct nic *nic, u8 *address);

/* Write what does not change while the card is up: control, gaps, throttling, checksums. */
void hw_configure(struct nic *nic);

/* Power the PHY up and have it negotiate anew. May sleep. Return: 0 or -EIO. */
int hw_negotiate(struct nic *nic);

/*
 * Look at the link, and tell the stack. Any context: a change comes as an interrupt.
 */
void hw_check_link(struct nic *nic);

/* The link as STATUS says: SPEED_... and DUPLEX_.... Any context. */
void hw_get_link(const struct nic *nic, u32 *speed, u8 *duplex);

/* Write the device's address, and the filters that the stack asks for. Under the address lock. */
void hw_set_filters(struct nic *nic);

/* Add what the device has counted. Takes nic->stats_lock; any context but hard interrupts. */
void hw_read_stats(struct nic *nic);

#endif /* E1000_HW_H */
