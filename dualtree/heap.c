// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: where a request is placed, where a freed run goes, which regions stay.
 *
 * heap.h says who may call what.
 */
#include <linux/rbtree_augmented.h>
#include "../compat/compat.h"
#include "heap.h"
#include "ledger.h"

/**
 * struct remote_run - freed granules on their way to their owner; lies in the first
 * @link: next in heap.remote
 * @nr: how many
 */
struct remote_run {
	struct llist_node link;
	unsigned int nr;
};

static_assert(sizeof(struct remote_run) <= DT_GRANULE);

static unsigned int region_largest(const struct region *region)
{
	return extent_tree_largest(&region->free);
}

RB_DECLARE_CALLBACKS_MAX(static, by_largest, struct region, node, unsigned int, subtree_largest,
			 region_largest)

static struct region *region_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct region, node);
}

static unsigned int subtree_largest(const struct rb_node *node)
{
	return node ? region_entry(node)->subtree_largest : 0;
}

void heap_init(struct heap *heap)
{
	*heap = (struct heap){ .regions = RB_ROOT };
	init_llist_head(&heap->remote);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_init);

/**
 * struct region_sums - what the heap keeps of a region's trees, before they change
 * @nr_extents: their free extents
 * @largest: the largest of them
 */
struct region_sums {
	unsigned int nr_extents;
	unsigned int largest;
};

static struct region_sums region_sums(const struct region *region)
{
	return (struct region_sums){ region->free.nr_extents, region_largest(region) };
}

/* The trees of a region have changed, by @nr granules: bring the heap up to date. */
static void region_changed(struct heap *heap, struct region *region, struct region_sums was,
			   long nr)
{
	heap_count(heap->nr_free, nr);
	heap_count(heap->nr_extents, (long)region->free.nr_extents - (long)was.nr_extents);
	if (region_largest(region) == was.largest)
		return;
	by_largest_propagate(&region->node, NULL);
	WRITE_ONCE(heap->largest, subtree_largest(heap->regions.rb_node));
}

static void region_insert(struct heap *heap, struct region *region)
{
	struct rb_node **link = &heap->regions.rb_node, *parent = NULL;

	region->subtree_largest = region_largest(region);
	while (*link) {
		struct region *above = region_entry(*link);

		parent = *link;
		if (above->subtree_largest < region->subtree_largest)
			above->subtree_largest = region->subtree_largest;
		link = region->base < above->base ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&region->node, parent, link);
	rb_insert_augmented(&region->node, &heap->regions, &by_largest);
	WRITE_ONCE(heap->largest, subtree_largest(heap->regions.rb_node));
}

/* Take an empty region out and put it on its way back to the pool. */
static void region_retire(struct heap *heap, struct region *region)
{
	rb_erase_augmented(&region->node, &heap->regions, &by_largest);
	WRITE_ONCE(heap->largest, subtree_largest(heap->regions.rb_node));
	heap_count(heap->nr_regions, -1);
	heap_count(heap->held_bytes, -region_bytes(region));
	heap_count(heap->nr_free, -(unsigned long)region->free.nr_free);
	heap_count(heap->nr_extents, -(unsigned long)region->free.nr_extents);
	region->retired = heap->retired;
	heap->retired = region;
}

/*
 * Keep the region that emptied last: the next request is likely to be like the last ones,
 * and it could be served by this one.
 */
static void region_emptied(struct heap *heap, struct region *region)
{
	if (heap->spare)
		region_retire(heap, heap->spare);
	heap->spare = region;
}

/**
 * heap_attach() - let a heap use a region
 * @heap: the heap; the caller owns it
 * @region: a new region, all of it free
 *
 * Until something is allocated from it, it is the heap's spare.
 */
void heap_attach(struct heap *heap, struct region *region)
{
	region->heap = heap;
	region_insert(heap, region);
	heap_count(heap->nr_regions, 1);
	heap_count(heap->held_bytes, region_bytes(region));
	heap_count(heap->nr_free, region->free.nr_free);
	heap_count(heap->nr_extents, region->free.nr_extents);
	region_emptied(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_attach);

/* Put the spare, if there is one, on its way back to the pool too. */
void heap_retire_spare(struct heap *heap)
{
	if (heap->spare)
		region_retire(heap, heap->spare);
	heap->spare = NULL;
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_retire_spare);

/*
 * Take all regions out, whatever is live in them: the end of an instance.
 *
 * Return: them, linked by region.retired.
 */
struct region *heap_retire_all(struct heap *heap)
{
	struct region *region, *next;

	rbtree_postorder_for_each_entry_safe(region, next, &heap->regions, node) {
		region->retired = heap->retired;
		heap->retired = region;
	}
	heap->regions = RB_ROOT;
	return heap_take_retired(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_retire_all);

/* The lowest-addressed region that can serve @nr granules; NULL if none can. */
static struct region *lowest_fit(const struct heap *heap, unsigned int nr)
{
	struct rb_node *node = heap->regions.rb_node;

	if (subtree_largest(node) < nr)
		return NULL;
	for (;;) {
		if (subtree_largest(node->rb_left) >= nr) {
			node = node->rb_left;
			continue;
		}
		if (region_largest(region_entry(node)) >= nr)
			return region_entry(node);
		node = node->rb_right;
	}
}

/**
 * heap_alloc() - place a request
 * @heap: the heap; the caller owns it
 * @size: bytes, 1 to what the largest region holds
 *
 * Return: the first byte, its bytes live in the ledger, or NULL if the heap must grow.
 */
void *heap_alloc(struct heap *heap, size_t size)
{
	unsigned int nr = granules_of(size);
	struct region *region = lowest_fit(heap, nr);
	struct region_sums was;
	void *addr;

	if (!region)
		return NULL;
	was = region_sums(region);
	addr = extent_tree_alloc(&region->free, nr);
	if (region == heap->spare)
		heap->spare = NULL;
	region_changed(heap, region, was, -(long)nr);
	ledger_fill(region->ledger, region_index(region, addr), nr, size);
	return addr;
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_alloc);

/**
 * heap_free() - put granules back in which nothing is live any more
 * @heap: the heap; the caller owns it
 * @region: a region of it
 * @first: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger
 */
void heap_free(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	struct region_sums was = region_sums(region);

	extent_tree_free(&region->free, region_addr(region, first), nr);
	region_changed(heap, region, was, nr);
	if (unlikely(region_empty(region)))
		region_emptied(heap, region);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_free);

/**
 * heap_push() - send granules to a heap that is somebody else's
 * @heap: the heap
 * @addr: the first granule
 * @nr: how many, not 0; all of them 0 in the ledger, and the caller's alone
 *
 * The link lies in the granules themselves, so this needs nothing and cannot fail.
 *
 * Context: Any, NMI included.
 */
void heap_push(struct heap *heap, void *addr, unsigned int nr)
{
	struct remote_run *run = addr;

	run->nr = nr;
	llist_add(&run->link, &heap->remote);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_push);

/**
 * heap_drain() - put into the trees what others have freed
 * @heap: the heap; the caller owns it
 * @most: at most so many runs, which bounds the section
 *
 * The whole list is taken with one exchange, and what is over is kept for the next time.
 *
 * Return: true if there is more.
 */
bool heap_drain(struct heap *heap, unsigned int most)
{
	if (!heap->pending)
		heap->pending = llist_del_all(&heap->remote);
	while (heap->pending && most--) {
		struct remote_run *run = llist_entry(heap->pending, struct remote_run, link);
		struct region *region = region_of(run);
		unsigned int nr = run->nr;

		heap->pending = run->link.next;
		heap_count(heap->counts.in_flight, -(s64)nr);
		heap_free(heap, region, region_index(region, run), nr);
	}
	return heap_has_remote(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_drain);

/* The lowest region that begins above an address, for those who walk them in steps. */
struct region *heap_region_above(const struct heap *heap, const void *addr)
{
	struct rb_node *node = heap->regions.rb_node;
	struct region *above = NULL;

	while (node) {
		struct region *region = region_entry(node);

		if (region->base > addr) {
			above = region;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return above;
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_region_above);

static bool largest_check(const struct region *region)
{
	unsigned int largest = max3(region_largest(region), subtree_largest(region->node.rb_left),
				    subtree_largest(region->node.rb_right));

	return region->subtree_largest == largest;
}

/**
 * heap_check() - do all invariants of a heap hold?
 * @heap: the heap; the caller owns it
 * @tally: what the ledgers of its regions say is added to it
 *
 * For tests and debug kernels: visits every extent and every granule.
 *
 * Return: true if they do.
 */
bool heap_check(const struct heap *heap, struct region_tally *tally)
{
	unsigned long nr_free = 0, nr_extents = 0;
	unsigned int nr_regions = 0;
	const struct region *before = NULL, *region;
	struct rb_node *node;
	size_t held = 0;
	bool spare, spare_seen = false;

	for (node = rb_first(&heap->regions); node; node = rb_next(node)) {
		region = region_entry(node);
		if (region->heap != heap || (before && before->base >= region->base))
			return false;
		spare = region == heap->spare;
		if (region_empty(region) != spare)
			return false;
		spare_seen |= spare;
		if (!largest_check(region) || !region_check(region, tally))
			return false;
		nr_free += region->free.nr_free;
		nr_extents += region->free.nr_extents;
		held += region_bytes(region);
		nr_regions++;
		before = region;
	}
	return nr_free == heap->nr_free && nr_extents == heap->nr_extents &&
	       held == heap->held_bytes && nr_regions == heap->nr_regions &&
	       spare_seen == !!heap->spare &&
	       heap->largest == subtree_largest(heap->regions.rb_node);
}
EXPORT_SYMBOL_FOR_DT_TEST(heap_check);
