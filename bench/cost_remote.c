// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to free on one CPU what another allocated.
 *
 * A batch, of as many packets as a NAPI poll takes, is allocated by its owner, freed by
 * another CPU, and allocated again. Each CPU times its own share, while the other is idle:
 *
 * - remote free: by the other CPU
 * - drain: what an allocation of the owner takes more than it does if the owner itself had
 *   freed the batch
 * - whole cycle: the remote free and the next allocation
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/smp.h>

#include "contenders.h"
#include "cost.h"

#define BATCH	64
#define SIZE	1500

enum share { REMOTE_FREE, DRAIN, CYCLE };

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
	struct cost_slot *slot = cost_table->slots;
	void *ctx = batch->ctx;
	u64 start = ktime_get_ns();

	for (; slot < cost_table->slots + BATCH; slot++)
		slot->ptr = alloc(ctx, SIZE);
	batch->ns = ktime_get_ns() - start;
	return 0;
}

static __always_inline int free_batch(struct batch *batch, cost_free_fn free)
{
	struct cost_slot *slot = cost_table->slots;
	void *ctx = batch->ctx;
	u64 start = ktime_get_ns();

	for (; slot < cost_table->slots + BATCH; slot++)
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

static __always_inline u64 cost_batches(const struct cost_row *row, void *ctx, unsigned int ops,
					batch_fn alloc, batch_fn free)
{
	unsigned int owner = cpumask_first(cpu_online_mask);
	unsigned int other = cpumask_next(owner, cpu_online_mask);
	struct batch batch = { .row = row, .ctx = ctx };
	u64 frees = 0, allocs = 0, local_allocs = 0;
	unsigned int i;

	batch_on(owner, alloc, &batch);
	for (i = 0; i < ops / BATCH; i++) {
		frees += batch_on(other, free, &batch);
		allocs += batch_on(owner, alloc, &batch);
		batch_on(owner, free, &batch);
		local_allocs += batch_on(owner, alloc, &batch);
	}
	batch_on(owner, free, &batch);

	switch ((enum share)row->arg) {
	case REMOTE_FREE:
		return frees;
	case DRAIN:
		return allocs - min(allocs, local_allocs);
	default:
		return frees + allocs;
	}
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

static const struct cost_row rows[] = {
	{ &dualtree, "remote free", .timed = batches_dualtree, .arg = REMOTE_FREE },
	{ &dualtree, "drain", .timed = batches_dualtree, .arg = DRAIN },
	{ &dualtree, "whole cycle", .timed = batches_dualtree, .arg = CYCLE },
	{ &kmalloc_contender, "remote free", .timed = batches_kmalloc, .arg = REMOTE_FREE },
	{ &kmalloc_contender, "drain", .timed = batches_kmalloc, .arg = DRAIN },
	{ &kmalloc_contender, "whole cycle", .timed = batches_kmalloc,
	  .arg = CYCLE },
};

const struct cost_set cost_remote = { rows, ARRAY_SIZE(rows) };
