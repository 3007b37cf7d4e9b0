/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote frees: granules that somebody else has brought to 0, on their way to their owner.
 *
 *	others ---> push ---> heap.remote ---> (one exchange) heap.pending ---> owner
 *
 * Pushed without a lock, linked through themselves, so that a push needs nothing and cannot
 * fail. The owner takes the whole list at once and puts it where it belongs in sections of
 * at most REMOTE_DRAIN_MOST runs.
 */
#ifndef DUALTREE_REMOTE_H
#define DUALTREE_REMOTE_H

#include "heap.h"

/* Runs of a remote list that go back in one section, which bounds it. */
#define REMOTE_DRAIN_MOST	32

void heap_push(struct heap *heap, void *addr, unsigned int nr);
bool heap_drain(struct heap *heap, unsigned int most);

/* Is there anything that heap_drain() would find? Anybody may ask. */
static inline bool heap_has_remote(const struct heap *heap)
{
	return READ_ONCE(heap->pending) || !llist_empty(&heap->remote);
}

#endif /* DUALTREE_REMOTE_H */
