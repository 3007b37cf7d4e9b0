// SPDX-License-Identifier: GPL-2.0
/*
 * Walking the heaps of an instance: calling a function on each, as its owner.
 *
 *	an online CPU's heap	on that CPU, in process context, in sections
 *	an offline CPU's heap	here, with CPU hotplug held off, under offline_lock
 *	the shared heap		here, under its lock
 *
 * The caller waits until each online CPU schedules. Reclaim, which cannot, has its own way to
 * online CPUs (reclaim.c).
 *
 * Context: process context. Locks: the CPU hotplug lock, then offline_lock.
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
 * struct walk - a walk over the heaps of an instance
 * @dt: the instance
 * @fn: function to call
 * @arg: argument of @fn
 * @cpu: CPU whose heap it is called on
 */
struct walk {
	struct dualtree *dt;
	dt_heap_fn fn;
	void *arg;
	int cpu;
};

/*
 * Called on the CPU in process context, so no section is open here. Its heap is active, and
 * section_enter() returns it.
 */
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

/* The holder owns the heaps of offline CPUs. The hotplug lock admits several readers. */
static DEFINE_MUTEX(offline_lock);

/**
 * dt_walk_offline() - call a function as the owner of an offline CPU's heap
 * @dt: the instance
 * @heap: the heap
 * @cpu: the CPU
 * @fn: function to call, until it returns false
 * @arg: argument of @fn
 *
 * Context: Process context; CPU hotplug is held off. Takes offline_lock. May sleep.
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
 * dt_walk_shared() - call a function as the owner of the shared heap
 * @dt: the instance
 * @fn: function to call, until it returns false; each call is under the lock
 * @arg: argument of @fn
 *
 * Context: Any but NMI. Takes dualtree.shared_lock.
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
 * dt_walk_heaps() - call a function as the owner of each heap
 * @dt: the instance
 * @fn: function to call on each heap, until it returns false
 * @arg: argument of @fn
 *
 * Context: Process context. Takes cpus_read_lock(), offline_lock, dualtree.shared_lock. May sleep.
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
