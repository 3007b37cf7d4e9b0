/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools of the NUMA nodes: see node_pools.c.
 */
#ifndef DUALTREE_BUDDY_NODE_POOLS_H
#define DUALTREE_BUDDY_NODE_POOLS_H

#include <linux/types.h>

struct buddy_pool;

int buddy_node_pools_prepare(void);
void *buddy_node_pools_alloc(unsigned int order, gfp_t gfp, struct buddy_pool **from);
void buddy_node_pools_exit(void);

#endif /* DUALTREE_BUDDY_NODE_POOLS_H */
