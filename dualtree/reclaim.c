// SPDX-License-Identifier: GPL-2.0
/*
 * Giving back what heaps hold and do not need: freed granules on remote lists, what is
 * cached in front of the trees, spares.
 *
 *	dualtree_shrink() ----------.
 *	idle heaps, every idle_ms --+--> the heap's CPU is online: a step in an interrupt there
 *	memory pressure ------------+    offline: here, while it stays so
 *	a CPU that died ------------'    the shared heap: under its lock
 *
 * The interrupt enters a section like any other that allocates or frees. Where it finds one
 * open it does nothing and is sent again: sections are short, and are not preempted. So
 * nobody waits for a CPU to schedule: one whose running thread never lets go gives back all
 * the same. Each step is bounded. What a step has emptied goes to the pool from here.
 *
 * CPUs that run without a tick have no heap of their own (see percpu.c), so that none of
 * this ever interrupts one.
 *
 * A pass over the idle heaps runs while any instance holds memory. A heap is idle if nothing
 * was allocated or freed through it since the last pass. One that is not idle is still made
 * to take its remote list home if it has let a whole period go by: its requests may
 * all be served by what it has in hand. Under memory pressure the shrinker only starts a
 * pass, which then asks every heap; it waits for nobody.
 *
 * Locks, outermost first: the CPU hotplug lock, instances_lock, offline_lock; then the shared
 * heap's. Nothing is allocated under any of them.
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

unsigned int dt_idle_ms = 2000;
EXPORT_SYMBOL_FOR_DT_TEST(dt_idle_ms);

/* Guards @instances, the place of each in it, and heap.seen_ops and heap.seen_drains of all. */
static DEFINE_MUTEX(instances_lock);
static LIST_HEAD(instances);
static unsigned int nr_instances;

/* The next pass is to ask every heap, idle or not. */
static atomic_t pressure;

/**
 * struct reclaim - one heap that is made to give back
 * @dt: the instance
 * @cpu: whose heap
 * @listed: the remote list was taken; what others push after that is not waited for
 * @more: there is more to be given back
 * @retired: regions that the last step has emptied
 */
struct reclaim {
	struct dualtree *dt;
	int cpu;
	bool listed;
	bool more;
	struct dt_region *retired;
};

/* One step, as the heap's owner; bounded. Return: true if there is more. */
static bool reclaim_step(struct dt_heap *heap, bool *listed)
{
	if (heap->pending || !*listed) {
		*listed |= !heap->pending;
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
	struct reclaim *g = arg;
	struct dt_heap *heap = section_enter(g->dt);

	if (heap)
		g->more = reclaim_step(heap, &g->listed);
	g->retired = section_exit(g->dt, heap);
}

static void reclaim_online(struct reclaim *g)
{
	g->more = true;
	do {
		smp_call_function_single(g->cpu, reclaim_interrupt, g, true);
		dt_regions_put(g->dt, g->retired);
		cond_resched();
	} while (g->more);
}

static bool reclaim_walk(struct dt_heap *heap, int cpu, void *arg)
{
	struct reclaim *g = arg;

	return reclaim_step(heap, &g->listed);
}

/* Does a heap hold anything that it could give back? Anybody may ask. */
static bool heap_has_more(const struct dt_heap *heap)
{
	return heap_has_remote(heap) || dt_cache_granules(heap) || READ_ONCE(heap->spare);
}

/* Make a CPU's heap give back; the CPU stays what it is, online or not. */
static void reclaim_cpu(struct dualtree *dt, int cpu, struct dt_heap *heap)
{
	struct reclaim g = { .dt = dt, .cpu = cpu };

	if (!heap_has_more(heap))
		return;
	if (cpu_online(cpu))
		reclaim_online(&g);
	else
		dt_walk_offline(dt, heap, cpu, reclaim_walk, &g);
}

static void reclaim_shared(struct dualtree *dt)
{
	struct reclaim g = { .dt = dt };

	if (heap_has_more(&dt->shared))
		dt_walk_shared(dt, reclaim_walk, &g);
}

/* What is freed while this runs may or may not be found. */
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
	/* A pass may be on its way with regions that it has taken before this could. */
	mutex_lock(&instances_lock);
	mutex_unlock(&instances_lock);
	return max(before - atomic_long_read(&dt->held_bytes), 0L);
}
EXPORT_SYMBOL_GPL(dualtree_shrink);

/* Is a heap to give back in this pass? Takes down what the next one compares with. */
static bool heap_due(struct dt_heap *heap, bool all)
{
	u64 ops = local64_read(&heap->counts.allocs) + local64_read(&heap->counts.frees);
	unsigned long drains = READ_ONCE(heap->drains);
	bool idle = ops == heap->seen_ops;
	bool left = heap_has_remote(heap) && drains == heap->seen_drains;

	lockdep_assert_held(&instances_lock);
	heap->seen_ops = ops;
	heap->seen_drains = drains;
	return all || idle || left;
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
 * One instance's turn; they go round. The locks are let go of in between: neither a CPU that
 * is to go away nor an instance that is to be destroyed waits for a whole pass.
 *
 * Return: true if it holds memory.
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

	/* It was on its way when passes over idle heaps were turned off. */
	if (!all && !READ_ONCE(dt_idle_ms))
		return;
	for (; left; left--) {
		holds |= next_pass(all);
		cond_resched();
	}
	if (holds)
		dt_reclaim_arm();
}

/* There is memory that may be idle some day. Any context but NMI. */
void dt_reclaim_arm(void)
{
	unsigned int ms = READ_ONCE(dt_idle_ms);

	if (ms && !delayed_work_pending(&pass))
		queue_delayed_work(system_dfl_wq, &pass, msecs_to_jiffies(ms));
}

/**
 * dt_reclaim_set_idle_ms() - say how long a heap may be idle
 * @ms: milliseconds; 0: for ever
 *
 * Holds from now on: the pass that is due is put off or brought forward, unless memory pressure
 * asked for it. With 0 it has ended when this returns, and only memory pressure starts another.
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

/* Before the module is initialised and after its exit there is no instance, and so no pass. */
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
		 "milliseconds after which an idle heap gives back what it does not need; 0: never");

/* Pages that a heap could give back, at a glance; under RCU, for the spare's sake. */
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

	/* Whoever holds it is at it already. */
	if (!mutex_trylock(&instances_lock))
		return 0;
	rcu_read_lock();
	list_for_each_entry(dt, &instances, instance)
		pages += instance_idle_pages(dt);
	rcu_read_unlock();
	mutex_unlock(&instances_lock);
	return pages;
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	atomic_set(&pressure, 1);
	mod_delayed_work(system_dfl_wq, &pass, 0);
	return SHRINK_STOP;
}

static struct dt_shrinker shrinker;

/* A CPU is dead, and hotplug held off: what its heap does not need goes back. */
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

/* From here on nobody but the caller looks at the instance's heaps. */
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

/* There is no instance any more. */
void dt_reclaim_exit(void)
{
	cpuhp_remove_state_nocalls(dead_state);
	dt_shrinker_unregister(&shrinker);
	cancel_delayed_work_sync(&pass);
}
