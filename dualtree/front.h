/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The per-CPU front: who may touch which heap, and the instance that ties them together.
 *
 *	preemption off -> this CPU's heap -> busy? -> set busy -> work -> clear busy -> on
 *
 * That stretch is a section. No interrupt is disabled and no lock is taken: an interrupt
 * that arrives in it sees busy and leaves the heap alone. Its free goes to the heap's
 * remote list, its allocation is served by the instance's shared heap. So is one on a CPU
 * that has no heap and cannot make one.
 *
 * What can take a lock, sleep or call the page allocator is done outside of sections: a
 * section that lacks memory is left, a region is got, and another one entered, perhaps on
 * another CPU.
 *
 * Locks: the shared heap's, raw, taken with interrupts disabled, tried only in NMI. Nothing
 * is taken under it.
 */
#ifndef DUALTREE_FRONT_H
#define DUALTREE_FRONT_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <dualtree/dualtree.h>
#include "heap.h"

struct dentry;

/**
 * struct front_counts - what no heap's owner can count, because no heap was entered
 * @frees: frees made in nested contexts or where the CPU has no heap
 * @remote_frees: those among them that were pushed
 * @live_bytes: the negative of the bytes that these freed
 * @in_flight: granules that these pushed
 * @failed_allocs: as in struct dualtree_stats
 * @bad_frees: likewise
 * @region_gets: likewise
 * @region_puts: likewise
 */
struct front_counts {
	atomic64_t frees;
	atomic64_t remote_frees;
	atomic64_t live_bytes;
	atomic64_t in_flight;
	atomic64_t failed_allocs;
	atomic64_t bad_frees;
	atomic64_t region_gets;
	atomic64_t region_puts;
};

/**
 * struct dualtree - an instance
 * @heaps: this CPU's heap, or NULL until the CPU has allocated; set once
 * @flags: DUALTREE_*; constant, as all up to @max_order
 * @pool: where regions come from, or NULL for the default pools
 * @limit: most bytes of regions; 0: none
 * @min_order: pages of the smallest region, as a power of two
 * @max_order: pages of the largest
 * @held_bytes: bytes of regions, of those being got and put too
 * @counts: see there
 * @shared_lock: guards @shared, but for its remote list
 * @shared: serves those who cannot enter a heap of their own
 * @publish: makes the debugfs files once the instance is in use
 * @dir: of the debugfs files; written by @publish
 * @name: for reports
 */
struct dualtree {
	struct heap * __percpu *heaps;
	unsigned long flags;
	struct buddy_pool *pool;
	size_t limit;
	unsigned int min_order;
	unsigned int max_order;

	atomic_long_t held_bytes;
	struct front_counts counts;

	raw_spinlock_t shared_lock;
	struct heap shared;

	struct work_struct publish;
	struct dentry *dir;
	char name[];
};

/*
 * Enter a section, if this CPU's heap is there and not busy. Preemption is off from here on
 * whatever the outcome: who looks at a region must not be overtaken by a grace period.
 *
 * An interrupt between the test of busy and the setting of it has left its own section by
 * the time this one goes on.
 */
static inline struct heap *section_begin(struct dualtree *dt)
{
	struct heap *heap;

	preempt_disable();
	heap = *this_cpu_ptr(dt->heaps);
	if (unlikely(!heap || heap->busy))
		return NULL;
	WRITE_ONCE(heap->busy, true);
	barrier();
	return heap;
}

/*
 * Leave the section, and end what section_begin() began. In NMI nothing can go back to the
 * pool; it waits for the next section.
 *
 * Return: regions that the caller gives back with regions_put().
 */
static inline struct region *section_end(struct heap *heap)
{
	struct region *retired = NULL;

	if (heap) {
		if (unlikely(heap->retired) && !in_nmi())
			retired = heap_take_retired(heap);
		barrier();
		WRITE_ONCE(heap->busy, false);
	}
	preempt_enable();
	return retired;
}

void *front_alloc(struct dualtree *dt, size_t size, gfp_t gfp);
int front_free(struct dualtree *dt, const void *ptr, size_t len);
bool front_owns(const struct dualtree *dt, const void *ptr, size_t len);

size_t regions_put(struct dualtree *dt, struct region *retired);
struct region *shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock);
void shared_drain(struct dualtree *dt);

int front_init(struct dualtree *dt);
void front_release(struct dualtree *dt);

#endif /* DUALTREE_FRONT_H */
