// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: placing a request, inserting a freed run, keeping or retiring an empty region. heap.h
 * has the placement rule, the owners and the contexts.
 *
 *	the spare is retired when
 *	  another region becomes empty, or is added: that one is the new spare
 *	  it is large and SPARE_IDLE_MAX frees have not needed it, or no request between two looks
 *	  of trim.c
 *	  the heap is reclaimed, or no region can be got for a request
 */
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>
#include "../compat/compat.h"
#include "heap.h"
#include "heap_sums.h"
#include "ledger.h"
#include "repair.h"

/*
 * A spare of up to SPARE_SMALL bytes, the smallest region by default, is kept however long it
 * idles. So is one of less than 1/SPARE_SHARE of what the heap holds: it adds at most 7 % to that.
 */
#define SPARE_SMALL	SZ_64K
#define SPARE_SHARE	16

/*
 * Frees into the trees after which a spare that is larger, and that none of them needed, is
 * retired. Without this, trace E10k kept 2.67 bytes per live byte instead of 2.14.
 */
#define SPARE_IDLE_MAX	512

RB_DECLARE_CALLBACKS_MAX(static, by_largest, struct dt_region, node, unsigned int, subtree_largest,
			 region_largest)

static struct dt_region *region_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct dt_region, node);
}

static unsigned int subtree_largest(const struct rb_node *node)
{
	return node ? rb_entry(node, struct dt_region, node)->subtree_largest : 0;
}

void dt_heap_init(struct dt_heap *heap)
{
	*heap = (struct dt_heap){ .regions = RB_ROOT, .hot.nr = HOT_OFF };
	init_llist_head(&heap->remote);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_init);

/* The largest extent in a subtree, from its root's own and the children's subtree_largest. */
static unsigned int largest_under(const struct dt_region *region)
{
	return max3(region_largest(region), subtree_largest(region->node.rb_left),
		    subtree_largest(region->node.rb_right));
}

/* A region's largest extent has grown: raise the bounds above it, as far as they are lower. */
void dt_heap_raise_largest(struct dt_heap *heap, struct dt_region *region)
{
	unsigned int largest = region_largest(region);
	struct rb_node *node = &region->node;

	for (; node; node = rb_parent(node)) {
		region = rb_entry(node, struct dt_region, node);
		if (region->subtree_largest >= largest)
			return;
		region->subtree_largest = largest;
	}
	WRITE_ONCE(heap->largest, largest);
}

/*
 * The bound of a region has misled a search: lower it, and those above it. What a region's largest
 * extent loses is not told at once: the most that is carved is the largest extent of some region,
 * over and over, and few searches are misled.
 */
static noinline void heap_lower_largest(struct dt_heap *heap, struct dt_region *region)
{
	struct rb_node *node = &region->node;
	unsigned int largest;

	for (; node; node = rb_parent(node)) {
		region = rb_entry(node, struct dt_region, node);
		largest = largest_under(region);
		if (region->subtree_largest == largest)
			return;
		region->subtree_largest = largest;
	}
	WRITE_ONCE(heap->largest, largest);
}

static void heap_insert_region(struct dt_heap *heap, struct dt_region *region)
{
	struct rb_node **link = &heap->regions.rb_node, *parent = NULL;

	region->subtree_largest = region_largest(region);
	while (*link) {
		struct dt_region *above = region_entry(*link);

		parent = *link;
		if (above->subtree_largest < region->subtree_largest)
			above->subtree_largest = region->subtree_largest;
		link = region->base < above->base ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&region->node, parent, link);
	rb_insert_augmented(&region->node, &heap->regions, &by_largest);
	if (!heap->lowest || region->base < heap->lowest->base)
		heap->lowest = region;
	WRITE_ONCE(heap->largest, subtree_largest(heap->regions.rb_node));
}

/* Take an empty region out; heap_take_retired() hands it to the caller of the section. */
static void heap_retire_region(struct dt_heap *heap, struct dt_region *region)
{
	if (region == heap->lowest)
		heap->lowest = region_entry(rb_next(&region->node));
	rb_erase_augmented(&region->node, &heap->regions, &by_largest);
	WRITE_ONCE(heap->largest, subtree_largest(heap->regions.rb_node));
	stat_add(heap->nr_regions, -1);
	stat_add(heap->held_bytes, -region->bytes);
	stat_add(heap->nr_free, -(unsigned long)region->free.nr_free);
	stat_add(heap->nr_extents, -(unsigned long)region->free.nr_extents);
	heap_hand_over(heap, region);
}

/*
 * Keep an empty region as the spare, instead of the one that is. The next request is likely to be
 * like the last ones, which this region served.
 */
static void heap_keep_spare(struct dt_heap *heap, struct dt_region *region)
{
	if (heap->spare)
		heap_retire_region(heap, heap->spare);
	/* Publish: the shrinker reads the spare's size. Pairs with heap_spare_bytes(). */
	smp_store_release(&heap->spare, region);
	heap->spare_idle = 0;
	heap->spares++;
}

/* Is the spare more than what is kept however long it idles? There is one. */
static bool spare_is_large(const struct dt_heap *heap)
{
	return heap->spare->bytes > SPARE_SMALL &&
	       heap->spare->bytes >= heap->held_bytes / SPARE_SHARE;
}

/* A free into the trees has not needed the spare: retire it if it is large and idle. */
static void heap_age_spare(struct dt_heap *heap)
{
	if (++heap->spare_idle >= SPARE_IDLE_MAX && spare_is_large(heap))
		dt_heap_retire_spare(heap);
}

/**
 * dt_heap_add_region() - add a region to a heap
 * @heap: the heap
 * @region: a new region, all of it free
 *
 * It is the heap's spare until something is allocated from it.
 *
 * Context: Any; the caller owns the heap.
 */
void dt_heap_add_region(struct dt_heap *heap, struct dt_region *region)
{
	/* Publish: other CPUs push to this heap. Pairs with region_heap(): litmus/heap-publish. */
	smp_store_release(&region->heap, heap);
	heap_insert_region(heap, region);
	stat_add(heap->nr_regions, 1);
	stat_add(heap->held_bytes, region->bytes);
	if (heap->held_bytes > heap->peak_bytes)
		WRITE_ONCE(heap->peak_bytes, heap->held_bytes);
	stat_add(heap->nr_free, region->free.nr_free);
	stat_add(heap->nr_extents, region->free.nr_extents);
	heap_keep_spare(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_add_region);

/* Retire the spare, if there is one. */
void dt_heap_retire_spare(struct dt_heap *heap)
{
	if (heap->spare)
		heap_retire_region(heap, heap->spare);
	WRITE_ONCE(heap->spare, NULL);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_retire_spare);

/* Retire the spare if it is large, and is the one of the last call: no request has needed it. */
void dt_heap_retire_idle_spare(struct dt_heap *heap)
{
	if (heap->spare && heap->spares == heap->spares_seen && spare_is_large(heap))
		dt_heap_retire_spare(heap);
	heap->spares_seen = heap->spares;
}

/*
 * Retire all regions with all that is live in them, at the end of an instance. The heap's sums
 * are not kept.
 *
 * Return: the regions, linked by dt_region.retired, or NULL.
 */
struct dt_region *dt_heap_retire_all(struct dt_heap *heap)
{
	struct dt_region *region, *next;

	rbtree_postorder_for_each_entry_safe(region, next, &heap->regions, node) {
		region->retired = heap->retired;
		heap->retired = region;
	}
	heap->regions = RB_ROOT;
	heap->lowest = NULL;
	return heap_take_retired(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_retire_all);

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
		heap_lower_largest(heap, region);
	}
	return NULL;
}

/* Can a region at a lower address than @region serve @nr granules? */
bool dt_heap_fits_below(struct dt_heap *heap, const struct dt_region *region, unsigned int nr)
{
	const struct dt_region *fit = lowest_fit(heap, nr);

	return fit && fit->base < region->base;
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

/* The trees of a region do not have what the ledger says: make them again. */
static noinline void heap_repair_sums(struct dt_heap *heap, struct dt_region *region,
				      struct region_sums *was)
{
	dt_heap_repair(heap, region);
	heap_update_sums(heap, region, *was);
	*was = region_sums(region);
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
	first = dt_extent_tree_alloc(&region->free, nr);
	if (unlikely(first == EXTENT_NONE)) {
		heap_repair_sums(heap, region, &was);
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
		/* Of an extent that is used up the mark is still there. */
		WRITE_ONCE(region->ledger[first + total - 1], LEDGER_OWNED);
		region->nr_inuse += total - nr;
		heap->hot = (struct dt_hot_range){ .region = region, .first = first + nr,
						   .unit = nr };
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
		heap_repair_sums(heap, region, &was);
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

/* A region has more free extents than before: keep it if it is empty now. */
static __always_inline void heap_grown_free(struct dt_heap *heap, struct dt_region *region)
{
	if (unlikely(region_empty(region)))
		heap_keep_spare(heap, region);
	else if (heap->spare)
		heap_age_spare(heap);
}

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
	struct region_sums was = region_sums(region);

	dt_extent_tree_free(&region->free, first, nr);
	region->nr_inuse -= nr;
	if (unlikely(region->free.damaged))
		dt_heap_repair(heap, region);
	heap_update_sums(heap, region, was);
	heap_grown_free(heap, region);
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

	dt_region_reset(region);
	heap_update_sums(heap, region, was);
	heap_keep_spare(heap, region);
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
