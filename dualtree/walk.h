/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking the heaps of an instance as their owner: see walk.c.
 */
#ifndef DUALTREE_WALK_H
#define DUALTREE_WALK_H

#include <linux/types.h>

struct dualtree;
struct dt_heap;

/**
 * typedef dt_heap_fn - what dt_walk_heaps() calls on a heap, as its owner
 * @heap: the heap; preemption or interrupts are off
 * @cpu: whose it is, or -1 for the shared heap
 * @arg: as given
 *
 * Return: true to be called again, in another section.
 */
typedef bool (*dt_heap_fn)(struct dt_heap *heap, int cpu, void *arg);

void dt_walk_heaps(struct dualtree *dt, dt_heap_fn fn, void *arg);
void dt_walk_offline(struct dualtree *dt, struct dt_heap *heap, int cpu, dt_heap_fn fn, void *arg);
void dt_walk_shared(struct dualtree *dt, dt_heap_fn fn, void *arg);

#endif /* DUALTREE_WALK_H */
