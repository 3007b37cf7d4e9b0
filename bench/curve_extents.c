// SPDX-License-Identifier: GPL-2.0
/*
 * The curve of extents: cost of an operation on the trees against how many free extents there are.
 *
 *	| block | s | block | s | block | s |	separators of one granule
 *	| live  | s |       | s | live  | s |	half of the blocks free: extents that cannot merge
 *
 * In one region blocks are of 1 to 3 granules. In many they are of 2: a request goes to the lowest
 * region that can serve it, and would take a part of a larger extent there, though another region
 * had one of its size.
 *
 * An operation frees a block and allocates one of its size: an extent more, then one less. What is
 * allocated is the lowest of its size, so after a while all that lives would lie below all that
 * is free. Therefore which blocks live is drawn again, all over the instance, when half as many
 * operations as there are extents have been done; that is not timed.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include <dualtree/dualtree.h>

#include "allocators.h"
#include "curve.h"
#include "random.h"

#define OPS	2048
/* Tries to have the CPU alone. */
#define TRIES	8

/* Extents that have room in a region of the largest size, with what is live. */
#define ONE_REGION_MAX	10000

enum spread { ONE_REGION, SMALL_REGIONS, DEFAULT_REGIONS };

/* An instance with so many free extents. */
struct extents {
	struct dualtree *dt;
	struct bench_slot *slots;	/* of the bench */
	/*
	 * Extents; as many blocks are live, in the first slots. The slots after these have the
	 * sizes of blocks that are free.
	 */
	u32 nr;
	bool mixed;			/* blocks are of several sizes */
	struct rnd_state rnd;		/* for which blocks are live */
};

static int alloc_block(struct extents *e, u32 index)
{
	e->slots[index].ptr = alloc_dualtree(e->dt, e->slots[index].size);
	return e->slots[index].ptr ? 0 : -ENOMEM;
}

static void free_block(struct extents *e, u32 index)
{
	free_dualtree(e->dt, e->slots[index].ptr, e->slots[index].size);
}

/* Frees half of the blocks, all of which are live. */
static void free_half(struct extents *e)
{
	u32 i, other;

	for (i = 2 * e->nr - 1; i; i--) {
		other = random_below(&e->rnd, i + 1);
		swap(e->slots[i], e->slots[other]);
	}
	for (i = e->nr; i < 2 * e->nr; i++)
		free_block(e, i);
}

/* Each block that is allocated finds an extent of just its size. */
static void draw_again(struct extents *e)
{
	u32 i;

	for (i = e->nr; i < 2 * e->nr; i++)
		alloc_block(e, i);
	free_half(e);
}

static int fill(struct extents *e)
{
	int err = 0;
	u32 i;

	for (i = 0; i < 2 * e->nr && !err; i++) {
		e->slots[i].size = e->mixed ? random_between(&e->rnd, 1, 3) * 64 : 128;
		err = alloc_block(e, i);
		if (!err && !alloc_dualtree(e->dt, 64))
			err = -ENOMEM;
	}
	return err;
}

/*
 * Are there as many as the case says? Each region may have one more, after its last block, and
 * one less, where a separator went to another region.
 */
static int check(const struct extents *e)
{
	struct dualtree_stats stats;

	dualtree_get_stats(e->dt, &stats);
	if (stats.failed_allocs || stats.bad_frees)
		return -EINVAL;
	if (abs((long)stats.extents - (long)e->nr) > 2 * (long)stats.regions + 1)
		return -ERANGE;
	return 0;
}

static struct dualtree *create(enum spread spread)
{
	struct dualtree_params params = { .flags = DUALTREE_EXACT_FIT };

	if (spread == ONE_REGION)
		params.min_region_order = 10;
	if (spread == SMALL_REGIONS)
		params.max_region_order = 4;
	return dt_bench_own_heap(dualtree_create("extents", &params));
}

static void *open_extents(const struct bench *b)
{
	static struct extents extents;
	struct extents *e = &extents;
	int err;

	e->dt = create(b->c->arg);
	if (IS_ERR(e->dt))
		return e->dt;
	e->slots = b->table->slots;
	e->nr = b->c->live;
	e->mixed = b->c->arg == ONE_REGION;
	prandom_seed_state(&e->rnd, 1);
	err = fill(e);
	if (!err) {
		free_half(e);
		err = check(e);
	}
	if (!err)
		return e;
	dualtree_destroy(e->dt);
	return ERR_PTR(err);
}

static int close_extents(const struct bench *b)
{
	struct extents *e = b->ctx;
	int err = check(e);

	dualtree_destroy(e->dt);
	return err;
}

static __always_inline void replace(struct extents *e, const u32 *pick, unsigned int nr)
{
	for (; nr--; pick++) {
		struct bench_slot *slot = &e->slots[*pick];

		free_dualtree(e->dt, slot->ptr, slot->size);
		slot->ptr = alloc_dualtree(e->dt, slot->size);
	}
}

/* Once more, if another task had the CPU in between. */
static u64 time_replace(struct extents *e, const u32 *pick, unsigned int nr, u64 clock)
{
	unsigned int tries = TRIES;
	unsigned long preempted;
	u64 start, ns;

	do {
		draw_again(e);
		preempted = current->nivcsw;
		start = ktime_get_ns();
		replace(e, pick, nr);
		ns = ktime_get_ns() - start - clock;
	} while (current->nivcsw != preempted && --tries);
	return ns;
}

static u64 timed_extents(const struct bench *b, unsigned int ops)
{
	struct extents *e = b->ctx;
	u64 clock = dt_curve_clock(), ns = 0;
	unsigned int done, nr;

	for (done = 0; done < ops; done += nr) {
		nr = min_t(unsigned int, ops - done, e->nr / 2);
		ns += time_replace(e, b->table->picks + done, nr, clock);
	}
	return ns;
}

static int line(const char *name, enum spread spread, u32 max)
{
	const struct bench_case c = {
		.name = name, .timed = timed_extents, .open = open_extents, .close = close_extents,
		.open_fills = true, .ops = OPS, .arg = spread,
	};

	return dt_curve_line(EXACT, c, 10, max);
}

int dt_curve_extents(void)
{
	int err = dt_curve_begin() ?:
		  line("one region", ONE_REGION, ONE_REGION_MAX) ?:
		  line("regions of 64 KiB", SMALL_REGIONS, curve_max()) ?:
		  line("regions by default", DEFAULT_REGIONS, curve_max());

	dt_curve_end();
	return err;
}
