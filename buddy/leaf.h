/* SPDX-License-Identifier: GPL-2.0 */
/* The leaves of the lookup table: see leaf.c. */
#ifndef DUALTREE_BUDDY_LEAF_H
#define DUALTREE_BUDDY_LEAF_H

#include <linux/gfp.h>
#include <linux/rcupdate.h>
#include "table.h"

/**
 * struct buddy_leaf - the arenas of one span
 * @arenas: number of arenas in the span
 * @whole: the arena that fills the span, or NULL; read if there is no @parts
 * @parts: if an arena is smaller than the span, the arena of each page; else NULL
 * @owners: the owner of each page; buddy_table.owners leads here
 * @rcu: frees the leaf and its arrays after a grace period
 *
 * The table's lock guards @arenas; the other members are written under it and read under RCU.
 */
struct buddy_leaf {
	unsigned int arenas;
	struct buddy_arena *whole;
	struct buddy_arena **parts;
	void **owners;
	struct rcu_head rcu;
};

static inline unsigned long buddy_index_in_span(const void *addr)
{
	return buddy_pfn(addr) & (BUDDY_SPAN_PAGES - 1);
}

struct buddy_leaf *buddy_leaf_alloc(gfp_t gfp, bool parts);
void buddy_leaf_free(struct buddy_leaf *leaf);
void buddy_leaf_free_rcu(struct buddy_leaf *leaf);

void buddy_leaf_enter(struct buddy_leaf *leaf, struct buddy_arena *arena);
void buddy_leaf_split(struct buddy_leaf *leaf, struct buddy_leaf *new);
void buddy_leaf_leave(struct buddy_leaf *leaf, struct buddy_arena *arena);

#endif /* DUALTREE_BUDDY_LEAF_H */
