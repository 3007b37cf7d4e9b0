// SPDX-License-Identifier: GPL-2.0
/*
 * Who takes turns in dualtree_native, and with what.
 *
 * page_frag keeps a page until the last of its fragments dies. Where they die in random order
 * it holds several times what lives; what it takes for that is not in its row.
 */
#include <linux/kernel.h>

#include "baselines.h"
#include "contenders.h"
#include "cost.h"
#include "native.h"
#include "reader.h"

COST_DEFINE_LOOP(pair, dualtree)
COST_DEFINE_LOOP(ring, dualtree)
COST_DEFINE_LOOP(random, dualtree)
COST_DEFINE_LOOP(mixed, dualtree)
COST_DEFINE_LOOP(pair, kmalloc)
COST_DEFINE_LOOP(ring, kmalloc)
COST_DEFINE_LOOP(random, kmalloc)
COST_DEFINE_LOOP(mixed, kmalloc)
COST_DEFINE_LOOP(pair, frag)
COST_DEFINE_LOOP(ring, frag)
COST_DEFINE_LOOP(random, frag)
COST_DEFINE_LOOP(pair, gen_pool)
COST_DEFINE_LOOP(ring, gen_pool)
COST_DEFINE_LOOP(random, gen_pool)
COST_DEFINE_LOOP(mixed, gen_pool)

static const struct cost_contender dualtree = COST_CONTENDER(dualtree, "dualtree");
static const struct cost_contender exact = COST_CONTENDER(dualtree, "dualtree EXACT_FIT");
static const struct cost_contender frag = COST_CONTENDER(frag, "page_frag");
static const struct cost_contender first_fit = COST_CONTENDER(gen_pool, "gen_pool first fit");

static const struct cost_contender kmalloc_contender = {
	.name = "kmalloc",
	.alloc = alloc_kmalloc,
	.free = free_kmalloc,
};

/* The reader's room, whole: of kmalloc() nothing of it can be had back before all of it is. */
static const struct cost_contender kmalloc_whole = {
	.name = "kmalloc, all or nothing",
	.alloc = alloc_kmalloc,
	.free = free_kmalloc,
};

/* Of a loop that takes microseconds the clock would see its own steps. */
#define BASE_OPS	(16 * COST_OPS)

#define PAIR(who, loop, bytes)								\
	{ who, "pair " #bytes " B", loop, .size = bytes }

static const struct cost_row rows[] = {
	{ &base, "empty loop", empty_loop, .ops = BASE_OPS },
	{ &base, "preempt off/on", preempt_loop, .ops = BASE_OPS },
	{ &base, "irqsave", irqsave_loop, .ops = BASE_OPS },
	{ &base, "raw spinlock pair", lock_loop, .ops = BASE_OPS },
	{ &base, "raw spinlock pair, irqsave", lock_irqsave_loop, .ops = BASE_OPS },

	PAIR(&dualtree, pair_dualtree, 64),
	PAIR(&kmalloc_contender, pair_kmalloc, 64),
	PAIR(&frag, pair_frag, 64),

	PAIR(&dualtree, pair_dualtree, 1500),
	{ &exact, "pair 1500 B", pair_dualtree, .size = 1500, .arg = DUALTREE_EXACT_FIT },
	PAIR(&kmalloc_contender, pair_kmalloc, 1500),
	PAIR(&frag, pair_frag, 1500),
	PAIR(&first_fit, pair_gen_pool, 1500),

	PAIR(&dualtree, pair_dualtree, 2048),
	PAIR(&kmalloc_contender, pair_kmalloc, 2048),
	PAIR(&frag, pair_frag, 2048),

	PAIR(&dualtree, pair_dualtree, 4096),
	PAIR(&kmalloc_contender, pair_kmalloc, 4096),
	PAIR(&frag, pair_frag, 4096),

	{ &dualtree, "1500 B, 64 live", ring_dualtree, .size = 1500, .live = 64 },
	{ &kmalloc_contender, "1500 B, 64 live", ring_kmalloc, .size = 1500, .live = 64 },
	{ &frag, "1500 B, 64 live", ring_frag, .size = 1500, .live = 64 },
	{ &first_fit, "1500 B, 64 live", ring_gen_pool, .size = 1500, .live = 64 },

	{ &dualtree, "1500 B, 4096 live", random_dualtree, .size = 1500, .live = 4096 },
	{ &kmalloc_contender, "1500 B, 4096 live", random_kmalloc, .size = 1500,
	  .live = 4096 },
	{ &frag, "1500 B, 4096 live", random_frag, .size = 1500, .live = 4096 },
	{ &first_fit, "1500 B, 4096 live", random_gen_pool, .size = 1500, .live = 4096 },

	{ &dualtree, "64..4096 B, 1k live", mixed_dualtree, .live = 1000 },
	{ &exact, "64..4096 B, 1k live", mixed_dualtree, .live = 1000,
	  .arg = DUALTREE_EXACT_FIT },
	{ &kmalloc_contender, "64..4096 B, 1k live", mixed_kmalloc, .live = 1000 },
	{ &first_fit, "64..4096 B, 1k live", mixed_gen_pool, .live = 1000 },

	{ &dualtree, "64..4096 B, 10k live", mixed_dualtree, .live = 10000 },
	{ &exact, "64..4096 B, 10k live", mixed_dualtree, .live = 10000,
	  .arg = DUALTREE_EXACT_FIT },
	{ &kmalloc_contender, "64..4096 B, 10k live", mixed_kmalloc, .live = 10000 },

	{ &dualtree, "reader", reader_loop },
	{ &exact, "reader", reader_loop, .arg = DUALTREE_EXACT_FIT },
	{ &kmalloc_whole, "reader", pair_kmalloc, .size = READ_ROOM },
};

const struct cost_set native_rows = { rows, ARRAY_SIZE(rows) };
