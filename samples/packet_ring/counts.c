// SPDX-License-Identifier: GPL-2.0
/*
 * The sample's counters. counts.h says what each one counts.
 *
 * The tap runs on all CPUs at once, so the counters are per CPU. A reader sums them.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>

#include <dualtree/dualtree.h>

#include "counts.h"

struct counts {
	unsigned long of[NR_COUNTS];
};

static DEFINE_PER_CPU(struct counts, counts);

static const char *const count_names[NR_COUNTS] = {
	[SEEN_PACKETS]		= "seen_packets",
	[SEEN_BYTES]		= "seen_bytes",
	[OUTGOING_PACKETS]	= "outgoing_packets",
	[IPV4_PACKETS]		= "ipv4_packets",
	[IPV6_PACKETS]		= "ipv6_packets",
	[TCP_PACKETS]		= "tcp_packets",
	[UDP_PACKETS]		= "udp_packets",
	[EMPTY_PACKETS]		= "empty_packets",
	[KEPT_PACKETS]		= "kept_packets",
	[KEPT_BYTES]		= "kept_bytes",
	[CHECKED_PACKETS]	= "checked_packets",
	[CORRUPT_PACKETS]	= "corrupt_packets",
	[DROPPED_MEMORY]	= "dropped_memory",
	[DROPPED_BACKLOG]	= "dropped_backlog",
	[DROPPED_UNREADABLE]	= "dropped_unreadable",
	[TAIL_FREES]		= "tail_frees",
	[TAIL_BYTES]		= "tail_bytes",
	[FRONT_FREES]		= "front_frees",
	[FRONT_BYTES]		= "front_bytes",
	[PIECE_FREES]		= "piece_frees",
	[PIECE_BYTES]		= "piece_bytes",
	[DROP_FREES]		= "drop_frees",
	[DROP_BYTES]		= "drop_bytes",
	[REFUSED_FREES]		= "refused_frees",
};

/* Written by sample_peaks() only: by the consumer, and by ring_destroy() after it has ended. */
static size_t peak_live_bytes;
static size_t peak_held_bytes;

void count(enum count what, unsigned long n)
{
	this_cpu_add(counts.of[what], n);
}

unsigned long count_sum(enum count what)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(counts, cpu).of[what]);
	return sum;
}

void count_free(int error, enum count kind, size_t len)
{
	if (error) {
		count(REFUSED_FREES, 1);
	} else if (len) {
		count(kind, 1);
		count(kind + 1, len);
	}
}

void sample_peaks(struct dualtree *dt)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	WRITE_ONCE(peak_live_bytes, max(peak_live_bytes, stats.live_bytes));
	WRITE_ONCE(peak_held_bytes, max(peak_held_bytes, stats.held_bytes));
}

void show_counts(struct seq_file *seq, struct dualtree *dt)
{
	struct dualtree_stats stats;
	enum count what;

	for (what = 0; what < NR_COUNTS; what++)
		seq_printf(seq, "%s %lu\n", count_names[what], count_sum(what));

	dualtree_get_stats(dt, &stats);
	seq_printf(seq, "allocs %llu\n", stats.allocs);
	seq_printf(seq, "frees %llu\n", stats.frees);
	seq_printf(seq, "remote_frees %llu\n", stats.remote_frees);
	seq_printf(seq, "bad_frees %llu\n", stats.bad_frees);
	seq_printf(seq, "live_bytes %zu\n", stats.live_bytes);
	seq_printf(seq, "held_bytes %zu\n", stats.held_bytes);
	seq_printf(seq, "peak_live_bytes %zu\n", READ_ONCE(peak_live_bytes));
	seq_printf(seq, "peak_held_bytes %zu\n", READ_ONCE(peak_held_bytes));
}
