/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dualtree: memory whose parts can be freed at any time.
 *
 * An instance hands out contiguous memory and takes back any byte range of it:
 * a whole allocation, its front, its tail, a piece out of its middle, or the end
 * of one allocation together with the start of the next.
 *
 * What callers may rely on:
 *
 * - A free never allocates and never fails for want of anything. It is refused only
 *   if it is wrong, and then changes nothing.
 * - Freed neighbours merge at once.
 * - Memory is aligned to a granule, physically contiguous and in the linear map:
 *   virt_to_page() and the DMA API work on it. A granule is 64 bytes, or 128 where cache
 *   lines or DMA ask for it, as on arm64 and ppc64: dualtree_granule() says.
 * - alloc, free and trim run in any context, NMI included. No call disables
 *   interrupts or takes a lock on the path that is taken nearly always: each CPU
 *   has free space of its own, entered with preemption disabled.
 *
 * What they may not:
 *
 * - Free space is kept inside the freed memory itself. A write to it after the free
 *   does damage, as with any allocator.
 * - Which bytes of a granule are free is not recorded, only how many: a part
 *   smaller than a granule that is freed twice may go unnoticed until the granule
 *   runs short. Whole granules freed twice are always refused.
 * - Two calls that free the same bytes at the same time are a race of the callers; it
 *   is not always noticed.
 *
 * In NMI an allocation returns NULL where it would have to take a lock or the heap
 * would have to grow; on PREEMPT_RT also where the heap would have to grow while preemption
 * is off. A free works always.
 */
#ifndef DUALTREE_DUALTREE_H
#define DUALTREE_DUALTREE_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/types.h>

struct buddy_pool;
struct dualtree;

/**
 * DUALTREE_EXACT_FIT - follow the placement rule exactly, for every request
 *
 * Every allocation is the best fit, at the lowest address among equals, of the
 * lowest region that can serve it; nothing is cached in front of the trees.
 */
#define DUALTREE_EXACT_FIT	BIT(0)

/**
 * DUALTREE_ZERO - clear every allocation, as if each had passed __GFP_ZERO
 */
#define DUALTREE_ZERO		BIT(1)

/**
 * DUALTREE_REPORT_LEAKS - let dualtree_destroy() list what was still allocated
 */
#define DUALTREE_REPORT_LEAKS	BIT(2)

/**
 * struct dualtree_params - what an instance is made to
 * @pool: where its memory comes from; NULL: the module's own pool of the node that
 *	the allocating CPU is on
 * @limit: most bytes of the pool's blocks that it may hold, at least one of the smallest;
 *	0: no limit
 * @min_region_order: smallest block it takes from the pool, in pages as a power of
 *	two; 0: the default, 64 KiB or a page, whichever is more
 * @max_region_order: largest block it takes, which also bounds a single allocation;
 *	0: the pool's arena order, which is 4 MiB for the module's own pools
 * @flags: DUALTREE_EXACT_FIT, DUALTREE_ZERO, DUALTREE_REPORT_LEAKS
 */
struct dualtree_params {
	struct buddy_pool *pool;
	size_t limit;
	unsigned int min_region_order;
	unsigned int max_region_order;
	unsigned long flags;
};

/**
 * struct dualtree_stats - what an instance holds and has done
 * @allocs: allocations that succeeded
 * @frees: frees that succeeded
 * @remote_frees: those among them that were sent to another owner
 * @nested_allocs: allocations served by the shared heap
 * @failed_allocs: allocations that returned NULL for want of memory or over the limit
 * @bad_frees: frees that were refused
 * @region_gets: blocks taken from the pool
 * @region_puts: blocks given back to it
 * @live_bytes: bytes allocated and not freed; exact while no call is in flight
 * @held_bytes: bytes of the pool's blocks that it holds
 * @free_bytes: bytes of whole free granules, those in quick lists and on the way to their
 *	owner included
 * @largest_free: largest request that some heap could serve without growing; what is in
 *	its quick lists, on its way, or was freed last may make that more once it has merged
 * @extents: free extents in the trees
 * @regions: regions in all heaps
 */
struct dualtree_stats {
	u64 allocs;
	u64 frees;
	u64 remote_frees;
	u64 nested_allocs;
	u64 failed_allocs;
	u64 bad_frees;
	u64 region_gets;
	u64 region_puts;
	size_t live_bytes;
	size_t held_bytes;
	size_t free_bytes;
	size_t largest_free;
	unsigned long extents;
	unsigned int regions;
};

/**
 * dualtree_create() - make an instance
 * @name: shown in reports and in debugfs; copied; need not be unique
 * @params: what it is made to, or NULL for the defaults
 *
 * An instance is cheap until it is used: one per stream, socket or queue is what it
 * is meant for. It takes no memory from the pool before the first allocation.
 *
 * Context: Process context. May sleep. Where dualtree is built in: from subsys_initcall() on.
 * Return: the instance, ERR_PTR(-EINVAL) if @name is NULL or empty, an order is above
 * the pool's arena order, min is above max, the limit is less than one region, or a flag is not
 * defined; ERR_PTR(-ENODEV) if dualtree is built in and not set up, or could not be;
 * ERR_PTR(-ENOMEM).
 */
struct dualtree *dualtree_create(const char *name, const struct dualtree_params *params);

/**
 * dualtree_destroy() - take all memory of an instance back
 * @dt: the instance, or NULL; nobody else may be using it
 *
 * What is still allocated goes back with the rest, so this is how a stream is torn
 * down: it takes time in proportion to the regions, not to the allocations. With
 * DUALTREE_REPORT_LEAKS live bytes are reported first.
 *
 * Context: Process context. May sleep.
 */
void dualtree_destroy(struct dualtree *dt);

/**
 * dualtree_alloc() - allocate
 * @dt: the instance
 * @size: bytes, 1 to dualtree_max_size()
 * @gfp: how the pool may be asked for more, if that is needed; __GFP_ZERO clears the
 *	memory; zone modifiers and __GFP_NOFAIL are refused
 *
 * Best fit by (size, address) inside the lowest-addressed region that can serve
 * (Knuth, TAOCP vol. 1, 2.5, on best fit; the two orders over one set of nodes are
 * kept as two red-black trees).
 *
 * Context: Any context that @gfp allows. In NMI it may return NULL where a lock would
 * be needed.
 * Return: the first of @size bytes, aligned to a granule, or NULL if @size is 0 or too large,
 * memory ran out, or the instance is at its limit, of which nothing is printed; or if @gfp has
 * a flag that is refused, which is said in one rate-limited line.
 */
void *dualtree_alloc(struct dualtree *dt, size_t size, gfp_t gfp);

/**
 * dualtree_alloc_aligned() - allocate at a multiple of some size
 * @dt: the instance
 * @size: bytes, 1 to dualtree_max_size()
 * @align: what the address shall be a multiple of, in bytes: a power of two, at most
 *	dualtree_max_size(); up to dualtree_granule() is what dualtree_alloc() gives anyway
 * @gfp: as for dualtree_alloc()
 *
 * What lies in front of the aligned address is not lost: it stays free.
 *
 * Context: As dualtree_alloc().
 * Return: the first of @size bytes, or NULL as dualtree_alloc() says, or if @align is not a
 * power of two or too large.
 */
void *dualtree_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp);

/**
 * dualtree_alloc_bulk() - allocate several of one size
 * @dt: the instance
 * @size: bytes of each, 1 to dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 * @nr: how many
 * @ptrs: the first @nr entries are filled in, as far as memory reaches
 *
 * Each is an allocation of its own, as from dualtree_alloc().
 *
 * Context: As dualtree_alloc().
 * Return: how many there are, from the start of @ptrs; less than @nr only where
 * dualtree_alloc() would have returned NULL.
 */
unsigned int dualtree_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
				 void **ptrs);

/**
 * dualtree_free() - free any range of live bytes
 * @dt: the instance
 * @ptr: the first byte; NULL does nothing
 * @len: bytes
 *
 * The range may begin and end anywhere: at odd addresses, inside an allocation, or in
 * different allocations of one region. Neither this CPU nor this context need be the
 * one that allocated.
 *
 * Context: Any context.
 * Return: 0, -EINVAL if @len is 0 or the range is not wholly inside one region of @dt,
 * -EALREADY if some byte of it is free already. A refused free changes nothing; it is
 * counted and reported in one rate-limited line.
 */
int dualtree_free(struct dualtree *dt, const void *ptr, size_t len);

/**
 * dualtree_trim() - free all but the first bytes
 * @dt: the instance
 * @ptr: the first byte; NULL does nothing
 * @len: bytes that are live at @ptr
 * @keep: bytes of them to keep, at most @len
 *
 * All of [@ptr, @ptr + @len) has to lie in one region of @dt, the bytes that are kept too.
 *
 * Context: Any context.
 * Return: 0 (also when there is nothing to free), -EINVAL if @len is 0 or less than
 * @keep, or the range is not wholly inside one region, else as dualtree_free() for the bytes
 * after the first @keep.
 */
int dualtree_trim(struct dualtree *dt, const void *ptr, size_t len, size_t keep);

/**
 * struct dualtree_range - a range of bytes
 * @ptr: the first byte
 * @len: bytes
 */
struct dualtree_range {
	const void *ptr;
	size_t len;
};

/**
 * dualtree_free_bulk() - free several ranges
 * @dt: the instance
 * @ranges: what to free; each as for dualtree_free()
 * @nr: how many
 *
 * Every range that is valid is freed, whatever the others are.
 *
 * Context: Any context.
 * Return: 0, or what dualtree_free() would have returned for the first that was refused;
 * each of these is counted and reported.
 */
int dualtree_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr);

/**
 * dualtree_extend() - grow a range where it lies
 * @dt: the instance
 * @ptr: the first byte
 * @len: bytes that are live at @ptr
 * @new_len: bytes that shall be
 *
 * Takes the bytes behind the range if they are free. It never moves anything and never
 * makes the instance grow. Only the CPU whose memory it is can take more than the rest of
 * the last granule, so on another CPU than the one that allocated it is to be
 * expected to fail.
 *
 * Context: Any context.
 * Return: true if @new_len bytes are live at @ptr now (with @new_len up to @len nothing has
 * to be done for that); false, and nothing is changed, if the bytes behind are not free, are
 * another CPU's, or [@ptr, @ptr + @len) is not a live range of @dt.
 */
bool dualtree_extend(struct dualtree *dt, const void *ptr, size_t len, size_t new_len);

/**
 * dualtree_realloc() - change the size of a range, in place or not
 * @dt: the instance
 * @ptr: the first byte; NULL: allocate
 * @len: bytes that are live at @ptr
 * @new_len: bytes that shall be, 1 to dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 *
 * Less is a trim, more an extension in place where dualtree_extend() can; otherwise a new
 * range is allocated, the old bytes are copied and freed. Bytes beyond @len hold what an
 * allocation with @gfp would.
 *
 * Context: As dualtree_alloc().
 * Return: the first of @new_len bytes; NULL, with the old bytes untouched, if there is no
 * memory, @new_len is 0 or too large, or [@ptr, @ptr + @len) is not a live range of @dt,
 * which is counted and reported as a bad free.
 */
void *dualtree_realloc(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp);

/**
 * dualtree_owns() - does a range lie in an instance's memory?
 * @dt: the instance
 * @ptr: the first byte; any value whatever
 * @len: bytes
 *
 * True exactly where dualtree_free() would not return -EINVAL. It says nothing of
 * whether the bytes are live.
 *
 * Context: Any context.
 * Return: true if the range is not empty and wholly inside one region of @dt.
 */
bool dualtree_owns(struct dualtree *dt, const void *ptr, size_t len);

/**
 * dualtree_granule() - the unit of placement
 *
 * Description: What an allocation is aligned to, and what its size is rounded up to: the
 * largest of 64 bytes, a cache line, and what DMA wants aligned on this machine.
 *
 * Context: Any context.
 * Return: bytes, a power of two: 64 or 128; constant.
 */
size_t dualtree_granule(void);

/**
 * dualtree_max_size() - largest size an instance can allocate
 * @dt: the instance
 *
 * Context: Any context.
 * Return: bytes; 4 MiB with the default pools and parameters.
 */
size_t dualtree_max_size(struct dualtree *dt);

/**
 * dualtree_shrink() - give unused regions back to the pool
 * @dt: the instance
 *
 * Visits each CPU that has used the instance, brings home what was freed from other
 * CPUs and gives back every region in which nothing is live, spares included.
 *
 * Context: Process context. May sleep.
 * Return: bytes given back to the pool.
 */
size_t dualtree_shrink(struct dualtree *dt);

/**
 * dualtree_get_stats() - read an instance's counts
 * @dt: the instance
 * @stats: filled in; exact while no call is in flight
 *
 * Context: Process context. May sleep.
 */
void dualtree_get_stats(struct dualtree *dt, struct dualtree_stats *stats);

#endif /* DUALTREE_DUALTREE_H */
