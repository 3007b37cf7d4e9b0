/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instance: parameters, the slots of the CPUs, the shared heap, and counts that are no heap's.
 *
 * Locks: shared_lock, raw, taken with interrupts disabled and only tried in NMI. On kmemleak
 * kernels dt_kmemleak_marks.lock nests in it, on others nothing. Counts are atomic.
 */
#ifndef DUALTREE_INSTANCE_H
#define DUALTREE_INSTANCE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <dualtree/dualtree.h>
#include "heap.h"
#include "rate.h"

struct dt_cpu_slot;
struct dt_slot_block;
struct dentry;

/**
 * struct dt_instance_counts - counts that no CPU's heap has
 * @frees: frees on CPUs without a heap
 * @remote_frees: those of @frees that were pushed
 * @live_bytes: bytes that dualtree_extend() added, less the bytes of @frees
 * @in_flight: granules that @remote_frees pushed
 * @failed_allocs: as in struct dualtree_stats
 * @bad_frees: as in struct dualtree_stats
 * @damaged: as in struct dualtree_stats
 * @region_gets: as in struct dualtree_stats
 * @region_puts: as in struct dualtree_stats
 */
struct dt_instance_counts {
	atomic64_t frees;
	atomic64_t remote_frees;
	atomic64_t live_bytes;
	atomic64_t in_flight;
	atomic64_t failed_allocs;
	atomic64_t bad_frees;
	atomic64_t damaged;
	atomic64_t region_gets;
	atomic64_t region_puts;
};

/**
 * struct dualtree - an instance
 * @slots: a slot for each CPU, see section.h
 * @zero: __GFP_ZERO if every allocation is cleared, else 0
 * @flags: DUALTREE_* flags
 * @min_order: pages of the smallest region, as a power of two
 * @grown_order: the same of a heap that holds as much already
 * @max_order: pages of the largest region, as a power of two
 * @pool: the pool that regions come from, or NULL for the pools of the nodes
 * @limit: max bytes of regions, or 0 for no limit
 * @max_size: bytes of the largest region
 * @held_bytes: bytes of regions, with those that are being got or put
 * @record_bytes: bytes of records of heaps, and of regions where they are the kernel's
 * @counts: counts that no CPU's heap has
 * @slot_block: what @slots are from; constant
 * @instance: node in the list of all instances; under pass.c's instances_lock
 * @dir: directory of the debugfs files, or NULL
 * @bad_free_limit: rate limit of this instance's reports of bad frees
 * @damage_limit: rate limit of its reports of damage
 * @looked: when a pass last looked at its heaps, in jiffies; under pass.c's instances_lock
 * @row_cpu: the CPU of the last allocation without a CPU's heap; written by any CPU, as are the
 *	next three, see percpu.c
 * @row: such allocations in a row before it, on that CPU
 * @window: when it was made
 * @window_calls: such allocations before it at that time
 * @shared_lock: guards @shared, but for its remote list
 * @shared: the shared heap, for callers that cannot enter a heap of their CPU
 * @abandoned: pages that left the pool; dualtree_destroy()'s
 * @expected_held: live bytes that packets are expected to hold when it is destroyed
 * @watch: node in the lists of what is watched, or linked to itself; see in_flight.c
 * @name: the name in reports
 *
 * Constant: all up to @max_size, and @name. What is rarely used fills the cache line before
 * @shared. With a name of 39 bytes it takes 512: thousands of streams have one each.
 */
struct dualtree {
	struct dt_cpu_slot __percpu *slots;
	gfp_t zero;
	u8 flags;
	u8 min_order;
	u8 grown_order;
	u8 max_order;
	struct buddy_pool *pool;
	size_t limit;
	size_t max_size;

	atomic_long_t held_bytes;
	atomic_long_t record_bytes;
	struct dt_instance_counts counts;

	struct dt_slot_block *slot_block;
	struct list_head instance;
	struct dentry *dir;
	struct dt_rate bad_free_limit;
	struct dt_rate damage_limit;
	u32 looked;
	u16 row_cpu;
	u16 row;
	u16 window;
	u16 window_calls;

	raw_spinlock_t shared_lock;
	struct dt_heap shared;
	unsigned long abandoned;
	size_t expected_held;
	struct llist_node watch;
	char name[];
};

/* Is what is handed out to be cleared? */
static inline bool dt_clears(const struct dualtree *dt, gfp_t gfp)
{
	gfp |= dt->zero;
	if (dt->flags & DUALTREE_SKIP_ZERO)
		return gfp & __GFP_ZERO;
	return want_init_on_alloc(gfp);
}

#endif /* DUALTREE_INSTANCE_H */
