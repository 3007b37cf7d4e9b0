/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the cases that race: two threads on two CPUs call the same function over and over,
 * for some seconds.
 */
#ifndef SELFCHECK_TWO_THREADS_H
#define SELFCHECK_TWO_THREADS_H

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

/* KCSAN looks at one access in thousands. */
#define SELFCHECK_RACE_MS 4000

static void selfcheck_body(unsigned int thread);

static int selfcheck_thread(void *thread)
{
	while (!kthread_should_stop()) {
		selfcheck_body((unsigned long)thread);
		cond_resched();
	}
	return 0;
}

static void selfcheck_two_threads(struct kunit *test)
{
	struct task_struct *tasks[2] = {};
	unsigned long i;

	KUNIT_ASSERT_GE(test, num_online_cpus(), 2);
	for (i = 0; i < 2; i++) {
		tasks[i] = kthread_create_on_cpu(selfcheck_thread, (void *)i, i, "selfcheck/%u");
		KUNIT_EXPECT_FALSE(test, IS_ERR(tasks[i]));
		if (!IS_ERR(tasks[i]))
			wake_up_process(tasks[i]);
	}
	msleep(SELFCHECK_RACE_MS);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

#endif /* SELFCHECK_TWO_THREADS_H */
