/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arenas of a pool, and the kernel's allocator that they are from: see grow.c.
 */
#ifndef DUALTREE_BUDDY_GROW_H
#define DUALTREE_BUDDY_GROW_H

#include <linux/types.h>

struct buddy_arena;
struct buddy_pool;

void buddy_arenas_exit(struct buddy_pool *pool);
int buddy_arenas_add(struct buddy_pool *pool, unsigned int order, gfp_t gfp, bool keep_reserve);
void *buddy_arenas_grow(struct buddy_pool *pool, unsigned int order, gfp_t gfp);

void buddy_pool_forget_arena(struct buddy_pool *pool, struct buddy_arena *arena);
void buddy_pool_put_arena(struct buddy_pool *pool, struct buddy_arena *arena);

#endif /* DUALTREE_BUDDY_GROW_H */
