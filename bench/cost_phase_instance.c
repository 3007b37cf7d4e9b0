// SPDX-License-Identifier: GPL-2.0
/*
 * The phases of a region's and of an instance's life, each timed apart, over a batch at a time,
 * as cost_phase.c does it for an allocation.
 *
 * Memory comes from a pool of our own, with a reserve that is never touched: what is timed is
 * getting from the pool and giving back to it, not what the kernel takes for an arena.
 *
 * A region's phases are those of an allocation as large as a region, which makes a heap grow by
 * one, and of its free: all but the first and the last of a batch, which the heap's spare serves.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sizes.h>

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>

#include "allocators.h"
#include "bench.h"

/* More than the largest case holds: 4 instances with 64 regions of 64 KiB each. */
#define POOL_RESERVE	SZ_64M

#define REGION_ORDER	4
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)
/* Regions, instances, and bytes of the packet that an instance holds. */
#define REGIONS		64
#define INSTANCES	64
#define PACKET		1500

static struct buddy_pool *pool;
/* The error of a call that a case's loop made; it ends the case. */
static int failed;

/* By the time all have been asked for once, all of the reserve is there. */
static int open_pool(void)
{
	const struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .reserve = POOL_RESERVE };

	failed = 0;
	pool = buddy_pool_create("cost", &params);
	return PTR_ERR_OR_ZERO(pool);
}

static struct dualtree *create(const struct bench *b)
{
	const struct dualtree_params params = {
		.pool = pool,
		.min_region_order = REGION_ORDER,
		.max_region_order = REGION_ORDER,
		.flags = b->allocator->arg,
	};

	return dualtree_create("cost", &params);
}

static void *open_region(const struct bench *b)
{
	struct dualtree *dt;
	int err = open_pool();

	if (err)
		return ERR_PTR(err);
	dt = create(b);
	if (IS_ERR(dt))
		buddy_pool_destroy(pool);
	return dt;
}

static int close_region(const struct bench *b)
{
	int err = dt_bench_close_instance(b->ctx);

	buddy_pool_destroy(pool);
	return err;
}

static u64 alloc_each(const struct bench *b, unsigned int nr)
{
	struct bench_slot *slot = b->table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		slot->ptr = dualtree_alloc(b->ctx, slot->size, GFP_ATOMIC);
	return ktime_get_ns() - start;
}

static u64 free_each(const struct bench *b, unsigned int nr)
{
	struct bench_slot *slot = b->table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		dualtree_free(b->ctx, slot->ptr, slot->size);
	return ktime_get_ns() - start;
}

static u64 phase_get(const struct bench *b, unsigned int ops)
{
	free_each(b, ops);
	return alloc_each(b, ops);
}

static u64 phase_put(const struct bench *b, unsigned int ops)
{
	u64 ns = free_each(b, ops);

	alloc_each(b, ops);
	return ns;
}

static void *open_instances(const struct bench *b)
{
	return ERR_PTR(open_pool());
}

static int close_instances(const struct bench *b)
{
	buddy_pool_destroy(pool);
	return failed;
}

static u64 create_each(const struct bench *b, unsigned int nr)
{
	struct bench_slot *slot = b->table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		slot->ptr = create(b);
	return ktime_get_ns() - start;
}

static u64 destroy_each(const struct bench *b, unsigned int nr)
{
	struct bench_slot *slot = b->table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		if (IS_ERR(slot->ptr))
			failed = PTR_ERR(slot->ptr);
		else
			dualtree_destroy(slot->ptr);
	return ktime_get_ns() - start;
}

/* One allocation of @size from each. */
static u64 use_each(const struct bench *b, unsigned int nr, size_t size)
{
	struct bench_slot *slot = b->table->slots;
	u64 start = ktime_get_ns();

	for (; nr--; slot++)
		if (!IS_ERR(slot->ptr) && !dualtree_alloc(slot->ptr, size, GFP_ATOMIC))
			failed = -ENOMEM;
	return ktime_get_ns() - start;
}

static u64 phase_create(const struct bench *b, unsigned int ops)
{
	u64 ns = create_each(b, ops);

	destroy_each(b, ops);
	return ns;
}

static u64 phase_first_alloc(const struct bench *b, unsigned int ops)
{
	u64 ns;

	create_each(b, ops);
	ns = use_each(b, ops, PACKET);
	destroy_each(b, ops);
	return ns;
}

/* Each has c->arg regions, and something is live in all of them. */
static u64 phase_destroy(const struct bench *b, unsigned int ops)
{
	unsigned int i;

	create_each(b, ops);
	for (i = 0; i < b->c->arg; i++)
		use_each(b, ops, REGION_BYTES);
	return destroy_each(b, ops);
}

/* Each has one region, and nothing is live in it. */
static u64 phase_shrink(const struct bench *b, unsigned int ops)
{
	struct bench_slot *slot = b->table->slots;
	size_t shrunk = 0;
	unsigned int i;
	u64 ns;

	create_each(b, ops);
	for (i = 0; i < ops; i++)
		if (!IS_ERR(slot[i].ptr))
			dualtree_free(slot[i].ptr, dualtree_alloc(slot[i].ptr, PACKET, GFP_ATOMIC),
				      PACKET);
	ns = ktime_get_ns();
	for (i = 0; i < ops; i++)
		if (!IS_ERR(slot[i].ptr))
			shrunk += dualtree_shrink(slot[i].ptr);
	ns = ktime_get_ns() - ns;
	destroy_each(b, ops);
	if (shrunk != ops * REGION_BYTES)
		failed = -EINVAL;
	return ns;
}

#define OURS	(BIT(DUALTREE) | BIT(EXACT))

#define REGION_PHASE(what, phase)							\
	{ what, .timed = phase, .open = open_region, .close = close_region,		\
	  .size = REGION_BYTES, .live = REGIONS, .ops = REGIONS, .cost = OURS }

/* The slots are taken by the instances, each of which is to have @regions. */
#define INSTANCE_PHASE(what, phase, nr, regions)					\
	{ what, .timed = phase, .open = open_instances, .close = close_instances,	\
	  .ops = nr, .arg = regions, .cost = OURS }

static const struct bench_case cases[] = {
	REGION_PHASE("region get", phase_get),
	REGION_PHASE("region put", phase_put),
	INSTANCE_PHASE("create", phase_create, INSTANCES, 0),
	INSTANCE_PHASE("first allocation", phase_first_alloc, INSTANCES, 0),
	INSTANCE_PHASE("destroy, never used", phase_destroy, INSTANCES, 0),
	INSTANCE_PHASE("destroy, 1 region", phase_destroy, INSTANCES, 1),
	INSTANCE_PHASE("destroy, 64 regions", phase_destroy, 4, 64),
	INSTANCE_PHASE("shrink, 1 empty region", phase_shrink, INSTANCES, 0),
};

const struct bench_set dt_instance_cases = { cases, ARRAY_SIZE(cases) };
