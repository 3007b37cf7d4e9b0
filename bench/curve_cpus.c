// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs on so many CPUs at once, all of one instance, beside kmalloc(): the time from when all
 * have started to when the last is done.
 *
 * A round is every number of CPUs, and for each one contender after the other, so that what
 * else the machine does meets all of them. A result is one round's.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "curve.h"
#include "contenders.h"

#define MOST_CPUS	4
#define ROUNDS		11
#define QUICK_ROUNDS	5
/* Of each CPU. */
#define OPS		200000
#define QUICK_OPS	50000

COST_DEFINE_LOOP(pair, dualtree)
COST_DEFINE_LOOP(pair, kmalloc)

/**
 * struct team - threads that do the same
 * @row: what they do
 * @ctx: of the row's contender
 * @waiting: threads that have not come to the start yet
 * @go: there is none
 * @start: when that was; written before @go
 * @done: completed by each
 */
struct team {
	const struct cost_row *row;
	void *ctx;
	atomic_t waiting;
	bool go;
	u64 start;
	struct completion done;
};

/**
 * struct member - one of them
 * @team: whose
 * @task: its thread
 * @end: when it was done
 */
struct member {
	struct team *team;
	struct task_struct *task;
	u64 end;
};

/* The last one to come says when it was. */
static void start_together(struct team *team)
{
	if (atomic_dec_and_test(&team->waiting)) {
		team->start = ktime_get_ns();
		/* Who sees this sees the start too. */
		smp_store_release(&team->go, true);
	}
	/* Pairs with the above. */
	while (!smp_load_acquire(&team->go)) {
		cpu_relax();
		cond_resched();
	}
}

static void wait_for_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static int work(void *data)
{
	struct member *member = data;
	struct team *team = member->team;

	start_together(team);
	team->row->loop(team->row, team->ctx, team->row->ops);
	member->end = ktime_get_ns();
	complete(&team->done);
	wait_for_stop();
	return 0;
}

/* Return: how many there are now, each bound to a CPU but not running yet. */
static unsigned int gather(struct team *team, struct member *members, unsigned int nr)
{
	unsigned int i = 0, cpu;

	for_each_online_cpu(cpu) {
		if (i == nr)
			break;
		members[i].team = team;
		members[i].task = kthread_create(work, &members[i], "dualtree_curve/%u", cpu);
		if (IS_ERR(members[i].task))
			break;
		kthread_bind(members[i++].task, cpu);
	}
	return i;
}

static void run(struct team *team, struct member *members, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		wake_up_process(members[i].task);
	for (i = 0; i < nr; i++)
		wait_for_completion(&team->done);
}

/* Return: nanoseconds until the last of @nr was done; 0 if they could not be had. */
static u64 time_team(const struct cost_row *row, void *ctx, unsigned int nr)
{
	struct team team = { .row = row, .ctx = ctx, .waiting = ATOMIC_INIT(nr) };
	struct member members[MOST_CPUS] = { };
	unsigned int gathered, i;
	u64 end = 0;

	init_completion(&team.done);
	gathered = gather(&team, members, nr);
	if (gathered == nr)
		run(&team, members, nr);
	for (i = 0; i < gathered; i++) {
		kthread_stop(members[i].task);
		end = max(end, members[i].end);
	}
	return gathered == nr ? end - team.start : 0;
}

static const struct cost_contender dualtree = COST_CONTENDER(dualtree, "dualtree");

static const struct cost_contender kmalloc_contender = {
	.name = "kmalloc",
	.alloc = alloc_kmalloc,
	.free = free_kmalloc,
};

/* One after the other, the first of them not always first. */
static int one_round(struct cost_row *rows, void *dt, unsigned int number)
{
	unsigned int most = min_t(unsigned int, num_online_cpus(), MOST_CPUS), nr, i;
	const struct cost_row *row;
	u64 ns;

	for (nr = 1; nr <= most; nr++) {
		for (i = 0; i < 2; i++) {
			row = &rows[(i + number) & 1];
			ns = time_team(row, dt, nr);
			if (!ns)
				return -ENOMEM;
			/* In round 0 each CPU makes its heap. */
			if (number)
				curve_add(row->contender, row->name, nr, (u64)nr * row->ops, ns);
		}
	}
	return 0;
}

int curve_cpus(void)
{
	unsigned int ops = curve_quick ? QUICK_OPS : OPS, i;
	unsigned int rounds = curve_quick ? QUICK_ROUNDS : ROUNDS;
	struct cost_row rows[] = {
		{ &dualtree, "pair 1500 B", pair_dualtree, .size = 1500, .ops = ops },
		{ &kmalloc_contender, "pair 1500 B", pair_kmalloc, .size = 1500, .ops = ops },
	};
	int err = 0, close_err;
	void *dt = open_dualtree(&rows[0]);

	if (IS_ERR(dt))
		return PTR_ERR(dt);
	for (i = 0; i <= rounds && !err; i++)
		err = one_round(rows, dt, i);
	close_err = close_dualtree(dt);
	return err ?: close_err;
}
