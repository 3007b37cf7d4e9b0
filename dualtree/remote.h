/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote frees: runs of granules that a context other than their owner's section has brought to 0.
 *
 *	other CPUs, interrupts --> push --> heap.remote --> (one exchange) heap.pending --> owner
 *
 * From push to drain a run is in flight. Its link lies in the run itself, so a push needs no
 * memory and cannot fail. The owner takes the whole list with one exchange and inserts it in
 * sections of at most REMOTE_DRAIN_MAX runs.
 *
 * A call that frees several ranges pushes those of one owner with one exchange, at the end of its
 * section at the latest.
 *
 * Context: a push any, NMI included, without a lock; a drain the heap's owner. Barriers: a push is
 * a compare-exchange that succeeds, a drain an exchange; both are full. So the owner sees the
 * run's length and link, and all that was done to its bytes: litmus/remote-push, remote-reuse.
 */
#ifndef DUALTREE_REMOTE_H
#define DUALTREE_REMOTE_H

#include <linux/atomic.h>
#include "../compat/kasan.h"
#include "heap.h"

/* Max runs that are drained in one section: bounds it. design.rst has what 32 of them cost. */
#define REMOTE_DRAIN_MAX	32

/**
 * struct dt_remote_batch - runs that are to be pushed to one heap together
 * @heap: the heap, or NULL if there are no runs
 * @first: link of the latest run, which leads to the others
 * @last: link of the earliest run
 */
struct dt_remote_batch {
	struct dt_heap *heap;
	struct llist_node *first;
	struct llist_node *last;
};

/**
 * struct dt_remote_run - a run in flight; lies in its first granule
 * @link: next run of dt_heap.remote
 * @region: the region that the run lies in
 * @nr: number of granules
 */
struct dt_remote_run {
	struct llist_node link;
	struct dt_region *region;
	unsigned int nr;
};

static_assert(sizeof(struct dt_remote_run) <= DT_GRANULE);

static inline struct llist_node *remote_run_init(struct dt_region *region, void *addr,
						 unsigned int nr)
{
	struct dt_remote_run *run = addr;

	dt_unpoison(run, sizeof(*run));
	run->region = region;
	run->nr = nr;
	return &run->link;
}

/**
 * remote_push() - push a run to its heap's remote list
 * @region: the region that the run lies in
 * @addr: address of the first granule
 * @nr: number of granules, not 0, all of them 0 in the ledger and the caller's alone
 *
 * This is llist_add(), which most kernels do not inline.
 *
 * Context: Any, NMI included; preemption is off.
 */
static inline void remote_push(struct dt_region *region, void *addr, unsigned int nr)
{
	struct llist_node *link = remote_run_init(region, addr, nr);
	struct llist_head *remote = &region_heap(region)->remote;
	struct llist_node *first = READ_ONCE(remote->first);

	do {
		link->next = first;
	} while (!try_cmpxchg(&remote->first, &first, link));
}

void dt_remote_batch_add(struct dt_remote_batch *batch, struct dt_region *region, void *addr,
			 unsigned int nr);
void dt_remote_batch_push(struct dt_remote_batch *batch);
bool dt_heap_drain(struct dt_heap *heap, unsigned int budget);

/* Is there a run to drain? Any CPU may ask. */
static inline bool heap_has_remote(const struct dt_heap *heap)
{
	return READ_ONCE(heap->pending) || !llist_empty(&heap->remote);
}

#endif /* DUALTREE_REMOTE_H */
