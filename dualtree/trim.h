/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trimming heaps: what is large for what lives in it returns to the pool. See trim.c.
 */
#ifndef DUALTREE_TRIM_H
#define DUALTREE_TRIM_H

#include <linux/types.h>

struct buddy_pool;
struct dt_heap;
struct dualtree;

/**
 * struct dt_trim - a look at the regions of a heap
 * @after: where it goes on: at the first region above this; NULL at first
 * @idle: no look before this one is needed
 * @due: a region was found that the next look may cut
 * @tail: pages that were cut off, for dt_trim_put(), or NULL
 * @nr_pages: number of them
 * @pool: their pool
 */
struct dt_trim {
	const void *after;
	bool idle;
	bool due;
	void *tail;
	unsigned long nr_pages;
	struct buddy_pool *pool;
};

bool dt_trim_wanted(const struct dt_heap *heap);
bool dt_trim_step(struct dt_heap *heap, struct dt_trim *trim);
size_t dt_trim_put(struct dualtree *dt, struct dt_trim *trim);

#endif /* DUALTREE_TRIM_H */
