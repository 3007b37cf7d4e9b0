// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_pipe: packets that one CPU allocates and another frees, dualtree beside kmalloc().
 *
 * Producers and consumers are threads, each on a CPU of its own. A producer allocates, writes a
 * number into the packet, and passes it to each of its consumers in turn, through a ring that
 * holds some hundred; when that is full it sleeps for a moment. A consumer looks at the number
 * and frees. A run ends when the last packet has been freed; what it took is one result.
 *
 *	producers  consumers
 *	    1          1        0 -> 1
 *	    2          2        0 -> 2, 1 -> 3
 *	    1          3        0 -> 1, 2, 3
 *
 * All runs are made when the module is loaded, the contenders taking turns in who is first.
 * dualtree_pipe/results in debugfs has a line "shape|contender|packets|nanoseconds" for each,
 * in the order in which they were. Loading fails if a packet was lost or not what it had been,
 * if one could not be allocated, or if not all came back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/ptr_ring.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include <dualtree/dualtree.h>

#include "contenders.h"

#define RING_ENTRIES	512
#define MOST_CPUS	4
#define MOST_CONSUMERS	3
#define MOST_ROUNDS	64
#define NR_CONTENDERS	2
#define NR_SHAPES	3

static uint size = 1500;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes of a packet");

static uint packets = 100000;
module_param(packets, uint, 0444);
MODULE_PARM_DESC(packets, "for each consumer, in each run");

static uint rounds = 9;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "runs of each contender, behind one that warms up");

struct job;

/**
 * struct contender - something that allocates
 * @name: as the report shows it
 * @produce: the thread of producer @nr
 * @consume: the thread of consumer @nr
 * @drop: a packet that was left in a ring
 */
struct contender {
	const char *name;
	void (*produce)(struct job *job, unsigned int nr);
	void (*consume)(struct job *job, unsigned int nr);
	void (*drop)(void *packet);
};

/**
 * struct shape - who passes to whom
 * @name: as the report shows it
 * @producers: each has every such consumer: as many rings apart
 * @consumers: no fewer than producers
 */
struct shape {
	const char *name;
	unsigned int producers;
	unsigned int consumers;
};

/**
 * struct job - one run
 * @shape: who passes to whom
 * @contender: whose packets
 * @rings: one for each consumer
 * @arrived: threads that are ready to start
 * @working: threads that have not come to their end
 * @start: when the last was ready; 0 until then
 * @end: when the last had come to its end
 * @err: the first error; all stop
 * @done: @end is there
 */
struct job {
	const struct shape *shape;
	const struct contender *contender;
	struct ptr_ring rings[MOST_CONSUMERS];
	atomic_t arrived;
	atomic_t working;
	u64 start;
	u64 end;
	int err;
	struct completion done;
};

struct worker {
	struct job *job;
	unsigned int nr;
	struct task_struct *task;
};

struct result {
	const struct shape *shape;
	const struct contender *contender;
	u64 ns;
};

static struct result results[NR_SHAPES * NR_CONTENDERS * MOST_ROUNDS];
static unsigned int nr_results;
static struct dentry *debugfs_dir;
static struct dualtree *instance;

static void fail(struct job *job, int err)
{
	cmpxchg(&job->err, 0, err);
}

/*
 * For the other side of a ring. Asleep: where a machine has more CPUs than its host, one that
 * spins keeps the other side from running. Return: whether to go on.
 */
static bool wait_a_little(struct job *job)
{
	usleep_range(20, 40);
	return !READ_ONCE(job->err);
}

static __always_inline void produce(struct job *job, unsigned int nr, cost_alloc_fn alloc,
				    cost_free_fn free)
{
	unsigned int i, to;

	for (i = 0; i < packets; i++) {
		for (to = nr; to < job->shape->consumers; to += job->shape->producers) {
			unsigned int *packet = alloc(instance, size);

			if (!packet) {
				fail(job, -ENOMEM);
				return;
			}
			*packet = i;
			while (__ptr_ring_produce(&job->rings[to], packet)) {
				if (!wait_a_little(job)) {
					free(instance, packet, size);
					return;
				}
			}
		}
	}
}

static __always_inline void consume(struct job *job, unsigned int nr, cost_free_fn free)
{
	unsigned int i;

	for (i = 0; i < packets; i++) {
		unsigned int *packet;

		while (!(packet = __ptr_ring_consume(&job->rings[nr]))) {
			if (!wait_a_little(job))
				return;
		}
		if (*packet != i)
			fail(job, -EIO);
		free(instance, packet, size);
	}
}

#define DEFINE_CONTENDER(who)								\
static void produce_##who(struct job *job, unsigned int nr)				\
{											\
	produce(job, nr, alloc_##who, free_##who);					\
}											\
											\
static void consume_##who(struct job *job, unsigned int nr)				\
{											\
	consume(job, nr, free_##who);							\
}											\
											\
static void drop_##who(void *packet)							\
{											\
	free_##who(instance, packet, size);						\
}

DEFINE_CONTENDER(dualtree)
DEFINE_CONTENDER(kmalloc)

static const struct contender contenders[NR_CONTENDERS] = {
	{ "dualtree", produce_dualtree, consume_dualtree, drop_dualtree },
	{ "kmalloc", produce_kmalloc, consume_kmalloc, drop_kmalloc },
};

static const struct shape shapes[NR_SHAPES] = {
	{ "1 -> 1", 1, 1 },
	{ "2 x (1 -> 1)", 2, 2 },
	{ "1 -> 3", 1, 3 },
};

static unsigned int nr_workers(const struct shape *shape)
{
	return shape->producers + shape->consumers;
}

/* The last one to arrive lets all of them go. */
static void start_together(struct job *job)
{
	if (atomic_inc_return(&job->arrived) == nr_workers(job->shape)) {
		WRITE_ONCE(job->start, ktime_get_ns());
		return;
	}
	while (!READ_ONCE(job->start)) {
		if (!wait_a_little(job))
			return;
	}
}

static int work(void *data)
{
	struct worker *worker = data;
	struct job *job = worker->job;

	start_together(job);
	if (worker->nr < job->shape->producers)
		job->contender->produce(job, worker->nr);
	else
		job->contender->consume(job, worker->nr - job->shape->producers);
	if (atomic_dec_and_test(&job->working)) {
		job->end = ktime_get_ns();
		complete(&job->done);
	}
	return 0;
}

/* The tasks stay until kthread_stop(), so that none is in this module when it goes. */
static int create_workers(struct job *job, struct worker *workers)
{
	unsigned int cpu = cpumask_first(cpu_online_mask), i;

	for (i = 0; i < nr_workers(job->shape); i++) {
		struct worker *worker = &workers[i];

		if (cpu >= nr_cpu_ids)
			return -ENODEV;
		worker->job = job;
		worker->nr = i;
		worker->task = kthread_create(work, worker, "dualtree_pipe/%u", i);
		if (IS_ERR(worker->task))
			return PTR_ERR(worker->task);
		get_task_struct(worker->task);
		kthread_bind(worker->task, cpu);
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	return 0;
}

static void run_workers(struct job *job)
{
	struct worker workers[MOST_CPUS] = { };
	int err = create_workers(job, workers);
	unsigned int i;

	if (err)
		job->err = err;
	for (i = 0; !err && i < nr_workers(job->shape); i++)
		wake_up_process(workers[i].task);
	if (!err)
		wait_for_completion(&job->done);
	for (i = 0; i < MOST_CPUS; i++) {
		if (IS_ERR_OR_NULL(workers[i].task))
			continue;
		kthread_stop(workers[i].task);
		put_task_struct(workers[i].task);
	}
}

/* Return: nanoseconds, or an error. */
static s64 run_job(const struct shape *shape, const struct contender *contender)
{
	struct job job = { .shape = shape, .contender = contender };
	unsigned int i;

	init_completion(&job.done);
	atomic_set(&job.working, nr_workers(shape));
	for (i = 0; i < shape->consumers; i++) {
		if (ptr_ring_init(&job.rings[i], RING_ENTRIES, GFP_KERNEL)) {
			job.err = -ENOMEM;
			break;
		}
	}
	if (!job.err)
		run_workers(&job);
	/* Whatever is left in them is there because of an error. */
	while (i--)
		ptr_ring_cleanup(&job.rings[i], contender->drop);
	return job.err ?: job.end - job.start;
}

static int run_round(const struct shape *shape, unsigned int round)
{
	unsigned int i;

	for (i = 0; i < NR_CONTENDERS; i++) {
		const struct contender *contender = &contenders[(i + round) % NR_CONTENDERS];
		s64 ns = run_job(shape, contender);

		if (ns < 0) {
			pr_err("%s, %s: error %lld\n", shape->name, contender->name, ns);
			return ns;
		}
		if (round)
			results[nr_results++] = (struct result){ shape, contender, ns };
	}
	return 0;
}

static int run_shape(const struct shape *shape)
{
	const struct cost_row plain = { .arg = 0 };
	unsigned int round;
	int err = 0, close_err;

	instance = open_dualtree(&plain);
	if (IS_ERR(instance))
		return PTR_ERR(instance);
	for (round = 0; !err && round <= rounds; round++)
		err = run_round(shape, round);
	close_err = close_dualtree(instance);
	if (close_err)
		pr_err("%s: not all came back: error %d\n", shape->name, close_err);
	return err ?: close_err;
}

static int results_show(struct seq_file *seq, void *unused)
{
	const struct result *result;

	for (result = results; result < results + nr_results; result++)
		seq_printf(seq, "%s|%s|%u|%llu\n", result->shape->name, result->contender->name,
			   packets * result->shape->consumers, result->ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int __init pipe_init(void)
{
	unsigned int i;
	int err = 0;

	if (size < sizeof(int) || !packets || !rounds || rounds > MOST_ROUNDS)
		return -EINVAL;
	if (num_online_cpus() < MOST_CPUS)
		return -ENODEV;
	for (i = 0; !err && i < NR_SHAPES; i++)
		err = run_shape(&shapes[i]);
	if (err)
		return err;
	debugfs_dir = debugfs_create_dir("dualtree_pipe", NULL);
	debugfs_create_file("results", 0444, debugfs_dir, NULL, &results_fops);
	return 0;
}
module_init(pipe_init);

static void __exit pipe_exit(void)
{
	debugfs_remove(debugfs_dir);
}
module_exit(pipe_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: allocated on one CPU, freed on another");
MODULE_LICENSE("GPL");
