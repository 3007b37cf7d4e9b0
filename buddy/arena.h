/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One arena: its pages, and which of them are free, as nodes of a binary tree.
 *
 *	node 1                      the whole arena, order n
 *	node 2, 3                   its halves, order n - 1
 *	 ...
 *	node 2^n .. 2^(n+1) - 1     the single pages
 *
 * The buddy of a node is node ^ 1, its parent node >> 1. A set bit in the free map
 * is a free block, one in the live map a block that is handed out, or what is left
 * of one; no bit of either map is set below or above it. A set bit in the head map
 * is a page that a handed out block begins with: it tells two blocks that lie side
 * by side from two parts of one.
 *
 * Promises: nothing here allocates or sleeps, and nothing loops over pages: each
 * call takes steps in proportion to the orders, or to their square for a range.
 * All of it is entered with the pool's lock held. Five bits a page.
 */
#ifndef DUALTREE_BUDDY_ARENA_H
#define DUALTREE_BUDDY_ARENA_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <dualtree/buddy_pool.h>

#define BUDDY_MAX_ORDER		BUDDY_POOL_MAX_ARENA_ORDER
#define BUDDY_NR_ORDERS		(BUDDY_MAX_ORDER + 1)

/**
 * struct buddy_lists - the arenas of a pool
 * @avail: arenas with at least one free block of an order
 * @nr_free: free blocks of each order, over all arenas
 * @orders: bit k is set where @avail[k] is not empty
 * @free_pages: pages that no block covers, over all arenas
 * @empty_pages: those of them in empty arenas
 * @used: arenas with at least one live page
 * @empty: arenas without
 *
 * Guarded by the pool's lock.
 */
struct buddy_lists {
	struct list_head avail[BUDDY_NR_ORDERS];
	unsigned long nr_free[BUDDY_NR_ORDERS];
	unsigned long orders;
	unsigned long free_pages;
	unsigned long empty_pages;
	struct list_head used;
	struct list_head empty;
};

/**
 * struct buddy_arena - 2^order pages that a pool took from the kernel
 * @pool: whose it is; constant
 * @base: first byte; constant
 * @order: its pages, as a power of two; constant
 * @nr_free: free blocks of each order
 * @avail: places in buddy_lists.avail
 * @link: place in buddy_lists.used or .empty
 * @rcu: frees the record when no look-up can see it any more
 * @free: bit per node: a free block
 * @live: bit per node: a block that is handed out, or a part that is left of one
 * @head: bit per page: a block that was handed out begins here
 * @maps: where the three lie
 *
 * Guarded by the pool's lock, but for what is constant.
 */
struct buddy_arena {
	struct buddy_pool *pool;
	void *base;
	unsigned int order;
	u16 nr_free[BUDDY_NR_ORDERS];
	struct list_head avail[BUDDY_NR_ORDERS];
	struct list_head link;
	struct rcu_head rcu;
	unsigned long *free;
	unsigned long *live;
	unsigned long *head;
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

/* The live block that a node is, or is a part of; 0 if there is none. */
static inline unsigned int live_above(const struct buddy_arena *arena, unsigned int node)
{
	while (node && !test_bit(node, arena->live))
		node >>= 1;
	return node;
}

struct buddy_arena *buddy_arena_create(struct buddy_pool *pool, int nid, unsigned int order,
				       gfp_t gfp);
void buddy_arena_destroy(struct buddy_arena *arena);

void buddy_lists_init(struct buddy_lists *lists);
void buddy_lists_add(struct buddy_lists *lists, struct buddy_arena *arena);
void buddy_lists_remove(struct buddy_lists *lists, struct buddy_arena *arena);
void *buddy_lists_take(struct buddy_lists *lists, unsigned int order);

int buddy_arena_free_block(struct buddy_lists *lists, struct buddy_arena *arena,
			   const void *block, unsigned int order);
int buddy_arena_free_range(struct buddy_lists *lists, struct buddy_arena *arena,
			   const void *first, unsigned long nr_pages);

#endif /* DUALTREE_BUDDY_ARENA_H */
