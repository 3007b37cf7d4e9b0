// SPDX-License-Identifier: GPL-2.0
/*
 * Threads; see helpers.h.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "helpers.h"

#define MOST_HELPERS	8

/* Written by who starts and stops them, one thread. */
static struct task_struct *tasks[MOST_HELPERS];
static unsigned int nr_tasks;

void helper_nap(unsigned int ms)
{
	/* This order: kthread_stop() sets its flag and wakes us then. */
	set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop() && !kthread_should_park())
		schedule_timeout(msecs_to_jiffies(ms) + 1);
	__set_current_state(TASK_RUNNING);
}

int helper_start(const struct helper *helper)
{
	struct task_struct *task;

	if (nr_tasks == MOST_HELPERS)
		return -ENOSPC;
	task = kthread_run(helper->run, NULL, "torture_%s", helper->name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	tasks[nr_tasks++] = task;
	return 0;
}

void helpers_stop(void)
{
	while (nr_tasks)
		kthread_stop(tasks[--nr_tasks]);
}
