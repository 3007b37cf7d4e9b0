// SPDX-License-Identifier: GPL-2.0
/*
 * The default pools, one for each NUMA node with memory: for instances without a pool of their
 * own. The first such instance creates them; they live as long as the module.
 *
 *	a block is taken from		if
 *	the pool of this CPU's node	it has one, or the kernel has an arena for it
 *	the other nodes' pools, in turn	the first cannot serve
 *
 * No lock: see node_pools. An idle pool holds its record and no arena.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/topology.h>
#include "node_pools.h"
#include "pool.h"

/* Each entry is set once, by a compare-exchange, and constant until the module's exit. */
static struct buddy_pool *node_pools[MAX_NUMNODES];

/* Create the pool of a node. Return: that pool or the one of a CPU that was faster; NULL on OOM. */
static struct buddy_pool *node_pool_create(int nid)
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
 * buddy_node_pools_prepare() - create the pools of all nodes that have none
 *
 * Description: Called when an instance is created. The first allocation on a node would be too
 * late: its flags may forbid I/O and reclaim. A node that comes online later gets its pool with the
 * next instance; until then the other nodes serve its CPUs.
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
		if (!READ_ONCE(node_pools[nid]) && !node_pool_create(nid))
			return -ENOMEM;
	return 0;
}

/* Take a block from a node's pool. Return: the block, or NULL; *@from is the pool, or NULL. */
static void *alloc_on_node(int nid, unsigned int order, gfp_t gfp, struct buddy_pool **from)
{
	*from = READ_ONCE(node_pools[nid]);
	return *from ? buddy_pool_alloc(*from, order, gfp) : NULL;
}

/**
 * buddy_node_pools_alloc() - take a block from the default pools
 * @order: pages of the block, as a power of two
 * @gfp: as for buddy_pool_alloc()
 * @from: set to the pool that the block must be freed to
 *
 * Context: As buddy_pool_alloc().
 * Return: the block, or NULL where buddy_pool_alloc() returns it for every pool.
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

/* Destroy the default pools, at module exit: there is no instance, so no block is out. */
void buddy_node_pools_exit(void)
{
	int nid;

	/* A program may set the core up more than once. */
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		buddy_pool_destroy(xchg(&node_pools[nid], NULL));
}
