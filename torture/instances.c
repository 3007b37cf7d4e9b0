// SPDX-License-Identifier: GPL-2.0
/*
 * Instances under test, and the accounting of their live bytes.
 *
 *	name		pool		what is special
 *	torture-default	the default	reports leaks
 *	torture-exact	the default	exact fit, regions of up to 1 MiB
 *	torture-pool	its own		the pool has a limit and a reserve
 *	torture-small	the same	zeroed, a limit that is reached, small regions
 *	torture-stream	the default	comes and goes; limit, regions and flags at random
 *
 * Each CPU counts the bytes that it allocates less those that it frees. The sum over all CPUs is
 * what should be live; it is compared when no worker runs.
 *
 * Streams are protected by RCU: workers use one inside rcu_read_lock(), and the only writer, the
 * teardown thread, waits for a grace period before it destroys one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>

#include "torture.h"

/* Pages as a power of two; a page has up to 64 KiB. */
#define MIB_ORDER		(20 - PAGE_SHIFT)
#define QUARTER_MIB_ORDER	(18 - PAGE_SHIFT)

/* Slots of a stream: fewer, since it does not live long. */
#define STREAM_SLOTS	48

struct instance *instances[NR_INSTANCES];

static struct instance __rcu *streams[NR_STREAMS];

/* Small: the limit is reached and the reserve is used up. */
static struct buddy_pool *pool;

static const struct buddy_pool_params pool_params = {
	.nid = NUMA_NO_NODE,
	.arena_order = MIB_ORDER,
	.limit = SZ_8M,
	.reserve = SZ_1M,
};

static const struct {
	const char *name;
	bool own_pool;
	struct dualtree_params params;
} setups[NR_INSTANCES] = {
	{ "torture-default", false, { .flags = DUALTREE_REPORT_LEAKS } },
	{ "torture-exact", false, { .flags = DUALTREE_EXACT_FIT, .max_region_order = MIB_ORDER } },
	{ "torture-pool", true, {} },
	{ "torture-small", true, { .flags = DUALTREE_ZERO, .limit = SZ_1M,
				   .min_region_order = 1,
				   .max_region_order = QUARTER_MIB_ORDER } },
};

/* Return: the instance, or NULL on OOM. */
struct instance *instance_create(const char *name, const struct dualtree_params *params,
				 unsigned int nr_slots)
{
	struct instance *inst = kzalloc(sizeof(*inst), GFP_KERNEL);

	if (!inst)
		return NULL;
	inst->live = alloc_percpu(long);
	inst->dt = inst->live ? dualtree_create(name, params) : NULL;
	if (IS_ERR_OR_NULL(inst->dt)) {
		free_percpu(inst->live);
		kfree(inst);
		return NULL;
	}
	inst->name = name;
	inst->zeroed = params->flags & DUALTREE_ZERO;
	inst->nr_slots = nr_slots;
	return inst;
}

void instance_destroy(struct instance *inst)
{
	if (!inst)
		return;
	dualtree_destroy(inst->dt);
	free_percpu(inst->live);
	kfree(inst);
}

static long accounted_bytes(const struct instance *inst)
{
	unsigned int cpu;
	long sum = 0;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(inst->live, cpu);
	return sum;
}

/* Compare live bytes with what the instance reports; @when is for the message. */
void instance_check(struct instance *inst, const char *when)
{
	long expected = accounted_bytes(inst);
	struct dualtree_stats stats;

	dualtree_get_stats(inst->dt, &stats);
	if (stats.live_bytes != expected)
		torture_fail("%s: %zu bytes live %s, expected %ld", inst->name, stats.live_bytes,
			     when, expected);
	else if (stats.bad_frees)
		torture_fail("%s: %llu frees refused %s, expected none", inst->name,
			     stats.bad_frees, when);
	else if (stats.damaged && !inst->written)
		torture_fail("%s: damage found %llu times %s, expected none", inst->name,
			     stats.damaged, when);
}

/* All of it was freed: nothing is live, and after dualtree_shrink() nothing is held. */
void instance_check_empty(struct instance *inst)
{
	long never_freed = accounted_bytes(inst);
	struct dualtree_stats stats;

	dualtree_shrink(inst->dt);
	dualtree_get_stats(inst->dt, &stats);
	instance_check(inst, "at the end");
	if (never_freed)
		torture_fail("%s: %ld bytes were never freed, expected 0", inst->name, never_freed);
	else if (stats.held_bytes)
		torture_fail("%s: %zu bytes held at the end, expected 0", inst->name,
			     stats.held_bytes);
	else if (stats.region_gets != stats.region_puts)
		torture_fail("%s: %llu regions got and %llu put, expected as many", inst->name,
			     stats.region_gets, stats.region_puts);
}

/* What it has done, for the end of the run. */
void instance_print(const struct instance *inst)
{
	struct dualtree_stats stats;

	dualtree_get_stats(inst->dt, &stats);
	pr_info("accounting: %s: live %zu held %zu refused %llu; allocs %llu frees %llu remote %llu nested %llu failed %llu; regions %llu got %llu put\n",
		inst->name, stats.live_bytes, stats.held_bytes, stats.bad_frees, stats.allocs,
		stats.frees, stats.remote_frees, stats.nested_allocs, stats.failed_allocs,
		stats.region_gets, stats.region_puts);
}

struct instance *stream_get(unsigned int which)
{
	return rcu_dereference(streams[which]);
}

/* Return: whether there was one. What lives in it goes with it. */
bool stream_destroy(unsigned int which)
{
	/* Only the teardown thread writes it. */
	struct instance *inst = rcu_dereference_protected(streams[which], true);

	if (!inst)
		return false;
	RCU_INIT_POINTER(streams[which], NULL);
	synchronize_rcu();
	instance_check(inst, "when a stream was torn down");
	instance_destroy(inst);
	return true;
}

void stream_create(unsigned int which, struct rnd_state *rnd)
{
	struct dualtree_params params = {
		.limit = random_chance(rnd, 30) ? SZ_512K : 0,
		.min_region_order = random_below(rnd, 5),
		.flags = random_below(rnd, 4),
	};

	/* NULL on OOM: the teardown thread tries again the next time around. */
	rcu_assign_pointer(streams[which],
			   instance_create("torture-stream", &params, STREAM_SLOTS));
}

int instances_create(void)
{
	struct dualtree_params params;
	unsigned int i;

	pool = buddy_pool_create("torture-pool", &pool_params);
	if (IS_ERR(pool)) {
		pool = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < NR_INSTANCES; i++) {
		params = setups[i].params;
		params.pool = setups[i].own_pool ? pool : NULL;
		instances[i] = instance_create(setups[i].name, &params, SLOTS_MAX);
		if (!instances[i])
			return -ENOMEM;
	}
	return 0;
}

void instances_destroy(void)
{
	unsigned int i;

	for (i = 0; i < NR_STREAMS; i++)
		stream_destroy(i);
	for (i = 0; i < NR_INSTANCES; i++) {
		instance_destroy(instances[i]);
		instances[i] = NULL;
	}
	buddy_pool_destroy(pool);
	pool = NULL;
}

void instances_check_pool(void)
{
	struct buddy_pool_stats stats;

	buddy_pool_get_stats(pool, &stats);
	if (stats.held_bytes != stats.free_bytes)
		torture_fail("pool: %zu bytes allocated at the end, expected none",
			     stats.held_bytes - stats.free_bytes);
	if (stats.bad_frees)
		torture_fail("pool: %llu frees refused, expected none", stats.bad_frees);
}
