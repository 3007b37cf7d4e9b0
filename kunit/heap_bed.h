/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap for the suites that try it, with real regions out of a pool of its own, and beside
 * each region a map that says what must be free in it.
 *
 * bed_alloc() and its like do a thing to the heap and to the maps, and see to it that both
 * agree.
 */
#ifndef DUALTREE_KUNIT_HEAP_BED_H
#define DUALTREE_KUNIT_HEAP_BED_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/test.h>
#include <dualtree/buddy_pool.h>
#include "../dualtree/check.h"
#include "../dualtree/heap.h"
#include "../dualtree/ledger.h"
#include "../dualtree/remote.h"
#include "granules.h"
#include "heap_helpers.h"

#define MAX_PLOTS	8
#define MAX_ORDER_HERE	3
#define MAX_GRANULES	(DT_PAGE_GRANULES << MAX_ORDER_HERE)

/**
 * struct plot - a region and what must be free in it
 * @region: the region
 * @map: MAP_* of each granule
 */
struct plot {
	struct dt_region *region;
	u8 map[MAX_GRANULES];
};

/**
 * struct bed - the heap under test and its surroundings
 * @pool: where the regions come from
 * @heap: the heap
 * @plots: the regions that exist, whether the heap has them or not, by address
 * @nr_plots: how many
 * @away: granules pushed and not drained
 * @drained: granules drained
 *
 * Static in each suite, since a heap is aligned to a cache line, which what kunit_kzalloc()
 * returns need not be.
 */
struct bed {
	struct buddy_pool *pool;
	struct dt_heap heap;
	struct plot *plots[MAX_PLOTS];
	unsigned int nr_plots;
	unsigned long away;
	unsigned long drained;
};

static inline struct plot *plot_of(struct bed *bed, const struct dt_region *region)
{
	unsigned int i;

	for (i = 0; i < bed->nr_plots; i++)
		if (bed->plots[i]->region == region)
			return bed->plots[i];
	return NULL;
}

/* A new region, in no heap, all of it free. */
static inline struct plot *bed_region(struct kunit *test, struct bed *bed, unsigned int order)
{
	struct plot *plot = kunit_kzalloc(test, sizeof(*plot), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, plot);
	KUNIT_ASSERT_LT(test, bed->nr_plots, MAX_PLOTS);
	plot->region = dt_region_create((struct dualtree *)bed, bed->pool, order, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, plot->region);
	memset(plot->map, MAP_FREE, plot->region->nr);
	for (i = bed->nr_plots++; i && bed->plots[i - 1]->region->base > plot->region->base; i--)
		bed->plots[i] = bed->plots[i - 1];
	bed->plots[i] = plot;
	return plot;
}

static inline struct plot *bed_attach(struct kunit *test, struct bed *bed, unsigned int order)
{
	struct plot *plot = bed_region(test, bed, order);

	dt_heap_add_region(&bed->heap, plot->region);
	return plot;
}

/* A region has left the heap: give it back. */
static inline void bed_drop(struct kunit *test, struct bed *bed, struct plot *plot)
{
	unsigned int i;

	dt_region_destroy(plot->region);
	for (i = 0; bed->plots[i] != plot; i++)
		;
	for (bed->nr_plots--; i < bed->nr_plots; i++)
		bed->plots[i] = bed->plots[i + 1];
	kunit_kfree(test, plot);
}

/* All sums, by the maps. */
static inline void bed_check_sums(struct kunit *test, struct bed *bed)
{
	unsigned int largest = 0, nr_regions = 0, i;
	unsigned long nr_free = 0, nr_extents = 0;
	size_t held = 0;

	for (i = 0; i < bed->nr_plots; i++) {
		struct dt_region *region = bed->plots[i]->region;
		struct map_sums sums = map_sums(bed->plots[i]->map, region->nr);

		nr_free += sums.nr_free;
		nr_extents += sums.nr_extents;
		largest = max(largest, sums.largest);
		held += PAGE_SIZE << region->order;
		nr_regions++;
	}
	KUNIT_ASSERT_EQ(test, bed->heap.nr_free, nr_free);
	KUNIT_ASSERT_EQ(test, bed->heap.nr_extents, nr_extents);
	KUNIT_ASSERT_EQ(test, bed->heap.largest, largest);
	KUNIT_ASSERT_EQ(test, bed->heap.held_bytes, held);
	KUNIT_ASSERT_EQ(test, bed->heap.nr_regions, nr_regions);
	KUNIT_ASSERT_EQ(test, local64_read(&bed->heap.counts.in_flight), -(s64)bed->drained);
}

/* The sums, and the heap's own check. All regions there are must be in the heap. */
static inline void bed_check(struct kunit *test, struct bed *bed)
{
	struct dt_region_tally tally = { 0 };

	bed_check_sums(test, bed);
	KUNIT_ASSERT_TRUE(test, dt_heap_check(&bed->heap, &tally));
	KUNIT_ASSERT_EQ(test, tally.in_flight, bed->away);
}

/* Where @nr granules belong: the first region that has room, the best fit in it. */
static inline void *bed_best_fit(struct bed *bed, unsigned int nr)
{
	unsigned int i, first;

	for (i = 0; i < bed->nr_plots; i++) {
		struct dt_region *region = bed->plots[i]->region;

		first = map_best_fit(bed->plots[i]->map, region->nr, nr);
		if (first < region->nr)
			return region->base + ((size_t)first << DT_GRANULE_SHIFT);
	}
	return NULL;
}

static inline void map_set(struct bed *bed, struct dt_region *region, unsigned int first,
			   unsigned int nr, u8 what)
{
	memset(plot_of(bed, region)->map + first, what, nr);
}

static inline struct dt_region *region_at(struct kunit *test, const struct bed *bed,
					  const void *addr)
{
	unsigned int i;

	for (i = 0; i < bed->nr_plots; i++) {
		struct dt_region *region = bed->plots[i]->region;

		if (addr >= region->base && addr < region->base + region->bytes)
			return region;
	}
	KUNIT_ASSERT_TRUE_MSG(test, false, "%p is in no region", addr);
	return NULL;
}

/* Return: where the request went, which is where it belongs. Its bytes are live. */
static inline void *bed_alloc(struct kunit *test, struct bed *bed, size_t size)
{
	unsigned int nr = DIV_ROUND_UP(size, DT_GRANULE), first, i;
	void *addr, *want = bed_best_fit(bed, nr);
	struct dt_region *region;

	addr = dt_heap_alloc(&bed->heap, size);
	KUNIT_ASSERT_PTR_EQ(test, addr, want);
	if (!addr)
		return NULL;
	region = region_at(test, bed, addr);
	first = (addr - region->base) / DT_GRANULE;
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, region->ledger[first + i],
				min_t(size_t, DT_GRANULE, size - i * DT_GRANULE));
	map_set(bed, region, first, nr, MAP_LIVE);
	return addr;
}

/* Nothing is live in these granules any more; the heap does not know yet. */
static inline void bed_let_die(struct bed *bed, struct dt_region *region, unsigned int first,
			       unsigned int nr)
{
	ledger_set(region->ledger, first, nr, 0);
	map_set(bed, region, first, nr, MAP_FREE);
}

static inline void bed_free(struct kunit *test, struct bed *bed, void *addr, size_t size)
{
	struct dt_region *region = region_at(test, bed, addr);
	unsigned int first = (addr - region->base) / DT_GRANULE;
	unsigned int nr = DIV_ROUND_UP(size, DT_GRANULE);

	bed_let_die(bed, region, first, nr);
	dt_heap_free(&bed->heap, region, first, nr);
}

static inline void bed_push(struct bed *bed, struct dt_region *region, unsigned int first,
			    unsigned int nr)
{
	bed_let_die(bed, region, first, nr);
	map_set(bed, region, first, nr, MAP_ON_ITS_WAY);
	bed->away += nr;
	remote_push(region, region->base + ((size_t)first << DT_GRANULE_SHIFT), nr);
}

/* As an owner does it: with preemption off. */
static inline bool bed_drain(struct bed *bed, unsigned int most)
{
	bool more;

	preempt_disable();
	more = dt_heap_drain(&bed->heap, most);
	preempt_enable();
	return more;
}

/* All that was on its way has arrived: say so in the maps. */
static inline void bed_arrived(struct bed *bed)
{
	unsigned int i, j;

	for (i = 0; i < bed->nr_plots; i++)
		for (j = 0; j < bed->plots[i]->region->nr; j++)
			if (bed->plots[i]->map[j] == MAP_ON_ITS_WAY)
				bed->plots[i]->map[j] = MAP_FREE;
	bed->drained += bed->away;
	bed->away = 0;
}

/* Give back what the heap has retired. Return: how many regions. */
static inline unsigned int bed_give_back(struct kunit *test, struct bed *bed)
{
	struct dt_region *region = heap_take_retired(&bed->heap), *next;
	unsigned int nr = 0;

	for (; region; region = next, nr++) {
		struct plot *plot = plot_of(bed, region);

		next = region->retired;
		KUNIT_ASSERT_NOT_NULL(test, plot);
		KUNIT_ASSERT_EQ(test, map_sums(plot->map, region->nr).nr_free, region->nr);
		bed_drop(test, bed, plot);
	}
	KUNIT_ASSERT_NULL(test, heap_take_retired(&bed->heap));
	return nr;
}

/* A region in the heap, all of it live but for what a case frees. */
static inline struct plot *bed_attach_live(struct kunit *test, struct bed *bed, unsigned int order)
{
	struct plot *plot = bed_attach(test, bed, order);

	KUNIT_ASSERT_PTR_EQ(test, dt_heap_alloc(&bed->heap, PAGE_SIZE << order),
			    plot->region->base);
	memset(plot->map, MAP_LIVE, plot->region->nr);
	return plot;
}

static inline void free_in(struct kunit *test, struct bed *bed, struct plot *plot,
			   unsigned int first, unsigned int nr)
{
	bed_free(test, bed, region_addr(plot->region, first), nr * DT_GRANULE);
}

/* An empty heap, for a case whose test->priv it becomes. */
static inline int bed_make(struct kunit *test, struct bed *bed)
{
	*bed = (struct bed){ 0 };
	bed->pool = buddy_pool_create("heap", NULL);
	if (IS_ERR(bed->pool))
		return PTR_ERR(bed->pool);
	dt_heap_init(&bed->heap);
	test->priv = bed;
	return 0;
}

/* Whatever the heap was left in: all regions are known here, and so is what they took. */
static inline void bed_unmake(struct kunit *test)
{
	struct buddy_pool_stats stats;
	struct bed *bed = test->priv;

	if (!bed)
		return;
	while (bed->nr_plots)
		dt_region_destroy(bed->plots[--bed->nr_plots]->region);
	buddy_pool_get_stats(bed->pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, stats.free_bytes);
	buddy_pool_destroy(bed->pool);
}

#endif /* DUALTREE_KUNIT_HEAP_BED_H */
