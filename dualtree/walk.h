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
 * typedef dt_heap_fn - function that dt_walk_heaps() calls on a heap
 * @heap: the heap
 * @cpu: CPU that the heap belongs to, or -1 for the shared heap
 * @arg: argument that the walk was given
 *
 * Context: The owner of @heap. Preemption is off for an online CPU's heap, interrupts are off for
 * the shared heap; an offline CPU's heap is under a mutex.
 * Return: true to be called again, after the section or lock was left; false to end.
 */
typedef bool (*dt_heap_fn)(struct dt_heap *heap, int cpu, void *arg);

void dt_walk_heaps(struct dualtree *dt, dt_heap_fn fn, void *arg);
void dt_walk_cpu(struct dualtree *dt, struct dt_heap *heap, int cpu, dt_heap_fn fn, void *arg);
void dt_walk_shared(struct dualtree *dt, dt_heap_fn fn, void *arg);

#endif /* DUALTREE_WALK_H */
