/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The granule: the unit of placement. Free space is kept in whole granules; the ledger counts
 * the live bytes of each.
 *
 * Its size is the largest of 64 bytes, a cache line and the machine's DMA alignment. So two
 * allocations never share a line, and a granule holds the node of an extent (extent_tree.h).
 */
#ifndef DUALTREE_GRANULE_H
#define DUALTREE_GRANULE_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/slab.h>

/* Bytes that DMA wants aligned; 1 on a machine where DMA is coherent with the caches. */
#ifdef ARCH_DMA_MINALIGN
#define DT_DMA_ALIGN	ARCH_DMA_MINALIGN
#else
#define DT_DMA_ALIGN	1
#endif

/* 128 bytes at most: a count of them fits in a byte, and marks fit above it (ledger_words.h). */
static_assert(L1_CACHE_BYTES <= 128 && DT_DMA_ALIGN <= 128);

#define DT_GRANULE_SHIFT	(L1_CACHE_BYTES > 64 || DT_DMA_ALIGN > 64 ? 7 : 6)
#define DT_GRANULE		BIT(DT_GRANULE_SHIFT)

#define DT_PAGE_GRANULES	((unsigned int)(PAGE_SIZE >> DT_GRANULE_SHIFT))

/* Granules for @size bytes, not 0. One instruction shorter than DIV_ROUND_UP(). */
static inline unsigned int granules_of(size_t size)
{
	return ((size - 1) >> DT_GRANULE_SHIFT) + 1;
}

#endif /* DUALTREE_GRANULE_H */
