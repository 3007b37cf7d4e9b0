// SPDX-License-Identifier: GPL-2.0
/* Devices: see dma.h. */
#include <kernel.h>

struct device *get_device(struct device *dev)
{
	if (dev)
		dev->refs++;
	return dev;
}

void put_device(struct device *dev)
{
	if (dev)
		host_assert(dev->refs-- > 0 && (dev->refs || !dev->mapped));
}

dma_addr_t host_dma_addr(const struct device *dev, const void *ptr)
{
	return (page_to_pfn(virt_to_page(ptr)) << PAGE_SHIFT) + offset_in_page(ptr) + dev->offset;
}

/* The page that an address of a device is of. */
static struct page *page_at(const struct device *dev, dma_addr_t addr)
{
	unsigned long pfn = (addr - dev->offset) >> PAGE_SHIFT;

	host_assert(pfn >= HOST_FIRST_PFN && pfn < HOST_FIRST_PFN + HOST_ALL_PAGES);
	return &host_pages[pfn - HOST_FIRST_PFN];
}

/* A mapping fails as an allocation does. */
dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	size_t i;

	host_assert(!in_nmi() && !host_now.locks && valid_dma_direction(dir));
	host_assert(!offset && PAGE_ALIGNED(size) && size && size <= dev->max_mapping);
	if (host_must_fail())
		return DMA_MAPPING_ERROR;
	for (i = 0; i < size >> PAGE_SHIFT; i++) {
		host_assert(page[i].refs > 0 && !page[i].mapped);
		host_assert(!dma_addressing_limited(dev) || host_page_is_dma32(&page[i]));
		page[i].mapped = dev;
	}
	dev->mapped += size;
	return host_dma_addr(dev, page_address(page));
}

void dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct page *page = page_at(dev, addr);
	size_t i;

	host_assert(!in_nmi() && !host_now.locks && PAGE_ALIGNED(addr));
	for (i = 0; i < size >> PAGE_SHIFT; i++) {
		host_assert(page[i].mapped == dev);
		page[i].mapped = NULL;
	}
	host_assert(dev->mapped >= size);
	dev->mapped -= size;
}

/* Only of what is mapped; and for a device that needs it. */
static void sync(struct device *dev, dma_addr_t addr, size_t size)
{
	host_assert(dev->needs_sync && size);
	host_assert(page_at(dev, addr)->mapped == dev);
	host_assert(page_at(dev, addr + size - 1)->mapped == dev);
	dev->synced += size;
}

void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir)
{
	sync(dev, addr, size);
}

void dma_sync_single_for_device(struct device *dev, dma_addr_t addr, size_t size,
				enum dma_data_direction dir)
{
	sync(dev, addr, size);
}
