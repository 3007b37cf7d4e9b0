/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops of every allocator, inlined over its calls, and the macros that describe one:
 *
 *	DEFINE_LOOPS(who)	the loops over alloc_who() and free_who()
 *	ALLOCATOR(who, ...)	a struct allocator with these calls and loops, and what else is said
 */
#ifndef DUALTREE_BENCH_LOOPS_H
#define DUALTREE_BENCH_LOOPS_H

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "bench.h"

typedef void *(*bench_alloc_fn)(void *ctx, size_t size);
typedef void (*bench_free_fn)(void *ctx, void *ptr, size_t size);

static __always_inline void loop_pair(const struct bench *b, unsigned int ops,
				      bench_alloc_fn alloc, bench_free_fn free)
{
	size_t size = b->c->size;
	void *ctx = b->ctx;

	while (ops--)
		free(ctx, alloc(ctx, size), size);
}

/* What is live is a power of two. */
static __always_inline void loop_ring(const struct bench *b, unsigned int ops,
				      bench_alloc_fn alloc, bench_free_fn free)
{
	struct bench_slot *slots = b->table->slots;
	unsigned int mask = b->c->live - 1, i;
	size_t size = b->c->size;
	void *ctx = b->ctx;

	for (i = 0; i < ops; i++) {
		struct bench_slot *slot = &slots[i & mask];

		free(ctx, slot->ptr, size);
		slot->ptr = alloc(ctx, size);
	}
}

static __always_inline void loop_random(const struct bench *b, unsigned int ops,
					bench_alloc_fn alloc, bench_free_fn free)
{
	struct bench_slot *slots = b->table->slots;
	const u32 *pick = b->table->picks;
	size_t size = b->c->size;
	void *ctx = b->ctx;

	while (ops--) {
		struct bench_slot *slot = &slots[*pick++];

		free(ctx, slot->ptr, size);
		slot->ptr = alloc(ctx, size);
	}
}

static __always_inline void loop_mixed(const struct bench *b, unsigned int ops,
				       bench_alloc_fn alloc, bench_free_fn free)
{
	struct bench_slot *slots = b->table->slots;
	const u32 *pick = b->table->picks;
	const u16 *size = b->table->sizes;
	void *ctx = b->ctx;

	while (ops--) {
		struct bench_slot *slot = &slots[*pick++];

		free(ctx, slot->ptr, slot->size);
		slot->size = *size++;
		slot->ptr = alloc(ctx, slot->size);
	}
}

static __always_inline void loop_alloc(const struct bench *b, unsigned int ops,
				       bench_alloc_fn alloc)
{
	struct bench_slot *slot = b->table->slots;
	size_t size = b->c->size;
	void *ctx = b->ctx;

	for (; ops--; slot++)
		slot->ptr = alloc(ctx, size);
}

static __always_inline void loop_free(const struct bench *b, unsigned int ops, bench_free_fn free)
{
	struct bench_slot *slot = b->table->slots;
	size_t size = b->c->size;
	void *ctx = b->ctx;

	for (; ops--; slot++)
		free(ctx, slot->ptr, size);
}

#define DEFINE_LOOP(name, loop, ...)							\
static void name(const struct bench *b, unsigned int ops)				\
{											\
	loop(b, ops, __VA_ARGS__);							\
}

#define DEFINE_LOOPS(who)								\
static void pair_loop_##who(const struct bench *b, unsigned int ops)			\
{											\
	loop_pair(b, ops, alloc_##who, free_##who);					\
}											\
DEFINE_LOOP(ring_loop_##who, loop_ring, alloc_##who, free_##who)			\
DEFINE_LOOP(random_loop_##who, loop_random, alloc_##who, free_##who)			\
DEFINE_LOOP(mixed_loop_##who, loop_mixed, alloc_##who, free_##who)			\
DEFINE_LOOP(alloc_loop_##who, loop_alloc, alloc_##who)					\
DEFINE_LOOP(free_loop_##who, loop_free, free_##who)

#define ALLOCATOR(who, ...)								\
	((const struct allocator) {							\
		.alloc = alloc_##who,							\
		.free = free_##who,							\
		.loops = {								\
			[LOOP_PAIR] = pair_loop_##who,					\
			[LOOP_RING] = ring_loop_##who,					\
			[LOOP_RANDOM] = random_loop_##who,				\
			[LOOP_MIXED] = mixed_loop_##who,				\
			[LOOP_ALLOC] = alloc_loop_##who,				\
			[LOOP_FREE] = free_loop_##who,					\
		},									\
		__VA_ARGS__								\
	})

/* What an allocator that places by itself rounds up to, in bytes: a granule. */
#define PEER_UNIT	64

/*
 * The bytes that such an allocator gets to place in. Four fifths of them are live where all
 * sizes are equal; two thirds, of 16 units on average, where they are not. With less, the
 * largest size might find only holes that are too small for it.
 */
static inline size_t peer_room(const struct bench_case *c)
{
	size_t units = DIV_ROUND_UP(c->size, PEER_UNIT);
	size_t each = (c->size ? units * 5 / 4 : 24) * PEER_UNIT;

	return max_t(size_t, c->size ? SZ_64K : SZ_256K, PAGE_ALIGN(c->live * each));
}

#endif /* DUALTREE_BENCH_LOOPS_H */
