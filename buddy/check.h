/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks of the pool's invariants, for tests: see check.c.
 */
#ifndef DUALTREE_BUDDY_CHECK_H
#define DUALTREE_BUDDY_CHECK_H

#include <linux/types.h>

struct buddy_arena;
struct buddy_lists;
struct buddy_pool;

bool buddy_arena_check(const struct buddy_arena *arena);
bool buddy_lists_check(const struct buddy_lists *lists);
bool buddy_pool_check(struct buddy_pool *pool);

#endif /* DUALTREE_BUDDY_CHECK_H */
