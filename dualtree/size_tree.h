/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extents of a region by size: see extent_tree.h for the picture and for what holds of the
 * nodes. Private to extent_ops.h and extent_tree.c, which inline these.
 *
 *	class	0 ... LEDGER_SIZES - 1	LEDGER_SIZES
 *	holds	extents of class + 1	all larger extents
 *		granules
 *	key	last granule		size, then last granule
 *
 * A descent follows the key, EXTENT_KEY_BITS at a time from the highest ones on. A node may have
 * any key that its place in the tree allows: it is not the lowest of those under it. Removing one,
 * a node without children takes its place.
 *
 * Every link is read once, and followed after link_valid(). One that may not be followed sets
 * @damaged, and the caller gives up.
 */
#ifndef DUALTREE_SIZE_TREE_H
#define DUALTREE_SIZE_TREE_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include "../compat/kasan.h"
#include "extent_tree.h"

/* A node without children. */
static __always_inline void node_init(const struct dt_extent_tree *tree, unsigned int last)
{
	struct dt_extent *node = extent_node(tree, last);

	dt_unpoison(node, sizeof(*node));
	WRITE_ONCE(node->pairs[0], ~0ULL);
	WRITE_ONCE(node->pairs[1], ~0ULL);
}

/*
 * May a link be followed? Only to the last granule of an extent of the tree that it is in. @left is
 * how many more may follow, or negative: without it a ring of links would have no end.
 */
static __always_inline bool link_valid(struct dt_extent_tree *tree, u32 link, u8 mark, int left)
{
	if (likely(link < tree->nr && READ_ONCE(tree->ledger[link]) == mark && left >= 0))
		return true;
	tree->damaged = true;
	return false;
}

/* Insert an extent into the tree of its size. */
static __always_inline void class_insert(struct dt_extent_tree *tree, unsigned int class,
					 unsigned int last, unsigned int nr)
{
	bool large = class == LEDGER_SIZES;
	u64 key = extent_key(tree, large, last, nr);
	int bit = extent_key_top(tree, large);
	u32 *link = extent_root(tree, class), at;

	/* First: it has its mark, so a stray link may lead the descent to it. */
	node_init(tree, last);
	while ((at = READ_ONCE(*link)) != EXTENT_NONE) {
		if (!link_valid(tree, at, LEDGER_FREE + class, bit))
			return;
		link = &extent_node(tree, at)->child[extent_child(key, bit)];
		bit -= EXTENT_KEY_BITS;
	}
	WRITE_ONCE(*link, last);
	tree->classes |= extent_class_bit(class);
}

static __always_inline void size_insert(struct dt_extent_tree *tree, unsigned int last,
					unsigned int nr)
{
	unsigned int class = extent_class(nr);

	if (likely(class != LEDGER_SIZES))
		class_insert(tree, class, last, nr);
	else
		class_insert(tree, LEDGER_SIZES, last, nr);
	if (nr > tree->largest)
		tree->largest = nr;
}

/* The link to the first child of a node, or NULL if it has none, as most have. */
static __always_inline u32 *first_child(struct dt_extent *node)
{
	u64 first = READ_ONCE(node->pairs[0]);

	if (likely((first & READ_ONCE(node->pairs[1])) == ~0ULL))
		return NULL;
	if (first != ~0ULL)
		return &node->child[READ_ONCE(node->child[0]) == EXTENT_NONE];
	return &node->child[2 + (READ_ONCE(node->child[2]) == EXTENT_NONE)];
}

/* The link to the last child of a node, or NULL if it has none. */
static __always_inline u32 *last_child(struct dt_extent *node)
{
	unsigned int i;

	for (i = EXTENT_CHILDREN; i--; )
		if (READ_ONCE(node->child[i]) != EXTENT_NONE)
			return &node->child[i];
	return NULL;
}

/*
 * Is an extent the only large one of the region? It mostly is: it is what no request has got to
 * yet. Then there is nothing to search for, and its length may change where it is.
 */
static __always_inline bool only_large(const struct dt_extent_tree *tree, unsigned int last)
{
	return tree->roots[LEDGER_SIZES] == last && !first_child(extent_node(tree, last));
}

/* The key by which an extent is ordered in its class. */
static __always_inline u64 key_of(const struct dt_extent_tree *tree, bool large, unsigned int last)
{
	return extent_key(tree, large, last, large ? extent_nr_to(tree, last) : 0);
}

/*
 * The lowest key of a subtree. All keys under a node's first child are lower than those under the
 * others, and the node's own may be anywhere. Return: its extent's last granule, and in *@found the
 * link to it; or EXTENT_NONE, with @damaged set.
 */
static __always_inline u32 lowest(struct dt_extent_tree *tree, unsigned int class, u32 *link,
				  int bit, u32 **found)
{
	bool large = class == LEDGER_SIZES;
	u64 key, best_key = ~0ULL;
	u32 at, best = EXTENT_NONE;

	for (; link; bit -= EXTENT_KEY_BITS) {
		at = READ_ONCE(*link);
		if (!link_valid(tree, at, LEDGER_FREE + class, bit + EXTENT_KEY_BITS))
			return EXTENT_NONE;
		key = key_of(tree, large, at);
		if (key < best_key) {
			best = at;
			*found = link;
			best_key = key;
		}
		link = first_child(extent_node(tree, at));
	}
	return best;
}

/* The link to the first child after the one that a key is under, or NULL. */
static inline u32 *next_child(struct dt_extent *node, u64 key, int bit)
{
	unsigned int i;

	for (i = extent_child(key, bit) + 1; i < EXTENT_CHILDREN; i++)
		if (READ_ONCE(node->child[i]) != EXTENT_NONE)
			return &node->child[i];
	return NULL;
}

/*
 * The best fit among the large extents: the lowest key of @nr granules or more. It is a node on the
 * way to that key, or the lowest key under the last child after the way that it has left aside.
 *
 * Return: the link to it; or NULL if there is none, or the tree is damaged.
 */
static noinline u32 *best_of_large(struct dt_extent_tree *tree, unsigned int nr)
{
	u64 key, best_key = ~0ULL, want = extent_key(tree, true, 0, nr);
	u32 *next, *aside = NULL, *best = NULL, *above, *link = &tree->roots[LEDGER_SIZES], at;
	int aside_bit = 0, bit = extent_key_top(tree, true);
	struct dt_extent *node;

	for (; (at = READ_ONCE(*link)) != EXTENT_NONE; bit -= EXTENT_KEY_BITS) {
		if (!link_valid(tree, at, LEDGER_LARGE, bit + EXTENT_KEY_BITS))
			return NULL;
		key = key_of(tree, true, at);
		if (key >= want && key < best_key) {
			best = link;
			best_key = key;
		}
		if (bit < 0)
			break;
		node = extent_node(tree, at);
		next = next_child(node, want, bit);
		if (next) {
			aside = next;
			aside_bit = bit - EXTENT_KEY_BITS;
		}
		link = &node->child[extent_child(want, bit)];
	}
	if (!aside)
		return best;
	at = lowest(tree, LEDGER_SIZES, aside, aside_bit, &above);
	if (at == EXTENT_NONE || key_of(tree, true, at) > best_key)
		return best;
	/* A stray link has led to one that is too short: the mark does not tell the length. */
	if (unlikely(key_of(tree, true, at) < want)) {
		tree->damaged = true;
		return NULL;
	}
	return above;
}

static __always_inline u32 best_large(struct dt_extent_tree *tree, unsigned int nr, u32 **link)
{
	u32 at = tree->roots[LEDGER_SIZES];

	*link = &tree->roots[LEDGER_SIZES];
	if (unlikely(!link_valid(tree, at, LEDGER_LARGE, 0)))
		return EXTENT_NONE;
	if (likely(only_large(tree, at)))
		return extent_nr_to(tree, at) >= nr ? at : EXTENT_NONE;
	*link = best_of_large(tree, nr);
	if (!*link)
		return EXTENT_NONE;
	/* Read once more: a stray write may have changed the link since. */
	at = READ_ONCE(**link);
	if (unlikely(!link_valid(tree, at, LEDGER_LARGE, 0)))
		return EXTENT_NONE;
	if (likely(extent_nr_to(tree, at) >= nr))
		return at;
	tree->damaged = true;
	return EXTENT_NONE;
}

/*
 * The best fit for @nr granules. Return: its last granule, and in *@link the link to it; or
 * EXTENT_NONE.
 */
static __always_inline u32 best_fit(struct dt_extent_tree *tree, unsigned int nr, u32 **link)
{
	unsigned int class = extent_class(nr);
	u64 classes = tree->classes >> class % 64 << class % 64;

	if (unlikely(!classes))
		return EXTENT_NONE;
	class = __ffs64(classes);
	if (class == LEDGER_SIZES)
		return best_large(tree, nr, link);
	return lowest(tree, class, extent_root(tree, class), extent_key_top(tree, false), link);
}

static __always_inline u32 *class_link(struct dt_extent_tree *tree, unsigned int class,
				       unsigned int last, unsigned int nr)
{
	bool large = class == LEDGER_SIZES;
	u64 key = extent_key(tree, large, last, nr);
	int bit = extent_key_top(tree, large);
	u32 *link = extent_root(tree, class), at;

	while ((at = READ_ONCE(*link)) != last) {
		if (!link_valid(tree, at, LEDGER_FREE + class, bit))
			return NULL;
		link = &extent_node(tree, at)->child[extent_child(key, bit)];
		bit -= EXTENT_KEY_BITS;
	}
	return link;
}

/* The link to an extent, which the ledger has; or NULL, with @damaged set. */
static __always_inline u32 *link_of(struct dt_extent_tree *tree, unsigned int last,
				    unsigned int nr)
{
	if (likely(nr <= LEDGER_SIZES))
		return class_link(tree, nr - 1, last, nr);
	return class_link(tree, LEDGER_SIZES, last, nr);
}

/*
 * Remove an extent from the tree of its size: @place is the link to it. A node without children
 * takes its place.
 */
static __always_inline void size_remove(struct dt_extent_tree *tree, u32 *place, u32 last)
{
	struct dt_extent *node = extent_node(tree, last), *leaf = node;
	/* Offset of the link in @tree->roots, if it is a root: less than their size. */
	unsigned long root = (unsigned long)place - (unsigned long)tree->roots;
	u32 *link = place, *below, at = last;
	/* More steps than any tree is deep, that of the large extents included. */
	int left = tree->key_bits + 2;

	while ((below = first_child(leaf))) {
		at = READ_ONCE(*below);
		if (!link_valid(tree, at, READ_ONCE(tree->ledger[last]), --left))
			return;
		link = below;
		leaf = extent_node(tree, at);
	}
	WRITE_ONCE(*link, EXTENT_NONE);
	if (leaf != node) {
		leaf->pairs[0] = node->pairs[0];
		leaf->pairs[1] = node->pairs[1];
		WRITE_ONCE(*place, at);
	} else if (root < sizeof(tree->roots)) {
		tree->classes &= ~extent_class_bit(root / sizeof(*link));
	}
}

/* The largest extent is not there any more: find the largest that is. */
static inline void update_largest(struct dt_extent_tree *tree)
{
	u32 *link = &tree->roots[LEDGER_SIZES], at;
	int bit = extent_key_top(tree, true);

	tree->largest = fls64(tree->classes);
	if (tree->largest <= LEDGER_SIZES)
		return;
	for (; link; bit -= EXTENT_KEY_BITS) {
		at = READ_ONCE(*link);
		if (!link_valid(tree, at, LEDGER_LARGE, bit + EXTENT_KEY_BITS))
			return;
		tree->largest = max(tree->largest, extent_nr_to(tree, at));
		link = last_child(extent_node(tree, at));
	}
}

#endif /* DUALTREE_SIZE_TREE_H */
