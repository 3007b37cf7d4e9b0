// SPDX-License-Identifier: GPL-2.0
/*
 * Walking the heaps of an instance: a function is called on each, as its owner.
 *
 *	an online CPU's heap	on that CPU, in process context, in sections
 *	an offline CPU's heap	here, while CPU hotplug is held off, under offline_lock
 *	the shared heap		here, under its lock
 *
 * An online CPU has to schedule before its heap's turn comes. What cannot wait for that is
 * reclaim.c's.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "grow.h"
#include "percpu.h"
#include "section.h"
#include "walk.h"

/**
 * struct walk - one CPU's share of dt_walk_heaps()
 * @dt: the instance
 * @fn: what to call
 * @arg: for it
 * @cpu: whose heap
 */
struct walk {
	struct dualtree *dt;
	dt_heap_fn fn;
	void *arg;
	int cpu;
};

/* On the CPU, in process context: a section is never interrupted by one. */
static int walk_here(void *data)
{
	struct walk *w = data;
	struct dt_region *retired;
	struct dt_heap *heap;
	bool again;

	do {
		heap = section_enter(w->dt);
		again = heap && w->fn(heap, w->cpu, w->arg);
		retired = section_exit(w->dt, heap);
		dt_regions_put(w->dt, retired);
		cond_resched();
	} while (again);
	return 0;
}

/* Its holder owns the heaps of offline CPUs. The hotplug lock does not exclude another reader. */
static DEFINE_MUTEX(offline_lock);

/**
 * dt_walk_offline() - do something as the owner of an offline CPU's heap
 * @dt: the instance
 * @heap: the heap
 * @cpu: the CPU; it is offline and stays so
 * @fn: what; called as often as it asks for
 * @arg: for it
 *
 * Context: Process context; CPU hotplug is held off. May sleep.
 */
void dt_walk_offline(struct dualtree *dt, struct dt_heap *heap, int cpu, dt_heap_fn fn, void *arg)
{
	struct dt_region *retired;

	mutex_lock(&offline_lock);
	while (fn(heap, cpu, arg))
		cond_resched();
	retired = heap_take_retired(heap);
	mutex_unlock(&offline_lock);
	dt_regions_put(dt, retired);
}

/**
 * dt_walk_shared() - do something as the owner of the shared heap
 * @dt: the instance
 * @fn: what; called under the heap's lock, as often as it asks for
 * @arg: for it
 *
 * Context: Any but NMI.
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
	} while (again);
	dt_shared_drain(dt);
}

/**
 * dt_walk_heaps() - let every heap's owner do something
 * @dt: the instance
 * @fn: what; called in a section, as often as it asks for
 * @arg: for it
 *
 * Context: Process context; takes cpus_read_lock(). May sleep.
 */
void dt_walk_heaps(struct dualtree *dt, dt_heap_fn fn, void *arg)
{
	struct walk w = { .dt = dt, .fn = fn, .arg = arg, .cpu = -1 };
	struct dt_heap *heap;

	cpus_read_lock();
	for_each_possible_cpu(w.cpu) {
		heap = heap_of_cpu(dt, w.cpu);
		if (!heap)
			continue;
		if (cpu_online(w.cpu))
			smp_call_on_cpu(w.cpu, walk_here, &w, false);
		else
			dt_walk_offline(dt, heap, w.cpu, fn, arg);
	}
	cpus_read_unlock();
	dt_walk_shared(dt, fn, arg);
}
