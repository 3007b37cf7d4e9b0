// SPDX-License-Identifier: GPL-2.0
/*
 * The names of a card's counters, and the totals of all instances that the module had. counts.h
 * says what each one counts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "counts.h"

/**
 * struct totals - what instances had as they ended; under RTNL
 * @in_place: packets whose bytes were given to the stack in place
 * @copied: packets that were copied
 * @held: bytes that packets still held
 * @lost: bytes that were live and not held by packets
 * @bad_frees: frees that were refused
 */
static struct totals {
	u64 in_place;
	u64 copied;
	u64 held;
	u64 lost;
	u64 bad_frees;
} totals;

const char *const count_names[NR_COUNTS] = {
	[RX_PACKETS]		= "rx_packets",
	[RX_BYTES]		= "rx_bytes",
	[RX_DROPPED]		= "rx_dropped",
	[RX_ERRORS]		= "rx_errors",
	[RX_TOO_LONG]		= "rx_too_long",
	[RX_CSUM_GOOD]		= "rx_csum_good",
	[RX_CSUM_BAD]		= "rx_csum_bad",
	[RX_REFILLS_SHORT]	= "rx_refills_short",
	[XDP_PASSED]		= "xdp_passed",
	[XDP_DROPPED]		= "xdp_dropped",
	[XDP_SENT]		= "xdp_sent",
	[XDP_REDIRECTED]	= "xdp_redirected",
	[XDP_FAILED]		= "xdp_failed",
	[TX_PACKETS]		= "tx_packets",
	[TX_BYTES]		= "tx_bytes",
	[TX_COMPLETED_XDP]	= "tx_completed_xdp",
	[TX_DROPPED]		= "tx_dropped",
	[TX_BUSY]		= "tx_busy",
	[TX_CSUM]		= "tx_csum",
	[HW_MISSED]		= "hw_missed",
	[HW_CRC_ERRORS]		= "hw_crc_errors",
	[HW_LENGTH_ERRORS]	= "hw_length_errors",
	[RESETS]		= "resets",
};

void totals_add(const struct dualtree_rx_stats *held, const struct dualtree_stats *stats)
{
	totals.in_place += held->packets;
	totals.copied += held->copied;
	totals.held += held->pinned_bytes;
	totals.lost += stats->live_bytes - held->pinned_bytes;
	totals.bad_frees += stats->bad_frees;
}

void totals_say(void)
{
	pr_info("unloaded: in_place %llu copied %llu held %llu live %llu bad_frees %llu\n",
		totals.in_place, totals.copied, totals.held, totals.lost, totals.bad_frees);
}
