// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: where a request is placed, where a freed run goes, which regions stay.
 *
 * heap.h says who may call what.
 */
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>
#include "../compat/compat.h"
#include "heap.h"
#include "ledger.h"

/* A spare of so many bytes is kept for good; */
#define SPARE_SMALL	SZ_64K
/* so is one of less than this part of all that is held; */
#define SPARE_SHARE	16
/* another is kept for so many frees. */
#define SPARE_IDLE_MAX	512

static unsigned int region_largest(const struct dt_region *region)
{
	return extent_tree_largest(&region->free);
}

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

/**
 * struct region_sums - what the heap keeps of a region's trees, before they change
 * @nr_extents: their free extents
 * @largest: the largest of them
 */
struct region_sums {
	unsigned int nr_extents;
	unsigned int largest;
};

static struct region_sums region_sums(const struct dt_region *region)
{
	return (struct region_sums){ region->free.nr_extents, region_largest(region) };
}

/* The largest extent of all in a subtree, by what its root has and what its children say. */
static unsigned int largest_under(const struct dt_region *region)
{
	return max3(region_largest(region), subtree_largest(region->node.rb_left),
		    subtree_largest(region->node.rb_right));
}

/*
 * A region's largest extent is another: tell those above it, as far as that makes a difference
 * to them. by_largest_propagate() does it too, by asking both children of each.
 */
static noinline void heap_update_largest(struct dt_heap *heap, struct dt_region *region,
					 unsigned int was)
{
	unsigned int is = region_largest(region), largest;
	struct rb_node *node = &region->node;

	for (; node; node = rb_parent(node)) {
		region = rb_entry(node, struct dt_region, node);
		if (is >= region->subtree_largest)
			largest = is;
		else if (was == region->subtree_largest)
			largest = largest_under(region);
		else
			return;
		if (largest == region->subtree_largest)
			return;
		region->subtree_largest = largest;
		is = largest;
	}
	WRITE_ONCE(heap->largest, is);
}

/* The trees of a region have changed, by @nr granules: bring the heap up to date. */
static __always_inline void heap_update_sums(struct dt_heap *heap, struct dt_region *region,
					     struct region_sums was, long nr)
{
	stat_add(heap->nr_free, nr);
	if (region->free.nr_extents != was.nr_extents)
		stat_add(heap->nr_extents, region->free.nr_extents - (long)was.nr_extents);
	if (region_largest(region) != was.largest)
		heap_update_largest(heap, region, was.largest);
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

/* Take an empty region out and put it on its way back to the pool. */
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
	region->retired = heap->retired;
	heap->retired = region;
}

/*
 * Keep the region that emptied last: the next request is likely to be like the last ones,
 * and it could be served by this one.
 */
static void heap_keep_spare(struct dt_heap *heap, struct dt_region *region)
{
	if (heap->spare)
		heap_retire_region(heap, heap->spare);
	WRITE_ONCE(heap->spare, region);
	heap->spare_idle = 0;
}

/*
 * A spare that is large for what the heap holds by now, and that nothing has needed for a
 * while, goes back: it is what is left of better days.
 */
static void heap_age_spare(struct dt_heap *heap)
{
	if (++heap->spare_idle < SPARE_IDLE_MAX || heap->spare->bytes <= SPARE_SMALL ||
	    heap->spare->bytes < heap->held_bytes / SPARE_SHARE)
		return;
	dt_heap_retire_spare(heap);
}

/**
 * dt_heap_add_region() - let a heap use a region
 * @heap: the heap; the caller owns it
 * @region: a new region, all of it free
 *
 * Until something is allocated from it, it is the heap's spare.
 */
void dt_heap_add_region(struct dt_heap *heap, struct dt_region *region)
{
	/* Publish: a free on another CPU pushes to this heap. Pairs as litmus/heap-publish says. */
	smp_store_release(&region->heap, heap);
	heap_insert_region(heap, region);
	stat_add(heap->nr_regions, 1);
	stat_add(heap->held_bytes, region->bytes);
	stat_add(heap->nr_free, region->free.nr_free);
	stat_add(heap->nr_extents, region->free.nr_extents);
	heap_keep_spare(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_add_region);

/* Put the spare, if there is one, on its way back to the pool too. */
void dt_heap_retire_spare(struct dt_heap *heap)
{
	if (heap->spare)
		heap_retire_region(heap, heap->spare);
	WRITE_ONCE(heap->spare, NULL);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_retire_spare);

/*
 * Take all regions out, whatever is live in them: the end of an instance.
 *
 * Return: them, linked by region.retired.
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

/* The lowest-addressed region that can serve @nr granules; NULL if none can. */
static __always_inline struct dt_region *lowest_fit(const struct dt_heap *heap, unsigned int nr)
{
	struct dt_region *region, *left;
	struct rb_node *node;

	if (heap->largest < nr)
		return NULL;
	/* There is one under each node that is looked at. */
	for (node = heap->regions.rb_node;;) {
		region = rb_entry(node, struct dt_region, node);
		left = rb_entry(node->rb_left, struct dt_region, node);
		if (node->rb_left && left->subtree_largest >= nr) {
			node = node->rb_left;
			continue;
		}
		if (region_largest(region) >= nr)
			return region;
		node = node->rb_right;
	}
}

/* Could a region that lies lower than another serve @nr granules? */
bool dt_heap_fits_below(const struct dt_heap *heap, const struct dt_region *region, unsigned int nr)
{
	const struct dt_region *fit = lowest_fit(heap, nr);

	return fit && fit->base < region->base;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_fits_below);

/*
 * A request has been carved out of a region: write it down. @front is what was left of the
 * extent in front of it, in granules.
 */
static __always_inline void *heap_commit_alloc(struct dt_heap *heap, struct dt_region *region,
					       struct region_sums was, void *addr, size_t size,
					       unsigned int front)
{
	unsigned int nr = granules_of(size), first = region_index(region, addr);

	if (region == heap->spare)
		WRITE_ONCE(heap->spare, NULL);
	region->nr_inuse += nr;
	/* The extent is there still, so it, or a part, begins behind the request. */
	if (region->free.nr_extents == was.nr_extents + !!front)
		WRITE_ONCE(region->ledger[first + nr], LEDGER_FREE);
	if (front)
		WRITE_ONCE(region->ledger[first - 1], LEDGER_FREE);
	heap_update_sums(heap, region, was, -(long)nr);
	ledger_fill(region->ledger, first, nr, size);
	return addr;
}

/**
 * dt_heap_alloc() - place a request
 * @heap: the heap; the caller owns it
 * @size: bytes, 1 to what the largest region holds
 *
 * Return: the first byte, its bytes live in the ledger, or NULL if the heap must grow.
 */
void *dt_heap_alloc(struct dt_heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);
	struct dt_region *region = lowest_fit(heap, nr);
	struct region_sums was;

	if (!region)
		return NULL;
	was = region_sums(region);
	return heap_commit_alloc(heap, region, was, dt_extent_tree_alloc(&region->free, nr), size,
				 0);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_alloc);

/**
 * dt_heap_alloc_aligned() - place a request at a multiple of some size
 * @heap: the heap; the caller owns it
 * @size: bytes, 1 to what the largest region holds
 * @align: a power of two, more than a granule, at most as large as the largest region
 *
 * In the lowest region that is sure to have room for it wherever it begins, or else in the
 * spare: a region of @align bytes or more is a multiple of it itself.
 *
 * Return: the first byte, its bytes live in the ledger, or NULL if the heap must grow by a
 * region that both @size and @align fit in.
 */
void *dt_heap_alloc_aligned(struct dt_heap *heap, size_t size, size_t align)
{
	unsigned int nr = granules_of(size), front = 0;
	struct dt_region *region = lowest_fit(heap, nr + (align >> DT_GRANULE_SHIFT) - 1);
	struct region_sums was;
	void *addr;

	if (!region)
		region = heap->spare;
	if (!region)
		return NULL;
	was = region_sums(region);
	addr = dt_extent_tree_alloc_aligned(&region->free, nr, align, &front);
	return addr ? heap_commit_alloc(heap, region, was, addr, size, front) : NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_alloc_aligned);

/* The extent that begins at a granule, which has no free one in front of it, or NULL. */
static struct dt_extent *extent_at(const struct dt_region *region, unsigned int first)
{
	if (READ_ONCE(region->ledger[first]) != LEDGER_FREE)
		return NULL;
	return region_addr(region, first);
}

/* The extent that ends in front of a granule, or NULL. */
static struct dt_extent *extent_before(const struct dt_region *region, unsigned int first)
{
	if (ledger_before(region, first) != LEDGER_FREE)
		return NULL;
	return *extent_tag(region_addr(region, first));
}

/**
 * dt_heap_extend() - take granules behind live ones
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule, the one in front of which is live
 * @nr: how many, not 0
 *
 * Return: true if they were free and are the caller's now; their counts are to be set.
 */
bool dt_heap_extend(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		    unsigned int nr)
{
	struct region_sums was = region_sums(region);
	struct dt_extent *extent = extent_at(region, first);

	if (!extent || extent->nr < nr)
		return false;
	if (extent->nr > nr)
		WRITE_ONCE(region->ledger[first + nr], LEDGER_FREE);
	dt_extent_tree_carve(&region->free, extent, nr);
	region->nr_inuse += nr;
	heap_update_sums(heap, region, was, -(long)nr);
	return true;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_extend);

/**
 * dt_heap_free() - put granules back in which nothing is live any more
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 */
void dt_heap_free(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr)
{
	struct region_sums was = region_sums(region);
	struct dt_extent *extent;

	extent = dt_extent_tree_free(&region->free, region_addr(region, first), nr,
				     extent_before(region, first), extent_at(region, first + nr));
	ledger_mark(region->ledger, region_index(region, extent), extent->nr, LEDGER_FREE);
	region->nr_inuse -= nr;
	heap_update_sums(heap, region, was, nr);
	if (unlikely(region_empty(region)))
		heap_keep_spare(heap, region);
	else if (heap->spare)
		heap_age_spare(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_free);

/**
 * dt_heap_reset() - make one extent of a region in which nothing is live or on its way
 * @heap: the heap; the caller owns it
 * @region: a region of it, not empty; its blocks are in no quick list any more
 */
void dt_heap_reset(struct dt_heap *heap, struct dt_region *region)
{
	struct region_sums was = region_sums(region);
	long nr = region->nr - region->free.nr_free;

	dt_region_reset(region);
	heap_update_sums(heap, region, was, nr);
	heap_keep_spare(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_reset);

/* The lowest region that begins above an address, for those who walk them in steps. */
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
