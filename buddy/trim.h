/* SPDX-License-Identifier: GPL-2.0 */
/* What a pool returns to the kernel while it lives: see trim.c. */
#ifndef DUALTREE_BUDDY_TRIM_H
#define DUALTREE_BUDDY_TRIM_H

#include <linux/sizes.h>
#include <linux/types.h>
#include "pool.h"

/* Bytes that the trim leaves free at least: 1 MiB is the largest step that a heap grows by. */
#define BUDDY_KEEP_MIN		SZ_1M

int buddy_trim_init(struct buddy_pool *pool);
void buddy_trim_stop(struct buddy_pool *pool);
void buddy_trim_start(struct buddy_pool *pool);

size_t buddy_pool_trim(struct buddy_pool *pool);

/* Has the trim anything to do? Under the pool's lock. True too often where much is live. */
static inline bool buddy_trim_wanted(const struct buddy_pool *pool)
{
	return pool->lists.empty_pages || !list_empty(&pool->lists.drained) ||
	       pool->lists.free_pages > pool->trim_pages;
}

#endif /* DUALTREE_BUDDY_TRIM_H */
