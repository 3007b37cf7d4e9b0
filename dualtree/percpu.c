// SPDX-License-Identifier: GPL-2.0
/*
 * The heaps of an instance: one for each CPU that allocates, and the one that its CPUs share.
 *
 *	an allocation					is served by
 *	on a CPU with a heap				that heap
 *	of an instance that is small and quiet		the shared heap
 *	in an interrupt inside a section		the shared heap
 *	on a CPU that runs without a tick		the shared heap
 *	where a heap cannot be allocated		the shared heap, until one can
 *
 * What lies in one heap is no use to the CPUs of the others. A stream that any CPU serves holds
 * several times what lives in it if each has a heap. So an instance begins with one for all. A CPU
 * gets its own when it makes more than shared_calls allocations in a row; when the CPUs make TURNS
 * times as many in a window of WINDOW_JIFFIES; when another CPU has the shared heap locked at that
 * moment; or when that heap would have to hold more than a region of grown_order. The CPU keeps it.
 *
 * Locks: dualtree.shared_lock for the shared heap, see instance.h; none for the others, which are
 * entered as section.h says.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tick.h>
#include <linux/topology.h>
#include "../buddy/fault.h"
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "cache.h"
#include "grow.h"
#include "kmemleak.h"
#include "percpu.h"
#include "remote.h"
#include "section.h"
#include "slots.h"

/*
 * The parameter shared_calls. A pair of calls on the shared heap takes several times what one on a
 * CPU's heap takes. A CPU that goes on calling soon makes up for 32 of them.
 */
unsigned int dt_shared_calls = 32;
EXPORT_SYMBOL_FOR_DT_TEST(dt_shared_calls);
module_param_named(shared_calls, dt_shared_calls, uint, 0644);
MODULE_PARM_DESC(shared_calls,
		 "allocations in a row after which a CPU gets a heap of its own; 0: at once");

/* Length of a window: 10 ms, or a tick where that is longer. */
#define WINDOW_JIFFIES	(HZ / 100 ?: 1)

/*
 * CPUs that take turns get heaps of their own after so many times shared_calls in a window: 100,000
 * a second. A heap for each takes more memory then, and a call waits for another CPU's cache lines
 * in any case.
 */
#define TURNS		32

/* A CPU's heap and its quick lists; with DUALTREE_EXACT_FIT only the heap is allocated. */
struct cpu_heap {
	struct dt_heap heap;
	struct dt_quick quick;
};

/* For struct cpu_heap: the kernel's next larger block is half as large again. */
static struct kmem_cache *heaps;

/* Return: 0 or -ENOMEM. */
int __init dt_percpu_setup(void)
{
	heaps = kmem_cache_create("dualtree_heap", sizeof(struct cpu_heap), 0, SLAB_HWCACHE_ALIGN,
				  NULL);
	return heaps ? 0 : -ENOMEM;
}

/* There is no instance any more. */
void dt_percpu_teardown(void)
{
	kmem_cache_destroy(heaps);
}

static size_t cpu_heap_bytes(const struct dualtree *dt)
{
	return dt->flags & DUALTREE_EXACT_FIT ? sizeof(struct dt_heap) : sizeof(struct cpu_heap);
}

static struct dt_heap *cpu_heap_create(const struct dualtree *dt, gfp_t gfp)
{
	struct cpu_heap *cpu_heap;

	if (buddy_fault_due())
		return NULL;
	gfp &= ~(__GFP_ACCOUNT | __GFP_COMP);
	gfp |= __GFP_NOWARN | __GFP_ZERO;
	if (dt->flags & DUALTREE_EXACT_FIT)
		cpu_heap = kmalloc_node(sizeof(cpu_heap->heap), gfp, numa_mem_id());
	else
		cpu_heap = kmem_cache_alloc_node(heaps, gfp, numa_mem_id());
	if (!cpu_heap)
		return NULL;
	dt_heap_init(&cpu_heap->heap);
	if (!(dt->flags & DUALTREE_EXACT_FIT))
		dt_cache_init(&cpu_heap->heap, &cpu_heap->quick);
	return &cpu_heap->heap;
}

static void cpu_heap_destroy(struct dt_heap *heap)
{
	struct cpu_heap *cpu_heap = container_of(heap, struct cpu_heap, heap);

	if (heap->quick)
		kmem_cache_free(heaps, cpu_heap);
	else
		kfree(cpu_heap);
}

/*
 * Install a heap for the CPU that this runs on by now. Return: false if an interrupt, or another
 * task, has made one in between; or if the CPU runs without a tick. Such a CPU is sent no
 * interrupt, so what its heap holds could not be reclaimed.
 */
static bool cpu_heap_install(struct dualtree *dt, struct dt_heap *heap)
{
	bool installed;

	preempt_disable();
	installed = !tick_nohz_full_cpu(smp_processor_id()) &&
		    this_cpu_cmpxchg(dt->slots->active, heap_none, heap) == heap_none;
	if (installed) {
		/*
		 * Publish: reclaim and statistics follow this pointer on other CPUs. Pairs
		 * with the address dependency in heap_of_cpu(): litmus/heap-publish.
		 */
		smp_store_release(&this_cpu_ptr(dt->slots)->heap, heap);
		atomic_long_add(cpu_heap_bytes(dt), &dt->record_bytes);
	}
	preempt_enable();
	return installed;
}

/*
 * Count an allocation on a CPU without a heap. CPUs may count at once, and miss some of each
 * other's. Return: true if there were more than the parameter allows.
 */
static bool count_shared(struct dualtree *dt, unsigned int max)
{
	u16 window = jiffies / WINDOW_JIFFIES, cpu = raw_smp_processor_id();
	u16 row = READ_ONCE(dt->row), calls = READ_ONCE(dt->window_calls);

	row = READ_ONCE(dt->row_cpu) == cpu ? min_t(unsigned int, row + 1, U16_MAX) : 0;
	calls = READ_ONCE(dt->window) == window ? min_t(unsigned int, calls + 1, U16_MAX) : 0;
	WRITE_ONCE(dt->row, row);
	WRITE_ONCE(dt->row_cpu, cpu);
	WRITE_ONCE(dt->window, window);
	WRITE_ONCE(dt->window_calls, calls);
	return row >= max || calls / TURNS >= max;
}

/* Could this CPU have a heap, and has none? */
static bool has_no_heap(struct dualtree *dt)
{
	return this_cpu_read(dt->slots->active) == heap_none && kernel_allocs_here() &&
	       !tick_nohz_full_cpu(raw_smp_processor_id());
}

static void make_heap(struct dualtree *dt, gfp_t gfp)
{
	struct dt_heap *heap = cpu_heap_create(dt, gfp);

	if (heap && !cpu_heap_install(dt, heap))
		cpu_heap_destroy(heap);
}

/*
 * Make this CPU's heap before an allocation, if it has none, is to have one by now, and @gfp
 * allows. If not the shared one serves.
 */
void dt_percpu_prepare(struct dualtree *dt, gfp_t gfp)
{
	unsigned int max = READ_ONCE(dt_shared_calls);

	if (has_no_heap(dt) &&
	    (!max || raw_spin_is_locked(&dt->shared_lock) || count_shared(dt, max)))
		make_heap(dt, gfp);
}

/*
 * No heap has @size bytes. Make this CPU's heap, as above, if the shared one would have to hold
 * more than a region of grown_order.
 */
void dt_percpu_prepare_growth(struct dualtree *dt, size_t size, gfp_t gfp)
{
	size_t held = READ_ONCE(dt->shared.held_bytes);

	if (held + size > PAGE_SIZE << dt->grown_order && has_no_heap(dt))
		make_heap(dt, gfp);
}

/* The heap that an allocation on this CPU makes grow. A hint: it may move. */
const struct dt_heap *dt_percpu_heap(const struct dualtree *dt)
{
	return READ_ONCE(raw_cpu_ptr(dt->slots)->heap) ?: &dt->shared;
}

/* Unlock the shared heap. Return: retired regions for dt_regions_put(), or NULL; NULL in NMI. */
struct dt_region *dt_shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock)
{
	struct dt_region *retired = in_nmi() ? NULL : heap_take_retired(&dt->shared);

	raw_spin_unlock_irqrestore(&dt->shared_lock, flags);
	return retired;
}

/*
 * Max drains of the shared heap by one caller, of REMOTE_DRAIN_MAX runs each: bounds a free while
 * other CPUs keep pushing.
 */
#define SHARED_DRAINS_MAX	8

/*
 * Drain the shared heap. If its lock is contended, return: the holder calls this after it
 * unlocks, and sees our push. What is left after SHARED_DRAINS_MAX drains is found by the next
 * caller or by a pass.
 *
 * Context: Any, NMI included; outside of sections. The caller has pushed or unlocked.
 */
void dt_shared_drain(struct dualtree *dt)
{
	unsigned int times = SHARED_DRAINS_MAX;
	struct dt_region *retired;
	unsigned long flags;

	/*
	 * Orders the caller's push, or its unlock, before the look at lock and list. Pairs with
	 * the same barrier on another CPU: litmus/shared-drain.
	 */
	smp_mb();
	while (heap_has_remote(&dt->shared) && !dt_kmemleak_must_wait() && times--) {
		if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
			return;
		dt_heap_drain(&dt->shared, REMOTE_DRAIN_MAX, 0);
		retired = dt_shared_unlock(dt, flags);
		dt_regions_put(dt, retired);
		/* Orders this unlock before the next look; pairs as the first barrier. */
		smp_mb();
	}
}

/**
 * dt_percpu_init() - set up the shared heap and the slots of a new instance
 * @dt: the instance, zeroed but for its parameters
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int dt_percpu_init(struct dualtree *dt)
{
	int err = dt_slots_alloc(dt);

	if (err)
		return err;
	raw_spin_lock_init(&dt->shared_lock);
	dt_heap_init(&dt->shared);
	dt->row_cpu = U16_MAX;
	return 0;
}

/* Put all regions of a heap: there may be thousands. */
static void put_all(struct dualtree *dt, struct dt_heap *heap)
{
	struct dt_region *region, *next = dt_heap_retire_all(heap);

	while ((region = next)) {
		next = region->retired;
		region->retired = NULL;
		dt_regions_put(dt, region);
		cond_resched();
	}
}

/**
 * dt_percpu_destroy() - destroy all heaps of an instance and put their regions
 * @dt: the instance, which has no other user any more
 *
 * Takes time in proportion to the regions, not to what is live in them.
 *
 * Context: Process context. May sleep.
 */
void dt_percpu_destroy(struct dualtree *dt)
{
	struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (!heap)
			continue;
		put_all(dt, heap);
		dt_heap_forget_remote(heap);
		cpu_heap_destroy(heap);
	}
	put_all(dt, &dt->shared);
	dt_heap_forget_remote(&dt->shared);
	dt_slots_free(dt);
}
