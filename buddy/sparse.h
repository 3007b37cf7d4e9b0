/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arrays of pointers that cost memory only where they are used: see sparse.c.
 */
#ifndef DUALTREE_BUDDY_SPARSE_H
#define DUALTREE_BUDDY_SPARSE_H

#include <linux/mm.h>
#include <linux/types.h>

/* Entries of a block: what fits a page. */
#define BUDDY_SPARSE_BLOCK	(PAGE_SIZE / sizeof(void *))

/**
 * struct buddy_sparse - an array of pointers
 * @at: the entries, mapped one after the other
 * @blocks: for each block its memory, or @hole
 * @hole: a block that is mapped wherever the array has none of its own
 * @nr_blocks: length of @blocks
 */
struct buddy_sparse {
	void **at;
	void ***blocks;
	void **hole;
	unsigned long nr_blocks;
};

int buddy_sparse_init(struct buddy_sparse *sparse, void *empty);
int buddy_sparse_grow(struct buddy_sparse *new, const struct buddy_sparse *old,
		      unsigned long first, unsigned long end);
void buddy_sparse_replaced(const struct buddy_sparse *old);
void buddy_sparse_undo(const struct buddy_sparse *new, const struct buddy_sparse *old);
void buddy_sparse_free(const struct buddy_sparse *sparse);

/* Entries that can be read. */
static inline unsigned long buddy_sparse_length(const struct buddy_sparse *sparse)
{
	return sparse->nr_blocks * BUDDY_SPARSE_BLOCK;
}

/* Can the entry be written? */
static inline bool buddy_sparse_has(const struct buddy_sparse *sparse, unsigned long index)
{
	return index < buddy_sparse_length(sparse) &&
	       sparse->blocks[index / BUDDY_SPARSE_BLOCK] != sparse->hole;
}

#endif /* DUALTREE_BUDDY_SPARSE_H */
