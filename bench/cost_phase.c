// SPDX-License-Identifier: GPL-2.0
/*
 * The phases of an allocation's life, each timed apart: allocating, freeing whole, in front,
 * at the end and in the middle, growing and shrinking in place. Those of a region and of an
 * instance are in cost_phase_instance.c, those of a remote free in cost_section.c.
 *
 * A phase is timed over a batch of allocations at a time, so that reading the clock hardly
 * weighs. What brings them to where it begins, and back to being whole, is done before and
 * after, and not timed:
 *
 *	batch:   before each -> clock -> phase of each -> clock -> after each
 *
 * With few live the batch is all there is; else most of what lives is not touched, and what a
 * batch frees lies scattered between, unless it is freed as it was allocated.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "contenders.h"
#include "cost.h"

#define BATCH		256
#define MANY		4096
#define OPS		2048

/* With the flags in row->arg: one after the other, as they were allocated. */
#define IN_ORDER	BIT(16)

static void *open_phase(const struct cost_row *row)
{
	const struct cost_row plain = { .arg = row->arg & ~IN_ORDER };

	return open_dualtree(&plain);
}

/* Places in dt_cost_table->slots. */
static u16 order[MANY];

static void set_order(const struct cost_row *row)
{
	unsigned int i;

	for (i = 0; i < row->live; i++)
		order[i] = i;
}

/*
 * For each batch anew: what was allocated in one order lies in it, and would then be freed
 * one beside the other.
 */
static const u16 *next_batch(const struct cost_row *row, unsigned int done)
{
	unsigned int i;

	if (row->arg & IN_ORDER)
		return order + done % row->live;
	for (i = 0; i < row->live; i++)
		swap(order[i], order[dt_cost_table->picks[(done + i) % COST_OPS]]);
	return order;
}

typedef void (*step_fn)(struct dualtree *dt, struct cost_slot *slot);

static __always_inline void each(struct dualtree *dt, const u16 *batch, step_fn step)
{
	const u16 *end = batch + BATCH;

	for (; batch < end; batch++)
		step(dt, &dt_cost_table->slots[*batch]);
}

static __always_inline u64 cost_phase_loop(const struct cost_row *row, struct dualtree *dt,
					   unsigned int ops, step_fn before, step_fn phase,
					   step_fn after)
{
	u64 ns = 0, start;
	unsigned int done;

	set_order(row);
	for (done = 0; done < ops; done += BATCH) {
		const u16 *batch = next_batch(row, done);

		each(dt, batch, before);
		start = ktime_get_ns();
		each(dt, batch, phase);
		ns += ktime_get_ns() - start;
		each(dt, batch, after);
	}
	return ns;
}

static __always_inline void nothing(struct dualtree *dt, struct cost_slot *slot)
{
}

static __always_inline void alloc_whole(struct dualtree *dt, struct cost_slot *slot)
{
	slot->ptr = dualtree_alloc(dt, slot->size, GFP_ATOMIC);
}

static __always_inline void free_whole(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_free(dt, slot->ptr, slot->size);
}

/* A packet's headers: less than a granule, so nothing comes free but bytes. */
#define HEAD	54

static __always_inline void free_front(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_free(dt, slot->ptr, HEAD);
}

static __always_inline void renew_front(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_free(dt, slot->ptr + HEAD, slot->size - HEAD);
	alloc_whole(dt, slot);
}

/* A reader's room, of which slot->size bytes are filled. */
#define ROOM	SZ_16K

static __always_inline void make_room(struct dualtree *dt, struct cost_slot *slot)
{
	free_whole(dt, slot);
	slot->ptr = dualtree_alloc(dt, ROOM, GFP_ATOMIC);
}

static __always_inline void free_tail(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_trim(dt, slot->ptr, ROOM, slot->size);
}

/* A third, with granules on both sides that only partly belong to it. */
#define MIDDLE	500

static __always_inline void free_middle(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_free(dt, slot->ptr + MIDDLE, MIDDLE);
}

static __always_inline void renew_middle(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_free(dt, slot->ptr, MIDDLE);
	dualtree_free(dt, slot->ptr + 2 * MIDDLE, slot->size - 2 * MIDDLE);
	alloc_whole(dt, slot);
}

#define HALF	1024
#define WHOLE	2048

static __always_inline void halve(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_trim(dt, slot->ptr, WHOLE, HALF);
}

/* If it should fail, the free that follows some day is one byte too long, and refused. */
static __always_inline void extend(struct dualtree *dt, struct cost_slot *slot)
{
	dualtree_extend(dt, slot->ptr, HALF, WHOLE);
}

/* Had it moved, this were not the phase that the row says: the row fails. */
static __always_inline void realloc_up(struct dualtree *dt, struct cost_slot *slot)
{
	if (dualtree_realloc(dt, slot->ptr, HALF, WHOLE, GFP_ATOMIC) != slot->ptr)
		slot->ptr = NULL;
}

static __always_inline void realloc_down(struct dualtree *dt, struct cost_slot *slot)
{
	if (dualtree_realloc(dt, slot->ptr, WHOLE, HALF, GFP_ATOMIC) != slot->ptr)
		slot->ptr = NULL;
}

#define DEFINE_PHASE(name, before, phase, after)					\
static u64 phase_##name(const struct cost_row *row, void *ctx, unsigned int ops)	\
{											\
	return cost_phase_loop(row, ctx, ops, before, phase, after);			\
}

DEFINE_PHASE(alloc, free_whole, alloc_whole, nothing)
DEFINE_PHASE(free, nothing, free_whole, alloc_whole)
DEFINE_PHASE(front, nothing, free_front, renew_front)
DEFINE_PHASE(tail, make_room, free_tail, nothing)
DEFINE_PHASE(middle, nothing, free_middle, renew_middle)
DEFINE_PHASE(extend, halve, extend, nothing)
DEFINE_PHASE(realloc_up, halve, realloc_up, nothing)
DEFINE_PHASE(realloc_down, nothing, realloc_down, extend)

static const struct cost_contender dualtree = {
	.name = "dualtree",
	.open = open_phase,
	.close = close_dualtree,
	.alloc = alloc_dualtree,
	.free = free_dualtree,
};

static const struct cost_contender exact = {
	.name = "dualtree EXACT_FIT",
	.open = open_phase,
	.close = close_dualtree,
	.alloc = alloc_dualtree,
	.free = free_dualtree,
};

/* @nr is BATCH or MANY, as a word that can be shown. */
#define PHASE(who, what, phase, bytes, nr, flags)					\
	{ who, what ", " #nr " live", .timed = phase_##phase, .size = bytes, .live = nr,	\
	  .ops = OPS, .arg = flags }

static const struct cost_row rows[] = {
	PHASE(&dualtree, "alloc 64 B", alloc, 64, 256, 0),
	PHASE(&dualtree, "alloc 64 B", alloc, 64, 4096, 0),
	PHASE(&dualtree, "alloc 1500 B", alloc, 1500, 256, 0),
	PHASE(&dualtree, "alloc 1500 B", alloc, 1500, 4096, 0),
	PHASE(&dualtree, "free in order", free, 1500, 256, IN_ORDER),
	PHASE(&dualtree, "free in order", free, 1500, 4096, IN_ORDER),
	PHASE(&dualtree, "free at random", free, 1500, 256, 0),
	PHASE(&dualtree, "free at random", free, 1500, 4096, 0),
	PHASE(&dualtree, "free 54 in front", front, 1400, 256, 0),
	PHASE(&dualtree, "free 54 in front", front, 1400, 4096, 0),
	PHASE(&dualtree, "trim 16K to 1400", tail, 1400, 256, 0),
	PHASE(&dualtree, "trim 16K to 1400", tail, 1400, 4096, 0),
	PHASE(&dualtree, "free middle third", middle, 1500, 256, 0),
	PHASE(&dualtree, "free middle third", middle, 1500, 4096, 0),
	PHASE(&dualtree, "extend 1K to 2K", extend, WHOLE, 256, 0),
	PHASE(&dualtree, "extend 1K to 2K", extend, WHOLE, 4096, 0),
	PHASE(&dualtree, "realloc 1K to 2K", realloc_up, WHOLE, 256, 0),
	PHASE(&dualtree, "realloc 1K to 2K", realloc_up, WHOLE, 4096, 0),
	PHASE(&dualtree, "realloc 2K to 1K", realloc_down, WHOLE, 256, 0),
	PHASE(&dualtree, "realloc 2K to 1K", realloc_down, WHOLE, 4096, 0),
	PHASE(&exact, "alloc 64 B", alloc, 64, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "alloc 64 B", alloc, 64, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "alloc 1500 B", alloc, 1500, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "alloc 1500 B", alloc, 1500, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "free in order", free, 1500, 256, DUALTREE_EXACT_FIT | IN_ORDER),
	PHASE(&exact, "free in order", free, 1500, 4096, DUALTREE_EXACT_FIT | IN_ORDER),
	PHASE(&exact, "free at random", free, 1500, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "free at random", free, 1500, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "free 54 in front", front, 1400, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "free 54 in front", front, 1400, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "trim 16K to 1400", tail, 1400, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "trim 16K to 1400", tail, 1400, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "free middle third", middle, 1500, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "free middle third", middle, 1500, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "extend 1K to 2K", extend, WHOLE, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "extend 1K to 2K", extend, WHOLE, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "realloc 1K to 2K", realloc_up, WHOLE, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "realloc 1K to 2K", realloc_up, WHOLE, 4096, DUALTREE_EXACT_FIT),
	PHASE(&exact, "realloc 2K to 1K", realloc_down, WHOLE, 256, DUALTREE_EXACT_FIT),
	PHASE(&exact, "realloc 2K to 1K", realloc_down, WHOLE, 4096, DUALTREE_EXACT_FIT),
};

const struct cost_set cost_phase = { rows, ARRAY_SIZE(rows) };
