// SPDX-License-Identifier: GPL-2.0
/*
 * Passes: reclaim of all instances, a few at a time, where their CPUs make no call that does it.
 *
 *	a pass			reclaims the heaps that
 *	every idle_ms, while	- saw fewer than IDLE_OPS calls since the last look at them
 *	any memory is held	- have a remote list that they did not take since then: their
 *				  requests may all be served from the cache
 *				- are overdue: a call that could not sleep left their remote list,
 *				  and started the pass
 *				and looks at the regions of others of which more than half lies in
 *				their trees: trim.c
 *	memory pressure		the same, after a new look at them
 *	urgent pressure		all
 *
 * A pass takes PASS_INSTANCES instances at a time and sends each CPU interrupts for all of them
 * together (reclaim.c). The shrinker tells of both kinds of pressure (pressure.c).
 *
 * Context: process context. Locks, outermost first: the CPU hotplug lock, instances_lock, then
 * those of walk.c.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include "../buddy/queue.h"
#include "../compat/compat.h"
#include "cache.h"
#include "pass.h"
#include "reclaim.h"
#include "remote.h"
#include "section.h"

/*
 * The parameter idle_ms, in milliseconds. Two seconds is also the period at which the reaper of
 * the former SLAB allocator visited the array caches of a CPU (REAPTIMEOUT_AC).
 */
unsigned int dt_idle_ms = 2000;
EXPORT_SYMBOL_FOR_DT_TEST(dt_idle_ms);

/*
 * Guards @instances, @sample, writes to @nr_instances, and dualtree.looked, dt_heap.seen_ops and
 * dt_heap.seen_drains of all instances. Held for a whole batch of a pass.
 */
static DEFINE_MUTEX(instances_lock);
static LIST_HEAD(instances);
static unsigned int nr_instances;

/* Where the next sample begins: an instance, or the list's head. */
static struct list_head *sample = &instances;

/* Why a pass is made, in the order of need. */
enum need {
	NEED_NONE,
	NEED_PRESSURE,
	NEED_ALL,
};

/* The need of the next pass: an enum need. */
static atomic_t need;

/*
 * Passes for NEED_PRESSURE in a row that looked at a heap and returned nothing. Written by passes
 * only.
 */
static unsigned int empty_passes;

/* After so many nothing is idle. The first may be the first look at a heap, which tells nothing. */
#define EMPTY_PASSES_MAX	2

/* No more than this part of what is held is nothing: streams that pause give up a page and more. */
#define NOTHING_PART	64

/*
 * A heap with fewer calls since the last look is idle. What it returns costs it one region to be
 * got again, in a whole period. Without this a call now and then kept a spare of 1 MiB for ever.
 */
#define IDLE_OPS	64

/*
 * Milliseconds that must have passed since the last look at a heap, for its calls to tell whether
 * it is idle. Pressure asks again and again; a busy heap makes more than IDLE_OPS calls in them.
 */
#define LOOK_MS		200U

/* Max instances that a pass reclaims at a time: bounds the hold of the locks, and the stack. */
#define PASS_INSTANCES	16

/*
 * Is a look at the regions of a heap due? Not if it had no call since the last look, nothing was
 * drained into its trees, and that look found nothing to cut. It is if regions were retired in NMI:
 * a busy heap's fast path leaves them. Called before heap_due(), which notes the calls.
 */
static bool trim_due(const struct dt_heap *heap)
{
	lockdep_assert_held(&instances_lock);
	return READ_ONCE(heap->retired) || (dt_trim_wanted(heap) &&
	       (heap_ops(heap) != heap->seen_ops || READ_ONCE(heap->trim_due)));
}

/* Is a heap to be reclaimed in this pass? With @look records what the next look compares with. */
static bool heap_due(struct dt_heap *heap, bool all, bool look)
{
	u64 ops = heap_ops(heap);
	unsigned int drains = READ_ONCE(heap->drains);
	/* A heap that no pass has seen yet may have been made a moment ago. */
	bool idle = heap->seen_ops && ops - heap->seen_ops < IDLE_OPS;
	bool undrained = heap_has_remote(heap) && drains == heap->seen_drains;
	bool overdue = READ_ONCE(heap->overdue);

	lockdep_assert_held(&instances_lock);
	if (overdue) {
		/* Full, as irq_work_queue() in dt_pass_start(): what is left is seen. */
		smp_store_mb(heap->overdue, false);
	}
	if (!look)
		return all || overdue;
	heap->seen_ops = ops;
	heap->seen_drains = drains;
	return all || idle || undrained || overdue;
}

/**
 * struct batch - instances of one step of a pass
 * @dts: the instances, which hold memory
 * @looks: for each, whether its heaps' calls tell that they are idle
 * @nr: number of them
 * @held: bytes that they hold
 * @all: reclaim all heaps
 */
struct batch {
	struct dualtree *dts[PASS_INSTANCES];
	bool looks[PASS_INSTANCES];
	unsigned int nr;
	size_t held;
	bool all;
};

/* Reclaim the heaps of one CPU that are due. Return: bytes returned to the pool. */
static size_t batch_cpu(const struct batch *batch, int cpu)
{
	struct dt_reclaim_visit visits[PASS_INSTANCES];
	unsigned int i, nr = 0;
	struct dt_heap *heap;
	bool due, trim;

	for (i = 0; i < batch->nr; i++) {
		heap = heap_of_cpu(batch->dts[i], cpu);
		if (!heap)
			continue;
		trim = batch->looks[i] && trim_due(heap);
		due = heap_due(heap, batch->all, batch->looks[i]);
		if (trim || (due && dt_reclaim_has_more(heap)))
			visits[nr++] = (struct dt_reclaim_visit) {
				.dt = batch->dts[i], .trim.idle = due,
				.what = due ? DT_RECLAIM_ALL : DT_RECLAIM_TRIM,
			};
	}
	return nr ? dt_reclaim_cpu(cpu, visits, nr) : 0;
}

static size_t batch_reclaim(const struct batch *batch)
{
	size_t bytes = 0;
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		bytes += batch_cpu(batch, cpu);
		cond_resched();
	}
	for (i = 0; i < batch->nr; i++)
		if (heap_due(&batch->dts[i]->shared, batch->all, batch->looks[i]))
			bytes += dt_reclaim_shared(batch->dts[i]);
	return bytes;
}

/* Has enough time passed since the last look at an instance's heaps? A pass by time is enough. */
static bool look_due(const struct dualtree *dt)
{
	unsigned int ms = min(READ_ONCE(dt_idle_ms) ?: LOOK_MS, LOOK_MS);

	return (u32)jiffies - dt->looked >= msecs_to_jiffies(ms);
}

/*
 * Take the first instances that hold memory, at most PASS_INSTANCES, out of *@left. All that were
 * seen move to the end of the list.
 */
static void batch_fill(struct batch *batch, unsigned int *left)
{
	struct dualtree *dt;
	size_t held;

	while (*left && batch->nr < PASS_INSTANCES) {
		dt = list_first_entry_or_null(&instances, struct dualtree, instance);
		if (!dt)
			return;
		--*left;
		list_move_tail(&dt->instance, &instances);
		held = atomic_long_read(&dt->held_bytes);
		if (!held)
			continue;
		batch->held += held;
		batch->looks[batch->nr] = look_due(dt);
		if (batch->looks[batch->nr])
			dt->looked = jiffies;
		batch->dts[batch->nr++] = dt;
	}
}

/**
 * struct pass_sum - what a pass has found
 * @held: bytes that instances held
 * @looked: a heap was looked at long enough after the last look
 * @bytes: bytes returned to the pool
 */
struct pass_sum {
	size_t held;
	bool looked;
	size_t bytes;
};

/*
 * A step of a pass. The locks are dropped between steps, so that CPU hotplug and dualtree_destroy()
 * do not wait for all instances.
 */
static void pass_step(bool all, unsigned int *left, struct pass_sum *sum)
{
	struct batch batch = { .all = all };
	unsigned int i;

	cpus_read_lock();
	mutex_lock(&instances_lock);
	batch_fill(&batch, left);
	if (list_empty(&instances))
		*left = 0;
	sum->bytes += batch_reclaim(&batch);
	mutex_unlock(&instances_lock);
	cpus_read_unlock();
	sum->held += batch.held;
	for (i = 0; i < batch.nr; i++)
		sum->looked |= batch.looks[i];
}

static void note_empty(enum need why, const struct pass_sum *sum)
{
	if (why == NEED_ALL || sum->bytes > sum->held / NOTHING_PART)
		WRITE_ONCE(empty_passes, 0);
	else if (why == NEED_PRESSURE && sum->looked)
		WRITE_ONCE(empty_passes, empty_passes + 1);
}

/* Wait for a pass that has retired regions: it puts them under the lock. Process context. */
void dt_pass_wait(void)
{
	mutex_lock(&instances_lock);
	mutex_unlock(&instances_lock);
}

static void pass_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(pass, pass_work);

static void pass_work(struct work_struct *work)
{
	unsigned int left = READ_ONCE(nr_instances);
	enum need why = atomic_xchg(&need, NEED_NONE);
	struct pass_sum sum = {};

	/* Passes over idle heaps were turned off after this one was queued. */
	if (why == NEED_NONE && !READ_ONCE(dt_idle_ms))
		return;
	while (left) {
		pass_step(why == NEED_ALL, &left, &sum);
		cond_resched();
	}
	note_empty(why, &sum);
	if (sum.held)
		dt_pass_arm();
}

/*
 * Work is queued from here, and not where an instance grows: that may be in the midst of the
 * kernel's timers or workqueues, by a probe there.
 */
static void arm_irq(struct irq_work *irq)
{
	unsigned int ms = READ_ONCE(dt_idle_ms);

	if (ms)
		queue_delayed_work(buddy_reclaim_queue, &pass, msecs_to_jiffies(ms));
}

static void start_irq(struct irq_work *irq)
{
	mod_delayed_work(buddy_reclaim_queue, &pass, 0);
}

static struct irq_work arm = IRQ_WORK_INIT(arm_irq);
static struct irq_work start = IRQ_WORK_INIT(start_irq);

/* There is memory that may be idle some day. Context: any. */
void dt_pass_arm(void)
{
	if (READ_ONCE(dt_idle_ms) && !delayed_work_pending(&pass))
		irq_work_queue(&arm);
}

/* A heap is overdue: a pass is due now. Context: any. */
void dt_pass_start(void)
{
	irq_work_queue(&start);
}

/**
 * dt_pass_set_idle_ms() - set the period of passes over idle heaps
 * @ms: period in milliseconds, or 0 for no such passes
 *
 * Applies at once: the pass that is queued is moved, unless memory pressure asked for it. With 0 it
 * has ended when this returns, and only memory pressure starts another.
 *
 * Context: Process context. May sleep.
 */
void dt_pass_set_idle_ms(unsigned int ms)
{
	WRITE_ONCE(dt_idle_ms, ms);
	irq_work_sync(&arm);
	if (!ms)
		flush_delayed_work(&pass);
	else if (READ_ONCE(nr_instances) && !atomic_read(&need))
		mod_delayed_work(buddy_reclaim_queue, &pass, msecs_to_jiffies(ms));
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_pass_set_idle_ms);

/* Also called before the module is set up and after its exit: without instances no pass is due. */
static int idle_ms_write(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;
	int err = kstrtouint(val, 0, &ms);

	if (!err)
		dt_pass_set_idle_ms(ms);
	return err;
}

static const struct kernel_param_ops idle_ms_ops = {
	.set = idle_ms_write,
	.get = param_get_uint,
};

module_param_cb(idle_ms, &idle_ms_ops, &dt_idle_ms, 0644);
__MODULE_PARM_TYPE(idle_ms, "uint");
MODULE_PARM_DESC(idle_ms,
		 "milliseconds after which memory of an idle heap returns to the pool; 0: never");

/* Max instances of a sample: a count of the shrinker looks at all their heaps. */
#define SAMPLE_MAX	64

/* Move the place where the next sample begins past an instance, or to the first. */
static void sample_next(void)
{
	sample = sample->next == &instances ? instances.next : sample->next;
}

/**
 * dt_pass_sample() - estimate a sum over all instances from some of them
 * @fn: function to sum, called under RCU and the lock of passes
 *
 * The sample is of the next SAMPLE_MAX instances each time. Does not wait: the holder of the lock
 * may be a pass.
 *
 * Context: Process context.
 * Return: the estimate, or 0 while a pass goes on.
 */
unsigned long dt_pass_sample(unsigned long (*fn)(const struct dualtree *dt))
{
	unsigned long sum = 0;
	unsigned int i, nr;

	if (!mutex_trylock(&instances_lock))
		return 0;
	nr = min_t(unsigned int, nr_instances, SAMPLE_MAX);
	for (i = 0; i < nr; i++) {
		sample_next();
		rcu_read_lock();
		sum += fn(list_entry(sample, struct dualtree, instance));
		rcu_read_unlock();
	}
	if (nr)
		sum = mult_frac(sum, (unsigned long)nr_instances, (unsigned long)nr);
	mutex_unlock(&instances_lock);
	return sum;
}

/* Did the last passes for memory find nothing idle? Any context. */
bool dt_pass_nothing_idle(void)
{
	return READ_ONCE(empty_passes) >= EMPTY_PASSES_MAX;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_pass_nothing_idle);

/* Start a pass for memory: over idle heaps, or over all. Process context. */
void dt_pass_pressure(bool all)
{
	int why = all ? NEED_ALL : NEED_PRESSURE, old = atomic_read(&need);

	do {
		if (old >= why)
			break;
	} while (!atomic_try_cmpxchg(&need, &old, why));
	mod_delayed_work(buddy_reclaim_queue, &pass, 0);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_pass_pressure);

/* Reclaim the heaps of a CPU that is dead. CPU hotplug calls this, and so is held off. */
static int cpu_dead(unsigned int cpu)
{
	struct dualtree *dt;

	mutex_lock(&instances_lock);
	list_for_each_entry(dt, &instances, instance) {
		struct dt_reclaim_visit visit = { .dt = dt };
		struct dt_heap *heap = heap_of_cpu(dt, cpu);

		if (heap && dt_reclaim_has_more(heap))
			dt_reclaim_cpu(cpu, &visit, 1);
	}
	mutex_unlock(&instances_lock);
	return 0;
}

static enum cpuhp_state dead_state;

void dt_pass_add(struct dualtree *dt)
{
	dt->looked = jiffies;
	mutex_lock(&instances_lock);
	list_add_tail(&dt->instance, &instances);
	WRITE_ONCE(nr_instances, nr_instances + 1);
	mutex_unlock(&instances_lock);
}

/* From here on no pass, no shrinker and no CPU hotplug looks at the instance's heaps. */
void dt_pass_remove(struct dualtree *dt)
{
	mutex_lock(&instances_lock);
	if (sample == &dt->instance)
		sample = sample->prev;
	list_del(&dt->instance);
	WRITE_ONCE(nr_instances, nr_instances - 1);
	mutex_unlock(&instances_lock);
}

/* Call a function on each instance. Process context; none is destroyed meanwhile. */
void dt_pass_each(void (*fn)(struct dualtree *dt, void *arg), void *arg)
{
	struct dualtree *dt;

	mutex_lock(&instances_lock);
	list_for_each_entry(dt, &instances, instance) {
		fn(dt, arg);
		cond_resched();
	}
	mutex_unlock(&instances_lock);
}

/* Number of instances. Changes at any time. */
unsigned int dt_pass_instances(void)
{
	return READ_ONCE(nr_instances);
}

int dt_pass_init(void)
{
	int err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "dualtree:dead", NULL, cpu_dead);

	if (err < 0)
		return err;
	dead_state = err;
	return 0;
}

/* Stop passes. There is no instance, and nothing asks for a pass any more. */
void dt_pass_exit(void)
{
	cpuhp_remove_state_nocalls(dead_state);
	irq_work_sync(&arm);
	irq_work_sync(&start);
	cancel_delayed_work_sync(&pass);
}
