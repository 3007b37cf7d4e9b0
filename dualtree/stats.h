/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sums of an instance's counts that the core itself needs. See stats.c.
 */
#ifndef DUALTREE_STATS_H
#define DUALTREE_STATS_H

#include <linux/types.h>

struct dualtree;

size_t dt_stats_in_flight(const struct dualtree *dt);

#endif /* DUALTREE_STATS_H */
