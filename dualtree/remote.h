/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote frees: granules that somebody else has brought to 0, on their way to their owner.
 *
 *	others ---> push ---> heap.remote ---> (one exchange) heap.pending ---> owner
 *
 * Pushed without a lock, linked through themselves, so that a push needs nothing and cannot
 * fail. The owner takes the whole list at once and puts it where it belongs in sections of
 * at most REMOTE_DRAIN_MAX runs.
 *
 * A call that frees several ranges may push those of one owner together, in one exchange;
 * they are held back no longer than its section lasts.
 */
#ifndef DUALTREE_REMOTE_H
#define DUALTREE_REMOTE_H

#include <linux/atomic.h>
#include "../compat/kasan.h"
#include "heap.h"

/* Runs of a remote list that go back in one section, which bounds it. */
#define REMOTE_DRAIN_MAX	32

/**
 * struct dt_remote_batch - runs that are to be pushed to one heap together
 * @heap: the heap; NULL: there are none
 * @first: the latest of them, linked to the others
 * @last: the earliest
 */
struct dt_remote_batch {
	struct dt_heap *heap;
	struct llist_node *first;
	struct llist_node *last;
};

/**
 * struct dt_remote_run - freed granules on their way to their owner; lies in the first
 * @link: next in heap.remote
 * @region: what they lie in
 * @nr: how many
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
 * remote_push() - send granules to their heap, which is somebody else's
 * @region: what they lie in
 * @addr: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger, and the caller's alone
 *
 * The link lies in the granules themselves, so this needs nothing and cannot fail. It is
 * llist_add(), without the call that most kernels make of that.
 *
 * Context: Any, NMI included.
 */
static inline void remote_push(struct dt_region *region, void *addr, unsigned int nr)
{
	struct llist_node *link = remote_run_init(region, addr, nr);
	struct llist_head *remote = &region->heap->remote;
	struct llist_node *first = READ_ONCE(remote->first);

	do {
		link->next = first;
	} while (!try_cmpxchg(&remote->first, &first, link));
}

void dt_remote_batch_add(struct dt_remote_batch *batch, struct dt_region *region, void *addr,
			 unsigned int nr);
void dt_remote_batch_push(struct dt_remote_batch *batch);
bool dt_heap_drain(struct dt_heap *heap, unsigned int budget);

/* Is there anything that dt_heap_drain() would find? Anybody may ask. */
static inline bool heap_has_remote(const struct dt_heap *heap)
{
	return READ_ONCE(heap->pending) || !llist_empty(&heap->remote);
}

#endif /* DUALTREE_REMOTE_H */
