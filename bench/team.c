// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that start together; see team.h.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/task.h>

#include "team.h"

/* Threads that do the same. */
struct team {
	void (*work)(void *data, unsigned int number);	/* what each does */
	void *data;					/* for @work */
	atomic_t waiting;				/* threads that are not ready yet */
	atomic_t working;				/* threads that are not done yet */
	u64 start;					/* when the last was ready; 0 until then */
	u64 end;					/* when the last was done */
	struct completion done;				/* completed with @end */
};

struct member {
	struct team *team;		/* which it is of */
	unsigned int number;		/* its number */
	struct task_struct *task;	/* it */
};

/*
 * The last to be ready lets all go. The others sleep: where a machine has more CPUs than its
 * host, one that spins keeps the last from running.
 */
static void start_together(struct team *team)
{
	if (atomic_dec_and_test(&team->waiting)) {
		WRITE_ONCE(team->start, ktime_get_ns());
		return;
	}
	while (!READ_ONCE(team->start))
		usleep_range(20, 40);
}

static int member_main(void *data)
{
	struct member *member = data;
	struct team *team = member->team;

	start_together(team);
	team->work(team->data, member->number);
	if (atomic_dec_and_test(&team->working)) {
		team->end = ktime_get_ns();
		complete(&team->done);
	}
	return 0;
}

/* The task is kept until kthread_stop(), so that none is in this module when it is removed. */
static int create_members(struct team *team, struct member *members, unsigned int nr)
{
	unsigned int cpu = cpumask_first(cpu_online_mask), i;

	for (i = 0; i < nr; i++) {
		struct member *member = &members[i];

		if (cpu >= nr_cpu_ids)
			return -ENODEV;
		member->team = team;
		member->number = i;
		member->task = kthread_create(member_main, member, "dualtree_bench/%u", i);
		if (IS_ERR(member->task))
			return PTR_ERR(member->task);
		get_task_struct(member->task);
		kthread_bind(member->task, cpu);
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	return 0;
}

s64 dt_team_run(unsigned int nr, void (*work)(void *data, unsigned int number), void *data)
{
	struct team team = { .work = work, .data = data };
	struct member members[TEAM_MAX] = { };
	unsigned int i;
	int err;

	atomic_set(&team.waiting, nr);
	atomic_set(&team.working, nr);
	init_completion(&team.done);
	err = create_members(&team, members, nr);
	for (i = 0; !err && i < nr; i++)
		wake_up_process(members[i].task);
	if (!err)
		wait_for_completion(&team.done);
	for (i = 0; i < nr; i++) {
		if (IS_ERR_OR_NULL(members[i].task))
			continue;
		kthread_stop(members[i].task);
		put_task_struct(members[i].task);
	}
	return err ?: (s64)(team.end - team.start);
}
