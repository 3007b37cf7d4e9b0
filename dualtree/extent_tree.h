/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dual tree: free extents in two red-black trees over one set of nodes.
 *
 *	        by size, then address                by address
 *	             (3, E)                             C
 *	            /      \                          /   \
 *	       (1, C)      (9, A)                    A     E
 *
 *	  A                 C     E
 *	  [9 granules]======[1]===[3      ]=====     '=' live
 *	  ^          ^
 *	  |          its tag, in the last bytes of its last granule: where the node is
 *	  the node of an extent lies in its first granule
 *
 * Invariants: extents do not overlap and are never adjacent, both trees hold the same nodes,
 * @nr_extents and @nr_free are their number and their sum, @largest is the last node by size,
 * and each tag points to its node.
 *
 * Merging searches for nothing: the caller of a free passes the extents that the freed granules
 * touch. The next one's node lies where they end; the previous one's tag lies before them. Only
 * an extent that touches no other is inserted by address with a descent.
 *
 * Context: any, NMI included. A tree has one owner at a time and no lock. Nothing allocates: a
 * freed run has at least one granule, and a node fits in that.
 *
 * Best fit by (size, address): Knuth, TAOCP vol. 1, 2.5. Trees by size and by address over the
 * same free blocks: Stephenson, "Fast Fits", SOSP 1983, which keeps them as one Cartesian tree.
 * The boundary tag: Knuth, TAOCP vol. 1, 2.5, algorithm C.
 */
#ifndef DUALTREE_EXTENT_TREE_H
#define DUALTREE_EXTENT_TREE_H

#include <linux/rbtree.h>
#include <linux/types.h>
#include "granule.h"

/**
 * struct dt_extent - a maximal run of free granules; lies in the first of them
 * @by_addr: node in dt_extent_tree.by_addr
 * @by_size: node in dt_extent_tree.by_size
 * @nr: number of granules
 */
struct dt_extent {
	struct rb_node by_addr;
	struct rb_node by_size;
	unsigned int nr;
};

/* An extent of one granule holds both its node and its tag there. */
static_assert(sizeof(struct dt_extent) + sizeof(struct dt_extent *) <= DT_GRANULE);

/**
 * struct dt_extent_tree - the free extents of one region
 * @by_addr: extents by address
 * @by_size: extents by (size, address)
 * @largest: last extent of @by_size, or NULL
 * @nr_extents: number of extents
 * @nr_free: granules in all extents
 */
struct dt_extent_tree {
	struct rb_root by_addr;
	struct rb_root by_size;
	struct dt_extent *largest;
	unsigned int nr_extents;
	unsigned int nr_free;
};

static inline void extent_tree_init(struct dt_extent_tree *tree)
{
	*tree = (struct dt_extent_tree){ .by_addr = RB_ROOT, .by_size = RB_ROOT };
}

static inline unsigned int extent_tree_largest(const struct dt_extent_tree *tree)
{
	return tree->largest ? tree->largest->nr : 0;
}

static inline void *extent_end(const struct dt_extent *extent)
{
	return (void *)extent + ((size_t)extent->nr << DT_GRANULE_SHIFT);
}

/* The tag of the extent that ends at @end. */
static inline struct dt_extent **extent_tag(void *end)
{
	return end - sizeof(struct dt_extent *);
}

/* The first extent in address order, or NULL. */
static inline struct dt_extent *extent_first(const struct dt_extent_tree *tree)
{
	return rb_entry_safe(rb_first(&tree->by_addr), struct dt_extent, by_addr);
}

/* The next extent in address order, or NULL. */
static inline struct dt_extent *extent_next(const struct dt_extent *extent)
{
	return rb_entry_safe(rb_next(&extent->by_addr), struct dt_extent, by_addr);
}

/* The extent of a node in the size tree, or NULL. */
static inline struct dt_extent *extent_by_size(const struct rb_node *node)
{
	return rb_entry_safe(node, struct dt_extent, by_size);
}

/* The order of the size tree: by size, then by address. */
static __always_inline bool extent_precedes(const struct dt_extent *a, const struct dt_extent *b)
{
	return a->nr < b->nr || (a->nr == b->nr && a < b);
}

struct dt_extent *dt_extent_above(const struct dt_extent_tree *tree, const void *addr);
void *dt_extent_tree_alloc(struct dt_extent_tree *tree, unsigned int nr);
void *dt_extent_tree_alloc_aligned(struct dt_extent_tree *tree, unsigned int nr, size_t align,
				   unsigned int *before);
void dt_extent_tree_carve(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr);
struct dt_extent *dt_extent_tree_free(struct dt_extent_tree *tree, void *addr, unsigned int nr,
				      struct dt_extent *left, struct dt_extent *right);

#endif /* DUALTREE_EXTENT_TREE_H */
