// SPDX-License-Identifier: GPL-2.0
/*
 * gen_pool's part in the curves. It looks through all that lives for each allocation, those that
 * fill it in too; where that would take minutes a point is left out.
 */
#include "curve.h"
#include "contenders.h"

COST_DEFINE_LOOP(pair, gen_pool)
COST_DEFINE_LOOP(random, gen_pool)
COST_DEFINE_LOOP(mixed, gen_pool)

static const struct cost_contender gen_pool = COST_CONTENDER(gen_pool, "gen_pool first fit");

const struct curve_subject curve_gen_pool = {
	.contender = &gen_pool,
	.arg = FIRST_FIT,
	.pair = pair_gen_pool,
	.random = random_gen_pool,
	.mixed = mixed_gen_pool,
	.most_live = 30000,
	.most_mixed = 10000,
};
