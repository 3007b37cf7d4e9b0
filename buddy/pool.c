// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: blocks of 2^k pages out of arenas, under one raw spinlock.
 *
 * What is promised stands in include/dualtree/buddy_pool.h. Under the lock only lists and
 * bitmaps are touched, in steps that the orders bound; arenas are taken from the kernel
 * and given back outside of it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "../compat/compat.h"
#include "pool.h"
#include "table.h"

/* An arena that nobody wanted for so long is not about to be wanted. */
#define TRIM_DELAY	(2 * HZ)

/* All pools, so that a free can tell a pool from what was one. */
static LIST_HEAD(pools);
static DEFINE_RAW_SPINLOCK(pools_lock);

static size_t order_bytes(unsigned int order)
{
	return PAGE_SIZE << order;
}

/* Count the bytes of an arena before it is taken, if the limit allows it. */
static bool pool_charge(struct buddy_pool *pool, unsigned int order)
{
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&pool->lock, flags);
	ok = !pool->limit || (pool->held_bytes <= pool->limit &&
			      order_bytes(order) <= pool->limit - pool->held_bytes);
	if (ok)
		pool->held_bytes += order_bytes(order);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ok;
}

static void pool_uncharge(struct buddy_pool *pool, unsigned int order)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	pool->held_bytes -= order_bytes(order);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/*
 * Take one arena from the kernel, as large as it has one, and at least 2^order pages. Only
 * for the smallest may the kernel go to the lengths that the caller allows.
 */
static struct buddy_arena *pool_take_arena(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	gfp_t easy = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
	int nid = pool->nid == NUMA_NO_NODE ? numa_mem_id() : pool->nid;
	struct buddy_arena *arena;
	int o;

	for (o = pool->arena_order; o >= (int)order; o--) {
		if (!pool_charge(pool, o))
			continue;
		arena = buddy_arena_create(pool, nid, o, o > order ? easy : gfp);
		if (arena)
			return arena;
		pool_uncharge(pool, o);
	}
	return NULL;
}

/* Add an arena and take a block from it in one go, before anybody else can. */
static void *pool_grow(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	struct buddy_arena *arena;
	unsigned long flags;
	void *block;

	gfp &= ~(__GFP_NOFAIL | __GFP_ACCOUNT | __GFP_COMP | __GFP_ZERO | GFP_ZONEMASK);
	gfp |= __GFP_NOWARN;
	if (pool->nid != NUMA_NO_NODE)
		gfp |= __GFP_THISNODE;
	arena = pool_take_arena(pool, order, gfp);
	if (!arena)
		return NULL;
	raw_spin_lock_irqsave(&pool->lock, flags);
	buddy_lists_add(&pool->lists, arena);
	pool->nr_arenas++;
	block = buddy_lists_take(&pool->lists, order);
	pool->allocs++;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return block;
}

static void count_failed_alloc(struct buddy_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	pool->failed_allocs++;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

void *buddy_pool_alloc(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	unsigned long flags;
	void *block;

	/* In NMI the lock may be held by what was interrupted. */
	if (order > pool->arena_order || in_nmi())
		return NULL;
	raw_spin_lock_irqsave(&pool->lock, flags);
	block = buddy_lists_take(&pool->lists, order);
	if (block)
		pool->allocs++;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (!block)
		block = pool_grow(pool, order, gfp);
	if (!block)
		count_failed_alloc(pool);
	else if (gfp & __GFP_ZERO)
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

/* @pool may be one that is gone, or none at all: it is not looked into before it is found. */
static void refuse(struct buddy_pool *pool, const void *addr, unsigned long nr_pages, int err,
		   const void *caller)
{
	bool known = pool_registered(pool);
	unsigned long flags;

	if (known) {
		raw_spin_lock_irqsave(&pool->lock, flags);
		pool->bad_frees++;
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	}
	pr_err_ratelimited("dualtree: pool %s: wrong free of %lu pages at %p by %pS: %s\n",
			   known ? pool->name : "(none)", nr_pages, addr, caller,
			   err == -EALREADY ? "free already" : "no such block");
}

/* Free a block of an order, or a range where @order is negative. */
static int pool_give(struct buddy_pool *pool, const void *addr, int order, unsigned long nr_pages,
		     const void *caller)
{
	bool idle = false;
	struct buddy_arena *arena;
	unsigned long flags;
	int err = -EINVAL;

	rcu_read_lock();
	arena = buddy_table_arena(addr);
	if (arena && arena->pool == pool) {
		raw_spin_lock_irqsave(&pool->lock, flags);
		if (order >= 0)
			err = buddy_arena_free_block(&pool->lists, arena, addr, order);
		else
			err = buddy_arena_free_range(&pool->lists, arena, addr, nr_pages);
		pool->frees += !err;
		idle = !list_empty(&pool->lists.empty);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	}
	rcu_read_unlock();

	if (err)
		refuse(pool, addr, nr_pages, err, caller);
	else if (idle)
		schedule_delayed_work(&pool->trim_work, TRIM_DELAY);
	return err;
}

int buddy_pool_free(struct buddy_pool *pool, void *block, unsigned int order)
{
	if (!block)
		return 0;
	return pool_give(pool, block, min_t(unsigned int, order, BUDDY_NR_ORDERS),
			 order < BITS_PER_LONG ? 1UL << order : 0, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(buddy_pool_free);

int buddy_pool_free_range(struct buddy_pool *pool, void *first, unsigned long nr_pages)
{
	if (!first)
		return 0;
	return pool_give(pool, first, -1, nr_pages, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(buddy_pool_free_range);

/* Withdraw one empty arena that the reserve does not need. */
static struct buddy_arena *pool_withdraw(struct buddy_pool *pool)
{
	struct buddy_arena *arena;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	arena = list_first_entry_or_null(&pool->lists.empty, struct buddy_arena, link);
	if (arena && (pool->lists.free_pages << PAGE_SHIFT) <
		     order_bytes(arena->order) + pool->reserve)
		arena = NULL;
	if (arena) {
		buddy_lists_remove(&pool->lists, arena);
		pool->nr_arenas--;
		pool->held_bytes -= order_bytes(arena->order);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return arena;
}

/*
 * Give empty arenas beyond the reserve back to the kernel, now.
 *
 * Context: Any context but NMI.
 * Return: bytes given back.
 */
size_t buddy_pool_trim(struct buddy_pool *pool)
{
	struct buddy_arena *arena;
	size_t bytes = 0;

	while ((arena = pool_withdraw(pool))) {
		bytes += order_bytes(arena->order);
		buddy_arena_destroy(arena);
	}
	return bytes;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pool_trim);

static void trim_work(struct work_struct *work)
{
	buddy_pool_trim(container_of(to_delayed_work(work), struct buddy_pool, trim_work));
}

void buddy_pool_get_stats(struct buddy_pool *pool, struct buddy_pool_stats *stats)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	*stats = (struct buddy_pool_stats) {
		.held_bytes = pool->held_bytes,
		.free_bytes = pool->lists.free_pages << PAGE_SHIFT,
		.largest_free = pool->lists.orders ? order_bytes(__fls(pool->lists.orders)) : 0,
		.arenas = pool->nr_arenas,
		.allocs = pool->allocs,
		.frees = pool->frees,
		.failed_allocs = pool->failed_allocs,
		.bad_frees = pool->bad_frees,
	};
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}
EXPORT_SYMBOL_GPL(buddy_pool_get_stats);

/* Invariants of a whole pool. For tests and debug kernels: it holds the lock for long. */
bool buddy_pool_check(struct buddy_pool *pool)
{
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&pool->lock, flags);
	ok = buddy_lists_check(&pool->lists);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ok;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pool_check);

/* The arena order of a pool that asks for none: no more than the kernel hands out. */
unsigned int buddy_arena_order_default(void)
{
	return min_t(unsigned int, BUDDY_POOL_ARENA_ORDER, MAX_PAGE_ORDER);
}

static bool params_valid(const struct buddy_pool_params *params)
{
	if (params->arena_order > buddy_arena_order_default())
		return false;
	if (params->limit && params->reserve > params->limit)
		return false;
	return params->nid == NUMA_NO_NODE ||
	       (params->nid >= 0 && params->nid < MAX_NUMNODES && node_online(params->nid));
}

/* Bring the free bytes up to the reserve. Return: 0 or -ENOMEM. */
static int pool_fill(struct buddy_pool *pool)
{
	struct buddy_pool_stats stats;
	void *block;

	for (;;) {
		buddy_pool_get_stats(pool, &stats);
		if (stats.free_bytes >= pool->reserve)
			return 0;
		block = pool_grow(pool, 0, GFP_KERNEL);
		if (!block)
			return -ENOMEM;
		buddy_pool_free(pool, block, 0);
	}
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
	INIT_DELAYED_WORK(&pool->trim_work, trim_work);
	pool->limit = params->limit;
	pool->reserve = params->reserve;
	pool->nid = params->nid;
	pool->arena_order = params->arena_order ?: buddy_arena_order_default();
	strcpy(pool->name, name);
	return pool;
}

struct buddy_pool *buddy_pool_create(const char *name, const struct buddy_pool_params *params)
{
	static const struct buddy_pool_params defaults = { .nid = NUMA_NO_NODE };
	struct buddy_pool *pool;

	if (!params)
		params = &defaults;
	if (!name || !*name || !params_valid(params))
		return ERR_PTR(-EINVAL);
	pool = pool_alloc_record(name, params);
	if (!pool)
		return ERR_PTR(-ENOMEM);

	raw_spin_lock_irq(&pools_lock);
	list_add_tail(&pool->registered, &pools);
	raw_spin_unlock_irq(&pools_lock);

	if (pool_fill(pool)) {
		buddy_pool_destroy(pool);
		return ERR_PTR(-ENOMEM);
	}
	return pool;
}
EXPORT_SYMBOL_GPL(buddy_pool_create);

static void destroy_arenas(struct buddy_pool *pool, struct list_head *arenas)
{
	struct buddy_arena *arena, *next;

	list_for_each_entry_safe(arena, next, arenas, link) {
		buddy_lists_remove(&pool->lists, arena);
		buddy_arena_destroy(arena);
	}
}

void buddy_pool_destroy(struct buddy_pool *pool)
{
	size_t out;

	if (!pool)
		return;
	cancel_delayed_work_sync(&pool->trim_work);
	out = pool->held_bytes - (pool->lists.free_pages << PAGE_SHIFT);
	if (out)
		pr_err("dualtree: pool %s: destroyed with %zu bytes of blocks still out\n",
		       pool->name, out);

	raw_spin_lock_irq(&pools_lock);
	list_del(&pool->registered);
	raw_spin_unlock_irq(&pools_lock);

	destroy_arenas(pool, &pool->lists.used);
	destroy_arenas(pool, &pool->lists.empty);
	/* A wrong free may be on its way from an arena to the pool's lock. */
	synchronize_rcu();
	kfree(pool);
}
EXPORT_SYMBOL_GPL(buddy_pool_destroy);
