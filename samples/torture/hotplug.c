// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go down and come up again; see hotplug.h.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>

#include "../../bench/random.h"
#include "helpers.h"
#include "hotplug.h"
#include "verdict.h"

/* Up again it must come, even where memory is short. */
#define TRIES	50

/* Set before the thread starts. */
unsigned int hotplug_first;

/* Written by the thread alone. */
static unsigned long downs;

bool hotplug_possible(void)
{
	unsigned int last = cpumask_last(cpu_online_mask);

	return IS_ENABLED(CONFIG_HOTPLUG_CPU) && last >= hotplug_first && last > 0;
}

unsigned long hotplug_downs(void)
{
	return READ_ONCE(downs);
}

static void bring_back(unsigned int cpu)
{
	unsigned int tries = TRIES;
	int err;

	while ((err = add_cpu(cpu)) && tries--)
		schedule_timeout_uninterruptible(HZ / 10);
	if (err)
		torture_fail("CPU %u does not come up again: %d", cpu, err);
}

static void down_and_up(struct rnd_state *rnd)
{
	unsigned int last = cpumask_last(cpu_online_mask);
	unsigned int cpu = random_between(rnd, hotplug_first, max(last, hotplug_first));

	/* Busy: next time. */
	if (!cpu || !cpu_online(cpu) || remove_cpu(cpu))
		return;
	WRITE_ONCE(downs, downs + 1);
	helper_nap(random_between(rnd, 20, 500));
	bring_back(cpu);
}

int hotplug_thread(void *unused)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 2);
	while (!kthread_should_stop()) {
		down_and_up(&rnd);
		helper_nap(random_between(&rnd, 100, 1000));
	}
	return 0;
}
