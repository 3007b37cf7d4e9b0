// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_bench_drm: drm_mm, whose results are added to those of dualtree_bench's run "cost". A
 * module of its own, for drm_mm is in drm.ko, which not every kernel has.
 *
 * drm_mm hands out ranges of numbers, and touches no memory that they may stand for. It is used
 * as drivers use it: under a spinlock, a range's node from a slab of the driver's. It cannot
 * free a part. There is as much room for each allocation as gen_pool has, and sizes are rounded
 * up to the same unit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drm/drm_mm.h>

#include "bench.h"
#include "loops.h"

/* A driver's address space. */
struct ranges {
	spinlock_t lock;		/* taken around each change of @mm */
	struct drm_mm mm;		/* what is taken and what is free */
	struct kmem_cache *nodes;	/* where the nodes of what is taken come from */
	enum drm_mm_insert_mode mode;	/* where a range is looked for */
};

static void *open_drm_mm(const struct bench *b)
{
	struct ranges *ranges = kzalloc(sizeof(*ranges), GFP_KERNEL);

	if (!ranges)
		return ERR_PTR(-ENOMEM);
	ranges->nodes = KMEM_CACHE(drm_mm_node, 0);
	if (!ranges->nodes) {
		kfree(ranges);
		return ERR_PTR(-ENOMEM);
	}
	spin_lock_init(&ranges->lock);
	ranges->mode = b->allocator->arg;
	drm_mm_init(&ranges->mm, 0, peer_room(b->c));
	return ranges;
}

static int close_drm_mm(const struct bench *b)
{
	struct ranges *ranges = b->ctx;
	int err = drm_mm_clean(&ranges->mm) ? 0 : -EINVAL;

	if (!err)
		drm_mm_takedown(&ranges->mm);
	kmem_cache_destroy(ranges->nodes);
	kfree(ranges);
	return err;
}

static __always_inline void *alloc_drm_mm(void *ctx, size_t size)
{
	struct ranges *ranges = ctx;
	struct drm_mm_node *node = kmem_cache_zalloc(ranges->nodes, GFP_ATOMIC);
	int err;

	if (!node)
		return NULL;
	spin_lock(&ranges->lock);
	err = drm_mm_insert_node_in_range(&ranges->mm, node, ALIGN(size, PEER_UNIT), 0, 0, 0,
					  U64_MAX, ranges->mode);
	spin_unlock(&ranges->lock);
	if (!err)
		return node;
	kmem_cache_free(ranges->nodes, node);
	return NULL;
}

static __always_inline void free_drm_mm(void *ctx, void *ptr, size_t size)
{
	struct ranges *ranges = ctx;

	spin_lock(&ranges->lock);
	drm_mm_remove_node(ptr);
	spin_unlock(&ranges->lock);
	kmem_cache_free(ranges->nodes, ptr);
}

DEFINE_LOOPS(drm_mm)

static int __init bench_drm_init(void)
{
	static const struct allocator best = ALLOCATOR(drm_mm, .name = "drm_mm best fit",
		.id = DRM_BEST, .arg = DRM_MM_INSERT_BEST, .open = open_drm_mm,
		.close = close_drm_mm);
	static const struct allocator low = ALLOCATOR(drm_mm, .name = "drm_mm low",
		.id = DRM_LOW, .arg = DRM_MM_INSERT_LOW, .open = open_drm_mm,
		.close = close_drm_mm);

	return dt_bench_run_allocator(&best) ?: dt_bench_run_allocator(&low);
}
module_init(bench_drm_init);

/* The results are dualtree_bench's. */
static void __exit bench_drm_exit(void)
{
}
module_exit(bench_drm_exit);

MODULE_DESCRIPTION("Benchmarks of dualtree: drm_mm, one of its peers");
MODULE_LICENSE("GPL");
