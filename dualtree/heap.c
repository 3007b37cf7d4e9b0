// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: placing a request, inserting a freed run. heap.h has the placement rule, the owners and
 * the contexts; heap_regions.c keeps and retires regions.
 */
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>
#include "../compat/compat.h"
#include "deferred.h"
#include "extent_ops.h"
#include "heap.h"
#include "heap_free.h"
#include "heap_regions.h"
#include "heap_sums.h"
#include "ledger.h"
#include "repair.h"

void dt_heap_init(struct dt_heap *heap)
{
	*heap = (struct dt_heap){ .regions = RB_ROOT, .hot.nr = HOT_OFF };
	init_llist_head(&heap->remote);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_init);

/*
 * The lowest-addressed region whose bound says that it can serve @nr granules, or the one whose
 * bound misleads, if it is met first. The heap's bound is @nr at least.
 */
static __always_inline struct dt_region *lowest_hint(const struct dt_heap *heap, unsigned int nr)
{
	struct dt_region *region, *left;
	struct rb_node *node;

	for (node = heap->regions.rb_node;;) {
		region = rb_entry(node, struct dt_region, node);
		left = rb_entry(node->rb_left, struct dt_region, node);
		if (node->rb_left && left->subtree_largest >= nr) {
			node = node->rb_left;
			continue;
		}
		if (region_largest(region) >= nr || subtree_largest(node->rb_right) < nr)
			return region;
		node = node->rb_right;
	}
}

/* The lowest-addressed region that can serve @nr granules; NULL if none can. */
static __always_inline struct dt_region *lowest_fit(struct dt_heap *heap, unsigned int nr)
{
	struct dt_region *region;

	while (heap->largest >= nr) {
		region = lowest_hint(heap, nr);
		if (likely(region_largest(region) >= nr))
			return region;
		dt_heap_lower_largest(heap, region);
	}
	return NULL;
}

/*
 * Can a region at a lower address than @region serve @nr granules? Where none can, heap_packed()
 * says so from now on.
 */
bool dt_heap_fits_below(struct dt_heap *heap, const struct dt_region *region, unsigned int nr)
{
	const struct dt_region *fit = lowest_fit(heap, nr);

	if (fit && fit->base < region->base)
		return true;
	heap->low_end = fit ? fit->base : (void *)ULONG_MAX;
	heap->low_largest = nr - 1;
	return false;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_fits_below);

/* Record a request that was carved from a region, from granule @first on. */
static __always_inline void *heap_commit_alloc(struct dt_heap *heap, struct dt_region *region,
					       struct region_sums was, unsigned int first,
					       size_t size)
{
	unsigned int nr = granules_of(size);

	if (region == heap->spare)
		WRITE_ONCE(heap->spare, NULL);
	region->nr_inuse += nr;
	ledger_fill(region->ledger, first, nr, size);
	if (unlikely(region->free.damaged))
		dt_heap_repair(heap, region);
	heap_update_sums(heap, region, was);
	return region_addr(region, first);
}

/*
 * The trees of a region do not have what the ledger says: make them again. The sums are passed one
 * by one: as an object they would have to be in memory, in each caller's usual path.
 */
static noinline void heap_repair_sums(struct dt_heap *heap, struct dt_region *region,
				      unsigned int nr_free, unsigned int nr_extents,
				      unsigned int largest)
{
	dt_heap_repair(heap, region);
	heap_update_sums(heap, region, (struct region_sums){ nr_free, nr_extents, largest });
}

/**
 * dt_heap_alloc() - serve a request from the trees
 * @heap: the heap
 * @size: size in bytes, not 0
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL if the heap must grow.
 */
void *dt_heap_alloc(struct dt_heap *heap, size_t size)
{
	unsigned int first, nr = granules_of(size);
	struct dt_region *region = lowest_fit(heap, nr);
	struct region_sums was;

	if (!region)
		return NULL;
	was = region_sums(region);
	first = extent_tree_alloc(&region->free, nr);
	if (unlikely(first == EXTENT_NONE)) {
		heap_repair_sums(heap, region, was.nr_free, was.nr_extents, was.largest);
		was = region_sums(region);
		first = dt_extent_tree_alloc(&region->free, nr);
	}
	return likely(first != EXTENT_NONE) ? heap_commit_alloc(heap, region, was, first, size) :
					      NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_alloc);

/**
 * dt_heap_alloc_run() - serve a request from the trees, and the next ones of its size
 * @heap: the heap; no range is hot, and one may be
 * @size: size in bytes, not 0
 * @max: max number of granules to carve, at least as many as @size needs
 *
 * What is carved from the same extent beyond the request becomes hot, with the request's size as
 * its unit.
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL if the heap must grow.
 */
void *dt_heap_alloc_run(struct dt_heap *heap, size_t size, unsigned int max)
{
	unsigned int first, total, nr = granules_of(size);
	struct dt_region *region = lowest_fit(heap, nr);
	struct region_sums was;

	if (!region)
		return NULL;
	was = region_sums(region);
	first = dt_extent_tree_alloc_run(&region->free, nr, max, &total);
	/* The trees are damaged: this finds it again. */
	if (unlikely(first == EXTENT_NONE))
		return dt_heap_alloc(heap, size);
	if (total != nr) {
		/* An extent that is used up has left its mark there. */
		WRITE_ONCE(region->ledger[first + total - 1], LEDGER_OWNED);
		region->nr_inuse += total - nr;
		heap->hot.region = region;
		heap->hot.first = first + nr;
		heap->hot.unit = nr;
		WRITE_ONCE(heap->hot.nr, total - nr);
	}
	return heap_commit_alloc(heap, region, was, first, size);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_alloc_run);

/**
 * dt_heap_alloc_aligned() - serve an aligned request from the trees
 * @heap: the heap
 * @size: size in bytes, not 0
 * @align: alignment in bytes, a power of two, more than a granule
 *
 * Tries the lowest region with an extent that holds the request wherever the extent begins. Where
 * there is none it tries the spare: a region of at least @align bytes is itself aligned.
 *
 * Context: Any; the caller owns the heap.
 * Return: the address of @size bytes, live in the ledger, or NULL if the heap must grow, by a
 * region of at least @size and @align bytes.
 */
void *dt_heap_alloc_aligned(struct dt_heap *heap, size_t size, size_t align)
{
	unsigned int nr = granules_of(size), before, first;
	struct dt_region *fit = lowest_fit(heap, nr + (align >> DT_GRANULE_SHIFT) - 1);
	struct dt_region *region = fit ?: heap->spare;
	struct region_sums was;

	if (!region)
		return NULL;
	was = region_sums(region);
	first = dt_extent_tree_alloc_aligned(&region->free, nr, align, &before);
	/* An extent that would fit is not found: a link to it is gone. */
	if (unlikely(first == EXTENT_NONE && (fit || region->free.damaged))) {
		heap_repair_sums(heap, region, was.nr_free, was.nr_extents, was.largest);
		was = region_sums(region);
		first = dt_extent_tree_alloc_aligned(&region->free, nr, align, &before);
	}
	return first != EXTENT_NONE ? heap_commit_alloc(heap, region, was, first, size) : NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_alloc_aligned);

/**
 * dt_heap_extend() - take granules after a live one
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule; the one before it is live
 * @nr: number of granules, not 0
 *
 * Context: Any; the caller owns the heap.
 * Return: true if the granules were in one extent and are the caller's now, which sets their
 * counts; false, with nothing changed, if not.
 */
bool dt_heap_extend(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		    unsigned int nr)
{
	struct region_sums was = region_sums(region);

	if (!ledger_is_first(READ_ONCE(region->ledger[first])) ||
	    extent_nr_from(&region->free, first) < nr)
		return false;
	dt_extent_tree_carve(&region->free, first, nr);
	region->nr_inuse += nr;
	if (unlikely(region->free.damaged)) {
		ledger_set(region->ledger, first, nr, DT_GRANULE);
		dt_heap_repair(heap, region);
	}
	heap_update_sums(heap, region, was);
	return true;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_extend);

/**
 * dt_heap_free() - insert freed granules into the trees
 * @heap: the heap
 * @region: a region of the heap
 * @first: first granule
 * @nr: number of granules, not 0, all LEDGER_OWNED, and @region counts them as in use
 *
 * Context: Any; the caller owns the heap.
 */
void dt_heap_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr)
{
	heap_free(heap, region, first, nr);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_free);

/**
 * dt_heap_cut() - take the end off a region
 * @heap: the heap
 * @region: a region of the heap
 * @nr: granules that stay, whole pages and not all. Those after them are the end of one extent.
 *
 * Context: Any; the caller owns the heap. If @region->nr is @nr then, the caller returns the pages
 * to the pool; if not, the trees were damaged, and are made again.
 */
void dt_heap_cut(struct dt_heap *heap, struct dt_region *region, unsigned int nr)
{
	struct region_sums was = region_sums(region);
	size_t bytes = region->bytes;

	dt_region_cut(region, nr);
	if (unlikely(region->free.damaged))
		dt_heap_repair(heap, region);
	stat_add(heap->held_bytes, region->bytes - bytes);
	heap_update_sums(heap, region, was);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_cut);

/**
 * dt_heap_reset() - make one free extent of a region
 * @heap: the heap
 * @region: a region of the heap in which nothing is live, hot or in flight; not empty, and its
 *	blocks are in no quick list any more
 *
 * Context: Any; the caller owns the heap.
 */
void dt_heap_reset(struct dt_heap *heap, struct dt_region *region)
{
	struct region_sums was = region_sums(region);

	dt_deferred_forget(heap, region);
	dt_region_reset(region);
	heap_update_sums(heap, region, was);
	dt_heap_keep_spare(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_reset);

/* heap_grown_free() for files other than this one. */
void dt_heap_grown(struct dt_heap *heap, struct dt_region *region)
{
	heap_grown_free(heap, region);
}

/* The lowest region that begins after @addr, or NULL: where a walk over the regions continues. */
struct dt_region *dt_heap_region_above(const struct dt_heap *heap, const void *addr)
{
	struct rb_node *node = heap->regions.rb_node;
	struct dt_region *above = NULL;

	while (node) {
		struct dt_region *region = region_entry(node);

		if (region->base > addr) {
			above = region;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return above;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_region_above);
