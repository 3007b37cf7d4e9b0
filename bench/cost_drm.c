// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_cost_drm: rows of drm_mm, added to those of dualtree_cost. A module of its own, for
 * drm_mm is in drm.ko, which not every kernel has.
 *
 * drm_mm hands out ranges of numbers, and touches no memory that they may stand for. It is used
 * as drivers use it: under a spinlock, a range's node from a slab of the driver's. It could not
 * free a part. There is as much room for each allocation as gen_pool is given, and sizes are
 * rounded up to the same unit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drm/drm_mm.h>

#include "cost.h"

/**
 * struct ranges - a driver's address space
 * @lock: taken around each change
 * @mm: what is taken and what is free
 * @nodes: where the nodes of what is taken come from
 * @mode: where a range is looked for
 */
struct ranges {
	spinlock_t lock; /* guards @mm */
	struct drm_mm mm;
	struct kmem_cache *nodes;
	enum drm_mm_insert_mode mode;
};

static void *open_drm_mm(const struct cost_row *row)
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
	ranges->mode = row->arg;
	drm_mm_init(&ranges->mm, 0, cost_room(row));
	return ranges;
}

static int close_drm_mm(void *ctx)
{
	struct ranges *ranges = ctx;
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
	err = drm_mm_insert_node_in_range(&ranges->mm, node, ALIGN(size, COST_UNIT), 0, 0, 0,
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

COST_DEFINE_LOOP(pair, drm_mm)
COST_DEFINE_LOOP(ring, drm_mm)
COST_DEFINE_LOOP(random, drm_mm)
COST_DEFINE_LOOP(mixed, drm_mm)

static const struct cost_contender best = {
	.name = "drm_mm best fit",
	.open = open_drm_mm,
	.close = close_drm_mm,
	.alloc = alloc_drm_mm,
	.free = free_drm_mm,
};

static const struct cost_contender low = {
	.name = "drm_mm low",
	.open = open_drm_mm,
	.close = close_drm_mm,
	.alloc = alloc_drm_mm,
	.free = free_drm_mm,
};

static const struct cost_row rows[] = {
	{ &best, "pair 1500 B", pair_drm_mm, .size = 1500, .arg = DRM_MM_INSERT_BEST },
	{ &best, "1500 B, 64 live", ring_drm_mm, .size = 1500, .live = 64,
	  .arg = DRM_MM_INSERT_BEST },
	{ &best, "1500 B, 4096 live", random_drm_mm, .size = 1500, .live = 4096,
	  .arg = DRM_MM_INSERT_BEST },
	{ &best, "64..4096 B, 1k live", mixed_drm_mm, .live = 1000, .arg = DRM_MM_INSERT_BEST },
	{ &best, "64..4096 B, 10k live", mixed_drm_mm, .live = 10000, .arg = DRM_MM_INSERT_BEST },
	{ &low, "pair 1500 B", pair_drm_mm, .size = 1500, .arg = DRM_MM_INSERT_LOW },
	{ &low, "1500 B, 64 live", ring_drm_mm, .size = 1500, .live = 64,
	  .arg = DRM_MM_INSERT_LOW },
	{ &low, "1500 B, 4096 live", random_drm_mm, .size = 1500, .live = 4096,
	  .arg = DRM_MM_INSERT_LOW },
	{ &low, "64..4096 B, 1k live", mixed_drm_mm, .live = 1000, .arg = DRM_MM_INSERT_LOW },
	{ &low, "64..4096 B, 10k live", mixed_drm_mm, .live = 10000, .arg = DRM_MM_INSERT_LOW },
};

static const struct cost_set cost_drm = { rows, ARRAY_SIZE(rows) };

static int __init cost_drm_init(void)
{
	return dt_cost_run(&cost_drm);
}
module_init(cost_drm_init);

/* The results are dualtree_cost's. */
static void __exit cost_drm_exit(void)
{
}
module_exit(cost_drm_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: drm_mm, one of its peers");
MODULE_LICENSE("GPL");
