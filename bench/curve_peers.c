// SPDX-License-Identifier: GPL-2.0
/*
 * Cost against the size of an allocation, and against how many live; beside what the kernel has.
 * Left out is where a contender does not go: page_frag above a page, pages below one.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "curve.h"
#include "contenders.h"

#define SIZE_LIVE	1000
#define SIZE_OPS	4096
#define LIVE_SIZE	1500

COST_DEFINE_LOOP(pair, dualtree)
COST_DEFINE_LOOP(random, dualtree)
COST_DEFINE_LOOP(mixed, dualtree)
COST_DEFINE_LOOP(pair, kmalloc)
COST_DEFINE_LOOP(random, kmalloc)
COST_DEFINE_LOOP(mixed, kmalloc)
COST_DEFINE_LOOP(pair, frag)
COST_DEFINE_LOOP(random, frag)
COST_DEFINE_LOOP(pair, page_block)
COST_DEFINE_LOOP(random, page_block)

static const struct cost_contender dualtree = COST_CONTENDER(dualtree, "dualtree");
static const struct cost_contender exact = COST_CONTENDER(dualtree, "dualtree EXACT_FIT");
static const struct cost_contender frag = COST_CONTENDER(frag, "page_frag");

static const struct cost_contender kmalloc_contender = {
	.name = "kmalloc",
	.alloc = alloc_kmalloc,
	.free = free_kmalloc,
};

static const struct cost_contender pages = {
	.name = "alloc_pages",
	.alloc = alloc_page_block,
	.free = free_page_block,
};

static const struct curve_subject subjects[] = {
	{ &dualtree, 0, pair_dualtree, random_dualtree, mixed_dualtree },
	{ &exact, DUALTREE_EXACT_FIT, pair_dualtree, random_dualtree, mixed_dualtree },
	{ &kmalloc_contender, 0, pair_kmalloc, random_kmalloc, mixed_kmalloc },
	{ &frag, 0, pair_frag, random_frag, .most = PAGE_SIZE },
	{ &pages, 0, pair_page_block, random_page_block, .least = PAGE_SIZE },
};

static int measure(const struct curve_subject *subject, const char *name, cost_loop_fn loop,
		   u32 size, u32 live, unsigned int ops, u32 x)
{
	const struct cost_row row = {
		.contender = subject->contender,
		.name = name,
		.loop = loop,
		.size = size,
		.live = live,
		.ops = ops,
		.arg = subject->arg,
	};

	return curve_measure(&row, x);
}

/* The powers of two and what lies halfway between, or every other power. */
static u32 next_size(u32 size)
{
	if (curve_quick)
		return size * 4;
	return size & (size - 1) ? size / 3 * 4 : size / 2 * 3;
}

static int size_lines(const struct curve_subject *subject)
{
	u32 size, most = subject->most ?: SZ_64K;
	int err = 0;

	for (size = 64; size <= most && !err; size = next_size(size)) {
		if (size < subject->least)
			continue;
		err = measure(subject, "pair", subject->pair, size, 0, SIZE_OPS, size) ?:
		      measure(subject, "random, 1000 live", subject->random, size, SIZE_LIVE,
			      SIZE_OPS, size);
	}
	return err;
}

/* All lines of all subjects. */
static int each_subject(int (*measure_lines)(const struct curve_subject *subject))
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(subjects) && !err; i++)
		err = measure_lines(&subjects[i]);
	if (!err && IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		err = measure_lines(&curve_gen_pool);
	return err;
}

int curve_size(void)
{
	return each_subject(size_lines);
}

/* @size: 0 for all sizes. */
static int live_line(const struct curve_subject *subject, const char *name, cost_loop_fn loop,
		     u32 size, u32 most)
{
	u32 live;
	int err = 0;

	most = min(most ?: U32_MAX, curve_most());
	for (live = 10; live <= most && !err; live = curve_next(live))
		err = measure(subject, name, loop, size, live, 0, live);
	return err;
}

static int live_lines(const struct curve_subject *subject)
{
	if (!subject->mixed)
		return 0;
	return live_line(subject, "1500 B", subject->random, LIVE_SIZE, subject->most_live) ?:
	       live_line(subject, "64..4096 B", subject->mixed, 0, subject->most_mixed);
}

int curve_live(void)
{
	return each_subject(live_lines);
}
