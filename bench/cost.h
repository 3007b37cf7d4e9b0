/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an operation costs: rows of loops over contenders.
 *
 * A contender is something that allocates; a row is one way of using it. A loop is timed as a
 * whole, so that neither reading the clock nor a tick weighs, and what it needs at random is
 * drawn before. Loops are inlined over their contender: what is counted is its calls, and
 * the few instructions around them that a user has as well.
 *
 * All contenders are asked as a packet's path asks, with GFP_ATOMIC.
 */
#ifndef DUALTREE_BENCH_COST_H
#define DUALTREE_BENCH_COST_H

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>

#define COST_OPS	16384

/* A module whose rows have more that is live says so before it includes this. */
#ifndef COST_MOST_LIVE
#define COST_MOST_LIVE	10240
#endif

struct cost_row;

/**
 * struct cost_contender - something that allocates
 * @name: as the report shows it
 * @open: makes one for a row; returns it, or an ERR_PTR(). May sleep
 * @close: takes it down when nothing is live; returns 0, or an error if it did not do as it
 *	should. May sleep
 * @alloc: returns NULL if it has nothing
 * @free: of a whole allocation
 */
struct cost_contender {
	const char *name;
	void *(*open)(const struct cost_row *row);
	int (*close)(void *ctx);
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *ptr, size_t size);
};

/**
 * struct cost_row - a loop over a contender
 * @contender: what it is about
 * @name: of the loop; with the contender's it names the row
 * @loop: does @ops operations
 * @timed: instead of @loop: does @ops operations, and says itself how long they took
 * @size: of an allocation; 0: log-uniform, 64 to 4096
 * @live: allocations that live while the loop runs: filled in before, freed behind it
 * @ops: operations; 0: COST_OPS
 * @arg: whatever the contender wants to know when it is opened
 */
struct cost_row {
	const struct cost_contender *contender;
	const char *name;
	void (*loop)(const struct cost_row *row, void *ctx, unsigned int ops);
	u64 (*timed)(const struct cost_row *row, void *ctx, unsigned int ops);
	unsigned int size;
	unsigned int live;
	unsigned int ops;
	unsigned long arg;
};

struct cost_set {
	const struct cost_row *rows;
	unsigned int nr;
};

/**
 * dt_cost_run() - measure each row, and add it to the results
 * @set: the rows
 *
 * Context: may sleep; one at a time, as modules are loaded.
 * Return: 0, -ENOMEM, or the first row's error that could not be run.
 */
int dt_cost_run(const struct cost_set *set);

extern const struct cost_set cost_base;
extern const struct cost_set cost_dualtree;
extern const struct cost_set cost_peers;
extern const struct cost_set cost_gen_pool;
extern const struct cost_set cost_remote;
extern const struct cost_set cost_section;
extern const struct cost_set cost_phase;
extern const struct cost_set cost_phase_instance;

/* What peers that place by themselves round up to: a granule. */
#define COST_UNIT		64

/*
 * What such a peer is given to place in: four fifths of it are live where all sizes are one,
 * two thirds, of 16 units on average, where they are not. Few need more: what is free may lie
 * in pieces too small for the largest.
 */
static inline size_t cost_room(const struct cost_row *row)
{
	size_t units = DIV_ROUND_UP(row->size, COST_UNIT);
	size_t each = (row->size ? units * 5 / 4 : 24) * COST_UNIT;

	return max_t(size_t, row->size ? SZ_64K : SZ_256K, PAGE_ALIGN(row->live * each));
}

/**
 * struct cost_slot - an allocation that is live
 * @ptr: its first byte
 * @size: its bytes
 */
struct cost_slot {
	void *ptr;
	unsigned int size;
};

/**
 * struct dt_cost_table - what the loops work on
 * @slots: what is live
 * @picks: for each operation, which of them
 * @sizes: for each operation, what size to ask for
 */
struct dt_cost_table {
	struct cost_slot slots[COST_MOST_LIVE];
	u32 picks[COST_OPS];
	u16 sizes[COST_OPS];
};

extern struct dt_cost_table *dt_cost_table;

typedef void *(*cost_alloc_fn)(void *ctx, size_t size);
typedef void (*cost_free_fn)(void *ctx, void *ptr, size_t size);

/* One allocation and its free. */
static __always_inline void cost_pair(const struct cost_row *row, void *ctx, unsigned int ops,
				      cost_alloc_fn alloc, cost_free_fn free)
{
	size_t size = row->size;

	while (ops--)
		free(ctx, alloc(ctx, size), size);
}

/* A ring: the oldest dies, a new one takes its place. @row->live is a power of two. */
static __always_inline void cost_ring(const struct cost_row *row, void *ctx, unsigned int ops,
				      cost_alloc_fn alloc, cost_free_fn free)
{
	struct cost_slot *slots = dt_cost_table->slots;
	unsigned int mask = row->live - 1, i;
	size_t size = row->size;

	for (i = 0; i < ops; i++) {
		struct cost_slot *slot = &slots[i & mask];

		free(ctx, slot->ptr, size);
		slot->ptr = alloc(ctx, size);
	}
}

/* A random one dies, another of the same size takes its place. */
static __always_inline void cost_random(const struct cost_row *row, void *ctx, unsigned int ops,
					cost_alloc_fn alloc, cost_free_fn free)
{
	struct cost_slot *slots = dt_cost_table->slots;
	const u32 *pick = dt_cost_table->picks;
	size_t size = row->size;

	while (ops--) {
		struct cost_slot *slot = &slots[*pick++];

		free(ctx, slot->ptr, size);
		slot->ptr = alloc(ctx, size);
	}
}

/* A random one dies, another of a random size takes its place. */
static __always_inline void cost_mixed(const struct cost_row *row, void *ctx, unsigned int ops,
				       cost_alloc_fn alloc, cost_free_fn free)
{
	struct cost_slot *slots = dt_cost_table->slots;
	const u32 *pick = dt_cost_table->picks;
	const u16 *size = dt_cost_table->sizes;

	while (ops--) {
		struct cost_slot *slot = &slots[*pick++];

		free(ctx, slot->ptr, slot->size);
		slot->size = *size++;
		slot->ptr = alloc(ctx, slot->size);
	}
}

/* The loop @kind over alloc_@who() and free_@who(), as a row wants it. */
#define COST_DEFINE_LOOP(kind, who)							\
static void kind##_##who(const struct cost_row *row, void *ctx, unsigned int ops)	\
{											\
	cost_##kind(row, ctx, ops, alloc_##who, free_##who);				\
}

#endif /* DUALTREE_BENCH_COST_H */
