// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: best fit out of one order, merging by the other.
 *
 * extent_tree.h says what is promised. Places in the trees are kept where they still hold:
 * what is left of an extent after a carve, and an extent that grows, keep their place by
 * address, and their place by size where the neighbour there allows it. A node that moves
 * takes over the links of the old one.
 *
 * Where KASAN watches, node and tag are all that may be touched of an extent.
 */
#include <linux/align.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "extent_tree.h"

static void size_insert(struct dt_extent_tree *tree, struct dt_extent *extent)
{
	struct rb_node **link = &tree->by_size.rb_node, *parent = NULL;

	if (!tree->largest || extent_precedes(tree->largest, extent))
		tree->largest = extent;
	while (*link) {
		parent = *link;
		link = extent_precedes(extent, rb_entry(parent, struct dt_extent, by_size)) ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&extent->by_size, parent, link);
	rb_insert_color(&extent->by_size, &tree->by_size);
}

static void size_erase(struct dt_extent_tree *tree, struct dt_extent *extent)
{
	if (tree->largest == extent)
		tree->largest = extent_by_size(rb_prev(&extent->by_size));
	rb_erase(&extent->by_size, &tree->by_size);
}

static void tag_set(struct dt_extent *extent)
{
	struct dt_extent **tag = extent_tag(extent_end(extent));

	dt_unpoison(tag, sizeof(*tag));
	*tag = extent;
}

/* A larger size, the same node; the tag is to be set. */
static void extent_grown(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr)
{
	struct dt_extent *after = extent_by_size(rb_next(&extent->by_size));

	dt_poison(extent_tag(extent_end(extent)), sizeof(struct dt_extent *));
	extent->nr = nr;
	if (!after || extent_precedes(extent, after))
		return;
	size_erase(tree, extent);
	size_insert(tree, extent);
}

/* A new extent, found to touch no other. */
static void extent_insert(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr)
{
	struct rb_node **link = &tree->by_addr.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (extent < rb_entry(parent, struct dt_extent, by_addr))
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	dt_unpoison(extent, sizeof(*extent));
	extent->nr = nr;
	rb_link_node(&extent->by_addr, parent, link);
	rb_insert_color(&extent->by_addr, &tree->by_addr);
	size_insert(tree, extent);
	tree->nr_extents++;
}

static void extent_erase(struct dt_extent_tree *tree, struct dt_extent *extent)
{
	rb_erase(&extent->by_addr, &tree->by_addr);
	size_erase(tree, extent);
	tree->nr_extents--;
}

/*
 * An extent whose front moves: it keeps its place by address, and by size too if @in_place
 * says that its new size allows it.
 */
static void extent_move(struct dt_extent_tree *tree, struct dt_extent *from, struct dt_extent *to,
			bool in_place)
{
	rb_replace_node(&from->by_addr, &to->by_addr, &tree->by_addr);
	if (!in_place) {
		size_erase(tree, from);
		size_insert(tree, to);
		return;
	}
	rb_replace_node(&from->by_size, &to->by_size, &tree->by_size);
	if (tree->largest == from)
		tree->largest = to;
}

/* Take granules off the front. The new node does not overlap the old one. */
static void extent_cut_front(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr)
{
	struct dt_extent *before = extent_by_size(rb_prev(&extent->by_size));
	struct dt_extent *rest = (void *)extent + ((size_t)nr << DT_GRANULE_SHIFT);

	dt_unpoison(rest, sizeof(*rest));
	rest->nr = extent->nr - nr;
	extent_move(tree, extent, rest, !before || extent_precedes(before, rest));
}

static void extent_grow_front(struct dt_extent_tree *tree, struct dt_extent *extent, void *addr,
			      unsigned int nr)
{
	struct dt_extent *after = extent_by_size(rb_next(&extent->by_size));
	struct dt_extent *larger = addr;

	dt_unpoison(larger, sizeof(*larger));
	larger->nr = extent->nr + nr;
	extent_move(tree, extent, larger, !after || extent_precedes(larger, after));
	dt_poison(extent, sizeof(*extent));
}

static __always_inline struct dt_extent *best_fit(const struct dt_extent_tree *tree,
						  unsigned int nr)
{
	struct rb_node *node = tree->by_size.rb_node;
	struct dt_extent *best = NULL;

	while (node) {
		struct dt_extent *extent = rb_entry(node, struct dt_extent, by_size);

		if (extent->nr >= nr) {
			best = extent;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static __always_inline void carve(struct dt_extent_tree *tree, struct dt_extent *extent,
				  unsigned int nr)
{
	struct dt_extent *rest = (void *)extent + ((size_t)nr << DT_GRANULE_SHIFT);

	tree->nr_free -= nr;
	if (extent->nr == nr) {
		extent_erase(tree, extent);
		return;
	}
	extent_cut_front(tree, extent, nr);
	*extent_tag(extent_end(rest)) = rest;
}

/**
 * dt_extent_tree_alloc() - carve granules out of the best fit
 * @tree: the tree; the caller owns it
 * @nr: granules, not 0
 *
 * They are taken from the start of the smallest extent that is large enough, of the lowest
 * one among equals. From the start, because most buffers lose their tail at once: the tail
 * then merges with what it was cut from. Taken from the end, each would leave a hole of its
 * own, too small for the next buffer.
 *
 * Return: the first of them, or NULL if no extent is large enough.
 */
void *dt_extent_tree_alloc(struct dt_extent_tree *tree, unsigned int nr)
{
	struct dt_extent *extent = best_fit(tree, nr);

	if (!extent)
		return NULL;
	carve(tree, extent, nr);
	return extent;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_alloc);

/**
 * dt_extent_tree_carve() - take granules off the front of an extent
 * @tree: the tree; the caller owns it
 * @extent: in the tree
 * @nr: granules, at most those of the extent, not 0
 */
void dt_extent_tree_carve(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr)
{
	carve(tree, extent, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_carve);

/* Where in an extent @nr granules begin at a multiple of @align, or NULL if nowhere. */
static void *aligned_fit(struct dt_extent *extent, unsigned int nr, size_t align)
{
	void *addr = PTR_ALIGN((void *)extent, align);
	void *end = addr + ((size_t)nr << DT_GRANULE_SHIFT);

	return end <= extent_end(extent) ? addr : NULL;
}

/**
 * dt_extent_tree_alloc_aligned() - carve granules that begin at a multiple of some size
 * @tree: the tree; the caller owns it
 * @nr: granules, not 0
 * @align: bytes, a power of two, more than a granule
 * @front: granules that are left in front of them; they are an extent again
 *
 * Out of the best fit if they happen to fit there, else out of the best fit for a request
 * that is large enough to be sure.
 *
 * Return: the first of them, or NULL if neither serves.
 */
void *dt_extent_tree_alloc_aligned(struct dt_extent_tree *tree, unsigned int nr, size_t align,
				   unsigned int *front)
{
	unsigned int sure = nr + (align >> DT_GRANULE_SHIFT) - 1;
	struct dt_extent *extent = best_fit(tree, nr);
	void *addr = extent ? aligned_fit(extent, nr, align) : NULL;

	if (!addr)
		extent = best_fit(tree, sure) ?: tree->largest;
	addr = extent ? aligned_fit(extent, nr, align) : NULL;
	if (!addr)
		return NULL;
	*front = (addr - (void *)extent) >> DT_GRANULE_SHIFT;
	dt_extent_tree_carve(tree, extent, *front + nr);
	if (*front)
		dt_extent_tree_free(tree, extent, *front, NULL, NULL);
	return addr;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_alloc_aligned);

/**
 * dt_extent_tree_free() - put granules back and merge them with what they touch
 * @tree: the tree; the caller owns it
 * @addr: the first granule; in no extent, as are those behind it
 * @nr: granules, not 0
 * @left: the extent that ends at @addr, or NULL if none does
 * @right: the extent that begins where they end, or NULL
 *
 * Return: the extent that they are in now.
 */
struct dt_extent *dt_extent_tree_free(struct dt_extent_tree *tree, void *addr, unsigned int nr,
				      struct dt_extent *left, struct dt_extent *right)
{
	struct dt_extent *extent = left ?: addr;

	tree->nr_free += nr;
	if (left && right) {
		nr += right->nr;
		extent_erase(tree, right);
		dt_poison(right, sizeof(*right));
	}
	if (left)
		extent_grown(tree, left, left->nr + nr);
	else if (right)
		extent_grow_front(tree, right, addr, nr);
	else
		extent_insert(tree, extent, nr);
	tag_set(extent);
	return extent;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_free);

/**
 * dt_extent_above() - for those who walk extents in steps
 * @tree: the tree; the caller owns it
 * @addr: any address
 *
 * Return: the lowest extent that begins at @addr or above, or NULL.
 */
struct dt_extent *dt_extent_above(const struct dt_extent_tree *tree, const void *addr)
{
	struct rb_node *node = tree->by_addr.rb_node;
	struct dt_extent *above = NULL;

	while (node) {
		struct dt_extent *extent = rb_entry(node, struct dt_extent, by_addr);

		if ((void *)extent >= addr) {
			above = extent;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return above;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_above);
