// SPDX-License-Identifier: GPL-2.0
/*
 * gen_pool: the kernel's other allocator that can free a part. It looks for room in a bitmap,
 * here of one bit for 64 bytes, as our granules are, so what a search costs depends on how
 * much there is of it and how full it is: four fifths are live where all sizes are one, and
 * two thirds where they are not.
 */
#include <linux/err.h>
#include <linux/genalloc.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "cost.h"

enum fit { FIRST_FIT, BEST_FIT };

struct pool {
	struct gen_pool *gen;
	void *memory;
};

static void *open_gen_pool(const struct cost_row *row)
{
	size_t size = cost_room(row);
	struct pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->memory = vmalloc(size);
	pool->gen = gen_pool_create(ilog2(COST_UNIT), NUMA_NO_NODE);
	if (!pool->memory || !pool->gen ||
	    gen_pool_add(pool->gen, (unsigned long)pool->memory, size, NUMA_NO_NODE)) {
		if (pool->gen)
			gen_pool_destroy(pool->gen);
		vfree(pool->memory);
		kfree(pool);
		return ERR_PTR(-ENOMEM);
	}
	if (row->arg == BEST_FIT)
		gen_pool_set_algo(pool->gen, gen_pool_best_fit, NULL);
	return pool;
}

static int close_gen_pool(void *ctx)
{
	struct pool *pool = ctx;

	gen_pool_destroy(pool->gen);
	vfree(pool->memory);
	kfree(pool);
	return 0;
}

static __always_inline void *alloc_gen_pool(void *ctx, size_t size)
{
	struct pool *pool = ctx;

	return (void *)gen_pool_alloc(pool->gen, size);
}

static __always_inline void free_gen_pool(void *ctx, void *ptr, size_t size)
{
	struct pool *pool = ctx;

	gen_pool_free(pool->gen, (unsigned long)ptr, size);
}

COST_DEFINE_LOOP(pair, gen_pool)
COST_DEFINE_LOOP(ring, gen_pool)
COST_DEFINE_LOOP(random, gen_pool)
COST_DEFINE_LOOP(mixed, gen_pool)

static const struct cost_contender first_fit = {
	.name = "gen_pool first fit",
	.open = open_gen_pool,
	.close = close_gen_pool,
	.alloc = alloc_gen_pool,
	.free = free_gen_pool,
};

static const struct cost_contender best_fit = {
	.name = "gen_pool best fit",
	.open = open_gen_pool,
	.close = close_gen_pool,
	.alloc = alloc_gen_pool,
	.free = free_gen_pool,
};

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
