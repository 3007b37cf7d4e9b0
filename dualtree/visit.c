// SPDX-License-Identifier: GPL-2.0
/*
 * Reaching every heap of an instance: to do something as its owner, to add up what it
 * counts.
 *
 * A heap is visited on its own CPU, in process context, in sections like any other; that of
 * an offline CPU where it lies, while hotplug is held off; the shared one under its lock.
 * Counts are read without visiting anybody. What must not wait until a CPU schedules is
 * reclaim.c's.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "front.h"
#include "visit.h"

/**
 * struct visit - one CPU's share of dt_visit_heaps()
 * @dt: the instance
 * @visit: what to call
 * @arg: for it
 * @cpu: whose heap
 */
struct visit {
	struct dualtree *dt;
	heap_visitor visit;
	void *arg;
	int cpu;
};

/* On the CPU, in process context: a section is never interrupted by one. */
static int visit_here(void *data)
{
	struct visit *v = data;
	struct region *retired;
	struct heap *heap;
	bool again;

	do {
		heap = section_begin(v->dt);
		again = heap && v->visit(heap, v->cpu, v->arg);
		retired = section_end(v->dt, heap);
		dt_regions_put(v->dt, retired);
		cond_resched();
	} while (again);
	return 0;
}

/*
 * Who owns the heap of an offline CPU: two who hold CPUs where they are may meet there.
 */
static DEFINE_MUTEX(offline_lock);

/**
 * dt_visit_offline() - do something as the owner of an offline CPU's heap
 * @dt: the instance
 * @heap: the heap
 * @cpu: the CPU; it is offline and stays so
 * @visit: what; called as often as it asks for
 * @arg: for it
 *
 * Context: Process context; CPU hotplug is held off. May sleep.
 */
void dt_visit_offline(struct dualtree *dt, struct heap *heap, int cpu, heap_visitor visit,
		      void *arg)
{
	struct region *retired;

	mutex_lock(&offline_lock);
	while (visit(heap, cpu, arg))
		cond_resched();
	retired = heap_take_retired(heap);
	mutex_unlock(&offline_lock);
	dt_regions_put(dt, retired);
}

/**
 * dt_visit_shared() - do something as the owner of the shared heap
 * @dt: the instance
 * @visit: what; called under the heap's lock, as often as it asks for
 * @arg: for it
 *
 * Context: Any but NMI.
 */
void dt_visit_shared(struct dualtree *dt, heap_visitor visit, void *arg)
{
	struct region *retired;
	unsigned long flags;
	bool again;

	do {
		raw_spin_lock_irqsave(&dt->shared_lock, flags);
		again = visit(&dt->shared, -1, arg);
		retired = dt_shared_unlock(dt, flags);
		dt_regions_put(dt, retired);
	} while (again);
	dt_shared_drain(dt);
}

/**
 * dt_visit_heaps() - let every heap's owner do something
 * @dt: the instance
 * @visit: what; called in a section, as often as it asks for
 * @arg: for it
 *
 * Context: Process context; takes cpus_read_lock(). May sleep.
 */
void dt_visit_heaps(struct dualtree *dt, heap_visitor visit, void *arg)
{
	struct visit v = { .dt = dt, .visit = visit, .arg = arg, .cpu = -1 };
	struct heap *heap;

	cpus_read_lock();
	for_each_possible_cpu(v.cpu) {
		heap = heap_of_cpu(dt, v.cpu);
		if (!heap)
			continue;
		if (cpu_online(v.cpu))
			smp_call_on_cpu(v.cpu, visit_here, &v, false);
		else
			dt_visit_offline(dt, heap, v.cpu, visit, arg);
	}
	cpus_read_unlock();
	dt_visit_shared(dt, visit, arg);
}

static void add_heap(struct dualtree_stats *stats, s64 *live, s64 *in_flight,
		     const struct heap *heap)
{
	size_t largest = (size_t)READ_ONCE(heap->largest) << DT_GRANULE_SHIFT;

	stats->allocs += local64_read(&heap->counts.allocs);
	stats->frees += local64_read(&heap->counts.frees);
	stats->remote_frees += local64_read(&heap->counts.remote_frees);
	stats->regions += READ_ONCE(heap->nr_regions);
	stats->extents += READ_ONCE(heap->nr_extents);
	stats->free_bytes += (READ_ONCE(heap->nr_free) + dt_cache_granules(heap)) <<
			     DT_GRANULE_SHIFT;
	stats->largest_free = max(stats->largest_free, largest);
	*live += local64_read(&heap->counts.live_bytes);
	*in_flight += local64_read(&heap->counts.in_flight);
}

/**
 * dt_instance_stats() - add up what the heaps count
 * @dt: the instance
 * @stats: filled in
 *
 * Reads what the owners write, without stopping them.
 */
void dt_instance_stats(struct dualtree *dt, struct dualtree_stats *stats)
{
	s64 live = atomic64_read(&dt->counts.live_bytes);
	s64 in_flight = atomic64_read(&dt->counts.in_flight);
	const struct heap *heap;
	int cpu;

	*stats = (struct dualtree_stats) {
		.frees = atomic64_read(&dt->counts.frees),
		.remote_frees = atomic64_read(&dt->counts.remote_frees),
		.nested_allocs = local64_read(&dt->shared.counts.allocs),
		.failed_allocs = atomic64_read(&dt->counts.failed_allocs),
		.bad_frees = atomic64_read(&dt->counts.bad_frees),
		.region_gets = atomic64_read(&dt->counts.region_gets),
		.region_puts = atomic64_read(&dt->counts.region_puts),
		.held_bytes = atomic_long_read(&dt->held_bytes),
	};
	add_heap(stats, &live, &in_flight, &dt->shared);
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			add_heap(stats, &live, &in_flight, heap);
	}
	/* Sums of what is being changed may be off by what is in flight, but never below 0. */
	stats->live_bytes = max_t(s64, live, 0);
	stats->free_bytes += (size_t)max_t(s64, in_flight, 0) << DT_GRANULE_SHIFT;
}
