/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is measured, for whatever module measures: how each is made, asked and taken down.
 * Calls are inlined into the loops of cost.h.
 *
 * dualtree: an instance with the flags row->arg.
 *
 * kmalloc() is not told the size at compile time, since nobody knows a packet's; where it is,
 * a pair takes some 25 instructions less. It can free no part, and neither can page_frag.
 *
 * gen_pool can. It looks for room in a bitmap, here of one bit for 64 bytes, as our granules
 * are, so what a search costs depends on how much there is of it and how full it is: see
 * cost_room().
 */
#ifndef DUALTREE_BENCH_CONTENDERS_H
#define DUALTREE_BENCH_CONTENDERS_H

#include <linux/err.h>
#include <linux/genalloc.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <dualtree/dualtree.h>

#include "../compat/page_frag.h"
#include "cost.h"

static inline void *open_dualtree(const struct cost_row *row)
{
	struct dualtree_params params = { .flags = row->arg };

	return dualtree_create("cost", &params);
}

/* A loop does not look at what the calls return: the instance has counted. */
static inline int close_dualtree(void *ctx)
{
	struct dualtree_stats stats;
	int err = 0;

	dualtree_get_stats(ctx, &stats);
	if (stats.failed_allocs)
		err = -ENOMEM;
	else if (stats.bad_frees || stats.live_bytes)
		err = -EINVAL;
	dualtree_destroy(ctx);
	return err;
}

static __always_inline void *alloc_dualtree(void *ctx, size_t size)
{
	return dualtree_alloc(ctx, size, GFP_ATOMIC);
}

static __always_inline void free_dualtree(void *ctx, void *ptr, size_t size)
{
	dualtree_free(ctx, ptr, size);
}

static __always_inline void *alloc_kmalloc(void *ctx, size_t size)
{
	return kmalloc(size, GFP_ATOMIC);
}

static __always_inline void free_kmalloc(void *ctx, void *ptr, size_t size)
{
	kfree(ptr);
}

static inline void *open_frag(const struct cost_row *row)
{
	return kzalloc(sizeof(struct page_frag_cache), GFP_KERNEL) ?: ERR_PTR(-ENOMEM);
}

static inline int close_frag(void *ctx)
{
	page_frag_cache_drain(ctx);
	kfree(ctx);
	return 0;
}

static __always_inline void *alloc_frag(void *ctx, size_t size)
{
	return page_frag_alloc(ctx, size, GFP_ATOMIC);
}

static __always_inline void free_frag(void *ctx, void *ptr, size_t size)
{
	page_frag_free(ptr);
}

static __always_inline void *alloc_page_block(void *ctx, size_t size)
{
	return alloc_pages(GFP_ATOMIC, get_order(size));
}

static __always_inline void free_page_block(void *ctx, void *page, size_t size)
{
	__free_pages(page, get_order(size));
}

enum gen_pool_fit { FIRST_FIT, BEST_FIT };

/**
 * struct gen_pool_memory - a pool, and what it hands out
 * @gen: the pool
 * @memory: its memory
 * @failed: allocations that found no room
 */
struct gen_pool_memory {
	struct gen_pool *gen;
	void *memory;
	unsigned int failed;
};

static inline void *open_gen_pool(const struct cost_row *row)
{
	struct gen_pool_memory *pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	size_t size = cost_room(row);

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

static inline int close_gen_pool(void *ctx)
{
	struct gen_pool_memory *pool = ctx;
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

/* A wrong free is a bug to it, and NULL is one. */
static __always_inline void free_gen_pool(void *ctx, void *ptr, size_t size)
{
	struct gen_pool_memory *pool = ctx;

	if (likely(ptr))
		gen_pool_free(pool->gen, (unsigned long)ptr, size);
}

/* A contender by the name that its calls have here. */
#define COST_CONTENDER(who, as)								\
{											\
	.name = as,									\
	.open = open_##who,								\
	.close = close_##who,								\
	.alloc = alloc_##who,								\
	.free = free_##who,								\
}

#endif /* DUALTREE_BENCH_CONTENDERS_H */
