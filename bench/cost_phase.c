// SPDX-License-Identifier: GPL-2.0
/*
 * The phases of an allocation's life, each timed apart: allocating, freeing whole, in front, at
 * the end and in the middle, growing and shrinking in place. Those of a region and of an instance
 * are in cost_phase_instance.c, those of a remote free in cost_section.c.
 *
 * A phase is timed over a batch of allocations at a time, so that reading the clock hardly
 * weighs. What brings them to where it begins, and back to being whole, is done before and
 * after, and not timed:
 *
 *	batch:   before each -> clock -> phase of each -> clock -> after each
 *
 * With 256 live a batch is all there is. With 4096 live most allocations are not touched, and
 * what a batch frees lies scattered between them, unless it is freed in order of allocation.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "bench.h"

#define BATCH		256
#define LIVE_MAX	4096
#define OPS		2048

/* In c->arg: a batch is in order of allocation. */
#define IN_ORDER	1

/* Indices of slots. */
static u16 order[LIVE_MAX];

static void set_order(const struct bench *b)
{
	unsigned int i;

	for (i = 0; i < b->c->live; i++)
		order[i] = i;
}

/*
 * Drawn for each batch anew: what was allocated in one order lies in it, and would then be freed
 * one next to the other.
 */
static const u16 *next_batch(const struct bench *b, unsigned int done)
{
	unsigned int i;

	if (b->c->arg & IN_ORDER)
		return order + done % b->c->live;
	for (i = 0; i < b->c->live; i++)
		swap(order[i], order[b->table->picks[(done + i) % BENCH_OPS]]);
	return order;
}

typedef void (*step_fn)(struct dualtree *dt, struct bench_slot *slot);

static __always_inline void each(const struct bench *b, const u16 *batch, step_fn step)
{
	struct bench_slot *slots = b->table->slots;
	struct dualtree *dt = b->ctx;
	const u16 *end = batch + BATCH;

	for (; batch < end; batch++)
		step(dt, &slots[*batch]);
}

static __always_inline u64 phase_loop(const struct bench *b, unsigned int ops, step_fn before,
				      step_fn phase, step_fn after)
{
	u64 ns = 0, start;
	unsigned int done;

	set_order(b);
	for (done = 0; done < ops; done += BATCH) {
		const u16 *batch = next_batch(b, done);

		each(b, batch, before);
		start = ktime_get_ns();
		each(b, batch, phase);
		ns += ktime_get_ns() - start;
		each(b, batch, after);
	}
	return ns;
}

static __always_inline void nothing(struct dualtree *dt, struct bench_slot *slot)
{
}

static __always_inline void alloc_whole(struct dualtree *dt, struct bench_slot *slot)
{
	slot->ptr = dualtree_alloc(dt, slot->size, GFP_ATOMIC);
}

static __always_inline void free_whole(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_free(dt, slot->ptr, slot->size);
}

/* A packet's headers, in bytes: less than a granule, so no granule is freed. */
#define HEAD	54

static __always_inline void free_front(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_free(dt, slot->ptr, HEAD);
}

static __always_inline void renew_front(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_free(dt, slot->ptr + HEAD, slot->size - HEAD);
	alloc_whole(dt, slot);
}

/* A reader's buffer, in bytes, of which slot->size are filled. */
#define ROOM	SZ_16K

static __always_inline void make_room(struct dualtree *dt, struct bench_slot *slot)
{
	free_whole(dt, slot);
	slot->ptr = dualtree_alloc(dt, ROOM, GFP_ATOMIC);
}

static __always_inline void free_tail(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_trim(dt, slot->ptr, ROOM, slot->size);
}

/* A third of an allocation, in bytes; the granules at both its ends are only partly in it. */
#define MIDDLE	500

static __always_inline void free_middle(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_free(dt, slot->ptr + MIDDLE, MIDDLE);
}

static __always_inline void renew_middle(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_free(dt, slot->ptr, MIDDLE);
	dualtree_free(dt, slot->ptr + 2 * MIDDLE, slot->size - 2 * MIDDLE);
	alloc_whole(dt, slot);
}

/* What grows and shrinks in place, in bytes. */
#define HALF	1024
#define WHOLE	2048

static __always_inline void halve(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_trim(dt, slot->ptr, WHOLE, HALF);
}

/* If it fails, a later free of WHOLE bytes is refused, and so the case fails. */
static __always_inline void extend(struct dualtree *dt, struct bench_slot *slot)
{
	dualtree_extend(dt, slot->ptr, HALF, WHOLE);
}

/* A realloc that moves is another phase than the case's: the empty slot makes it fail. */
static __always_inline void realloc_up(struct dualtree *dt, struct bench_slot *slot)
{
	if (dualtree_realloc(dt, slot->ptr, HALF, WHOLE, GFP_ATOMIC) != slot->ptr)
		slot->ptr = NULL;
}

static __always_inline void realloc_down(struct dualtree *dt, struct bench_slot *slot)
{
	if (dualtree_realloc(dt, slot->ptr, WHOLE, HALF, GFP_ATOMIC) != slot->ptr)
		slot->ptr = NULL;
}

#define DEFINE_PHASE(name, before, phase, after)					\
static u64 phase_##name(const struct bench *b, unsigned int ops)			\
{											\
	return phase_loop(b, ops, before, phase, after);				\
}

DEFINE_PHASE(alloc, free_whole, alloc_whole, nothing)
DEFINE_PHASE(free, nothing, free_whole, alloc_whole)
DEFINE_PHASE(front, nothing, free_front, renew_front)
DEFINE_PHASE(tail, make_room, free_tail, nothing)
DEFINE_PHASE(middle, nothing, free_middle, renew_middle)
DEFINE_PHASE(extend, halve, extend, nothing)
DEFINE_PHASE(realloc_up, halve, realloc_up, nothing)
DEFINE_PHASE(realloc_down, nothing, realloc_down, extend)

#define PHASE(what, phase, bytes, nr, in_order)						\
	{ what ", " #nr " live", .timed = phase_##phase, .size = bytes, .live = nr, .ops = OPS,	\
	  .arg = in_order, .cost = BIT(DUALTREE) | BIT(EXACT) }

static const struct bench_case cases[] = {
	PHASE("alloc 64 B", alloc, 64, 256, 0),
	PHASE("alloc 64 B", alloc, 64, 4096, 0),
	PHASE("alloc 1500 B", alloc, 1500, 256, 0),
	PHASE("alloc 1500 B", alloc, 1500, 4096, 0),
	PHASE("free in order", free, 1500, 256, IN_ORDER),
	PHASE("free in order", free, 1500, 4096, IN_ORDER),
	PHASE("free at random", free, 1500, 256, 0),
	PHASE("free at random", free, 1500, 4096, 0),
	PHASE("free 54 in front", front, 1400, 256, 0),
	PHASE("free 54 in front", front, 1400, 4096, 0),
	PHASE("trim 16K to 1400", tail, 1400, 256, 0),
	PHASE("trim 16K to 1400", tail, 1400, 4096, 0),
	PHASE("free middle third", middle, 1500, 256, 0),
	PHASE("free middle third", middle, 1500, 4096, 0),
	PHASE("extend 1K to 2K", extend, WHOLE, 256, 0),
	PHASE("extend 1K to 2K", extend, WHOLE, 4096, 0),
	PHASE("realloc 1K to 2K", realloc_up, WHOLE, 256, 0),
	PHASE("realloc 1K to 2K", realloc_up, WHOLE, 4096, 0),
	PHASE("realloc 2K to 1K", realloc_down, WHOLE, 256, 0),
	PHASE("realloc 2K to 1K", realloc_down, WHOLE, 4096, 0),
};

const struct bench_set dt_phase_cases = { cases, ARRAY_SIZE(cases) };
