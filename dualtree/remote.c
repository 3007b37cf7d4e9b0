// SPDX-License-Identifier: GPL-2.0
/*
 * Remote frees: pushing granules to a heap that is somebody else's, and the owner's taking
 * them home. remote.h says how.
 */
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "kmemleak.h"
#include "remote.h"

/**
 * dt_remote_batch_add() - send granules to a heap with the others that go there
 * @batch: all 0 before the first; if it is another heap's, that one's are pushed now
 * @region: as for remote_push(), like the rest
 * @addr: likewise
 * @nr: likewise
 *
 * Context: Any, NMI included; preemption is off until dt_remote_batch_push().
 */
void dt_remote_batch_add(struct dt_remote_batch *batch, struct dt_region *region, void *addr,
			 unsigned int nr)
{
	struct llist_node *link = remote_run_init(region, addr, nr);

	if (batch->heap != region->heap) {
		dt_remote_batch_push(batch);
		*batch = (struct dt_remote_batch){ .heap = region->heap, .last = link };
	}
	link->next = batch->first;
	batch->first = link;
}

/* Push what a batch has, if anything; it is not used any more. */
void dt_remote_batch_push(struct dt_remote_batch *batch)
{
	if (batch->heap)
		llist_add_batch(batch->first, batch->last, &batch->heap->remote);
}

/**
 * dt_heap_drain() - take home what others have freed
 * @heap: the heap; the caller owns it
 * @budget: at most so many runs, which bounds the section
 *
 * The whole list is taken with one exchange, and what is over is kept for the next time.
 *
 * Return: true if there is more.
 */
bool dt_heap_drain(struct dt_heap *heap, unsigned int budget)
{
	struct llist_node *link = heap->pending;
	unsigned long drained = 0;

	/* What was pushed in NMI is known to kmemleak still, and cannot be made unknown there. */
	if (dt_kmemleak_must_wait())
		return false;
	if (!link && !llist_empty(&heap->remote)) {
		link = llist_del_all(&heap->remote);
		stat_add(heap->drains, 1);
	}
	while (link && budget--) {
		struct dt_remote_run *run = llist_entry(link, struct dt_remote_run, link);
		struct dt_region *region = run->region;
		unsigned int first = region_index(region, run), nr = run->nr;

		link = link->next;
		dt_poison(run, sizeof(*run));
		dt_kmemleak_untrack(region, first, nr);
		dt_cache_put(heap, region, first, nr);
		drained += nr;
	}
	WRITE_ONCE(heap->pending, link);
	local64_sub(drained, &heap->counts.in_flight);
	return heap_has_remote(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_drain);
