// SPDX-License-Identifier: GPL-2.0
/*
 * Stressors: what makes it hard for dualtree. And faults of the torture's own, which it must find.
 *
 *	task, softirq, hardirq, nmi	workers in that context
 *	hotplug				CPUs go down and come up again
 *	pressure			most of the free memory is taken for a while
 *	faults				what dualtree asks the kernel for fails now and then
 *	teardown			streams are destroyed with all that lives in them
 *	shrink				dualtree_shrink() and dualtree_get_stats() meanwhile
 *	pipe				see pipe.c
 *	stray				writes into free memory; see stray.c
 *
 * The first four are workers; the others are threads that repeat a step. Each counts its events,
 * and one that had none by the end is a failure. The control thread alone calls the functions that
 * torture.h declares.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>
#include <dualtree/fault.h>

#include "../compat/nmi.h"
#include "torture.h"

/* A CPU must come up again, even where memory is short: tries at 100 ms each. */
#define CPU_UP_TRIES	50

/* One of so many pages is left: below that the kernel might have to kill processes. */
#define PRESSURE_LEFT	10

/* Order of the blocks that are taken first, for speed. */
#define PRESSURE_ORDER	6

/* The first id of worker_init(): above those of worker threads, of which a CPU has up to 64. */
#define STRESS_ID	BIT(24)

/**
 * struct stress_thread - a thread of a stressor
 * @stressor: of which; it may have several
 * @name: of the thread
 * @bind: it runs on the nth CPU that is online, from 1 on; 0: on any
 * @step: what it repeats until it is to stop. Return: how many events that were
 * @events: sum of what the steps returned; only the thread writes it
 * @worker: who it is to dualtree
 * @task: the kthread, NULL if it does not run
 */
struct stress_thread {
	enum stressor stressor;
	const char *name;
	unsigned int bind;
	unsigned long (*step)(struct worker *w);
	unsigned long events;
	struct worker worker;
	struct task_struct *task;
};

static const char *const names[NR_STRESSORS] = {
	[STRESS_TASK]		= "task",
	[STRESS_SOFTIRQ]	= "softirq",
	[STRESS_HARDIRQ]	= "hardirq",
	[STRESS_NMI]		= "nmi",
	[STRESS_HOTPLUG]	= "hotplug",
	[STRESS_PRESSURE]	= "pressure",
	[STRESS_FAULTS]		= "faults",
	[STRESS_TEARDOWN]	= "teardown",
	[STRESS_SHRINK]		= "shrink",
	[STRESS_PIPE]		= "pipe",
	[STRESS_STRAY]		= "stray",
};

/* Written before anything starts. */
static unsigned long wanted;
static unsigned int hotplug_first;

static void cpu_bring_up(unsigned int cpu)
{
	unsigned int tries = CPU_UP_TRIES;
	int err;

	while ((err = add_cpu(cpu)) && tries--)
		schedule_timeout_uninterruptible(HZ / 10);
	if (err)
		torture_fail("CPU %u does not come up again: %d", cpu, err);
}

/* Take one CPU down for a while. One that is busy stays: a later step tries again. */
static unsigned long hotplug_step(struct worker *w)
{
	unsigned int last = cpumask_last(cpu_online_mask);
	unsigned int cpu = random_between(&w->rnd, hotplug_first, max(last, hotplug_first));
	bool down = cpu && cpu_online(cpu) && !remove_cpu(cpu);

	if (down) {
		torture_nap(random_between(&w->rnd, 20, 500));
		cpu_bring_up(cpu);
	}
	torture_nap(random_between(&w->rnd, 100, 1000));
	return down;
}

/* The first bytes of a block of pages that is taken. */
struct taken_block {
	struct taken_block *next;
	unsigned int order;
};

/* Take blocks of an order, and put them before those in @list. */
static struct taken_block *take_blocks(struct taken_block *list, unsigned int order,
				       unsigned long *pages)
{
	long left = totalram_pages() / PRESSURE_LEFT;
	struct taken_block *block;

	while (!kthread_should_stop() && si_mem_available() > left) {
		/* It may fail: no process should be killed for it. */
		block = (void *)__get_free_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
		if (!block)
			break;
		*block = (struct taken_block) { list, order };
		list = block;
		*pages += 1UL << order;
		cond_resched();
	}
	return list;
}

static void free_blocks(struct taken_block *list)
{
	struct taken_block *block;

	while ((block = list)) {
		list = block->next;
		free_pages((unsigned long)block, block->order);
		cond_resched();
	}
}

/* Return: how many pages were taken. */
static unsigned long pressure_step(struct worker *w)
{
	struct taken_block *list;
	unsigned long pages = 0;

	list = take_blocks(NULL, PRESSURE_ORDER, &pages);
	list = take_blocks(list, 0, &pages);
	torture_nap(random_between(&w->rnd, 100, 1000));
	free_blocks(list);
	torture_nap(random_between(&w->rnd, 500, 3000));
	return pages;
}

/* Some allocations fail for a while, and then none for as long. Return: how many failed. */
static unsigned long faults_step(struct worker *w)
{
	static const unsigned int every[] = { 2, 5, 20, 100 };
	unsigned int before = dualtree_faults();

	dualtree_fail_every(every[random_below(&w->rnd, ARRAY_SIZE(every))]);
	torture_nap(random_between(&w->rnd, 20, 200));
	dualtree_fail_every(0);
	torture_nap(random_between(&w->rnd, 20, 200));
	return dualtree_faults() - before;
}

/* Replace one of the streams after the other. */
static unsigned long teardown_step(struct worker *w)
{
	unsigned int which = w->iterations++ % NR_STREAMS;
	bool destroyed = stream_destroy(which);

	stream_create(which, &w->rnd);
	torture_nap(random_between(&w->rnd, 10, 300));
	return destroyed;
}

/* The numbers of an instance in use are not exact; that they can be read is what is tested. */
static unsigned long shrink_step(struct worker *w)
{
	struct instance *inst = instances[random_below(&w->rnd, NR_INSTANCES)];
	struct dualtree_stats stats;

	dualtree_shrink(inst->dt);
	dualtree_get_stats(inst->dt, &stats);
	torture_nap(random_between(&w->rnd, 5, 100));
	return 1;
}

/* In the order in which they start, the reverse of that in which they stop. */
static struct stress_thread threads[] = {
	{ STRESS_TEARDOWN, "streams", 0, teardown_step },
	{ STRESS_SHRINK, "shrink", 0, shrink_step },
	{ STRESS_PIPE, "producer", 1, pipe_produce },
	{ STRESS_PIPE, "consumer", 2, pipe_consume },
	{ STRESS_STRAY, "stray", 0, stray_step },
	{ STRESS_FAULTS, "faults", 0, faults_step },
	{ STRESS_PRESSURE, "pressure", 0, pressure_step },
	{ STRESS_HOTPLUG, "hotplug", 0, hotplug_step },
};

/* @words is "all", or names separated by commas. Return: 0 or an errno. */
int stress_parse(const char *words)
{
	char *copy, *rest, *word;
	int found = 0;

	if (!strcmp(words, "all")) {
		wanted = BIT(NR_STRESSORS) - 1;
		return 0;
	}
	copy = kstrdup(words, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (rest = copy; found >= 0 && (word = strsep(&rest, ","));) {
		found = match_string(names, NR_STRESSORS, word);
		if (found >= 0)
			wanted |= BIT(found);
	}
	kfree(copy);
	return min(found, 0);
}

bool stress_has(enum stressor stressor)
{
	return wanted & BIT(stressor);
}

static void leave_out(enum stressor stressor, const char *why)
{
	if (stress_has(stressor))
		pr_info("no %s: %s\n", names[stressor], why);
	wanted &= ~BIT(stressor);
}

/* Leave out what this machine cannot do. The pipe's two CPUs stay, if there are more. */
void stress_prepare(bool hotplug)
{
	unsigned int last = cpumask_last(cpu_online_mask);

	hotplug_first = stress_has(STRESS_PIPE) && num_online_cpus() > 2 ? 2 : 1;
	if (!hotplug)
		leave_out(STRESS_HOTPLUG, "hotplug=0");
	else if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || last < hotplug_first)
		leave_out(STRESS_HOTPLUG, "no CPU can go down");
	if (!IS_ENABLED(CONFIG_DUALTREE_DEBUG))
		leave_out(STRESS_FAULTS, "built without CONFIG_DUALTREE_DEBUG");
	if (!dt_nmi_available())
		leave_out(STRESS_NMI, "this machine has none");
	/* Its writes are wrong accesses, and race with dualtree's own. */
	if (IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN))
		leave_out(STRESS_STRAY, "this kernel would report each write");
}

static int stress_run(void *data)
{
	struct stress_thread *t = data;
	/* A CPU may go down or come up meanwhile. */
	unsigned int cpu = t->bind ? data_race(cpumask_nth(t->bind - 1, cpu_online_mask)) :
				     nr_cpu_ids;

	/* If that CPU goes down, the scheduler moves the thread. */
	if (cpu < nr_cpu_ids)
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
	while (!kthread_should_stop()) {
		/* Marked: the control thread reads it. */
		WRITE_ONCE(t->events, t->events + t->step(&t->worker));
		cond_resched();
	}
	return 0;
}

int stress_start(void)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		struct stress_thread *t = &threads[i];

		if (!stress_has(t->stressor))
			continue;
		worker_init(&t->worker, IN_TASK, STRESS_ID + i);
		task = kthread_run(stress_run, t, "torture_%s", t->name);
		if (IS_ERR(task))
			return PTR_ERR(task);
		t->task = task;
	}
	return 0;
}

void stress_stop(void)
{
	unsigned int i;

	for (i = ARRAY_SIZE(threads); i--; threads[i].task = NULL)
		if (threads[i].task)
			kthread_stop(threads[i].task);
}

static unsigned long stressor_events(enum stressor stressor)
{
	unsigned long sum = 0;
	unsigned int i;

	if (stressor < STRESS_HOTPLUG)
		return counter_in(IN_TASK + (stressor - STRESS_TASK), ITERATIONS);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		if (threads[i].stressor == stressor)
			sum += READ_ONCE(threads[i].events);
	return sum;
}

/* Write " NAME EVENTS" of each stressor. */
void stress_print(char *buf, size_t size)
{
	size_t len = 0;
	int i;

	buf[0] = '\0';
	for (i = 0; i < NR_STRESSORS; i++)
		if (stress_has(i))
			len += scnprintf(buf + len, size - len, " %s %lu", names[i],
					 stressor_events(i));
}

/* A stressor that had no effect is a failure. */
void stress_check(void)
{
	int i;

	for (i = 0; i < NR_STRESSORS; i++)
		if (stress_has(i) && !stressor_events(i))
			torture_fail("%s: the stressor had no effect", names[i]);
}

/* Bytes of the object that a fault concerns. */
#define FAULT_LEN	1000

static void fault_leak(struct worker *w, struct object *obj)
{
}

static void fault_corrupt(struct worker *w, struct object *obj)
{
	obj->ptr[obj->len / 2] ^= 0x10;
	object_leave(w, obj);
}

static void fault_double(struct worker *w, struct object *obj)
{
	object_free(w, obj, 0, obj->len);
	object_free(w, obj, 0, obj->len);
}

static void fault_lost(struct worker *w, struct object *obj)
{
	instance_account(w->inst, -(long)obj->len);
}

static const struct fault {
	const char *name;
	void (*commit)(struct worker *w, struct object *obj);
} faults[] = {
	{ "none" },
	{ "leak", fault_leak },
	{ "corrupt", fault_corrupt },
	{ "double", fault_double },
	{ "lost", fault_lost },
};

static const struct fault *fault = faults;

int inject_parse(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		fault = &faults[i];
		if (!strcmp(fault->name, name))
			return 0;
	}
	return -EINVAL;
}

/* Once. Quiesced: no worker gets the memory between the two frees of fault_double(). */
void inject_fault(void)
{
	struct worker w = { .inst = instances[0], .gfp = GFP_KERNEL };
	struct object obj;

	if (!fault->commit)
		return;
	worker_init(&w, IN_TASK, UINT_MAX);
	/* On OOM the next call tries again. */
	if (!object_alloc(&w, &obj, FAULT_LEN, 0, FAULT_LEN))
		return;
	pr_info("injecting: %s\n", fault->name);
	fault->commit(&w, &obj);
	fault = faults;
}
