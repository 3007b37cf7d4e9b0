/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reaching every heap of an instance: see visit.c.
 */
#ifndef DUALTREE_VISIT_H
#define DUALTREE_VISIT_H

#include <linux/types.h>

struct dualtree;
struct dualtree_stats;
struct heap;

/**
 * typedef heap_visitor - what dt_visit_heaps() calls on a heap, as its owner
 * @heap: the heap; preemption or interrupts are off
 * @cpu: whose it is, or -1 for the shared heap
 * @arg: as given
 *
 * Return: true to be called again, in another section.
 */
typedef bool (*heap_visitor)(struct heap *heap, int cpu, void *arg);

void dt_visit_heaps(struct dualtree *dt, heap_visitor visit, void *arg);
void dt_visit_offline(struct dualtree *dt, struct heap *heap, int cpu, heap_visitor visit,
		      void *arg);
void dt_visit_shared(struct dualtree *dt, heap_visitor visit, void *arg);
void dt_instance_stats(struct dualtree *dt, struct dualtree_stats *stats);

#endif /* DUALTREE_VISIT_H */
