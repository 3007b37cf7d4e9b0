// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: returning to the pool what heaps hold and do not need. A heap is reclaimed by draining
 * its remote list, flushing its cache and retiring its spare.
 *
 *	dualtree_shrink() ----------------.
 *	an allocation that would fail ----+
 *	idle heaps, every idle_ms --------+--> bounded steps as each heap's owner: walk.c
 *	memory pressure ------------------+
 *	a CPU that died ------------------'
 *
 *	a pass			reclaims the heaps that
 *	every idle_ms, while	- saw fewer than IDLE_OPS calls since the last pass
 *	any memory is held	- have a remote list that they did not take since the last pass:
 *				  their requests may all be served from the cache
 *				- are overdue: a call that could not sleep left their remote list,
 *				  and started the pass
 *	memory pressure		- all; the shrinker starts the pass and does not wait for it
 *
 * Context: process context, but for the shrinker. Locks, outermost first: the CPU hotplug lock,
 * instances_lock, offline_lock; then dualtree.shared_lock. Under these only kmemleak allocates,
 * where the kernel has it.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
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

/*
 * A heap with fewer calls since the last pass is idle. What it gives back costs it one region to be
 * got again, in a whole period. Without this a call now and then kept a spare of 1 MiB for ever.
 */
#define IDLE_OPS	64

/*
 * One bounded step, by the heap's owner. @arg is a bool, the remote list was taken: what is pushed
 * after that is not waited for. Return: true if another step is needed.
 */
static bool reclaim_step(struct dt_heap *heap, int cpu, void *arg)
{
	bool *list_taken = arg;

	if (heap->pending || !*list_taken) {
		*list_taken |= !heap->pending;
		dt_heap_drain(heap, REMOTE_DRAIN_MAX, 0);
		return true;
	}
	if (dt_cache_flush(heap, CACHE_FLUSH_MAX))
		return true;
	dt_heap_retire_spare(heap);
	return false;
}

/*
 * Is there anything to reclaim from a heap? Any CPU may ask. Regions that were retired in NMI
 * count: they wait for a section that ends outside of it.
 */
static bool heap_has_more(const struct dt_heap *heap)
{
	return heap_has_remote(heap) || dt_cache_granules(heap) || READ_ONCE(heap->spare) ||
	       READ_ONCE(heap->retired);
}

/* Reclaim a CPU's heap. CPU hotplug is held off: the CPU stays online or offline. */
static void reclaim_cpu(struct dualtree *dt, int cpu, struct dt_heap *heap)
{
	bool list_taken = false;

	if (heap_has_more(heap))
		dt_walk_cpu(dt, heap, cpu, reclaim_step, &list_taken);
}

static void reclaim_shared(struct dualtree *dt)
{
	bool list_taken = false;

	if (heap_has_more(&dt->shared))
		dt_walk_shared(dt, reclaim_step, &list_taken);
}

static void reclaim_all(struct dualtree *dt)
{
	struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			reclaim_cpu(dt, cpu, heap);
	}
	reclaim_shared(dt);
}

static void reclaim_all_online(struct dualtree *dt)
{
	struct dt_heap *heap;
	bool list_taken;
	int cpu;

	for_each_online_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		list_taken = false;
		if (heap && heap_has_more(heap))
			dt_walk_online(dt, cpu, reclaim_step, &list_taken);
	}
	reclaim_shared(dt);
}

/**
 * dt_reclaim_now() - reclaim all heaps of an instance
 * @dt: the instance
 *
 * For an allocation that would fail. The caller may hold the CPU hotplug lock, or a holder may
 * wait for the caller, so the lock is only tried: without it heaps of offline CPUs are left out.
 *
 * Context: Process context. May sleep.
 */
void dt_reclaim_now(struct dualtree *dt)
{
	if (cpus_read_trylock()) {
		reclaim_all(dt);
		cpus_read_unlock();
	} else {
		reclaim_all_online(dt);
	}
}

/* What is freed while this runs may be missed. */
size_t dualtree_shrink(struct dualtree *dt)
{
	long before = atomic_long_read(&dt->held_bytes);

	cpus_read_lock();
	reclaim_all(dt);
	cpus_read_unlock();
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
	/* A heap that no pass has seen yet may have been made a moment ago. */
	bool idle = heap->seen_ops && ops - heap->seen_ops < IDLE_OPS;
	bool undrained = heap_has_remote(heap) && drains == heap->seen_drains;
	bool overdue = READ_ONCE(heap->overdue);

	lockdep_assert_held(&instances_lock);
	WRITE_ONCE(heap->overdue, false);
	heap->seen_ops = ops;
	heap->seen_drains = drains;
	return all || idle || undrained || overdue;
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

/*
 * Work is queued from here, and not where an instance grows: that may be in the midst of the
 * kernel's timers or workqueues, by a probe there.
 */
static void arm_irq(struct irq_work *irq)
{
	unsigned int ms = READ_ONCE(dt_idle_ms);

	if (ms)
		queue_delayed_work(system_dfl_wq, &pass, msecs_to_jiffies(ms));
}

static void start_irq(struct irq_work *irq)
{
	mod_delayed_work(system_dfl_wq, &pass, 0);
}

static struct irq_work arm = IRQ_WORK_INIT(arm_irq);
static struct irq_work start = IRQ_WORK_INIT(start_irq);

/* There is memory that may be idle some day. Context: any. */
void dt_reclaim_arm(void)
{
	if (READ_ONCE(dt_idle_ms) && !delayed_work_pending(&pass))
		irq_work_queue(&arm);
}

/* A heap is overdue: a pass is due now. Context: any. */
void dt_reclaim_start(void)
{
	irq_work_queue(&start);
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
	irq_work_sync(&arm);
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
	irq_work_sync(&arm);
	irq_work_sync(&start);
	cancel_delayed_work_sync(&pass);
}
