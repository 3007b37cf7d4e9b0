// SPDX-License-Identifier: GPL-2.0
/*
 * DMA of an instance whose pool belongs to a device (buddy/dma.c): addresses and syncs of ranges.
 * include/dualtree/dualtree.h is the contract.
 *
 * An arena is mapped as a whole, so an address is the arena's plus the offset. Whether the device
 * needs syncs at all, the arena knows: mostly it does not, and a sync is a lookup.
 *
 * No lock. The arena of live memory stays; RCU guards the arrays that lead to it.
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/kasan.h>
#include <linux/rcupdate.h>
#include <dualtree/dualtree.h>
#include "../buddy/arena.h"
#include "../buddy/pool.h"
#include "../buddy/table.h"
#include "instance.h"

/* Return: the arena that an instance's memory lies in; NULL if it is mapped for no device. */
static const struct buddy_arena *mapped_arena(struct dualtree *dt, const void *ptr)
{
	const struct buddy_arena *arena;

	if (!dt->pool || !dt->pool->dev)
		return NULL;
	rcu_read_lock();
	arena = buddy_table_arena(ptr);
	rcu_read_unlock();
	return arena && arena->pool == dt->pool ? arena : NULL;
}

static dma_addr_t dma_addr(const struct buddy_arena *arena, const void *ptr)
{
	return arena->dma + (kasan_reset_tag(ptr) - arena->base);
}

dma_addr_t dualtree_dma_addr(struct dualtree *dt, const void *ptr)
{
	const struct buddy_arena *arena = mapped_arena(dt, ptr);

	return arena ? dma_addr(arena, ptr) : DMA_MAPPING_ERROR;
}
EXPORT_SYMBOL_GPL(dualtree_dma_addr);

void dualtree_dma_sync_for_cpu(struct dualtree *dt, const void *ptr, size_t len)
{
	const struct buddy_arena *arena = mapped_arena(dt, ptr);

	if (arena && arena->dma_sync)
		dma_sync_single_for_cpu(dt->pool->dev, dma_addr(arena, ptr), len,
					dt->pool->dma_dir);
}
EXPORT_SYMBOL_GPL(dualtree_dma_sync_for_cpu);

void dualtree_dma_sync_for_device(struct dualtree *dt, const void *ptr, size_t len)
{
	const struct buddy_arena *arena = mapped_arena(dt, ptr);

	if (arena && arena->dma_sync)
		dma_sync_single_for_device(dt->pool->dev, dma_addr(arena, ptr), len,
					   dt->pool->dma_dir);
}
EXPORT_SYMBOL_GPL(dualtree_dma_sync_for_device);
