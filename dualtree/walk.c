// SPDX-License-Identifier: GPL-2.0
/*
 * Walking the heaps of an instance: calling a function on each, as its owner, in steps that the
 * function bounds.
 *
 *	an online CPU's heap	in an interrupt on that CPU, in sections
 *	an offline CPU's heap	here, with CPU hotplug held off, under offline_lock
 *	the shared heap		here, under its lock
 *
 * The interrupt enters a section like any other interrupt that allocates or frees. If one is
 * open already it does nothing and is sent again: sections are short and not preempted. So no walk
 * waits for a CPU to schedule, and a thread that never schedules delays neither CPU hotplug nor
 * dualtree_destroy(). The caller puts the regions that a step retired. A CPU that runs without a
 * tick has no heap (percpu.c), so none is interrupted.
 *
 * Context: process context. May sleep. Locks: the CPU hotplug lock, then offline_lock; or
 * dualtree.shared_lock.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "../compat/compat.h"
#include "grow.h"
#include "percpu.h"
#include "section.h"
#include "walk.h"

/**
 * struct walk - a walk over one CPU's heap
 * @dt: the instance
 * @fn: function to call
 * @arg: argument of @fn
 * @cpu: CPU whose heap it is called on
 * @again: another step is needed
 * @retired: regions that the last step retired
 */
struct walk {
	struct dualtree *dt;
	dt_heap_fn fn;
	void *arg;
	int cpu;
	bool again;
	struct dt_region *retired;
};

static void walk_interrupt(void *data)
{
	struct walk *w = data;
	struct dt_heap *heap = section_enter(w->dt);

	if (heap)
		w->again = w->fn(heap, w->cpu, w->arg);
	w->retired = section_exit(w->dt, heap);
}

/* Call a function in hard interrupts on an online CPU. Ends if the CPU goes offline. */
static void walk_online(struct dualtree *dt, int cpu, dt_heap_fn fn, void *arg)
{
	struct walk w = { .dt = dt, .fn = fn, .arg = arg, .cpu = cpu };

	do {
		w.again = true;
		if (smp_call_function_single(cpu, walk_interrupt, &w, true))
			return;
		dt_regions_put(dt, w.retired);
		cond_resched();
	} while (w.again);
}

/* The holder owns the heaps of offline CPUs. The hotplug lock admits several readers. */
static DEFINE_MUTEX(offline_lock);

static void walk_offline(struct dualtree *dt, struct dt_heap *heap, int cpu, dt_heap_fn fn,
			 void *arg)
{
	struct dt_region *retired;
	bool again;

	mutex_lock(&offline_lock);
	do {
		/* The step looks up regions, as in a section. */
		preempt_disable();
		again = fn(heap, cpu, arg);
		preempt_enable();
		cond_resched();
	} while (again);
	retired = heap_take_retired(heap);
	mutex_unlock(&offline_lock);
	dt_regions_put(dt, retired);
}

/**
 * dt_walk_cpu() - call a function as the owner of a CPU's heap
 * @dt: the instance
 * @heap: the heap
 * @cpu: the CPU, online or not
 * @fn: function to call, until it returns false
 * @arg: argument of @fn
 *
 * Context: Process context; CPU hotplug is held off. May sleep.
 */
void dt_walk_cpu(struct dualtree *dt, struct dt_heap *heap, int cpu, dt_heap_fn fn, void *arg)
{
	if (cpu_online(cpu))
		walk_online(dt, cpu, fn, arg);
	else
		walk_offline(dt, heap, cpu, fn, arg);
}

/**
 * dt_walk_shared() - call a function as the owner of the shared heap
 * @dt: the instance
 * @fn: function to call, until it returns false; each call is under the lock
 * @arg: argument of @fn
 *
 * Context: Process context. May sleep. Takes dualtree.shared_lock.
 */
void dt_walk_shared(struct dualtree *dt, dt_heap_fn fn, void *arg)
{
	struct dt_region *retired;
	unsigned long flags;
	bool again;

	do {
		raw_spin_lock_irqsave(&dt->shared_lock, flags);
		again = fn(&dt->shared, -1, arg);
		retired = dt_shared_unlock(dt, flags);
		dt_regions_put(dt, retired);
		cond_resched();
	} while (again);
	dt_shared_drain(dt);
}

/**
 * dt_walk_heaps() - call a function as the owner of each heap
 * @dt: the instance
 * @fn: function to call on each heap, until it returns false
 * @arg: argument of @fn
 *
 * Context: Process context. Takes cpus_read_lock(), offline_lock, dualtree.shared_lock. May sleep.
 */
void dt_walk_heaps(struct dualtree *dt, dt_heap_fn fn, void *arg)
{
	struct dt_heap *heap;
	int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			dt_walk_cpu(dt, heap, cpu, fn, arg);
	}
	cpus_read_unlock();
	dt_walk_shared(dt, fn, arg);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_walk_heaps);
