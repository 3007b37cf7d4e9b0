// SPDX-License-Identifier: GPL-2.0
/*
 * gen_pool, the kernel's other allocator that can free a part. It looks for room in a bitmap, here
 * of one bit for a granule, so what a search costs depends on how much room there is and on how
 * full it is: see peer_room().
 */
#include <linux/err.h>
#include <linux/genalloc.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "allocators.h"
#include "bench.h"
#include "loops.h"

/* A pool, and what it hands out. */
struct gen_pool_memory {
	struct gen_pool *gen;
	void *memory;
	unsigned int failed;	/* allocations that found no room */
};

static void *open_gen_pool(const struct bench *b)
{
	struct gen_pool_memory *pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	size_t size = peer_room(b->c);

	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->memory = vmalloc(size);
	pool->gen = gen_pool_create(ilog2(PEER_UNIT), NUMA_NO_NODE);
	if (!pool->memory || !pool->gen ||
	    gen_pool_add(pool->gen, (unsigned long)pool->memory, size, NUMA_NO_NODE)) {
		if (pool->gen)
			gen_pool_destroy(pool->gen);
		vfree(pool->memory);
		kfree(pool);
		return ERR_PTR(-ENOMEM);
	}
	if (b->allocator->id == GEN_BEST)
		gen_pool_set_algo(pool->gen, gen_pool_best_fit, NULL);
	return pool;
}

static int close_gen_pool(const struct bench *b)
{
	struct gen_pool_memory *pool = b->ctx;
	int err = pool->failed ? -ENOMEM : 0;

	gen_pool_destroy(pool->gen);
	vfree(pool->memory);
	kfree(pool);
	return err;
}

static __always_inline void *alloc_gen_pool(void *ctx, size_t size)
{
	struct gen_pool_memory *pool = ctx;
	unsigned long addr = gen_pool_alloc(pool->gen, size);

	if (unlikely(!addr))
		pool->failed++;
	return (void *)addr;
}

/* gen_pool treats a free of NULL as a bug. */
static __always_inline void free_gen_pool(void *ctx, void *ptr, size_t size)
{
	struct gen_pool_memory *pool = ctx;

	if (likely(ptr))
		gen_pool_free(pool->gen, (unsigned long)ptr, size);
}

DEFINE_LOOPS(gen_pool)

/*
 * Each allocation looks through all that is live, those that fill it in too: beyond these limits
 * a point of a curve takes minutes.
 */
const struct allocator dt_gen_pool_first = ALLOCATOR(gen_pool, .name = "gen_pool first fit",
	.id = GEN_FIRST, .open = open_gen_pool, .close = close_gen_pool, .live_max = 30000,
	.mixed_max = 10000);

/* With 1,000 live an operation takes some 6,000 instructions: 2,048 of them are enough. */
const struct allocator dt_gen_pool_best = ALLOCATOR(gen_pool, .name = "gen_pool best fit",
	.id = GEN_BEST, .open = open_gen_pool, .close = close_gen_pool, .slow_live = 1000,
	.slow_ops = 2048);
