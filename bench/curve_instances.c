// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of a pair against how many instances there are, one after the other; and what memory
 * they take, by what the kernel says is available before and after.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

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
 * @idle_bytes: memory that went when they were created
 * @used_bytes: and when each had been used once
 */
struct instances {
	u32 nr;
	s64 idle_bytes;
	s64 used_bytes;
};

static struct dualtree *instance(u32 index)
{
	return cost_table->slots[index].ptr;
}

/* When what was put off has been done: giving back, files in debugfs. */
static s64 available_bytes(void)
{
	msleep(2000);
	return (s64)si_mem_available() << PAGE_SHIFT;
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
		cost_table->slots[all->nr].ptr = dt;
		cond_resched();
	}
	return 0;
}

static void use_all(struct instances *all)
{
	u32 i;

	for (i = 0; i < all->nr; i++) {
		free_dualtree(instance(i), alloc_dualtree(instance(i), PACKET), PACKET);
		cond_resched();
	}
}

static void *open_instances(const struct cost_row *row)
{
	struct instances *all = kzalloc(sizeof(*all), GFP_KERNEL);
	s64 before, created;
	int err;

	if (!all)
		return ERR_PTR(-ENOMEM);
	before = available_bytes();
	err = create_all(row, all, row->live);
	if (err) {
		close_instances(all);
		return ERR_PTR(err);
	}
	created = available_bytes();
	use_all(all);
	all->idle_bytes = before - created;
	all->used_bytes = before - available_bytes();
	if (all->nr >= LEAST_TO_WEIGH) {
		curve_add(row->contender, "bytes, never used", all->nr, all->nr,
			  max_t(s64, all->idle_bytes, 0));
		curve_add(row->contender, "bytes, used", all->nr, all->nr,
			  max_t(s64, all->used_bytes, 0));
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
