// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_torture: dualtree under all that can come at once.
 *
 * Threads on every CPU, softirqs, hard interrupts and NMIs allocate, free in parts, exchange
 * and resize on several instances, while CPUs go down, memory is short, allocations fail and
 * other instances are torn down. Contents are checked, and every byte is accounted for.
 *
 * insmod starts it and returns. A thread of its own lets it run for @seconds, stops
 * everybody now and then to compare counts, takes all back at the end, and says what came of
 * it: on the console and in debugfs, dualtree_torture/verdict. rmmod ends it at once.
 *
 * Only exported calls are used, so it runs on kernels as they are shipped.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "actors.h"
#include "balance.h"
#include "counts.h"
#include "gate.h"
#include "helpers.h"
#include "hotplug.h"
#include "inject.h"
#include "mix.h"
#include "nmi.h"
#include "pipe.h"
#include "pressure.h"
#include "stream.h"
#include "subject.h"
#include "timers.h"
#include "verdict.h"

static unsigned int seconds = 30;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long it runs");

static unsigned int threads = 2;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "that act, for each CPU; every other one is bound to it");

static char *mix = "all";
module_param(mix, charp, 0444);
MODULE_PARM_DESC(mix, "task,softirq,hardirq,nmi,hotplug,pressure,faults,teardown,shrink,pipe");

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

static bool hotplug = true;
module_param(hotplug, bool, 0444);
MODULE_PARM_DESC(hotplug, "0: no CPU goes down, whatever is in the mix");

static char *inject = "none";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "go wrong on purpose: leak, corrupt, double or lost");

/* Most that @seconds and @threads may be. */
#define MOST_SECONDS	(7 * 24 * 60 * 60)
#define MOST_THREADS	64

/* Seconds from one quiet point to the next, at most. */
#define PERIOD		5

static struct task_struct *control;

/* In the order in which they start. */
static const struct {
	enum ingredient what;
	struct helper helper;
} helpers[] = {
	{ MIX_TEARDOWN, { "streams", stream_thread } },
	{ MIX_SHRINK, { "shrink", shrink_thread } },
	{ MIX_PIPE, { "producer", pipe_producer } },
	{ MIX_PIPE, { "consumer", pipe_consumer } },
	{ MIX_FAULTS, { "faults", fault_thread } },
	{ MIX_PRESSURE, { "pressure", pressure_thread } },
	{ MIX_HOTPLUG, { "hotplug", hotplug_thread } },
};

static int start_helpers(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(helpers) && !err; i++)
		if (mix_has(helpers[i].what))
			err = helper_start(&helpers[i].helper);
	return err;
}

/* The pipe's two CPUs stay, if there are more. */
static void see_what_there_is(void)
{
	hotplug_first = mix_has(MIX_PIPE) && num_online_cpus() > 2 ? 2 : 1;
	if (mix_has(MIX_HOTPLUG) && (!hotplug || !hotplug_possible())) {
		pr_info("no CPU goes down here\n");
		mix_leave_out(MIX_HOTPLUG);
	}
	if (mix_has(MIX_FAULTS) && !IS_ENABLED(CONFIG_DUALTREE_DEBUG)) {
		pr_info("nothing fails on purpose: built without CONFIG_DUALTREE_DEBUG\n");
		mix_leave_out(MIX_FAULTS);
	}
}

static int start_nmis(void)
{
	int err = nmi_start();

	if (err != -EOPNOTSUPP)
		return err;
	pr_info("no NMIs here\n");
	mix_leave_out(MIX_NMI);
	return 0;
}

static int start(void)
{
	int err = subjects_create();

	see_what_there_is();
	if (!err && mix_has(MIX_PIPE))
		err = pipe_create();
	if (!err && mix_has(MIX_NMI))
		err = start_nmis();
	gate_set_open();
	if (!err && (mix_has(MIX_SOFTIRQ) || mix_has(MIX_HARDIRQ)))
		err = timers_start(mix_has(MIX_SOFTIRQ), mix_has(MIX_HARDIRQ));
	if (!err && mix_has(MIX_TASK))
		err = actors_start(threads);
	return err ?: start_helpers();
}

/*
 * Whoever pokes others goes before those who are poked. The helpers last: what they have to
 * finish goes faster when nobody acts.
 */
static void stop(void)
{
	gate_close();
	actors_stop();
	timers_stop();
	nmi_stop();
	helpers_stop();
}

/* Nobody acts for a moment. */
static void quiet_point(bool may_inject)
{
	gate_close();
	actors_park();
	balance_quiet();
	if (may_inject)
		inject_now();
	balance_quiet();
	actors_unpark();
	gate_set_open();
}

/* Return: seconds that it ran. */
static unsigned int run(void)
{
	unsigned long began = jiffies, deadline = began + seconds * HZ;
	unsigned int period = clamp(seconds / 4, 1U, PERIOD);

	verdict_until(deadline);
	while (!kthread_should_stop() && !torture_failed() && time_before(jiffies, deadline)) {
		helper_nap(min_t(unsigned int, period * MSEC_PER_SEC,
				 jiffies_to_msecs(deadline - jiffies)));
		quiet_point(2 * (jiffies - began) >= seconds * HZ);
		balance_progress((jiffies - began) / HZ);
	}
	return (jiffies - began) / HZ;
}

static void print_fairness(void)
{
	unsigned long most, least;

	actors_most_least(&most, &least);
	pr_info("threads: %lu turns at most, %lu at least, ratio %lu.%02lu\n", most, least,
		most / max(least, 1UL), most * 100 / max(least, 1UL) % 100);
}

static void close(void)
{
	unsigned int i;

	if (mix_has(MIX_PIPE)) {
		pipe_judge();
		balance_close(pipe_subject());
	}
	for (i = 0; i < NR_SUBJECTS; i++)
		balance_close(subjects[i]);
	subjects_check_pool();
}

static int torture(void *unused)
{
	unsigned int ran = 0;
	bool early;
	int err;

	/* Who stops the others must have its turn among them. */
	set_user_nice(current, MIN_NICE);
	err = start();
	if (err)
		torture_fail("cannot start: %d", err);
	else
		ran = run();
	print_fairness();
	stop();
	if (!err)
		close();
	early = kthread_should_stop();
	if (!err && !early)
		mix_check();
	pipe_destroy();
	subjects_destroy();
	verdict_close("%s%lu turns in %u s on %u CPUs", early ? "as far as it went: " : "",
		      count_sum(TURNS), ran, num_online_cpus());
	while (!kthread_should_stop())
		helper_nap(60 * MSEC_PER_SEC);
	return 0;
}

static int check_parameters(void)
{
	if (mix_parse(mix)) {
		pr_err("mix=%s is unknown\n", mix);
		return -EINVAL;
	}
	if (inject_parse(inject)) {
		pr_err("inject=%s is unknown\n", inject);
		return -EINVAL;
	}
	if (!seconds || seconds > MOST_SECONDS || !threads || threads > MOST_THREADS) {
		pr_err("seconds must be 1 to %d, threads 1 to %d\n", MOST_SECONDS, MOST_THREADS);
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
	verdict_until(jiffies + seconds * HZ);
	pr_info("seconds=%u threads=%u mix=%s hotplug=%d inject=%s seed=%u, %u CPUs\n", seconds,
		threads, mix, hotplug, inject, torture_seed, num_online_cpus());
	control = kthread_run(torture, NULL, "torture");
	if (IS_ERR(control))
		return PTR_ERR(control);
	verdict_init();
	return 0;
}
module_init(torture_init);

static void __exit torture_exit(void)
{
	kthread_stop(control);
	verdict_exit();
}
module_exit(torture_exit);

MODULE_DESCRIPTION("dualtree under torture");
MODULE_LICENSE("GPL");
