/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calls of dualtree and of kmalloc(), for loops other than those of loops.h, and what
 * dualtree's own cases open and close.
 */
#ifndef DUALTREE_BENCH_ALLOCATORS_H
#define DUALTREE_BENCH_ALLOCATORS_H

#include <linux/gfp.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>

#include "bench.h"

static __always_inline void *alloc_dualtree(void *ctx, size_t size)
{
	return dualtree_alloc(ctx, size, GFP_ATOMIC);
}

static __always_inline void free_dualtree(void *ctx, void *ptr, size_t size)
{
	dualtree_free(ctx, ptr, size);
}

/*
 * The size is not known at compile time, since a packet's is not; where it is, a pair takes some
 * 25 instructions less.
 */
static __always_inline void *alloc_kmalloc(void *ctx, size_t size)
{
	return kmalloc(size, GFP_ATOMIC);
}

static __always_inline void free_kmalloc(void *ctx, void *ptr, size_t size)
{
	kfree(ptr);
}

/* Allocates and frees @nr with one call each; @ptrs and @ranges have room for so many. */
static __always_inline void bulk_loop(const struct bench *b, unsigned int ops, unsigned int nr,
				      void **ptrs, struct dualtree_range *ranges)
{
	size_t size = b->c->size;
	struct dualtree *dt = b->ctx;
	unsigned int i;

	for (; ops >= nr; ops -= nr) {
		dualtree_alloc_bulk(dt, size, GFP_ATOMIC, nr, ptrs);
		for (i = 0; i < nr; i++)
			ranges[i] = (struct dualtree_range){ ptrs[i], size };
		dualtree_free_bulk(dt, ranges, nr);
	}
}

void *dt_bench_open_dualtree(const struct bench *b);
struct dualtree *dt_bench_own_heap(struct dualtree *dt);
int dt_bench_close_instance(struct dualtree *dt);

extern const struct allocator dt_gen_pool_first, dt_gen_pool_best;

#endif /* DUALTREE_BENCH_ALLOCATORS_H */
