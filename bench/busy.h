/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote frees of dualtree on one CPU.
 *
 * A free that finds its heap busy does what a free on another CPU does: it pushes to the remote
 * list. So a heap that is made to look busy shows what a push costs, and what its owner then
 * takes to drain it, without a second CPU and its caches.
 *
 * Context: process context, on the CPU whose heap all slots are in; one CPU is online.
 */
#ifndef DUALTREE_BENCH_BUSY_H
#define DUALTREE_BENCH_BUSY_H

#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include <dualtree/dualtree.h>

#include "../dualtree/cache.h"
#include "../dualtree/remote.h"
#include "../dualtree/section.h"
#include "bench.h"

/* Stands in for a heap that is busy: it owns no region. */
static struct dt_heap nothing = { .hot.nr = HOT_OFF };

/* Frees the slots @first, and each @step after it, while this CPU's heap looks busy. */
static inline u64 push(const struct bench *b, unsigned int first, unsigned int step,
		       unsigned int nr)
{
	struct bench_slot *slot = b->table->slots + first;
	struct dualtree *dt = b->ctx;
	struct dt_heap *heap;
	u64 start, ns;

	preempt_disable();
	heap = this_cpu_ptr(dt->slots)->active;
	this_cpu_ptr(dt->slots)->active = &nothing;
	barrier();
	start = ktime_get_ns();
	for (; nr--; slot += step)
		dualtree_free(dt, slot->ptr, slot->size);
	ns = ktime_get_ns() - start;
	barrier();
	this_cpu_ptr(dt->slots)->active = heap;
	preempt_enable();
	return ns;
}

/* Allocates the same slots anew. Return: nanoseconds, as push(). */
static inline u64 refill(const struct bench *b, unsigned int first, unsigned int step,
			 unsigned int nr)
{
	struct bench_slot *slot = b->table->slots + first;
	struct dualtree *dt = b->ctx;
	u64 start = ktime_get_ns();

	for (; nr--; slot += step)
		slot->ptr = dualtree_alloc(dt, slot->size, GFP_ATOMIC);
	return ktime_get_ns() - start;
}

/* Two sizes, in bytes, that no quick list has. */
#define LARGE	5000
#define LARGER	6000

/* One allocation that only the trees serve: the hot range must be of another size. */
static inline u64 tree_alloc(struct dualtree *dt, size_t size)
{
	u64 start = ktime_get_ns(), ns;
	void *ptr = dualtree_alloc(dt, size, GFP_ATOMIC);

	ns = ktime_get_ns() - start;
	dualtree_free(dt, ptr, size);
	return ns;
}

/* Is a run in flight to this CPU's heap? */
static inline bool in_flight(struct dualtree *dt)
{
	return heap_has_remote(raw_cpu_ptr(dt->slots)->heap);
}

#endif /* DUALTREE_BENCH_BUSY_H */
