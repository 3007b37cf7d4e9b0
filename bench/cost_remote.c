// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to free on one CPU what another allocated.
 *
 * A batch is allocated by its owner, freed by another CPU, and allocated again. Each CPU times
 * its own share, while the other is idle:
 *
 * - remote free: by the other CPU
 * - "alloc behind remote frees": by the owner, what the other CPU has freed
 * - "alloc behind own frees": the same, if the owner had freed it itself
 * - whole cycle: the remote free and the next allocation
 *
 * A loop's time is the median of its batches, times their number: if the host takes a CPU away
 * for a while, that weighs in a sum, but in one batch only.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/smp.h>
#include <linux/sort.h>

#include "bench.h"

/* Packets of a NAPI poll, bytes of each, and polls. */
#define BATCH	64
#define SIZE	1500
#define BATCHES	64

enum share { REMOTE_FREE, ALLOC_REMOTE, ALLOC_OWN, CYCLE };

/* One loop on another CPU. */
struct batch {
	const struct bench *b;	/* what is measured */
	enum bench_loop loop;	/* which of the allocator's */
	u64 ns;			/* how long it took */
};

static int run_batch(void *data)
{
	struct batch *batch = data;
	bench_loop_fn loop = batch->b->allocator->loops[batch->loop];
	u64 start = ktime_get_ns();

	loop(batch->b, BATCH);
	batch->ns = ktime_get_ns() - start;
	return 0;
}

/* On @cpu, while this one waits. Return: nanoseconds. */
static u64 batch_on(unsigned int cpu, const struct bench *b, enum bench_loop loop)
{
	struct batch batch = { b, loop };

	WARN_ON_ONCE(smp_call_on_cpu(cpu, run_batch, &batch, false));
	return batch.ns;
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Four steps: the owner has allocated at the start of each round, and at its end. */
static u64 one_round(const struct bench *b, unsigned int owner, unsigned int other)
{
	u64 remote_free = batch_on(other, b, LOOP_FREE);
	u64 alloc_remote = batch_on(owner, b, LOOP_ALLOC);
	u64 alloc_own;

	batch_on(owner, b, LOOP_FREE);
	alloc_own = batch_on(owner, b, LOOP_ALLOC);
	switch (b->c->arg) {
	case REMOTE_FREE:
		return remote_free;
	case ALLOC_REMOTE:
		return alloc_remote;
	case ALLOC_OWN:
		return alloc_own;
	default:
		return remote_free + alloc_remote;
	}
}

static u64 timed_batches(const struct bench *b, unsigned int ops)
{
	unsigned int owner = cpumask_first(cpu_online_mask);
	unsigned int other = cpumask_next(owner, cpu_online_mask), i;
	u64 ns[BATCHES];

	batch_on(owner, b, LOOP_ALLOC);
	for (i = 0; i < BATCHES; i++)
		ns[i] = one_round(b, owner, other);
	batch_on(owner, b, LOOP_FREE);
	sort(ns, BATCHES, sizeof(*ns), compare_u64, NULL);
	return ns[BATCHES / 2] * BATCHES;
}

#define SHARE(what, share)								\
	{ what, .timed = timed_batches, .size = SIZE, .ops = BATCHES * BATCH, .arg = share,	\
	  .cost = BIT(DUALTREE) | BIT(KMALLOC), .moves = true }

static const struct bench_case cases[] = {
	SHARE("remote free", REMOTE_FREE),
	SHARE("alloc behind remote frees", ALLOC_REMOTE),
	SHARE("alloc behind own frees", ALLOC_OWN),
	SHARE("whole cycle", CYCLE),
};

const struct bench_set dt_remote_cases = { cases, ARRAY_SIZE(cases) };
