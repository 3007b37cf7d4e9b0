/* SPDX-License-Identifier: GPL-2.0 */
/*
 * buddy_pool: power-of-two page blocks out of big arenas.
 *
 * A pool takes arenas of 2^arena_order pages from the kernel and hands out
 * naturally aligned blocks of 2^k pages. Blocks are split and merged as in
 * Knowlton's buddy system (CACM 8(10), 1965; Knuth, TAOCP vol. 1, 2.5). Any run
 * of pages of a block can be given back on its own. All records are kept out of
 * band: a block of 2^k pages serves exactly 2^k pages, and an overrun cannot
 * reach the records.
 *
 * What callers may rely on:
 *
 * - Blocks are physically contiguous, lie in the linear map and are aligned to
 *   their size, both by address and by page-frame number.
 * - Each page has a reference count of its own (split_page()), so a page that
 *   someone else still holds outlives its arena.
 * - A bad free changes nothing: it is refused, counted and reported in one
 *   rate-limited line.
 * - Every call but create and destroy may be made with interrupts disabled and
 *   from hard interrupts; see the Context: line of each for NMI.
 */
#ifndef DUALTREE_BUDDY_POOL_H
#define DUALTREE_BUDDY_POOL_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/types.h>

struct buddy_pool;

/**
 * BUDDY_POOL_ARENA_ORDER - arena order of a pool that asks for none
 *
 * The pages of 4 MiB, as a power of two: 10 where a page is 4 KiB, 8 for pages of
 * 16 KiB, 6 for pages of 64 KiB. A pool gets less on a kernel that does not hand out so
 * many contiguous pages.
 */
#define BUDDY_POOL_ARENA_ORDER	(22 - PAGE_SHIFT)

/**
 * BUDDY_POOL_MAX_ARENA_ORDER - largest arena order a pool can have
 *
 * 4 MiB, 16 MiB or 64 MiB, for pages of 4, 16 or 64 KiB, if the kernel hands out so many
 * contiguous pages.
 */
#define BUDDY_POOL_MAX_ARENA_ORDER	10

/**
 * struct buddy_pool_params - what a pool is made to
 * @nid: NUMA node that all of its arenas come from, or NUMA_NO_NODE to take
 *	each from the node of the CPU that asks
 * @arena_order: pages of an arena, as a power of two; 0: BUDDY_POOL_ARENA_ORDER
 * @limit: most bytes of arenas that the pool may hold; 0: no limit
 * @reserve: bytes that the pool keeps free for callers that cannot wait for the
 *	kernel's allocator; 0: none. This is the high mark. Callers that may sleep
 *	grow the pool rather than take from the reserve, and take from it only where
 *	that fails. When the free bytes fall below the low mark, which is half of it,
 *	the pool is filled up to the high mark in the background
 */
struct buddy_pool_params {
	int nid;
	unsigned int arena_order;
	size_t limit;
	size_t reserve;
};

/**
 * struct buddy_pool_stats - what a pool holds and has done
 * @held_bytes: bytes of all arenas
 * @free_bytes: bytes of them that no block covers
 * @largest_free: bytes of the largest block that needs no new arena
 * @arenas: number of arenas
 * @allocs: blocks handed out
 * @frees: calls that gave something back
 * @failed_allocs: calls that returned NULL for want of memory or over the limit
 * @bad_frees: calls that were refused
 */
struct buddy_pool_stats {
	size_t held_bytes;
	size_t free_bytes;
	size_t largest_free;
	unsigned int arenas;
	u64 allocs;
	u64 frees;
	u64 failed_allocs;
	u64 bad_frees;
};

/**
 * buddy_pool_create() - make a pool
 * @name: shown in reports and in debugfs; copied
 * @params: what it is made to, or NULL for the defaults (no node, no limit, no
 *	reserve)
 *
 * No arena is taken before one is needed, except for what @params->reserve asks
 * for.
 *
 * Context: Process context. May sleep. Where dualtree is built in: from subsys_initcall() on.
 * Return: the pool, ERR_PTR(-EINVAL) if @name is NULL or empty, the order is above
 * BUDDY_POOL_MAX_ARENA_ORDER or above what the kernel hands out, the node does not exist,
 * or the limit is too small for the reserve; ERR_PTR(-ENODEV) if dualtree is built in and
 * not set up, or could not be; ERR_PTR(-ENOMEM).
 */
struct buddy_pool *buddy_pool_create(const char *name,
				     const struct buddy_pool_params *params);

/**
 * buddy_pool_destroy() - give all memory of a pool back
 * @pool: the pool, or NULL; nobody else may be using it
 *
 * Blocks that are still out are reported in one line and taken back with the
 * rest.
 *
 * Context: Process context. May sleep.
 */
void buddy_pool_destroy(struct buddy_pool *pool);

/**
 * buddy_pool_alloc() - take a block
 * @pool: the pool
 * @order: its pages, as a power of two; at most the pool's arena order
 * @gfp: how a new arena may be asked for, if one is needed; of the modifiers,
 *	__GFP_ZERO clears the block; zone modifiers and __GFP_NOFAIL are refused
 *
 * The smallest free block that is large enough is split down to @order. Only
 * where there is none is the kernel asked for an arena, outside of all locks: of the
 * pool's arena order, or of the largest order below that it has and the limit allows,
 * down to @order. On PREEMPT_RT kernels an atomic caller is served from what the pool
 * holds, since the kernel's allocator cannot be called there.
 *
 * Context: Any context that @gfp allows. In NMI it always returns NULL.
 * Return: the first byte of the block, or NULL if @order is too large, memory ran
 * out, the pool is at its limit, or, after one rate-limited line, @gfp has a flag that is
 * refused.
 */
void *buddy_pool_alloc(struct buddy_pool *pool, unsigned int order, gfp_t gfp);

/**
 * buddy_pool_free() - give a whole block back
 * @pool: the pool it came from
 * @block: its first byte, as buddy_pool_alloc() returned it; NULL does nothing
 * @order: the order it was asked for with
 *
 * The block merges at once with its buddy, as far up as that goes. A part that
 * buddy_pool_free_range() left over may be freed so too, if it is a naturally
 * aligned block of @order itself.
 *
 * Context: Any context but NMI.
 * Return: 0, -EINVAL if no live block of this pool and order begins at @block or an instance
 * has it,
 * -EALREADY if some of it is free already.
 */
int buddy_pool_free(struct buddy_pool *pool, void *block, unsigned int order);

/**
 * buddy_pool_free_range() - give some pages of a block back
 * @pool: the pool it came from
 * @first: the first byte of the first page; NULL does nothing
 * @nr_pages: how many pages
 *
 * The range may be any run of live pages of one block: its front, its tail, a
 * part in the middle, or all that is left of it.
 *
 * Context: Any context but NMI.
 * Return: 0, -EINVAL if @first is not the start of a page, @nr_pages is 0, the range is not
 * inside one block of this pool, or an instance has that block; -EALREADY if some page of it
 * is free already.
 */
int buddy_pool_free_range(struct buddy_pool *pool, void *first, unsigned long nr_pages);

/**
 * buddy_pool_get_stats() - read a pool's counts
 * @pool: the pool
 * @stats: filled in, all from one moment
 *
 * Context: Any context but NMI.
 */
void buddy_pool_get_stats(struct buddy_pool *pool, struct buddy_pool_stats *stats);

#endif /* DUALTREE_BUDDY_POOL_H */
