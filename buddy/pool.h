/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record of a page pool, and what the rest of the module uses of the pool beyond the public
 * calls of include/dualtree/buddy_pool.h.
 *
 * Locks: the pool's lock is a raw spinlock, taken with interrupts disabled and never in NMI. No
 * lock is taken under it, and the kernel's allocator is not called.
 */
#ifndef DUALTREE_BUDDY_POOL_INTERNAL_H
#define DUALTREE_BUDDY_POOL_INTERNAL_H

#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <dualtree/buddy_pool.h>
#include "arena.h"

struct dentry;
struct mem_cgroup;
struct shrinker;

/**
 * struct buddy_pool - arenas, their free blocks by order, one lock
 * @lock: guards the arenas and all members up to @bad_frees
 * @lists: the arenas and their free blocks
 * @held_bytes: bytes of all arenas, without those of pages that were returned
 * @record_bytes: bytes of the records of the arenas in @lists
 * @nr_arenas: number of arenas in @lists
 * @allocs: as in struct buddy_pool_stats
 * @frees: as in struct buddy_pool_stats
 * @failed_allocs: as in struct buddy_pool_stats
 * @bad_frees: as in struct buddy_pool_stats
 * @trim_work: returns free memory to the kernel, see trim.c
 * @trim_irq: queues @trim_work, from any context
 * @refill_irq: queues @refill_work, from any context
 * @refill_work: fills the reserve
 * @shrinker: returns free memory to the kernel under memory pressure
 * @file: its file in debugfs
 * @registered: entry in the list of all pools
 * @limit: maximum of @held_bytes; 0: none. Constant, as are all members below
 * @reserve: as in struct buddy_pool_params
 * @reserve_order: pages of a block of the reserve, as a power of two
 * @reserve_pages: pages of the reserve, which a trim keeps and callers that may sleep leave
 * @reserve_blocks: whole blocks of these
 * @trim_pages: free pages up to which no part of an arena in use is returned by the trim
 * @memcg: cgroup that arenas are charged to, with a reference; NULL: none is
 * @dev: device that arenas are mapped for, with a reference; NULL: none
 * @dma_dir: direction of these mappings
 * @zone: zone flag of the arenas: the device reaches no others
 * @exact: take no arena that is larger than needed
 * @nid: node of its arenas, or NUMA_NO_NODE
 * @arena_order: pages of the largest arena it takes, as a power of two
 * @record_order: pages of the smallest block whose record comes with the arena, as a power of two
 * @name: its name, for reports
 */
struct buddy_pool {
	raw_spinlock_t lock;
	struct buddy_lists lists;
	size_t held_bytes;
	size_t record_bytes;
	unsigned int nr_arenas;
	u64 allocs;
	u64 frees;
	u64 failed_allocs;
	u64 bad_frees;

	struct delayed_work trim_work;
	struct irq_work trim_irq;
	struct irq_work refill_irq;
	struct delayed_work refill_work;
	struct shrinker *shrinker;
	struct dentry *file;
	struct list_head registered;

	size_t limit;
	size_t reserve;
	unsigned int reserve_order;
	unsigned long reserve_pages;
	unsigned long reserve_blocks;
	unsigned long trim_pages;
	struct mem_cgroup *memcg;
	struct device *dev;
	enum dma_data_direction dma_dir;
	gfp_t zone;
	bool exact;
	int nid;
	unsigned int arena_order;
	unsigned int record_order;
	char name[];
};

static inline size_t order_bytes(unsigned int order)
{
	return PAGE_SIZE << order;
}

/* Can the kernel's allocator be called in this context? On PREEMPT_RT its locks sleep. */
static inline bool kernel_allocs_here(void)
{
	return !in_nmi() && (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible());
}

/*
 * Flags that no allocation can honour: zone flags, since all callers of a pool share its arenas,
 * and __GFP_NOFAIL, since a pool or an instance may be at its limit.
 */
#define BUDDY_GFP_REFUSED	(GFP_ZONEMASK | __GFP_NOFAIL)

void buddy_report_gfp(const char *kind, const char *name, gfp_t gfp);

/*
 * Refuse flags that cannot be honoured, with a line in the log: a flag that is dropped in silence
 * costs its user a search. @kind is "pool " for a pool and "" for an instance.
 *
 * Return: true if @gfp is refused.
 */
static inline bool buddy_refuse_gfp(const char *kind, const char *name, gfp_t gfp)
{
	if (likely(!(gfp & BUDDY_GFP_REFUSED)))
		return false;
	buddy_report_gfp(kind, name, gfp);
	return true;
}

void buddy_set_ready(bool ready);
bool buddy_ready(void);

unsigned int buddy_arena_order_default(void);

unsigned long buddy_pool_abandon(struct buddy_pool *pool, void *first, unsigned long nr_pages);

#endif /* DUALTREE_BUDDY_POOL_INTERNAL_H */
