/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap with a hot range and quick lists, for the suites that try those: regions that are all
 * live until a case frees something, and pictures of them that a case can be held against.
 */
#ifndef DUALTREE_KUNIT_CACHE_BED_H
#define DUALTREE_KUNIT_CACHE_BED_H

#include <linux/err.h>
#include <linux/string.h>
#include <kunit/test.h>
#include <dualtree/buddy_pool.h>
#include "../dualtree/cache.h"
#include "../dualtree/check.h"
#include "../dualtree/ledger.h"
#include "granules.h"

#define BED_REGIONS	3

/* Granules of a region that its picture shows. */
#define PICTURE		64

/**
 * struct cache_bed - the heap under test
 * @pool: where the regions come from
 * @heap: the heap
 * @quick: its quick lists
 * @regions: all regions there are, in the heap or retired, by age
 * @nr_regions: how many
 */
struct cache_bed {
	struct buddy_pool *pool;
	struct dt_heap heap;
	struct dt_quick quick;
	struct dt_region *regions[BED_REGIONS];
	unsigned int nr_regions;
};

/* A region in the heap, all of it live. */
static inline struct dt_region *bed_add(struct kunit *test, struct cache_bed *bed,
					unsigned int order)
{
	struct dt_region *region;

	KUNIT_ASSERT_LT(test, bed->nr_regions, BED_REGIONS);
	region = dt_region_create((struct dualtree *)bed, bed->pool, order, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, region);
	bed->regions[bed->nr_regions++] = region;
	dt_heap_add_region(&bed->heap, region);
	KUNIT_ASSERT_PTR_EQ(test, dt_heap_alloc(&bed->heap, region->bytes), region->base);
	return region;
}

/* Two regions, of which @low lies lower. */
static inline void bed_add_two(struct kunit *test, struct cache_bed *bed, struct dt_region **low,
			       struct dt_region **high)
{
	*low = bed_add(test, bed, ORDER_OF_64);
	*high = bed_add(test, bed, ORDER_OF_64);
	if ((*low)->base > (*high)->base)
		swap(*low, *high);
}

/* The last bytes of these granules go; the heap does not know yet. */
static inline void bed_die(struct dt_region *region, unsigned int first, unsigned int nr)
{
	ledger_set(region->ledger, first, nr, 0);
}

/* As its owner frees them: they become hot. */
static inline void bed_free(struct cache_bed *bed, struct dt_region *region, unsigned int first,
			    unsigned int nr)
{
	bed_die(region, first, nr);
	dt_cache_free(&bed->heap, region, first, nr);
}

/* As others have freed them: they go where they belong. */
static inline void bed_put(struct cache_bed *bed, struct dt_region *region, unsigned int first,
			   unsigned int nr)
{
	bed_die(region, first, nr);
	dt_cache_put(&bed->heap, region, first, nr);
}

/* As if there had been requests for @nr granules that nothing in front of the trees served. */
static inline void bed_credit(struct cache_bed *bed, unsigned int nr, unsigned int times)
{
	quick_list(&bed->quick, nr)->credit += times;
}

static inline void draw(char *picture, unsigned int first, unsigned int nr, char what)
{
	for (; nr && first < PICTURE; first++, nr--)
		picture[first] = what;
}

/* '#' live, '.' in the trees, 'c' in a quick list, 'h' hot, '?' lost. */
static inline void bed_draw(const struct cache_bed *bed, const struct dt_region *region,
			    char *picture)
{
	const struct dt_hot_range *hot = &bed->heap.hot;
	const struct dt_cached *block;
	struct dt_extent *extent;
	unsigned int i;

	for (i = 0; i < PICTURE; i++)
		picture[i] = ledger_live(region->ledger[i]) ? '#' : '?';
	for (extent = extent_first(&region->free); extent; extent = extent_next(extent))
		draw(picture, region_index(region, extent), extent->nr, '.');
	for (i = 0; i < QUICK_LISTS; i++)
		for (block = bed->quick.lists[i].first; block; block = block->next)
			if (block->region == region)
				draw(picture, region_index(region, block), i + 1, 'c');
	if (hot->nr && hot->nr != HOT_OFF && hot->region == region)
		draw(picture, hot->first, hot->nr, 'h');
}

/* All invariants hold, and what is in flight is what is hot. */
static inline void bed_sound(struct kunit *test, const struct cache_bed *bed)
{
	struct dt_region_tally tally = { 0 };

	KUNIT_ASSERT_TRUE(test, dt_heap_check(&bed->heap, &tally));
	KUNIT_ASSERT_TRUE(test, dt_cache_check(&bed->heap));
	KUNIT_ASSERT_EQ(test, tally.in_flight, bed->heap.hot.nr);
}

/* The first granules of a region look so. */
static inline void bed_looks(struct kunit *test, const struct cache_bed *bed,
			     const struct dt_region *region, const char *want)
{
	char picture[PICTURE + 1] = { 0 };

	bed_draw(bed, region, picture);
	picture[strlen(want)] = 0;
	KUNIT_EXPECT_STREQ(test, picture, want);
	bed_sound(test, bed);
}

/* An empty heap, for a case whose test->priv it becomes. @bed is aligned to a cache line. */
static inline int bed_make(struct kunit *test, struct cache_bed *bed)
{
	*bed = (struct cache_bed){ 0 };
	bed->pool = buddy_pool_create("cache", NULL);
	if (IS_ERR(bed->pool))
		return PTR_ERR(bed->pool);
	dt_heap_init(&bed->heap);
	dt_cache_init(&bed->heap, &bed->quick);
	test->priv = bed;
	return 0;
}

/* Whatever the heap was left in. */
static inline void bed_unmake(struct kunit *test)
{
	struct cache_bed *bed = test->priv;

	if (!bed)
		return;
	while (bed->nr_regions)
		dt_region_destroy(bed->regions[--bed->nr_regions]);
	buddy_pool_destroy(bed->pool);
}

#endif /* DUALTREE_KUNIT_CACHE_BED_H */
