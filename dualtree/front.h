/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The per-CPU front: who may touch which heap, and the instance that ties them together.
 *
 *	preemption off -> is this CPU's heap ready? -> take it -> work -> put it back -> on
 *
 * That stretch is a section. No interrupt is disabled and no lock is taken: an interrupt
 * that arrives in it does not find the heap ready, and leaves it alone. Its free goes to the
 * heap's remote list, its allocation is served by the instance's shared heap. So is one on a
 * CPU that has no heap and cannot make one, or runs without a tick and gets none.
 *
 * A heap is taken by a store over its pointer, of another that no request fits and no region
 * belongs to. So neither an allocation nor a free has to ask whether the heap is ready: what
 * it asks for anyway has the answer.
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
#include "../buddy/pool.h"
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
 * struct cpu_slot - what an instance has for a CPU
 * @ready: its heap while that can be entered, else open_heap in a section and no_heap as long
 *	as there is none; for this CPU alone
 * @heap: its heap, or NULL until the CPU has allocated; set once, readable by anybody
 */
struct cpu_slot {
	struct heap *ready;
	struct heap *heap;
};

/**
 * struct dualtree - an instance
 * @slots: for each CPU
 * @flags: DUALTREE_*; constant, as all up to @max_size
 * @zero: __GFP_ZERO if every allocation is cleared, else 0
 * @min_order: pages of the smallest region, as a power of two
 * @max_order: pages of the largest
 * @pool: where regions come from, or NULL for the default pools
 * @limit: most bytes of regions; 0: none
 * @max_size: bytes of the largest region
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
	struct cpu_slot __percpu *slots;
	unsigned long flags;
	gfp_t zero;
	u8 min_order;
	u8 max_order;
	struct buddy_pool *pool;
	size_t limit;
	size_t max_size;

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

/*
 * Stand in cpu_slot.ready where no heap does. Nothing fits in them, no region is theirs, and
 * they are never written to.
 */
extern struct heap dt_not_ready[2];
#define no_heap		(&dt_not_ready[0])
#define open_heap	(&dt_not_ready[1])

/* Is it a heap, and not what stands there when none can be entered? */
static __always_inline bool heap_is_ready(const struct heap *heap)
{
	return (unsigned long)heap - (unsigned long)dt_not_ready >= sizeof(dt_not_ready);
}

/* The heap of a CPU, or NULL. What it holds is seen as cpu_heap_install() published it. */
static inline struct heap *heap_of_cpu(const struct dualtree *dt, int cpu)
{
	return READ_ONCE(per_cpu_ptr(dt->slots, cpu)->heap);
}

/*
 * Open a section; preemption is off. An interrupt between the load and the store has left its
 * own section by the time this one goes on.
 *
 * Return: the heap, or what stands there; either is to be given to section_close().
 */
static __always_inline struct heap *section_open(struct dualtree *dt)
{
	struct heap *heap = __this_cpu_read(dt->slots->ready);

	__this_cpu_write(dt->slots->ready, open_heap);
	barrier();
	return heap;
}

static __always_inline void section_close(struct dualtree *dt, struct heap *heap)
{
	barrier();
	__this_cpu_write(dt->slots->ready, heap);
}

/*
 * Close a section that was opened on what is not ready. An interrupt may have made the CPU's
 * heap just before it was opened.
 */
static inline void section_close_unready(struct dualtree *dt, struct heap *heap)
{
	if (heap == no_heap && __this_cpu_read(dt->slots->heap))
		heap = __this_cpu_read(dt->slots->heap);
	section_close(dt, heap);
}

/*
 * Enter a section, if this CPU's heap is there and ready. Preemption is off from here on
 * whatever the outcome: who looks at a region must not be overtaken by a grace period.
 */
static __always_inline struct heap *section_begin(struct dualtree *dt)
{
	preempt_disable();
	if (unlikely(!heap_is_ready(__this_cpu_read(dt->slots->ready))))
		return NULL;
	return section_open(dt);
}

/*
 * Leave the section, and end what section_begin() began. In NMI nothing can go back to the
 * pool; it waits for the next section that ends so.
 *
 * Return: regions that the caller gives back with dt_regions_put().
 */
static inline struct region *section_end(struct dualtree *dt, struct heap *heap)
{
	struct region *retired = NULL;

	if (heap) {
		if (unlikely(heap->retired) && !in_nmi())
			retired = heap_take_retired(heap);
		section_close(dt, heap);
	}
	preempt_enable();
	return retired;
}

/* Those in tail position take what front_alloc() and front_free() were given where that lies. */
void *dt_front_alloc_slow(struct dualtree *dt, size_t size, gfp_t gfp, struct heap *heap);
void *dt_front_alloc_large(struct dualtree *dt, size_t size, gfp_t gfp, struct heap *heap);
void *dt_front_finish(struct dualtree *dt, void *ptr, size_t size, gfp_t gfp);
int dt_front_free_other(struct dualtree *dt, const void *ptr, size_t len, struct region *region,
			unsigned long caller);
int dt_front_free_outside(struct dualtree *dt, const void *ptr, size_t len, size_t before,
			  unsigned long caller);
int dt_front_free_slow(struct dualtree *dt, const void *ptr, size_t len, struct region *region,
		       unsigned long caller);
int dt_front_free_many(struct dualtree *dt, size_t offset, size_t len, struct region *region,
		       struct heap *heap, unsigned long caller);
int dt_front_free_bytes(struct dualtree *dt, size_t offset, size_t len, struct region *region,
			struct heap *heap, unsigned long caller);
int dt_front_settle(struct heap *heap, struct region *region, unsigned int first, unsigned int nr);

/* Does dt_front_finish() have to see each allocation? Known when this is compiled. */
#define ALLOC_TRACKED	(IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))

/* Is there something to be done with this allocation that front_alloc() does not do? */
static __always_inline bool alloc_watched(const struct dualtree *dt, gfp_t gfp)
{
	return trace_dualtree_alloc_enabled() || want_init_on_alloc(0) ||
	       (gfp | dt->zero) & (__GFP_ZERO | BUDDY_GFP_REFUSED);
}

/* Is there something to be done with this free that front_free() does not do? */
static __always_inline bool free_watched(void)
{
	return trace_dualtree_free_enabled() || want_init_on_free() || dt_kmemleak_must_wait();
}

/* Up to here front_alloc() serves; dt_front_alloc_large() fills the ledger of larger ones. */
#define ALLOC_LARGE	(33 * DT_GRANULE)

/* The end of an allocation that is the hot range. */
static __always_inline void *front_alloc_hot(struct dualtree *dt, struct heap *heap, size_t size,
					     gfp_t gfp, bool large)
{
	void *ptr = hot_take(heap, size, large);

	local64_inc(&heap->counts.allocs);
	local64_add(size, &heap->counts.live_bytes);
	section_close(dt, heap);
	preempt_enable();
	return ALLOC_TRACKED ? dt_front_finish(dt, ptr, size, gfp) : ptr;
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

	preempt_disable();
	heap = section_open(dt);
	if (unlikely(!hot_fits(heap, size) || alloc_watched(dt, gfp)))
		return dt_front_alloc_slow(dt, size, gfp, heap);
	if (size > ALLOC_LARGE)
		return dt_front_alloc_large(dt, size, gfp, heap);
	return front_alloc_hot(dt, heap, size, gfp, false);
}

/* Count a free that this CPU made; @heap is its heap. */
static __always_inline void count_local(struct heap *heap, size_t len)
{
	local64_inc(&heap->counts.frees);
	local64_sub(len, &heap->counts.live_bytes);
}

/* The end of a free of granules that are the heap's, and all of it: they become hot. */
static __always_inline int front_free_hot(struct dualtree *dt, struct heap *heap,
					  struct region *region, unsigned long first,
					  unsigned long nr, size_t len)
{
	unsigned long hot;

	count_local(heap, len);
	dt_kmemleak_untrack(region, first, nr);
	dt_poison(region_addr(region, first), (size_t)nr << DT_GRANULE_SHIFT);
	hot = hot_put(heap, region, first, nr);
	if (unlikely(!hot))
		return dt_front_settle(heap, region, first, nr);
	if (unlikely(hot_doubtful(heap, region, hot)))
		return dt_front_settle(heap, region, 0, 0);
	section_close(dt, heap);
	preempt_enable();
	return 0;
}

/**
 * front_free() - free any range of live bytes
 * @dt: the instance
 * @ptr: the first byte; any value whatever
 * @len: bytes
 * @before: bytes before @ptr that have to lie in the same region; they are kept
 *
 * What is done here is all that lives in a granule of this CPU's heap. All else is behind
 * calls in tail position, as in front_alloc(), from the next common on. Who is named if the
 * free is refused is the caller of the function that this becomes part of.
 *
 * The check lies inside the section, so that a thread that frees the same bytes, and comes
 * between check and change, would have to be on another CPU or in an interrupt. Those races
 * of the callers are not found; see ledger.h.
 *
 * Context: Any, NMI included.
 * Return: 0, or -EINVAL or -EALREADY as dualtree_free() says.
 */
static __always_inline int front_free(struct dualtree *dt, const void *ptr, size_t len,
				      size_t before)
{
	struct region *region;
	struct heap *heap;
	size_t offset, first;

	preempt_disable();
	heap = __this_cpu_read(dt->slots->ready);
	region = buddy_owner_or_nobody(ptr);
	offset = region_offset(region, ptr);
	if (unlikely(offset < before))
		return dt_front_free_outside(dt, ptr, len, before, _RET_IP_);
	if (unlikely(region->heap != heap || free_watched()))
		return dt_front_free_other(dt, ptr, len, region, _RET_IP_);
	if (unlikely(!region_holds(region, offset, len)))
		return dt_front_free_slow(dt, ptr, len, region, _RET_IP_);
	section_open(dt);
	first = offset >> DT_GRANULE_SHIFT;
	if ((offset + len - 1) >> DT_GRANULE_SHIFT != first)
		return dt_front_free_many(dt, offset, len, region, heap, _RET_IP_);
	if (unlikely(!ledger_take_granule(region->ledger + first, len)))
		return dt_front_free_bytes(dt, offset, len, region, heap, _RET_IP_);
	return front_free_hot(dt, heap, region, first, 1, len);
}

void *dt_front_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp);
unsigned int dt_front_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
				 void **ptrs);

int dt_front_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr,
		       unsigned long caller);
int dt_front_refuse(struct dualtree *dt, const void *ptr, size_t len, int err,
		    unsigned long caller);
bool dt_front_extend(struct dualtree *dt, const void *ptr, size_t len, size_t new_len);

struct region *dt_region_of_range(const struct dualtree *dt, const void *ptr, size_t len);
bool dt_front_owns(const struct dualtree *dt, const void *ptr, size_t len);
int dt_front_check(const struct dualtree *dt, const void *ptr, size_t len);

void dt_region_put(struct dualtree *dt, struct region *region);
size_t dt_regions_put(struct dualtree *dt, struct region *retired);
struct region *dt_region_get(struct dualtree *dt, size_t size, size_t held, gfp_t gfp);

struct region *dt_shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock);
void dt_shared_drain(struct dualtree *dt);

void dt_front_prepare_heap(struct dualtree *dt, gfp_t gfp);
size_t dt_front_held_here(const struct dualtree *dt);
int dt_front_init(struct dualtree *dt);
void dt_front_release(struct dualtree *dt);

#endif /* DUALTREE_FRONT_H */
