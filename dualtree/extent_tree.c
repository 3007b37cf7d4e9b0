// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: best fit out of one order, merging by the other.
 *
 * extent_tree.h says what is promised. Places in the trees are kept where they still hold:
 * what is left of an extent after a carve, and an extent that grows, keep their place by
 * address, and their place by size where the neighbour there allows it. A node that moves
 * takes over the links of the old one.
 */
#include "../compat/compat.h"
#include "extent_tree.h"

static struct extent *size_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct extent, by_size);
}

/* The order of the size tree. */
static bool precedes(const struct extent *a, const struct extent *b)
{
	return a->nr < b->nr || (a->nr == b->nr && a < b);
}

static void size_insert(struct extent_tree *tree, struct extent *extent)
{
	struct rb_node **link = &tree->by_size.rb_node, *parent = NULL;
	bool last = true;

	while (*link) {
		parent = *link;
		if (precedes(extent, size_entry(parent))) {
			link = &parent->rb_left;
			last = false;
		} else {
			link = &parent->rb_right;
		}
	}
	rb_link_node(&extent->by_size, parent, link);
	rb_insert_color(&extent->by_size, &tree->by_size);
	if (last)
		tree->largest = extent;
}

static void size_erase(struct extent_tree *tree, struct extent *extent)
{
	if (tree->largest == extent)
		tree->largest = size_entry(rb_prev(&extent->by_size));
	rb_erase(&extent->by_size, &tree->by_size);
}

static void extent_grown(struct extent_tree *tree, struct extent *extent, unsigned int nr)
{
	struct extent *behind = size_entry(rb_next(&extent->by_size));

	extent->nr = nr;
	if (!behind || precedes(extent, behind))
		return;
	size_erase(tree, extent);
	size_insert(tree, extent);
}

static void extent_insert(struct extent_tree *tree, struct extent *extent, struct rb_node *parent,
			  struct rb_node **link)
{
	rb_link_node(&extent->by_addr, parent, link);
	rb_insert_color(&extent->by_addr, &tree->by_addr);
	size_insert(tree, extent);
	tree->nr_extents++;
}

static void extent_erase(struct extent_tree *tree, struct extent *extent)
{
	rb_erase(&extent->by_addr, &tree->by_addr);
	size_erase(tree, extent);
	tree->nr_extents--;
}

/*
 * An extent whose front moves: it keeps its place by address, and by size too if @in_place
 * says that its new size allows it.
 */
static void extent_move(struct extent_tree *tree, struct extent *from, struct extent *to,
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
static void extent_cut_front(struct extent_tree *tree, struct extent *extent, unsigned int nr)
{
	struct extent *before = size_entry(rb_prev(&extent->by_size));
	struct extent *rest = (void *)extent + ((size_t)nr << DT_GRANULE_SHIFT);

	rest->nr = extent->nr - nr;
	extent_move(tree, extent, rest, !before || precedes(before, rest));
}

static void extent_grow_front(struct extent_tree *tree, struct extent *extent, void *addr,
			      unsigned int nr)
{
	struct extent *behind = size_entry(rb_next(&extent->by_size));
	struct extent *larger = addr;

	larger->nr = extent->nr + nr;
	extent_move(tree, extent, larger, !behind || precedes(larger, behind));
}

static struct extent *best_fit(const struct extent_tree *tree, unsigned int nr)
{
	struct rb_node *node = tree->by_size.rb_node;
	struct extent *best = NULL;

	while (node) {
		struct extent *extent = size_entry(node);

		if (extent->nr >= nr) {
			best = extent;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * extent_tree_alloc() - carve granules out of the best fit
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
void *extent_tree_alloc(struct extent_tree *tree, unsigned int nr)
{
	struct extent *extent = best_fit(tree, nr);

	if (!extent)
		return NULL;
	tree->nr_free -= nr;
	if (extent->nr == nr) {
		extent_erase(tree, extent);
		return extent;
	}
	extent_cut_front(tree, extent, nr);
	return extent;
}
EXPORT_SYMBOL_FOR_DT_TEST(extent_tree_alloc);

/**
 * extent_tree_free() - put granules back and merge them with what they touch
 * @tree: the tree; the caller owns it
 * @addr: the first granule; in no extent, as are those behind it
 * @nr: granules, not 0
 *
 * One descent by address finds both neighbours and the place of a new node.
 */
void extent_tree_free(struct extent_tree *tree, void *addr, unsigned int nr)
{
	struct rb_node **link = &tree->by_addr.rb_node, *parent = NULL;
	void *end = addr + ((size_t)nr << DT_GRANULE_SHIFT);
	struct extent *left = NULL, *right = NULL;

	while (*link) {
		struct extent *extent = rb_entry(*link, struct extent, by_addr);

		parent = *link;
		if (addr < (void *)extent) {
			right = extent;
			link = &parent->rb_left;
		} else {
			left = extent;
			link = &parent->rb_right;
		}
	}
	if (left && extent_end(left) != addr)
		left = NULL;
	if (right && right != end)
		right = NULL;

	tree->nr_free += nr;
	if (left && right) {
		nr += right->nr;
		extent_erase(tree, right);
		extent_grown(tree, left, left->nr + nr);
	} else if (left) {
		extent_grown(tree, left, left->nr + nr);
	} else if (right) {
		extent_grow_front(tree, right, addr, nr);
	} else {
		struct extent *extent = addr;

		extent->nr = nr;
		extent_insert(tree, extent, parent, link);
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(extent_tree_free);

/* Does the descent by size lead to an extent? */
static bool found_by_size(const struct extent_tree *tree, const struct extent *extent)
{
	const struct rb_node *node = tree->by_size.rb_node;

	while (node && node != &extent->by_size)
		node = precedes(extent, size_entry(node)) ? node->rb_left : node->rb_right;
	return node;
}

/* By address: in order, inside the region, apart, each one found by size too; sums right. */
static bool check_by_addr(const struct extent_tree *tree, const void *base, const void *end)
{
	unsigned int nr_extents = 0, nr_free = 0;
	const void *behind = NULL;
	struct extent *extent;

	for (extent = extent_first(tree); extent; extent = extent_next(extent)) {
		if ((void *)extent < base || extent_end(extent) > end || !extent->nr)
			return false;
		if (behind && (void *)extent <= behind)
			return false;
		if (!found_by_size(tree, extent))
			return false;
		behind = extent_end(extent);
		nr_extents++;
		nr_free += extent->nr;
	}
	return nr_extents == tree->nr_extents && nr_free == tree->nr_free;
}

/* By size: in order, as many and as much as by address. */
static bool check_by_size(const struct extent_tree *tree)
{
	unsigned int nr_extents = 0, nr_free = 0;
	const struct extent *before = NULL, *extent;
	struct rb_node *node;

	for (node = rb_first(&tree->by_size); node; node = rb_next(node)) {
		extent = size_entry(node);
		if (before && !precedes(before, extent))
			return false;
		before = extent;
		nr_extents++;
		nr_free += extent->nr;
	}
	return before == tree->largest && nr_extents == tree->nr_extents &&
	       nr_free == tree->nr_free;
}

/**
 * extent_tree_check() - do all invariants hold?
 * @tree: the tree; the caller owns it
 * @base: the first byte of the region
 * @nr: granules of the region
 *
 * For tests and debug kernels: visits every extent.
 *
 * Return: true if they do.
 */
bool extent_tree_check(const struct extent_tree *tree, const void *base, unsigned int nr)
{
	return check_by_addr(tree, base, base + ((size_t)nr << DT_GRANULE_SHIFT)) &&
	       check_by_size(tree);
}
EXPORT_SYMBOL_FOR_DT_TEST(extent_tree_check);
