/* SPDX-License-Identifier: GPL-2.0 */
/* Devices: one that reaches all memory, and counts what is mapped for it. */
#ifndef DUALTREE_HOST_DMA_H
#define DUALTREE_HOST_DMA_H

#include "memory.h"

typedef u64 dma_addr_t;

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };

/**
 * struct device - a device
 * @dma_mask: what it can address; NULL: nothing
 * @refs: references
 * @mapped: bytes that are mapped
 */
struct device {
	u64 *dma_mask;
	int refs;
	size_t mapped;
};

#define DMA_BIT_MASK(n)			((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define DMA_ATTR_SKIP_CPU_SYNC		1UL
#define DMA_ATTR_NO_WARN		2UL
#define DMA_MAPPING_ERROR		(~(dma_addr_t)0)
#define dma_get_mask(dev)		(*(dev)->dma_mask)
#define dma_max_mapping_size(dev)	((void)(dev), SIZE_MAX)
#define dma_addressing_limited(dev)	(dma_get_mask(dev) < DMA_BIT_MASK(48))
#define valid_dma_direction(dir)	((dir) < DMA_NONE)
#define dma_mapping_error(dev, addr)	((addr) == DMA_MAPPING_ERROR)
#define dma_need_sync(dev, addr)	((void)(dev), false)
#define dma_sync_single_for_cpu(dev, addr, size, dir)	((void)(addr))
#define dma_sync_single_for_device(dev, addr, size, dir) ((void)(addr))

static inline struct device *get_device(struct device *dev)
{
	if (dev)
		dev->refs++;
	return dev;
}

static inline void put_device(struct device *dev)
{
	if (dev)
		host_assert(dev->refs-- > 0 && (dev->refs || !dev->mapped));
}

static inline dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset,
					    size_t size, enum dma_data_direction dir,
					    unsigned long attrs)
{
	if (host_must_fail())
		return DMA_MAPPING_ERROR;
	dev->mapped += size;
	return page_to_pfn(page) << PAGE_SHIFT;
}

static inline void dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
					enum dma_data_direction dir, unsigned long attrs)
{
	host_assert(dev->mapped >= size);
	dev->mapped -= size;
}

#endif /* DUALTREE_HOST_DMA_H */
