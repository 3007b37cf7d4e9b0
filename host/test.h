/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test: a sequence of steps, each of which is made of choices. The choices come from a random
 * number generator (main.c) or from libFuzzer's bytes (fuzz.c).
 */
#ifndef DUALTREE_HOST_TEST_H
#define DUALTREE_HOST_TEST_H

#include <kernel.h>

/**
 * struct host_bytes - where choices come from
 * @at: the next byte, or NULL for random numbers
 * @end: the end of the bytes
 * @state: state of the random number generator
 */
struct host_bytes {
	const u8 *at;
	const u8 *end;
	u64 state;
};

extern struct host_bytes host_bytes;

void host_seed(u64 seed);
u32 host_choose_byte(u32 nr);

static inline u64 host_random(void)
{
	u64 *s = &host_bytes.state;

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* A choice out of @nr, not 0: 0 to @nr - 1. */
static inline u32 host_choose(u32 nr)
{
	if (host_bytes.at)
		return host_choose_byte(nr);
	return (host_random() >> 32) * nr >> 32;
}

static inline bool host_one_in(u32 nr)
{
	return !host_choose(nr);
}

/*
 * What a program is. Once there are its cases, which choose nothing at random; then rounds, each
 * from host_test_begin() to host_test_end(), with some number of steps in between. What a round
 * does depends on its seed only, not on what was before it. Each of these fails by host_fail().
 */
extern const char *const host_test_name;

/* Calls of what is tested, by all rounds. */
extern u64 host_ops;

/* Calls of a round. */
#define HOST_ROUND_OPS	100000

/* Say on stderr how to repeat what runs. */
void host_test_context(void);

void host_test_cases(void);
void host_test_begin(void);
void host_test_step(void);
void host_test_end(void);

#endif /* DUALTREE_HOST_TEST_H */
