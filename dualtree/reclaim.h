/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim: what heaps hold and do not need returns to the pool. See reclaim.c.
 */
#ifndef DUALTREE_RECLAIM_H
#define DUALTREE_RECLAIM_H

#include <linux/types.h>
#include "trim.h"

struct dt_heap;
struct dt_region;
struct dualtree;

/**
 * enum dt_reclaim_what - what is done to a heap
 * @DT_RECLAIM_ALL: all that it does not need is returned to the pool
 * @DT_RECLAIM_TRIM: only its regions are looked at
 * @DT_RECLAIM_DRAIN: only its remote list is drained; the next pass looks at its regions
 */
enum dt_reclaim_what {
	DT_RECLAIM_ALL,
	DT_RECLAIM_TRIM,
	DT_RECLAIM_DRAIN,
};

/**
 * struct dt_reclaim_visit - a heap of a CPU that is to be reclaimed
 * @dt: its instance; the other members begin as 0
 * @what: what is to be done
 * @list_taken: its remote list was taken once
 * @more: another step is needed
 * @done: nothing is left to do
 * @trim: the look at its regions; @trim.idle is the caller's
 * @retired: regions that the last interrupt retired
 */
struct dt_reclaim_visit {
	struct dualtree *dt;
	enum dt_reclaim_what what;
	bool list_taken;
	bool more;
	bool done;
	struct dt_trim trim;
	struct dt_region *retired;
};

extern unsigned long dt_reclaim_interrupts;

bool dt_reclaim_has_more(const struct dt_heap *heap);
size_t dt_reclaim_cpu(int cpu, struct dt_reclaim_visit *visits, unsigned int nr);
size_t dt_reclaim_shared(struct dualtree *dt);
void dt_reclaim_all(struct dualtree *dt);
void dt_reclaim_now(struct dualtree *dt);
bool dt_reclaim_settle(struct dualtree *dt);

#endif /* DUALTREE_RECLAIM_H */
