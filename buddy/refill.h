/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filling the reserve of a pool: see refill.c.
 */
#ifndef DUALTREE_BUDDY_REFILL_H
#define DUALTREE_BUDDY_REFILL_H

struct buddy_pool;

void buddy_refill_init(struct buddy_pool *pool);
int buddy_refill_now(struct buddy_pool *pool);
void buddy_refill_stop(struct buddy_pool *pool);

#endif /* DUALTREE_BUDDY_REFILL_H */
