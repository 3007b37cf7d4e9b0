/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An end's counters, and the file in debugfs that shows them.
 *
 * Each counter has one writer at a time: the holder of the end's transmit lock, or its poll.
 * So counting needs no lock and no atomic. Readers need neither; counters are unsigned long
 * and wrap.
 */
#ifndef VNIC_COUNTS_H
#define VNIC_COUNTS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_rx;
struct seq_file;

/* counts.c has the name that debugfs prints for each. */
enum count {
	/* Written under the end's transmit lock. */
	TX_PACKETS,
	TX_BYTES,
	TX_DROPPED_DOWN,	/* the other end is closed */
	TX_DROPPED_FULL,	/* the other end's ring was full */
	TX_DROPPED_SIZE,	/* not a frame, or longer than the other end's slots */
	/* Written by the end's poll; by vnic_stop() after the poll has ended. */
	RX_PACKETS,
	RX_BYTES,
	RX_DROPPED,		/* no memory for a packet */
	RX_DISCARDED,		/* still in the ring when the end was closed */
	ZEROCOPY_PACKETS,	/* in place, but perhaps for their headers */
	ZEROCOPY_BYTES,		/* of these, in place */
	COPIED_PACKETS,		/* copied whole */
	COPIED_BYTES,		/* of those, and of the others' headers */
	OVER_CAP_PACKETS,	/* of those copied: half of a buffer or more, so for the cap only */
	REFILLS_SHORT,		/* times that memory ran out before the ring was full */
	NR_COUNTS,
};

/**
 * struct counts - the counters of an end
 * @of: the counters; one writer each
 * @peak_live: maximum of live bytes; written by sample_peaks() only
 * @peak_held: maximum of held bytes; written by sample_peaks() only
 * @peak_pinned: maximum of bytes that packets held; written by sample_peaks() only
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

/* Update the maxima. One caller at a time; may sleep. */
void sample_peaks(struct counts *counts, struct dualtree *dt, struct dualtree_rx *rx);

/* Print one "name value" per line. May sleep. */
void show_counts(struct seq_file *seq, const struct counts *counts, struct dualtree *dt,
		 struct dualtree_rx *rx);

#endif /* VNIC_COUNTS_H */
