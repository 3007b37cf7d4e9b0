// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: returning to the pool what heaps hold and do not need. A heap is reclaimed by draining
 * its remote list, flushing its cache and retiring its spare.
 *
 *	dualtree_shrink() ----------.
 *	idle heaps, every idle_ms --+--> the heap's CPU is online: a step in an interrupt there
 *	memory pressure ------------+    offline: here, while it stays so
 *	a CPU that died ------------'    the shared heap: under its lock
 *
 *	a pass			reclaims the heaps that
 *	every idle_ms, while	- had no alloc and no free since the last pass
 *	any memory is held	- have a remote list that they did not take since the last pass:
 *				  their requests may all be served from the cache
 *	memory pressure		- all; the shrinker starts the pass and does not wait for it
 *
 * The interrupt enters a section like any other interrupt that allocates or frees. If one is
 * open already it does nothing and is sent again: sections are short and not preempted. So no
 * caller waits for a CPU to schedule, and a CPU whose thread never schedules is reclaimed too.
 * Each step is bounded; its caller puts the regions that it retired. A CPU that runs without a
 * tick has no heap (percpu.c), so none is interrupted.
 *
 * Context: process context, but for reclaim_interrupt() and the shrinker. Locks, outermost first:
 * the CPU hotplug lock, instances_lock, offline_lock; then dualtree.shared_lock. Under these only
 * kmemleak allocates, where the kernel has it.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/shrinker.h"
#include "../compat/workqueue.h"
#include "cache.h"
#include "grow.h"
#include "reclaim.h"
#include "remote.h"
#include "section.h"
#include "walk.h"

/*
 * The parameter idle_ms, in milliseconds. Two seconds is also the period at which SLAB's reaper
 * visits the array caches of a CPU (REAPTIMEOUT_AC in mm/slab.c).
 */
unsigned int dt_idle_ms = 2000;
EXPORT_SYMBOL_FOR_DT_TEST(dt_idle_ms);

/*
 * Guards @instances, writes to @nr_instances, and dt_heap.seen_ops and dt_heap.seen_drains of all
 * heaps. Held for a whole pass over an instance.
 */
static DEFINE_MUTEX(instances_lock);
static LIST_HEAD(instances);
static unsigned int nr_instances;

/* 1 if the next pass is to reclaim every heap, idle or not. */
static atomic_t pressure;

/**
 * struct reclaim - the reclaim of one heap
 * @dt: the instance
 * @cpu: the CPU that the heap belongs to
 * @list_taken: the remote list was taken; what is pushed after that is not waited for
 * @more: another step is needed
 * @retired: regions that the last step retired
 */
struct reclaim {
	struct dualtree *dt;
	int cpu;
	bool list_taken;
	bool more;
	struct dt_region *retired;
};

/* One bounded step, by the heap's owner. Return: true if another one is needed. */
static bool reclaim_step(struct dt_heap *heap, bool *list_taken)
{
	if (heap->pending || !*list_taken) {
		*list_taken |= !heap->pending;
		dt_heap_drain(heap, REMOTE_DRAIN_MAX);
		return true;
	}
	if (dt_cache_flush(heap, CACHE_FLUSH_MAX))
		return true;
	dt_heap_retire_spare(heap);
	return false;
}

static void reclaim_interrupt(void *arg)
{
	struct reclaim *r = arg;
	struct dt_heap *heap = section_enter(r->dt);

	if (heap)
		r->more = reclaim_step(heap, &r->list_taken);
	r->retired = section_exit(r->dt, heap);
}

static void reclaim_online(struct reclaim *r)
{
	r->more = true;
	do {
		smp_call_function_single(r->cpu, reclaim_interrupt, r, true);
		dt_regions_put(r->dt, r->retired);
		cond_resched();
	} while (r->more);
}

static bool reclaim_walk(struct dt_heap *heap, int cpu, void *arg)
{
	struct reclaim *r = arg;

	return reclaim_step(heap, &r->list_taken);
}

/* Is there anything to reclaim from a heap? Any CPU may ask. */
static bool heap_has_more(const struct dt_heap *heap)
{
	return heap_has_remote(heap) || dt_cache_granules(heap) || READ_ONCE(heap->spare);
}

/* Reclaim a CPU's heap. CPU hotplug is held off: the CPU stays online or offline. */
static void reclaim_cpu(struct dualtree *dt, int cpu, struct dt_heap *heap)
{
	struct reclaim r = { .dt = dt, .cpu = cpu };

	if (!heap_has_more(heap))
		return;
	if (cpu_online(cpu))
		reclaim_online(&r);
	else
		dt_walk_offline(dt, heap, cpu, reclaim_walk, &r);
}

static void reclaim_shared(struct dualtree *dt)
{
	struct reclaim r = { .dt = dt };

	if (heap_has_more(&dt->shared))
		dt_walk_shared(dt, reclaim_walk, &r);
}

/* What is freed while this runs may be missed. */
size_t dualtree_shrink(struct dualtree *dt)
{
	long before = atomic_long_read(&dt->held_bytes);
	struct dt_heap *heap;
	int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			reclaim_cpu(dt, cpu, heap);
	}
	cpus_read_unlock();
	reclaim_shared(dt);
	/* Wait for a pass that retired regions before this could: it puts them under the lock. */
	mutex_lock(&instances_lock);
	mutex_unlock(&instances_lock);
	return max(before - atomic_long_read(&dt->held_bytes), 0L);
}
EXPORT_SYMBOL_GPL(dualtree_shrink);

/* Is a heap to be reclaimed in this pass? Records what the next pass compares with. */
static bool heap_due(struct dt_heap *heap, bool all)
{
	u64 ops = local64_read(&heap->counts.allocs) + local64_read(&heap->counts.frees);
	unsigned long drains = READ_ONCE(heap->drains);
	bool idle = ops == heap->seen_ops;
	bool undrained = heap_has_remote(heap) && drains == heap->seen_drains;

	lockdep_assert_held(&instances_lock);
	heap->seen_ops = ops;
	heap->seen_drains = drains;
	return all || idle || undrained;
}

static void instance_pass(struct dualtree *dt, bool all)
{
	struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap && heap_due(heap, all))
			reclaim_cpu(dt, cpu, heap);
	}
	if (heap_due(&dt->shared, all))
		reclaim_shared(dt);
}

/*
 * Pass over the first instance, and move it to the end of the list. The locks are dropped between
 * instances, so that CPU hotplug and dualtree_destroy() do not wait for all of them.
 *
 * Return: true if the instance holds memory.
 */
static bool next_pass(bool all)
{
	struct dualtree *dt;
	bool holds = false;

	cpus_read_lock();
	mutex_lock(&instances_lock);
	dt = list_first_entry_or_null(&instances, struct dualtree, instance);
	if (dt) {
		list_move_tail(&dt->instance, &instances);
		holds = atomic_long_read(&dt->held_bytes);
		if (holds)
			instance_pass(dt, all);
	}
	mutex_unlock(&instances_lock);
	cpus_read_unlock();
	return holds;
}

static void pass_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(pass, pass_work);

static void pass_work(struct work_struct *work)
{
	unsigned int left = READ_ONCE(nr_instances);
	bool all = atomic_xchg(&pressure, 0), holds = false;

	/* Passes over idle heaps were turned off after this one was queued. */
	if (!all && !READ_ONCE(dt_idle_ms))
		return;
	for (; left; left--) {
		holds |= next_pass(all);
		cond_resched();
	}
	if (holds)
		dt_reclaim_arm();
}

/* An instance holds memory: queue a pass if none is. Any context but NMI. */
void dt_reclaim_arm(void)
{
	unsigned int ms = READ_ONCE(dt_idle_ms);

	if (ms && !delayed_work_pending(&pass))
		queue_delayed_work(system_dfl_wq, &pass, msecs_to_jiffies(ms));
}

/**
 * dt_reclaim_set_idle_ms() - set the period of passes over idle heaps
 * @ms: period in milliseconds, or 0 for no such passes
 *
 * Applies at once: the pass that is queued is moved, unless memory pressure asked for it. With 0 it
 * has ended when this returns, and only memory pressure starts another.
 *
 * Context: Process context. May sleep.
 */
void dt_reclaim_set_idle_ms(unsigned int ms)
{
	WRITE_ONCE(dt_idle_ms, ms);
	if (!ms)
		flush_delayed_work(&pass);
	else if (READ_ONCE(nr_instances) && !atomic_read(&pressure))
		mod_delayed_work(system_dfl_wq, &pass, msecs_to_jiffies(ms));
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_reclaim_set_idle_ms);

/* Also called before the module is set up and after its exit: without instances no pass is due. */
static int idle_ms_write(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;
	int err = kstrtouint(val, 0, &ms);

	if (!err)
		dt_reclaim_set_idle_ms(ms);
	return err;
}

static const struct kernel_param_ops idle_ms_ops = {
	.set = idle_ms_write,
	.get = param_get_uint,
};

module_param_cb(idle_ms, &idle_ms_ops, &dt_idle_ms, 0644);
__MODULE_PARM_TYPE(idle_ms, "uint");
MODULE_PARM_DESC(idle_ms,
		 "milliseconds after which memory of an idle heap returns to the pool; 0: never");

/*
 * An estimate of the pages that reclaim of a heap would free. Under RCU, which keeps the spare's
 * record. The address dependency pairs with the release in heap_keep_spare().
 */
static unsigned long heap_idle_pages(const struct dt_heap *heap)
{
	const struct dt_region *spare = READ_ONCE(heap->spare);

	return ((dt_cache_granules(heap) << DT_GRANULE_SHIFT) + (spare ? spare->bytes : 0)) >>
	       PAGE_SHIFT;
}

static unsigned long instance_idle_pages(const struct dualtree *dt)
{
	unsigned long pages = heap_idle_pages(&dt->shared);
	const struct dt_heap *heap;
	int cpu;

	if (!atomic_long_read(&dt->held_bytes))
		return 0;
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			pages += heap_idle_pages(heap);
	}
	return pages;
}

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct dualtree *dt;
	unsigned long pages = 0;

	/* Do not wait here: the holder may be a pass, which reclaims already. */
	if (!mutex_trylock(&instances_lock))
		return 0;
	rcu_read_lock();
	list_for_each_entry(dt, &instances, instance)
		pages += instance_idle_pages(dt);
	rcu_read_unlock();
	mutex_unlock(&instances_lock);
	return pages;
}

/* Start a pass, and let the kernel go on without its result. */
static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	atomic_set(&pressure, 1);
	mod_delayed_work(system_dfl_wq, &pass, 0);
	return SHRINK_STOP;
}

static struct dt_shrinker shrinker;

/* Reclaim the heaps of a CPU that is dead. CPU hotplug calls this, and so is held off. */
static int cpu_dead(unsigned int cpu)
{
	struct dualtree *dt;
	struct dt_heap *heap;

	mutex_lock(&instances_lock);
	list_for_each_entry(dt, &instances, instance) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			reclaim_cpu(dt, cpu, heap);
	}
	mutex_unlock(&instances_lock);
	return 0;
}

static enum cpuhp_state dead_state;

void dt_reclaim_add(struct dualtree *dt)
{
	mutex_lock(&instances_lock);
	list_add_tail(&dt->instance, &instances);
	WRITE_ONCE(nr_instances, nr_instances + 1);
	mutex_unlock(&instances_lock);
}

/* From here on no pass, no shrinker and no CPU hotplug looks at the instance's heaps. */
void dt_reclaim_remove(struct dualtree *dt)
{
	mutex_lock(&instances_lock);
	list_del(&dt->instance);
	WRITE_ONCE(nr_instances, nr_instances - 1);
	mutex_unlock(&instances_lock);
}

int dt_reclaim_init(void)
{
	int err = dt_shrinker_register(&shrinker, shrink_count, shrink_scan, NULL,
				       "dualtree-heaps");

	if (err)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "dualtree:dead", NULL, cpu_dead);
	if (err < 0) {
		dt_shrinker_unregister(&shrinker);
		return err;
	}
	dead_state = err;
	return 0;
}

/* Stop passes. There is no instance any more. */
void dt_reclaim_exit(void)
{
	cpuhp_remove_state_nocalls(dead_state);
	dt_shrinker_unregister(&shrinker);
	cancel_delayed_work_sync(&pass);
}
