// SPDX-License-Identifier: GPL-2.0
/*
 * A pool for one replay, whose arenas are used from the lowest address up.
 *
 * Placement goes by address, and a heap's regions lie where the pool's arenas do. Which of its
 * memory the kernel hands out first depends on all that went before; here it is put in order, so
 * that the same trace takes the same memory in every run, on every kernel.
 *
 * All arenas are taken before the first allocation, as blocks of their whole size. The pool
 * hands out what it was given back last, so they are given back highest first. They stay as
 * long as the pool does not trim itself: dualtree.ko's trim_delay_ms is to be long.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <dualtree/buddy_pool.h>

#include "../compat/compat.h"
#include "replay.h"

static int compare(const void *a, const void *b)
{
	void *const *left = a, *const *right = b;

	return *left < *right ? -1 : *left > *right;
}

static bool put_in_order(struct buddy_pool *pool, unsigned int order, unsigned int arenas)
{
	void **blocks = kvcalloc(arenas, sizeof(*blocks), GFP_KERNEL);
	unsigned int nr = 0;
	bool full;

	if (!blocks)
		return false;
	while (nr < arenas && (blocks[nr] = buddy_pool_alloc(pool, order, GFP_KERNEL)))
		nr++;
	sort(blocks, nr, sizeof(*blocks), compare, NULL);
	if (nr < arenas)
		pr_err("there is no memory for %u arenas, only for %u\n", arenas, nr);
	full = nr == arenas;
	while (nr)
		buddy_pool_free(pool, blocks[--nr], order);
	kvfree(blocks);
	return full;
}

/* Return: a pool that begins with so many arenas, or an ERR_PTR(). */
struct buddy_pool *dt_replay_pool_create(unsigned int arenas)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE,
		.arena_order = min_t(unsigned int, BUDDY_POOL_ARENA_ORDER, MAX_PAGE_ORDER),
	};
	struct buddy_pool *pool = buddy_pool_create("replay", &params);

	if (IS_ERR(pool) || put_in_order(pool, params.arena_order, arenas))
		return pool;
	buddy_pool_destroy(pool);
	return ERR_PTR(-ENOMEM);
}
