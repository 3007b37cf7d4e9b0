/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The baselines: what a loop, and what keeping others out, costs on this kernel. Nothing is
 * subtracted from anything; they say how much of a row can be the allocator's.
 */
#ifndef DUALTREE_BENCH_BASELINES_H
#define DUALTREE_BENCH_BASELINES_H

#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

#include "cost.h"

static DEFINE_RAW_SPINLOCK(base_lock);

static const struct cost_contender base = {
	.name = "baseline",
};

static void empty_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--)
		barrier();
}

static void preempt_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--) {
		preempt_disable();
		preempt_enable();
	}
}

static void irqsave_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	unsigned long flags;

	while (ops--) {
		local_irq_save(flags);
		local_irq_restore(flags);
	}
}

static void lock_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--) {
		raw_spin_lock(&base_lock);
		raw_spin_unlock(&base_lock);
	}
}

static void lock_irqsave_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	unsigned long flags;

	while (ops--) {
		raw_spin_lock_irqsave(&base_lock, flags);
		raw_spin_unlock_irqrestore(&base_lock, flags);
	}
}

#endif /* DUALTREE_BENCH_BASELINES_H */
