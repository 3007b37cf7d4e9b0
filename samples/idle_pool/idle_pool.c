// SPDX-License-Identifier: GPL-2.0
/*
 * idle_pool: a page pool that was busy and is idle now.
 *
 * At load the module takes single pages until the pool holds @mib MiB, frees all of them, and
 * keeps the pool. The idle arenas return to the kernel after trim_delay_ms, or at once under
 * memory pressure. dualtree/pools/idle_pool in debugfs shows when.
 *
 * No lock: only init and exit run, one after the other. Process context.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/sizes.h>
#include <dualtree/buddy_pool.h>

static unsigned int mib = 64;
module_param(mib, uint, 0444);
MODULE_PARM_DESC(mib, "MiB that the pool grows to before it falls idle");

static bool account;
module_param(account, bool, 0444);
MODULE_PARM_DESC(account, "charge the pool to the cgroup of the task that loads the module");

static struct buddy_pool *pool;

/* Pages taken from the pool, linked through their first bytes. */
static void **taken;

static size_t pool_used_bytes(void)
{
	struct buddy_pool_stats stats;

	buddy_pool_get_stats(pool, &stats);
	return stats.held_bytes - stats.free_bytes;
}

static void pool_fill(void)
{
	void **page;

	while (pool_used_bytes() < (size_t)mib * SZ_1M) {
		page = buddy_pool_alloc(pool, 0, GFP_KERNEL);
		if (!page)
			return;
		*page = taken;
		taken = page;
	}
}

static void pool_drain(void)
{
	void **page;

	while ((page = taken)) {
		taken = *page;
		buddy_pool_free(pool, page, 0);
	}
}

static int __init idle_pool_init(void)
{
	const struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE,
		.flags = account ? BUDDY_POOL_ACCOUNT : 0,
	};

	pool = buddy_pool_create("idle_pool", &params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	pool_fill();
	pool_drain();
	return 0;
}
module_init(idle_pool_init);

static void __exit idle_pool_exit(void)
{
	buddy_pool_destroy(pool);
}
module_exit(idle_pool_exit);

MODULE_DESCRIPTION("dualtree sample: a pool that has fallen idle");
MODULE_LICENSE("GPL");
