// SPDX-License-Identifier: GPL-2.0
/*
 * Remote frees: pushing granules to a heap that is somebody else's, and the owner's taking
 * them home. remote.h says how.
 */
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "leak.h"
#include "remote.h"

/**
 * struct remote_run - freed granules on their way to their owner; lies in the first
 * @link: next in heap.remote
 * @nr: how many
 */
struct remote_run {
	struct llist_node link;
	unsigned int nr;
};

static_assert(sizeof(struct remote_run) <= DT_GRANULE);

static struct llist_node *remote_run_init(void *addr, unsigned int nr)
{
	struct remote_run *run = addr;

	dt_unpoison(run, sizeof(*run));
	run->nr = nr;
	return &run->link;
}

/**
 * heap_push() - send granules to a heap that is somebody else's
 * @heap: the heap
 * @addr: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger, and the caller's alone
 *
 * The link lies in the granules themselves, so this needs nothing and cannot fail.
 *
 * Context: Any, NMI included.
 */
void heap_push(struct heap *heap, void *addr, unsigned int nr)
{
	llist_add(remote_run_init(addr, nr), &heap->remote);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_push);

/**
 * remote_batch_add() - send granules to a heap with the others that go there
 * @batch: all 0 before the first; if it is another heap's, that one's are pushed now
 * @heap: as for heap_push(), like the rest
 * @addr: likewise
 * @nr: likewise
 *
 * Context: Any, NMI included; preemption is off until remote_batch_push().
 */
void remote_batch_add(struct remote_batch *batch, struct heap *heap, void *addr, unsigned int nr)
{
	struct llist_node *link = remote_run_init(addr, nr);

	if (batch->heap != heap) {
		remote_batch_push(batch);
		*batch = (struct remote_batch){ .heap = heap, .last = link };
	}
	link->next = batch->first;
	batch->first = link;
}

/* Push what a batch has, if anything; it is not used any more. */
void remote_batch_push(struct remote_batch *batch)
{
	if (batch->heap)
		llist_add_batch(batch->first, batch->last, &batch->heap->remote);
}

/**
 * heap_drain() - take home what others have freed
 * @heap: the heap; the caller owns it
 * @most: at most so many runs, which bounds the section
 *
 * The whole list is taken with one exchange, and what is over is kept for the next time.
 *
 * Return: true if there is more.
 */
bool heap_drain(struct heap *heap, unsigned int most)
{
	/* What was pushed in NMI is known to kmemleak still, and cannot be made unknown there. */
	if (leak_must_wait())
		return false;
	if (!heap->pending && !llist_empty(&heap->remote)) {
		WRITE_ONCE(heap->pending, llist_del_all(&heap->remote));
		heap_count(heap->drains, 1);
	}
	while (heap->pending && most--) {
		struct remote_run *run = llist_entry(heap->pending, struct remote_run, link);
		struct region *region = region_of(run);
		unsigned int first = region_index(region, run), nr = run->nr;

		WRITE_ONCE(heap->pending, run->link.next);
		dt_poison(run, sizeof(*run));
		local64_sub(nr, &heap->counts.in_flight);
		leak_untrack(region, first, nr);
		cache_put(heap, region, first, nr);
	}
	return heap_has_remote(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_drain);
