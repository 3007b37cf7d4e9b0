// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of the baselines.
 */
#include <linux/kernel.h>

#include "baselines.h"
#include "cost.h"

static const struct cost_row rows[] = {
	{ &base, "empty loop", empty_loop },
	{ &base, "preempt off/on", preempt_loop },
	{ &base, "irqsave", irqsave_loop },
	{ &base, "raw spinlock pair", lock_loop },
	{ &base, "raw spinlock pair, irqsave", lock_irqsave_loop },
};

const struct cost_set cost_base = { rows, ARRAY_SIZE(rows) };
