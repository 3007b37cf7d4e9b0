// SPDX-License-Identifier: GPL-2.0
/*
 * What memory takes that pools look after: records of arenas, their spans in the lookup table, and
 * the arrays that lead to these. A pool takes arenas here, and what it asks the layer for with them
 * is measured.
 */
#include <dualtree/buddy_pool.h>
#include "../../buddy/sparse.h"
#include "../../buddy/table.h"
#include "../../dualtree/region.h"
#include "growth.h"

/* Of 256 MiB. */
#define ARENAS	64

/* Bytes of one of the table's two arrays for a span, of which a block has as many as a page has. */
static u64 array_bytes(void)
{
	/* The block, its entry in the list of blocks, and one of the kernel's page table. */
	return PAGE_SIZE + 2 * sizeof(void *);
}

void growth_memory(void)
{
	struct buddy_pool_params params = { .nid = 0, .arena_order = BUDDY_SPAN_ORDER };
	struct buddy_pool *pool = buddy_pool_create("growth", &params);
	struct buddy_pool_stats stats;
	void *blocks[ARENAS];
	unsigned int i;
	u64 before;

	host_assert(!IS_ERR(pool));
	before = host_kmalloc_bytes;
	for (i = 0; i < ARENAS; i++) {
		blocks[i] = buddy_pool_alloc(pool, BUDDY_SPAN_ORDER, GFP_KERNEL);
		host_assert(blocks[i]);
	}
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.arenas == ARENAS);
	printf("memory results arena|%lu\n", PAGE_SIZE << BUDDY_SPAN_ORDER);
	printf("memory results of an arena|%lu\n", (host_kmalloc_bytes - before) / ARENAS);
	printf("memory results records of regions|%zu\n", stats.record_bytes / ARENAS);
	printf("memory results array block|%lu\n", array_bytes());
	printf("memory results spans of a block|%lu\n", BUDDY_SPARSE_BLOCK);
	for (i = 0; i < ARENAS; i++)
		host_assert(!buddy_pool_free(pool, blocks[i], BUDDY_SPAN_ORDER));
	buddy_pool_destroy(pool);
}
