/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers and descriptors of the Intel 82540EM, after the manufacturer's PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual: those that this driver uses, under the
 * manual's names.
 */
#ifndef E1000_REGS_H
#define E1000_REGS_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define REG_CTRL		0x0000	/* device control */
#define  CTRL_FD		BIT(0)	/* full duplex */
#define  CTRL_SLU		BIT(6)	/* set link up */
#define  CTRL_FRCSPD		BIT(11)	/* force the speed */
#define  CTRL_FRCDPLX		BIT(12)	/* force the duplex */
#define  CTRL_RST		BIT(26)	/* reset all but the PHY; clears itself */
#define  CTRL_RFCE		BIT(27)	/* obey pause frames */
#define  CTRL_TFCE		BIT(28)	/* send pause frames */
#define  CTRL_VME		BIT(30)	/* strip and insert VLAN tags */
#define  CTRL_PHY_RST		BIT(31)
#define REG_STATUS		0x0008	/* device status */
#define  STATUS_FD		BIT(0)
#define  STATUS_LU		BIT(1)	/* link up */
#define  STATUS_SPEED		GENMASK(7, 6)	/* 0: 10, 1: 100, else 1000 Mbit/s */
#define REG_EERD		0x0014	/* EEPROM read */
#define  EERD_START		BIT(0)
#define  EERD_DONE		BIT(4)
#define  EERD_ADDR		GENMASK(15, 8)
#define  EERD_DATA		GENMASK(31, 16)
#define REG_MDIC		0x0020	/* access to the PHY */
#define  MDIC_DATA		GENMASK(15, 0)
#define  MDIC_REG		GENMASK(20, 16)
#define  MDIC_PHY		GENMASK(25, 21)
#define  MDIC_WRITE		BIT(26)
#define  MDIC_READ		BIT(27)
#define  MDIC_READY		BIT(28)
#define  MDIC_ERROR		BIT(30)
#define REG_ICR			0x00c0	/* interrupt causes; reading clears them */
#define REG_ITR			0x00c4	/* interrupt throttling, in steps of 256 ns */
#define REG_ICS			0x00c8	/* interrupt causes, set */
#define REG_IMS			0x00d0	/* interrupt mask, set */
#define REG_IMC			0x00d8	/* interrupt mask, clear */
#define  INT_TXDW		BIT(0)	/* transmit descriptor written back */
#define  INT_LSC		BIT(2)	/* link status change */
#define  INT_RXDMT0		BIT(4)	/* few receive descriptors are left */
#define  INT_RXO		BIT(6)	/* receiver overrun */
#define  INT_RXT0		BIT(7)	/* received */
#define REG_RCTL		0x0100	/* receive control */
#define  RCTL_EN		BIT(1)
#define  RCTL_UPE		BIT(3)	/* unicast promiscuous */
#define  RCTL_MPE		BIT(4)	/* multicast promiscuous */
#define  RCTL_LPE		BIT(5)	/* long packets: of more than 1522 bytes */
#define  RCTL_BAM		BIT(15)	/* accept broadcast */
#define  RCTL_BSIZE_2K		0
#define  RCTL_BSIZE_16K		(FIELD_PREP(GENMASK(17, 16), 1) | BIT(25))	/* with BSEX */
#define  RCTL_SECRC		BIT(26)	/* strip the CRC */
#define REG_TCTL		0x0400	/* transmit control */
#define  TCTL_EN		BIT(1)
#define  TCTL_PSP		BIT(3)	/* pad short packets */
#define  TCTL_CT		GENMASK(11, 4)	/* collision threshold */
#define  TCTL_COLD		GENMASK(21, 12)	/* collision distance */
#define  TCTL_CT_IEEE		15	/* retries, as IEEE 802.3 says */
#define  TCTL_COLD_FULL		0x40
#define  TCTL_COLD_HALF		0x200
#define REG_TIPG		0x0410	/* inter-packet gap */
#define  TIPG_COPPER		(8 | 8 << 10 | 6 << 20)	/* IPGT, IPGR1, IPGR2 */
#define REG_RDBAL		0x2800	/* receive descriptors: base, low half */
#define REG_RDBAH		0x2804
#define REG_RDLEN		0x2808	/* bytes of the ring, a multiple of 128 */
#define REG_RDH			0x2810	/* head: the device's */
#define REG_RDT			0x2818	/* tail: the driver's; first one that is not the device's */
#define REG_RDTR		0x2820	/* delay of the receive interrupt */
#define REG_RADV		0x282c	/* absolute maximum of that delay */
#define REG_TDBAL		0x3800	/* transmit descriptors */
#define REG_TDBAH		0x3804
#define REG_TDLEN		0x3808
#define REG_TDH			0x3810
#define REG_TDT			0x3818
#define REG_TIDV		0x3820	/* delay of the transmit interrupt */
#define REG_CRCERRS		0x4000	/* statistics; reading clears them */
#define REG_MPC			0x4010	/* missed: no buffer, or the FIFO full */
#define REG_RLEC		0x4040	/* length errors */
#define REG_RXCSUM		0x5000	/* receive checksum control */
#define  RXCSUM_IPOFL		BIT(8)
#define  RXCSUM_TUOFL		BIT(9)	/* TCP and UDP */
#define REG_MTA(i)		(0x5200 + 4 * (i))	/* multicast table */
#define  MTA_WORDS		128
#define REG_RAL(i)		(0x5400 + 8 * (i))	/* receive addresses */
#define REG_RAH(i)		(0x5404 + 8 * (i))
#define  RAH_AV			BIT(31)	/* address valid */
#define  NR_ADDRESSES		16

/* The EEPROM's first words are the MAC address. */
#define EEPROM_MAC_WORDS	3

/* Bytes of the longest frame that the device takes without RCTL_LPE: it drops longer ones. */
#define FRAME_MAX_SHORT		1522

/* Of the internal PHY. Its registers are those of IEEE 802.3, see <linux/mii.h>. */
#define PHY_ADDRESS		1

/**
 * struct rx_desc - receive descriptor
 * @addr: DMA address of the buffer
 * @length: bytes that the device wrote
 * @csum: sum over the packet
 * @status: RXD_...; 0 before the device has written
 * @errors: RXD_ERR_...
 * @special: VLAN tag
 */
struct rx_desc {
	__le64 addr;
	__le16 length;
	__le16 csum;
	u8 status;
	u8 errors;
	__le16 special;
};

#define RXD_DD			BIT(0)	/* descriptor done */
#define RXD_EOP			BIT(1)	/* end of packet */
#define RXD_IXSM		BIT(2)	/* ignore what is said of checksums */
#define RXD_TCPCS		BIT(5)	/* the checksum of TCP or UDP was verified */
#define RXD_ERR_CE		BIT(0)	/* CRC, or alignment */
#define RXD_ERR_SE		BIT(1)	/* symbol */
#define RXD_ERR_SEQ		BIT(2)	/* sequence */
#define RXD_ERR_CXE		BIT(4)	/* carrier extension */
#define RXD_ERR_TCPE		BIT(5)	/* the checksum of TCP or UDP is wrong */
#define RXD_ERR_IPE		BIT(6)	/* that of the IP header is */
#define RXD_ERR_RXE		BIT(7)	/* data */
#define RXD_ERR_FRAME		(RXD_ERR_CE | RXD_ERR_SE | RXD_ERR_SEQ | RXD_ERR_CXE | RXD_ERR_RXE)

/**
 * struct tx_desc - transmit descriptor, of either kind
 * @addr: data: DMA address of the bytes. Context: TXC_..., where checksums are
 * @command: TXD_..., and the number of bytes
 * @status: TXD_DD, which the device writes; data: TXD_POPTS_...
 */
struct tx_desc {
	__le64 addr;
	__le32 command;
	__le32 status;
};

#define TXD_CONTEXT		0
#define TXD_DATA		BIT(20)
#define TXD_EOP			BIT(24)	/* end of packet */
#define TXD_IFCS		BIT(25)	/* insert the CRC */
#define TXD_RS			BIT(27)	/* report status: write TXD_DD */
#define TXD_DEXT		BIT(29)	/* not the legacy kind */
#define TXD_DD			BIT(0)
#define TXD_POPTS_TXSM		BIT(9)	/* insert the checksum of the context */
#define TXC_TUCSS		GENMASK_ULL(39, 32)	/* first byte that is summed */
#define TXC_TUCSO		GENMASK_ULL(47, 40)	/* where the sum goes */
#define TXC_OFFSET_MAX		255

static_assert(sizeof(struct rx_desc) == 16);
static_assert(sizeof(struct tx_desc) == 16);

#endif /* E1000_REGS_H */
