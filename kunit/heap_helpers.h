/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A plain model of free space, for the suites of the extent trees and of the heap: one byte
 * per granule says whose it is, and each question is answered by looking at all of them.
 *
 * It shares nothing with the code under test, not even the notion of an extent. It must be
 * so simple that it is right.
 */
#ifndef DUALTREE_KUNIT_HEAP_HELPERS_H
#define DUALTREE_KUNIT_HEAP_HELPERS_H

#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/types.h>
#include <kunit/test.h>

/* What a granule of a map is. On its way: its free was pushed and has not been drained. */
enum { MAP_LIVE, MAP_FREE, MAP_ON_ITS_WAY };

/**
 * struct map_sums - what a map says of its free runs
 * @nr_free: granules in them
 * @nr_extents: how many there are
 * @largest: granules of the largest
 */
struct map_sums {
	unsigned int nr_free;
	unsigned int nr_extents;
	unsigned int largest;
};

/* The first granule from @from on that is free, or @nr. */
static inline unsigned int map_next_free(const u8 *map, unsigned int nr, unsigned int from)
{
	while (from < nr && map[from] != MAP_FREE)
		from++;
	return from;
}

/* The first granule from @from on that is not free, or @nr. */
static inline unsigned int map_free_end(const u8 *map, unsigned int nr, unsigned int from)
{
	while (from < nr && map[from] == MAP_FREE)
		from++;
	return from;
}

static inline struct map_sums map_sums(const u8 *map, unsigned int nr)
{
	struct map_sums sums = { 0 };
	unsigned int i, end;

	for (i = map_next_free(map, nr, 0); i < nr; i = map_next_free(map, nr, end)) {
		end = map_free_end(map, nr, i);
		sums.nr_extents++;
		sums.nr_free += end - i;
		sums.largest = max(sums.largest, end - i);
	}
	return sums;
}

/*
 * Where a request of @want granules has to be placed: at the start of the smallest run that
 * is large enough, the lowest among equals.
 *
 * Return: its first granule, or @nr if there is no such run.
 */
static inline unsigned int map_best_fit(const u8 *map, unsigned int nr, unsigned int want)
{
	unsigned int i, end, best = nr, smallest = nr + 1;

	for (i = map_next_free(map, nr, 0); i < nr; i = map_next_free(map, nr, end)) {
		end = map_free_end(map, nr, i);
		if (end - i >= want && end - i < smallest) {
			smallest = end - i;
			best = i;
		}
	}
	return best;
}

/* Start a sequence of random numbers; says how it can be had again. */
static inline void random_start(struct kunit *test, struct rnd_state *rnd, unsigned int seed)
{
	if (!seed)
		seed = get_random_u32() | 1;
	kunit_info(test, "seed %u\n", seed);
	prandom_seed_state(rnd, seed);
}

/* A random number below @n, which is not 0. */
static inline unsigned int random_below(struct rnd_state *rnd, unsigned int n)
{
	return prandom_u32_state(rnd) % n;
}

#endif /* DUALTREE_KUNIT_HEAP_HELPERS_H */
