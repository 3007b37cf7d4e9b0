// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in flight: what other CPUs have freed and the owner has not drained. Only a request that a
 * run serves as it is can have it, so there is to be little of it.
 *
 * An owner takes runs, or drains, when its caches miss. One whose requests the cache serves, or
 * that makes none since its stream has moved away, would leave its remote list to the next pass,
 * for seconds. So an instance is watched from when a region is queued until no heap has one queued.
 * Every IN_FLIGHT_MS a work looks at what is watched. Where more is in flight than IN_FLIGHT_MIN
 * and a part of what the instance holds, the heaps with a remote list are drained, in interrupts on
 * their CPUs. They keep their caches and their spares. So what waits for longer than IN_FLIGHT_MS
 * is bounded.
 *
 *	a push			the work
 *	queues the region	takes the instance off
 *	full barrier		full barrier
 *	is it watched?		is a region queued? Then it is watched again
 *
 * With idle_ms=0 nothing is watched.
 *
 * Context: the work, process context. Locks, outermost first: the CPU hotplug lock, watched_lock,
 * those of walk.c.
 */
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include "../buddy/queue.h"
#include "../compat/compat.h"
#include "in_flight.h"
#include "pass.h"
#include "reclaim.h"
#include "remote.h"
#include "section.h"
#include "stats.h"

/*
 * Milliseconds between two looks. At 10 GBit/s 25 MB arrive in them, and as much may be freed. A
 * CPU gets at most 50 interrupts a second for each STEP_INSTANCES instances, and none if it drains
 * its heaps itself.
 */
#define IN_FLIGHT_MS	20

/*
 * More in flight than this part of what an instance holds is drained: 3 %. A drain is work that the
 * owner would have to do anyhow, but for the interrupt.
 */
#define IN_FLIGHT_PART	32

/* Max instances of a step: bounds the hold of the locks. */
#define STEP_INSTANCES	16

/* Instances that are watched, and were not looked at yet. */
static LLIST_HEAD(watched);

/* Guards @taken, and dualtree_destroy() against the work. */
static DEFINE_MUTEX(watched_lock);

/* Instances that the work has taken and not looked at yet. */
static struct llist_node *taken;

static void in_flight_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(look, in_flight_work);

/* A push may be in the midst of the kernel's timers: see arm_irq() in pass.c. */
static void look_irq(struct irq_work *irq)
{
	queue_delayed_work(buddy_reclaim_queue, &look, msecs_to_jiffies(IN_FLIGHT_MS));
}

static struct irq_work look_soon = IRQ_WORK_INIT(look_irq);

void dt_in_flight_init(struct dualtree *dt)
{
	dt->watch.next = &dt->watch;
}

/* Watch an instance, if it is not watched. Context: any, NMI included. */
void dt_in_flight_watch(struct dualtree *dt)
{
	if (!READ_ONCE(dt_idle_ms) || cmpxchg(&dt->watch.next, &dt->watch, NULL) != &dt->watch)
		return;
	llist_add(&dt->watch, &watched);
	irq_work_queue(&look_soon);
}

/* Is a region queued on the heap of a CPU? A push to the shared heap drains that heap. */
static bool is_queued_on(struct dualtree *dt)
{
	const struct dt_heap *heap;
	int cpu;

	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap && heap_is_queued_on(heap))
			return true;
	}
	return false;
}

/* A look at an instance is over: it is watched on if a region is queued. */
static void in_flight_unwatch(struct dualtree *dt)
{
	WRITE_ONCE(dt->watch.next, &dt->watch);
	/* Full: pairs with the queueing before in_flight_note(). */
	smp_mb();
	if (is_queued_on(dt))
		dt_in_flight_watch(dt);
}

static bool too_much(const struct dualtree *dt)
{
	size_t part = atomic_long_read(&dt->held_bytes) / IN_FLIGHT_PART;

	return dt_stats_in_flight(dt) > max_t(size_t, part, IN_FLIGHT_MIN);
}

/* Drain the heaps of one CPU that have a remote list. */
static void drain_cpu(struct dualtree **dts, unsigned int nr, int cpu)
{
	struct dt_reclaim_visit visits[STEP_INSTANCES];
	unsigned int i, nr_visits = 0;
	struct dt_heap *heap;

	for (i = 0; i < nr; i++) {
		heap = heap_of_cpu(dts[i], cpu);
		if (heap && heap_is_queued_on(heap))
			visits[nr_visits++] = (struct dt_reclaim_visit) {
				.dt = dts[i], .what = DT_RECLAIM_DRAIN,
			};
	}
	if (nr_visits)
		dt_reclaim_cpu(cpu, visits, nr_visits);
}

/* Look at the next few of those that were taken. Return: false if there are no more. */
static bool in_flight_step(void)
{
	struct dualtree *dts[STEP_INSTANCES], *dt;
	struct llist_node *looked = taken, *next;
	unsigned int i, nr = 0;
	int cpu;

	for (i = 0; taken && i < STEP_INSTANCES; i++) {
		dt = llist_entry(taken, struct dualtree, watch);
		if (too_much(dt))
			dts[nr++] = dt;
		taken = taken->next;
	}
	if (nr)
		for_each_possible_cpu(cpu)
			drain_cpu(dts, nr, cpu);
	for (; looked != taken; looked = next) {
		next = looked->next;
		in_flight_unwatch(llist_entry(looked, struct dualtree, watch));
	}
	return taken;
}

static void in_flight_work(struct work_struct *work)
{
	bool more;

	mutex_lock(&watched_lock);
	taken = llist_del_all(&watched);
	mutex_unlock(&watched_lock);
	do {
		cpus_read_lock();
		mutex_lock(&watched_lock);
		more = in_flight_step();
		mutex_unlock(&watched_lock);
		cpus_read_unlock();
		cond_resched();
	} while (more);
}

/* Leave an instance out of a list. Return: the list. */
static struct llist_node *without(struct llist_node *list, const struct dualtree *dt)
{
	struct llist_node **link = &list;

	while (*link)
		if (*link == &dt->watch)
			*link = (*link)->next;
		else
			link = &(*link)->next;
	return list;
}

/* An instance is being destroyed, and nothing is freed to it any more. Process context. */
void dt_in_flight_forget(struct dualtree *dt)
{
	struct llist_node *list, *next;

	/* The work may be about to watch it again. */
	mutex_lock(&watched_lock);
	if (in_flight_watched(dt)) {
		taken = without(taken, dt);
		for (list = without(llist_del_all(&watched), dt); list; list = next) {
			next = list->next;
			llist_add(list, &watched);
		}
	}
	mutex_unlock(&watched_lock);
}

/* Wait for a look that has retired regions: it puts them under the lock. Process context. */
void dt_in_flight_wait(void)
{
	mutex_lock(&watched_lock);
	mutex_unlock(&watched_lock);
}

/* There is no instance any more. */
void dt_in_flight_exit(void)
{
	irq_work_sync(&look_soon);
	cancel_delayed_work_sync(&look);
}
