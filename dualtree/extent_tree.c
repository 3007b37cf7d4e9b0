// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: best fit by the size order, merging by the address order. extent_tree.h has the
 * picture, the invariants and the context.
 *
 * A node is moved only where it must be. What a carve leaves of an extent, and an extent that
 * grows, keep their place by address. They keep their place by size if they are still in order
 * with the adjacent node. A node at a new address takes over the links of the old one.
 *
 * Under KASAN only the node and the tag of an extent are accessible.
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

/* Set a larger size; the node stays. The caller sets the tag. */
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

/* Insert an extent that touches no other. The caller sets the tag. */
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
 * Move an extent's node. The address order stays; @in_place says whether the size order does.
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

/*
 * Take granules off the start; some are left. The new node does not overlap the old one, and the
 * caller sets the tag.
 */
static void extent_cut_start(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr)
{
	struct dt_extent *before = extent_by_size(rb_prev(&extent->by_size));
	struct dt_extent *rest = (void *)extent + ((size_t)nr << DT_GRANULE_SHIFT);

	dt_unpoison(rest, sizeof(*rest));
	rest->nr = extent->nr - nr;
	extent_move(tree, extent, rest, !before || extent_precedes(before, rest));
}

/* Grow an extent by granules from @addr up to its start. The caller sets the tag. */
static void extent_grow_start(struct dt_extent_tree *tree, struct dt_extent *extent, void *addr,
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
	extent_cut_start(tree, extent, nr);
	*extent_tag(extent_end(rest)) = rest;
}

/**
 * dt_extent_tree_alloc() - carve granules from the best fit
 * @tree: the tree
 * @nr: number of granules, not 0
 *
 * The best fit is the smallest extent that is large enough, the lowest one among equals. It is
 * carved from its start, because most buffers lose their tail at once: the tail then merges with
 * what it was cut from. Carved from the end, each buffer would leave a hole of its own, too small
 * for the next one.
 *
 * Context: Any; the caller owns the tree.
 * Return: the address of the first granule, or NULL if no extent is large enough.
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
 * dt_extent_tree_carve() - take granules off the start of an extent
 * @tree: the tree
 * @extent: an extent of the tree
 * @nr: number of granules, not 0, at most those of the extent
 *
 * Context: Any; the caller owns the tree.
 */
void dt_extent_tree_carve(struct dt_extent_tree *tree, struct dt_extent *extent, unsigned int nr)
{
	carve(tree, extent, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_carve);

/* The lowest multiple of @align in an extent with room for @nr granules, or NULL. */
static void *aligned_fit(struct dt_extent *extent, unsigned int nr, size_t align)
{
	void *addr = PTR_ALIGN((void *)extent, align);
	void *end = addr + ((size_t)nr << DT_GRANULE_SHIFT);

	return end <= extent_end(extent) ? addr : NULL;
}

/**
 * dt_extent_tree_alloc_aligned() - carve aligned granules
 * @tree: the tree
 * @nr: number of granules, not 0
 * @align: alignment in bytes, a power of two, more than a granule
 * @before: set to the granules left before the aligned ones, which are an extent again; not set
 *	if nothing is carved
 *
 * Tries the best fit, then the best fit for a length that holds @nr aligned granules wherever it
 * begins. Where none is that long it tries the largest extent.
 *
 * Context: Any; the caller owns the tree.
 * Return: the address of the first granule, or NULL if they fit in neither.
 */
void *dt_extent_tree_alloc_aligned(struct dt_extent_tree *tree, unsigned int nr, size_t align,
				   unsigned int *before)
{
	unsigned int sure = nr + (align >> DT_GRANULE_SHIFT) - 1;
	struct dt_extent *extent = best_fit(tree, nr);
	void *addr = extent ? aligned_fit(extent, nr, align) : NULL;

	if (!addr)
		extent = best_fit(tree, sure) ?: tree->largest;
	addr = extent ? aligned_fit(extent, nr, align) : NULL;
	if (!addr)
		return NULL;
	*before = (addr - (void *)extent) >> DT_GRANULE_SHIFT;
	dt_extent_tree_carve(tree, extent, *before + nr);
	if (*before)
		dt_extent_tree_free(tree, extent, *before, NULL, NULL);
	return addr;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_alloc_aligned);

/**
 * dt_extent_tree_free() - insert granules and merge them with the extents they touch
 * @tree: the tree
 * @addr: address of the first granule
 * @nr: number of granules, not 0, none of them in an extent
 * @left: the extent that ends at @addr, or NULL if none does
 * @right: the extent that begins where the granules end, or NULL if none does
 *
 * Context: Any; the caller owns the tree.
 * Return: the extent that the granules are in now.
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
		extent_grow_start(tree, right, addr, nr);
	else
		extent_insert(tree, extent, nr);
	tag_set(extent);
	return extent;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_free);

/**
 * dt_extent_above() - find where a walk over the extents continues
 * @tree: the tree
 * @addr: any address
 *
 * Context: Any; the caller owns the tree.
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
