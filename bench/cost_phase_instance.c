// SPDX-License-Identifier: GPL-2.0
/*
 * The phases of a region's and of an instance's life, each timed apart, over a batch at a time,
 * as cost_phase.c does it for an allocation.
 *
 * Memory comes from a pool of our own, with a reserve that is never touched: what is timed is
 * getting from the pool and giving back to it, not what the kernel takes for an arena.
 *
 * A region's are those of an allocation as large as a region, which makes a heap grow by one,
 * and of its free: all but the first and the last of a batch, for which there is the spare.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sizes.h>

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>

#include "contenders.h"
#include "cost.h"

#define POOL_RESERVE	SZ_64M

#define REGION_ORDER	4
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)
#define REGIONS		64

#define INSTANCES	64
#define PACKET		1500

static struct buddy_pool *pool;
/* Of a call that a row's loop has made; it ends the row. */
static int failed;

/* By the time all have been asked for once, all of the reserve is there. */
static int open_pool(void)
{
	const struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .reserve = POOL_RESERVE };

	failed = 0;
	pool = buddy_pool_create("cost", &params);
	return PTR_ERR_OR_ZERO(pool);
}

static struct dualtree *create(unsigned long flags)
{
	const struct dualtree_params params = {
		.pool = pool,
		.min_region_order = REGION_ORDER,
		.max_region_order = REGION_ORDER,
		.flags = flags,
	};

	return dualtree_create("cost", &params);
}

static void *open_region(const struct cost_row *row)
{
	struct dualtree *dt;
	int err = open_pool();

	if (err)
		return ERR_PTR(err);
	dt = create(row->arg);
	if (IS_ERR(dt))
		buddy_pool_destroy(pool);
	return dt;
}

static int close_region(void *ctx)
{
	int err = close_dualtree(ctx);

	buddy_pool_destroy(pool);
	return err;
}

static u64 alloc_each(struct dualtree *dt, unsigned int nr)
{
	struct cost_slot *slot = dt_cost_table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		slot->ptr = dualtree_alloc(dt, slot->size, GFP_ATOMIC);
	return ktime_get_ns() - start;
}

static u64 free_each(struct dualtree *dt, unsigned int nr)
{
	struct cost_slot *slot = dt_cost_table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		dualtree_free(dt, slot->ptr, slot->size);
	return ktime_get_ns() - start;
}

static u64 phase_get(const struct cost_row *row, void *ctx, unsigned int ops)
{
	free_each(ctx, ops);
	return alloc_each(ctx, ops);
}

static u64 phase_put(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 ns = free_each(ctx, ops);

	alloc_each(ctx, ops);
	return ns;
}

static void *open_instances(const struct cost_row *row)
{
	return ERR_PTR(open_pool());
}

static int close_instances(void *ctx)
{
	buddy_pool_destroy(pool);
	return failed;
}

static u64 create_each(const struct cost_row *row, unsigned int nr)
{
	struct cost_slot *slot = dt_cost_table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		slot->ptr = create(row->arg);
	return ktime_get_ns() - start;
}

static u64 destroy_each(unsigned int nr)
{
	struct cost_slot *slot = dt_cost_table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		if (IS_ERR(slot->ptr))
			failed = PTR_ERR(slot->ptr);
		else
			dualtree_destroy(slot->ptr);
	return ktime_get_ns() - start;
}

/* One allocation of @size from each. */
static u64 use_each(unsigned int nr, size_t size)
{
	struct cost_slot *slot = dt_cost_table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		if (!IS_ERR(slot->ptr) && !dualtree_alloc(slot->ptr, size, GFP_ATOMIC))
			failed = -ENOMEM;
	return ktime_get_ns() - start;
}

/* Which had its first region already, and so, after a while, its files in debugfs. */
static void let_publish(void)
{
	msleep(100);
}

static u64 phase_create(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 ns = create_each(row, ops);

	destroy_each(ops);
	return ns;
}

static u64 phase_first_alloc(const struct cost_row *row, void *ctx, unsigned int ops)
{
	u64 ns;

	create_each(row, ops);
	ns = use_each(ops, PACKET);
	let_publish();
	destroy_each(ops);
	return ns;
}

/* Each has @row->size regions, and something is live in all of them. */
static u64 phase_destroy(const struct cost_row *row, void *ctx, unsigned int ops)
{
	unsigned int i;

	create_each(row, ops);
	for (i = 0; i < row->size; i++)
		use_each(ops, REGION_BYTES);
	let_publish();
	return destroy_each(ops);
}

/* Each has one region, and nothing is live in it. */
static u64 phase_shrink(const struct cost_row *row, void *ctx, unsigned int ops)
{
	struct cost_slot *slot = dt_cost_table->slots;
	size_t shrunk = 0;
	unsigned int i;
	u64 ns;

	create_each(row, ops);
	for (i = 0; i < ops; i++)
		if (!IS_ERR(slot[i].ptr))
			dualtree_free(slot[i].ptr, dualtree_alloc(slot[i].ptr, PACKET, GFP_ATOMIC),
				      PACKET);
	let_publish();
	ns = ktime_get_ns();
	for (i = 0; i < ops; i++)
		if (!IS_ERR(slot[i].ptr))
			shrunk += dualtree_shrink(slot[i].ptr);
	ns = ktime_get_ns() - ns;
	destroy_each(ops);
	if (shrunk != ops * REGION_BYTES)
		failed = -EINVAL;
	return ns;
}

#define REGION_CONTENDER(as)								\
{											\
	.name = as,									\
	.open = open_region,								\
	.close = close_region,								\
	.alloc = alloc_dualtree,							\
	.free = free_dualtree,								\
}

#define INSTANCE_CONTENDER(as)								\
{											\
	.name = as,									\
	.open = open_instances,								\
	.close = close_instances,							\
}

static const struct cost_contender region = REGION_CONTENDER("dualtree");
static const struct cost_contender exact_region = REGION_CONTENDER("dualtree EXACT_FIT");
static const struct cost_contender instance = INSTANCE_CONTENDER("dualtree");
static const struct cost_contender exact_instance = INSTANCE_CONTENDER("dualtree EXACT_FIT");

#define REGION_PHASE(who, what, phase, flags)						\
	{ who, what, .timed = phase, .size = REGION_BYTES, .live = REGIONS, .ops = REGIONS,	\
	  .arg = flags }

/* The slots are taken by the instances, of which each shall have @regions. */
#define INSTANCE_PHASE(who, what, phase, nr, regions, flags)				\
	{ who, what, .timed = phase, .size = regions, .ops = nr, .arg = flags }

static const struct cost_row rows[] = {
	REGION_PHASE(&region, "region get", phase_get, 0),
	REGION_PHASE(&region, "region put", phase_put, 0),
	INSTANCE_PHASE(&instance, "create", phase_create, INSTANCES, 0, 0),
	INSTANCE_PHASE(&instance, "first allocation", phase_first_alloc, INSTANCES, 0, 0),
	INSTANCE_PHASE(&instance, "destroy, never used", phase_destroy, INSTANCES, 0, 0),
	INSTANCE_PHASE(&instance, "destroy, 1 region", phase_destroy, INSTANCES, 1, 0),
	INSTANCE_PHASE(&instance, "destroy, 64 regions", phase_destroy, 4, 64, 0),
	INSTANCE_PHASE(&instance, "shrink, 1 empty region", phase_shrink, INSTANCES, 0, 0),
	REGION_PHASE(&exact_region, "region get", phase_get, DUALTREE_EXACT_FIT),
	REGION_PHASE(&exact_region, "region put", phase_put, DUALTREE_EXACT_FIT),
	INSTANCE_PHASE(&exact_instance, "create", phase_create, INSTANCES, 0, DUALTREE_EXACT_FIT),
	INSTANCE_PHASE(&exact_instance, "first allocation", phase_first_alloc, INSTANCES, 0,
		       DUALTREE_EXACT_FIT),
	INSTANCE_PHASE(&exact_instance, "destroy, never used", phase_destroy, INSTANCES, 0,
		       DUALTREE_EXACT_FIT),
	INSTANCE_PHASE(&exact_instance, "destroy, 1 region", phase_destroy, INSTANCES, 1,
		       DUALTREE_EXACT_FIT),
	INSTANCE_PHASE(&exact_instance, "destroy, 64 regions", phase_destroy, 4, 64,
		       DUALTREE_EXACT_FIT),
	INSTANCE_PHASE(&exact_instance, "shrink, 1 empty region", phase_shrink, INSTANCES, 0,
		       DUALTREE_EXACT_FIT),
};

const struct cost_set cost_phase_instance = { rows, ARRAY_SIZE(rows) };
