/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an end counts, and how users see it.
 *
 * Each count has one writer at a time: those of sending whoever holds the transmit lock of
 * the end, those of receiving its poll. So counting takes no lock and is no atomic
 * operation. Anybody may read; the counts are unsigned long, and wrap.
 */
#ifndef VNIC_COUNTS_H
#define VNIC_COUNTS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_rx;
struct seq_file;

/* The names that users see are in counts.c, in this order. */
enum count {
	/* Written under the end's transmit lock. */
	TX_PACKETS,
	TX_BYTES,
	TX_DROPPED_DOWN,	/* nobody at the other end */
	TX_DROPPED_FULL,	/* the other end's ring was full */
	TX_DROPPED_SIZE,	/* no frame, or one that fits no buffer */
	/* Written by the end's poll, or who closes the end, when there is none. */
	RX_PACKETS,
	RX_BYTES,
	RX_DROPPED,		/* no memory for a packet */
	RX_DISCARDED,		/* still in the ring when the end was closed */
	ZEROCOPY_PACKETS,	/* their payload was handed over in place */
	ZEROCOPY_BYTES,		/* of such payload */
	COPIED_PACKETS,		/* all of them was copied */
	COPIED_BYTES,		/* of those, and of the headers of the others */
	SMALL_PACKETS,		/* of those copied: not worth a page */
	OVER_CAP_PACKETS,	/* of those copied: the stack held too much already */
	TAIL_BYTES,		/* of buffers, which what arrived did not fill */
	POSTED_BUFFERS,
	REFILLS_SHORT,		/* there was no memory for all buffers of the ring */
	NR_COUNTS,
};

/**
 * struct counts - what one end counted
 * @of: the counts; one writer each, see above
 * @peak_live: the most that was live; written by sample_peaks() alone, as the next two
 * @peak_held: the most that was held
 * @peak_pinned: the most that packets held
 */
struct counts {
	unsigned long of[NR_COUNTS];
	size_t peak_live;
	size_t peak_held;
	size_t peak_pinned;
};

static inline void count(struct counts *counts, enum count what, unsigned long n)
{
	WRITE_ONCE(counts->of[what], counts->of[what] + n);
}

static inline unsigned long count_of(const struct counts *counts, enum count what)
{
	return READ_ONCE(counts->of[what]);
}

/* Remembers the most that was live, held and pinned. One caller at a time, may sleep. */
void sample_peaks(struct counts *counts, struct dualtree *dt, struct dualtree_rx *rx);

/* "name value", one a line. May sleep. */
void show_counts(struct seq_file *seq, const struct counts *counts, struct dualtree *dt,
		 struct dualtree_rx *rx);

#endif /* VNIC_COUNTS_H */
