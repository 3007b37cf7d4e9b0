/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page pool behind include/dualtree/buddy_pool.h: its record, and what the rest of
 * the module may ask beyond the public calls.
 *
 * Lock order: the pool's lock is a raw spinlock taken with interrupts disabled. Nothing
 * is taken under it, and the kernel's allocator is never called under it.
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
#include "../compat/shrinker.h"
#include "arena.h"

struct dentry;

/**
 * struct buddy_pool - arenas, their free blocks by order, one lock
 * @lock: guards the arenas and what follows, up to @bad_frees
 * @lists: the arenas and their free blocks
 * @held_bytes: bytes of all arenas, of those being taken too
 * @nr_arenas: number of arenas in @lists
 * @allocs: as in struct buddy_pool_stats
 * @frees: likewise
 * @failed_allocs: likewise
 * @bad_frees: likewise
 * @trim_work: gives empty arenas back, a while after one became empty
 * @refill_irq: starts @refill_work from any context
 * @refill_work: fills the reserve
 * @shrinker: gives empty arenas back under memory pressure
 * @file: in debugfs
 * @registered: place in the list of all pools
 * @limit: most @held_bytes; 0: none. Constant, as all that follows
 * @reserve: bytes kept free even where arenas are empty
 * @nid: node of its arenas, or NUMA_NO_NODE
 * @arena_order: pages of an arena, as a power of two
 * @name: for reports
 */
struct buddy_pool {
	raw_spinlock_t lock;
	struct buddy_lists lists;
	size_t held_bytes;
	unsigned int nr_arenas;
	u64 allocs;
	u64 frees;
	u64 failed_allocs;
	u64 bad_frees;

	struct delayed_work trim_work;
	struct irq_work refill_irq;
	struct work_struct refill_work;
	struct dt_shrinker shrinker;
	struct dentry *file;
	struct list_head registered;

	size_t limit;
	size_t reserve;
	int nid;
	unsigned int arena_order;
	char name[];
};

static inline size_t order_bytes(unsigned int order)
{
	return PAGE_SIZE << order;
}

/* Free bytes below which the reserve is filled up again, to all of it. */
static inline size_t reserve_low(const struct buddy_pool *pool)
{
	return pool->reserve / 2;
}

/* May the kernel's allocator be called from here? On PREEMPT_RT its locks sleep. */
static inline bool kernel_allocs_here(void)
{
	return !in_nmi() && (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible());
}

/*
 * What no caller can have: memory of a zone, since all callers of a pool share its arenas, and
 * memory in any case, since there is a limit.
 */
#define BUDDY_GFP_REFUSED	(GFP_ZONEMASK | __GFP_NOFAIL)

void buddy_report_gfp(const char *kind, const char *name, gfp_t gfp);

/*
 * Is there such a flag in @gfp? Then it is said, of "pool " or of "" for an instance, rather
 * than dropped in silence.
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

#endif /* DUALTREE_BUDDY_POOL_INTERNAL_H */
