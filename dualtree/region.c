// SPDX-License-Identifier: GPL-2.0
/*
 * A region: creating one from a block of the pool, and destroying it.
 *
 * Context: outside of sections, not NMI. Both take the pool's lock; creating also calls the
 * kernel's allocator, for the record. dt_region_reset() is the owner's.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../buddy/fault.h"
#include "../buddy/node_pools.h"
#include "../buddy/pool.h"
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

static struct dt_region *record_alloc(unsigned int order, gfp_t gfp)
{
	unsigned int nr = DT_PAGE_GRANULES << order;
	struct dt_region *region;
	size_t trees = ALIGN(struct_size(region, ledger, nr + REGION_GUARD), sizeof(long));
	size_t map = ALIGN(trees + dt_extent_tree_size(nr), sizeof(long));
	size_t size = map + region_map_words(nr) * sizeof(long);

	if (!kernel_allocs_here() || buddy_fault_due())
		return NULL;
	gfp &= ~(__GFP_ACCOUNT | __GFP_COMP);
	/* For a block of this size the kernel calls no OOM killer; nor is its record worth it. */
	if (order > PAGE_ALLOC_COSTLY_ORDER && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;
	region = kzalloc(size + dt_kmemleak_marks_size(nr), gfp | __GFP_NOWARN);
	if (!region)
		return NULL;
	region->order = order;
	region->bytes = PAGE_SIZE << order;
	region->nr = nr;
	region->drain_wmark = drain_wmark(nr);
	region->leaks = dt_kmemleak_marks_init((void *)region + size, nr);
	memset(region->guard, DT_GRANULE, REGION_GUARD);
	memset(region->ledger + nr, DT_GRANULE, REGION_GUARD);
	dt_extent_tree_init(&region->free, NULL, region->ledger, nr, (void *)region + trees);
	region->map = (void *)region + map;
	return region;
}

/**
 * dt_region_create() - create a region, all of it free
 * @dt: the instance that lookups find
 * @pool: the pool to take a block from; NULL for the pools of the nodes
 * @order: number of pages, as a power of two
 * @gfp: flags as for buddy_pool_alloc()
 *
 * Context: As @gfp allows, but not NMI; outside of sections.
 * Return: the region, in no heap yet, or NULL on OOM or if the kernel's allocator cannot be
 * called here.
 */
struct dt_region *dt_region_create(struct dualtree *dt, struct buddy_pool *pool, unsigned int order,
				   gfp_t gfp)
{
	struct dt_region *region = record_alloc(order, gfp);

	if (!region)
		return NULL;
	region->dt = dt;
	region->pool = pool;
	if (pool)
		region->base = buddy_pool_alloc(pool, order, gfp & ~__GFP_ZERO);
	else
		region->base = buddy_node_pools_alloc(order, gfp & ~__GFP_ZERO, &region->pool);
	if (!region->base) {
		kfree(region);
		return NULL;
	}
	region->free.base = region->base;
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
 * Changes nothing if the region's trees are damaged, which the caller looks at.
 *
 * Context: Any; the caller owns the region's heap. The caller returns the pages to the pool.
 */
void dt_region_cut(struct dt_region *region, unsigned int nr)
{
	dt_extent_tree_cut(&region->free, nr);
	if (unlikely(region->free.damaged))
		return;
	region->nr = nr;
	region->drain_wmark = drain_wmark(nr);
	WRITE_ONCE(region->bytes, (size_t)nr << DT_GRANULE_SHIFT);
}

static void region_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct dt_region, rcu));
}

/* Free the record of a region that was destroyed, after a grace period. Context: any but NMI. */
void dt_region_free(struct dt_region *region)
{
	call_rcu(&region->rcu, region_free_rcu);
}

/*
 * Clear the nodes of the extents and the links of the blocks. What is live stays as it is: the
 * network stack may still hold its pages.
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
	/* A free that found the record just before finds nothing live, and a drain nothing dead. */
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
