// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an instance: checking its parameters, creating it, destroying it, and reporting what
 * was still allocated then. include/dualtree/dualtree.h is the contract.
 *
 * Context: process context, may sleep. Locks: those of pass.c and walk.c, which this calls.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include "../buddy/account_pools.h"
#include "../buddy/node_pools.h"
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "debugfs.h"
#include "in_flight.h"
#include "instance.h"
#include "ledger.h"
#include "pass.h"
#include "percpu.h"
#include "walk.h"

/*
 * Bytes up to which a heap grows by small steps, and of its smallest region from there on, if the
 * parameters do not say. A lone reader stays within so much.
 */
#define REGION_GROWN	SZ_64K

#define ALL_FLAGS	(DUALTREE_EXACT_FIT | DUALTREE_ZERO | DUALTREE_REPORT_LEAKS | \
			 DUALTREE_ACCOUNT | DUALTREE_SKIP_ZERO)

/* Max live ranges that are reported of an instance, a line each: enough to see whose they are. */
#define LEAK_LINES_MAX	16

static unsigned int arena_order(const struct buddy_pool *pool)
{
	return pool ? pool->arena_order : buddy_arena_order_default();
}

/* Resolve the defaults and check the parameters. Return: 0 or -EINVAL. */
static int set_params(struct dualtree *dt, const struct dualtree_params *params)
{
	unsigned int arena_max = arena_order(params->pool);
	unsigned int max = params->max_region_order ?: arena_max;
	unsigned int grown = min_t(unsigned int, get_order(REGION_GROWN), max);
	/* On PREEMPT_RT a heap can grow only by this much in atomic context. */
	unsigned int min = params->min_region_order ?:
			   (IS_ENABLED(CONFIG_PREEMPT_RT) ? grown : 0);

	if (max > arena_max || min > max || params->flags & ~ALL_FLAGS)
		return -EINVAL;
	if (params->flags & DUALTREE_ACCOUNT && params->pool)
		return -EINVAL;
	/* The pools of the nodes have memory of all kinds of users. */
	if (params->flags & DUALTREE_SKIP_ZERO && !params->pool)
		return -EINVAL;
	/* With a lower limit no region could be got. */
	if (params->limit && params->limit < PAGE_SIZE << min)
		return -EINVAL;
	dt->flags = params->flags;
	dt->zero = params->flags & DUALTREE_ZERO ? __GFP_ZERO : 0;
	dt->pool = params->pool;
	dt->limit = params->limit;
	dt->min_order = min;
	dt->grown_order = params->min_region_order ?: grown;
	dt->max_order = max;
	dt->max_size = PAGE_SIZE << max;
	return 0;
}

/* Get the pool that regions come from, if it is not the caller's. Return: 0 or an error. */
static int prepare_pool(struct dualtree *dt)
{
	struct buddy_pool *pool;

	if (dt->pool)
		return 0;
	if (!(dt->flags & DUALTREE_ACCOUNT))
		return buddy_node_pools_prepare();
	pool = buddy_account_pool_get();
	if (!IS_ERR(pool))
		dt->pool = pool;
	return PTR_ERR_OR_ZERO(pool);
}

static void release_pool(struct dualtree *dt)
{
	if (dt->flags & DUALTREE_ACCOUNT)
		buddy_account_pool_put(dt->pool);
}

struct dualtree *dualtree_create(const char *name, const struct dualtree_params *params)
{
	static const struct dualtree_params defaults;
	struct dualtree *dt;
	int err;

	if (!name || !*name)
		return ERR_PTR(-EINVAL);
	/* kzalloc() would clear all of the kernel's block, which may be nearly twice as large. */
	dt = kmalloc(max(sizeof(*dt), offsetof(struct dualtree, name) + strlen(name) + 1),
		     GFP_KERNEL);
	if (!dt)
		return ERR_PTR(-ENOMEM);
	memset(dt, 0, sizeof(*dt));
	memcpy(dt->name, name, strlen(name) + 1);
	rate_init(&dt->bad_free_limit);
	rate_init(&dt->damage_limit);
	dt_in_flight_init(dt);
	err = set_params(dt, params ?: &defaults);
	if (!err)
		err = prepare_pool(dt);
	if (err)
		goto free;
	err = dt_percpu_init(dt);
	if (err)
		goto release_pool;
	dt_pass_add(dt);
	dt_debugfs_add(dt);
	return dt;

release_pool:
	release_pool(dt);
free:
	kfree(dt);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(dualtree_create);

/**
 * struct leak - a live range
 * @ptr: start of its first granule
 * @bytes: its live bytes
 * @within: bytes of its granules
 */
struct leak {
	const void *ptr;
	size_t bytes;
	size_t within;
};

/**
 * struct leak_report - a walk over what is still allocated
 * @after: base of the region that was looked at last, or NULL at the start of a heap
 * @leaks: the first live ranges
 * @nr: number of them
 *
 * The walk only collects: it runs in interrupts, where a slow console must not write.
 */
struct leak_report {
	const void *after;
	struct leak leaks[LEAK_LINES_MAX];
	unsigned int nr;
};

/* Collect the live ranges of one region. A granule that is not full ends a range. */
static void collect_region(struct leak_report *report, const struct dt_region *region)
{
	unsigned int i, first = 0;
	size_t bytes = 0;

	for (i = 0; i < region->nr && report->nr < LEAK_LINES_MAX; i++) {
		unsigned int count = ledger_live(region->ledger[i]);

		if (!bytes)
			first = i;
		bytes += count;
		if (!bytes || (count == DT_GRANULE && i + 1 < region->nr))
			continue;
		report->leaks[report->nr++] = (struct leak) {
			region_addr(region, first), bytes,
			(size_t)(i - first + !!count) << DT_GRANULE_SHIFT,
		};
		bytes = 0;
	}
}

static bool collect_heap(struct dt_heap *heap, int cpu, void *arg)
{
	struct leak_report *report = arg;
	const struct dt_region *region = dt_heap_region_above(heap, report->after);

	if (!region || report->nr == LEAK_LINES_MAX) {
		report->after = NULL;
		return false;
	}
	collect_region(report, region);
	report->after = region->base;
	return true;
}

static void report_leaks(struct dualtree *dt)
{
	struct leak_report report = {};
	struct dualtree_stats stats;
	unsigned int i;

	dualtree_get_stats(dt, &stats);
	if (stats.live_bytes <= dt->expected_held)
		return;
	pr_warn("dualtree: %s: destroyed with %zu bytes live\n", dt->name,
		stats.live_bytes - dt->expected_held);
	dt_walk_heaps(dt, collect_heap, &report);
	for (i = 0; i < report.nr; i++)
		pr_warn("dualtree: %s:   %zu bytes at %p, within %zu\n", dt->name,
			report.leaks[i].bytes, report.leaks[i].ptr, report.leaks[i].within);
	if (report.nr == LEAK_LINES_MAX)
		pr_warn("dualtree: %s:   and so on\n", dt->name);
}

void dualtree_destroy(struct dualtree *dt)
{
	if (!dt)
		return;
	dt_pass_remove(dt);
	dt_in_flight_forget(dt);
	dt_debugfs_remove(dt);
	if (dt->flags & DUALTREE_REPORT_LEAKS)
		report_leaks(dt);
	dt_percpu_destroy(dt);
	if (dt->abandoned && !dt->expected_held)
		pr_warn("dualtree: %s: destroyed while %lu of its pages are referred to: the last reference frees each\n",
			dt->name, dt->abandoned);
	release_pool(dt);
	kfree(dt);
}
EXPORT_SYMBOL_GPL(dualtree_destroy);

void dualtree_expect_held(struct dualtree *dt, size_t bytes)
{
	dt->expected_held += bytes;
}
EXPORT_SYMBOL_GPL(dualtree_expect_held);

size_t dualtree_granule(void)
{
	return DT_GRANULE;
}
EXPORT_SYMBOL_GPL(dualtree_granule);

size_t dualtree_max_size(struct dualtree *dt)
{
	return dt->max_size;
}
EXPORT_SYMBOL_GPL(dualtree_max_size);
