// SPDX-License-Identifier: GPL-2.0
/*
 * The curve of instances: cost of a pair against how many instances there are, in round robin; and
 * the memory they take, by what the kernel counts before and after: pages of its slabs, and bytes
 * that are available, which the pool's arenas are not. A used instance has one packet live, so
 * that it does not count as idle.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include <dualtree/dualtree.h>

#include "allocators.h"
#include "curve.h"

/* Bytes. */
#define PACKET		1500
#define INSTANCES_MAX	10000
/* With fewer, the kernel's other allocations weigh more than theirs. */
#define WEIGH_MIN	1000

/* The instances of a point. */
struct instances {
	struct bench_slot *slots;	/* of the bench; each has one */
	u32 nr;
};

/* What the kernel counts. */
struct memory {
	s64 slab;	/* bytes in all slabs */
	s64 available;	/* bytes that could be had */
};

static struct instances instances;
static void *packets[INSTANCES_MAX];

/* After five seconds work that was deferred is done: idle passes, debugfs, counts of each CPU. */
static struct memory memory(void)
{
	unsigned long slab;

	msleep(5000);
	slab = global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
	       global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);
	return (struct memory) {
		.slab = (s64)slab << PAGE_SHIFT,
		.available = dt_bench_available(0),
	};
}

static void weigh(const struct bench *b, const char *what, s64 bytes)
{
	if (b->c->live >= WEIGH_MIN)
		dt_curve_add(b, what, b->c->live, b->c->live, max_t(s64, bytes, 0));
}

static int close_instances(const struct bench *b)
{
	int err = 0;

	while (instances.nr)
		err = dt_bench_close_instance(instances.slots[--instances.nr].ptr) ?: err;
	return err;
}

static int create_all(const struct bench *b)
{
	void *dt;

	for (instances.slots = b->table->slots; instances.nr < b->c->live; instances.nr++) {
		dt = dt_bench_open_dualtree(b);
		if (IS_ERR(dt))
			return PTR_ERR(dt);
		instances.slots[instances.nr].ptr = dt;
		cond_resched();
	}
	return 0;
}

/* One packet each. */
static int use_all(void)
{
	u32 i;

	for (i = 0; i < instances.nr; i++) {
		packets[i] = alloc_dualtree(instances.slots[i].ptr, PACKET);
		if (!packets[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static void unuse_all(void)
{
	u32 i;

	for (i = 0; i < instances.nr; i++)
		free_dualtree(instances.slots[i].ptr, packets[i], PACKET);
}

static int create_and_weigh(const struct bench *b)
{
	struct memory before = memory(), now;
	int err = create_all(b);

	if (err)
		return err;
	now = memory();
	weigh(b, "slab bytes, never used", now.slab - before.slab);
	err = use_all();
	if (err)
		return err;
	now = memory();
	weigh(b, "slab bytes, used", now.slab - before.slab);
	weigh(b, "all bytes, used", before.available - now.available);
	unuse_all();
	return 0;
}

static void *open_instances(const struct bench *b)
{
	int err = create_and_weigh(b);

	if (!err)
		return &instances;
	close_instances(b);
	return ERR_PTR(err);
}

static void round_robin(const struct bench *b, unsigned int ops)
{
	const struct instances *all = b->ctx;
	u32 next = 0;

	while (ops--) {
		struct dualtree *dt = all->slots[next].ptr;

		free_dualtree(dt, alloc_dualtree(dt, PACKET), PACKET);
		if (++next == all->nr)
			next = 0;
	}
}

int dt_curve_instances(void)
{
	const struct bench_case c = {
		.name = "pair 1500 B", .loop = round_robin, .open = open_instances,
		.close = close_instances, .open_fills = true,
	};
	u32 max = dt_bench_quick ? WEIGH_MIN : INSTANCES_MAX;
	int err = dt_curve_begin() ?:
		  dt_curve_line(DUALTREE, c, 1, max) ?: dt_curve_line(EXACT, c, 1, max);

	dt_curve_end();
	return err;
}
