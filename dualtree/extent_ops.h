/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two operations of the dual tree that most requests and frees end in, inlined in the heap to
 * save a call. extent_tree.h has the picture, the invariants and the context; extent_tree.c has the
 * others, and says what holds after damage.
 */
#ifndef DUALTREE_EXTENT_OPS_H
#define DUALTREE_EXTENT_OPS_H

#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "extent_tree.h"
#include "size_tree.h"

/* There is no extent at @last any more: its node is free memory like the rest. */
static __always_inline void extent_forget(const struct dt_extent_tree *tree, unsigned int last)
{
	struct dt_extent *node = extent_node(tree, last);

	/* With init_on_free what is handed out is clear, nodes included. */
	if (want_init_on_free()) {
		node->pairs[0] = 0;
		node->pairs[1] = 0;
	}
	dt_poison(node, sizeof(*node));
}

/* Mark both ends of an extent in the ledger. */
static __always_inline void extent_mark(struct dt_extent_tree *tree, unsigned int first,
					unsigned int nr)
{
	unsigned int last = first + nr - 1;

	if (nr > LEDGER_SIZES) {
		WRITE_ONCE(tree->ledger[first], LEDGER_FIRST_LARGE);
		WRITE_ONCE(tree->ledger[last], LEDGER_LARGE);
		tree->lengths[(first + LENGTH_GRANULES - 1) / LENGTH_GRANULES] = nr;
		tree->lengths[last / LENGTH_GRANULES] = nr;
	} else {
		/* In this order: an extent of one granule has the mark of the last. */
		WRITE_ONCE(tree->ledger[first], LEDGER_FIRST);
		WRITE_ONCE(tree->ledger[last], LEDGER_FREE + nr - 1);
	}
}

/*
 * Take @nr granules of an extent of @total, from its granule @skip on. @link leads to @last, the
 * extent's last granule. What is left before the taken ones becomes an extent of its own.
 *
 * Return: the first granule, or EXTENT_NONE with @damaged set.
 */
static __always_inline unsigned int extent_take(struct dt_extent_tree *tree, u32 *link, u32 last,
						unsigned int total, unsigned int skip,
						unsigned int nr)
{
	unsigned int first = last - total + 1 + skip, after = total - skip - nr;
	bool in_place = after > LEDGER_SIZES && only_large(tree, last);

	if (!in_place)
		size_remove(tree, link, last);
	if (unlikely(tree->damaged))
		return EXTENT_NONE;
	tree->nr_free -= nr;
	if (in_place) {
		extent_mark(tree, first + nr, after);
		tree->largest = after;
	} else if (after) {
		extent_mark(tree, first + nr, after);
		size_insert(tree, last, after);
	} else {
		addr_tree_remove(tree->by_addr, last);
		extent_forget(tree, last);
		tree->nr_extents--;
	}
	if (skip) {
		extent_mark(tree, first - skip, skip);
		size_insert(tree, first - 1, skip);
		addr_tree_insert(tree->by_addr, tree->nr_max, first - 1);
		tree->nr_extents++;
	}
	if (total == tree->largest && !in_place)
		update_largest(tree);
	return first;
}

/* dt_extent_tree_alloc() has what it does. */
static __always_inline unsigned int extent_tree_alloc(struct dt_extent_tree *tree, unsigned int nr)
{
	u32 *link, last = best_fit(tree, nr, &link);

	if (unlikely(last == EXTENT_NONE))
		return EXTENT_NONE;
	return extent_take(tree, link, last, extent_nr_to(tree, last), 0, nr);
}

/* Remove an extent that freed granules merge with from the tree of its size. */
static __always_inline void merge(struct dt_extent_tree *tree, unsigned int last, unsigned int nr)
{
	u32 *link = link_of(tree, last, nr);

	if (likely(link))
		size_remove(tree, link, last);
}

/* dt_extent_tree_free() has what it does. */
static __always_inline void extent_tree_free(struct dt_extent_tree *tree, unsigned int first,
					     unsigned int nr)
{
	u8 before = READ_ONCE(*(tree->ledger + first - 1));
	u8 after = READ_ONCE(tree->ledger[first + nr]);
	unsigned int last = first + nr - 1, length;
	bool right = ledger_is_first(after), in_place = false;

	tree->nr_free += nr;
	if (right) {
		length = extent_nr_from(tree, first + nr);
		last += length;
		in_place = after == LEDGER_FIRST_LARGE && only_large(tree, last);
		if (!in_place)
			merge(tree, last, length);
		WRITE_ONCE(tree->ledger[first + nr], LEDGER_OWNED);
	}
	if (ledger_is_last(before)) {
		length = extent_nr_to(tree, first - 1);
		if (before == LEDGER_LARGE && only_large(tree, first - 1)) {
			tree->roots[LEDGER_SIZES] = last;
			node_init(tree, last);
			in_place = true;
		} else {
			merge(tree, first - 1, length);
		}
		WRITE_ONCE(tree->ledger[first - 1], LEDGER_OWNED);
		addr_tree_remove(tree->by_addr, first - 1);
		extent_forget(tree, first - 1);
		tree->nr_extents--;
		first -= length;
	}
	if (!right) {
		addr_tree_insert(tree->by_addr, tree->nr_max, last);
		tree->nr_extents++;
	}
	extent_mark(tree, first, last - first + 1);
	if (!in_place)
		size_insert(tree, last, last - first + 1);
	else if (last - first + 1 > tree->largest)
		tree->largest = last - first + 1;
}

#endif /* DUALTREE_EXTENT_OPS_H */
