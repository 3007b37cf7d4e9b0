// SPDX-License-Identifier: GPL-2.0
/*
 * A heap's regions: adding one, keeping one that is empty as the spare, retiring it. The regions
 * are a tree by address; each node has a bound of the largest extent of all regions under it.
 *
 *	the spare is retired when
 *	  another region becomes empty, or is added: that one is the new spare
 *	  it is large and SPARE_IDLE_MAX frees have not needed it, or no request between two looks
 *	  of trim.c
 *	  the heap is reclaimed, or no region can be got for a request
 *
 * Context: any; the caller owns the heap. No locks.
 */
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>
#include "../compat/compat.h"
#include "heap_regions.h"
#include "heap_sums.h"

/*
 * A spare of up to SPARE_SMALL bytes, the smallest region by default, is kept however long it
 * idles. So is one of less than 1/SPARE_SHARE of what the heap holds: it adds at most 7 % to that.
 */
#define SPARE_SMALL	SZ_64K
#define SPARE_SHARE	16

RB_DECLARE_CALLBACKS_MAX(static, by_largest, struct dt_region, node, unsigned int, subtree_largest,
			 region_largest)

/* The largest extent in a subtree, from its root's own and the children's subtree_largest. */
static unsigned int largest_under(const struct dt_region *region)
{
	return max3(region_largest(region), subtree_largest(region->node.rb_left),
		    subtree_largest(region->node.rb_right));
}

/* A region's largest extent has grown, or is new: what heap_packed() goes by. */
static void heap_raise_low(struct dt_heap *heap, const struct dt_region *region)
{
	if (region->base < heap->low_end && region_largest(region) > heap->low_largest)
		heap->low_largest = region_largest(region);
}

/* A region's largest extent has grown: raise the bounds above it, as far as they are lower. */
void dt_heap_raise_largest(struct dt_heap *heap, struct dt_region *region)
{
	unsigned int largest = region_largest(region);
	struct rb_node *node = &region->node;

	heap_raise_low(heap, region);
	for (; node; node = rb_parent(node)) {
		region = rb_entry(node, struct dt_region, node);
		if (region->subtree_largest >= largest)
			return;
		region->subtree_largest = largest;
	}
	WRITE_ONCE(heap->largest, largest);
}

/*
 * The bound of a region has misled a search: lower it, and those above it. Where a largest extent
 * shrinks they stay: most requests are carved from the largest extent of some region, and few
 * searches are misled.
 */
void dt_heap_lower_largest(struct dt_heap *heap, struct dt_region *region)
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

	heap_raise_low(heap, region);
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
void dt_heap_keep_spare(struct dt_heap *heap, struct dt_region *region)
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

/* SPARE_IDLE_MAX of what ages the spare have not needed it: retire it if it is large. */
void dt_heap_age_spare(struct dt_heap *heap)
{
	if (spare_is_large(heap))
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
	dt_heap_keep_spare(heap, region);
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

	rbtree_postorder_for_each_entry_safe(region, next, &heap->regions, node)
		heap_hand_over(heap, region);
	heap->regions = RB_ROOT;
	heap->lowest = NULL;
	return heap_take_retired(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_retire_all);
