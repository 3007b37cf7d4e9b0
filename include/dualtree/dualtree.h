/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dualtree: an allocator of contiguous memory, of which any byte range can be freed at any time.
 *
 *	|####################|####################|	two allocations
 *	|######......####............#########....|	after three frees
 *	       `-1--'    `----2-----'         `-3'
 *	1 the middle of an allocation, 2 the end of one with the start of the next, 3 a tail
 *
 * What callers can rely on:
 *
 * - A free takes any range of live bytes in one region.
 * - A free never allocates and never fails on OOM. A bad free is refused and changes nothing.
 * - Adjacent free ranges merge.
 * - A write to memory that is free changes no live byte, and makes no allocation return memory that
 *   is live. It is found once it has misled the allocator, which then repairs its links, counts it
 *   in dualtree_stats.damaged and reports it in one rate-limited line.
 * - An allocation is aligned to a granule, physically contiguous and in the linear map:
 *   virt_to_page() and the DMA API work on it. A granule is 64 bytes, or 128 where cache lines or
 *   DMA need it (arm64, ppc64): see dualtree_granule().
 *
 * Locks and contexts:
 *
 * - alloc, free, trim and extend run in any context, NMI included. A CPU that goes on allocating
 *   has a heap of its own, entered with preemption disabled. Nearly all of its calls disable no
 *   interrupts and take no lock.
 * - An allocation in NMI returns NULL where it would have to wait for a lock or to grow the heap;
 *   on PREEMPT_RT, one with preemption disabled where the heap would have to grow by more than the
 *   pool has free.
 *
 * What callers cannot rely on:
 *
 * - A write after a free changes the data of a new owner, if the memory has been allocated again
 *   meanwhile. An overrun into live memory changes that. Neither is found.
 * - Of a granule that is partly free, the number of live bytes is recorded, not which. A
 *   double-free of a part of a granule is refused only once it exceeds that number. A double-free
 *   of a whole granule is refused as long as the granule is free.
 * - Two calls that free the same bytes at the same time are a race of the callers, and may both
 *   succeed.
 */
#ifndef DUALTREE_DUALTREE_H
#define DUALTREE_DUALTREE_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/types.h>

struct buddy_pool;
struct dualtree;

/**
 * DUALTREE_EXACT_FIT - follow the placement rule for every request
 *
 * Every allocation is the best fit, at the lowest address among equals, in the lowest region that
 * can serve it. No free range is cached before the trees.
 */
#define DUALTREE_EXACT_FIT	BIT(0)

/**
 * DUALTREE_ZERO - clear every allocation, as if each had passed __GFP_ZERO
 */
#define DUALTREE_ZERO		BIT(1)

/**
 * DUALTREE_REPORT_LEAKS - report live ranges in dualtree_destroy()
 */
#define DUALTREE_REPORT_LEAKS	BIT(2)

/**
 * DUALTREE_ACCOUNT - charge regions to the cgroup of the task that creates the instance
 *
 * They are charged with __GFP_ACCOUNT, whichever task allocates. They are not shared with other
 * cgroups: all such instances of a cgroup share a pool (BUDDY_POOL_ACCOUNT). An empty region stays
 * charged until the pool returns it to the kernel, some seconds later. Where the cgroup's limit
 * allows no region, an allocation fails as on OOM. Records are not charged. With a pool of the
 * caller's, BUDDY_POOL_ACCOUNT of that pool decides, and this flag is refused.
 *
 * Without this flag nothing is charged: __GFP_ACCOUNT of a single call has no effect, since other
 * calls share its region.
 */
#define DUALTREE_ACCOUNT	BIT(3)

/**
 * DUALTREE_SKIP_ZERO - let init_on_alloc=1 clear what the pool gets, and not each allocation
 *
 * For buffers that a device fills before they are read, as page_pool's. The kernel clears an arena
 * when the pool gets it; what is freed and allocated again keeps its contents. These come from
 * users of the same pool, so the flag is refused without a pool of the caller's. __GFP_ZERO,
 * DUALTREE_ZERO and init_on_free=1 clear all the same.
 */
#define DUALTREE_SKIP_ZERO	BIT(4)

/**
 * struct dualtree_params - parameters of dualtree_create()
 * @pool: pool that regions are taken from; NULL: the default pool of the allocating CPU's node
 * @limit: maximum bytes of all regions, at least those of one of @min_region_order; 0: no limit
 * @min_region_order: pages of the smallest region, as a power of two; 0: a page, and 64 KiB for a
 *	CPU that holds as much in this instance already. An instance that will hold more on each
 *	CPU grows in fewer steps if it says so. No region is cut to less. On PREEMPT_RT 0 is 64 KiB
 *	at once: in atomic context only such a region can be got there
 * @max_region_order: pages of the largest region, as a power of two, which also bounds an
 *	allocation; 0: the pool's arena order, which is 4 MiB for the default pools
 * @flags: DUALTREE_EXACT_FIT, DUALTREE_ZERO, DUALTREE_REPORT_LEAKS, DUALTREE_ACCOUNT,
 *	DUALTREE_SKIP_ZERO
 */
struct dualtree_params {
	struct buddy_pool *pool;
	size_t limit;
	unsigned int min_region_order;
	unsigned int max_region_order;
	unsigned long flags;
};

/**
 * struct dualtree_stats - statistics of an instance
 * @allocs: allocations that succeeded
 * @frees: frees that succeeded
 * @remote_frees: frees that were queued for the owner of the memory
 * @nested_allocs: allocations served by the shared heap
 * @failed_allocs: allocations that failed on OOM or at the limit
 * @bad_frees: frees that were refused
 * @damaged: times that a write to free memory was found, and what it misled was repaired
 * @region_gets: regions taken from the pool
 * @region_puts: regions returned to the pool
 * @live_bytes: bytes allocated and not freed; exact while no call is in flight
 * @held_bytes: bytes of all regions
 * @free_bytes: bytes of free granules, those in quick lists and in flight to their owner included
 * @largest_free: bytes of the largest free extent in any heap's trees, or more where a heap has
 *	several regions. The hot range, quick lists and memory in flight are not in it, and may
 *	make it larger when they merge
 * @extents: free extents in the trees
 * @regions: regions in all heaps
 * @in_flight_bytes: bytes of granules in flight: freed where their owner could not take them, and
 *	not taken yet. They are in @free_bytes, too
 * @spare_bytes: bytes of the empty regions that heaps keep
 * @record_bytes: bytes of records, in addition to @held_bytes: of the instance, of its CPUs' heaps,
 *	and of regions, unless a record came with the pool's arena
 */
struct dualtree_stats {
	u64 allocs;
	u64 frees;
	u64 remote_frees;
	u64 nested_allocs;
	u64 failed_allocs;
	u64 bad_frees;
	u64 damaged;
	u64 region_gets;
	u64 region_puts;
	size_t live_bytes;
	size_t held_bytes;
	size_t free_bytes;
	size_t largest_free;
	unsigned long extents;
	unsigned int regions;
	size_t in_flight_bytes;
	size_t spare_bytes;
	size_t record_bytes;
};

/**
 * dualtree_create() - create an instance
 * @name: name for reports and debugfs; copied, need not be unique
 * @params: the parameters, or NULL for the defaults
 *
 * An instance takes no memory from the pool before the first allocation. It is meant for one
 * stream, socket or queue.
 *
 * Context: Process context. May sleep. If dualtree is built in: from subsys_initcall() on.
 * Return: the instance; ERR_PTR(-EINVAL) if @name is NULL or empty, an order is above the pool's
 * arena order, the minimum is above the maximum, the limit is less than the smallest region, a flag
 * is not defined, DUALTREE_ACCOUNT is set with a pool or DUALTREE_SKIP_ZERO without one;
 * ERR_PTR(-ENODEV) if dualtree is built in and not set up; or ERR_PTR(-ENOMEM).
 */
struct dualtree *dualtree_create(const char *name, const struct dualtree_params *params);

/**
 * dualtree_destroy() - free an instance and all of its memory
 * @dt: the instance, or NULL; no other call may use it
 *
 * Live allocations need not be freed before: a stream is torn down in time proportional to its
 * regions, not to its allocations. With DUALTREE_REPORT_LEAKS live ranges are reported first.
 *
 * It does not wait for packets that refer to pages with live bytes. These pages get no new user:
 * each is freed by the last reference to it, or used again by the pool after that. One line says so
 * unless dualtree_expect_held() did.
 *
 * Context: Process context. May sleep.
 */
void dualtree_destroy(struct dualtree *dt);

/**
 * dualtree_alloc() - allocate memory
 * @dt: the instance
 * @size: number of bytes, 1 to dualtree_max_size()
 * @gfp: flags for a new region, if one is needed. __GFP_ZERO clears the memory. Zone flags and
 *	__GFP_NOFAIL are refused
 *
 * Best fit by (size, address) in the lowest region that can serve (Knuth, TAOCP vol. 1, 2.5, on
 * best fit), found by trees of the free extents. Unless DUALTREE_EXACT_FIT is set, a range of this
 * size that was freed before comes first.
 *
 * Before it fails on OOM or at the limit, all heaps of the instance return what they do not need if
 * @gfp allows to sleep. Unless @gfp has __GFP_NORETRY, such a call also waits for what others
 * return meanwhile, four jiffies at most. One that may not sleep has this CPU's heap and the shared
 * one return their spares.
 *
 * Context: Any context that @gfp allows, NMI included. In NMI: NULL where a lock is contended or
 * the heap must grow.
 * Return: the first byte, aligned to a granule; NULL if @size is 0 or too large, on OOM, at the
 * limit, or, with one rate-limited line, if @gfp has a flag that is refused.
 */
void *dualtree_alloc(struct dualtree *dt, size_t size, gfp_t gfp);

/**
 * dualtree_alloc_aligned() - allocate aligned memory
 * @dt: the instance
 * @size: number of bytes, 1 to dualtree_max_size()
 * @align: alignment of the address in bytes, a power of two, at most dualtree_max_size(). Up to
 *	dualtree_granule() it changes nothing
 * @gfp: as for dualtree_alloc()
 *
 * Free memory before the aligned address stays free.
 *
 * Context: As dualtree_alloc().
 * Return: the first byte; NULL as dualtree_alloc(), or if @align is not a power of two or is too
 * large.
 */
void *dualtree_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp);

/**
 * dualtree_alloc_bulk() - make several allocations of one size
 * @dt: the instance
 * @size: number of bytes of each, 1 to dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 * @nr: number of allocations
 * @ptrs: set to their first bytes, from the start of the array on
 *
 * Each is an allocation of its own, as from dualtree_alloc().
 *
 * Context: As dualtree_alloc().
 * Return: the number of allocations made, less than @nr only where dualtree_alloc() would have
 * returned NULL.
 */
unsigned int dualtree_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
				 void **ptrs);

/**
 * dualtree_free() - free any range of live bytes
 * @dt: the instance
 * @ptr: first byte of the range; NULL does nothing
 * @len: number of bytes
 *
 * The range may begin and end anywhere: at odd addresses, inside an allocation, or in different
 * allocations of one region. Any CPU and any context may free it.
 *
 * Context: Any context, NMI included.
 * Return: 0; -EINVAL if @len is 0 or the range is not inside one region of @dt (invalid-free);
 * -EALREADY if a byte of it is free (double-free). A refused free changes nothing; it is counted
 * and reported in one rate-limited line.
 */
int dualtree_free(struct dualtree *dt, const void *ptr, size_t len);

/**
 * dualtree_trim() - free the tail of a range
 * @dt: the instance
 * @ptr: first byte of the range; NULL does nothing
 * @len: number of live bytes at @ptr
 * @keep: number of bytes to keep, at most @len
 *
 * Context: Any context, NMI included.
 * Return: 0, also if @keep is @len; -EINVAL if @len is 0 or less than @keep, or if
 * [@ptr, @ptr + @len) is not inside one region of @dt; -EALREADY if a byte after the first @keep
 * is free. A refused trim changes nothing; it is counted and reported like a bad free.
 */
int dualtree_trim(struct dualtree *dt, const void *ptr, size_t len, size_t keep);

/**
 * struct dualtree_range - a range of bytes
 * @ptr: first byte
 * @len: number of bytes
 */
struct dualtree_range {
	const void *ptr;
	size_t len;
};

/**
 * dualtree_free_bulk() - free several ranges
 * @dt: the instance
 * @ranges: the ranges, each as for dualtree_free()
 * @nr: number of ranges
 *
 * Every valid range is freed. Every bad one is refused, counted and reported.
 *
 * Context: Any context, NMI included.
 * Return: 0, or what dualtree_free() returns for the first range that was refused: -EINVAL or
 * -EALREADY.
 */
int dualtree_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr);

/**
 * dualtree_extend() - grow a range in place
 * @dt: the instance
 * @ptr: first byte of the range
 * @len: number of live bytes at @ptr
 * @new_len: number of live bytes at @ptr afterwards; up to @len it changes nothing
 *
 * Takes the bytes after the range if they are free. It never moves the range, and the instance
 * does not grow. Any CPU can take the rest of the last granule; only the one whose heap the range
 * is in can take more, so on another CPU it usually fails.
 *
 * Context: Any context, NMI included. In NMI: false where a lock is contended.
 * Return: true if @new_len bytes are live at @ptr; false, and nothing is changed, if the bytes
 * after the range are live or another CPU's, or if [@ptr, @ptr + @len) is not a live range of @dt.
 */
bool dualtree_extend(struct dualtree *dt, const void *ptr, size_t len, size_t new_len);

/**
 * dualtree_realloc() - change the size of a range, in place or by a move
 * @dt: the instance
 * @ptr: first byte of the range; NULL: allocate
 * @len: number of live bytes at @ptr
 * @new_len: number of bytes afterwards, 1 to dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 *
 * - A smaller @new_len is a dualtree_trim().
 * - A larger one is a dualtree_extend(); if that fails, an allocation, a copy and a free.
 *
 * Bytes after the first @len have the contents that an allocation with @gfp has.
 *
 * Context: As dualtree_alloc().
 * Return: the first byte; NULL, with the range as it was, on OOM, at the limit, if @new_len is 0
 * or too large, if @gfp has a flag that is refused, or if [@ptr, @ptr + @len) is not a live range
 * of @dt, which is counted and reported like a bad free.
 */
void *dualtree_realloc(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp);

/**
 * dualtree_owns() - check that a range lies in an instance's memory
 * @dt: the instance
 * @ptr: first byte of the range; any value
 * @len: number of bytes
 *
 * The bytes may be live or free.
 *
 * Context: Any context, NMI included.
 * Return: true if the range is not empty and inside one region of @dt. dualtree_free() returns
 * -EINVAL for any other range, except that it does nothing for NULL.
 */
bool dualtree_owns(struct dualtree *dt, const void *ptr, size_t len);

/**
 * dualtree_granule() - get the size of a granule, the unit of placement
 *
 * Description: An allocation is aligned to a granule, and its size is rounded up to one. It is the
 * largest of 64 bytes, a cache line, and the machine's alignment for DMA.
 *
 * Context: Any context, NMI included.
 * Return: bytes, a power of two: 64 or 128; constant.
 */
size_t dualtree_granule(void);

/**
 * dualtree_max_size() - get the largest size that an instance can allocate
 * @dt: the instance
 *
 * Context: Any context, NMI included.
 * Return: bytes; constant; 4 MiB with the default pools and parameters, if the kernel hands out so
 * many contiguous pages.
 */
size_t dualtree_max_size(struct dualtree *dt);

/**
 * dualtree_shrink() - return unused regions to the pool
 * @dt: the instance
 *
 * Drains the remote lists and flushes the caches of all heaps, and returns every region in which
 * nothing is live, spares included. It may miss memory that is freed while it runs. It waits for
 * what others return meanwhile, four jiffies at most.
 *
 * Context: Process context. May sleep.
 * Return: bytes by which the instance's regions became less.
 */
size_t dualtree_shrink(struct dualtree *dt);

/**
 * dualtree_expect_held() - tell that packets will hold live bytes when an instance is destroyed
 * @dt: the instance
 * @bytes: number of bytes, in addition to those of earlier calls
 *
 * So many live bytes are then not reported as leaks, nor is it reported that pages are referred to.
 * dualtree_rx_destroy() calls it.
 *
 * Context: Process context, one caller at a time.
 */
void dualtree_expect_held(struct dualtree *dt, size_t bytes);

/**
 * dualtree_dma_addr() - get the DMA address of memory
 * @dt: the instance; its pool has a device
 * @ptr: a byte of live memory of the instance
 *
 * The memory is mapped as long as it is live, and longer: with its arena.
 *
 * Context: Any context, NMI included.
 * Return: the address for the pool's device, or DMA_MAPPING_ERROR if the pool has none or @ptr is
 * not in it.
 */
dma_addr_t dualtree_dma_addr(struct dualtree *dt, const void *ptr);

/**
 * dualtree_dma_sync_for_cpu() - let the CPU read what the device has written
 * @dt: the instance; if its pool has no device, nothing is done
 * @ptr: first byte
 * @len: number of bytes, all of them in live memory of one region
 *
 * It comes after the device is done with the range and before the first read of it. If bounce
 * buffers are used, it overwrites the range: call it once for each transfer.
 *
 * Context: Any context but NMI.
 */
void dualtree_dma_sync_for_cpu(struct dualtree *dt, const void *ptr, size_t len);

/**
 * dualtree_dma_sync_for_device() - let the device read or write a range
 * @dt: the instance; if its pool has no device, nothing is done
 * @ptr: first byte
 * @len: number of bytes, all of them in live memory of one region
 *
 * It comes after the last access of the CPU and before the device gets the address. So it does
 * where the device only writes: the CPU's cache may still have data of an earlier user to write
 * back. After it the CPU does not touch the range until dualtree_dma_sync_for_cpu(). A range is
 * freed only when the device is done with it; no sync is needed before.
 *
 * Context: Any context but NMI.
 */
void dualtree_dma_sync_for_device(struct dualtree *dt, const void *ptr, size_t len);

/**
 * dualtree_get_stats() - read the statistics of an instance
 * @dt: the instance
 * @stats: set to the statistics, which are exact while no call is in flight
 *
 * Context: Process context. May sleep.
 */
void dualtree_get_stats(struct dualtree *dt, struct dualtree_stats *stats);

#endif /* DUALTREE_DUALTREE_H */
