// SPDX-License-Identifier: GPL-2.0
/*
 * The points of a curve, and the curves of size and of live allocations.
 *
 * A point begins with what is live being filled in, and aged until each has been replaced twice
 * on average; then come three loops, of random numbers of their own, which all count. Both are
 * cut short for an allocator that takes more instructions than there is time for; how many
 * operations there were is in the result. A loop in which another task had the CPU is not one of
 * the three. Totals are nanoseconds, or bytes where the operation's name says so.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "curve.h"

#define LOOPS		12
/* Loops, those that do not count included. */
#define LOOPS_MAX	80

/* Operations from which it is seen how many can be afforded; no loop has fewer. */
#define TRIAL_OPS	64
/*
 * Nanoseconds of a loop, and of all that ages; divided by QUICK_SHARE in a quick run. A loop is
 * shorter than a tick: while regions come and go, grace periods end, and RCU's thread has the CPU
 * with each tick.
 */
#define LOOP_NS		2000000
#define AGE_NS		200000000
#define QUICK_SHARE	10

static struct bench_table *table;

/* The curve of extents has two blocks for each extent. Return: 0 or -ENOMEM. */
int dt_curve_begin(void)
{
	table = dt_bench_table(2 * curve_max());
	return table ? 0 : -ENOMEM;
}

void dt_curve_end(void)
{
	kvfree(table);
}

/* A result: @total of @ops operations. */
void dt_curve_add(const struct bench *b, const char *operation, u32 x, u64 ops, u64 total)
{
	dt_bench_report("%s|%s|%u|%llu|%llu\n", dt_bench_name(b), operation, x, ops, total);
}

/* What reading the clock takes: to be subtracted where few operations lie between two reads. */
u64 dt_curve_clock(void)
{
	u64 start, best = U64_MAX;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		start = ktime_get_ns();
		best = min(best, ktime_get_ns() - start);
	}
	return best;
}

static unsigned int affordable(u64 budget, u64 each, unsigned int max)
{
	if (dt_bench_quick)
		budget /= QUICK_SHARE;
	return clamp_t(u64, budget / (each ?: 1), TRIAL_OPS, max);
}

static u64 loop(struct bench *b, unsigned int ops)
{
	dt_bench_draw(b);
	return dt_bench_time(b, ops);
}

static void age(struct bench *b, unsigned int ops)
{
	unsigned int nr;

	for (; ops; ops -= nr) {
		nr = min_t(unsigned int, ops, BENCH_OPS);
		loop(b, nr);
	}
}

static int measure(struct bench *b, u32 x)
{
	unsigned int max = dt_bench_ops(b), nr = 0, ops, i;
	u64 each, ns, total = 0;

	loop(b, TRIAL_OPS);
	each = loop(b, TRIAL_OPS) / TRIAL_OPS;
	ops = affordable(LOOP_NS, each, max);
	if (!b->c->open_fills)
		age(b, affordable(AGE_NS, each, max(2 * b->c->live, ops)));
	for (i = 0; nr < LOOPS && i < LOOPS_MAX; i++) {
		dt_bench_draw(b);
		/* A case that takes the time itself sees to that itself. */
		if (!dt_bench_time_alone(b, ops, &ns) && !b->c->timed)
			continue;
		total += ns;
		nr++;
	}
	if (!nr)
		return -EBUSY;
	dt_curve_add(b, b->c->name, x, (u64)ops * nr, total);
	return 0;
}

static int point(enum allocator_id id, const struct bench_case *c, u32 x)
{
	struct bench b = { .allocator = dt_allocators[id], .c = c, .table = table };
	int err = dt_bench_open(&b);

	if (!err) {
		err = dt_bench_fill(&b) ?: measure(&b, x);
		err = dt_bench_close(&b, err);
	}
	if (err)
		pr_err("%s, %s, %u: error %d\n", dt_bench_name(&b), c->name, x, err);
	return err;
}

/* 1, 3, 10, 30 and so on, or the powers of ten alone. */
static u32 next_live(u32 x)
{
	u32 unit = 1;

	if (dt_bench_quick)
		return x * 10;
	while (unit * 10 <= x)
		unit *= 10;
	return x == unit ? 3 * x : 10 * unit;
}

/*
 * Measures a point for each number of what is live, from @first on, between dt_curve_begin() and
 * dt_curve_end(). Return: 0, -EBUSY if other tasks had the CPU in every loop, or the case's error.
 */
int dt_curve_line(enum allocator_id id, struct bench_case c, u32 first, u32 max)
{
	int err = 0;

	for (c.live = first; c.live <= max && !err; c.live = next_live(c.live))
		err = point(id, &c, c.live);
	return err;
}

/* Live allocations, and operations at most, of a point of the curve of size. */
#define SIZE_LIVE	1000
#define SIZE_OPS	4096
/* Bytes of an allocation in the curve of live ones. */
#define LIVE_SIZE	1500

#define SIZE_ALLOCATORS	(BIT(DUALTREE) | BIT(EXACT) | BIT(KMALLOC) | BIT(FRAG) | BIT(PAGES) |	\
			 BIT(GEN_FIRST))
#define LIVE_ALLOCATORS	(BIT(DUALTREE) | BIT(EXACT) | BIT(KMALLOC) | BIT(GEN_FIRST))

/* The powers of two and what lies halfway between, or every other power. */
static u32 next_size(u32 size)
{
	if (dt_bench_quick)
		return size * 4;
	return size & (size - 1) ? size / 3 * 4 : size / 2 * 3;
}

static int size_lines(enum allocator_id id)
{
	u32 max = dt_allocators[id]->size_max ?: SZ_64K, size;
	int err = 0;

	for (size = 64; size <= max && !err; size = next_size(size)) {
		const struct bench_case pair = {
			.name = "pair", .kind = LOOP_PAIR, .size = size, .ops = SIZE_OPS,
		};
		const struct bench_case random = {
			.name = "random, 1000 live", .kind = LOOP_RANDOM, .size = size,
			.live = SIZE_LIVE, .ops = SIZE_OPS,
		};

		if (size >= dt_allocators[id]->size_min)
			err = point(id, &pair, size) ?: point(id, &random, size);
	}
	return err;
}

static int live_lines(enum allocator_id id)
{
	const struct bench_case one_size = {
		.name = "1500 B", .kind = LOOP_RANDOM, .size = LIVE_SIZE,
	};
	const struct bench_case all_sizes = { .name = "64..4096 B", .kind = LOOP_MIXED };
	const struct allocator *allocator = dt_allocators[id];
	u32 max = curve_max();

	return dt_curve_line(id, one_size, 10, min(allocator->live_max ?: max, max)) ?:
	       dt_curve_line(id, all_sizes, 10, min(allocator->mixed_max ?: max, max));
}

static int each_allocator(u32 mask, int (*measure_lines)(enum allocator_id id))
{
	int err = dt_curve_begin();
	enum allocator_id id;

	for (id = 0; id < NR_ALLOCATORS && !err; id++)
		if (mask & BIT(id) && dt_allocators[id])
			err = measure_lines(id);
	dt_curve_end();
	return err;
}

int dt_curve_size(void)
{
	return each_allocator(SIZE_ALLOCATORS, size_lines);
}

int dt_curve_live(void)
{
	return each_allocator(LIVE_ALLOCATORS, live_lines);
}
