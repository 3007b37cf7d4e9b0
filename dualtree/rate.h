/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A rate limit of reports, for each instance: the kernel's is 40 bytes, and an instance has two.
 * The time of the last period is kept in 32 bits: after 49 days without a report one may be lost.
 * Any context, NMI included; no lock. Two CPUs at the end of a period may print a line more.
 */
#ifndef DUALTREE_RATE_H
#define DUALTREE_RATE_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/ratelimit_types.h>
#include <linux/types.h>

/**
 * struct dt_rate - a rate limit
 * @since: when this period began, in jiffies
 * @lines: lines that were allowed in it
 */
struct dt_rate {
	u32 since;
	atomic_t lines;
};

static inline void rate_init(struct dt_rate *rate)
{
	rate->since = jiffies;
	atomic_set(&rate->lines, 0);
}

/* Return: true if a line may be printed, of at most @max in a period of the kernel's length. */
static inline bool rate_allows(struct dt_rate *rate, int max)
{
	u32 now = jiffies, since = READ_ONCE(rate->since);

	if (now - since >= DEFAULT_RATELIMIT_INTERVAL &&
	    cmpxchg(&rate->since, since, now) == since)
		atomic_set(&rate->lines, 0);
	return atomic_add_unless(&rate->lines, 1, max);
}

#endif /* DUALTREE_RATE_H */
