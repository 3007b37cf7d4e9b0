// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to free on one CPU what another allocated.
 *
 * A batch, of as many packets as a NAPI poll takes, is allocated by its owner, freed by
 * another CPU, and allocated again. Each CPU times its own share, while the other is idle:
 *
 * - remote free: by the other CPU
 * - alloc behind remote frees: by the owner, what the other CPU has freed
 * - alloc behind own frees: the same, if the owner had freed it itself
 * - whole cycle: the remote free and the next allocation
 *
 * What a loop takes is the median of its batches, as many times as there are: a CPU that the
 * host has taken away for a while weighs in a sum, and in one batch only.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/smp.h>
#include <linux/sort.h>

#include "contenders.h"
#include "cost.h"

#define BATCH	64
#define BATCHES	64
#define SIZE	1500

enum share { REMOTE_FREE, ALLOC_REMOTE, ALLOC_OWN, CYCLE };

/**
 * struct batch - packets on their way between CPUs
 * @row: what is measured
 * @ctx: of the row's contender
 * @ns: what the last call took
 */
struct batch {
	const struct cost_row *row;
	void *ctx;
	u64 ns;
};

static __always_inline int alloc_batch(struct batch *batch, cost_alloc_fn alloc)
{
	struct cost_slot *slot = dt_cost_table->slots;
	void *ctx = batch->ctx;
	u64 start = ktime_get_ns();

	for (; slot < dt_cost_table->slots + BATCH; slot++)
		slot->ptr = alloc(ctx, SIZE);
	batch->ns = ktime_get_ns() - start;
	return 0;
}

static __always_inline int free_batch(struct batch *batch, cost_free_fn free)
{
	struct cost_slot *slot = dt_cost_table->slots;
	void *ctx = batch->ctx;
	u64 start = ktime_get_ns();

	for (; slot < dt_cost_table->slots + BATCH; slot++)
		free(ctx, slot->ptr, SIZE);
	batch->ns = ktime_get_ns() - start;
	return 0;
}

typedef int (*batch_fn)(void *batch);

/* On @cpu, while this one waits. Return: what it took. */
static u64 batch_on(unsigned int cpu, batch_fn what, struct batch *batch)
{
	batch->ns = 0;
	WARN_ON_ONCE(smp_call_on_cpu(cpu, what, batch, false));
	return batch->ns;
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median_batch(u64 *ns)
{
	sort(ns, BATCHES, sizeof(*ns), compare_u64, NULL);
	return ns[BATCHES / 2];
}

/* Four steps: the owner has allocated at the start of each round, and at its end. */
static u64 one_round(enum share share, struct batch *batch, batch_fn alloc, batch_fn free)
{
	unsigned int owner = cpumask_first(cpu_online_mask);
	unsigned int other = cpumask_next(owner, cpu_online_mask);
	u64 remote_free = batch_on(other, free, batch);
	u64 alloc_remote = batch_on(owner, alloc, batch);
	u64 alloc_own;

	batch_on(owner, free, batch);
	alloc_own = batch_on(owner, alloc, batch);
	switch (share) {
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

static __always_inline u64 cost_batches(const struct cost_row *row, void *ctx, unsigned int ops,
					batch_fn alloc, batch_fn free)
{
	unsigned int owner = cpumask_first(cpu_online_mask), i;
	struct batch batch = { .row = row, .ctx = ctx };
	u64 ns[BATCHES];

	batch_on(owner, alloc, &batch);
	for (i = 0; i < BATCHES; i++)
		ns[i] = one_round(row->arg, &batch, alloc, free);
	batch_on(owner, free, &batch);
	return median_batch(ns) * BATCHES;
}

#define DEFINE_BATCHES(who)								\
static int alloc_batch_##who(void *batch)						\
{											\
	return alloc_batch(batch, alloc_##who);					\
}											\
											\
static int free_batch_##who(void *batch)						\
{											\
	return free_batch(batch, free_##who);					\
}											\
											\
static u64 batches_##who(const struct cost_row *row, void *ctx, unsigned int ops)	\
{											\
	return cost_batches(row, ctx, ops, alloc_batch_##who, free_batch_##who);	\
}

DEFINE_BATCHES(dualtree)
DEFINE_BATCHES(kmalloc)

static void *open_remote(const struct cost_row *row)
{
	const struct cost_row plain = { .arg = 0 };

	return open_dualtree(&plain);
}

static const struct cost_contender dualtree = {
	.name = "dualtree",
	.open = open_remote,
	.close = close_dualtree,
};

static const struct cost_contender kmalloc_contender = {
	.name = "kmalloc",
};

#define OPS	(BATCHES * BATCH)

static const struct cost_row rows[] = {
	{ &dualtree, "remote free", .timed = batches_dualtree, .ops = OPS,
	  .arg = REMOTE_FREE },
	{ &dualtree, "alloc behind remote frees", .timed = batches_dualtree, .ops = OPS,
	  .arg = ALLOC_REMOTE },
	{ &dualtree, "alloc behind own frees", .timed = batches_dualtree, .ops = OPS,
	  .arg = ALLOC_OWN },
	{ &dualtree, "whole cycle", .timed = batches_dualtree, .ops = OPS, .arg = CYCLE },
	{ &kmalloc_contender, "remote free", .timed = batches_kmalloc, .ops = OPS,
	  .arg = REMOTE_FREE },
	{ &kmalloc_contender, "alloc behind remote frees", .timed = batches_kmalloc,
	  .ops = OPS, .arg = ALLOC_REMOTE },
	{ &kmalloc_contender, "alloc behind own frees", .timed = batches_kmalloc, .ops = OPS,
	  .arg = ALLOC_OWN },
	{ &kmalloc_contender, "whole cycle", .timed = batches_kmalloc, .ops = OPS,
	  .arg = CYCLE },
};

const struct cost_set cost_remote = { rows, ARRAY_SIZE(rows) };
