// SPDX-License-Identifier: GPL-2.0
/*
 * The threads that act; see actors.h.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../../bench/random.h"
#include "actor.h"
#include "actors.h"
#include "meeting.h"
#include "nmi.h"

/* Turns after which a thread sees to where it is. */
#define STAY	64

/**
 * struct acting - a thread that acts
 * @actor: what it is
 * @task: the thread; NULL: not started
 * @cpu: where it belongs
 * @roams: it belongs everywhere
 * @allowed: CPUs that it may be on
 */
struct acting {
	struct actor actor;
	struct task_struct *task;
	unsigned int cpu;
	bool roams;
	struct cpumask allowed;
};

static struct acting *acting;
static unsigned int nr_acting;

static unsigned int any_cpu(struct rnd_state *rnd)
{
	unsigned int cpu = cpumask_next(random_below(rnd, nr_cpu_ids) - 1, cpu_online_mask);

	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

/*
 * A CPU that goes away sends its threads elsewhere, and does not call them back.
 *
 * It sends them to where they are allowed, which is the first CPU as well: if it had to allow
 * more, the scheduler would warn of those that hold on to their CPU at that moment, as all
 * that hold a spinlock do on PREEMPT_RT. For the same reason none is told to be on one CPU
 * alone while one may go away.
 */
static void move(struct acting *a)
{
	unsigned int cpu = a->roams ? any_cpu(&a->actor.rnd) : a->cpu;

	/* While one goes away or comes back, it is tried again later. */
	if (raw_smp_processor_id() == cpu || !cpus_read_trylock())
		return;
	if (cpu_online(cpu)) {
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		cpumask_copy(&a->allowed, cpumask_of(cpu));
		cpumask_set_cpu(cpumask_first(cpu_online_mask), &a->allowed);
		set_cpus_allowed_ptr(current, &a->allowed);
	}
	cpus_read_unlock();
}

static int act_on(void *data)
{
	struct acting *a = data;

	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		if (a->actor.turns % STAY == 0)
			move(a);
		if (random_chance(&a->actor.rnd, 10))
			nmi_poke(any_cpu(&a->actor.rnd));
		actor_act(&a->actor);
		cond_resched();
	}
	return 0;
}

static int start_one(unsigned int which, unsigned int cpu, bool roams)
{
	struct acting *a = &acting[which];
	struct task_struct *task;

	actor_init(&a->actor, IN_TASK, which);
	a->actor.places = meeting_places(which);
	a->cpu = cpu;
	a->roams = roams;
	task = kthread_run(act_on, a, "torture/%u%s", which, roams ? "r" : "");
	if (IS_ERR(task))
		return PTR_ERR(task);
	a->task = task;
	return 0;
}

int actors_start(unsigned int per_cpu)
{
	unsigned int cpu, i, which = 0, cpus = num_online_cpus();
	int err = meetings_create(cpus * per_cpu);

	if (err)
		return err;
	acting = kcalloc(cpus * per_cpu, sizeof(*acting), GFP_KERNEL);
	if (!acting)
		return -ENOMEM;
	nr_acting = cpus * per_cpu;
	for_each_online_cpu(cpu) {
		for (i = 0; i < per_cpu && which < nr_acting && !err; i++) {
			err = start_one(which, cpu, i % 2);
			which++;
		}
	}
	return err;
}

void actors_park(void)
{
	unsigned int i;

	for (i = 0; i < nr_acting; i++)
		if (acting[i].task)
			kthread_park(acting[i].task);
}

void actors_unpark(void)
{
	unsigned int i;

	for (i = 0; i < nr_acting; i++)
		if (acting[i].task)
			kthread_unpark(acting[i].task);
}

void actors_stop(void)
{
	unsigned int i;

	for (i = 0; i < nr_acting; i++)
		if (acting[i].task)
			kthread_stop(acting[i].task);
	nr_acting = 0;
	kfree(acting);
	acting = NULL;
	meetings_destroy();
}

void actors_most_least(unsigned long *most, unsigned long *least)
{
	unsigned int i;

	*most = 0;
	*least = nr_acting ? ULONG_MAX : 0;
	for (i = 0; i < nr_acting; i++) {
		/* It may be counting on. */
		unsigned long turns = READ_ONCE(acting[i].actor.turns);

		*most = max(*most, turns);
		*least = min(*least, turns);
	}
}
