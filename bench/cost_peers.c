// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has: kmalloc(), page_frag and pages. None of them can free a part.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "contenders.h"
#include "cost.h"

COST_DEFINE_LOOP(pair, kmalloc)
COST_DEFINE_LOOP(ring, kmalloc)
COST_DEFINE_LOOP(random, kmalloc)
COST_DEFINE_LOOP(mixed, kmalloc)

static const struct cost_contender kmalloc_contender = {
	.name = "kmalloc",
	.alloc = alloc_kmalloc,
	.free = free_kmalloc,
};

COST_DEFINE_LOOP(pair, frag)
COST_DEFINE_LOOP(ring, frag)

static const struct cost_contender frag = COST_CONTENDER(frag, "page_frag");

static void page_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--)
		free_page_block(ctx, alloc_page_block(ctx, PAGE_SIZE), PAGE_SIZE);
}

static void four_pages_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--)
		free_page_block(ctx, alloc_page_block(ctx, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
}

static const struct cost_contender pages = {
	.name = "alloc_pages",
	.alloc = alloc_page_block,
	.free = free_page_block,
};

static const struct cost_row rows[] = {
	{ &kmalloc_contender, "pair 64 B", pair_kmalloc, .size = 64 },
	{ &kmalloc_contender, "pair 1500 B", pair_kmalloc, .size = 1500 },
	{ &kmalloc_contender, "pair 2048 B", pair_kmalloc, .size = 2048 },
	{ &kmalloc_contender, "pair 4096 B", pair_kmalloc, .size = 4096 },
	{ &kmalloc_contender, "pair 16384 B", pair_kmalloc, .size = 16384 },
	{ &kmalloc_contender, "1500 B, 64 live", ring_kmalloc, .size = 1500, .live = 64 },
	{ &kmalloc_contender, "1500 B, 4096 live", random_kmalloc, .size = 1500, .live = 4096 },
	{ &kmalloc_contender, "64..4096 B, 1k live", mixed_kmalloc, .live = 1000 },
	{ &kmalloc_contender, "64..4096 B, 10k live", mixed_kmalloc, .live = 10000 },
	{ &frag, "pair 1500 B", pair_frag, .size = 1500 },
	{ &frag, "1500 B, 64 live", ring_frag, .size = 1500, .live = 64 },
	{ &pages, "pair 4096 B", page_loop },
	{ &pages, "pair 16384 B", four_pages_loop },
};

const struct cost_set cost_peers = { rows, ARRAY_SIZE(rows) };
