/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools of cgroups: see account_pools.c.
 */
#ifndef DUALTREE_BUDDY_ACCOUNT_POOLS_H
#define DUALTREE_BUDDY_ACCOUNT_POOLS_H

struct buddy_pool;

struct buddy_pool *buddy_account_pool_get(void);
void buddy_account_pool_put(struct buddy_pool *pool);

#endif /* DUALTREE_BUDDY_ACCOUNT_POOLS_H */
