// SPDX-License-Identifier: GPL-2.0
/*
 * The pools of instances that have none of their own: one per NUMA node, made on first use.
 *
 * A block comes from the node of the CPU that asks, and from another node only where that
 * one has nothing. A pool once made stays until the module goes; while it is not used it
 * holds nothing but its record.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/topology.h>
#include "node_pools.h"
#include "pool.h"

/* Each is set once, by a compare-exchange, and constant from then on. */
static struct buddy_pool *node_pools[MAX_NUMNODES];

static struct buddy_pool *make_pool(int nid)
{
	struct buddy_pool_params params = { .nid = nid };
	struct buddy_pool *pool, *other;
	char name[16];

	snprintf(name, sizeof(name), "node%d", nid);
	pool = buddy_pool_create(name, &params);
	if (IS_ERR(pool))
		return NULL;
	other = cmpxchg(&node_pools[nid], NULL, pool);
	if (!other)
		return pool;
	buddy_pool_destroy(pool);
	return other;
}

/**
 * buddy_node_pools_prepare() - make the pools of all nodes that have none
 *
 * Not at the first allocation on a node, which may be one that must not reach a filesystem or
 * a shrinker. A node that comes online later gets its pool with the next instance, and is
 * served by the other nodes until then.
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENODEV before the module is set up, or -ENOMEM.
 */
int buddy_node_pools_prepare(void)
{
	int nid;

	if (!buddy_ready())
		return -ENODEV;
	for_each_node_state(nid, N_MEMORY)
		if (!READ_ONCE(node_pools[nid]) && !make_pool(nid))
			return -ENOMEM;
	return 0;
}

/* Take a block from one node's pool, if it has one. */
static void *alloc_on_node(int nid, unsigned int order, gfp_t gfp, struct buddy_pool **from)
{
	*from = READ_ONCE(node_pools[nid]);
	return *from ? buddy_pool_alloc(*from, order, gfp) : NULL;
}

/**
 * buddy_node_pools_alloc() - take a block from the pools of the nodes
 * @order: its pages, as a power of two
 * @gfp: as for buddy_pool_alloc()
 * @from: set to the pool that the block goes back to
 *
 * Context: Any context, as buddy_pool_alloc().
 * Return: the block, or NULL.
 */
void *buddy_node_pools_alloc(unsigned int order, gfp_t gfp, struct buddy_pool **from)
{
	int nid, here = numa_mem_id();
	void *block;

	block = alloc_on_node(here, order, gfp, from);
	if (block)
		return block;
	for_each_online_node(nid) {
		block = nid == here ? NULL : alloc_on_node(nid, order, gfp, from);
		if (block)
			return block;
	}
	return NULL;
}

/* At module exit, when nobody can hold a block any more. */
void buddy_node_pools_exit(void)
{
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++)
		buddy_pool_destroy(node_pools[nid]);
}
