/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region: one block of the pool, with its record out of band.
 *
 *	record: [ instance, heap, roots | 16 x full | ledger ... | 8 x full | trees, map, leaks ]
 *	block:  [ 2^order pages, all of them payload                                             ]
 *
 * The guards before and after the ledger read as live granules. So a lookup of an adjacent count
 * needs no bounds check.
 *
 * The table of owners leads from each page of the block to the record. A stray free may look at
 * a record at any time, so a record is freed after an RCU grace period; until then its ledger
 * says that nothing is live. litmus/region-lookup.
 *
 * Lookups: any context, with preemption off or under RCU. The rest belongs to the owner of the
 * region's heap.
 */
#ifndef DUALTREE_REGION_H
#define DUALTREE_REGION_H

#include <linux/kasan.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include "../buddy/table.h"
#include "extent_tree.h"

struct buddy_pool;
struct buddy_records;
struct dualtree;
struct dt_heap;
struct dt_kmemleak_marks;

/*
 * Bytes of the guard after the ledger: an access of 8 counts that begins in the ledger ends there.
 * The guard before it is twice as long, see @guard.
 */
#define REGION_GUARD	8

/* Granules for each bit of a region's map: a drain reads their counts with two accesses. */
#define REGION_MAP_GRANULES	16

/* States of a region, see remote.h. */
enum { REGION_IDLE, REGION_QUEUED, REGION_RETIRED };

/**
 * struct dt_region - a block of the pool that a heap cuts into extents
 * @dt: the instance
 * @base: first byte of the block
 * @bytes: length of the block; less than that of @order pages once its end was cut off
 * @nr: number of granules
 * @drain_wmark: granules in use below which the region may drain, see cache.h
 * @order: number of pages, as a power of two
 * @heap: the heap that the region is in; set once, before any byte of it is live
 * @pool: the pool that the block returns to
 * @leaks: marks of kmemleak's objects, or NULL
 * @free: the free extents
 * @nr_inuse: granules that are in no extent, no quick list and no deferred run: live, hot, cold, or
 *	in flight
 * @map_word: the word of @map that was looked at last for a request, see remote_take.h
 * @words_taken: looks at words for requests, since one was left to a drain
 * @map_bits: bits of @map_word which were taken out of it, and are still to be looked at. They are
 *	in another cache line than @map, which each push reads.
 * @node: node in the heap's tree of regions
 * @subtree_largest: largest extent of all regions under @node, in granules, or more
 * @retired: next in a list of retired regions
 * @quiet: granules that were free at its end at the last look, see trim.c
 * @nr_deferred: granules in deferred runs
 * @deferred_node: in dt_heap.deferred while there are any
 * @deferred: the first granules of these runs, a tree by address: see deferred.h; constant
 * @map: a bit for REGION_MAP_GRANULES granules: runs in flight begin there; set by any CPU
 * @state: is it queued? Changed by any CPU
 * @queued: its node in dt_heap.remote or dt_heap.pending; owned by
 *	the context that has changed @state to REGION_QUEUED, then by the list
 * @records: where the record came from: an arena's records, or NULL for the kernel; constant
 * @rcu: frees the record
 * @guard: the guard before the ledger; so long that the ledger of a 64-bit kernel begins with a
 *	cache line, and the counts of the first packets lie in one
 * @ledger: the count of each granule, then the guard after it; written as ledger.h says. After
 *	that lie the lengths and the tree by address of @free, @map and @deferred.
 *
 * Constant from the lookup on: all up to @leaks, but for @heap, and for @bytes, @nr and
 * @drain_wmark, which dt_region_cut() lowers. Owner only: @free up to @deferred.
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
	u16 map_word;
	u16 words_taken;
	unsigned long map_bits;
	struct rb_node node;
	unsigned int subtree_largest;
	struct dt_region *retired;
	unsigned int quiet;
	unsigned int nr_deferred;
	struct hlist_node deferred_node;
	unsigned long *deferred;

	unsigned long *map;
	int state;
	struct llist_node queued;
	struct buddy_records *records;
	struct rcu_head rcu;
	u8 guard[2 * REGION_GUARD];
	u8 ledger[];
};

/**
 * struct dt_cached - the link of a block in a quick list; lies in its first granule
 * @next: next block of the list, if the list has one. A stray write may have changed it.
 */
struct dt_cached {
	struct dt_cached *next;
};

static_assert(sizeof(struct dt_cached) <= DT_GRANULE);

/* What a lookup finds where there is no region: it has no instance, no heap and no bytes. */
extern struct dt_region dt_no_region;

/* The region of any instance that an address lies in, or NULL. */
static inline struct dt_region *region_of(const void *addr)
{
	return buddy_owner(addr);
}

/*
 * The heap that a region is in, or NULL before it is in one. A stray free may look while the owner
 * adds the region. Pairs with the release in dt_heap_add_region(): litmus/heap-publish.
 */
static __always_inline struct dt_heap *region_heap(const struct dt_region *region)
{
	return READ_ONCE(region->heap);
}

/* Offset of an address, which may have a tag of KASAN; out of bounds if it lies elsewhere. */
static inline size_t region_offset(const struct dt_region *region, const void *addr)
{
	return kasan_reset_tag(addr) - region->base;
}

/*
 * Do @len bytes at @offset, which is in the region, all lie in it? @len may be any value. False
 * for dt_no_region, at any @offset.
 */
static __always_inline bool region_holds(const struct dt_region *region, size_t offset, size_t len)
{
	/*
	 * Once: the owner may cut the end off at any time, and with it @offset. What is live stays.
	 * On the owner's CPU too, before the caller is in a section: in an interrupt.
	 */
	size_t bytes = READ_ONCE(region->bytes);

	/* 0 becomes the largest length. The sum does not wrap: both of its terms are in bounds. */
	return len - 1 < bytes && offset + (len - 1) < bytes;
}

static inline unsigned int region_index(const struct dt_region *region, const void *addr)
{
	return region_offset(region, addr) >> DT_GRANULE_SHIFT;
}

static inline void *region_addr(const struct dt_region *region, unsigned int index)
{
	return region->base + ((size_t)index << DT_GRANULE_SHIFT);
}

/* Is all of the region one free extent? */
static inline bool region_empty(const struct dt_region *region)
{
	return region->free.nr_free == region->nr;
}

/* Words of the map of a region of @nr granules. */
static inline unsigned int region_map_words(unsigned int nr)
{
	return DIV_ROUND_UP(nr, REGION_MAP_GRANULES * BITS_PER_LONG);
}

/* Granules in quick lists. */
static inline unsigned int region_nr_cached(const struct dt_region *region)
{
	return region->nr - region->nr_inuse - region->free.nr_free - region->nr_deferred;
}

/* The count of the granule before @first, or the guard. */
static inline u8 ledger_before(const struct dt_region *region, unsigned long first)
{
	return READ_ONCE(*(region->ledger + first - 1));
}

int dt_region_setup(void);
void dt_region_teardown(void);
size_t dt_region_record_bytes(unsigned int order);
size_t dt_region_own_record_bytes(const struct dt_region *region);
struct dt_region *dt_region_create(struct dualtree *dt, struct buddy_pool *pool, unsigned int order,
				   gfp_t gfp);
unsigned long dt_region_destroy(struct dt_region *region);
void dt_region_free(struct dt_region *region);
void dt_region_reset(struct dt_region *region);
void dt_region_cut(struct dt_region *region, unsigned int nr);

#endif /* DUALTREE_REGION_H */
