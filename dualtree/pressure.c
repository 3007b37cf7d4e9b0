// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure: the shrinker of all heaps. It says what could be freed, from a sample of the
 * instances, and starts a pass (pass.c) for which the kernel does not wait.
 *
 *	the shrinker is called by	and starts a pass for
 *	kswapd				pressure; urgent, once a second, if the last passes found
 *					nothing idle
 *	a task that needs memory, or	urgent pressure, ten times a second at most
 *	a write to drop_caches
 *
 * Context: process context, in reclaim: nothing here waits. Locks: that of passes is tried.
 */
#include <linux/jiffies.h>
#include <linux/swap.h>
#include "../compat/compat.h"
#include "../compat/shrinker.h"
#include "cache.h"
#include "pass.h"
#include "pressure.h"
#include "section.h"
#include "stats.h"

/* When the shrinker last asked for all heaps, in jiffies. */
static unsigned long all_asked;

/*
 * An estimate of the bytes that reclaim of a heap would free: all, if none of them is live; else
 * its cache and its spare. Under RCU.
 */
static size_t heap_idle_bytes(const struct dt_heap *heap)
{
	size_t cached = dt_cache_granules(heap) << DT_GRANULE_SHIFT;
	size_t free = (READ_ONCE(heap->nr_free) << DT_GRANULE_SHIFT) + cached;
	size_t held = READ_ONCE(heap->held_bytes);

	return free >= held ? held : cached + heap_spare_bytes(heap);
}

static unsigned long instance_idle_pages(const struct dualtree *dt)
{
	size_t bytes = heap_idle_bytes(&dt->shared), held = atomic_long_read(&dt->held_bytes);
	const struct dt_heap *heap;
	int cpu;

	if (!held)
		return 0;
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			bytes += heap_idle_bytes(heap);
	}
	/* Which heap has it in flight is not known. A region that is drained may become empty. */
	return min(bytes + dt_stats_in_flight(dt), held) >> PAGE_SHIFT;
}

/* The shrinker's count: the pages that a pass over all heaps would free. */
unsigned long dt_pressure_count(void)
{
	return dt_pass_sample(instance_idle_pages);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_pressure_count);

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return dt_pressure_count();
}

/* Does the caller of the shrinker need memory so much that busy heaps are worth it? */
static bool needs_all(bool kswapd)
{
	unsigned long now = jiffies, last = READ_ONCE(all_asked);
	unsigned long interval = kswapd ? HZ : HZ / 10;

	if (kswapd && !dt_pass_nothing_idle())
		return false;
	if (time_before(now, last + interval))
		return false;
	WRITE_ONCE(all_asked, now);
	return true;
}

/* The shrinker's scan: start a pass, and let the kernel go on without its result. */
void dt_pressure_scan(bool kswapd)
{
	dt_pass_pressure(needs_all(kswapd));
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_pressure_scan);

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	dt_pressure_scan(current_is_kswapd());
	return SHRINK_STOP;
}

static struct shrinker *shrinker;

/* Return: 0 or -ENOMEM. */
int dt_pressure_init(void)
{
	all_asked = jiffies - HZ;
	shrinker = dt_shrinker_create(shrink_count, shrink_scan, NULL, "dualtree-heaps");
	return shrinker ? 0 : -ENOMEM;
}

/* There is no instance any more. */
void dt_pressure_exit(void)
{
	dt_shrinker_free(shrinker);
}
