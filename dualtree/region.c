// SPDX-License-Identifier: GPL-2.0
/*
 * A region: creating one from a block of the pool, and destroying it.
 *
 *	the record of a region	comes
 *	of 64 KiB, or less if	with the arena that the block is of, so that where a block can be
 *	 the pool's reserve is	had its record can be had
 *	 kept in smaller blocks
 *	that is smaller		from the kernel
 *	that is larger		from the kernel if it has it free, else with the arena
 *
 * Context: outside of sections, not NMI. Both take the pool's lock. dt_region_reset() is the
 * owner's.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../buddy/fault.h"
#include "../buddy/node_pools.h"
#include "../buddy/pool.h"
#include "../buddy/records.h"
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "kmemleak.h"
#include "ledger.h"
#include "region.h"

struct dt_region dt_no_region;

/* Granules in use below which a region of @nr drains. Found by simulation, see design.rst. */
static unsigned int drain_wmark(unsigned int nr)
{
	return nr - nr / 4;
}

/* Where the trees begin in the record of a region of @nr granules. */
static size_t trees_offset(unsigned int nr)
{
	return ALIGN(offsetof(struct dt_region, ledger) + nr + REGION_GUARD, sizeof(long));
}

/* Where the map begins. */
static size_t map_offset(unsigned int nr)
{
	return ALIGN(trees_offset(nr) + dt_extent_tree_size(nr), sizeof(long));
}

/* Where the bits of deferred runs begin. */
static size_t deferred_offset(unsigned int nr)
{
	return map_offset(nr) + region_map_words(nr) * sizeof(long);
}

/* Where the marks of kmemleak begin. */
static size_t leaks_offset(unsigned int nr)
{
	return deferred_offset(nr) + addr_tree_words(nr) * sizeof(long);
}

/* Bytes of the record of a region of 2^@order pages. */
size_t dt_region_record_bytes(unsigned int order)
{
	unsigned int nr = DT_PAGE_GRANULES << order;

	return leaks_offset(nr) + dt_kmemleak_marks_size(nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_region_record_bytes);

/* Bytes of a region's record if it is the kernel's; 0 if it came with the arena. */
size_t dt_region_own_record_bytes(const struct dt_region *region)
{
	return region->records ? 0 : dt_region_record_bytes(region->order);
}

/* Records of regions of one page: thousands of streams have one or several each. */
static struct kmem_cache *records_of_pages;

/* Return: 0 or -ENOMEM. */
int __init dt_region_setup(void)
{
	records_of_pages = kmem_cache_create("dualtree_region", dt_region_record_bytes(0), 0,
					     SLAB_HWCACHE_ALIGN, NULL);
	return records_of_pages ? 0 : -ENOMEM;
}

/* There is no region any more, and no callback of RCU that frees one. */
void dt_region_teardown(void)
{
	kmem_cache_destroy(records_of_pages);
}

/* Allocate a record from the kernel. Return: it, with any content, or NULL. */
static struct dt_region *record_alloc(unsigned int order, gfp_t gfp)
{
	if (!kernel_allocs_here() || buddy_fault_due())
		return NULL;
	gfp &= ~(__GFP_ACCOUNT | __GFP_COMP | __GFP_ZERO);
	/* For a block of this size the kernel calls no OOM killer; nor is its record worth it. */
	if (order > PAGE_ALLOC_COSTLY_ORDER && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;
	gfp |= __GFP_NOWARN;
	return order ? kmalloc(dt_region_record_bytes(order), gfp) :
		       kmem_cache_alloc(records_of_pages, gfp);
}

static void record_free(struct dt_region *region)
{
	if (region->records)
		buddy_record_put(region->records, region, region->order);
	else if (region->order)
		kfree(region);
	else
		kmem_cache_free(records_of_pages, region);
}

/*
 * Get a record for a block: the one that came with its arena, if that is not in use. A large region
 * may return its end while its record stays. So the kernel is asked for the record first, which
 * leaves the slots of that end to others. Return: the record, or NULL.
 */
static struct dt_region *record_get(const void *block, unsigned int order, gfp_t gfp)
{
	struct buddy_records *records = NULL;
	struct dt_region *region = NULL;

	if (order > BUDDY_RECORD_ORDER)
		region = record_alloc(order, __GFP_NORETRY | __GFP_NOMEMALLOC);
	if (!region)
		region = buddy_record_take(block, order, &records);
	if (!region)
		region = record_alloc(order, gfp);
	if (!region)
		return NULL;
	memset(region, 0, dt_region_record_bytes(order));
	region->records = records;
	return region;
}

static void record_init(struct dt_region *region, void *block, unsigned int order)
{
	unsigned int nr = DT_PAGE_GRANULES << order;

	region->base = block;
	region->order = order;
	region->bytes = PAGE_SIZE << order;
	region->nr = nr;
	region->drain_wmark = drain_wmark(nr);
	region->leaks = dt_kmemleak_marks_init((void *)region + leaks_offset(nr), nr);
	memset(region->guard, DT_GRANULE, sizeof(region->guard));
	memset(region->ledger + nr, DT_GRANULE, REGION_GUARD);
	dt_extent_tree_init(&region->free, block, region->ledger, nr,
			    (void *)region + trees_offset(nr));
	region->map = (void *)region + map_offset(nr);
	region->deferred = (void *)region + deferred_offset(nr);
}

/**
 * dt_region_create() - create a region, all of it free
 * @dt: the instance that lookups find
 * @pool: the pool to take a block from; NULL for the pools of the nodes
 * @order: number of pages, as a power of two
 * @gfp: flags as for buddy_pool_alloc()
 *
 * Context: As @gfp allows, but not NMI; outside of sections.
 * Return: the region, in no heap yet, or NULL on OOM.
 */
struct dt_region *dt_region_create(struct dualtree *dt, struct buddy_pool *pool, unsigned int order,
				   gfp_t gfp)
{
	struct dt_region *region;
	void *block;

	if (dt_kmemleak_needs_kernel() && !kernel_allocs_here())
		return NULL;
	gfp &= ~__GFP_ZERO;
	if (pool)
		block = buddy_pool_alloc(pool, order, gfp);
	else
		block = buddy_node_pools_alloc(order, gfp, &pool);
	if (!block)
		return NULL;
	region = record_get(block, order, gfp);
	if (!region) {
		buddy_pool_free(pool, block, order);
		return NULL;
	}
	record_init(region, block, order);
	region->dt = dt;
	region->pool = pool;
	/* The block may hold what an instance was destroyed with: that is not cleared then. */
	if (want_init_on_free())
		memset(region->base, 0, region->bytes);
	dt_region_reset(region);
	dt_kmemleak_attach(region, gfp);
	buddy_set_owner(region->base, 1UL << order, region);
	return region;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_region_create);

/* Make one free extent of a region in which nothing is live, hot or in flight. Owner only. */
void dt_region_reset(struct dt_region *region)
{
	dt_extent_tree_reset(&region->free);
	region->nr_inuse = 0;
}

/**
 * dt_region_cut() - take the end off a region
 * @region: a region of a heap
 * @nr: granules that stay, whole pages. Those after them are the end of one extent.
 *
 * Changes nothing if damage to the region's trees is found before the cut. If it is found after
 * that, @region->nr is @nr, and the caller makes the trees again.
 *
 * Context: Any; the caller owns the region's heap. The caller returns the pages to the pool.
 */
void dt_region_cut(struct dt_region *region, unsigned int nr)
{
	dt_extent_tree_cut(&region->free, nr);
	if (unlikely(region->free.nr != nr))
		return;
	region->nr = nr;
	region->drain_wmark = drain_wmark(nr);
	WRITE_ONCE(region->bytes, (size_t)nr << DT_GRANULE_SHIFT);
}

static void region_free_rcu(struct rcu_head *rcu)
{
	record_free(container_of(rcu, struct dt_region, rcu));
}

/* Free the record of a region that was destroyed, after a grace period. Context: any but NMI. */
void dt_region_free(struct dt_region *region)
{
	call_rcu(&region->rcu, region_free_rcu);
}

/*
 * Clear the nodes of the extents and the links of the blocks. What is live stays as it is: the
 * network stack may still hold its pages. dt_region_create() clears it before it is handed out.
 */
static void region_clear_links(struct dt_region *region)
{
	unsigned int i;

	for (i = 0; i < region->nr; i++) {
		u8 mark = READ_ONCE(region->ledger[i]);

		if (ledger_is_last(mark))
			memset(region_addr(region, i), 0, sizeof(struct dt_extent));
		else if (ledger_is_block(mark))
			memset(region_addr(region, i), 0, sizeof(struct dt_cached));
	}
}

/**
 * dt_region_destroy() - return a region's block to the pool and free its record
 * @region: a region that is in no heap any more; what is live in it is lost
 *
 * The record is freed after an RCU grace period; or if the region is queued, see remote.h, when it
 * is taken off the queue. Pages with live bytes that something else refers to leave the pool.
 *
 * Context: Any but NMI; outside of sections.
 * Return: number of pages that left the pool.
 */
unsigned long dt_region_destroy(struct dt_region *region)
{
	unsigned long nr_pages = region->bytes >> PAGE_SHIFT, abandoned = 0;

	buddy_set_owner(region->base, nr_pages, NULL);
	dt_unpoison(region->base, region->bytes);
	if (want_init_on_free())
		region_clear_links(region);
	/*
	 * A free that found the record just before finds nothing live, and a drain nothing dead. Of
	 * a region that is empty that is so, but for what a racing double-free has left there.
	 */
	if (unlikely(region->nr_inuse || READ_ONCE(region->state) == REGION_QUEUED))
		ledger_set(region->ledger, 0, region->nr, LEDGER_OWNED);
	dt_kmemleak_forget(region);
	if (unlikely(region->nr_inuse))
		abandoned = buddy_pool_abandon(region->pool, region->base, nr_pages);
	else
		buddy_pool_free_range(region->pool, region->base, nr_pages);
	if (xchg(&region->state, REGION_RETIRED) != REGION_QUEUED)
		dt_region_free(region);
	return abandoned;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_region_destroy);
