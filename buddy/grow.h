/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arenas of a pool, and the kernel's allocator that they are from: see grow.c.
 */
#ifndef DUALTREE_BUDDY_GROW_H
#define DUALTREE_BUDDY_GROW_H

#include <linux/types.h>

struct buddy_pool;

int buddy_arenas_init(struct buddy_pool *pool);
void buddy_arenas_stop(struct buddy_pool *pool);
void buddy_arenas_exit(struct buddy_pool *pool);
void buddy_arenas_idle(struct buddy_pool *pool);
int buddy_arenas_add(struct buddy_pool *pool, unsigned int order, gfp_t gfp, bool keep_reserve);
void *buddy_arenas_grow(struct buddy_pool *pool, unsigned int order, gfp_t gfp);

size_t buddy_pool_trim(struct buddy_pool *pool);

#endif /* DUALTREE_BUDDY_GROW_H */
