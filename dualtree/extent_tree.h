/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dual tree: the free extents of a region in two trees over one set of nodes.
 *
 *	by size (size_tree.h): a tree for each	by address (addr_tree.h)
 *	size, and one for all larger ones
 *	   1      3   ...  large		  C   E       A
 *	   |      |          |
 *	   C      E          A
 *
 *	                    C     E
 *	  [9 granules  A]===[1]===[3      ]=====     '=' live
 *	              ^
 *	              the node of an extent lies in its last granule
 *
 * A node lies in the last granule: a carve from the start leaves it where it is, and so its place
 * by address.
 *
 * By size there is a digital search tree for each size up to LEDGER_SIZES granules, ordered by
 * address, and one for all larger extents, ordered by (size, address). A bit of @classes says which
 * have a node. So the best fit is the first bit that is set, and a descent in a short tree. The
 * trees need no balancing: a descent follows the bits of the key, from the highest one on, so
 * none is deeper than the key is long.
 *
 * Nodes lie in free memory, which stray writes may change at any time. So a node holds only links,
 * as numbers of granules. A link is followed only to a granule of the region that the ledger has as
 * the last one of an extent of that tree. What the ledger says of an extent, its two ends and its
 * length, lies out of band. Where a link leads elsewhere, @damaged is set: the owner rebuilds the
 * trees from the ledger. A link to another extent of that tree does no harm: what is carved is
 * free, and a later descent misses the extent that should be there.
 *
 * Invariants: extents do not overlap and are never adjacent. Both trees hold the same ones.
 * @nr_extents and @nr_free are their number and their sum, @largest is the largest. The ledger has
 * the marks of each extent's size at both of its ends, and LEDGER_OWNED inside.
 *
 * Merging searches for nothing: the ledger says what lies before and after the freed granules.
 *
 * Context: any, NMI included. A tree has one owner at a time and no lock. Nothing allocates: a
 * freed run has at least one granule, and a node fits in that.
 *
 * Best fit by (size, address): Knuth, TAOCP vol. 1, 2.5. Trees by size and by address over the same
 * free blocks: Stephenson, "Fast Fits", SOSP 1983. Digital search trees: Coffman and Eve, "File
 * Structures Using Hashing Functions", CACM 13:7, 1970; in an allocator: Lea's dlmalloc. Lengths at
 * both ends: the boundary tag, Knuth, TAOCP vol. 1, 2.5, algorithm C; here out of band.
 */
#ifndef DUALTREE_EXTENT_TREE_H
#define DUALTREE_EXTENT_TREE_H

#include <linux/compiler.h>
#include <linux/types.h>
#include "addr_tree.h"
#include "granule.h"
#include "ledger.h"

/*
 * Bits of the key that a node of a tree by size decides on, and so its children. With 4 children
 * a descent has half the steps that it has with 2, and a node is still small.
 */
#define EXTENT_KEY_BITS	2
#define EXTENT_CHILDREN	4

/**
 * struct dt_extent - the node of a run of free granules; lies in the last of them
 * @child: last granules of the extents at the top of the subtrees by size, or EXTENT_NONE
 * @pairs: the same, two at a time
 */
struct dt_extent {
	union {
		u32 child[EXTENT_CHILDREN];
		u64 pairs[EXTENT_CHILDREN / 2];
	};
};

static_assert(sizeof(struct dt_extent) <= DT_GRANULE && EXTENT_CHILDREN == 4);

/* No granule: neither of an extent nor a link to one. */
#define EXTENT_NONE	(~0U)

/* Trees by size: one for each size up to LEDGER_SIZES, and the last one for all larger extents. */
#define EXTENT_CLASSES	(LEDGER_SIZES + 1)

/*
 * Granules for each entry of @lengths. An extent of more than LEDGER_SIZES granules has the first
 * granule of an entry's in it, near either end, so no other extent uses these entries.
 */
#define LENGTH_GRANULES	32U

static_assert(LEDGER_SIZES + 1 >= LENGTH_GRANULES);

/**
 * struct dt_extent_tree - the free extents of one region
 * @base: first byte of the region; constant
 * @ledger: its ledger, with a full count before and after it; constant
 * @lengths: of extents with the mark LEDGER_LARGE, by granule / LENGTH_GRANULES; constant
 * @by_addr: the extents by address; constant
 * @nr: granules of the region
 * @nr_max: granules that it had when it was made, for which @by_addr has room; constant
 * @key_bits: bits of the number of a granule, a multiple of EXTENT_KEY_BITS; constant
 * @nr_extents: number of extents
 * @nr_free: granules in all extents
 * @largest: granules of the largest extent, or 0
 * @damaged: a link was found that leads nowhere: the trees are to be rebuilt
 * @classes: bit n: @roots[n] is not EXTENT_NONE
 * @roots: roots of the trees by size; n is of extents of n + 1 granules, the last of larger ones
 */
struct dt_extent_tree {
	void *base;
	u8 *ledger;
	u32 *lengths;
	unsigned long *by_addr;
	unsigned int nr;
	unsigned int nr_max;
	unsigned int key_bits;
	unsigned int nr_extents;
	unsigned int nr_free;
	unsigned int largest;
	bool damaged;
	u64 classes;
	u32 roots[EXTENT_CLASSES];
};

static inline unsigned int extent_tree_largest(const struct dt_extent_tree *tree)
{
	return tree->largest;
}

/* Length of the extent that begins with granule @first, of which the ledger has the mark. */
static __always_inline unsigned int extent_nr_from(const struct dt_extent_tree *tree,
						   unsigned int first)
{
	unsigned long word = tree->by_addr[first / BITS_PER_LONG] >> first % BITS_PER_LONG;

	if (READ_ONCE(tree->ledger[first]) == LEDGER_FIRST_LARGE)
		return tree->lengths[(first + LENGTH_GRANULES - 1) / LENGTH_GRANULES];
	if (word)
		return __ffs(word) + 1;
	/* The extent is no longer than a word has bits, so it ends in the next one. */
	word = tree->by_addr[first / BITS_PER_LONG + 1];
	return BITS_PER_LONG - first % BITS_PER_LONG + __ffs(word) + 1;
}

/* Length of the extent that ends with granule @last, of which the ledger has the mark. */
static __always_inline unsigned int extent_nr_to(const struct dt_extent_tree *tree,
						 unsigned int last)
{
	u8 mark = READ_ONCE(tree->ledger[last]);

	if (mark != LEDGER_LARGE)
		return mark - LEDGER_FREE + 1;
	return tree->lengths[last / LENGTH_GRANULES];
}

/* The node of the extent that ends with granule @last. */
static __always_inline struct dt_extent *extent_node(const struct dt_extent_tree *tree,
						     unsigned int last)
{
	return tree->base + ((size_t)last << DT_GRANULE_SHIFT);
}

/*
 * The next extent in address order: one that ends with granule @from or later.
 * Return: its last granule, or EXTENT_NONE.
 */
static inline unsigned int extent_next(const struct dt_extent_tree *tree, unsigned int from)
{
	unsigned int last = addr_tree_next(tree->by_addr, tree->nr_max, from);

	return last < tree->nr ? last : EXTENT_NONE;
}

/*
 * Many kernels check shifts and subscripts (UBSAN), which takes a stack frame and instructions of
 * each function of the trees. What these go by has been compared, or is the ledger's. So shifts are
 * taken modulo 64, which is what machines do, and entries are found by sums.
 */

/* The key of an extent in the tree by size for large ones, or in another one. */
static __always_inline u64 extent_key(const struct dt_extent_tree *tree, bool large,
				      unsigned int last, unsigned int nr)
{
	return large ? (u64)nr << tree->key_bits % 64 | last : last;
}

/* The lowest of the bits that the root of a tree by size decides on. */
static __always_inline int extent_key_top(const struct dt_extent_tree *tree, bool large)
{
	return large ? 2 * tree->key_bits : tree->key_bits - EXTENT_KEY_BITS;
}

/* Which child of a node a key is under. */
static __always_inline unsigned int extent_child(u64 key, int bit)
{
	return key >> (unsigned int)bit % 64 & (EXTENT_CHILDREN - 1);
}

/* The link to the root of a tree by size. */
static __always_inline u32 *extent_root(struct dt_extent_tree *tree, unsigned int class)
{
	return tree->roots + class;
}

/* The bit of a tree by size in @classes. */
static __always_inline u64 extent_class_bit(unsigned int class)
{
	return 1ULL << class % 64;
}

/* The tree by size that extents of @nr granules, not 0, are in. */
static __always_inline unsigned int extent_class(unsigned int nr)
{
	return nr > LEDGER_SIZES ? LEDGER_SIZES : nr - 1;
}

size_t dt_extent_tree_size(unsigned int nr);
void dt_extent_tree_init(struct dt_extent_tree *tree, void *base, u8 *ledger, unsigned int nr,
			 void *mem);
unsigned int dt_extent_tree_alloc(struct dt_extent_tree *tree, unsigned int nr);
unsigned int dt_extent_tree_alloc_run(struct dt_extent_tree *tree, unsigned int nr,
				      unsigned int max, unsigned int *total);
unsigned int dt_extent_tree_alloc_aligned(struct dt_extent_tree *tree, unsigned int nr,
					  size_t align, unsigned int *before);
void dt_extent_tree_carve(struct dt_extent_tree *tree, unsigned int first, unsigned int nr);
void dt_extent_tree_free(struct dt_extent_tree *tree, unsigned int first, unsigned int nr);
void dt_extent_tree_cut(struct dt_extent_tree *tree, unsigned int nr);
void dt_extent_tree_reset(struct dt_extent_tree *tree);
void dt_extent_tree_rebuild(struct dt_extent_tree *tree, unsigned int hole, unsigned int nr,
			    bool keep_blocks);

#endif /* DUALTREE_EXTENT_TREE_H */
