// SPDX-License-Identifier: GPL-2.0
/*
 * gen_pool, the kernel's other allocator that can free a part.
 */
#include <linux/kernel.h>

#include "contenders.h"
#include "cost.h"

COST_DEFINE_LOOP(pair, gen_pool)
COST_DEFINE_LOOP(ring, gen_pool)
COST_DEFINE_LOOP(random, gen_pool)
COST_DEFINE_LOOP(mixed, gen_pool)

static const struct cost_contender first_fit = COST_CONTENDER(gen_pool, "gen_pool first fit");
static const struct cost_contender best_fit = COST_CONTENDER(gen_pool, "gen_pool best fit");

/* Where an operation takes thousands of instructions, fewer of them will do. */
static const struct cost_row rows[] = {
	{ &first_fit, "pair 1500 B", pair_gen_pool, .size = 1500 },
	{ &first_fit, "1500 B, 64 live", ring_gen_pool, .size = 1500, .live = 64 },
	{ &first_fit, "1500 B, 4096 live", random_gen_pool, .size = 1500, .live = 4096 },
	{ &first_fit, "64..4096 B, 1k live", mixed_gen_pool, .live = 1000 },
	{ &best_fit, "pair 1500 B", pair_gen_pool, .size = 1500, .arg = BEST_FIT },
	{ &best_fit, "1500 B, 512 live", random_gen_pool, .size = 1500, .live = 512,
	  .arg = BEST_FIT },
	{ &best_fit, "1500 B, 4096 live", random_gen_pool, .size = 1500, .live = 4096,
	  .ops = 2048, .arg = BEST_FIT },
	{ &best_fit, "64..4096 B, 1k live", mixed_gen_pool, .live = 1000, .ops = 2048,
	  .arg = BEST_FIT },
};

const struct cost_set cost_gen_pool = { rows, ARRAY_SIZE(rows) };
