/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The per-CPU front: who may touch which heap, and the instance that ties them together.
 *
 *	preemption off -> this CPU's heap -> busy? -> set busy -> work -> clear busy -> on
 *
 * That stretch is a section. No interrupt is disabled and no lock is taken: an interrupt
 * that arrives in it sees busy and leaves the heap alone. Its free goes to the heap's
 * remote list, its allocation is served by the instance's shared heap. So is one on a CPU
 * that has no heap and cannot make one, or runs without a tick and gets none.
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
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <dualtree/dualtree.h>
#include "../compat/kasan.h"
#include "cache.h"
#include "heap.h"
#include "leak.h"
#include "ledger.h"
#include "trace.h"

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
 * @heaps: this CPU's heap, or no_heap until the CPU has allocated; set once
 * @flags: DUALTREE_*; constant, as all up to @max_order
 * @zero: __GFP_ZERO if every allocation is cleared, else 0
 * @pool: where regions come from, or NULL for the default pools
 * @limit: most bytes of regions; 0: none
 * @min_order: pages of the smallest region, as a power of two
 * @max_order: pages of the largest
 * @held_bytes: bytes of regions, of those being got and put too
 * @counts: see there
 * @shared_lock: guards @shared, but for its remote list
 * @shared: serves those who cannot enter a heap of their own
 * @instance: place in the list of all instances; reclaim.c's
 * @publish: makes the debugfs files once the instance is in use
 * @dir: of the debugfs files; written by @publish
 * @name: for reports
 */
struct dualtree {
	struct heap * __percpu *heaps;
	unsigned long flags;
	gfp_t zero;
	struct buddy_pool *pool;
	size_t limit;
	unsigned int min_order;
	unsigned int max_order;

	atomic_long_t held_bytes;
	struct front_counts counts;

	raw_spinlock_t shared_lock;
	struct heap shared;

	struct list_head instance;
	struct work_struct publish;
	struct dentry *dir;
	char name[];
};

/* Calls that are made in one section for a bulk call, and their bytes; both bound it. */
#define BULK_MOST	16
#define BULK_BYTES	SZ_64K

/* Stands where a CPU has no heap: always busy, so it is never entered and never written to. */
extern struct heap no_heap;

/* The heap of a CPU, or NULL. */
static inline struct heap *heap_of_cpu(const struct dualtree *dt, int cpu)
{
	struct heap *heap = READ_ONCE(*per_cpu_ptr(dt->heaps, cpu));

	return heap == &no_heap ? NULL : heap;
}

/*
 * Begin a section on a heap that is not busy; preemption is off. An interrupt between the
 * test of busy and this has left its own section by the time this one goes on.
 */
static __always_inline void heap_enter(struct heap *heap)
{
	WRITE_ONCE(heap->busy, true);
	barrier();
}

static __always_inline void heap_leave(struct heap *heap)
{
	barrier();
	WRITE_ONCE(heap->busy, false);
}

/*
 * Enter a section, if this CPU's heap is there and not busy. Preemption is off from here on
 * whatever the outcome: who looks at a region must not be overtaken by a grace period.
 */
static __always_inline struct heap *section_begin(struct dualtree *dt)
{
	struct heap *heap;

	preempt_disable();
	heap = __this_cpu_read(*dt->heaps);
	if (unlikely(READ_ONCE(heap->busy)))
		return NULL;
	heap_enter(heap);
	return heap;
}

/*
 * Leave the section, and end what section_begin() began. In NMI nothing can go back to the
 * pool; it waits for the next section that ends so.
 *
 * Return: regions that the caller gives back with regions_put().
 */
static inline struct region *section_end(struct heap *heap)
{
	struct region *retired = NULL;

	if (heap) {
		if (unlikely(heap->retired) && !in_nmi())
			retired = heap_take_retired(heap);
		heap_leave(heap);
	}
	preempt_enable();
	return retired;
}

void *front_alloc_slow(struct dualtree *dt, struct heap *heap, size_t size, gfp_t gfp);
void *front_finish(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp);
int front_free_slow(struct dualtree *dt, struct region *region, const void *ptr, size_t len,
		    unsigned long caller);
int front_free_part(struct heap *heap, struct region *region, size_t offset, size_t len,
		    unsigned long caller);
int front_settle(struct heap *heap, struct region *region, unsigned int first, unsigned int nr);

/* Does front_finish() have to see each allocation? Known when this is compiled. */
#define ALLOC_TRACKED	(IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))

/* Is there something to be done with this allocation that front_alloc() does not do? */
static __always_inline bool alloc_watched(const struct dualtree *dt, gfp_t gfp)
{
	return trace_dualtree_alloc_enabled() || want_init_on_alloc(gfp | dt->zero);
}

/* Is there something to be done with this free that front_free() does not do? */
static __always_inline bool free_watched(void)
{
	return trace_dualtree_free_enabled() || want_init_on_free() || leak_must_wait();
}

/**
 * front_alloc() - allocate from this CPU's heap, or else from where it can be had
 * @dt: the instance
 * @size: bytes; any value
 * @gfp: for the pool, if it comes to that
 *
 * What is done here is the hot range. All else is behind calls in tail position, so that
 * this costs no stack frame.
 *
 * Context: Any that @gfp allows.
 * Return: the first byte, or NULL.
 */
static __always_inline void *front_alloc(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct heap *heap;
	void *ptr;

	preempt_disable();
	heap = __this_cpu_read(*dt->heaps);
	if (unlikely(READ_ONCE(heap->busy)))
		return front_alloc_slow(dt, NULL, size, gfp);
	heap_enter(heap);
	if (unlikely(!hot_fits(heap, size) || alloc_watched(dt, gfp)))
		return front_alloc_slow(dt, heap, size, gfp);
	ptr = hot_take(heap, size);
	local64_inc(&heap->counts.allocs);
	local64_add(size, &heap->counts.live_bytes);
	heap_leave(heap);
	preempt_enable();
	return ALLOC_TRACKED ? front_finish(dt, ptr, size, gfp) : ptr;
}

/**
 * front_free() - free any range of live bytes
 * @dt: the instance
 * @ptr: the first byte; any value whatever
 * @len: bytes
 * @caller: to be named if it is refused
 *
 * What is done here is a range of this CPU's heap that is all that lives in its granules,
 * up to the hot range. All else is behind calls in tail position, as in front_alloc().
 *
 * The check lies inside the section, so that a thread that frees the same bytes, and comes
 * between check and change, would have to be on another CPU or in an interrupt. Those races
 * of the callers are not found; see ledger.h.
 *
 * Context: Any, NMI included.
 * Return: 0, or -EINVAL or -EALREADY as dualtree_free() says.
 */
static __always_inline int front_free(struct dualtree *dt, const void *ptr, size_t len,
				      unsigned long caller)
{
	struct ledger_run run;
	struct region *region;
	struct heap *heap;
	size_t offset;

	preempt_disable();
	heap = __this_cpu_read(*dt->heaps);
	region = region_of(ptr);
	if (unlikely(!region || region->heap != heap || READ_ONCE(heap->busy) || free_watched()))
		return front_free_slow(dt, region, ptr, len, caller);
	offset = region_offset(region, ptr);
	/* A length of 0 is very long here. */
	if (unlikely(len - 1 >= region->bytes - offset))
		return front_free_slow(dt, region, ptr, len, caller);
	heap_enter(heap);
	if (unlikely(!ledger_take_whole(region->ledger, offset, len, &run)))
		return front_free_part(heap, region, offset, len, caller);
	local64_inc(&heap->counts.frees);
	local64_sub(len, &heap->counts.live_bytes);
	leak_untrack(region, run.first, run.nr);
	dt_poison(region_addr(region, run.first), (size_t)run.nr << DT_GRANULE_SHIFT);
	if (unlikely(!hot_put(heap, region, run.first, run.nr)))
		return front_settle(heap, region, run.first, run.nr);
	if (unlikely(hot_doubtful(heap, region)))
		return front_settle(heap, region, 0, 0);
	heap_leave(heap);
	preempt_enable();
	return 0;
}

void *front_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp);
unsigned int front_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
			      void **ptrs);

int front_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr,
		    unsigned long caller);
int front_refuse(struct dualtree *dt, const void *ptr, size_t len, int err, unsigned long caller);
bool front_extend(struct dualtree *dt, const void *ptr, size_t len, size_t new_len);

struct region *region_of_range(const struct dualtree *dt, const void *ptr, size_t len);
bool front_owns(const struct dualtree *dt, const void *ptr, size_t len);
int front_check(const struct dualtree *dt, const void *ptr, size_t len);

void region_put(struct dualtree *dt, struct region *region);
size_t regions_put(struct dualtree *dt, struct region *retired);
struct region *region_get(struct dualtree *dt, size_t size, size_t held, gfp_t gfp);

struct region *shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock);
void shared_drain(struct dualtree *dt);

void front_prepare_heap(struct dualtree *dt, gfp_t gfp);
size_t front_held_here(const struct dualtree *dt);
int front_init(struct dualtree *dt);
void front_release(struct dualtree *dt);

#endif /* DUALTREE_FRONT_H */
