/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quick lists: blocks of exactly 1 to QUICK_LISTS granules, last in, first out. cache.h says which
 * blocks go there.
 *
 *	list of 3 --> [CACHED_FIRST . CACHED_LAST] --> [CACHED_FIRST . CACHED_LAST]	the ledger
 *	               next ---------------------------^ next				the blocks
 *
 * The links lie in the blocks, which stray writes may change at any time. A link is followed only
 * to where the ledger has the start of a block of the heap. A block is taken only if the ledger has
 * all of it. Where that fails, all blocks of the heap go to the trees, and the lists are empty.
 *
 * Context: any, NMI included; the caller owns the heap. No lock.
 */
#ifndef DUALTREE_QUICK_H
#define DUALTREE_QUICK_H

#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <asm/local64.h>
#include "../buddy/table.h"
#include "../compat/kasan.h"
#include "heap.h"
#include "ledger.h"

/* Sizes that have a quick list, in granules: up to 4 KiB of 64-byte granules, as packets are. */
#define QUICK_LISTS	64

/*
 * Max blocks in a list, and max bytes. All lists hold 1,710 blocks at most, which bounds the
 * section that takes a region's blocks out of them.
 */
#define QUICK_DEPTH	32
#define QUICK_BYTES	SZ_64K

/**
 * struct dt_quick_list - blocks of one size
 * @first: the block deposited last, or NULL
 * @depth: number of blocks
 * @max: max number of blocks; constant
 * @credit: requests less deposits, 0 to 255
 * @own: @first is from a deposit; or else it is the link of another block, which a stray write
 *	may have changed
 */
struct dt_quick_list {
	struct dt_cached *first;
	u8 depth;
	u8 max;
	u8 credit;
	bool own;
};

/**
 * struct dt_quick - the quick lists of a heap
 * @lists: the lists; entry n is for n + 1 granules
 * @nr_cached: granules in all lists; any CPU may read it
 */
struct dt_quick {
	struct dt_quick_list lists[QUICK_LISTS];
	local64_t nr_cached;
};

void dt_quick_init(struct dt_quick *quick);
void dt_quick_repair(struct dt_heap *heap);
bool dt_quick_unlink(struct dt_heap *heap, const struct dt_cached *block, unsigned int nr);
void dt_quick_forget_all(struct dt_quick *quick);
bool dt_quick_forget_region(struct dt_heap *heap, unsigned int nr, const struct dt_region *region);

/*
 * The list for @nr granules, 1 to QUICK_LISTS: the caller has compared. A sum: many kernels check
 * subscripts, which would take a stack frame of the fast paths.
 */
static __always_inline struct dt_quick_list *quick_list(struct dt_quick *quick, unsigned long nr)
{
	return quick->lists + (nr - 1);
}

/* Max blocks of @nr granules, 1 to QUICK_LISTS, in their list. */
static inline unsigned int quick_max(unsigned int nr)
{
	return min_t(unsigned int, QUICK_DEPTH, (QUICK_BYTES >> DT_GRANULE_SHIFT) / nr);
}

/* A request has got to the list of its size. */
static __always_inline void quick_credit(struct dt_quick_list *list)
{
	list->credit += list->credit < U8_MAX;
}

/* A block is out of its list. */
static __always_inline void quick_forget(struct dt_quick *quick, struct dt_quick_list *list,
					 unsigned long nr)
{
	list->depth--;
	local64_sub(nr, &quick->nr_cached);
}

/*
 * Does the link that is a list's first block lead to a block of @nr granules of the heap? @region
 * is the region that it leads to, or dt_no_region. Nothing but a link may be wrong.
 */
static __always_inline bool quick_link_is_sound(const struct dt_heap *heap,
						const struct dt_quick_list *list,
						const struct dt_region *region, unsigned long nr)
{
	size_t offset = region_offset(region, list->first);

	return likely(region_heap(region) == heap && !(offset & (DT_GRANULE - 1)) &&
		      ledger_has_block(region->ledger + (offset >> DT_GRANULE_SHIFT), nr));
}

/* The region of the first block of a list, which has one; NULL after a repair of the lists. */
static __always_inline struct dt_region *quick_first(struct dt_heap *heap,
						     struct dt_quick_list *list, unsigned int nr)
{
	struct dt_region *region = buddy_lookup_owner(list->first);

	if (list->own || quick_link_is_sound(heap, list, region, nr))
		return region;
	dt_quick_repair(heap);
	return NULL;
}

/* Take the first block of a list, after quick_first(). */
static __always_inline struct dt_cached *quick_pop(struct dt_quick *quick,
						   struct dt_quick_list *list, unsigned long nr)
{
	struct dt_cached *block = list->first;

	list->first = READ_ONCE(block->next);
	list->own = false;
	if (want_init_on_free())
		block->next = NULL;
	quick_forget(quick, list, nr);
	return block;
}

/* Deposit @nr granules, all LEDGER_OWNED, in the list of their size, @list, which is not full. */
static __always_inline void quick_push(struct dt_quick *quick, struct dt_quick_list *list,
				       struct dt_region *region, unsigned long first,
				       unsigned long nr)
{
	struct dt_cached *block = region->base + (first << DT_GRANULE_SHIFT);

	dt_unpoison(block, sizeof(*block));
	WRITE_ONCE(block->next, list->first);
	list->first = block;
	list->own = true;
	list->depth++;
	list->credit--;
	ledger_mark_block(region->ledger + first, nr);
	region->nr_inuse -= nr;
	local64_add(nr, &quick->nr_cached);
}

#endif /* DUALTREE_QUICK_H */
