// SPDX-License-Identifier: GPL-2.0
/*
 * The allocators that are measured, each described once; gen_pool is in gen_pool.c, drm_mm in
 * drm.c.
 *
 *	dualtree	an instance with the flags allocator->arg
 *	kmalloc		cannot free a part
 *	page_frag	cannot free a part. It keeps a page until the last of its fragments is
 *			freed; where they are freed in random order it holds several times what is
 *			live, and what it takes for that is in no count
 *	alloc_pages	blocks of the power of two of pages that its case's size needs
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>

#include "../compat/page_frag.h"
#include "allocators.h"
#include "bench.h"
#include "loops.h"

void *dt_bench_open_dualtree(const struct bench *b)
{
	const struct dualtree_params params = { .flags = b->allocator->arg };

	return dualtree_create("cost", &params);
}

/* Allocations in a row after which a CPU has a heap of its own: more than shared_calls. */
#define ROW	64

/* Give this CPU a heap of its own in a new instance, or pass an error on. Return: @dt. */
struct dualtree *dt_bench_own_heap(struct dualtree *dt)
{
	unsigned int i;

	if (IS_ERR(dt))
		return dt;
	for (i = 0; i < ROW; i++)
		dualtree_free(dt, dualtree_alloc(dt, 64, GFP_KERNEL), 64);
	dualtree_shrink(dt);
	return dt;
}

/* A loop does not look at what the calls return: the instance has counted. */
int dt_bench_close_instance(struct dualtree *dt)
{
	struct dualtree_stats stats;
	int err = 0;

	dualtree_get_stats(dt, &stats);
	if (stats.failed_allocs)
		err = -ENOMEM;
	else if (stats.bad_frees || stats.live_bytes)
		err = -EINVAL;
	dualtree_destroy(dt);
	return err;
}

/* Bytes that an instance holds, with its records. */
size_t dt_bench_held(struct dualtree *dt)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	return stats.held_bytes + stats.record_bytes;
}

static int close_dualtree(const struct bench *b)
{
	return dt_bench_close_instance(b->ctx);
}

DEFINE_LOOPS(dualtree)
DEFINE_LOOPS(kmalloc)

static void *open_frag(const struct bench *b)
{
	return kzalloc(sizeof(struct page_frag_cache), GFP_KERNEL) ?: ERR_PTR(-ENOMEM);
}

static int close_frag(const struct bench *b)
{
	page_frag_cache_drain(b->ctx);
	kfree(b->ctx);
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

DEFINE_LOOPS(frag)

/* The context is the order: a user knows it beforehand. */
static void *open_pages(const struct bench *b)
{
	return (void *)(unsigned long)get_order(b->c->size);
}

static __always_inline void *alloc_page_block(void *ctx, size_t size)
{
	return alloc_pages(GFP_ATOMIC, (unsigned long)ctx);
}

static __always_inline void free_page_block(void *ctx, void *page, size_t size)
{
	__free_pages(page, (unsigned long)ctx);
}

DEFINE_LOOPS(page_block)

const struct allocator *const dt_allocators[NR_ALLOCATORS] = {
	/* Nothing is allocated: what a loop and what keeping others out costs on this kernel. */
	[BASELINE] = &(const struct allocator) { .name = "baseline", .id = BASELINE },
	[DUALTREE] = &ALLOCATOR(dualtree, .name = "dualtree", .id = DUALTREE,
			       .open = dt_bench_open_dualtree, .close = close_dualtree),
	[EXACT] = &ALLOCATOR(dualtree, .name = "dualtree EXACT_FIT", .id = EXACT,
			    .arg = DUALTREE_EXACT_FIT, .open = dt_bench_open_dualtree,
			    .close = close_dualtree),
	[KMALLOC] = &ALLOCATOR(kmalloc, .name = "kmalloc", .id = KMALLOC),
	/* For a reader's whole buffer, of which no part can be had back before all is freed. */
	[KMALLOC_WHOLE] = &ALLOCATOR(kmalloc, .name = "kmalloc, all or nothing",
				    .id = KMALLOC_WHOLE),
	[FRAG] = &ALLOCATOR(frag, .name = "page_frag", .id = FRAG, .open = open_frag,
			   .close = close_frag, .size_max = PAGE_SIZE),
	[PAGES] = &ALLOCATOR(page_block, .name = "alloc_pages", .id = PAGES, .open = open_pages,
			    .size_min = PAGE_SIZE),
	[GEN_FIRST] = IS_ENABLED(CONFIG_GENERIC_ALLOCATOR) ? &dt_gen_pool_first : NULL,
	[GEN_BEST] = IS_ENABLED(CONFIG_GENERIC_ALLOCATOR) ? &dt_gen_pool_best : NULL,
};
