/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The granule: the unit of placement. Free space is kept in whole granules, bytes are
 * counted in the ledger.
 *
 * It is a cache line at least, so that two allocations never share one, and what DMA
 * wants aligned on this machine.
 */
#ifndef DUALTREE_GRANULE_H
#define DUALTREE_GRANULE_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/slab.h>

#ifdef ARCH_DMA_MINALIGN
#define DT_DMA_ALIGN	ARCH_DMA_MINALIGN
#else
#define DT_DMA_ALIGN	1
#endif

/* A count of live bytes has to fit in a byte, with values above it to spare. */
static_assert(L1_CACHE_BYTES <= 128 && DT_DMA_ALIGN <= 128);

#define DT_GRANULE_SHIFT	(L1_CACHE_BYTES > 64 || DT_DMA_ALIGN > 64 ? 7 : 6)
#define DT_GRANULE		BIT(DT_GRANULE_SHIFT)

#define DT_PAGE_GRANULES	((unsigned int)(PAGE_SIZE >> DT_GRANULE_SHIFT))

/* Granules that @size bytes need; @size is not 0. One instruction less than rounding up. */
static inline unsigned int granules_of(size_t size)
{
	return ((size - 1) >> DT_GRANULE_SHIFT) + 1;
}

#endif /* DUALTREE_GRANULE_H */
