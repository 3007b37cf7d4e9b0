/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that the kernel and trace_tool have in common use of the kernel, for a program:
 * scripts/lib/trace-tool.sh includes it before each file.
 */
#ifndef DUALTREE_BENCH_HOST_KERNEL_H
#define DUALTREE_BENCH_HOST_KERNEL_H

#define _GNU_SOURCE

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define U32_MAX			UINT32_MAX
#define BIT(nr)			(1UL << (nr))
#define SZ_16K			0x4000

#define USEC_PER_MSEC		1000L
#define USEC_PER_SEC		1000000L

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(n, d)	({ typeof(d) by = (d); ((n) + by - 1) / by; })
#define min(a, b)		({ typeof(a) x = (a), y = (b); x < y ? x : y; })
#define max(a, b)		({ typeof(a) x = (a), y = (b); x > y ? x : y; })
#define swap(a, b)		({ typeof(a) *x = &(a), *y = &(b), z = *x; *x = *y; *y = z; })

/* All memory comes from one place, and nothing sleeps. */
#define kmalloc(size, gfp)	malloc(size)
#define kvcalloc(nr, size, gfp)	calloc(nr, size)
#define kfree(ptr)		free(ptr)
#define kvfree(ptr)		free(ptr)

/* Return: @memory; without it there is no way on. */
static inline void *got(void *memory)
{
	if (!memory) {
		perror("trace_tool");
		exit(2);
	}
	return memory;
}

/* Memory of the program's own, zeroed. */
static inline void *allocate(size_t size)
{
	return got(calloc(1, size));
}

/*
 * The kernel's random numbers, which must be the same here: P. L'Ecuyer's LFSR113 ("Tables of
 * maximally equidistributed combined LFSR generators", Math. of Comp. 68, 1999).
 */
struct rnd_state {
	u32 s1, s2, s3, s4;
};

static inline u32 lfsr(u32 *s, unsigned int q, unsigned int back, unsigned int k, unsigned int step)
{
	u32 feedback = ((*s << q) ^ *s) >> back;

	*s = ((*s & (U32_MAX << (32 - k))) << step) ^ feedback;
	return *s;
}

static inline u32 prandom_u32_state(struct rnd_state *state)
{
	return lfsr(&state->s1, 6, 13, 31, 18) ^ lfsr(&state->s2, 2, 27, 29, 2) ^
	       lfsr(&state->s3, 13, 21, 28, 7) ^ lfsr(&state->s4, 3, 12, 25, 13);
}

/* A part whose significant bits are all 0 would stay so. */
static inline void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	u32 s = (u32)(seed >> 32) ^ (u32)(seed << 10) ^ (u32)seed;

	state->s1 = s + (s < 2 ? 2 : 0);
	state->s2 = s + (s < 8 ? 8 : 0);
	state->s3 = s + (s < 16 ? 16 : 0);
	state->s4 = s + (s < 128 ? 128 : 0);
}

#endif /* DUALTREE_BENCH_HOST_KERNEL_H */
