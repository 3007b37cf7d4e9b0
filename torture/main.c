// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_torture: dualtree in all contexts at once.
 *
 * Workers allocate, free in parts, exchange and resize on several instances, in threads, softirqs,
 * hard interrupts and NMIs, while CPUs go down, memory is short, allocations fail and instances are
 * destroyed. Contents are checked, and every byte is accounted for.
 *
 *	insmod	starts the control thread and returns
 *	control	starts the workers and stressors; every few seconds quiesces the workers, checks the
 *		accounting and prints what was done; after @seconds, or at the first failure, stops
 *		them all, frees what is left, checks that nothing is, and prints the result
 *	rmmod	ends the run at once and stops the control thread
 *
 * Only exported calls are used, so it runs on kernels as they are shipped.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>

#include <dualtree/dualtree.h>

#include "torture.h"

static unsigned int seconds = 30;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long it runs");

static unsigned int threads = 2;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "worker threads for each CPU; every other one is bound to it");

static char *stressors = "all";
module_param(stressors, charp, 0444);
MODULE_PARM_DESC(stressors,
		 "task,softirq,hardirq,nmi,hotplug,pressure,faults,teardown,shrink,pipe,stray");

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

static bool hotplug = true;
module_param(hotplug, bool, 0444);
MODULE_PARM_DESC(hotplug, "0: no CPU goes down, whatever the stressors are");

static char *inject = "none";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "a fault to commit: leak, corrupt, double or lost");

/* A week; and what one CPU can run and still make progress. */
#define SECONDS_MAX	(7 * 24 * 60 * 60)
#define THREADS_MAX	64

/* Seconds from one quiescent point to the next, at most. */
#define QUIESCE_PERIOD	5

static struct task_struct *control;

static int start(void)
{
	int err = instances_create();

	stress_prepare(hotplug);
	if (!err && stress_has(STRESS_PIPE))
		err = pipe_create();
	if (!err && stress_has(STRESS_NMI))
		err = nmis_start();
	workers_resume();
	if (!err && (stress_has(STRESS_SOFTIRQ) || stress_has(STRESS_HARDIRQ)))
		err = timers_start(stress_has(STRESS_SOFTIRQ), stress_has(STRESS_HARDIRQ));
	if (!err && stress_has(STRESS_TASK))
		err = threads_start(threads);
	return err ?: stress_start();
}

static void print_instance(unsigned int at, const struct instance *inst)
{
	struct dualtree_stats stats;

	dualtree_get_stats(inst->dt, &stats);
	pr_info("%u s: %s: live %zu KiB held %zu KiB; nested %llu remote %llu failed %llu\n", at,
		inst->name, stats.live_bytes >> 10, stats.held_bytes >> 10, stats.nested_allocs,
		stats.remote_frees, stats.failed_allocs);
}

static void print_cpu(unsigned int cpu)
{
	unsigned long failed = 0;
	int context;

	for (context = 0; context < NR_CONTEXTS; context++)
		failed += counter_on(cpu, context, FAILED_ALLOCS);
	pr_info("cpu%u%s: task %lu softirq %lu hardirq %lu nmi %lu, failed %lu\n", cpu,
		cpu_online(cpu) ? "" : " (offline)", counter_on(cpu, IN_TASK, ITERATIONS),
		counter_on(cpu, IN_SOFTIRQ, ITERATIONS), counter_on(cpu, IN_HARDIRQ, ITERATIONS),
		counter_on(cpu, IN_NMI, ITERATIONS), failed);
}

/* Every line begins with the time or the CPU: scripts/test prints the last of each. */
static void print_progress(unsigned int at)
{
	static unsigned long iterations_before;
	static ktime_t before;
	static char events[200];
	unsigned long iterations = counter_sum(ITERATIONS);
	unsigned long ms = max_t(s64, ktime_ms_delta(ktime_get(), before), 1);
	unsigned int i, cpu;

	pr_info("%u s: %lu iterations, %lu a second\n", at, iterations,
		before ? (iterations - iterations_before) * 1000 / ms : 0);
	pr_info("%u s: allocs %lu failed %lu frees %lu rendezvous %lu spanned %lu extended %lu; foreign NMIs %lu\n",
		at, counter_sum(ALLOCS), counter_sum(FAILED_ALLOCS), counter_sum(FREES),
		counter_sum(RENDEZVOUS), counter_sum(SPANNED), counter_sum(EXTENDED),
		nmis_foreign());
	stress_print(events, sizeof(events));
	pr_info("%u s: events:%s\n", at, events);
	for (i = 0; i < NR_INSTANCES; i++)
		print_instance(at, instances[i]);
	for_each_present_cpu(cpu)
		print_cpu(cpu);
	iterations_before = iterations;
	before = ktime_get();
}

static void check_instances(void)
{
	unsigned int i;

	for (i = 0; i < NR_INSTANCES; i++)
		instance_check(instances[i], "while quiesced");
}

static void quiesce(bool may_inject)
{
	workers_quiesce();
	check_instances();
	if (may_inject)
		inject_fault();
	check_instances();
	workers_resume();
}

/* Return: the seconds that it ran. */
static unsigned int run(void)
{
	unsigned long began = jiffies, deadline = began + seconds * HZ;
	unsigned int period = clamp(seconds / 4, 1U, QUIESCE_PERIOD);

	report_deadline(deadline);
	while (!kthread_should_stop() && !torture_failed() && time_before(jiffies, deadline)) {
		torture_nap(min_t(unsigned int, period * MSEC_PER_SEC,
				  jiffies_to_msecs(deadline - jiffies)));
		quiesce(2 * (jiffies - began) >= seconds * HZ);
		print_progress((jiffies - began) / HZ);
	}
	return (jiffies - began) / HZ;
}

/* Stressors last: what they have to finish takes less time when no worker runs. */
static void stop(void)
{
	workers_stop();
	stress_stop();
}

static void check_end(void)
{
	unsigned int i;

	if (stress_has(STRESS_PIPE))
		pipe_check();
	if (stress_has(STRESS_STRAY))
		stray_check();
	for (i = 0; i < NR_INSTANCES; i++) {
		instance_check(instances[i], "when all workers had stopped");
		objects_free_all(instances[i]);
		instance_check_empty(instances[i]);
		instance_print(instances[i]);
	}
	instances_check_pool();
}

static int torture(void *unused)
{
	unsigned int ran = 0;
	bool early;
	int err;

	/* It has to run among all the workers that it is to stop. */
	set_user_nice(current, MIN_NICE);
	err = start();
	if (err)
		torture_fail("cannot start: %d", err);
	else
		ran = run();
	threads_print_fairness();
	stop();
	if (!err)
		check_end();
	early = kthread_should_stop();
	if (!err && !early)
		stress_check();
	pipe_destroy();
	stray_destroy();
	instances_destroy();
	report_result("%s%lu iterations in %u s on %u CPUs", early ? "as far as it went: " : "",
		      counter_sum(ITERATIONS), ran, num_online_cpus());
	while (!kthread_should_stop())
		torture_nap(60 * MSEC_PER_SEC);
	return 0;
}

static int check_parameters(void)
{
	if (stress_parse(stressors)) {
		pr_err("stressors=%s is unknown\n", stressors);
		return -EINVAL;
	}
	if (inject_parse(inject)) {
		pr_err("inject=%s is unknown\n", inject);
		return -EINVAL;
	}
	if (!seconds || seconds > SECONDS_MAX || !threads || threads > THREADS_MAX) {
		pr_err("seconds must be 1 to %d, threads 1 to %d\n", SECONDS_MAX, THREADS_MAX);
		return -EINVAL;
	}
	return 0;
}

static int __init torture_init(void)
{
	int err = check_parameters();

	if (err)
		return err;
	torture_seed = seed ?: get_random_u32();
	report_deadline(jiffies + seconds * HZ);
	pr_info("seconds=%u threads=%u stressors=%s hotplug=%d inject=%s seed=%u, %u CPUs\n",
		seconds, threads, stressors, hotplug, inject, torture_seed, num_online_cpus());
	control = kthread_run(torture, NULL, "torture");
	if (IS_ERR(control))
		return PTR_ERR(control);
	report_init();
	return 0;
}
module_init(torture_init);

static void __exit torture_exit(void)
{
	kthread_stop(control);
	report_exit();
}
module_exit(torture_exit);

MODULE_DESCRIPTION("dualtree under torture");
MODULE_LICENSE("GPL");
