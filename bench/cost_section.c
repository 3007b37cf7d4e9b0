// SPDX-License-Identifier: GPL-2.0
/*
 * What interrupts and other CPUs cause, counted on one CPU, and the longest sections.
 *
 * The CPU's heap is made to look busy (busy.h), so that its frees are remote ones.
 *
 * A section ends before its call returns, so a call that finds the most there can be to do is
 * no shorter than its section. Each case of "longest section" is one such call. A call may take
 * several sections; "longest call" is an allocation that cannot sleep, with all that it can meet.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "../dualtree/cache.h"
#include "../dualtree/remote.h"
#include "../dualtree/section.h"
#include "allocators.h"
#include "busy.h"
#include "bench.h"

/* Packets of a NAPI poll, and bytes of each. */
#define BATCH	64
#define SIZE	1500

static u64 timed_push(const struct bench *b, unsigned int ops)
{
	u64 ns = push(b, 0, 1, ops);

	refill(b, 0, 1, ops);
	return ns;
}

static u64 timed_cycle(const struct bench *b, unsigned int ops)
{
	return push(b, 0, 1, ops) + refill(b, 0, 1, ops);
}

/* An allocation while some slots are in flight to this CPU's heap, and not in the hot range. */
static u64 alloc_after(const struct bench *b, unsigned int first, unsigned int step,
		       unsigned int nr, size_t size)
{
	u64 ns;

	tree_alloc(b->ctx, LARGER);
	push(b, first, step, nr);
	ns = tree_alloc(b->ctx, size);
	refill(b, first, step, nr);
	return ns;
}

/* Ranges that do not touch; less the same allocation with nothing to drain. */
static u64 timed_drain(const struct bench *b, unsigned int ops)
{
	u64 with, without;

	tree_alloc(b->ctx, LARGER);
	without = tree_alloc(b->ctx, LARGE);
	with = alloc_after(b, 1, 2, ops, LARGE);
	return with - min(with, without);
}

/* All that one section drains, into trees with many extents, and a request. */
static u64 longest_drain(const struct bench *b, unsigned int ops)
{
	return alloc_after(b, 7, b->c->live / REMOTE_DRAIN_MAX, REMOTE_DRAIN_MAX, LARGE);
}

/* Thousands of runs in flight, a full cache, and a request that needs a region. */
static u64 longest_call(const struct bench *b, unsigned int ops)
{
	return alloc_after(b, 1, 2, b->c->live / 2, SZ_32K);
}

static u64 longest_alloc(const struct bench *b, unsigned int ops)
{
	struct dualtree *dt = b->ctx;
	size_t size = dualtree_max_size(dt);
	u64 start, ns;
	void *ptr;

	/* The region is there, empty: the heap's spare. */
	dualtree_free(dt, dualtree_alloc(dt, size, GFP_KERNEL), size);
	start = ktime_get_ns();
	ptr = dualtree_alloc(dt, size, GFP_KERNEL);
	ns = ktime_get_ns() - start;
	dualtree_free(dt, ptr, size);
	return ns;
}

static u64 longest_free(const struct bench *b, unsigned int ops)
{
	struct dualtree *dt = b->ctx;
	size_t size = dualtree_max_size(dt);
	void *ptr = dualtree_alloc(dt, size, GFP_KERNEL);
	u64 start = ktime_get_ns();

	dualtree_free(dt, ptr, size);
	return ktime_get_ns() - start;
}

static void free_each(const struct bench *b, unsigned int first, unsigned int step, unsigned int nr)
{
	struct bench_slot *slots = b->table->slots, *slot;

	for (slot = &slots[first]; slot < &slots[nr]; slot += step)
		dualtree_free(b->ctx, slot->ptr, slot->size);
}

/*
 * Empties the quick lists of a region in which nothing is live. They hold as much as they can,
 * between blocks that were freed last; the allocation that follows displaces the hot range.
 */
static u64 longest_evict(const struct bench *b, unsigned int ops)
{
	unsigned int nr = 0, granules, i;
	struct bench_slot *slot;

	for (granules = 1; granules <= QUICK_LISTS; granules++) {
		unsigned int blocks = quick_max(granules);

		for (i = 0; i < blocks; i++) {
			slot = &b->table->slots[nr++];
			slot->size = granules << DT_GRANULE_SHIFT;
			slot->ptr = dualtree_alloc(b->ctx, slot->size, GFP_KERNEL);
		}
	}
	free_each(b, 0, 2, nr);
	free_each(b, 1, 2, nr);
	return tree_alloc(b->ctx, LARGE);
}

static u64 longest_bulk(const struct bench *b, unsigned int ops)
{
	struct dualtree_range ranges[BULK_MAX];
	size_t size = BULK_BYTES / BULK_MAX;
	unsigned int i;
	u64 start;

	for (i = 0; i < BULK_MAX; i++) {
		ranges[i].ptr = dualtree_alloc(b->ctx, size, GFP_KERNEL);
		ranges[i].len = size;
	}
	start = ktime_get_ns();
	dualtree_free_bulk(b->ctx, ranges, BULK_MAX);
	return ktime_get_ns() - start;
}

/* With the flags c->arg. */
static void *open_flags(const struct bench *b)
{
	const struct dualtree_params params = { .flags = b->c->arg };

	return dt_bench_own_heap(dualtree_create("cost", &params));
}

/* Its regions are of order c->arg. */
static void *open_large(const struct bench *b)
{
	const struct dualtree_params params = { .min_region_order = b->c->arg };

	return dt_bench_own_heap(dualtree_create("cost", &params));
}

#define REMOTE(what, phase, nr)								\
	{ what, .timed = phase, .open = open_flags, .size = SIZE, .live = BATCH, .ops = nr,	\
	  .cost = BIT(DUALTREE) }
#define ONCE(name, what, call, ...)							\
	{ what, .label = name, .timed = call, .ops = 1, .cost = BIT(DUALTREE), __VA_ARGS__ }
#define LONGEST(...)		ONCE("longest section", __VA_ARGS__)
#define LONGEST_CALL(...)	ONCE("longest call", __VA_ARGS__)

static const struct bench_case cases[] = {
	REMOTE("remote push", timed_push, BATCH),
	REMOTE("remote drain, each", timed_drain, REMOTE_DRAIN_MAX),
	REMOTE("remote cycle", timed_cycle, BATCH),
	LONGEST("drain 32 and allocate, 10k live", longest_drain, .live = BENCH_LIVE_MAX,
		.open = open_flags, .arg = DUALTREE_EXACT_FIT),
	LONGEST("the same, with quick lists", longest_drain, .live = BENCH_LIVE_MAX,
		.open = open_flags),
	LONGEST("allocate 4 MiB", longest_alloc, .open = open_large, .arg = 10),
	LONGEST("free 4 MiB", longest_free, .open = open_large, .arg = 10),
	LONGEST("free 16 x 4 KiB in one call", longest_bulk, .open = open_flags,
		.arg = DUALTREE_EXACT_FIT),
	LONGEST("empty a region of 4 MiB that is cached", longest_evict, .open = open_large,
		.arg = 10),
	LONGEST_CALL("allocate 32 KiB, 5k runs in flight", longest_call, .live = BENCH_LIVE_MAX,
		     .open = open_flags),
	LONGEST_CALL("the same, EXACT_FIT", longest_call, .live = BENCH_LIVE_MAX,
		     .open = open_flags, .arg = DUALTREE_EXACT_FIT),
};

const struct bench_set dt_section_cases = { cases, ARRAY_SIZE(cases) };
