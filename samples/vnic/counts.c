// SPDX-License-Identifier: GPL-2.0
/* An end's counters. counts.h says what each one counts. */
#include <linux/minmax.h>
#include <linux/seq_file.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "counts.h"

static const char *const count_names[NR_COUNTS] = {
	[TX_PACKETS]		= "tx_packets",
	[TX_BYTES]		= "tx_bytes",
	[TX_DROPPED_DOWN]	= "tx_dropped_down",
	[TX_DROPPED_FULL]	= "tx_dropped_full",
	[TX_DROPPED_SIZE]	= "tx_dropped_size",
	[RX_PACKETS]		= "rx_packets",
	[RX_BYTES]		= "rx_bytes",
	[RX_DROPPED]		= "rx_dropped",
	[RX_DISCARDED]		= "rx_discarded",
	[ZEROCOPY_PACKETS]	= "zerocopy_packets",
	[ZEROCOPY_BYTES]	= "zerocopy_bytes",
	[COPIED_PACKETS]	= "copied_packets",
	[COPIED_BYTES]		= "copied_bytes",
	[OVER_CAP_PACKETS]	= "over_cap_packets",
	[REFILLS_SHORT]		= "refills_short",
};

void sample_peaks(struct counts *counts, struct dualtree *dt, struct dualtree_rx *rx)
{
	struct dualtree_rx_stats rx_stats;
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	dualtree_rx_get_stats(rx, &rx_stats);
	WRITE_ONCE(counts->peak_live, max(counts->peak_live, stats.live_bytes));
	WRITE_ONCE(counts->peak_held, max(counts->peak_held, stats.held_bytes));
	WRITE_ONCE(counts->peak_pinned, max(counts->peak_pinned, rx_stats.pinned_bytes));
}

void show_counts(struct seq_file *seq, const struct counts *counts, struct dualtree *dt,
		 struct dualtree_rx *rx)
{
	struct dualtree_rx_stats rx_stats;
	struct dualtree_stats stats;
	enum count what;

	for (what = 0; what < NR_COUNTS; what++)
		seq_printf(seq, "%s %lu\n", count_names[what], count_of(counts, what));

	dualtree_rx_get_stats(rx, &rx_stats);
	seq_printf(seq, "pinned_bytes %zu\n", rx_stats.pinned_bytes);
	seq_printf(seq, "pinned_ranges %lu\n", rx_stats.pinned_ranges);
	seq_printf(seq, "peak_pinned_bytes %zu\n", READ_ONCE(counts->peak_pinned));

	dualtree_get_stats(dt, &stats);
	seq_printf(seq, "remote_frees %llu\n", stats.remote_frees);
	seq_printf(seq, "bad_frees %llu\n", stats.bad_frees);
	seq_printf(seq, "failed_allocs %llu\n", stats.failed_allocs);
	seq_printf(seq, "live_bytes %zu\n", stats.live_bytes);
	seq_printf(seq, "held_bytes %zu\n", stats.held_bytes);
	seq_printf(seq, "peak_live_bytes %zu\n", READ_ONCE(counts->peak_live));
	seq_printf(seq, "peak_held_bytes %zu\n", READ_ONCE(counts->peak_held));
}
