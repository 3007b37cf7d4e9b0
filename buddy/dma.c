// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that belongs to a device: each of its arenas is mapped once, when it is taken from the
 * kernel, and unmapped when it is returned.
 *
 *	the device			arenas
 *	reaches all memory		are of any zone
 *	reaches less, 32 bits at least	are of ZONE_DMA32
 *	reaches less than 32 bits	the pool is refused
 *	maps no more than some bytes	have no more: bounce buffers (swiotlb) are 256 KiB at most
 *
 * Nothing is synced at mapping and unmapping: the caller that gives a range to the device, or takes
 * one back, syncs that (dualtree/dma.c). An arena that does not need it is marked.
 *
 * No lock. Process context, but buddy_dma_map() and buddy_dma_unmap(): any but NMI, and on
 * PREEMPT_RT preemptible, as their callers in arena_pages.c.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include "arena.h"
#include "dma.h"
#include "fault.h"
#include "pool.h"

/* Is it no device, or one that can address memory that the kernel has a zone for? */
bool buddy_dma_reaches(struct device *dev)
{
	return !dev || (dev->dma_mask && dma_get_mask(dev) >= DMA_BIT_MASK(32) &&
			dma_max_mapping_size(dev) >= PAGE_SIZE);
}

bool buddy_dma_valid(const struct buddy_pool_params *params)
{
	return !params->dev || valid_dma_direction(params->dma_dir);
}

/* Return: order of the largest arena that a device maps at once. */
unsigned int buddy_dma_max_order(struct device *dev)
{
	size_t max = dev ? dma_max_mapping_size(dev) : SIZE_MAX;

	return ilog2(max >> PAGE_SHIFT);
}

/* Set the device of a new pool, which keeps a reference to it. */
void buddy_dma_init(struct buddy_pool *pool, const struct buddy_pool_params *params)
{
	if (!params->dev)
		return;
	pool->dev = get_device(params->dev);
	pool->dma_dir = params->dma_dir;
	pool->zone = dma_addressing_limited(pool->dev) ? GFP_DMA32 : 0;
}

/* Release the device of a pool without arenas. */
void buddy_dma_exit(struct buddy_pool *pool)
{
	put_device(pool->dev);
}

/* The suites make arenas without a pool. */
static struct device *device_of(const struct buddy_arena *arena)
{
	return arena->pool ? arena->pool->dev : NULL;
}

/* Map a new arena for the device of its pool. Return: 0 or -ENOMEM. */
int buddy_dma_map(struct buddy_arena *arena)
{
	struct device *dev = device_of(arena);

	if (!dev)
		return 0;
	if (buddy_fault_due())
		return -ENOMEM;
	arena->dma = dma_map_page_attrs(dev, virt_to_page(arena->base), 0,
					order_bytes(arena->order), arena->pool->dma_dir,
					DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_NO_WARN);
	if (dma_mapping_error(dev, arena->dma))
		return -ENOMEM;
	arena->dma_sync = dma_need_sync(dev, arena->dma);
	return 0;
}

void buddy_dma_unmap(struct buddy_arena *arena)
{
	struct device *dev = device_of(arena);

	if (dev)
		dma_unmap_page_attrs(dev, arena->dma, order_bytes(arena->order),
				     arena->pool->dma_dir, DMA_ATTR_SKIP_CPU_SYNC);
}
