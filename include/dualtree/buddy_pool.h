/* SPDX-License-Identifier: GPL-2.0 */
/*
 * buddy_pool: blocks of 2^k pages out of large arenas.
 *
 * A pool takes arenas of up to 2^arena_order pages from the kernel and hands out naturally
 * aligned blocks of 2^k pages. Blocks are split and merged as in Knowlton's buddy system
 * (CACM 8(10), 1965; Knuth, TAOCP vol. 1, 2.5). Any run of pages of a block can be freed on its
 * own. The records are out of band: a block of 2^k pages serves exactly 2^k pages, and an overrun
 * cannot reach the records.
 *
 * What callers can rely on:
 *
 * - A block is physically contiguous, lies in the linear map and is aligned to its size, by
 *   address and by page-frame number.
 * - Each page has its own reference count (split_page()): a page that a packet still refers to
 *   outlives its arena.
 * - Memory that is free for some time goes back to the kernel: whole arenas, and of arenas in use
 *   the free pages, if the pool has no device.
 * - A bad free changes nothing. It is refused, counted and reported in one rate-limited line.
 *
 * Locks: one raw spinlock for each pool, taken with interrupts disabled. All calls but create and
 * destroy work in hard interrupts and with interrupts disabled. None is made in NMI but
 * buddy_pool_alloc(), which returns NULL there.
 */
#ifndef DUALTREE_BUDDY_POOL_H
#define DUALTREE_BUDDY_POOL_H

#include <linux/bits.h>
#include <linux/dma-direction.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/types.h>

struct buddy_pool;
struct device;

/**
 * BUDDY_POOL_ARENA_ORDER - default arena order: the pages of 4 MiB, as a power of two
 *
 * 10 for pages of 4 KiB, 8 for 16 KiB, 6 for 64 KiB, so that dualtree_max_size() is the same on all
 * machines. It is less on a kernel that does not hand out so many contiguous pages.
 */
#define BUDDY_POOL_ARENA_ORDER	(22 - PAGE_SHIFT)

/**
 * BUDDY_POOL_MAX_ARENA_ORDER - largest arena order: pages, as a power of two
 *
 * The most that the kernel hands out with pages of 4 KiB in its default configuration: 4 MiB. It is
 * 16 MiB or 64 MiB for pages of 16 KiB or 64 KiB, where the kernel hands out so many contiguous
 * pages.
 */
#define BUDDY_POOL_MAX_ARENA_ORDER	10

/**
 * BUDDY_POOL_ACCOUNT - charge all arenas to the cgroup of the task that creates the pool
 *
 * They are charged with __GFP_ACCOUNT, whichever task allocates, until they are returned to the
 * kernel. So that no more is charged than is used, the pool takes no arena that is larger than a
 * request needs. Where the cgroup's limit allows no arena, an allocation fails as on OOM. Records
 * are not charged.
 */
#define BUDDY_POOL_ACCOUNT	BIT(0)

/**
 * struct buddy_pool_params - parameters of buddy_pool_create()
 * @nid: NUMA node of all arenas, or NUMA_NO_NODE for that of the CPU that needs one
 * @arena_order: pages of an arena, as a power of two; 0: BUDDY_POOL_ARENA_ORDER. Arenas are smaller
 *	where the kernel has no such block free or the limit allows no more
 * @limit: maximum bytes of all arenas; 0: no limit. An arena is counted once it is there: one that
 *	came too late for the limit goes back to the kernel at once. The records that come with
 *	arenas are not counted, 3 % more: struct buddy_pool_stats has them
 * @reserve: bytes kept free for callers that cannot sleep; 0: none. This is the high mark.
 *	Callers that may sleep grow the pool rather than take from the reserve, and take from it
 *	only where that fails. The low mark is half of it: an allocation that leaves less free
 *	starts to fill the pool up to the high mark, in the background
 * @reserve_order: pages of the blocks that the reserve is kept in, as a power of two; 0: those of
 *	64 KiB, which a heap of dualtree asks for unless a request is larger, or less where an arena
 *	or the reserve is smaller. Free memory in smaller pieces does not count. Where @reserve is
 *	not a multiple of such a block, the rest may lie in smaller pieces
 * @flags: BUDDY_POOL_ACCOUNT
 * @dev: device that all arenas are mapped for; NULL: none. Set its DMA mask before. Arenas are no
 *	larger than it maps at once, and of ZONE_DMA32 if it does not reach all memory. The pool
 *	keeps a reference to it, and is to be destroyed before its driver is unbound
 * @dma_dir: direction of the mappings: DMA_FROM_DEVICE, DMA_TO_DEVICE or DMA_BIDIRECTIONAL
 *
 * An arena is mapped once, when it is taken from the kernel, and nothing is synced then: see
 * dualtree_dma_sync_for_device(). If it cannot be mapped, it is as if the kernel had no memory.
 */
struct buddy_pool_params {
	int nid;
	unsigned int arena_order;
	size_t limit;
	size_t reserve;
	unsigned int reserve_order;
	unsigned long flags;
	struct device *dev;
	enum dma_data_direction dma_dir;
};

/**
 * struct buddy_pool_stats - statistics of a pool
 * @held_bytes: bytes of all arenas, less @returned_bytes
 * @record_bytes: bytes of the records that come with the arenas, in addition to @held_bytes
 * @free_bytes: bytes of all free blocks
 * @abandoned_bytes: bytes of pages that have no user, but to which packets still refer
 * @returned_bytes: bytes of arenas in use that the kernel has back
 * @largest_free: bytes of the largest free block
 * @arenas: number of arenas
 * @allocs: blocks handed out
 * @frees: frees that succeeded
 * @failed_allocs: allocations that failed on OOM or at the limit
 * @bad_frees: frees that were refused
 */
struct buddy_pool_stats {
	size_t held_bytes;
	size_t record_bytes;
	size_t free_bytes;
	size_t abandoned_bytes;
	size_t returned_bytes;
	size_t largest_free;
	unsigned int arenas;
	u64 allocs;
	u64 frees;
	u64 failed_allocs;
	u64 bad_frees;
};

/**
 * buddy_pool_create() - create a pool
 * @name: name for reports and debugfs; copied, need not be unique
 * @params: the parameters, or NULL for the defaults: no node, no limit, no reserve
 *
 * The pool takes no arena before one is needed, except to fill its reserve.
 *
 * Context: Process context. May sleep. If dualtree is built in: from subsys_initcall() on.
 * Return: the pool; ERR_PTR(-EINVAL) if @name is NULL or empty, the arena order is above
 * BUDDY_POOL_MAX_ARENA_ORDER or above what the kernel hands out, the node is not online, the
 * limit, in whole pages, is less than the reserve, @reserve_order is above the arena order or says
 * more than the reserve, a flag is not defined, or there is a device without a direction;
 * ERR_PTR(-EOPNOTSUPP) if the device has no DMA mask, or one below 32 bits; ERR_PTR(-ENODEV) if
 * dualtree is built in and not set up; or ERR_PTR(-ENOMEM), also if the kernel has no memory for
 * the reserve, in blocks of its order, after reclaim and compaction. The OOM killer is not called
 * for it.
 */
struct buddy_pool *buddy_pool_create(const char *name,
				     const struct buddy_pool_params *params);

/**
 * buddy_pool_destroy() - free a pool and all of its memory
 * @pool: the pool, or NULL; no other call may use it
 *
 * Blocks that are not freed are reported in one line, and freed with the pool. All that is mapped
 * for a device is unmapped when this returns. A page that a packet still refers to is freed with
 * that reference.
 *
 * Context: Process context. May sleep.
 */
void buddy_pool_destroy(struct buddy_pool *pool);

/**
 * buddy_pool_alloc() - allocate a block
 * @pool: the pool
 * @order: pages of the block, as a power of two; at most the pool's arena order
 * @gfp: flags for a new arena, if one is needed. __GFP_ZERO clears the block. Zone flags and
 *	__GFP_NOFAIL are refused
 *
 * Splits the smallest free block that is large enough. If there is none, takes an arena from the
 * kernel, with no lock held. That is the largest that the kernel has and the limit allows, from the
 * pool's arena order down to @order. Where the limit allows none, empty arenas that are too small
 * for @order are returned to the kernel first; a caller that cannot sleep returns a few at most,
 * and none that the reserve needs. On PREEMPT_RT an atomic caller gets only what the pool has free,
 * since the kernel's allocator cannot be called there.
 *
 * Context: Any context that @gfp allows, hard interrupts included. NULL in NMI.
 * Return: the first byte of the block; NULL if @order is too large, on OOM, at the limit, or,
 * with one rate-limited line, if @gfp has a flag that is refused.
 */
void *buddy_pool_alloc(struct buddy_pool *pool, unsigned int order, gfp_t gfp);

/**
 * buddy_pool_free() - free a whole block
 * @pool: the pool that it is from
 * @block: first byte of the block, as buddy_pool_alloc() returned it; NULL does nothing
 * @order: pages of the block, as a power of two, as in buddy_pool_alloc()
 *
 * The block merges with its buddy while that is free. A part that buddy_pool_free_range() left
 * can be freed like a block, if it is one of the largest naturally aligned blocks that are left.
 *
 * Context: Any context but NMI. Takes the pool's lock with interrupts disabled.
 * Return: 0; -EALREADY if @block is in this pool, aligned to @order, and some of its pages are
 * free; -EINVAL if no live block of @order begins at @block for any other reason, or if it belongs
 * to an instance.
 */
int buddy_pool_free(struct buddy_pool *pool, void *block, unsigned int order);

/**
 * buddy_pool_free_range() - free some pages of a block
 * @pool: the pool that it is from
 * @first: first byte of the first page; NULL does nothing
 * @nr_pages: number of pages
 *
 * The range is any run of live pages of one block: the first ones, the last ones, some in the
 * middle, or all that are left.
 *
 * Context: Any context but NMI. Takes the pool's lock with interrupts disabled.
 * Return: 0; -EINVAL if @first is not the start of a page, @nr_pages is 0, the range is not inside
 * one block of this pool, or the block belongs to an instance; -EALREADY if a page of it is free.
 */
int buddy_pool_free_range(struct buddy_pool *pool, void *first, unsigned long nr_pages);

/**
 * buddy_pool_get_stats() - read the statistics of a pool
 * @pool: the pool
 * @stats: set to the statistics, all from one hold of the pool's lock
 *
 * Context: Any context but NMI. Takes the pool's lock with interrupts disabled.
 */
void buddy_pool_get_stats(struct buddy_pool *pool, struct buddy_pool_stats *stats);

#endif /* DUALTREE_BUDDY_POOL_H */
