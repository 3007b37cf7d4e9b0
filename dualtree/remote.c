// SPDX-License-Identifier: GPL-2.0
/*
 * Remote frees: draining them. remote.h has the picture, the contexts and the barriers.
 */
#include "../compat/compat.h"
#include "cache.h"
#include "kmemleak.h"
#include "remote_take.h"

/*
 * The end of adjacent dead runs; @dead is a granule of one of them. After smp_rmb() all of a run is
 * seen whose mark was read before. So a granule that was not dead before it is read again.
 */
static noinline unsigned int dead_end_many(const struct dt_region *region, const u8 *dead)
{
	const u8 *last = region->ledger + region->nr - 64;
	u64 others;

	do {
		while (dead <= last && ledger_dead_64(dead))
			dead += 64;
		while (!(others = ledger_undead(ledger_read(u64, dead))))
			dead += sizeof(others);
		dead += ledger_other(others);
		/* Acquire: pairs with the release in remote_publish(), of each mark up to here. */
		smp_rmb();
	} while (ledger_is_dead(READ_ONCE(*dead)));
	return dead - region->ledger;
}

/*
 * The end of a dead run that begins with granule @at: the first granule that is not dead. Another
 * run that begins right there is part of it. Ends at the guard after the ledger at the latest.
 */
static __always_inline unsigned int dead_end(const struct dt_region *region, unsigned int at)
{
	const u8 *ledger = region->ledger;
	u64 others;

	/* Acquire: pairs with the release in remote_publish(), of the mark at @at. */
	smp_rmb();
	at++;
	while (!(others = ledger_read(u64, ledger + at) ^ ledger_all(u64, LEDGER_DEAD_INSIDE)))
		at += sizeof(others);
	at += ledger_other(others);
	return READ_ONCE(ledger[at]) == LEDGER_DEAD ? dead_end_many(region, ledger + at) : at;
}

/**
 * dt_remote_queue() - queue a region on its heap: the second half of a push
 * @region: a region for which remote_mark() has returned true
 *
 * Context: Any, NMI included; preemption is off since remote_mark().
 * Return: false if another context has queued it, or it is being destroyed.
 */
bool dt_remote_queue(struct dt_region *region)
{
	if (cmpxchg(&region->state, REGION_IDLE, REGION_QUEUED) != REGION_IDLE)
		return false;
	llist_add(&region->queued, &region_heap(region)->remote);
	return true;
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_remote_queue);

/**
 * struct drain - what a drain may do, and what it is for
 * @budget: max number of runs; looking for one costs as much
 * @want: granules of the request that waits, or 0
 * @heated: a run has become hot for it
 */
struct drain {
	unsigned int budget;
	unsigned int want;
	bool heated;
};

/* Take the dead run that begins with granule @first. Return: the granule after it. */
static __always_inline unsigned int drain_run(struct dt_heap *heap, struct dt_region *region,
					      unsigned int first, struct drain *drain)
{
	unsigned int end = dead_end(region, first), nr = end - first;

	remote_untrack(heap, region, first, nr);
	ledger_set(region->ledger, first, nr, LEDGER_OWNED);
	/* Most runs serve one request, if any: these are no longer worth a call. */
	if (drain->want && nr >= 2 * drain->want &&
	    dt_cache_heat(heap, region, first, nr, drain->want))
		drain->heated = true;
	else if (!dt_cache_put(heap, region, first, nr))
		return end;
	drain->budget = 0;
	return end;
}

/*
 * Take the runs that begin in the granules of bit @bit of the map. Return: the first granule that
 * they leave to the bits after it, since they may end where others begin; or 0 if the budget was
 * used up before the end.
 */
static __always_inline unsigned int drain_bit(struct dt_heap *heap, struct dt_region *region,
					      unsigned int bit, struct drain *drain)
{
	unsigned int from = bit * REGION_MAP_GRANULES, next = from + REGION_MAP_GRANULES, at, end;

	while (drain->budget) {
		drain->budget--;
		at = dead_start(region->ledger + from);
		if (at == REGION_MAP_GRANULES)
			return next;
		end = drain_run(heap, region, from + at, drain);
		if (end >= next)
			return end;
	}
	return 0;
}

/* The bits of a word of the map that stand for granules of which some come after @next. */
static __always_inline unsigned long bits_after(unsigned long bits, unsigned int word,
						unsigned int next)
{
	unsigned int bit = next / REGION_MAP_GRANULES - word * BITS_PER_LONG;

	return bit < BITS_PER_LONG ? bits & ~0UL << bit : 0;
}

/*
 * Take the runs of a region. Return: false if the budget was used up before the end, or a run has
 * become hot.
 */
static bool drain_region(struct dt_heap *heap, struct dt_region *region, struct drain *drain)
{
	unsigned int word, next;
	unsigned long bits;

	if (region->map_bits) {
		atomic_long_or(region->map_bits, (atomic_long_t *)&region->map[region->map_word]);
		region->map_bits = 0;
	}
	for (word = 0; word < region_map_words(region->nr); word++) {
		if (!READ_ONCE(region->map[word]))
			continue;
		bits = xchg(&region->map[word], 0);
		while (bits) {
			next = drain_bit(heap, region, word * BITS_PER_LONG + __ffs(bits), drain);
			if (!next)
				break;
			bits = bits_after(bits, word, next);
		}
		if (bits) {
			atomic_long_or(bits, (atomic_long_t *)&region->map[word]);
			return false;
		}
	}
	/* The region stays queued while the owner takes what is hot: pushes only set bits then. */
	return !drain->heated;
}

/* Is a bit of a region's map set? */
static bool region_has_bits(const struct dt_region *region)
{
	unsigned int word;

	for (word = 0; word < region_map_words(region->nr); word++)
		if (READ_ONCE(region->map[word]))
			return true;
	return false;
}

/*
 * The first region was drained to its end: take it off. Bits that were set during the drain queue
 * it again, unless a push has done so. Until that is decided it is pending: heap_is_queued_on().
 */
void dt_remote_finish(struct dt_heap *heap)
{
	struct dt_region *region = remote_first(heap);
	/* A push that queues the region writes to its node. */
	struct llist_node *next = region->queued.next;
	bool queued;

	/* Full: a push after it queues the region; the bits of pushes before it are seen. */
	queued = cmpxchg(&region->state, REGION_QUEUED, REGION_IDLE) == REGION_QUEUED;
	if (queued && region_has_bits(region) &&
	    cmpxchg(&region->state, REGION_IDLE, REGION_QUEUED) == REGION_IDLE)
		return;
	WRITE_ONCE(heap->pending, next);
	if (!queued)
		heap_hand_over(heap, region);
}

/* Take the heap's list of regions, if none is left of the last one that was taken. */
static void take_pending(struct dt_heap *heap)
{
	if (!heap->pending && !llist_empty(&heap->remote))
		remote_take_list(heap);
}

/* Clear the bits of which all granules lie from @first up to @end, which are dead. */
static void clear_bits(struct dt_region *region, unsigned int first, unsigned int end)
{
	unsigned int bit = DIV_ROUND_UP(first, REGION_MAP_GRANULES), word;
	unsigned long bits;

	for (end /= REGION_MAP_GRANULES; bit < end; bit = (word + 1) * BITS_PER_LONG) {
		word = bit / BITS_PER_LONG;
		bits = ~0UL << bit % BITS_PER_LONG;
		if (word == end / BITS_PER_LONG)
			bits &= ~(~0UL << end % BITS_PER_LONG);
		if (word == region->map_word)
			region->map_bits &= ~bits;
		if (READ_ONCE(region->map[word]) & bits)
			atomic_long_andnot(bits, (atomic_long_t *)&region->map[word]);
	}
}

/*
 * The rest of remote_take(): the run that begins with granule @first is not as long as a request
 * for @size bytes, or its region may have to drain. If it serves two requests and nothing else is
 * hot, it serves this one, and the rest is hot. Return: the run's address, or NULL.
 */
void *dt_remote_take_long(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  size_t size)
{
	unsigned int nr = granules_of(size), end, rest;

	if (heap->hot.nr)
		return NULL;
	end = dead_end(region, first);
	rest = end - first - nr;
	if ((int)rest < (int)nr || !dt_cache_heat(heap, region, first + nr, rest, nr))
		return NULL;
	/* Before the granules are handed out: what is pushed then sets bits again. */
	clear_bits(region, first, end);
	remote_untrack(heap, region, first, nr + rest);
	ledger_set(region->ledger, first + nr, rest, LEDGER_OWNED);
	ledger_fill(region->ledger, first, nr, size);
	return region_addr(region, first);
}

/* remote_take() for callers that are not in a hurry; @size is any that is valid. */
void *dt_remote_take(struct dt_heap *heap, size_t size)
{
	return granules_of(size) > QUICK_LISTS ? NULL : remote_take(heap, size);
}

/**
 * dt_heap_drain() - insert runs of remote frees into quick lists and trees
 * @heap: the heap
 * @budget: max number of runs
 * @want: granules of the request that this is for, or 0. The drain ends where a run becomes hot
 *	for it.
 *
 * All regions that are queued are taken; those beyond @budget are kept in @heap->pending for the
 * next drain. A new list is taken only when none are left there. The drain also ends where a region
 * with blocks in the quick lists becomes empty. In NMI nothing is done on kmemleak kernels.
 *
 * Context: Any; the caller owns the heap.
 * Return: true if there is more to drain, or a region stays queued; in NMI on kmemleak kernels
 * false.
 */
bool dt_heap_drain(struct dt_heap *heap, unsigned int budget, unsigned int want)
{
	struct drain drain = { .budget = budget, .want = want };

	/* Runs that were freed in NMI are still registered, and cannot be unregistered in NMI. */
	if (dt_kmemleak_must_wait())
		return false;
	take_pending(heap);
	/* A region stays queued, and first, until it is drained: pushes only set bits then. */
	while (heap->pending && drain.budget) {
		if (!drain_region(heap, remote_first(heap), &drain))
			break;
		dt_remote_finish(heap);
	}
	return heap_has_remote(heap);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_drain);

/*
 * Free the records of regions that were destroyed while they were queued, at the end of a heap:
 * all its regions have been destroyed.
 */
void dt_heap_forget_remote(struct dt_heap *heap)
{
	struct dt_region *region;

	take_pending(heap);
	while (heap->pending) {
		region = remote_first(heap);
		WRITE_ONCE(heap->pending, region->queued.next);
		dt_region_free(region);
		take_pending(heap);
	}
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_heap_forget_remote);
