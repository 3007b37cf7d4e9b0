/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of caches: which CPU's cache has a line, and which CPU wrote it last. See cache.c.
 */
#ifndef DUALTREE_HOST_GROWTH_CACHE_H
#define DUALTREE_HOST_GROWTH_CACHE_H

#include <kernel.h>

/**
 * struct cache_counts - what was counted
 * @accesses: loads and stores
 * @lines: different lines of a call, of all calls
 * @remote: accesses for which a line had to come from another CPU, or be taken from one
 * @remote_lines: different lines of a call with such an access, of all calls
 */
struct cache_counts {
	u64 accesses;
	u64 lines;
	u64 remote;
	u64 remote_lines;
};

/* All caches are empty, and no line was ever written. Nothing is counted. */
void cache_reset(void);

/* Count from now on; NULL: do not. Lines move in either case. */
void cache_count(struct cache_counts *counts);

/* A call begins, on the CPU that runs. */
void cache_call(void);

/* An access that the compiler does not see. */
void cache_access(const void *at, size_t bytes, bool write);

/* Remote accesses to the line that has the most, while there was counting. */
u64 cache_busiest(void);

/* Does the model say what it should, of accesses made up for it? Fails if not. */
void cache_self_check(void);

#endif /* DUALTREE_HOST_GROWTH_CACHE_H */
