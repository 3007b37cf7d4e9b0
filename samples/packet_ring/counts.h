/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the sample counts, and how users see it.
 *
 * Counting takes no lock and may be done in any context.
 */
#ifndef PACKET_RING_COUNTS_H
#define PACKET_RING_COUNTS_H

#include <linux/types.h>

struct dualtree;
struct seq_file;

/* The names that users see are in counts.c, in this order. */
enum count {
	SEEN_PACKETS,
	SEEN_BYTES,
	OUTGOING_PACKETS,
	IPV4_PACKETS,
	IPV6_PACKETS,
	TCP_PACKETS,
	UDP_PACKETS,
	EMPTY_PACKETS,		/* nothing but headers */
	KEPT_PACKETS,		/* went into the ring */
	KEPT_BYTES,
	CHECKED_PACKETS,	/* came out of it */
	CORRUPT_PACKETS,	/* not as they went in */
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
 * Counts a free of @len bytes that returned @error: in @kind, which is TAIL_FREES or the
 * like, and its bytes in the count that follows.
 */
void count_free(int error, enum count kind, size_t len);

/* Remembers the most that was live and held; to be called now and then, may sleep. */
void sample_peaks(struct dualtree *dt);

/* "name value", one a line. */
void show_counts(struct seq_file *seq, struct dualtree *dt);

#endif /* PACKET_RING_COUNTS_H */
