// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of heaps: returning to the pool what a heap holds and does not need. A heap is reclaimed
 * by draining its remote list, flushing its cache, retiring its spare and trimming its regions.
 *
 *	an allocation that would fail ----------------.
 *	dualtree_shrink() ----------------------------+--> bounded steps as each heap's owner
 *	idle heaps, memory pressure, CPUs that died:  |
 *	 pass.c; much in flight: in_flight.c ---------'
 *
 *	a heap of			is reclaimed
 *	an online CPU			in interrupts on that CPU. One visits the heaps of several
 *					instances, up to VISIT_WORK of work
 *	an offline CPU			here: walk.c
 *	all CPUs, the shared heap	here, under its lock
 *
 * An interrupt that finds a section open leaves that heap and is sent again, as in walk.c. The
 * first two wait for what others have retired and not put yet.
 *
 * Context: process context, may sleep. Locks: those of walk.c. Under these only kmemleak allocates,
 * where the kernel has it.
 */
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "../compat/compat.h"
#include "cache.h"
#include "grow.h"
#include "in_flight.h"
#include "pass.h"
#include "reclaim.h"
#include "remote.h"
#include "section.h"
#include "walk.h"

/*
 * Max runs and blocks that one interrupt handles: two full steps. It visits many heaps that hold
 * little, and no more than one that holds much.
 */
#define VISIT_WORK	(REMOTE_DRAIN_MAX + CACHE_FLUSH_MAX + TRIM_WORK)

/* What a look at regions counts as. */
#define TRIM_WORK	8

/* Max jiffies that a call waits for regions that others have retired. To put one takes far less. */
#define SETTLE_JIFFIES	4

/* Interrupts that visits have sent. Written by passes and shrinks without a lock: for tests. */
unsigned long dt_reclaim_interrupts;
EXPORT_SYMBOL_FOR_DT_TEST(dt_reclaim_interrupts);

/* Drain and flush. Return: true if another step is needed. */
static bool reclaim_cached(struct dt_heap *heap, struct dt_reclaim_visit *visit)
{
	/* What is pushed after the remote list was taken is not waited for. */
	if (heap->pending || (!visit->list_taken && heap_has_remote(heap))) {
		visit->list_taken |= !heap->pending;
		dt_heap_drain(heap, REMOTE_DRAIN_MAX, 0);
		return true;
	}
	visit->list_taken = true;
	if (visit->what == DT_RECLAIM_DRAIN) {
		/* No call of the heap tells the next pass that more is in its trees. */
		WRITE_ONCE(heap->trim_due, true);
		return false;
	}
	if (dt_cache_flush(heap, CACHE_FLUSH_MAX))
		return true;
	dt_heap_retire_spare(heap);
	WRITE_ONCE(heap->peak_bytes, heap->held_bytes);
	return false;
}

/*
 * One bounded step, by the heap's owner. @arg is the visit; pages that it cuts off are put before
 * the next step. Return: true if another step can follow at once.
 */
static bool reclaim_step(struct dt_heap *heap, int cpu, void *arg)
{
	struct dt_reclaim_visit *visit = arg;

	visit->more = visit->what != DT_RECLAIM_TRIM && reclaim_cached(heap, visit);
	if (!visit->more && visit->what != DT_RECLAIM_DRAIN && dt_trim_wanted(heap))
		visit->more = dt_trim_step(heap, &visit->trim);
	return visit->more && !visit->trim.tail;
}

/*
 * Runs and blocks that the next step may handle, and one for what it costs in any case. A look at
 * regions takes as long as some runs.
 */
static unsigned int step_work(const struct dt_heap *heap)
{
	unsigned long cached = dt_cache_listed(heap) + READ_ONCE(heap->nr_deferred);
	unsigned int look = dt_trim_wanted(heap) ? TRIM_WORK : 0;

	if (heap_has_remote(heap))
		return 1 + REMOTE_DRAIN_MAX;
	return 1 + look + min_t(unsigned long, cached, CACHE_FLUSH_MAX);
}

/*
 * Is there anything to reclaim from a heap? Any CPU may ask. Regions that were retired in NMI
 * count: they wait for a section that ends outside of it.
 */
bool dt_reclaim_has_more(const struct dt_heap *heap)
{
	if (heap_is_queued_on(heap))
		return true;
	/* Or it was drained, and is cached: pairs with dt_remote_finish()'s cmpxchg(). */
	smp_rmb();
	return dt_cache_granules(heap) || READ_ONCE(heap->spare) || READ_ONCE(heap->retired);
}

/**
 * struct visits - heaps of one CPU that are visited in interrupts
 * @visits: the heaps
 * @nr: number of them
 * @left: number of those that are not done
 */
struct visits {
	struct dt_reclaim_visit *visits;
	unsigned int nr;
	unsigned int left;
};

/* Prepend regions to the list of a visit. A step retires a few at most. */
static void visit_retire(struct dt_reclaim_visit *visit, struct dt_region *retired)
{
	struct dt_region **end = &retired;

	while (*end)
		end = &(*end)->retired;
	*end = visit->retired;
	visit->retired = retired;
}

/* Make steps in one heap, while there is budget. Return: the work. */
static unsigned int visit_heap(struct dt_reclaim_visit *visit, unsigned int budget)
{
	struct dt_heap *heap = section_enter(visit->dt);
	unsigned int work = 0;

	while (heap && !visit->done && !visit->trim.tail && work + step_work(heap) <= budget) {
		work += step_work(heap);
		reclaim_step(heap, smp_processor_id(), visit);
		visit->done = !visit->more;
	}
	visit_retire(visit, section_exit(visit->dt, heap));
	return work;
}

static void visits_interrupt(void *data)
{
	struct visits *v = data;
	unsigned int i, budget = VISIT_WORK;

	for (i = 0; i < v->nr && budget; i++) {
		if (v->visits[i].done)
			continue;
		budget -= visit_heap(&v->visits[i], budget);
		v->left -= v->visits[i].done;
	}
}

static size_t visits_put(struct visits *v)
{
	struct dt_reclaim_visit *visit;
	size_t bytes = 0;

	for (visit = v->visits; visit < v->visits + v->nr; visit++) {
		bytes += dt_regions_put(visit->dt, visit->retired);
		bytes += dt_trim_put(visit->dt, &visit->trim);
		visit->retired = NULL;
	}
	return bytes;
}

/*
 * Visit the heaps of an online CPU. Does no more if the CPU goes offline, so CPU hotplug need not
 * be held off. Return: bytes returned to the pool.
 */
static size_t reclaim_online(int cpu, struct visits *v)
{
	size_t bytes = 0;

	while (v->left) {
		if (smp_call_function_single(cpu, visits_interrupt, v, true))
			break;
		WRITE_ONCE(dt_reclaim_interrupts, READ_ONCE(dt_reclaim_interrupts) + 1);
		bytes += visits_put(v);
		cond_resched();
	}
	return bytes;
}

/* Return: bytes that an instance holds less than @before, or 0 if it has grown meanwhile. */
static size_t given_since(const struct dualtree *dt, long before)
{
	return max(before - atomic_long_read(&dt->held_bytes), 0L);
}

/* Return: bytes returned to the pool, an estimate. */
static size_t reclaim_offline(int cpu, struct dt_reclaim_visit *visit)
{
	long before = atomic_long_read(&visit->dt->held_bytes);

	do {
		dt_walk_cpu(visit->dt, heap_of_cpu(visit->dt, cpu), cpu, reclaim_step, visit);
		dt_trim_put(visit->dt, &visit->trim);
	} while (visit->more);
	return given_since(visit->dt, before);
}

/**
 * dt_reclaim_cpu() - reclaim heaps of one CPU
 * @cpu: the CPU, online or not
 * @visits: instances of which the CPU has a heap
 * @nr: number of instances
 *
 * Context: Process context; CPU hotplug is held off. May sleep.
 * Return: bytes returned to the pool; of an offline CPU's heap an estimate.
 */
size_t dt_reclaim_cpu(int cpu, struct dt_reclaim_visit *visits, unsigned int nr)
{
	struct visits v = { .visits = visits, .nr = nr, .left = nr };
	size_t bytes = 0;
	unsigned int i;

	if (cpu_online(cpu))
		return reclaim_online(cpu, &v);
	for (i = 0; i < nr; i++)
		bytes += reclaim_offline(cpu, &visits[i]);
	return bytes;
}

/*
 * Reclaim the shared heap of an instance. Process context; may sleep. Return: bytes returned to
 * the pool, an estimate.
 */
size_t dt_reclaim_shared(struct dualtree *dt)
{
	struct dt_reclaim_visit visit = { .dt = dt, .trim.idle = true };
	long before = atomic_long_read(&dt->held_bytes);

	if (!dt_reclaim_has_more(&dt->shared) && !dt_trim_wanted(&dt->shared))
		return 0;
	do {
		dt_walk_shared(dt, reclaim_step, &visit);
		dt_trim_put(dt, &visit.trim);
	} while (visit.more);
	return given_since(dt, before);
}

/* Reclaim the heaps of all CPUs, or unless @held_off, CPU hotplug is held off, of those online. */
static void reclaim_cpus(struct dualtree *dt, bool held_off)
{
	struct dt_reclaim_visit visit;
	struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (!heap || !(dt_reclaim_has_more(heap) || dt_trim_wanted(heap)))
			continue;
		visit = (struct dt_reclaim_visit) { .dt = dt, .trim.idle = true };
		if (held_off)
			dt_reclaim_cpu(cpu, &visit, 1);
		else if (cpu_online(cpu))
			reclaim_online(cpu, &(struct visits) { &visit, 1, 1 });
	}
	dt_reclaim_shared(dt);
}

/**
 * dt_reclaim_now() - reclaim all heaps of an instance
 * @dt: the instance
 *
 * For an allocation that would fail. The caller may hold the CPU hotplug lock, or a holder may wait
 * for the caller. So the lock is only tried; without it heaps of offline CPUs are left out.
 *
 * Context: Process context. May sleep.
 */
void dt_reclaim_now(struct dualtree *dt)
{
	if (cpus_read_trylock()) {
		reclaim_cpus(dt, true);
		cpus_read_unlock();
	} else {
		reclaim_cpus(dt, false);
	}
}

/* Reclaim all heaps of an instance. CPU hotplug is held off; may sleep. */
void dt_reclaim_all(struct dualtree *dt)
{
	reclaim_cpus(dt, true);
}

/* Is something that an instance holds in no heap: a region that comes, or was retired? A guess. */
static bool on_its_way(const struct dualtree *dt)
{
	long bytes = atomic_long_read(&dt->held_bytes) - READ_ONCE(dt->shared.held_bytes);
	const struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			bytes -= READ_ONCE(heap->held_bytes);
	}
	return bytes > 0;
}

/**
 * dt_reclaim_settle() - wait for what others reclaim
 * @dt: the instance
 *
 * They retire regions in a section and put them after it, preemptibly. Meanwhile these are in no
 * heap, and count as held. Waits for SETTLE_JIFFIES at most: regions may come all the time.
 *
 * Context: Process context. May sleep.
 * Return: true if there was anything to wait for.
 */
bool dt_reclaim_settle(struct dualtree *dt)
{
	unsigned int left = SETTLE_JIFFIES;

	while (left && on_its_way(dt)) {
		schedule_timeout_uninterruptible(1);
		left--;
	}
	return left < SETTLE_JIFFIES;
}

/* What is freed while this runs may be missed. */
size_t dualtree_shrink(struct dualtree *dt)
{
	long before = atomic_long_read(&dt->held_bytes);

	cpus_read_lock();
	dt_reclaim_all(dt);
	cpus_read_unlock();
	/* Others may have retired regions before this could. */
	dt_pass_wait();
	dt_in_flight_wait();
	dt_reclaim_settle(dt);
	return given_since(dt, before);
}
EXPORT_SYMBOL_GPL(dualtree_shrink);
