// SPDX-License-Identifier: GPL-2.0
/*
 * Trimming a heap: a region that is large for what lives in it returns the pages at its end.
 *
 *	region	[ live . live .................................... ]
 *	         stays: a quarter more      cut off
 *	         than reaches to the last
 *	         live granule
 *
 * Regions of large messages stay as long as anything lives in them, and small requests go there,
 * since it is the lowest region that has room. Extents are carved from their start, so what lives
 * in such a region lies at its start. Passes look at each heap (pass.c). They cut off what was free
 * at two looks in a row; or at one of an idle heap. A large spare that no request has needed
 * between two looks is retired then, too.
 *
 * Only pages return to the pool, by buddy_pool_free_range(), never a part of a page.
 *
 * Context: a step any, the caller owns the heap; it looks at LOOK_MAX regions at most and cuts one.
 * What was cut off is put outside of the section.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include "../buddy/pool.h"
#include "../buddy/table.h"
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "heap.h"
#include "instance.h"
#include "kmemleak.h"
#include "ledger.h"
#include "trim.h"

/* Bytes that a region keeps at least: as many as a spare that is kept however long it idles. */
#define TRIM_MIN	SZ_64K

/* Regions that one step looks at: bounds it, by some 30 instructions each. */
#define LOOK_MAX	64

/*
 * May a heap be larger than it needs to be, by half of what it holds? Any CPU may ask. What is
 * cached or in flight does not count: that is looked at when it has been put into the trees.
 */
bool dt_trim_wanted(const struct dt_heap *heap)
{
	size_t held = READ_ONCE(heap->held_bytes);

	return held > TRIM_MIN && READ_ONCE(heap->nr_free) << DT_GRANULE_SHIFT > held / 2;
}

/* Granules of the extent that a region ends with, or 0. */
static unsigned int free_tail(const struct dt_region *region)
{
	unsigned int last = region->nr - 1;

	return ledger_is_last(READ_ONCE(region->ledger[last])) ?
	       extent_nr_to(&region->free, last) : 0;
}

/*
 * Granules of a region that stay, in whole pages, if its last @tail are free. No region becomes
 * smaller than the instance's parameters say.
 */
static unsigned int kept(const struct dt_region *region, unsigned int tail)
{
	unsigned int used = region->nr - tail, min = DT_PAGE_GRANULES << region->dt->min_order;

	return round_up(max3(used + used / 4, min, (unsigned int)(TRIM_MIN >> DT_GRANULE_SHIFT)),
			DT_PAGE_GRANULES);
}

/* Cut the end off a region, if it is due. Return: true if something was cut off. */
static bool trim_region(struct dt_heap *heap, struct dt_region *region, struct dt_trim *trim)
{
	unsigned int was = region->nr, tail = free_tail(region), nr = kept(region, tail);
	bool quiet = trim->idle || region->quiet >= was - min(nr, was);

	region->quiet = tail;
	/* The spare goes whole, or stays. */
	if (nr > was / 2 || region == heap->spare || dt_kmemleak_has_whole(region))
		return false;
	if (!quiet) {
		trim->due = true;
		return false;
	}
	dt_heap_cut(heap, region, nr);
	if (region->nr != nr)
		return false;
	trim->pool = region->pool;
	trim->tail = region_addr(region, nr);
	trim->nr_pages = (was - nr) / DT_PAGE_GRANULES;
	/* Here, since the record may be freed after the section. */
	buddy_set_owner(trim->tail, trim->nr_pages, NULL);
	return true;
}

/**
 * dt_trim_step() - look at some regions of a heap, and cut the end off one
 * @heap: the heap
 * @trim: the look; @trim->tail is NULL
 *
 * Context: Any; the caller owns the heap, and calls dt_trim_put() after the section if @trim->tail
 * is set.
 * Return: true if another step is needed.
 */
bool dt_trim_step(struct dt_heap *heap, struct dt_trim *trim)
{
	unsigned int left = LOOK_MAX;
	struct dt_region *region;

	if (!trim->after) {
		/* A drain between two steps sets it again. */
		WRITE_ONCE(heap->trim_due, false);
		dt_heap_retire_idle_spare(heap);
	}
	while ((region = dt_heap_region_above(heap, trim->after))) {
		trim->after = region->base;
		if (trim_region(heap, region, trim) || !--left)
			return true;
	}
	if (trim->due)
		WRITE_ONCE(heap->trim_due, true);
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_trim_step);

/**
 * dt_trim_put() - return what a step cut off to the pool
 * @dt: the instance
 * @trim: the look; @trim->tail is NULL then
 *
 * Context: Any but NMI; outside of sections.
 * Return: bytes returned.
 */
size_t dt_trim_put(struct dualtree *dt, struct dt_trim *trim)
{
	size_t bytes = trim->nr_pages << PAGE_SHIFT;

	if (!trim->tail)
		return 0;
	dt_unpoison(trim->tail, bytes);
	buddy_pool_free_range(trim->pool, trim->tail, trim->nr_pages);
	atomic_long_sub(bytes, &dt->held_bytes);
	trim->tail = NULL;
	return bytes;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_trim_put);
