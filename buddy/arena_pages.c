// SPDX-License-Identifier: GPL-2.0
/*
 * An arena and the kernel: its pages come from alloc_pages() and are freed one by one, in parts
 * while it is in use, the rest when it is destroyed.
 *
 * No lock is held here.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "../compat/compat.h"
#include "arena.h"
#include "dma.h"
#include "fault.h"
#include "records.h"
#include "table.h"

/* Free pages one by one: split_page() gave each a reference, and packets may hold more. */
void buddy_pages_free(void *first, unsigned long nr_pages)
{
	struct page *pages = virt_to_page(first);
	unsigned long i;

	for (i = 0; i < nr_pages; i++)
		__free_page(pages + i);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pages_free);

/* Free the pages of an arena, but those that the kernel has already. */
static void arena_free_pages(const struct buddy_arena *arena)
{
	unsigned int page;

	for (page = 0; page < 1U << arena->order; page++)
		if (!test_bit(page, arena->returned))
			__free_page(virt_to_page(arena->base) + page);
}

static struct buddy_arena *arena_alloc_record(unsigned int order, int nid, gfp_t gfp)
{
	unsigned int node_longs = BITS_TO_LONGS(2UL << order);
	unsigned int page_longs = BITS_TO_LONGS(1UL << order);
	struct buddy_arena *arena;

	if (buddy_fault_due())
		return NULL;
	arena = kzalloc_node(struct_size(arena, maps, 2 * node_longs + 3 * page_longs), gfp, nid);
	if (!arena)
		return NULL;
	INIT_LIST_HEAD(&arena->link);
	INIT_LIST_HEAD(&arena->abandoned_link);
	INIT_LIST_HEAD(&arena->drained_link);
	arena->order = order;
	arena->free = arena->maps;
	arena->live = arena->free + node_longs;
	arena->head = arena->live + node_longs;
	arena->abandoned = arena->head + page_longs;
	arena->returned = arena->abandoned + page_longs;
	return arena;
}

/*
 * Pages of the kernel's emergency reserve are refused: split_page() keeps the mark of the first
 * page, and the network stack drops packets with a fragment in such a page.
 */
static struct page *arena_alloc_pages(unsigned int order, int nid, gfp_t gfp)
{
	struct page *pages;

	if (buddy_fault_due() || buddy_fault_order(order))
		return NULL;
	pages = alloc_pages_node(nid, gfp & ~(__GFP_ZERO | __GFP_COMP), order);
	if (pages && unlikely(page_is_pfmemalloc(pages))) {
		__free_pages(pages, order);
		return NULL;
	}
	return pages;
}

/*
 * Take pages from the kernel, map them for the pool's device, and make an arena of them. Lookups
 * find it; it is in no list yet.
 *
 * Context: As @gfp allows; no lock held, not NMI.
 * Return: the arena, or NULL on OOM, if the device cannot map the pages, or if the table does not
 * cover them.
 */
struct buddy_arena *buddy_arena_create(struct buddy_pool *pool, int nid, unsigned int order,
				       gfp_t gfp)
{
	/* Records of a cgroup's arena may outlive it: the leaf of the table is for others, too. */
	gfp_t record_gfp = gfp & ~(__GFP_ZERO | BUDDY_GFP_PAGES_ONLY);
	struct buddy_arena *arena = arena_alloc_record(order, nid, record_gfp);
	struct page *pages;

	if (!arena)
		return NULL;
	pages = arena_alloc_pages(order, nid, gfp);
	if (!pages)
		goto free_record;
	split_page(pages, order);
	arena->pool = pool;
	arena->base = kasan_reset_tag(page_address(pages));
	if (buddy_dma_map(arena))
		goto free_pages;
	if (buddy_table_add(arena, record_gfp))
		goto unmap;
	return arena;

unmap:
	buddy_dma_unmap(arena);
free_pages:
	arena_free_pages(arena);
free_record:
	kfree(arena);
	return NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_arena_create);

static void arena_free_rcu(struct rcu_head *rcu)
{
	struct buddy_arena *arena = container_of(rcu, struct buddy_arena, rcu);

	buddy_records_put(arena->records);
	kfree(arena);
}

/*
 * Return the pages to the kernel that it does not have yet, and free the record after an RCU grace
 * period. A page that something else refers to is freed with that reference.
 *
 * Context: Where pages may be freed; no lock held, not NMI.
 */
void buddy_arena_destroy(struct buddy_arena *arena)
{
	buddy_table_remove(arena);
	buddy_dma_unmap(arena);
	arena_free_pages(arena);
	call_rcu(&arena->rcu, arena_free_rcu);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_arena_destroy);
