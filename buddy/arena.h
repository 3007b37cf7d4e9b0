/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An arena: 2^n pages that a pool took from the kernel, and five bitmaps that say which of them
 * are free. The pages are the leaves of a binary tree:
 *
 *	node 1                      the whole arena, order n
 *	node 2, 3                   its halves, order n - 1
 *	 ...
 *	node 2^n .. 2^(n+1) - 1     the single pages
 *
 * The buddy of a node is node ^ 1, its parent node >> 1.
 *
 *	map	a bit for each	is set where
 *	free	node		the node is a free block
 *	live	node		the node is a block that is handed out, or what a free of a
 *				range left of one
 *	head	page		a live block begins, or what is left of one after a freed range
 *	abandoned page		no block has the page any more, but a packet still refers to it
 *	returned page		the kernel has the page again, before the rest of the arena
 *
 * Below and above a node that is set in free or live, no node is set in either. The head map
 * tells two adjacent blocks from two parts of one: a free of a range stops at a head. The maps
 * take seven bits a page.
 *
 * An abandoned page is handed out to none. When only the pool's own reference is left, it is free
 * again; and when all other pages of its arena are free, the arena goes back to the kernel: then
 * the last reference frees the page.
 *
 * A returned page never comes back to its arena. It may be another arena's, also one of the same
 * pool. Without a live page the arena is *drained*, and what is left of it goes back as well.
 *
 * Locks: functions that take a struct buddy_lists are called with the pool's lock held. They
 * neither allocate nor sleep. A call takes steps in proportion to the number of orders, or to its
 * square for a range, and scans at most one map of 2^11 bits; buddy_lists_recover() looks at each
 * abandoned page of one arena. buddy_arena_create(), buddy_arena_destroy() and buddy_pages_free()
 * are called without the lock.
 */
#ifndef DUALTREE_BUDDY_ARENA_H
#define DUALTREE_BUDDY_ARENA_H

#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <dualtree/buddy_pool.h>

struct buddy_records;

/* Order of the largest block: a whole arena of the largest kind. */
#define BUDDY_MAX_ORDER		BUDDY_POOL_MAX_ARENA_ORDER

/*
 * Flags that are for the pages of an arena, and not for its records: these may lie on another node,
 * are charged to no cgroup, and slabs have no zone.
 */
#define BUDDY_GFP_PAGES_ONLY	(__GFP_THISNODE | __GFP_ACCOUNT | GFP_ZONEMASK)

/* Orders are 0 to BUDDY_MAX_ORDER. */
#define BUDDY_NR_ORDERS		(BUDDY_MAX_ORDER + 1)

/**
 * struct buddy_lists - the arenas of a pool, by what is free in them
 * @avail: for each order, the arenas in @used with a free block of that order
 * @nr_free: free blocks of each order, over all arenas
 * @orders: bit k is set if @nr_free[k] is not 0
 * @free_pages: pages of all free blocks
 * @low_pages: the least that @free_pages was since it was set to that, less what was removed since
 * @empty_pages: pages of the arenas in @empty
 * @used: arenas with a live or abandoned page
 * @empty: for each order, the arenas of that order without a live page
 * @nr_empty: number of arenas in each of @empty
 * @abandoned: arenas with abandoned pages, the one that was looked at longest ago first
 * @nr_abandoned: number of these arenas
 * @abandoned_pages: number of these pages
 * @drained: arenas with returned pages and without a live page
 * @returned_pages: returned pages of all arenas
 *
 * Guarded by the pool's lock. The shrinker and the trim also read @free_pages, @empty_pages,
 * @nr_abandoned and @abandoned_pages without it.
 */
struct buddy_lists {
	struct list_head avail[BUDDY_NR_ORDERS];
	unsigned long nr_free[BUDDY_NR_ORDERS];
	unsigned long orders;
	unsigned long free_pages;
	unsigned long low_pages;
	unsigned long empty_pages;
	struct list_head used;
	struct list_head empty[BUDDY_NR_ORDERS];
	unsigned long nr_empty[BUDDY_NR_ORDERS];
	struct list_head abandoned;
	unsigned long nr_abandoned;
	unsigned long abandoned_pages;
	struct list_head drained;
	unsigned long returned_pages;
};

/**
 * struct buddy_arena - 2^order pages that a pool took from the kernel
 * @pool: its owner; constant
 * @base: its first byte; constant
 * @order: number of its pages, as a power of two; constant
 * @dma: DMA address of its first byte, if the pool has a device; constant
 * @dma_sync: must the CPU and the device be synced for it? Constant
 * @nr_abandoned: number of its abandoned pages
 * @nr_returned: number of its returned pages
 * @records: records of its blocks, see records.h, or NULL; constant once it is in a list
 * @nr_free: free blocks of each order
 * @avail: entries in buddy_lists.avail
 * @link: entry in buddy_lists.used or buddy_lists.empty
 * @abandoned_link: entry in buddy_lists.abandoned
 * @drained_link: entry in buddy_lists.drained
 * @rcu: frees the record after a grace period, since a lookup may still read it
 * @free: map of free blocks, a bit per node
 * @live: map of live blocks and parts, a bit per node
 * @head: map of where these begin, a bit per page
 * @abandoned: map of abandoned pages, a bit per page
 * @returned: map of returned pages, a bit per page
 * @maps: storage of the five maps
 *
 * The pool's lock guards what is not constant.
 */
struct buddy_arena {
	struct buddy_pool *pool;
	void *base;
	unsigned int order;
	dma_addr_t dma;
	bool dma_sync;
	u16 nr_abandoned;
	u16 nr_returned;
	struct buddy_records *records;
	u16 nr_free[BUDDY_NR_ORDERS];
	struct list_head avail[BUDDY_NR_ORDERS];
	struct list_head link;
	struct list_head abandoned_link;
	struct list_head drained_link;
	struct rcu_head rcu;
	unsigned long *free;
	unsigned long *live;
	unsigned long *head;
	unsigned long *abandoned;
	unsigned long *returned;
	unsigned long maps[];
};

static inline unsigned int node_order(const struct buddy_arena *arena, unsigned int node)
{
	return arena->order - ilog2(node);
}

static inline unsigned int node_of(const struct buddy_arena *arena, unsigned int page,
				   unsigned int order)
{
	return (1U << (arena->order - order)) + (page >> order);
}

static inline unsigned int node_page(const struct buddy_arena *arena, unsigned int node)
{
	return (node << node_order(arena, node)) - (1U << arena->order);
}

/* Return: the live node that @node is or lies in; 0 if there is none. */
static inline unsigned int live_above(const struct buddy_arena *arena, unsigned int node)
{
	while (node && !test_bit(node, arena->live))
		node >>= 1;
	return node;
}

/* Return: an arena of 2^order pages without a live page, or NULL. */
static inline struct buddy_arena *buddy_lists_empty(struct buddy_lists *lists,
						    unsigned int order)
{
	return list_first_entry_or_null(&lists->empty[order], struct buddy_arena, link);
}

/* Return: an arena with returned pages and without a live page, or NULL. */
static inline struct buddy_arena *buddy_lists_drained(struct buddy_lists *lists)
{
	return list_first_entry_or_null(&lists->drained, struct buddy_arena, drained_link);
}

struct buddy_arena *buddy_arena_create(struct buddy_pool *pool, int nid, unsigned int order,
				       gfp_t gfp);
void buddy_arena_destroy(struct buddy_arena *arena);

void buddy_lists_init(struct buddy_lists *lists);
void buddy_lists_add(struct buddy_lists *lists, struct buddy_arena *arena);
void buddy_lists_remove(struct buddy_lists *lists, struct buddy_arena *arena);
void *buddy_lists_take(struct buddy_lists *lists, unsigned int order);
void *buddy_lists_return(struct buddy_lists *lists, unsigned int found, unsigned int order);

int buddy_arena_free_block(struct buddy_lists *lists, struct buddy_arena *arena,
			   const void *block, unsigned int order);
int buddy_arena_free_range(struct buddy_lists *lists, struct buddy_arena *arena,
			   const void *first, unsigned long nr_pages);
int buddy_arena_abandon_page(struct buddy_lists *lists, struct buddy_arena *arena,
			     const void *addr);
struct buddy_arena *buddy_lists_recover(struct buddy_lists *lists, bool *again);

void buddy_pages_free(void *first, unsigned long nr_pages);

#endif /* DUALTREE_BUDDY_ARENA_H */
