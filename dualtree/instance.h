/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instance: one heap for each CPU that uses it, one that all CPUs share, and what belongs
 * to none of them.
 *
 * Locks: the shared heap's, raw, taken with interrupts disabled, tried only in NMI. Nothing
 * is taken under it.
 */
#ifndef DUALTREE_INSTANCE_H
#define DUALTREE_INSTANCE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <dualtree/dualtree.h>
#include "heap.h"

struct dt_cpu_slot;
struct dentry;

/**
 * struct dt_instance_counts - what no heap's owner can count, because no heap was entered
 * @frees: frees made in nested contexts or where the CPU has no heap
 * @remote_frees: those among them that were pushed
 * @live_bytes: the negative of the bytes that these freed
 * @in_flight: granules that these pushed
 * @failed_allocs: as in struct dualtree_stats
 * @bad_frees: likewise
 * @region_gets: likewise
 * @region_puts: likewise
 */
struct dt_instance_counts {
	atomic64_t frees;
	atomic64_t remote_frees;
	atomic64_t live_bytes;
	atomic64_t in_flight;
	atomic64_t failed_allocs;
	atomic64_t bad_frees;
	atomic64_t region_gets;
	atomic64_t region_puts;
};

/**
 * struct dualtree - an instance
 * @slots: for each CPU; see section.h
 * @flags: DUALTREE_*; constant, as all up to @max_size
 * @zero: __GFP_ZERO if every allocation is cleared, else 0
 * @min_order: pages of the smallest region, as a power of two
 * @max_order: pages of the largest
 * @pool: where regions come from, or NULL for the pools of the nodes
 * @limit: most bytes of regions; 0: none
 * @max_size: bytes of the largest region
 * @held_bytes: bytes of regions, of those being got and put too
 * @counts: see there
 * @shared_lock: guards @shared, but for its remote list
 * @shared: serves those who cannot enter a heap of their own
 * @instance: place in the list of all instances; reclaim.c's
 * @publish: makes the debugfs files once the instance is in use
 * @dir: of the debugfs files; written by @publish
 * @name: for reports
 */
struct dualtree {
	struct dt_cpu_slot __percpu *slots;
	unsigned long flags;
	gfp_t zero;
	u8 min_order;
	u8 max_order;
	struct buddy_pool *pool;
	size_t limit;
	size_t max_size;

	atomic_long_t held_bytes;
	struct dt_instance_counts counts;

	raw_spinlock_t shared_lock;
	struct dt_heap shared;

	struct list_head instance;
	struct work_struct publish;
	struct dentry *dir;
	char name[];
};

#endif /* DUALTREE_INSTANCE_H */
