// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: what runs iterations, and in which context.
 *
 *	context	worker			iterations
 *	task	threads of each CPU	one after the other; every other thread runs on any CPU
 *	softirq	a timer on each CPU	up to 3 when it fires
 *	hardirq	a timer on each CPU	the same; one time in 4 an NMI to its own CPU follows
 *	nmi	each CPU		one for each NMI; compat/nmi.h tells ours from others
 *
 * Quiescing: threads are parked. Interrupts and NMIs run iterations under RCU while @gate_open is
 * set; it is cleared, and after a grace period none is running.
 *
 * A timer comes and goes with its CPU: a hotplug callback starts it on the CPU that has come up and
 * cancels it before the CPU goes down. Only the control thread starts, quiesces and stops workers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "../compat/hrtimer.h"
#include "../compat/nmi.h"
#include "torture.h"

/* Iterations after which a thread moves to where it belongs. */
#define MOVE_PERIOD	64

/* Percent of a thread's iterations, and of a hard timer's expiries, with an NMI. */
#define TASK_NMI_PERCENT	10
#define TIMER_NMI_PERCENT	25

/*
 * From the end of one expiry to the next: so many microseconds, and PAUSE_FACTOR times as long as
 * the last one took. Where checkers make everything slow, threads still get to run.
 */
#define PAUSE_US_MIN	50
#define PAUSE_US_MAX	400
#define PAUSE_FACTOR	4

/* Ticks that nmis_stop() waits for an NMI in flight: seconds, and NMIs take microseconds. */
#define NMI_TICKS_MAX	1000

/**
 * struct thread - a worker in task context
 * @worker: the worker
 * @task: its kthread
 * @cpu: where it belongs
 * @roams: it belongs everywhere
 * @allowed: CPUs that it may run on
 */
struct thread {
	struct worker worker;
	struct task_struct *task;
	unsigned int cpu;
	bool roams;
	struct cpumask allowed;
};

static struct thread *threads;
static unsigned int nr_threads;

/**
 * struct timer - a worker in a timer's context
 * @hrtimer: the timer
 * @worker: the worker; its random numbers are the timer's too
 */
struct timer {
	struct hrtimer hrtimer;
	struct worker worker;
};

enum { SOFT, HARD, NR_TIMERS };

static DEFINE_PER_CPU(struct timer[NR_TIMERS], timers);

static const enum hrtimer_mode timer_modes[NR_TIMERS] = {
	[SOFT] = HRTIMER_MODE_REL_PINNED_SOFT,
	[HARD] = HRTIMER_MODE_REL_PINNED_HARD,
};

/* Set before the timers start. */
static bool timers_wanted[NR_TIMERS];
static int timers_state = -1;

/**
 * struct nmi - the worker in NMIs of one CPU
 * @state: its mark; see compat/nmi.h
 * @foreign: NMIs that were not ours
 * @worker: the worker; NMIs of one CPU do not nest
 */
struct nmi {
	atomic_t state;
	unsigned long foreign;
	struct worker worker;
};

#define NMI_NAME	"dualtree_torture"

static DEFINE_PER_CPU(struct nmi, nmis);

/* Set while the handler is registered. Marked: workers read it at any time. */
static bool nmis_enabled;

static bool gate_open;

static void gate_close(void)
{
	WRITE_ONCE(gate_open, false);
	synchronize_rcu();
}

/* One iteration in an interrupt or NMI, unless the workers are quiesced. */
static void gated_iterate(struct worker *w)
{
	rcu_read_lock();
	/* Marked: gate_close() clears it at any time, and waits for those that missed that. */
	if (READ_ONCE(gate_open))
		worker_iterate(w);
	rcu_read_unlock();
}

/* Seed a worker; @id is unique among those of its context. */
void worker_init(struct worker *w, enum torture_context context, unsigned int id)
{
	/* The seed is in the upper half: @id grows by ones. */
	prandom_seed_state(&w->rnd, ((u64)torture_seed << 32) + id * NR_CONTEXTS + context);
	w->context = context;
}

unsigned int torture_any_cpu(struct rnd_state *rnd)
{
	unsigned int cpu = random_below(rnd, nr_cpu_ids);

	/* A CPU may go down or come up meanwhile. */
	cpu = data_race(cpumask_next(cpu - 1, cpu_online_mask));
	if (cpu < nr_cpu_ids)
		return cpu;
	/* As above. */
	return data_race(cpumask_first(cpu_online_mask));
}

/* Send an NMI to a CPU, if there are any. Any context but NMI. */
static void nmi_send(unsigned int cpu)
{
	if (!READ_ONCE(nmis_enabled))
		return;
	/* A CPU that is online stays so while preemption is off. */
	preempt_disable();
	dt_nmi_send(&per_cpu(nmis, cpu).state, cpu);
	preempt_enable();
}

/*
 * A CPU that goes down sends its threads elsewhere and does not call them back.
 *
 * The thread may run on the first CPU too. A thread that could run on one CPU only would have its
 * mask widened by the scheduler, which warns if migration is disabled at that moment, as it is
 * under every spinlock on PREEMPT_RT. cpus_read_trylock() keeps @cpu from going down meanwhile; if
 * that fails, a later call moves the thread.
 */
static void thread_move(struct thread *t)
{
	unsigned int cpu = t->roams ? torture_any_cpu(&t->worker.rnd) : t->cpu;

	if (raw_smp_processor_id() == cpu || !cpus_read_trylock())
		return;
	if (cpu_online(cpu)) {
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		cpumask_copy(&t->allowed, cpumask_of(cpu));
		cpumask_set_cpu(cpumask_first(cpu_online_mask), &t->allowed);
		set_cpus_allowed_ptr(current, &t->allowed);
	}
	cpus_read_unlock();
}

static int thread_run(void *data)
{
	struct thread *t = data;

	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		if (t->worker.iterations % MOVE_PERIOD == 0)
			thread_move(t);
		if (random_chance(&t->worker.rnd, TASK_NMI_PERCENT))
			nmi_send(torture_any_cpu(&t->worker.rnd));
		worker_iterate(&t->worker);
		cond_resched();
	}
	return 0;
}

static int thread_start(unsigned int cpu, bool roams)
{
	struct thread *t = &threads[nr_threads];
	struct task_struct *task;

	worker_init(&t->worker, IN_TASK, nr_threads);
	t->worker.rendezvous = rendezvous_of(nr_threads);
	t->cpu = cpu;
	t->roams = roams;
	task = kthread_run(thread_run, t, "torture/%u%s", nr_threads, roams ? "r" : "");
	if (IS_ERR(task))
		return PTR_ERR(task);
	t->task = task;
	nr_threads++;
	return 0;
}

/* @per_cpu for each CPU that is online. */
int threads_start(unsigned int per_cpu)
{
	unsigned int cpu, i, max = num_online_cpus() * per_cpu;
	int err = rendezvous_create(max);

	if (err)
		return err;
	threads = kcalloc(max, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	for_each_online_cpu(cpu)
		for (i = 0; i < per_cpu && nr_threads < max && !err; i++)
			err = thread_start(cpu, i % 2);
	return err;
}

static void threads_stop(void)
{
	while (nr_threads)
		kthread_stop(threads[--nr_threads].task);
	kfree(threads);
	threads = NULL;
	rendezvous_destroy();
}

/* Before workers_stop(): the thread that ran most iterations, and the one that ran fewest. */
void threads_print_fairness(void)
{
	unsigned long max = 0, min = nr_threads ? ULONG_MAX : 0, divisor;
	unsigned int i;

	for (i = 0; i < nr_threads; i++) {
		/* Marked: the thread may be running. */
		unsigned long iterations = READ_ONCE(threads[i].worker.iterations);

		max = max(max, iterations);
		min = min(min, iterations);
	}
	divisor = max(min, 1UL);
	pr_info("threads: at most %lu iterations, at least %lu, ratio %lu.%02lu\n", max, min,
		max / divisor, max * 100 / divisor % 100);
}

static enum hrtimer_restart timer_fn(struct hrtimer *hrtimer)
{
	struct timer *timer = container_of(hrtimer, struct timer, hrtimer);
	struct rnd_state *rnd = &timer->worker.rnd;
	u64 pause = random_between(rnd, PAUSE_US_MIN, PAUSE_US_MAX);
	u32 iterations = random_between(rnd, 1, 3);
	ktime_t start = ktime_get(), end;

	while (iterations--)
		gated_iterate(&timer->worker);
	/* An NMI in an interrupt, which may itself have arrived inside a section. */
	if (timer->worker.context == IN_HARDIRQ && random_chance(rnd, TIMER_NMI_PERCENT))
		nmi_send(smp_processor_id());
	end = ktime_get();
	pause += PAUSE_FACTOR * ktime_us_delta(end, start);
	hrtimer_set_expires(hrtimer, ktime_add_us(end, pause));
	return HRTIMER_RESTART;
}

static int timers_cpu_up(unsigned int cpu)
{
	ktime_t first = ns_to_ktime(PAUSE_US_MAX * NSEC_PER_USEC);
	struct timer *timer = per_cpu(timers, cpu);
	unsigned int i;

	for (i = 0; i < NR_TIMERS; i++)
		if (timers_wanted[i])
			hrtimer_start(&timer[i].hrtimer, first, timer_modes[i]);
	return 0;
}

static int timers_cpu_down(unsigned int cpu)
{
	struct timer *timer = per_cpu(timers, cpu);
	unsigned int i;

	for (i = 0; i < NR_TIMERS; i++)
		if (timers_wanted[i])
			hrtimer_cancel(&timer[i].hrtimer);
	return 0;
}

int timers_start(bool soft, bool hard)
{
	unsigned int cpu, i;
	int err;

	timers_wanted[SOFT] = soft;
	timers_wanted[HARD] = hard;
	for_each_possible_cpu(cpu) {
		struct timer *timer = per_cpu(timers, cpu);

		for (i = 0; i < NR_TIMERS; i++) {
			worker_init(&timer[i].worker, i == HARD ? IN_HARDIRQ : IN_SOFTIRQ, cpu);
			hrtimer_setup(&timer[i].hrtimer, timer_fn, CLOCK_MONOTONIC, timer_modes[i]);
		}
	}
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "dualtree:torture", timers_cpu_up,
				timers_cpu_down);
	if (err < 0)
		return err;
	timers_state = err;
	return 0;
}

static void timers_stop(void)
{
	if (timers_state >= 0)
		cpuhp_remove_state(timers_state);
	timers_state = -1;
}

static int nmi_handler(unsigned int type, struct pt_regs *regs)
{
	struct nmi *nmi = this_cpu_ptr(&nmis);
	enum dt_nmi_kind kind = dt_nmi_claim(&nmi->state);

	if (kind == DT_NMI_FOREIGN) {
		/* Marked: the control thread reads it. */
		WRITE_ONCE(nmi->foreign, nmi->foreign + 1);
		return NMI_DONE;
	}
	if (kind == DT_NMI_OURS)
		gated_iterate(&nmi->worker);
	return NMI_HANDLED;
}

int nmis_start(void)
{
	unsigned int cpu;
	int err;

	for_each_possible_cpu(cpu)
		worker_init(&per_cpu(nmis, cpu).worker, IN_NMI, cpu);
	err = dt_nmi_register(nmi_handler, NMI_NAME);
	WRITE_ONCE(nmis_enabled, !err);
	return err;
}

static bool nmis_in_flight(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (atomic_read(&per_cpu(nmis, cpu).state) == DT_NMI_SENT)
			return true;
	return false;
}

/* No thread and no timer sends one any more. */
static void nmis_stop(void)
{
	unsigned int ticks = NMI_TICKS_MAX;

	if (!nmis_enabled)
		return;
	WRITE_ONCE(nmis_enabled, false);
	/* The kernel would report one that arrives without a handler as unknown. */
	while (nmis_in_flight() && ticks--)
		schedule_timeout_uninterruptible(1);
	dt_nmi_unregister(NMI_NAME);
}

/* Return: how many arrived that the torture did not send. */
unsigned long nmis_foreign(void)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(nmis, cpu).foreign);
	return sum;
}

void workers_quiesce(void)
{
	unsigned int i;

	gate_close();
	for (i = 0; i < nr_threads; i++)
		kthread_park(threads[i].task);
}

void workers_resume(void)
{
	unsigned int i;

	for (i = 0; i < nr_threads; i++)
		kthread_unpark(threads[i].task);
	/* Iterations see everything that was set up before. */
	smp_store_release(&gate_open, true);
}

/* Threads and timers send NMIs, so these are stopped after them. */
void workers_stop(void)
{
	gate_close();
	threads_stop();
	timers_stop();
	nmis_stop();
}
