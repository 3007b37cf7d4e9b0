// SPDX-License-Identifier: GPL-2.0
/*
 * The dual tree: best fit by the trees by size, walks by the tree by address. extent_tree.h has
 * the picture, the invariants and the context.
 *
 * Each operation changes the ledger's marks as it goes. Where it meets a link that leads nowhere
 * it sets @damaged and leaves the trees as they are. Then every granule that is free has a mark,
 * of any kind, and no other one has: that is what a rebuild needs.
 *
 * Under KASAN only the nodes of the extents are accessible.
 */
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "extent_tree.h"
#include "extent_ops.h"

/* Bytes of the lengths and of the tree by address of a region of @nr granules. */
size_t dt_extent_tree_size(unsigned int nr)
{
	return addr_tree_words(nr) * sizeof(long) + DIV_ROUND_UP(nr, LENGTH_GRANULES) * sizeof(u32);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_size);

/**
 * dt_extent_tree_init() - make an empty tree
 * @tree: the tree
 * @base: first byte of the region
 * @ledger: its ledger
 * @nr: granules of the region
 * @mem: dt_extent_tree_size() bytes, zeroed and aligned to a long, as long as the tree is used
 *
 * Context: Any.
 */
void dt_extent_tree_init(struct dt_extent_tree *tree, void *base, u8 *ledger, unsigned int nr,
			 void *mem)
{
	*tree = (struct dt_extent_tree) {
		.base = base,
		.ledger = ledger,
		.by_addr = mem,
		.lengths = mem + addr_tree_words(nr) * sizeof(long),
		.nr = nr,
		.nr_max = nr,
		.key_bits = roundup(order_base_2(nr), EXTENT_KEY_BITS),
	};
	memset(tree->roots, 0xff, sizeof(tree->roots));
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_init);

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
 * The caller sets the counts of the granules, and then looks at @tree->damaged.
 *
 * Context: Any; the caller owns the tree.
 * Return: the first granule, or EXTENT_NONE if no extent is large enough or the tree is damaged.
 */
unsigned int dt_extent_tree_alloc(struct dt_extent_tree *tree, unsigned int nr)
{
	return extent_tree_alloc(tree, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_alloc);

/**
 * dt_extent_tree_alloc_run() - carve several blocks from the best fit for one
 * @tree: the tree
 * @nr: granules of a block, not 0
 * @max: max number of granules to carve, @nr or more
 * @total: set to the number carved, a multiple of @nr: as many as the extent has. Not set if none
 *	are.
 *
 * Where @nr is asked for over and over, and nothing is freed in between, dt_extent_tree_alloc()
 * carves the same granules in the same order.
 *
 * The caller sets the counts of the granules, and then looks at @tree->damaged.
 *
 * Context: Any; the caller owns the tree.
 * Return: the first granule, or EXTENT_NONE if no extent is large enough or the tree is damaged.
 */
unsigned int dt_extent_tree_alloc_run(struct dt_extent_tree *tree, unsigned int nr,
				      unsigned int max, unsigned int *total)
{
	u32 *link, last = best_fit(tree, nr, &link);
	unsigned int length, taken;

	if (unlikely(last == EXTENT_NONE))
		return EXTENT_NONE;
	length = extent_nr_to(tree, last);
	taken = rounddown(min(length, max), nr);
	*total = taken;
	return extent_take(tree, link, last, length, 0, taken);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_alloc_run);

/**
 * dt_extent_tree_carve() - take granules off the start of an extent
 * @tree: the tree
 * @first: first granule of an extent of the tree
 * @nr: number of granules, not 0, at most those of the extent
 *
 * The caller sets the counts of the granules, and then looks at @tree->damaged.
 *
 * Context: Any; the caller owns the tree.
 */
void dt_extent_tree_carve(struct dt_extent_tree *tree, unsigned int first, unsigned int nr)
{
	unsigned int total = extent_nr_from(tree, first);
	unsigned int last = first + total - 1;
	u32 *link = link_of(tree, last, total);

	if (likely(link))
		extent_take(tree, link, last, total, 0, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_carve);

/* Granules of an extent before the lowest multiple of @align in it with room for @nr, or NONE. */
static unsigned int aligned_fit(const struct dt_extent_tree *tree, u32 last, unsigned int nr,
				size_t align)
{
	unsigned int total = extent_nr_to(tree, last), skip;
	void *start = extent_node(tree, last - total + 1);

	skip = (PTR_ALIGN(start, align) - start) >> DT_GRANULE_SHIFT;
	return skip + nr <= total ? skip : EXTENT_NONE;
}

/* The extents that dt_extent_tree_alloc_aligned() tries in turn. Return: as best_fit(). */
static u32 aligned_try(struct dt_extent_tree *tree, unsigned int try, unsigned int nr,
		       size_t align, u32 **link)
{
	unsigned int sizes[] = { nr, nr + (align >> DT_GRANULE_SHIFT) - 1, tree->largest };

	return sizes[try] ? best_fit(tree, sizes[try], link) : EXTENT_NONE;
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
 * The caller sets the counts of the granules, and then looks at @tree->damaged.
 *
 * Context: Any; the caller owns the tree.
 * Return: the first granule, or EXTENT_NONE if they fit in none of these or the tree is damaged.
 */
unsigned int dt_extent_tree_alloc_aligned(struct dt_extent_tree *tree, unsigned int nr,
					  size_t align, unsigned int *before)
{
	unsigned int try, skip;
	u32 *link, last;

	for (try = 0; try < 3; try++) {
		last = aligned_try(tree, try, nr, align, &link);
		if (last == EXTENT_NONE)
			continue;
		skip = aligned_fit(tree, last, nr, align);
		if (skip == EXTENT_NONE)
			continue;
		*before = skip;
		return extent_take(tree, link, last, extent_nr_to(tree, last), skip, nr);
	}
	return EXTENT_NONE;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_alloc_aligned);

/**
 * dt_extent_tree_free() - insert granules and merge them with the extents they touch
 * @tree: the tree
 * @first: first granule
 * @nr: number of granules, not 0, all LEDGER_OWNED and in no extent
 *
 * The caller looks at @tree->damaged then.
 *
 * Context: Any; the caller owns the tree.
 */
void dt_extent_tree_free(struct dt_extent_tree *tree, unsigned int first, unsigned int nr)
{
	extent_tree_free(tree, first, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_free);

/**
 * dt_extent_tree_cut() - take the end off a region
 * @tree: the tree
 * @nr: granules that stay, not 0. Those after them are the end of one extent.
 *
 * The granules that are cut off keep the mark LEDGER_OWNED: a free of them is refused, and nothing
 * merges with them. If @tree->nr is not @nr then, damage was found and nothing is cut off. With
 * @tree->damaged set, which may be so in either case, the caller makes the trees again.
 *
 * Context: Any; the caller owns the tree.
 */
void dt_extent_tree_cut(struct dt_extent_tree *tree, unsigned int nr)
{
	unsigned int last = tree->nr - 1, total = extent_nr_to(tree, last);
	unsigned int first = tree->nr - total;

	merge(tree, last, total);
	if (unlikely(tree->damaged))
		return;
	WRITE_ONCE(tree->ledger[first], LEDGER_OWNED);
	WRITE_ONCE(tree->ledger[last], LEDGER_OWNED);
	addr_tree_remove(tree->by_addr, last);
	extent_forget(tree, last);
	tree->nr_extents--;
	tree->nr_free -= total;
	if (total == tree->largest)
		update_largest(tree);
	tree->nr = nr;
	if (first < nr)
		dt_extent_tree_free(tree, first, nr - first);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_cut);

/* The granules of the block in a quick list that begins with @first. */
static unsigned int block_nr(const struct dt_extent_tree *tree, unsigned int first)
{
	unsigned int last = first;

	if (READ_ONCE(tree->ledger[first]) == LEDGER_CACHED_FIRST)
		while (READ_ONCE(tree->ledger[last]) != LEDGER_CACHED_LAST)
			last++;
	return last - first + 1;
}

/* What free granules held is lost: nodes, links, and what a stray write has left there. */
static void run_forget(const struct dt_extent_tree *tree, unsigned int first, unsigned int nr)
{
	void *start = extent_node(tree, first);
	size_t bytes = (size_t)nr << DT_GRANULE_SHIFT;

	if (want_init_on_free()) {
		dt_unpoison(start, bytes);
		memset(start, 0, bytes);
	}
	dt_poison(start, bytes);
}

static void tree_clear(struct dt_extent_tree *tree)
{
	memset(tree->roots, 0xff, sizeof(tree->roots));
	memset(tree->by_addr, 0, addr_tree_words(tree->nr_max) * sizeof(long));
	tree->classes = 0;
	tree->nr_extents = 0;
	tree->nr_free = 0;
	tree->largest = 0;
	tree->damaged = false;
}

/* Make one extent of all granules of the region. Context: any; the caller owns the tree. */
void dt_extent_tree_reset(struct dt_extent_tree *tree)
{
	unsigned int last;

	if (want_init_on_free())
		for (last = extent_next(tree, 0); last != EXTENT_NONE;
		     last = extent_next(tree, last + 1))
			extent_forget(tree, last);
	dt_poison(tree->base, (size_t)tree->nr << DT_GRANULE_SHIFT);
	tree_clear(tree);
	ledger_set(tree->ledger, 0, tree->nr, LEDGER_OWNED);
	dt_extent_tree_free(tree, 0, tree->nr);
}

/**
 * dt_extent_tree_rebuild() - make the trees again, from the ledger
 * @tree: the tree; its sums are made again too
 * @hole: first granule of those that are the owner's and in no extent
 * @nr: number of these, or 0
 * @keep_blocks: blocks in quick lists stay there; or else they become free
 *
 * Takes time in proportion to the region.
 *
 * Context: Any; the caller owns the tree.
 */
void dt_extent_tree_rebuild(struct dt_extent_tree *tree, unsigned int hole, unsigned int nr,
			    bool keep_blocks)
{
	unsigned int at = 0, first;

	tree_clear(tree);
	while (at < tree->nr) {
		if (nr && at == hole) {
			at += nr;
			continue;
		}
		if (keep_blocks && ledger_is_block(READ_ONCE(tree->ledger[at]))) {
			at += block_nr(tree, at);
			continue;
		}
		for (first = at; at < tree->nr; at++) {
			u8 mark = READ_ONCE(tree->ledger[at]);

			if (!ledger_is_owned(mark) || (nr && at == hole) ||
			    (keep_blocks && ledger_is_block(mark)))
				break;
		}
		if (at == first) {
			at++;
			continue;
		}
		ledger_set(tree->ledger, first, at - first, LEDGER_OWNED);
		run_forget(tree, first, at - first);
		dt_extent_tree_free(tree, first, at - first);
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_extent_tree_rebuild);
