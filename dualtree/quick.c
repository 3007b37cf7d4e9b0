// SPDX-License-Identifier: GPL-2.0
/*
 * Quick lists: taking blocks out that are not the first of their list, and repair. quick.h has the
 * picture and the context.
 */
#include "../compat/compat.h"
#include "damage.h"
#include "heap_sums.h"
#include "quick.h"
#include "repair.h"

/* Set up empty lists; @quick is zeroed. */
void dt_quick_init(struct dt_quick *quick)
{
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		quick_list(quick, nr)->max = quick_max(nr);
}

/*
 * The region of the block that a list's link leads to, or NULL if there is no block of the heap.
 * The link is not followed before the ledger agrees.
 */
static __always_inline struct dt_region *block_region(const struct dt_heap *heap,
						      const struct dt_cached *block)
{
	struct dt_region *region = buddy_lookup_owner(block);
	size_t offset = region_offset(region, block);

	if (likely(region_heap(region) == heap && !(offset & (DT_GRANULE - 1)) &&
		   ledger_is_block(READ_ONCE(region->ledger[offset >> DT_GRANULE_SHIFT]))))
		return region;
	return NULL;
}

/* Does a link lead to the start of a block of this region? As block_region(), without a lookup. */
static __always_inline bool is_block_of(const struct dt_region *region,
					const struct dt_cached *block)
{
	size_t offset = region_offset(region, block);

	return offset < region->bytes && !(offset & (DT_GRANULE - 1)) &&
	       ledger_is_block(READ_ONCE(region->ledger[offset >> DT_GRANULE_SHIFT]));
}

/* Take out a block that @link leads to. */
static void quick_remove(struct dt_quick_list *list, struct dt_cached **link,
			 struct dt_cached *block)
{
	WRITE_ONCE(*link, READ_ONCE(block->next));
	if (link == &list->first)
		list->own = false;
	if (want_init_on_free())
		block->next = NULL;
}

/* Empty all lists; what becomes of their blocks is up to the caller. */
void dt_quick_forget_all(struct dt_quick *quick)
{
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++)
		quick_list(quick, nr)->depth = 0;
	local64_set(&quick->nr_cached, 0);
}

/*
 * Put all blocks of the heap into the trees; its lists are empty, since the links between the
 * blocks are lost. Takes time in proportion to the regions that have blocks.
 */
static void free_blocks(struct dt_heap *heap)
{
	struct dt_region *region;
	struct region_sums was;
	const void *after = NULL;

	while ((region = dt_heap_region_above(heap, after))) {
		after = region->base;
		if (!region_nr_cached(region))
			continue;
		was = region_sums(region);
		dt_heap_rebuild(heap, region, false);
		heap_update_sums(heap, region, was);
		dt_heap_grown(heap, region);
	}
}

/* A link in the quick lists led nowhere: all their blocks become free, and the lists empty. */
void dt_quick_repair(struct dt_heap *heap)
{
	dt_report_damage(heap->lowest->dt, heap->lowest->base, "a list of cached blocks");
	dt_quick_forget_all(heap->quick);
	free_blocks(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_quick_repair);

/* Take out a block at any position in its list. Return: false if it was not found. */
bool dt_quick_unlink(struct dt_heap *heap, const struct dt_cached *block, unsigned int nr)
{
	struct dt_quick_list *list = quick_list(heap->quick, nr);
	struct dt_cached **link = &list->first, *at;
	unsigned int left = list->depth;

	for (; left; left--, link = &at->next) {
		at = READ_ONCE(*link);
		if (!block_region(heap, at))
			return false;
		if (at != block)
			continue;
		quick_remove(list, link, at);
		quick_forget(heap->quick, list, nr);
		return true;
	}
	return false;
}

/* Take out all blocks of a list that lie in a region. Return: false if a link leads nowhere. */
bool dt_quick_forget_region(struct dt_heap *heap, unsigned int nr, const struct dt_region *region)
{
	struct dt_quick_list *list = quick_list(heap->quick, nr);
	struct dt_cached **link = &list->first, *block;
	unsigned int left = list->depth;

	for (; left; left--) {
		block = READ_ONCE(*link);
		if (!is_block_of(region, block)) {
			if (!block_region(heap, block))
				return false;
			link = &block->next;
			continue;
		}
		quick_remove(list, link, block);
		quick_forget(heap->quick, list, nr);
	}
	return true;
}
