// SPDX-License-Identifier: GPL-2.0
/*
 * A region: taking a block from the pool and giving it back.
 *
 * Nothing here is called inside a section: both ways lead through the pool's lock, and one
 * to the kernel's allocator.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "ledger.h"
#include "region.h"

static struct region *record_alloc(unsigned int order, gfp_t gfp)
{
	unsigned int nr = DT_PAGE_GRANULES << order;
	struct region *region;

	gfp &= ~(GFP_ZONEMASK | __GFP_ACCOUNT | __GFP_COMP | __GFP_NOFAIL);
	region = kzalloc(struct_size(region, ledger, nr + REGION_GUARD), gfp | __GFP_NOWARN);
	if (!region)
		return NULL;
	region->order = order;
	region->nr = nr;
	memset(region->guard, DT_GRANULE, REGION_GUARD);
	memset(region->ledger + nr, DT_GRANULE, REGION_GUARD);
	return region;
}

/**
 * region_create() - take a block and make a region of it, all of it free
 * @dt: the instance that look-ups find
 * @pool: where from; NULL for the default pools
 * @order: its pages, as a power of two
 * @gfp: as for buddy_pool_alloc()
 *
 * Context: As @gfp allows, but not NMI; outside of any section.
 * Return: the region, in no heap yet, or NULL.
 */
struct region *region_create(struct dualtree *dt, struct buddy_pool *pool, unsigned int order,
			     gfp_t gfp)
{
	struct region *region = record_alloc(order, gfp);

	if (!region)
		return NULL;
	region->dt = dt;
	region->pool = pool;
	if (pool)
		region->base = buddy_pool_alloc(pool, order, gfp & ~__GFP_ZERO);
	else
		region->base = buddy_default_alloc(order, gfp & ~__GFP_ZERO, &region->pool);
	if (!region->base) {
		kfree(region);
		return NULL;
	}
	extent_tree_init(&region->free);
	extent_tree_free(&region->free, region->base, region->nr);
	buddy_set_owner(region->base, 1UL << order, region);
	return region;
}
EXPORT_SYMBOL_FOR_DT_TEST(region_create);

static void region_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct region, rcu));
}

/**
 * region_destroy() - give a region's block back
 * @region: in no heap any more; whatever is live in it is gone
 *
 * Context: Any but NMI; outside of any section.
 */
void region_destroy(struct region *region)
{
	buddy_set_owner(region->base, 1UL << region->order, NULL);
	/* A look-up that came just before finds nothing to free. */
	ledger_set(region->ledger, 0, region->nr, 0);
	buddy_pool_free(region->pool, region->base, region->order);
	call_rcu(&region->rcu, region_free_rcu);
}
EXPORT_SYMBOL_FOR_DT_TEST(region_destroy);

static bool nothing_live(const struct region *region, const struct extent *extent)
{
	unsigned int i, first = region_index(region, extent);

	for (i = first; i < first + extent->nr; i++)
		if (READ_ONCE(region->ledger[i]))
			return false;
	return true;
}

static bool guards_check(const struct region *region)
{
	return !memchr_inv(region->guard, DT_GRANULE, REGION_GUARD) &&
	       !memchr_inv(region->ledger + region->nr, DT_GRANULE, REGION_GUARD);
}

/**
 * region_check() - do all invariants of a region hold?
 * @region: the caller owns it
 * @tally: what its ledger says is added to it
 *
 * For tests and debug kernels: visits every extent and every granule.
 *
 * Return: true if they do.
 */
bool region_check(const struct region *region, struct region_tally *tally)
{
	const struct extent *extent;
	unsigned int i, dead = 0;

	if (!guards_check(region) ||
	    !extent_tree_check(&region->free, region->base, region->nr))
		return false;
	for (extent = extent_first(&region->free); extent; extent = extent_next(extent))
		if (!nothing_live(region, extent))
			return false;
	for (i = 0; i < region->nr; i++) {
		u8 count = READ_ONCE(region->ledger[i]);

		if (count > DT_GRANULE)
			return false;
		tally->live_bytes += count;
		dead += !count;
	}
	tally->in_flight += dead - region->free.nr_free;
	return dead >= region->free.nr_free;
}
EXPORT_SYMBOL_FOR_DT_TEST(region_check);
