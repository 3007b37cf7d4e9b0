// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays of pointers for the lookup table, indexed by physical address. On some machines the memory
 * of the second node begins at 2^45: an array for all that lies below would take 64 MiB.
 *
 *	blocks[]   block   hole    hole    hole   block
 *	              \       \     |     /       /
 *	at[]      |entries|entries|entries|entries|entries|	mapped by vmap()
 *
 * Each block of entries is a page. Where there is no memory, one page is mapped again and again:
 * all its entries are the same. So an entry is found by its index alone. A hole costs one entry of
 * the kernel's page table and one of blocks[], 16 bytes for each page of entries.
 *
 * An array that grows keeps its blocks and is mapped again at another place. Readers of the old
 * mapping see the same blocks until it is removed.
 *
 * Process context; may sleep. The caller serialises all calls, and writes of entries with growth.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../compat/compat.h"
#include "fault.h"
#include "sparse.h"

/*
 * Memory from kmalloc(), which kmemleak scans: entries may be the only pointers to what they point
 * to. A page of it is aligned to its size.
 */
static void **block_create(void *empty)
{
	void **block = buddy_fault_due() ? NULL : kmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	unsigned int i;

	for (i = 0; block && i < BUDDY_SPARSE_BLOCK; i++)
		block[i] = empty;
	return block;
}

/* Map the blocks one after the other. Return: 0 or -ENOMEM. */
static int sparse_map(struct buddy_sparse *sparse)
{
	struct page **pages = kvmalloc_array(sparse->nr_blocks, sizeof(*pages), GFP_KERNEL);
	unsigned long i;

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < sparse->nr_blocks; i++)
		pages[i] = virt_to_page(sparse->blocks[i]);
	sparse->at = vmap(pages, sparse->nr_blocks, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return sparse->at ? 0 : -ENOMEM;
}

/* Free the blocks that @old does not have; with NULL all. */
static void blocks_free(const struct buddy_sparse *sparse, const struct buddy_sparse *old)
{
	unsigned long i;

	for (i = 0; i < sparse->nr_blocks; i++) {
		bool kept = old && i < old->nr_blocks && sparse->blocks[i] == old->blocks[i];

		if (!kept && sparse->blocks[i] != sparse->hole)
			kfree(sparse->blocks[i]);
	}
}

/* Give an array blocks of its own for entries @first to @end - 1. Return: 0 or -ENOMEM. */
static int blocks_create(struct buddy_sparse *sparse, unsigned long first, unsigned long end)
{
	unsigned long i;

	for (i = first / BUDDY_SPARSE_BLOCK; i * BUDDY_SPARSE_BLOCK < end; i++) {
		void **block;

		if (sparse->blocks[i] != sparse->hole)
			continue;
		block = block_create(sparse->hole[0]);
		if (!block)
			return -ENOMEM;
		sparse->blocks[i] = block;
	}
	return 0;
}

/**
 * buddy_sparse_init() - set up an array of no entries
 * @sparse: the array
 * @empty: value of all entries that are not written
 *
 * Return: 0 or -ENOMEM.
 */
int buddy_sparse_init(struct buddy_sparse *sparse, void *empty)
{
	*sparse = (struct buddy_sparse) { .hole = block_create(empty) };
	return sparse->hole ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_sparse_init);

/**
 * buddy_sparse_grow() - make entries of an array writable
 * @new: set to the array that has them, which shares the blocks of @old
 * @old: the array, which stays as it is
 * @first: first entry
 * @end: the one after the last, above @first
 *
 * Return: 0, and then buddy_sparse_replaced() must be called when @old has no reader any more; or
 * -ENOMEM.
 */
int buddy_sparse_grow(struct buddy_sparse *new, const struct buddy_sparse *old,
		      unsigned long first, unsigned long end)
{
	unsigned long i, nr = max(old->nr_blocks, DIV_ROUND_UP(end, BUDDY_SPARSE_BLOCK));

	*new = (struct buddy_sparse) { .hole = old->hole, .nr_blocks = nr };
	new->blocks = kvmalloc_array(nr, sizeof(*new->blocks), GFP_KERNEL);
	if (!new->blocks)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		new->blocks[i] = i < old->nr_blocks ? old->blocks[i] : old->hole;
	if (blocks_create(new, first, end) || sparse_map(new)) {
		blocks_free(new, old);
		kvfree(new->blocks);
		return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_sparse_grow);

/* Free what an array has that has been replaced by a larger one: its mapping and its list. */
void buddy_sparse_replaced(const struct buddy_sparse *old)
{
	if (old->at)
		vunmap(old->at);
	kvfree(old->blocks);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_sparse_replaced);

/* Free what buddy_sparse_grow() made of @old, of which no reader and no writer knows. */
void buddy_sparse_undo(const struct buddy_sparse *new, const struct buddy_sparse *old)
{
	blocks_free(new, old);
	buddy_sparse_replaced(new);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_sparse_undo);

/* Free an array with all its blocks. */
void buddy_sparse_free(const struct buddy_sparse *sparse)
{
	blocks_free(sparse, NULL);
	kfree(sparse->hole);
	buddy_sparse_replaced(sparse);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_sparse_free);
