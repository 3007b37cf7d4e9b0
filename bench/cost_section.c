// SPDX-License-Identifier: GPL-2.0
/*
 * What interrupts and other CPUs cause, counted on one CPU, and the longest sections.
 *
 * A free that finds its heap not ready is what a free from another CPU is: a push to the
 * remote list. So a heap that is made to look so shows what a push costs, and what its owner then
 * takes to bring it home, without a second CPU and its caches.
 *
 * A section ends before its call returns, so a call that is made to find the most there can be
 * to do is no shorter than its section. Each row of "longest section" is one such call, the
 * longest of those that were made.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "../dualtree/cache.h"
#include "../dualtree/remote.h"
#include "../dualtree/section.h"
#include "contenders.h"
#include "cost.h"

#define BATCH	64
#define SIZE	1500

/* Stands in for a heap that is not ready: no region is its. */
static struct dt_heap nothing = { .hot.nr = HOT_OFF };

/* Of one free each, while this CPU's heap is not ready; slots @first, and each @step after it. */
static u64 push(struct dualtree *dt, unsigned int first, unsigned int step, unsigned int nr)
{
	struct cost_slot *slot = dt_cost_table->slots + first;
	struct dt_heap *heap;
	u64 start, ns;

	preempt_disable();
	heap = this_cpu_ptr(dt->slots)->active;
	this_cpu_ptr(dt->slots)->active = &nothing;
	barrier();
	start = ktime_get_ns();
	for (; nr--; slot += step)
		dualtree_free(dt, slot->ptr, slot->size);
	ns = ktime_get_ns() - start;
	barrier();
	this_cpu_ptr(dt->slots)->active = heap;
	preempt_enable();
	return ns;
}

static u64 refill(struct dualtree *dt, unsigned int first, unsigned int step, unsigned int nr)
{
	struct cost_slot *slot = dt_cost_table->slots + first;
	u64 start = ktime_get_ns();

	for (; nr--; slot += step)
		slot->ptr = dualtree_alloc(dt, slot->size, GFP_ATOMIC);
	return ktime_get_ns() - start;
}

/* Two sizes that no quick list has. */
#define LARGE	5000
#define LARGER	6000

/* One allocation that only the trees serve: another size must be what is hot. */
static u64 tree_alloc(struct dualtree *dt, size_t size)
{
	u64 start = ktime_get_ns(), ns;
	void *ptr = dualtree_alloc(dt, size, GFP_ATOMIC);

	ns = ktime_get_ns() - start;
	dualtree_free(dt, ptr, size);
	return ns;
}

static u64 timed_push(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 ns = push(ctx, 0, 1, ops);

	refill(ctx, 0, 1, ops);
	return ns;
}

static u64 timed_cycle(const struct cost_row *row, void *ctx, unsigned int ops)
{
	return push(ctx, 0, 1, ops) + refill(ctx, 0, 1, ops);
}

/* Runs that do not touch; beside the same allocation with nothing to bring home. */
static u64 timed_drain(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 with, without;

	tree_alloc(ctx, LARGER);
	without = tree_alloc(ctx, LARGE);
	tree_alloc(ctx, LARGER);
	push(ctx, 1, 2, ops);
	with = tree_alloc(ctx, LARGE);
	refill(ctx, 1, 2, ops);
	return with - min(with, without);
}

/* All that one section brings home, into trees with many extents, and a request. */
static u64 longest_drain(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 ns;

	tree_alloc(ctx, LARGER);
	push(ctx, 7, row->live / REMOTE_DRAIN_MAX, REMOTE_DRAIN_MAX);
	ns = tree_alloc(ctx, LARGE);
	refill(ctx, 7, row->live / REMOTE_DRAIN_MAX, REMOTE_DRAIN_MAX);
	return ns;
}

static u64 longest_alloc(const struct cost_row *row, void *ctx, unsigned int ops)
{
	size_t size = dualtree_max_size(ctx);
	u64 start, ns;
	void *ptr;

	/* The region is there, empty: the heap's spare. */
	dualtree_free(ctx, dualtree_alloc(ctx, size, GFP_KERNEL), size);
	start = ktime_get_ns();
	ptr = dualtree_alloc(ctx, size, GFP_KERNEL);
	ns = ktime_get_ns() - start;
	dualtree_free(ctx, ptr, size);
	return ns;
}

static u64 longest_free(const struct cost_row *row, void *ctx, unsigned int ops)
{
	size_t size = dualtree_max_size(ctx);
	void *ptr = dualtree_alloc(ctx, size, GFP_KERNEL);
	u64 start = ktime_get_ns();

	dualtree_free(ctx, ptr, size);
	return ktime_get_ns() - start;
}

static void free_each(struct dualtree *dt, unsigned int first, unsigned int step, unsigned int nr)
{
	struct cost_slot *slot;

	for (slot = &dt_cost_table->slots[first]; slot < &dt_cost_table->slots[nr]; slot += step)
		dualtree_free(dt, slot->ptr, slot->size);
}

/*
 * A region of which nothing is live, and the lists hold as much as they can, between blocks
 * that were live until then. The one that is hot is the last; what displaces it empties all.
 */
static u64 longest_evict(const struct cost_row *row, void *ctx, unsigned int ops)
{
	unsigned int nr = 0, granules, i;
	struct cost_slot *slot;

	for (granules = 1; granules <= QUICK_LISTS; granules++) {
		unsigned int blocks = min_t(unsigned int, QUICK_DEPTH,
					    (QUICK_BYTES >> DT_GRANULE_SHIFT) / granules);

		for (i = 0; i < blocks; i++) {
			slot = &dt_cost_table->slots[nr++];
			slot->size = granules << DT_GRANULE_SHIFT;
			slot->ptr = dualtree_alloc(ctx, slot->size, GFP_KERNEL);
		}
	}
	free_each(ctx, 0, 2, nr);
	free_each(ctx, 1, 2, nr);
	return tree_alloc(ctx, LARGE);
}

static u64 longest_bulk(const struct cost_row *row, void *ctx, unsigned int ops)
{
	struct dualtree_range ranges[BULK_MAX];
	size_t size = BULK_BYTES / BULK_MAX;
	unsigned int i;
	u64 start;

	for (i = 0; i < BULK_MAX; i++) {
		ranges[i].ptr = dualtree_alloc(ctx, size, GFP_KERNEL);
		ranges[i].len = size;
	}
	start = ktime_get_ns();
	dualtree_free_bulk(ctx, ranges, BULK_MAX);
	return ktime_get_ns() - start;
}

static void *open_one_region(const struct cost_row *row)
{
	struct dualtree_params params = { .min_region_order = row->arg };

	return dualtree_create("cost", &params);
}

static const struct cost_contender dualtree = COST_CONTENDER(dualtree, "dualtree");
static const struct cost_contender section = COST_CONTENDER(dualtree, "longest section");

/* Its regions are @arg pages, as a power of two. */
static const struct cost_contender large_section = {
	.name = "longest section",
	.open = open_one_region,
	.close = close_dualtree,
};

static const struct cost_row rows[] = {
	{ &dualtree, "remote push", .timed = timed_push, .size = SIZE, .live = BATCH,
	  .ops = BATCH },
	{ &dualtree, "remote drain, each", .timed = timed_drain, .size = SIZE, .live = BATCH,
	  .ops = REMOTE_DRAIN_MAX },
	{ &dualtree, "remote cycle", .timed = timed_cycle, .size = SIZE, .live = BATCH,
	  .ops = BATCH },
	{ &section, "drain 32 and allocate, 10k live", .timed = longest_drain, .live = 10240,
	  .ops = 1, .arg = DUALTREE_EXACT_FIT },
	{ &section, "the same, with quick lists", .timed = longest_drain, .live = 10240,
	  .ops = 1 },
	{ &large_section, "allocate 4 MiB", .timed = longest_alloc, .ops = 1, .arg = 10 },
	{ &large_section, "free 4 MiB", .timed = longest_free, .ops = 1, .arg = 10 },
	{ &section, "free 16 x 4 KiB in one call", .timed = longest_bulk, .ops = 1,
	  .arg = DUALTREE_EXACT_FIT },
	{ &large_section, "empty a region of 4 MiB that is cached", .timed = longest_evict,
	  .ops = 1, .arg = 10 },
};

const struct cost_set cost_section = { rows, ARRAY_SIZE(rows) };
