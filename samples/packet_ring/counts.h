/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sample's counters, and the file in debugfs that shows them.
 *
 * count() takes no lock. Any context.
 */
#ifndef PACKET_RING_COUNTS_H
#define PACKET_RING_COUNTS_H

#include <linux/types.h>

struct dualtree;
struct seq_file;

/* counts.c has the name that debugfs prints for each. */
enum count {
	SEEN_PACKETS,
	SEEN_BYTES,
	OUTGOING_PACKETS,
	IPV4_PACKETS,
	IPV6_PACKETS,
	TCP_PACKETS,
	UDP_PACKETS,
	EMPTY_PACKETS,		/* headers only */
	KEPT_PACKETS,		/* put into the ring */
	KEPT_BYTES,
	CHECKED_PACKETS,	/* taken out and compared */
	CORRUPT_PACKETS,	/* checksum differs from the one at ring_put() */
	DROPPED_MEMORY,
	DROPPED_BACKLOG,
	DROPPED_UNREADABLE,
	TAIL_FREES,
	TAIL_BYTES,
	FRONT_FREES,
	FRONT_BYTES,
	PIECE_FREES,
	PIECE_BYTES,
	DROP_FREES,
	DROP_BYTES,
	REFUSED_FREES,
	NR_COUNTS,
};

void count(enum count what, unsigned long n);
unsigned long count_sum(enum count what);

/*
 * Count a free of @len bytes that returned @error. @kind is a *_FREES counter; the bytes are
 * added to the *_BYTES counter after it.
 */
void count_free(int error, enum count kind, size_t len);

/* Update the maxima of live and held bytes. One caller at a time; may sleep. */
void sample_peaks(struct dualtree *dt);

/* Print one "name value" per line. */
void show_counts(struct seq_file *seq, struct dualtree *dt);

#endif /* PACKET_RING_COUNTS_H */
