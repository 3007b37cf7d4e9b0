/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every module that runs rows does around their loops: drawing at random, filling in what
 * lives, taking the time, freeing what is left.
 */
#ifndef DUALTREE_BENCH_COST_RUN_H
#define DUALTREE_BENCH_COST_RUN_H

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "cost.h"
#include "random.h"

static inline unsigned int cost_any_size(const struct cost_row *row, struct rnd_state *rnd)
{
	return row->size ?: random_log(rnd, 64, 6);
}

/* With the same seed the same for every contender. */
static inline void cost_draw(const struct cost_row *row, struct rnd_state *rnd)
{
	unsigned int i;

	for (i = 0; i < COST_OPS; i++) {
		dt_cost_table->sizes[i] = cost_any_size(row, rnd);
		dt_cost_table->picks[i] = row->live ? random_below(rnd, row->live) : 0;
	}
}

static inline int cost_fill(const struct cost_row *row, void *ctx, struct rnd_state *rnd)
{
	struct cost_slot *slot;
	int err = 0;

	for (slot = dt_cost_table->slots; slot < dt_cost_table->slots + row->live; slot++) {
		slot->size = cost_any_size(row, rnd);
		slot->ptr = row->contender->alloc(ctx, slot->size);
		if (!slot->ptr)
			err = -ENOMEM;
	}
	return err;
}

static inline int cost_drain(const struct cost_row *row, void *ctx)
{
	struct cost_slot *slot;
	int err = 0;

	for (slot = dt_cost_table->slots; slot < dt_cost_table->slots + row->live; slot++) {
		if (slot->ptr)
			row->contender->free(ctx, slot->ptr, slot->size);
		else
			err = -ENOMEM;
	}
	return err;
}

static inline u64 cost_time(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 start;

	/* Whatever is due to run runs now, and not in the loop. */
	cond_resched();
	if (row->timed)
		return row->timed(row, ctx, ops);
	start = ktime_get_ns();
	row->loop(row, ctx, ops);
	return ktime_get_ns() - start;
}

#endif /* DUALTREE_BENCH_COST_RUN_H */
