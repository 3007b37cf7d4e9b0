// SPDX-License-Identifier: GPL-2.0
/*
 * The run "pipe": packets that one CPU allocates and another frees, of dualtree and kmalloc().
 *
 * Producers and consumers are threads, each on a CPU of its own. A producer allocates, writes a
 * number into the packet, and passes it to each of its consumers in turn, through a ring that
 * holds some hundred; when that is full it sleeps for a moment. A consumer looks at the number
 * and frees. A run ends when the last packet has been freed; its time is one result.
 *
 *	producers  consumers
 *	    1          1        0 -> 1
 *	    2          2        0 -> 2, 1 -> 3
 *	    1          3        0 -> 1, 2, 3
 *
 * A round is a run of each allocator; which one is first alternates. It fails if a packet was
 * lost or is not what it was, if one could not be allocated, or if not all were freed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/ptr_ring.h>

#include "allocators.h"
#include "bench.h"
#include "loops.h"
#include "team.h"

#define RING_ENTRIES	512
#define CONSUMERS_MAX	3
#define ROUNDS		9
#define ROUNDS_MAX	64

static uint size = 1500;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "of pipe: bytes of a packet");

static uint packets = 100000;
module_param(packets, uint, 0444);
MODULE_PARM_DESC(packets, "of pipe: for each consumer, in each run");

/* Which producer passes to which consumers. */
struct shape {
	const char *name;	/* as the report shows it */
	/* Each passes to its first consumer, and to others that are @producers apart */
	unsigned int producers;
	unsigned int consumers;	/* no fewer than producers */
};

/* One run. */
struct job {
	const struct shape *shape;		/* which producer passes to which consumers */
	struct dualtree *instance;		/* what dualtree's packets come from */
	struct ptr_ring rings[CONSUMERS_MAX];	/* one for each consumer */
	int err;				/* the first error; all stop */
};

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

static __always_inline void produce(struct job *job, unsigned int nr, bench_alloc_fn alloc,
				    bench_free_fn free)
{
	unsigned int i, to;

	for (i = 0; i < packets; i++) {
		for (to = nr; to < job->shape->consumers; to += job->shape->producers) {
			unsigned int *packet = alloc(job->instance, size);

			if (!packet) {
				fail(job, -ENOMEM);
				return;
			}
			*packet = i;
			while (__ptr_ring_produce(&job->rings[to], packet)) {
				if (!wait_a_little(job)) {
					free(job->instance, packet, size);
					return;
				}
			}
		}
	}
}

static __always_inline void consume(struct job *job, unsigned int nr, bench_free_fn free)
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
		free(job->instance, packet, size);
	}
}

/* Producers come first. */
static __always_inline void work(struct job *job, unsigned int number, bench_alloc_fn alloc,
				 bench_free_fn free)
{
	if (number < job->shape->producers)
		produce(job, number, alloc, free);
	else
		consume(job, number - job->shape->producers, free);
}

static void work_dualtree(void *job, unsigned int number)
{
	work(job, number, alloc_dualtree, free_dualtree);
}

static void work_kmalloc(void *job, unsigned int number)
{
	work(job, number, alloc_kmalloc, free_kmalloc);
}

struct packet_calls {
	enum allocator_id id;				/* which */
	void (*work)(void *job, unsigned int number);	/* a thread of a job */
};

static const struct packet_calls calls[] = {
	{ DUALTREE, work_dualtree },
	{ KMALLOC, work_kmalloc },
};

static const struct shape shapes[] = {
	{ "1 -> 1", 1, 1 },
	{ "2 x (1 -> 1)", 2, 2 },
	{ "1 -> 3", 1, 3 },
};

/* A ring still holds packets only after an error. */
static void empty_ring(struct job *job, struct ptr_ring *ring, const struct allocator *allocator)
{
	void *packet;

	while ((packet = __ptr_ring_consume(ring)))
		allocator->free(job->instance, packet, size);
	ptr_ring_cleanup(ring, NULL);
}

/* Return: nanoseconds, or an error. */
static s64 run_job(struct job *job, const struct packet_calls *packet_calls)
{
	unsigned int threads = job->shape->producers + job->shape->consumers, i;
	s64 ns = 0;

	for (i = 0; i < job->shape->consumers && ns >= 0; i++)
		ns = ptr_ring_init(&job->rings[i], RING_ENTRIES, GFP_KERNEL);
	if (ns >= 0)
		ns = dt_team_run(threads, packet_calls->work, job);
	else
		i--;
	while (i--)
		empty_ring(job, &job->rings[i], dt_allocators[packet_calls->id]);
	return job->err ?: ns;
}

/* Round 0 warms up. */
static int run_round(struct job *job, unsigned int round)
{
	const struct shape *shape = job->shape;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct packet_calls *next = &calls[(i + round) % ARRAY_SIZE(calls)];
		const char *name = dt_allocators[next->id]->name;
		s64 ns = run_job(job, next);

		if (ns < 0) {
			pr_err("%s, %s: error %lld\n", shape->name, name, ns);
			return ns;
		}
		if (round)
			dt_bench_report("%s|%s|%u|%llu\n", shape->name, name,
					packets * shape->consumers, ns);
	}
	return 0;
}

static int run_shape(const struct shape *shape)
{
	const struct bench plain = { .allocator = dt_allocators[DUALTREE] };
	struct job job = { .shape = shape, .instance = dt_bench_open_dualtree(&plain) };
	unsigned int round;
	int err = 0, close_err;

	if (IS_ERR(job.instance))
		return PTR_ERR(job.instance);
	for (round = 0; !err && round <= dt_bench_rounds; round++)
		err = run_round(&job, round);
	close_err = dt_bench_close_instance(job.instance);
	if (close_err)
		pr_err("%s: not all was freed: error %d\n", shape->name, close_err);
	return err ?: close_err;
}

int dt_run_pipe(void)
{
	unsigned int i;
	int err = 0;

	dt_bench_rounds = dt_bench_rounds ?: ROUNDS;
	if (size < sizeof(int) || !packets || dt_bench_rounds > ROUNDS_MAX)
		return -EINVAL;
	if (num_online_cpus() < TEAM_MAX)
		return -ENODEV;
	for (i = 0; !err && i < ARRAY_SIZE(shapes); i++)
		err = run_shape(&shapes[i]);
	return err;
}
