/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers for benchmarks: the same from the same seed, on every kernel, without floats.
 */
#ifndef DUALTREE_BENCH_RANDOM_H
#define DUALTREE_BENCH_RANDOM_H

#include <linux/prandom.h>
#include <linux/types.h>

/* 0 to @bound - 1. A product instead of a remainder: the high bits are the better ones. */
static inline u32 random_below(struct rnd_state *rnd, u32 bound)
{
	return ((u64)prandom_u32_state(rnd) * bound) >> 32;
}

/* @min to @max, both included. */
static inline u32 random_between(struct rnd_state *rnd, u32 min, u32 max)
{
	return min + random_below(rnd, max - min + 1);
}

/* True @percent times in a hundred. */
static inline bool random_chance(struct rnd_state *rnd, u32 percent)
{
	return random_below(rnd, 100) < percent;
}

/*
 * Log-uniform from @min to just below @min times 2 to the power of @octaves: as many
 * between 64 and 128 as between 2048 and 4096. Within an octave 2^f is 1 + 0.656 f + 0.344 f^2,
 * which is wrong by less than three in a thousand.
 */
static inline u32 random_log(struct rnd_state *rnd, u32 min, u32 octaves)
{
	u32 octave = random_below(rnd, octaves);
	u64 f = random_below(rnd, 65536);
	u64 power = 65536 + ((f * (42992 + ((f * 22544) >> 16))) >> 16);

	return ((u64)(min << octave) * power) >> 16;
}

#endif /* DUALTREE_BENCH_RANDOM_H */
