/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Serving a request with a run that is in flight, without draining it.
 *
 * A drain takes runs out of flight to make them free, and a request then takes them out of a list.
 * Where other CPUs free what this one allocates, run by run, most requests are served by the first
 * run that is found: it is just as long. Then nothing is deposited and no link is written, and what
 * else is in flight stays there, in use as far as its region knows. Where that is much it is
 * drained all the same: in_flight.c.
 *
 *	the first run in flight is		the request
 *	just as long as the request, in a	has it
 *	  region that need not drain (cache.h)
 *	long enough for two, if nothing is hot	has its start; the rest is hot
 *	any other				is searched for as always: with a drain
 *
 * Where nothing goes into the trees, no free ages the spare: each word of a map does instead.
 * Without this, 1.66 bytes were held per live byte instead of 1.27 where another CPU freed what was
 * left of 2,000 packets.
 *
 * Context: any, NMI included; the caller owns the heap. Barriers: as a drain's, see remote.h.
 */
#ifndef DUALTREE_REMOTE_TAKE_H
#define DUALTREE_REMOTE_TAKE_H

#include <linux/bitops.h>
#include "cache.h"
#include "heap_regions.h"
#include "kmemleak.h"
#include "remote.h"

/* Max regions and bits that are looked at for a request: bounds it. */
#define REMOTE_TAKE_TRIES	4

/*
 * Max looks at words of a region's map, for requests that take the runs, until there is a drain.
 * The first region that is pending may always have some, and no request would get to the others.
 */
#define REMOTE_TAKE_WORDS	512

void dt_remote_finish(struct dt_heap *heap);
void *dt_remote_take_long(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			  size_t size);

/* Take the list of regions that others have queued, in place of one of which nothing is left. */
static __always_inline void remote_take_list(struct dt_heap *heap)
{
	/* For heap_is_queued_on() something is pending before the list is empty. */
	WRITE_ONCE(heap->pending, READ_ONCE(heap->remote.first));
	WRITE_ONCE(heap->pending, llist_del_all(&heap->remote));
	stat_add(heap->drains, 1);
}

/* The first region of the list that was taken. */
static __always_inline struct dt_region *remote_first(struct dt_heap *heap)
{
	return llist_entry(heap->pending, struct dt_region, queued);
}

/* The granules from @first on are not in flight any more, but the owner's. */
static __always_inline void remote_untrack(struct dt_heap *heap, struct dt_region *region,
					   unsigned int first, unsigned int nr)
{
	dt_kmemleak_untrack(region, first, nr);
	local64_sub(nr, &heap->counts.in_flight);
}

/*
 * The first granule with the mark of a dead run among those of one bit of the map, or the number of
 * granules that a bit stands for.
 */
static __always_inline unsigned long dead_start(const u8 *ledger)
{
	u64 word, ones = ledger_all(u64, 1);
	unsigned long at;

	for (at = 0; at < REGION_MAP_GRANULES; at += sizeof(u64)) {
		word = le64_to_cpu((__force __le64)(ledger_read(u64, ledger + at) ^
						    ledger_all(u64, LEDGER_DEAD)));
		/* The lowest byte that is 0 has the lowest bit that is set. */
		word = (word - ones) & ~word & ledger_all(u64, 0x80);
		if (word)
			return at + __ffs64(word) / BITS_PER_BYTE;
	}
	return at;
}

/*
 * Are @nr granules from the dead granule @first on, the first of a run, dead, and no more? The one
 * after them is read after the barrier, as in dead_end_many(): it is dead if it belongs to a run
 * whose mark is among them. litmus/remote-run.
 */
static __always_inline bool dead_exactly(const struct dt_region *region, unsigned long first,
					 unsigned long nr)
{
	const u8 *dead = region->ledger + first;

	if (first + nr > region->nr || !ledger_dead_few(dead, nr))
		return false;
	/* Acquire: pairs with the release in remote_publish(), of each mark among them. */
	smp_rmb();
	return !ledger_is_dead(READ_ONCE(dead[nr]));
}

/*
 * The next word of a region's map that has bits. All of them are taken out at once, so the cache
 * line that others push to is written once for all. Return: false if there is none, and the next
 * look begins with the first word; or if there has to be a drain.
 */
static __always_inline bool remote_next_word(struct dt_heap *heap, struct dt_region *region)
{
	unsigned long word = region->map_word;

	if (unlikely(++region->words_taken > REMOTE_TAKE_WORDS))
		return false;
	while (!READ_ONCE(region->map[word])) {
		if (++word >= region_map_words(region->nr)) {
			region->map_word = 0;
			return false;
		}
	}
	region->map_word = word;
	if (heap->spare)
		heap_age_spare(heap);
	/* Full, as that of a drain: the bits are taken before the marks are read. */
	region->map_bits = xchg(&region->map[word], 0);
	return true;
}

/*
 * Is so little of a region in use without @nr granules that it may have to drain? What lower ones
 * can serve is not known: some of it may be in flight itself.
 */
static __always_inline bool remote_leaves_room(const struct dt_heap *heap,
					       const struct dt_region *region, unsigned int nr)
{
	return region->nr_inuse - nr < region->drain_wmark && region != heap->lowest;
}

/*
 * Serve a request with the run that begins with granule @at of those of bit @bit. The bit is taken
 * for good if no other run can begin among these. Return: the run's address, or NULL.
 */
static __always_inline void *remote_take_run(struct dt_heap *heap, struct dt_region *region,
					     unsigned long bit, unsigned long at, size_t size)
{
	unsigned long last = (size - 1) >> DT_GRANULE_SHIFT, nr = last + 1;
	unsigned long first = bit * REGION_MAP_GRANULES + at;

	if (unlikely(!dead_exactly(region, first, nr) || remote_leaves_room(heap, region, nr)))
		return dt_remote_take_long(heap, region, first, size);
	if (at + nr >= REGION_MAP_GRANULES)
		region->map_bits &= region->map_bits - 1;
	remote_untrack(heap, region, first, nr);
	ledger_fill_block(region->ledger + first, last, size);
	return region_addr(region, first);
}

/**
 * remote_take() - serve a request with a run in flight
 * @heap: the heap, which has quick lists, and regions that are queued
 * @size: size in bytes, of at most QUICK_LISTS granules, not 0
 *
 * Context: Any; the caller owns the heap. In NMI on kmemleak kernels nothing is done.
 * Return: the address of @size bytes, live in the ledger, or NULL: dt_heap_drain() has to look.
 */
static __always_inline void *remote_take(struct dt_heap *heap, size_t size)
{
	unsigned int tries = REMOTE_TAKE_TRIES;
	struct dt_region *region;
	unsigned long bit, at;

	if (dt_kmemleak_must_wait())
		return NULL;
	if (!heap->pending)
		remote_take_list(heap);
	for (; heap->pending && tries; tries--) {
		region = remote_first(heap);
		if (unlikely(!region->map_bits) && !remote_next_word(heap, region)) {
			if (region->words_taken > REMOTE_TAKE_WORDS) {
				region->words_taken = 0;
				break;
			}
			dt_remote_finish(heap);
			continue;
		}
		bit = region->map_word * BITS_PER_LONG + __ffs(region->map_bits);
		at = dead_start(region->ledger + bit * REGION_MAP_GRANULES);
		if (likely(at < REGION_MAP_GRANULES))
			return remote_take_run(heap, region, bit, at, size);
		region->map_bits &= region->map_bits - 1;
	}
	return NULL;
}

#endif /* DUALTREE_REMOTE_TAKE_H */
