// SPDX-License-Identifier: GPL-2.0
/*
 * Reaching every heap of an instance: to do something as its owner, to give back what it
 * does not need, to add up what it counts.
 *
 * A heap is visited on its own CPU, in process context, in sections like any other; that of
 * an offline CPU where it lies, while hotplug is held off; the shared one under its lock.
 * Counts are read without visiting anybody.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "front.h"
#include "remote.h"
#include "visit.h"

/**
 * struct visit - one CPU's share of visit_heaps()
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
		retired = section_end(heap);
		regions_put(v->dt, retired);
		cond_resched();
	} while (again);
	return 0;
}

/* Two who hold CPUs where they are may meet at the heap of one that is offline. */
static DEFINE_MUTEX(offline_lock);

/* The CPU is offline and stays so: its heap is whose who holds it there, and the lock. */
static void visit_offline(struct visit *v, struct heap *heap)
{
	struct region *retired;

	mutex_lock(&offline_lock);
	while (v->visit(heap, v->cpu, v->arg))
		;
	retired = heap_take_retired(heap);
	mutex_unlock(&offline_lock);
	regions_put(v->dt, retired);
}

static void visit_shared(struct visit *v)
{
	struct region *retired;
	unsigned long flags;
	bool again;

	do {
		raw_spin_lock_irqsave(&v->dt->shared_lock, flags);
		again = v->visit(&v->dt->shared, -1, v->arg);
		retired = shared_unlock(v->dt, flags);
		regions_put(v->dt, retired);
	} while (again);
	shared_drain(v->dt);
}

/**
 * visit_heaps() - let every heap's owner do something
 * @dt: the instance
 * @visit: what; called in a section, as often as it asks for
 * @arg: for it
 *
 * Context: Process context; takes cpus_read_lock(). May sleep.
 */
void visit_heaps(struct dualtree *dt, heap_visitor visit, void *arg)
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
			visit_offline(&v, heap);
	}
	cpus_read_unlock();
	visit_shared(&v);
}

static bool shrink_heap(struct heap *heap, int cpu, void *arg)
{
	if (heap_drain(heap, REMOTE_DRAIN_MOST) || cache_flush(heap, CACHE_FLUSH_MOST))
		return true;
	heap_retire_spare(heap);
	return false;
}

/**
 * instance_shrink() - give back every region in which nothing is live
 * @dt: the instance
 *
 * Context: Process context. May sleep.
 * Return: bytes given back.
 */
size_t instance_shrink(struct dualtree *dt)
{
	long before = atomic_long_read(&dt->held_bytes);

	visit_heaps(dt, shrink_heap, NULL);
	return max(before - atomic_long_read(&dt->held_bytes), 0L);
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
	stats->free_bytes += (READ_ONCE(heap->nr_free) + cache_granules(heap)) << DT_GRANULE_SHIFT;
	stats->largest_free = max(stats->largest_free, largest);
	*live += local64_read(&heap->counts.live_bytes);
	*in_flight += local64_read(&heap->counts.in_flight);
}

/**
 * instance_stats() - add up what the heaps count
 * @dt: the instance
 * @stats: filled in
 *
 * Reads what the owners write, without stopping them.
 */
void instance_stats(struct dualtree *dt, struct dualtree_stats *stats)
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
