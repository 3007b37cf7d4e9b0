// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of a pool, all from one hold of its lock. Any context but NMI.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include "pool.h"

void buddy_pool_get_stats(struct buddy_pool *pool, struct buddy_pool_stats *stats)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	*stats = (struct buddy_pool_stats) {
		.held_bytes = pool->held_bytes,
		.record_bytes = pool->record_bytes,
		.free_bytes = pool->lists.free_pages << PAGE_SHIFT,
		.abandoned_bytes = pool->lists.abandoned_pages << PAGE_SHIFT,
		.returned_bytes = pool->lists.returned_pages << PAGE_SHIFT,
		.largest_free = pool->lists.orders ? order_bytes(__fls(pool->lists.orders)) : 0,
		.arenas = pool->nr_arenas,
		.allocs = pool->allocs,
		.frees = pool->frees,
		.failed_allocs = pool->failed_allocs,
		.bad_frees = pool->bad_frees,
	};
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}
EXPORT_SYMBOL_GPL(buddy_pool_get_stats);
