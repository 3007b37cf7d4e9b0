/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote frees: granules in which a context other than their owner's section has freed the last
 * live byte.
 *
 *	other CPUs, interrupts				the owner
 *	  ledger: dead  --> bit of the region's map --> takes the bits
 *	  region queued --> dt_heap.remote          --> takes the list, and the regions' runs
 *
 * From push to drain the granules are in flight. Nothing is written to the freed memory itself. A
 * run is marked dead in the ledger, a bit of its region's map says where to look, and the region is
 * queued on its heap if it is not. So a push needs no memory, cannot fail, and a stray write to
 * what is in flight does no harm. Runs that are adjacent are drained as one. A request may take the
 * first run without a drain: remote_take.h.
 *
 * The first granule of a run has a mark of its own, LEDGER_DEAD, which is stored last. The owner
 * begins with such a mark, and takes what follows up to the first granule that is not dead. Words
 * of the ledger that a push stores may overlap, so before the mark no granule of the run may be
 * taken; and as long as the first one is not dead, no drain gets to those after it.
 *
 *	state of a region	its record is freed
 *	REGION_IDLE		when the region is destroyed
 *	REGION_QUEUED		as REGION_RETIRED, if it is destroyed now
 *	REGION_RETIRED		when it is taken off the queue
 *
 * A push is remote_mark(), and dt_remote_queue() if that says so.
 *
 * Context: a push any, NMI included, without a lock; a drain the heap's owner. Barriers: a push is
 * a store-release of the mark, an atomic operation on the map with full barriers before and after
 * it, and a look at the region's state. A drain takes the bits and reads the ledger; where none are
 * left it changes the state and looks at the bits once more, with full barriers in between. Either
 * the push sees that the region is not queued, or the drain sees the bit: litmus/remote-queue; and
 * with the bit it sees the mark, and with the mark all that was done to
 * the run: litmus/remote-push, remote-reuse. Requests that take runs do the same, in several calls.
 */
#ifndef DUALTREE_REMOTE_H
#define DUALTREE_REMOTE_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/llist.h>
#include "heap.h"
#include "ledger.h"

/* Max runs that are drained in one section: bounds it. */
#define REMOTE_DRAIN_MAX	32

/* The inside of a run is dead: mark its first granule, and set its bit. */
static __always_inline bool remote_publish(struct dt_region *region, unsigned long first)
{
	/*
	 * Release: all that was done to the run before it. Pairs with smp_rmb() in dead_end(),
	 * dead_end_many() and dead_exactly().
	 */
	smp_store_release(&region->ledger[first], LEDGER_DEAD);
	/* Full: the mark before the bit. Pairs with the xchg() that takes the bits. */
	smp_mb__before_atomic();
	set_bit(first / REGION_MAP_GRANULES, region->map);
	/* Full: the bit before the look at the state. Pairs with dt_remote_finish()'s cmpxchg(). */
	smp_mb__after_atomic();
	return READ_ONCE(region->state) == REGION_IDLE;
}

/**
 * remote_mark() - mark granules dead: the first half of a push
 * @region: the region that they lie in
 * @first: first granule
 * @nr: number of granules, not 0, the caller's alone: nothing else is live in them. Their counts
 *	are as they were.
 *
 * Context: Any, NMI included; preemption is off. The caller must not touch the granules after it.
 * Return: true if the region is to be queued, by dt_remote_queue().
 */
static __always_inline bool remote_mark(struct dt_region *region, unsigned long first,
					unsigned long nr)
{
	ledger_set(region->ledger, first + 1, nr - 1, LEDGER_DEAD_INSIDE);
	return remote_publish(region, first);
}

/* remote_mark() for granule @first and @more after it, at most 32. */
static __always_inline bool remote_mark_few(struct dt_region *region, unsigned long first,
					    unsigned long more)
{
	ledger_set_few(region->ledger + first + 1, more, LEDGER_DEAD_INSIDE);
	return remote_publish(region, first);
}

bool dt_remote_queue(struct dt_region *region);
void *dt_remote_take(struct dt_heap *heap, size_t size);
bool dt_heap_drain(struct dt_heap *heap, unsigned int budget, unsigned int want);
void dt_heap_forget_remote(struct dt_heap *heap);

/* Is there a run to drain? For the owner, or where a wrong answer does no harm. */
static inline bool heap_has_remote(const struct dt_heap *heap)
{
	return READ_ONCE(heap->pending) || !llist_empty(&heap->remote);
}

/*
 * Is a region queued on a heap? Any CPU may ask. What was queued before counts until it is drained,
 * while the owner takes the list, too.
 */
static inline bool heap_is_queued_on(const struct dt_heap *heap)
{
	if (!llist_empty(&heap->remote))
		return true;
	/* Or it was taken: pairs with the xchg() in remote_take_list(), litmus/in-flight-take. */
	smp_rmb();
	return READ_ONCE(heap->pending);
}

#endif /* DUALTREE_REMOTE_H */
