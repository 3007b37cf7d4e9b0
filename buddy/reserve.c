// SPDX-License-Identifier: GPL-2.0
/*
 * The reserve: what a pool keeps free for callers that cannot sleep.
 *
 *	a reserve of		is		counted in
 *	reserve bytes		whole blocks	free blocks of at least 2^reserve_order pages
 *				and a rest	free pages, wherever they lie
 *
 *	free
 *	    ^   above the reserve: the kernel gets free memory back (trim.c)
 *	----+---- the reserve (high mark): the refill work fills up to here
 *	    |   below it: callers that may sleep grow the pool rather than take blocks
 *	----+---- half of it (low mark)
 *	    |   below it: each allocation starts the refill work
 *
 * Free memory in smaller pieces does not count for the blocks: a caller that needs a block could
 * not use it. So an empty arena that is too small for a block is of no use to the reserve, and the
 * refill (refill.c) replaces it.
 *
 * Locks: what is asked here is asked under the pool's lock, and takes steps in proportion to the
 * orders.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include "pool.h"
#include "reserve.h"

/*
 * Default bytes of a block. It is what a heap of dualtree asks for unless a request is larger or
 * the heap is young.
 */
#define RESERVE_BLOCK		SZ_64K

static unsigned int pages_order(size_t bytes)
{
	return ilog2(max(bytes >> PAGE_SHIFT, (size_t)1));
}

/* Return: the reserve's order: as the user says, or by default at most all of the reserve. */
static unsigned int reserve_order(const struct buddy_pool_params *params, unsigned int arena_order)
{
	return params->reserve_order ?:
	       min3(arena_order, pages_order(RESERVE_BLOCK), pages_order(params->reserve));
}

/* Are these parameters of a reserve valid in a pool with such arenas? */
bool buddy_reserve_valid(const struct buddy_pool_params *params, unsigned int arena_order)
{
	/* Arenas are whole pages: the limit allows no part of one. */
	if (params->limit && params->reserve > (params->limit & PAGE_MASK))
		return false;
	return params->reserve_order <= arena_order &&
	       (!params->reserve_order || params->reserve >= order_bytes(params->reserve_order));
}

/* Set the reserve of a new pool, of which the arena order is set. */
void buddy_reserve_init(struct buddy_pool *pool, const struct buddy_pool_params *params)
{
	pool->reserve = params->reserve;
	pool->reserve_order = reserve_order(params, pool->arena_order);
	pool->reserve_pages = DIV_ROUND_UP(params->reserve, PAGE_SIZE);
	pool->reserve_blocks = pool->reserve_pages >> pool->reserve_order;
}

/* Free blocks that count for the reserve. */
static unsigned long free_blocks(const struct buddy_pool *pool)
{
	unsigned long blocks = 0;
	unsigned int order;

	for (order = pool->reserve_order; order <= pool->arena_order; order++)
		blocks += pool->lists.nr_free[order] << (order - pool->reserve_order);
	return blocks;
}

/* Is the reserve whole if so many blocks, and so many pages, were not free? */
static bool whole_less(const struct buddy_pool *pool, unsigned long blocks, unsigned long pages)
{
	return free_blocks(pool) >= pool->reserve_blocks + blocks &&
	       pool->lists.free_pages >= pool->reserve_pages + pages;
}

/* Blocks that 2^order pages are or are cut from. */
static unsigned long blocks_of(const struct buddy_pool *pool, unsigned int order)
{
	return order > pool->reserve_order ? 1UL << (order - pool->reserve_order) : 1;
}

/* Is the reserve whole after a block of 2^@order pages was handed out? Under the pool's lock. */
bool buddy_reserve_whole_after(const struct buddy_pool *pool, unsigned int order)
{
	unsigned long orders = pool->lists.orders >> order;
	bool cuts = orders && order + __ffs(orders) >= pool->reserve_order;

	return whole_less(pool, cuts ? blocks_of(pool, order) : 0, 1UL << order);
}

/* Is the reserve whole without an empty arena of 2^@arena_order pages? Under the pool's lock. */
bool buddy_reserve_whole_without(const struct buddy_pool *pool, unsigned int arena_order)
{
	bool counts = arena_order >= pool->reserve_order;

	return whole_less(pool, counts ? blocks_of(pool, arena_order) : 0, 1UL << arena_order);
}

/*
 * How large a part of a free block of 2^@order pages can be returned, of which there is one? At
 * most @pages, which is not 0 and what the reserve can do without. Under the pool's lock.
 *
 * Return: the pages of the part as a power of two, or -1 if the reserve needs the block.
 */
int buddy_reserve_spare_order(const struct buddy_pool *pool, unsigned int order,
			      unsigned long pages)
{
	int part = min_t(int, order, ilog2(pages));
	unsigned long blocks;

	/* No block of the reserve lies in it, or there are none. */
	if (order < pool->reserve_order || !pool->reserve_blocks)
		return part;
	blocks = free_blocks(pool);
	if (blocks <= pool->reserve_blocks)
		return -1;
	return min_t(int, part, pool->reserve_order + ilog2(blocks - pool->reserve_blocks));
}

/* Is less than half of the reserve there? Under the pool's lock. */
bool buddy_reserve_low(const struct buddy_pool *pool)
{
	return pool->reserve_pages && (2 * free_blocks(pool) < pool->reserve_blocks ||
				       2 * pool->lists.free_pages < pool->reserve_pages);
}

/*
 * What is the smallest arena that the reserve needs? Under the pool's lock.
 *
 * Return: its order, or -1 if the reserve is whole. *@blocks: does it lack blocks, not only the
 * rest?
 */
int buddy_reserve_missing(const struct buddy_pool *pool, bool *blocks)
{
	unsigned long rest;

	*blocks = free_blocks(pool) < pool->reserve_blocks;
	if (*blocks)
		return pool->reserve_order;
	if (pool->lists.free_pages >= pool->reserve_pages)
		return -1;
	rest = pool->reserve_pages - pool->lists.free_pages;
	/* At most what is missing, so that the arena is within the limit. */
	return min3(ilog2(rest), (int)pool->reserve_order, PAGE_ALLOC_COSTLY_ORDER);
}

/* Start the refill in the background. Any context. */
void buddy_reserve_refill(struct buddy_pool *pool)
{
	irq_work_queue(&pool->refill_irq);
}

/* Is there an empty arena that is too small for a block of the reserve? Under the pool's lock. */
static bool has_small_empty(const struct buddy_pool *pool)
{
	unsigned int order;

	for (order = 0; order < pool->reserve_order; order++)
		if (pool->lists.nr_empty[order])
			return true;
	return false;
}

/*
 * Start the refill if something is missing. Any context but NMI; takes the pool's lock. Return:
 * true if blocks are, and an empty arena that is too small for them is kept meanwhile.
 */
bool buddy_reserve_refill_missing(struct buddy_pool *pool)
{
	unsigned long flags;
	bool missing, blocks, small;

	raw_spin_lock_irqsave(&pool->lock, flags);
	missing = buddy_reserve_missing(pool, &blocks) >= 0;
	small = blocks && has_small_empty(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (missing)
		buddy_reserve_refill(pool);
	return small;
}
