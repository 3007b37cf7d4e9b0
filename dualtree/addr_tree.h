/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extents of a region by address: a balanced tree of BITS_PER_LONG children a node, out of
 * band.
 *
 *	level 1		[ 1  0  1 ... ]			a bit: that word below may have one
 *	level 0		[0010...] [0000...] [1000...]	a bit: an extent ends with that granule
 *
 * All levels lie in one array, the lowest first. The highest has one word. So the tree of 2^k
 * granules is k / 6 levels deep, however many extents there are. A node is a word, and an extent's
 * place in it follows from its last granule. Nothing is searched or rebalanced to insert or remove
 * one, and carving an extent from its start changes nothing. A removal clears a bit of level 0
 * only; bits above it that lead to nothing any more are cleared by the search that they mislead.
 *
 * Context: any, NMI included. A tree has one owner at a time and no lock.
 *
 * van Emde Boas, Kaas and Zijlstra, "Design and Implementation of an Efficient Priority Queue",
 * Mathematical Systems Theory 10, 1977, have trees over a fixed universe; with a constant number of
 * children it is the bitmap tree of many allocators.
 */
#ifndef DUALTREE_ADDR_TREE_H
#define DUALTREE_ADDR_TREE_H

#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/math.h>
#include <linux/types.h>

/* Levels of the tree of a region: enough for 2^24 granules, 1 GiB of 64 bytes each. */
#define ADDR_LEVELS_MAX	4

/* Words of the tree of @nr granules. */
static inline unsigned int addr_tree_words(unsigned int nr)
{
	unsigned int words = 0;

	do {
		nr = DIV_ROUND_UP(nr, BITS_PER_LONG);
		words += nr;
	} while (nr > 1);
	return words;
}

/* Insert granule @at of @nr. */
static __always_inline void addr_tree_insert(unsigned long *words, unsigned int nr, unsigned int at)
{
	unsigned long was = words[at / BITS_PER_LONG];

	words[at / BITS_PER_LONG] = was | BIT(at % BITS_PER_LONG);
	while (!was && nr > BITS_PER_LONG) {
		nr = DIV_ROUND_UP(nr, BITS_PER_LONG);
		words += nr;
		at /= BITS_PER_LONG;
		was = words[at / BITS_PER_LONG];
		words[at / BITS_PER_LONG] = was | BIT(at % BITS_PER_LONG);
		was &= BIT(at % BITS_PER_LONG);
	}
}

/* Is granule @at in the tree? */
static __always_inline bool addr_tree_has(const unsigned long *words, unsigned int at)
{
	return words[at / BITS_PER_LONG] >> at % BITS_PER_LONG & 1;
}

/* Remove granule @at. */
static __always_inline void addr_tree_remove(unsigned long *words, unsigned int at)
{
	words[at / BITS_PER_LONG] &= ~BIT(at % BITS_PER_LONG);
}

/* Remove all of @nr granules, not 0, from @first on that are in the tree. */
static inline void addr_tree_remove_range(unsigned long *words, unsigned int first,
					  unsigned int nr)
{
	unsigned int last = first + nr - 1, word = first / BITS_PER_LONG;
	unsigned long mask = ~0UL << first % BITS_PER_LONG;

	for (; word < last / BITS_PER_LONG; word++) {
		words[word] &= ~mask;
		mask = ~0UL;
	}
	words[word] &= ~(mask & ~0UL >> (BITS_PER_LONG - 1 - last % BITS_PER_LONG));
}

/**
 * addr_tree_next() - find the next granule
 * @words: the tree; bits that lead to nothing are cleared on the way
 * @nr: granules of the region
 * @from: where the search begins
 *
 * Return: the lowest granule in the tree from @from on, or @nr if there is none.
 */
static inline unsigned int addr_tree_next(unsigned long *words, unsigned int nr, unsigned int from)
{
	unsigned long *level[ADDR_LEVELS_MAX], rest;
	unsigned int width[ADDR_LEVELS_MAX], depth = 0, top, at = from;

	for (top = 0; ; top++) {
		level[top] = words;
		width[top] = nr;
		if (nr <= BITS_PER_LONG)
			break;
		nr = DIV_ROUND_UP(nr, BITS_PER_LONG);
		words += nr;
	}
	for (;;) {
		rest = at < width[depth] ? level[depth][at / BITS_PER_LONG] >> at % BITS_PER_LONG :
					   0;
		if (!rest && depth == top)
			return width[0];
		if (!rest) {
			/* Nothing from here on in this word: the next one, found one level up. */
			if (!level[depth][at / BITS_PER_LONG] && at < width[depth])
				level[depth + 1][at / BITS_PER_LONG / BITS_PER_LONG] &=
					~BIT(at / BITS_PER_LONG % BITS_PER_LONG);
			at = at / BITS_PER_LONG + 1;
			depth++;
			continue;
		}
		at += __ffs(rest);
		if (!depth)
			return at;
		/* Down, to the start of the word that the bit stands for. */
		at *= BITS_PER_LONG;
		depth--;
	}
}

#endif /* DUALTREE_ADDR_TREE_H */
