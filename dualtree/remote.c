// SPDX-License-Identifier: GPL-2.0
/*
 * Remote frees: pushing several runs at once, and draining them. remote.h has the picture, the
 * contexts and the barriers.
 */
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "kmemleak.h"
#include "remote.h"

/**
 * dt_remote_batch_add() - add a run to a batch
 * @batch: the batch, zeroed before the first run; runs of another heap in it are pushed now
 * @region: the region that the run lies in
 * @addr: address of the first granule
 * @nr: number of granules, not 0, all of them 0 in the ledger and the caller's alone
 *
 * Context: Any, NMI included; preemption is off until dt_remote_batch_push().
 */
void dt_remote_batch_add(struct dt_remote_batch *batch, struct dt_region *region, void *addr,
			 unsigned int nr)
{
	struct llist_node *link = remote_run_init(region, addr, nr);
	struct dt_heap *heap = region_heap(region);

	if (batch->heap != heap) {
		dt_remote_batch_push(batch);
		*batch = (struct dt_remote_batch){ .heap = heap, .last = link };
	}
	link->next = batch->first;
	batch->first = link;
}

/* Push the runs of a batch, if it has any. The batch is not used after that. */
void dt_remote_batch_push(struct dt_remote_batch *batch)
{
	if (batch->heap)
		llist_add_batch(batch->first, batch->last, &batch->heap->remote);
}

/**
 * dt_heap_drain() - insert runs of the remote list into quick lists and trees
 * @heap: the heap
 * @budget: max number of runs
 *
 * The whole list is taken; runs beyond @budget are kept in @heap->pending for the next drain. A
 * new list is taken only when none are left there. In NMI nothing is done on kmemleak kernels.
 *
 * Context: Any; the caller owns the heap.
 * Return: true if there is more to drain; in NMI on kmemleak kernels false.
 */
bool dt_heap_drain(struct dt_heap *heap, unsigned int budget)
{
	struct llist_node *link = heap->pending;
	unsigned long drained = 0;

	/* Runs that were freed in NMI are still registered, and cannot be unregistered in NMI. */
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
