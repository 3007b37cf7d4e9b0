/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A card's counters, as "ethtool -S" shows them.
 *
 * Each counter has one writer at a time: the poll, the holder of the transmit lock, or, for what
 * the device counts itself, the holder of nic->stats_lock. So counting needs no atomic, and
 * readers need no lock.
 */
#ifndef E1000_COUNTS_H
#define E1000_COUNTS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct dualtree_rx_stats;
struct dualtree_stats;

/* counts.c has the name of each. */
enum count {
	/* The poll. */
	RX_PACKETS,
	RX_BYTES,
	RX_DROPPED,		/* no memory for a packet */
	RX_ERRORS,		/* the device says that the frame is damaged */
	RX_TOO_LONG,		/* in more than one buffer */
	RX_CSUM_GOOD,		/* the device has verified the checksum */
	RX_CSUM_BAD,		/* and found it wrong; the stack looks again */
	RX_REFILLS_SHORT,	/* times that memory ran out before the ring was full */
	XDP_PASSED,
	XDP_DROPPED,
	XDP_SENT,		/* XDP_TX */
	XDP_REDIRECTED,
	XDP_FAILED,		/* aborted, or sending or redirecting was not possible */
	TX_PACKETS,
	TX_BYTES,
	TX_COMPLETED_XDP,	/* XDP frames that the device has sent */
	/* The transmit lock. */
	TX_DROPPED,		/* no mapping, or no checksum */
	TX_BUSY,		/* times that the ring became full */
	TX_CSUM,		/* checksums left to the device */
	/* nic->stats_lock. */
	HW_MISSED,
	HW_CRC_ERRORS,
	HW_LENGTH_ERRORS,
	/* RTNL. */
	RESETS,			/* after a transmit timeout */
	NR_COUNTS,
};

/**
 * struct counts - the counters of a card
 * @of: the counters; one writer each
 */
struct counts {
	u64 of[NR_COUNTS];
};

extern const char *const count_names[NR_COUNTS];

static inline void count(struct counts *counts, enum count what, u64 n)
{
	WRITE_ONCE(counts->of[what], counts->of[what] + n);
}

static inline u64 count_of(const struct counts *counts, enum count what)
{
	return READ_ONCE(counts->of[what]);
}

/* Add an instance that ends, of any card. Under RTNL. */
void totals_add(const struct dualtree_rx_stats *held, const struct dualtree_stats *stats);

/* The module's last words: the totals. */
void totals_say(void);

#endif /* E1000_COUNTS_H */
