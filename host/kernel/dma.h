/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices: what each reaches, and how much it maps at once. Each page says which one it is mapped
 * for: a page is mapped for one device at a time, is unmapped as it was mapped, and is not freed
 * before. See dma.c.
 */
#ifndef DUALTREE_HOST_DMA_H
#define DUALTREE_HOST_DMA_H

#include "memory.h"

typedef u64 dma_addr_t;

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };

/**
 * struct device - a device
 * @dma_mask: what it can address; NULL: nothing
 * @max_mapping: bytes that it maps at once
 * @offset: of its addresses from those of memory, as by an IOMMU
 * @needs_sync: memory is synced for it
 * @refs: references
 * @mapped: bytes that are mapped
 * @synced: bytes that were synced
 */
struct device {
	u64 *dma_mask;
	size_t max_mapping;
	u64 offset;
	bool needs_sync;
	int refs;
	size_t mapped;
	size_t synced;
};

#define DMA_BIT_MASK(n)			(~0ULL >> (64 - (n)))
#define DMA_ATTR_SKIP_CPU_SYNC		1UL
#define DMA_ATTR_NO_WARN		2UL
#define DMA_MAPPING_ERROR		(~(dma_addr_t)0)
#define dma_get_mask(dev)		(*(dev)->dma_mask)
#define dma_max_mapping_size(dev)	((dev)->max_mapping)
#define dma_addressing_limited(dev)	(dma_get_mask(dev) < DMA_BIT_MASK(48))
#define valid_dma_direction(dir)	((dir) < DMA_NONE)
#define dma_mapping_error(dev, addr)	((addr) == DMA_MAPPING_ERROR)
#define dma_need_sync(dev, addr)	((void)(addr), (dev)->needs_sync)

struct device *get_device(struct device *dev);
void put_device(struct device *dev);
dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs);
void dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
			  enum dma_data_direction dir, unsigned long attrs);
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir);
void dma_sync_single_for_device(struct device *dev, dma_addr_t addr, size_t size,
				enum dma_data_direction dir);

/* The address of a byte for a device. */
dma_addr_t host_dma_addr(const struct device *dev, const void *ptr);

#endif /* DUALTREE_HOST_DMA_H */
