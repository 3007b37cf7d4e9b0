// SPDX-License-Identifier: GPL-2.0
/*
 * Regions in and out of an instance: how large the next one is, what the limit allows, what
 * goes back to the pool.
 *
 * Context: outside of sections. Both ways lead through the pool's lock, and one to the
 * kernel's allocator.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include "grow.h"
#include "instance.h"
#include "trace.h"

/* A heap grows by a 1/GROWTH_SHARE of what it holds, within these bounds. */
#define GROWTH_SHARE	16
#define GROWTH_MAX	SZ_1M

/* Only what fits is ever counted, so held_bytes never passes the limit. */
static bool region_charge(struct dualtree *dt, unsigned int order)
{
	long bytes = PAGE_SIZE << order, held = atomic_long_read(&dt->held_bytes);

	do {
		if (dt->limit && held + bytes > dt->limit)
			return false;
	} while (!atomic_long_try_cmpxchg(&dt->held_bytes, &held, held + bytes));
	return true;
}

/**
 * dt_region_put() - give a region back that is in no heap
 * @dt: the instance
 * @region: the region; whatever is live in it is gone
 */
void dt_region_put(struct dualtree *dt, struct dt_region *region)
{
	long bytes = region->bytes;

	trace_dualtree_region_put(dt->name, region->base, bytes);
	dt_region_destroy(region);
	atomic_long_sub(bytes, &dt->held_bytes);
	atomic64_inc(&dt->counts.region_puts);
}

/* Give back what a section has retired. Outside of it. Return: bytes that went back. */
size_t dt_regions_put(struct dualtree *dt, struct dt_region *retired)
{
	struct dt_region *region;
	size_t bytes = 0;

	while ((region = retired)) {
		retired = region->retired;
		bytes += region->bytes;
		dt_region_put(dt, region);
	}
	return bytes;
}

static struct dt_region *region_get_order(struct dualtree *dt, unsigned int order, gfp_t gfp)
{
	struct dt_region *region;

	if (!region_charge(dt, order))
		return NULL;
	region = dt_region_create(dt, dt->pool, order, gfp);
	if (!region) {
		atomic_long_sub(PAGE_SIZE << order, &dt->held_bytes);
		return NULL;
	}
	trace_dualtree_region_get(dt->name, region->base, region->bytes);
	return region;
}

/* Pages that a heap holding @held bytes should grow by, as a power of two. */
static unsigned int growth_order(const struct dualtree *dt, size_t held)
{
	size_t bytes = min_t(size_t, held / GROWTH_SHARE, GROWTH_MAX);

	return clamp_t(unsigned int, get_order(bytes ?: 1), dt->min_order, dt->max_order);
}

/**
 * dt_region_get() - get a region that a request fits in
 * @dt: the instance
 * @size: what the region must have room for, in bytes
 * @held: bytes that the heap holds which is to grow
 * @gfp: for the pool
 *
 * As large as the heap should grow by, or at least as large as it must be. The caller counts
 * it in counts.region_gets.
 *
 * Return: the region, or NULL.
 */
struct dt_region *dt_region_get(struct dualtree *dt, size_t size, size_t held, gfp_t gfp)
{
	unsigned int need = max_t(unsigned int, get_order(size), dt->min_order);
	unsigned int order = max(need, growth_order(dt, held));
	struct dt_region *region = region_get_order(dt, order, gfp);

	if (!region && order > need)
		region = region_get_order(dt, need, gfp);
	return region;
}
