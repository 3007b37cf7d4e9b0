/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reserve of a pool: see reserve.c.
 */
#ifndef DUALTREE_BUDDY_RESERVE_H
#define DUALTREE_BUDDY_RESERVE_H

#include <linux/types.h>

struct buddy_pool;
struct buddy_pool_params;

bool buddy_reserve_valid(const struct buddy_pool_params *params, unsigned int arena_order);
void buddy_reserve_init(struct buddy_pool *pool, const struct buddy_pool_params *params);

bool buddy_reserve_whole_after(const struct buddy_pool *pool, unsigned int order);
bool buddy_reserve_whole_without(const struct buddy_pool *pool, unsigned int arena_order);
int buddy_reserve_spare_order(const struct buddy_pool *pool, unsigned int order,
			      unsigned long pages);
bool buddy_reserve_low(const struct buddy_pool *pool);
int buddy_reserve_missing(const struct buddy_pool *pool, bool *blocks);

void buddy_reserve_refill(struct buddy_pool *pool);
bool buddy_reserve_refill_missing(struct buddy_pool *pool);

#endif /* DUALTREE_BUDDY_RESERVE_H */
