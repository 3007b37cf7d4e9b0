// SPDX-License-Identifier: GPL-2.0
/*
 * Repair: the trees of a region are made again from its ledger when a link in free memory leads
 * nowhere. extent_tree.h says how it is found, ledger.h why the ledger is enough.
 *
 * Context: any; the caller owns the heap. Takes time in proportion to the region.
 */
#include "../compat/compat.h"
#include "damage.h"
#include "deferred.h"
#include "heap.h"
#include "ledger.h"
#include "repair.h"

/*
 * Make a region's trees again from the ledger. What is hot stays so; what is cold or
 * deferred is put into the trees by that, since it has the mark of what they hold. So are blocks of
 * quick lists, unless @keep_blocks.
 */
void dt_heap_rebuild(struct dt_heap *heap, struct dt_region *region, bool keep_blocks)
{
	const struct dt_hot_range *hot = &heap->hot;
	bool hole = hot->region == region && hot->nr != HOT_OFF;

	if (heap->cold.nr && heap->cold.region == region) {
		region->nr_inuse -= heap->cold.nr;
		WRITE_ONCE(heap->cold.nr, 0);
	}
	dt_deferred_forget(heap, region);
	dt_extent_tree_rebuild(&region->free, hot->first, hole ? hot->nr : 0, keep_blocks);
}

/*
 * A link in a region's trees led nowhere: make them again from the ledger. Every granule of the
 * region that is free has a mark, in the trees or not; what is hot or in a quick list stays there.
 */
void dt_heap_repair(struct dt_heap *heap, struct dt_region *region)
{
	dt_report_damage(region->dt, region->base, "the trees of a region");
	dt_heap_rebuild(heap, region, true);
}
