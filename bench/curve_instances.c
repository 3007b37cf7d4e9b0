// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of a pair against how many instances there are, one after the other; and what memory
 * they take, by what the kernel counts before and after: pages of its slabs, and bytes that are
 * available, from which the pool's arenas are gone too. A used instance has one packet live, so
 * that it does not count as idle.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include <dualtree/dualtree.h>

#include "curve.h"
#include "contenders.h"

#define PACKET		1500
#define MOST_INSTANCES	10000
/* With fewer, what else goes on in the kernel is more. */
#define LEAST_TO_WEIGH	1000

/**
 * struct instances - all of them
 * @nr: how many there are, in the slots of the table
 */
struct instances {
	u32 nr;
};

/**
 * struct memory - what the kernel counts
 * @slab: bytes in all slabs
 * @available: bytes that could be had
 */
struct memory {
	s64 slab;
	s64 available;
};

static void *packets[MOST_INSTANCES];

static struct dualtree *instance(u32 index)
{
	return dt_cost_table->slots[index].ptr;
}

/* When what was put off has been done: giving back, files in debugfs, counts of each CPU. */
static struct memory memory(void)
{
	unsigned long slab;

	msleep(5000);
	slab = global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
	       global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);
	return (struct memory) {
		.slab = (s64)slab << PAGE_SHIFT,
		.available = (s64)si_mem_available() << PAGE_SHIFT,
	};
}

static void weigh(const struct cost_row *row, const char *what, s64 bytes)
{
	if (row->live >= LEAST_TO_WEIGH)
		curve_add(row->contender, what, row->live, row->live, max_t(s64, bytes, 0));
}

static int close_instances(void *ctx)
{
	struct instances *all = ctx;
	int err = 0;

	while (all->nr--)
		err = close_dualtree(instance(all->nr)) ?: err;
	kfree(all);
	return err;
}

static int create_all(const struct cost_row *row, struct instances *all, u32 nr)
{
	void *dt;

	for (; all->nr < nr; all->nr++) {
		dt = open_dualtree(row);
		if (IS_ERR(dt))
			return PTR_ERR(dt);
		dt_cost_table->slots[all->nr].ptr = dt;
		cond_resched();
	}
	return 0;
}

/* One packet each. */
static int use_all(struct instances *all)
{
	u32 i;

	for (i = 0; i < all->nr; i++) {
		packets[i] = alloc_dualtree(instance(i), PACKET);
		if (!packets[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static void unuse_all(struct instances *all)
{
	u32 i;

	for (i = 0; i < all->nr; i++)
		free_dualtree(instance(i), packets[i], PACKET);
}

static int create_and_weigh(const struct cost_row *row, struct instances *all)
{
	struct memory before = memory(), now;
	int err = create_all(row, all, row->live);

	if (err)
		return err;
	now = memory();
	weigh(row, "slab bytes, never used", now.slab - before.slab);
	err = use_all(all);
	if (err)
		return err;
	now = memory();
	weigh(row, "slab bytes, used", now.slab - before.slab);
	weigh(row, "all bytes, used", before.available - now.available);
	unuse_all(all);
	return 0;
}

static void *open_instances(const struct cost_row *row)
{
	struct instances *all = kzalloc(sizeof(*all), GFP_KERNEL);
	int err;

	if (!all)
		return ERR_PTR(-ENOMEM);
	err = create_and_weigh(row, all);
	if (err) {
		close_instances(all);
		return ERR_PTR(err);
	}
	return all;
}

static void round_robin(const struct cost_row *row, void *ctx, unsigned int ops)
{
	const struct instances *all = ctx;
	u32 next = 0;

	while (ops--) {
		struct dualtree *dt = instance(next);

		free_dualtree(dt, alloc_dualtree(dt, PACKET), PACKET);
		if (++next == all->nr)
			next = 0;
	}
}

static const struct cost_contender dualtree = {
	.name = "dualtree",
	.open = open_instances,
	.close = close_instances,
};

static const struct cost_contender exact = {
	.name = "dualtree EXACT_FIT",
	.open = open_instances,
	.close = close_instances,
};

static int line(const struct cost_contender *contender, unsigned long flags)
{
	struct cost_row row = {
		.contender = contender,
		.name = "pair 1500 B",
		.loop = round_robin,
		.arg = flags,
	};
	u32 most = curve_quick ? LEAST_TO_WEIGH : MOST_INSTANCES;
	int err = 0;

	for (row.live = 1; row.live <= most && !err; row.live = curve_next(row.live))
		err = curve_measure(&row, row.live);
	return err;
}

int curve_instances(void)
{
	return line(&dualtree, 0) ?: line(&exact, DUALTREE_EXACT_FIT);
}
