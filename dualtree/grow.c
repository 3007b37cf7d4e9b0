// SPDX-License-Identifier: GPL-2.0
/*
 * Growth: getting a region for an instance, and putting it.
 *
 *	the next region is
 *	  of a young heap, which holds less than a region of grown_order: 1/YOUNG_SHARE of what
 *	  it holds, rounded down to a power of two pages; or what it has held more before
 *	  of another: 1/GROWTH_SHARE of what it holds, rounded up, at least grown_order
 *	  at least min_order and what the request needs
 *	  at most GROWTH_MAX and max_order, unless the request needs more
 *	  charged to the limit before it is got; if it cannot be had: what the request needs; if
 *	  that is less than 64 KiB and has no record: 64 KiB, whose record came with the arena
 *
 * Context: outside of sections. Both take the pool's lock; getting calls the kernel's allocator, so
 * never in NMI.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include "../buddy/records.h"
#include "../compat/gfp.h"
#include "grow.h"
#include "instance.h"
#include "trace.h"

/*
 * A heap grows by 1/GROWTH_SHARE of its bytes, and by GROWTH_MAX bytes at most. Doubling up to
 * 4 MiB held 1.5 to 2.3 bytes per live byte on single streams.
 */
#define GROWTH_SHARE	16
#define GROWTH_MAX	SZ_1M

/*
 * A heap that holds less than one region of grown_order is young. Thousands of instances hold a few
 * packets each, and so does each CPU's heap of a stream that any CPU serves. So a young heap grows
 * by at most 1/YOUNG_SHARE of what it holds, or by what it has held more before.
 */
#define YOUNG_SHARE	2

/*
 * Count a region to come in held_bytes, which never exceeds the limit. Return: false if it would.
 */
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
 * dt_region_put() - return a region to the pool
 * @dt: the instance
 * @region: the region, in no heap any more; what is live in it is lost
 *
 * Context: Any but NMI; outside of sections.
 */
void dt_region_put(struct dualtree *dt, struct dt_region *region)
{
	long bytes = region->bytes;
	unsigned long abandoned;

	trace_dualtree_region_put(dt->name, region->base, bytes);
	atomic_long_sub(dt_region_own_record_bytes(region), &dt->record_bytes);
	abandoned = dt_region_destroy(region);
	/* Only dualtree_destroy() puts regions in which something is live: it is alone. */
	if (unlikely(abandoned))
		dt->abandoned += abandoned;
	atomic_long_sub(bytes, &dt->held_bytes);
	atomic64_inc(&dt->counts.region_puts);
}

/*
 * dt_region_put() for a list of retired regions, or NULL; records of regions that were put while
 * they were queued are freed. Return: the bytes of the others.
 */
size_t dt_regions_put(struct dualtree *dt, struct dt_region *retired)
{
	struct dt_region *region;
	size_t bytes = 0;

	while ((region = retired)) {
		retired = region->retired;
		if (READ_ONCE(region->state) == REGION_RETIRED) {
			dt_region_free(region);
			continue;
		}
		bytes += region->bytes;
		dt_region_put(dt, region);
	}
	return bytes;
}

/*
 * How to ask for a region that is larger than needed, and for its record: without the OOM killer,
 * and without the kernel's reserves. A caller that may sleep still counts as one for the pool, or
 * it would be served from the pool's reserve.
 */
static gfp_t gfp_opportunistic(gfp_t gfp)
{
	gfp &= ~(__GFP_RETRY_MAYFAIL | DT_GFP_EMERGENCY);
	return gfp | __GFP_NORETRY | __GFP_NOMEMALLOC;
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
	atomic_long_add(dt_region_own_record_bytes(region), &dt->record_bytes);
	trace_dualtree_region_get(dt->name, region->base, region->bytes);
	return region;
}

/*
 * Pages by which a young heap grows, as a power of two. One that held more before gets that back at
 * once: so what comes and goes as a whole soon lies in one region, which is kept as the spare.
 */
static unsigned int young_order(size_t held, size_t peak)
{
	size_t pages = held / YOUNG_SHARE / PAGE_SIZE;

	if (peak > held)
		return get_order(peak - held);
	return pages ? ilog2(pages) : 0;
}

/* Pages by which a heap grows, as a power of two. */
static unsigned int growth_order(const struct dualtree *dt, const struct dt_heap *heap)
{
	size_t grown = PAGE_SIZE << dt->grown_order, held = READ_ONCE(heap->held_bytes);
	unsigned int order;

	if (held < grown)
		order = young_order(held, min(READ_ONCE(heap->peak_bytes), grown));
	else
		order = max_t(unsigned int, dt->grown_order,
			      get_order(min_t(size_t, held / GROWTH_SHARE, GROWTH_MAX) ?: 1));
	return clamp_t(unsigned int, order, dt->min_order, dt->max_order);
}

/**
 * dt_region_get() - get a region for a heap that must grow
 * @dt: the instance
 * @size: bytes that the region must have room for, at most dualtree_max_size()
 * @heap: the heap; a hint
 * @gfp: flags for the pool
 *
 * The caller counts it in counts.region_gets.
 *
 * Context: As @gfp allows, but not NMI; outside of sections.
 * Return: the region, in no heap yet, or NULL on OOM or over the limit.
 */
struct dt_region *dt_region_get(struct dualtree *dt, size_t size, const struct dt_heap *heap,
				gfp_t gfp)
{
	unsigned int need = max_t(unsigned int, get_order(size), dt->min_order);
	unsigned int order = max(need, growth_order(dt, heap));
	struct dt_region *region;

	if (order > need) {
		region = region_get_order(dt, order, gfp_opportunistic(gfp));
		if (region)
			return region;
	}
	region = region_get_order(dt, need, gfp);
	/* The record of a region of 64 KiB comes with the arena. */
	if (!region && need < BUDDY_RECORD_ORDER && BUDDY_RECORD_ORDER <= dt->max_order)
		region = region_get_order(dt, BUDDY_RECORD_ORDER, gfp_opportunistic(gfp));
	return region;
}
