// SPDX-License-Identifier: GPL-2.0
/*
 * Deferred runs: taking one, and forgetting a region's. deferred.h has the picture and the context.
 */
#include <linux/string.h>
#include "../compat/compat.h"
#include "deferred.h"
#include "ledger.h"

/* Granules of a region that are in no deferred run any more. */
static void deferred_sub(struct dt_heap *heap, struct dt_region *region, unsigned int nr)
{
	region->nr_deferred -= nr;
	if (!region->nr_deferred)
		hlist_del_init(&region->deferred_node);
	stat_add(heap->nr_deferred, -(unsigned long)nr);
}

/**
 * dt_deferred_end() - find where a deferred run ends
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule of the run
 *
 * Runs that begin where this one ends are part of it. It ends at the first granule that is not
 * LEDGER_OWNED. What may follow without a count or a mark of its own is compared: the hot range,
 * the cold one, and what was cut off the region's end. No granule of these is read, or a run at the
 * end of a small rest would take as long as one of a whole region.
 *
 * Context: Any; the caller owns the heap.
 * Return: the granule after the run.
 */
unsigned int dt_deferred_end(const struct dt_heap *heap, const struct dt_region *region,
			     unsigned int first)
{
	const struct dt_hot_range *hot = &heap->hot;
	const struct dt_cold_range *cold = &heap->cold;
	unsigned int end = region->nr;

	if (hot->nr && hot->region == region && hot->first > first)
		end = min_t(unsigned int, end, hot->first);
	if (cold->nr && cold->region == region && cold->first > first)
		end = min_t(unsigned int, end, cold->first);
	return ledger_owned_end(region->ledger, first, end);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_deferred_end);

/**
 * dt_deferred_take() - take a deferred run: its granules are in use, as far as the region knows
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule of the run
 *
 * Context: Any; the caller owns the heap, and places the granules.
 * Return: the number of granules.
 */
unsigned int dt_deferred_take(struct dt_heap *heap, struct dt_region *region, unsigned int first)
{
	unsigned int nr = dt_deferred_end(heap, region, first) - first;

	addr_tree_remove_range(region->deferred, first, nr);
	region->nr_inuse += nr;
	deferred_sub(heap, region, nr);
	return nr;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_deferred_take);

/* The deferred runs of a region are in its trees. Context: any; the caller owns the heap. */
void dt_deferred_forget(struct dt_heap *heap, struct dt_region *region)
{
	if (!region->nr_deferred)
		return;
	memset(region->deferred, 0, addr_tree_words(region->free.nr_max) * sizeof(long));
	deferred_sub(heap, region, region->nr_deferred);
}
