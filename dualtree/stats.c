// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: sums of the counts of an instance and its heaps.
 *
 * Any context, no lock: counts are read while their owners change them. A free is counted on the
 * CPU that makes it, so a single heap's live_bytes and in_flight may be negative.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include "cache.h"
#include "section.h"
#include "stats.h"

static void stats_add(struct dualtree_stats *stats, s64 *live, s64 *in_flight,
		      const struct dt_heap *heap)
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
	rcu_read_lock();
	stats->spare_bytes += heap_spare_bytes(heap);
	rcu_read_unlock();
	*live += local64_read(&heap->counts.live_bytes);
	*in_flight += local64_read(&heap->counts.in_flight);
}

/* Bytes in flight to all heaps of an instance. Any context. */
size_t dt_stats_in_flight(const struct dualtree *dt)
{
	s64 sum = atomic64_read(&dt->counts.in_flight) + local64_read(&dt->shared.counts.in_flight);
	const struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			sum += local64_read(&heap->counts.in_flight);
	}
	return (size_t)max_t(s64, sum, 0) << DT_GRANULE_SHIFT;
}

void dualtree_get_stats(struct dualtree *dt, struct dualtree_stats *stats)
{
	s64 live = atomic64_read(&dt->counts.live_bytes);
	s64 in_flight = atomic64_read(&dt->counts.in_flight);
	const struct dt_heap *heap;
	int cpu;

	*stats = (struct dualtree_stats) {
		.frees = atomic64_read(&dt->counts.frees),
		.remote_frees = atomic64_read(&dt->counts.remote_frees),
		.nested_allocs = local64_read(&dt->shared.counts.allocs),
		.failed_allocs = atomic64_read(&dt->counts.failed_allocs),
		.bad_frees = atomic64_read(&dt->counts.bad_frees),
		.damaged = atomic64_read(&dt->counts.damaged),
		.region_gets = atomic64_read(&dt->counts.region_gets),
		.region_puts = atomic64_read(&dt->counts.region_puts),
		.held_bytes = atomic_long_read(&dt->held_bytes),
		.record_bytes = sizeof(*dt) + atomic_long_read(&dt->record_bytes),
	};
	stats_add(stats, &live, &in_flight, &dt->shared);
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			stats_add(stats, &live, &in_flight, heap);
	}
	/* Calls that run meanwhile may make these sums inexact; below 0 they are reported as 0. */
	stats->live_bytes = max_t(s64, live, 0);
	stats->in_flight_bytes = (size_t)max_t(s64, in_flight, 0) << DT_GRANULE_SHIFT;
	stats->free_bytes += stats->in_flight_bytes;
}
EXPORT_SYMBOL_GPL(dualtree_get_stats);
