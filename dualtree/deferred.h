/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deferred runs: granules that were freed in regions that should drain, and are in no tree yet.
 *
 *	ledger	64 64  O  O 64  O  O  O  O 64	O: LEDGER_OWNED
 *	bits	       1        1     1		where each run begins, as it was freed
 *
 * A region that should drain serves no request as long as a lower one has room. So what is freed
 * there need not be found, nor merged: a bit and a few sums are all that it costs. When nothing in
 * the region is in use any more, it becomes one extent, and its deferred runs with it. So a burst
 * that is freed in any order costs the trees little. Where a request gets to the trees first, the
 * runs go there before it, some at a time; runs that are adjacent go as one.
 *
 * cache.h says which runs are deferred. The bits lie out of band, next to the ledger, as a tree by
 * address of their own (addr_tree.h). Nothing is written to the granules themselves.
 *
 * Context: any, NMI included; the caller owns the heap. No lock.
 *
 * Deferred coalescing: Wilson, Johnstone, Neely and Boles, "Dynamic Storage Allocation: A Survey
 * and Critical Review", IWMM 1995, 3.5.
 */
#ifndef DUALTREE_DEFERRED_H
#define DUALTREE_DEFERRED_H

#include <linux/list.h>
#include "addr_tree.h"
#include "heap.h"

/*
 * Add a run, of which the granules are LEDGER_OWNED and in use as far as the region knows; they are
 * not after that.
 */
static __always_inline void deferred_add(struct dt_heap *heap, struct dt_region *region,
					 unsigned int first, unsigned int nr)
{
	addr_tree_insert(region->deferred, region->free.nr_max, first);
	if (!region->nr_deferred)
		hlist_add_head(&region->deferred_node, &heap->deferred);
	region->nr_deferred += nr;
	region->nr_inuse -= nr;
	stat_add(heap->nr_deferred, nr);
}

/* Does a deferred run begin with a granule? */
static inline bool deferred_begins(const struct dt_region *region, unsigned int first)
{
	return region->nr_deferred && addr_tree_has(region->deferred, first);
}

unsigned int dt_deferred_end(const struct dt_heap *heap, const struct dt_region *region,
			     unsigned int first);
unsigned int dt_deferred_take(struct dt_heap *heap, struct dt_region *region, unsigned int first);
void dt_deferred_forget(struct dt_heap *heap, struct dt_region *region);

#endif /* DUALTREE_DEFERRED_H */
