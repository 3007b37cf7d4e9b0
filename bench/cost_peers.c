// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has: kmalloc(), page_frag and pages. None of them can free a part. kmalloc()
 * is not told the size at compile time, since nobody knows a packet's; where it is, a pair
 * takes some 25 instructions less.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../compat/page_frag.h"
#include "cost.h"

static __always_inline void *alloc_kmalloc(void *ctx, size_t size)
{
	return kmalloc(size, GFP_ATOMIC);
}

static __always_inline void free_kmalloc(void *ctx, void *ptr, size_t size)
{
	kfree(ptr);
}

COST_DEFINE_LOOP(pair, kmalloc)
COST_DEFINE_LOOP(ring, kmalloc)
COST_DEFINE_LOOP(random, kmalloc)
COST_DEFINE_LOOP(mixed, kmalloc)

static const struct cost_contender kmalloc_contender = {
	.name = "kmalloc",
	.alloc = alloc_kmalloc,
	.free = free_kmalloc,
};

static struct page_frag_cache frag_cache;

static void *open_frag(const struct cost_row *row)
{
	return &frag_cache;
}

static int close_frag(void *ctx)
{
	page_frag_cache_drain(ctx);
	return 0;
}

static __always_inline void *alloc_frag(void *ctx, size_t size)
{
	return page_frag_alloc(ctx, size, GFP_ATOMIC);
}

static __always_inline void free_frag(void *ctx, void *ptr, size_t size)
{
	page_frag_free(ptr);
}

COST_DEFINE_LOOP(pair, frag)
COST_DEFINE_LOOP(ring, frag)

static const struct cost_contender frag = {
	.name = "page_frag",
	.open = open_frag,
	.close = close_frag,
	.alloc = alloc_frag,
	.free = free_frag,
};

static __always_inline void *alloc_page_pair(void *ctx, size_t size)
{
	return alloc_pages(GFP_ATOMIC, get_order(size));
}

static __always_inline void free_page_pair(void *ctx, void *page, size_t size)
{
	__free_pages(page, get_order(size));
}

static void page_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--)
		free_page_pair(ctx, alloc_page_pair(ctx, PAGE_SIZE), PAGE_SIZE);
}

static void four_pages_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--)
		free_page_pair(ctx, alloc_page_pair(ctx, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
}

static const struct cost_contender pages = {
	.name = "alloc_pages",
	.alloc = alloc_page_pair,
	.free = free_page_pair,
};

static const struct cost_row rows[] = {
	{ &kmalloc_contender, "pair 64 B", pair_kmalloc, .size = 64 },
	{ &kmalloc_contender, "pair 1500 B", pair_kmalloc, .size = 1500 },
	{ &kmalloc_contender, "pair 2048 B", pair_kmalloc, .size = 2048 },
	{ &kmalloc_contender, "pair 4096 B", pair_kmalloc, .size = 4096 },
	{ &kmalloc_contender, "1500 B, 64 live", ring_kmalloc, .size = 1500, .live = 64 },
	{ &kmalloc_contender, "1500 B, 4096 live", random_kmalloc, .size = 1500, .live = 4096 },
	{ &kmalloc_contender, "64..4096 B, 1k live", mixed_kmalloc, .live = 1000 },
	{ &kmalloc_contender, "64..4096 B, 10k live", mixed_kmalloc, .live = 10000 },
	{ &frag, "pair 1500 B", pair_frag, .size = 1500 },
	{ &frag, "1500 B, 64 live", ring_frag, .size = 1500, .live = 64 },
	{ &pages, "pair, 1 page", page_loop },
	{ &pages, "pair, 4 pages", four_pages_loop },
};

const struct cost_set cost_peers = { rows, ARRAY_SIZE(rows) };
