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
 * struct dt_reclaim_visit - a heap of a CPU that is to be reclaimed
 * @dt: its instance; the other members begin as 0
 * @trim_only: it is only looked at, and keeps its cache and its spare
 * @list_taken: its remote list was taken once
 * @more: another step is needed
 * @done: nothing is left to do
 * @trim: the look at its regions; @trim.idle is the caller's
 * @retired: regions that the last interrupt retired
 */
struct dt_reclaim_visit {
	struct dualtree *dt;
	bool trim_only;
	bool list_taken;
	bool more;
	bool done;
	struct dt_trim trim;
	struct dt_region *retired;
};

extern unsigned long dt_reclaim_interrupts;

bool dt_reclaim_has_more(const struct dt_heap *heap);
size_t dt_reclaim_cpu(int cpu, struct dt_reclaim_visit *visits, unsigned int nr);
void dt_reclaim_shared(struct dualtree *dt);
void dt_reclaim_all(struct dualtree *dt);
void dt_reclaim_now(struct dualtree *dt);

#endif /* DUALTREE_RECLAIM_H */
