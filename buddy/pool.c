// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: its public calls, which include/dualtree/buddy_pool.h describes.
 *
 *	buddy_pool_alloc(): the first that serves ends it
 *	1. a free block; if the caller may sleep, only above the reserve
 *	2. a new arena from the kernel, outside of the lock
 *	3. if the caller may sleep: a free block of the reserve
 *
 *	buddy_pool_free(), buddy_pool_free_range(): refused unless
 *	- the table has an arena for the address, and the arena is this pool's
 *	- the page has no owner: blocks with one belong to instances
 *	- the arena's maps agree (arena.c)
 *
 * Locks: each pool's lock guards its lists and counts, and is held for steps in proportion to the
 * orders. pools_lock guards the list of pools. Neither is taken under the other.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/page_ref.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "../compat/compat.h"
#include "debugfs.h"
#include "dma.h"
#include "grow.h"
#include "pool.h"
#include "records.h"
#include "refill.h"
#include "reserve.h"
#include "table.h"
#include "trace.h"
#include "trim.h"

/* All pools: a free finds out here whether its pool exists before it reads it. */
static LIST_HEAD(pools);
static DEFINE_RAW_SPINLOCK(pools_lock);

static void count_failed_alloc(struct buddy_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	pool->failed_allocs++;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* Take a free block, with @keep only one that leaves the reserve. Return: the block, or NULL. */
static void *pool_take(struct buddy_pool *pool, unsigned int order, bool keep)
{
	unsigned long flags;
	void *block = NULL;
	bool low = false;

	raw_spin_lock_irqsave(&pool->lock, flags);
	if (!keep || buddy_reserve_whole_after(pool, order))
		block = buddy_lists_take(&pool->lists, order);
	if (block) {
		pool->allocs++;
		low = buddy_reserve_low(pool);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (unlikely(low))
		buddy_reserve_refill(pool);
	return block;
}

/* Report flags that buddy_refuse_gfp() refuses. Any context. */
void buddy_report_gfp(const char *kind, const char *name, gfp_t gfp)
{
	pr_err_ratelimited("dualtree: %s%s: refused to allocate: zone flags and __GFP_NOFAIL cannot be honoured, and flags are %pGg\n",
			   kind, name, &gfp);
}

void *buddy_pool_alloc(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	bool keep = pool->reserve_pages && gfpflags_allow_blocking(gfp);
	void *block;

	/* An NMI may have interrupted a holder of the lock. */
	if (order > pool->arena_order || in_nmi() || buddy_refuse_gfp("pool ", pool->name, gfp))
		return NULL;
	block = pool_take(pool, order, keep);
	if (!block)
		block = buddy_arenas_grow(pool, order, gfp);
	/* A caller that may sleep has waited for the kernel in vain: use the reserve. */
	if (!block && keep)
		block = pool_take(pool, order, false);
	if (!block) {
		count_failed_alloc(pool);
		return NULL;
	}
	trace_buddy_block_get(pool->name, block, 1UL << order);
	if (gfp & __GFP_ZERO)
		memset(block, 0, order_bytes(order));
	return block;
}
EXPORT_SYMBOL_GPL(buddy_pool_alloc);

static bool pool_registered(const struct buddy_pool *pool)
{
	struct buddy_pool *other;
	unsigned long flags;
	bool found = false;

	raw_spin_lock_irqsave(&pools_lock, flags);
	list_for_each_entry(other, &pools, registered)
		found |= other == pool;
	raw_spin_unlock_irqrestore(&pools_lock, flags);
	return found;
}

/*
 * Count and report a bad free. @pool may be destroyed, or may never have been one: it is not read
 * before it is found in the list.
 */
static void report_bad_free(struct buddy_pool *pool, const void *addr, unsigned long nr_pages,
			    int err, const void *caller)
{
	unsigned long flags;
	bool known;

	/* Pairs with synchronize_rcu() in buddy_pool_destroy(): a pool that is found stays. */
	rcu_read_lock();
	known = pool_registered(pool);
	if (known) {
		raw_spin_lock_irqsave(&pool->lock, flags);
		pool->bad_frees++;
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	}
	pr_err_ratelimited("dualtree: pool %s: %s of %lu pages at %p by %pS\n",
			   known ? pool->name : "(none)",
			   err == -EALREADY ? "double-free" : "invalid-free", nr_pages, addr,
			   caller);
	rcu_read_unlock();
}

/* Free a block of @order, or @nr_pages pages if @order is negative. Return: 0 or an error. */
static int pool_free(struct buddy_pool *pool, const void *addr, int order, unsigned long nr_pages,
		     const void *caller)
{
	bool trim = false;
	struct buddy_arena *arena;
	unsigned long flags;
	int err = -EINVAL;

	rcu_read_lock();
	arena = buddy_table_arena(addr);
	/* A block with an owner is an instance's, which clears the owner before it frees it. */
	if (arena && arena->pool == pool && !buddy_owner(addr)) {
		raw_spin_lock_irqsave(&pool->lock, flags);
		if (order >= 0)
			err = buddy_arena_free_block(&pool->lists, arena, addr, order);
		else
			err = buddy_arena_free_range(&pool->lists, arena, addr, nr_pages);
		pool->frees += !err;
		trim = buddy_trim_wanted(pool);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	}
	rcu_read_unlock();

	if (err) {
		report_bad_free(pool, addr, nr_pages, err, caller);
		return err;
	}
	trace_buddy_block_put(pool->name, addr, nr_pages);
	if (trim)
		buddy_trim_start(pool);
	return 0;
}

int buddy_pool_free(struct buddy_pool *pool, void *block, unsigned int order)
{
	if (!block)
		return 0;
	return pool_free(pool, block, min_t(unsigned int, order, BUDDY_NR_ORDERS),
			 order < BITS_PER_LONG ? 1UL << order : 0, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(buddy_pool_free);

int buddy_pool_free_range(struct buddy_pool *pool, void *first, unsigned long nr_pages)
{
	if (!first)
		return 0;
	return pool_free(pool, first, -1, nr_pages, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(buddy_pool_free_range);

static void abandon_page(struct buddy_pool *pool, const void *addr)
{
	struct buddy_arena *arena;
	unsigned long flags;

	rcu_read_lock();
	arena = buddy_table_arena(addr);
	raw_spin_lock_irqsave(&pool->lock, flags);
	WARN_ON_ONCE(buddy_arena_abandon_page(&pool->lists, arena, addr));
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	rcu_read_unlock();
}

/* Free pages to which only the pool refers. */
static void free_released(struct buddy_pool *pool, void *first, unsigned long nr_pages)
{
	if (!nr_pages)
		return;
	/* Pairs with the drops of the references: the packets' reads come before the reuse. */
	smp_acquire__after_ctrl_dep();
	buddy_pool_free_range(pool, first, nr_pages);
}

/**
 * buddy_pool_abandon() - free some pages of a block, to some of which packets still refer
 * @pool: the pool that it is from
 * @first: first byte of the first page
 * @nr_pages: number of pages, all of them live, in one block, and without an owner
 *
 * Pages that only the pool refers to are freed. The others are handed out to none until that is so.
 *
 * Context: Any context but NMI. Takes the pool's lock with interrupts disabled, once for each run
 * of pages that are freed and each that is not.
 * Return: number of pages that were not freed.
 */
unsigned long buddy_pool_abandon(struct buddy_pool *pool, void *first, unsigned long nr_pages)
{
	struct page *page = virt_to_page(first);
	unsigned long i, run = 0, abandoned = 0;

	for (i = 0; i < nr_pages; i++) {
		if (page_ref_count(page + i) == 1)
			continue;
		free_released(pool, first + run * PAGE_SIZE, i - run);
		abandon_page(pool, first + i * PAGE_SIZE);
		abandoned++;
		run = i + 1;
	}
	free_released(pool, first + run * PAGE_SIZE, nr_pages - run);
	if (abandoned)
		buddy_trim_start(pool);
	return abandoned;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pool_abandon);

/* The default arena order, or less if the kernel does not hand out so many pages. */
unsigned int buddy_arena_order_default(void)
{
	return min_t(unsigned int, BUDDY_POOL_ARENA_ORDER, MAX_PAGE_ORDER);
}

static unsigned int arena_order(const struct buddy_pool_params *params)
{
	unsigned int order = params->arena_order ?: buddy_arena_order_default();

	return min(order, buddy_dma_max_order(params->dev));
}

static bool params_valid(const struct buddy_pool_params *params)
{
	if (params->arena_order > min_t(unsigned int, BUDDY_POOL_MAX_ARENA_ORDER, MAX_PAGE_ORDER))
		return false;
	if (!buddy_reserve_valid(params, arena_order(params)))
		return false;
	if (params->flags & ~BUDDY_POOL_ACCOUNT || !buddy_dma_valid(params))
		return false;
	return params->nid == NUMA_NO_NODE ||
	       (params->nid >= 0 && params->nid < MAX_NUMNODES && node_online(params->nid));
}

/*
 * The order of the smallest blocks whose records come with an arena: what the reserve promises is
 * among them.
 */
static unsigned int record_order(const struct buddy_pool *pool)
{
	unsigned int order = min_t(unsigned int, BUDDY_RECORD_ORDER, pool->arena_order);

	return pool->reserve_pages ? min(order, pool->reserve_order) : order;
}

static struct buddy_pool *pool_alloc_record(const char *name,
					    const struct buddy_pool_params *params)
{
	struct buddy_pool *pool;

	pool = kzalloc_node(struct_size(pool, name, strlen(name) + 1), GFP_KERNEL, params->nid);
	if (!pool)
		return NULL;
	raw_spin_lock_init(&pool->lock);
	buddy_lists_init(&pool->lists);
	pool->limit = params->limit;
	pool->nid = params->nid;
	pool->arena_order = arena_order(params);
	if (params->flags & BUDDY_POOL_ACCOUNT) {
		pool->memcg = get_mem_cgroup_from_mm(current->mm);
		pool->exact = true;
	}
	buddy_dma_init(pool, params);
	buddy_reserve_init(pool, params);
	pool->record_order = record_order(pool);
	memcpy(pool->name, name, strlen(name) + 1);
	return pool;
}

static void pool_free_record(struct buddy_pool *pool)
{
	mem_cgroup_put(pool->memcg);
	buddy_dma_exit(pool);
	kfree(pool);
}

/* Has the module's init succeeded? Built in, calls can be made before that, or after it failed. */
static bool pools_ready;

void buddy_set_ready(bool ready)
{
	/* Pairs with the acquire in buddy_ready(): publishes what has been set up. */
	smp_store_release(&pools_ready, ready);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_set_ready);

bool buddy_ready(void)
{
	/* Pairs with the release in buddy_set_ready(). */
	return smp_load_acquire(&pools_ready);
}

/* Stop the works of a pool. After it no arena is counted that is not in the lists yet. */
static void pool_stop(struct buddy_pool *pool)
{
	/* The trim may start the refill. */
	buddy_trim_stop(pool);
	buddy_refill_stop(pool);
}

/* Start the works of a new pool and fill its reserve. Return: 0 or -ENOMEM; then all is undone. */
static int pool_start(struct buddy_pool *pool)
{
	int err;

	buddy_refill_init(pool);
	err = buddy_trim_init(pool);
	if (err)
		return err;
	err = buddy_refill_now(pool);
	if (err) {
		pool_stop(pool);
		buddy_arenas_exit(pool);
	}
	return err;
}

struct buddy_pool *buddy_pool_create(const char *name, const struct buddy_pool_params *params)
{
	static const struct buddy_pool_params defaults = { .nid = NUMA_NO_NODE };
	struct buddy_pool *pool;
	int err;

	if (!params)
		params = &defaults;
	if (!buddy_dma_reaches(params->dev))
		return ERR_PTR(-EOPNOTSUPP);
	if (!name || !*name || !params_valid(params))
		return ERR_PTR(-EINVAL);
	if (!buddy_ready())
		return ERR_PTR(-ENODEV);
	pool = pool_alloc_record(name, params);
	if (!pool)
		return ERR_PTR(-ENOMEM);

	err = pool_start(pool);
	if (err) {
		pool_free_record(pool);
		return ERR_PTR(err);
	}
	raw_spin_lock_irq(&pools_lock);
	list_add_tail(&pool->registered, &pools);
	raw_spin_unlock_irq(&pools_lock);
	buddy_debugfs_add(pool);
	return pool;
}
EXPORT_SYMBOL_GPL(buddy_pool_create);

void buddy_pool_destroy(struct buddy_pool *pool)
{
	size_t out;

	if (!pool)
		return;
	debugfs_remove(pool->file);
	pool_stop(pool);
	out = pool->held_bytes -
	      ((pool->lists.free_pages + pool->lists.abandoned_pages) << PAGE_SHIFT);
	if (out)
		pr_err("dualtree: pool %s: destroyed with %zu bytes of blocks still out\n",
		       pool->name, out);

	raw_spin_lock_irq(&pools_lock);
	list_del(&pool->registered);
	raw_spin_unlock_irq(&pools_lock);

	/* A bad free that has found the pool may be about to take its lock. */
	synchronize_rcu();
	buddy_arenas_exit(pool);
	pool_free_record(pool);
}
EXPORT_SYMBOL_GPL(buddy_pool_destroy);
