// SPDX-License-Identifier: GPL-2.0
/*
 * Where an allocation of an instance with DUALTREE_EXACT_FIT must lie: in the lowest region that
 * has room, in the shortest free run that is long enough, in the lowest one of these. Found in the
 * ledgers, without the trees.
 */
#include "../../dualtree/heap.h"
#include "../../dualtree/ledger.h"
#include "../../dualtree/remote.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* One in so many allocations is looked at, since that takes a walk over the heap. */
#define PLACE_EACH	3

/* The best fit in a region for @nr granules, or @region->nr. */
static unsigned int best_run(const struct dt_region *region, unsigned int nr)
{
	unsigned int at, first, best = region->nr, best_nr = UINT_MAX;

	for (at = 0; at < region->nr; at++) {
		for (first = at; at < region->nr && ledger_is_owned(region->ledger[at]); at++)
			;
		if (at - first >= nr && at - first < best_nr) {
			best = first;
			best_nr = at - first;
		}
	}
	return best;
}

/* Return: the address, or NULL if it is not known: the heap would grow, or another one serves. */
void *host_place(struct subject *s, size_t size)
{
	const struct dt_heap *heap = heap_of_cpu(s->dt, host_now.cpu);
	const struct dt_region *region;
	unsigned int first;
	struct rb_node *node;

	if (!(s->params.flags & DUALTREE_EXACT_FIT) || host_now.nested || host_points < 100000 ||
	    host_stray || !heap || heap_has_remote(heap) || !host_one_in(PLACE_EACH))
		return NULL;
	for (node = rb_first(&heap->regions); node; node = rb_next(node)) {
		region = rb_entry(node, struct dt_region, node);
		first = best_run(region, granules_of(size));
		if (first != region->nr)
			return region_addr(region, first);
	}
	return NULL;
}
