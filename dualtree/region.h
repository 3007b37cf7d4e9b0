/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region: one block of the pool, with its record out of band.
 *
 *	record: [ instance, heap, trees | 8 x full | ledger ... | 8 x full | leak marks ]
 *	block:  [ 2^order pages, all of them payload                                    ]
 *
 * The bytes on both sides of the ledger read as live granules, so that whoever asks for
 * the neighbour of a granule need not ask whether there is one.
 *
 * The table of owners leads from each page of the block to the record. A record is freed
 * after an RCU grace period, since a stray free may be looking at it; what it finds there
 * is a ledger in which nothing is live.
 */
#ifndef DUALTREE_REGION_H
#define DUALTREE_REGION_H

#include <linux/kasan.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include "../buddy/table.h"
#include "extent_tree.h"

struct buddy_pool;
struct dualtree;
struct dt_heap;
struct dt_kmemleak_marks;

#define REGION_GUARD	8

/**
 * struct dt_region - a block of the pool that a heap cuts into extents
 * @dt: the instance, to compare with; constant
 * @base: the first byte; constant
 * @bytes: its length; constant
 * @nr: granules; constant
 * @drain_wmark: with how many of them in use it is nearly full; constant
 * @order: pages, as a power of two; constant
 * @heap: the heap it is attached to; set once, before any byte of it is live
 * @pool: where the block goes back to; constant
 * @leaks: what kmemleak has been told; NULL where there is none; see kmemleak.c
 * @free: its free extents. Owner only, as all that follows
 * @nr_inuse: granules that are neither in an extent nor in a quick list: live, hot, or on
 *	their way
 * @node: place in the heap's tree of regions
 * @subtree_largest: largest extent of all regions under @node, in granules
 * @retired: next in a list of regions that are about to go back
 * @rcu: frees the record
 * @guard: see the head of this file
 * @ledger: live bytes of each granule, and a second guard; written as ledger.h says
 */
struct dt_region {
	struct dualtree *dt;
	void *base;
	size_t bytes;
	unsigned int nr;
	unsigned int drain_wmark;
	unsigned int order;
	struct dt_heap *heap;
	struct buddy_pool *pool;
	struct dt_kmemleak_marks *leaks;

	struct dt_extent_tree free;
	unsigned int nr_inuse;
	struct rb_node node;
	unsigned int subtree_largest;
	struct dt_region *retired;

	struct rcu_head rcu;
	u8 guard[REGION_GUARD];
	u8 ledger[];
};

/**
 * struct dt_cached - a block in a quick list; lies in its first granule
 * @next: in the list of its size
 * @region: whose it is
 * @nr: its granules
 */
struct dt_cached {
	struct dt_cached *next;
	struct dt_region *region;
	unsigned int nr;
};

static_assert(sizeof(struct dt_cached) <= DT_GRANULE);

/* What a look-up in the table finds where there is no region: no instance's and no heap's. */
extern struct dt_region dt_no_region;

/* The region an address lies in, of any instance, or NULL. Under RCU or with preemption off. */
static inline struct dt_region *region_of(const void *addr)
{
	return buddy_owner(addr);
}

/* @addr may be any value, and may have a tag of KASAN. */
static inline size_t region_offset(const struct dt_region *region, const void *addr)
{
	return kasan_reset_tag(addr) - region->base;
}

/* Are there @len bytes, and not none, from an offset in the region on? @len may be any value. */
static __always_inline bool region_holds(const struct dt_region *region, size_t offset, size_t len)
{
	/* A length of 0 is very long here; and a sum of two that are in bounds does not wrap. */
	return len - 1 < region->bytes && offset + (len - 1) < region->bytes;
}

static inline unsigned int region_index(const struct dt_region *region, const void *addr)
{
	return region_offset(region, addr) >> DT_GRANULE_SHIFT;
}

static inline void *region_addr(const struct dt_region *region, unsigned int index)
{
	return region->base + ((size_t)index << DT_GRANULE_SHIFT);
}

static inline bool region_empty(const struct dt_region *region)
{
	return region->free.nr_free == region->nr;
}

/* Granules in quick lists. */
static inline unsigned int region_nr_cached(const struct dt_region *region)
{
	return region->nr - region->nr_inuse - region->free.nr_free;
}

/* What the ledger says of the granule in front of another; a guard if there is none. */
static inline u8 ledger_before(const struct dt_region *region, unsigned int first)
{
	return READ_ONCE(*(region->ledger + first - 1));
}

struct dt_region *dt_region_create(struct dualtree *dt, struct buddy_pool *pool, unsigned int order,
				   gfp_t gfp);
void dt_region_destroy(struct dt_region *region);
void dt_region_reset(struct dt_region *region);

#endif /* DUALTREE_REGION_H */
