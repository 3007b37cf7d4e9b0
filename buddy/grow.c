// SPDX-License-Identifier: GPL-2.0
/*
 * How the arenas of a pool come and go: growth, the reserve, trimming, memory pressure.
 *
 * Arenas are taken from the kernel and given back with no lock held.
 *
 *	free bytes
 *	    ^   more than the reserve: empty arenas go back, after a while by
 *	    |   themselves, or at once under memory pressure
 *	----+---- reserve (high mark): the background fills up to here
 *	    |   callers that may sleep grow the pool rather than take from here
 *	----+---- reserve / 2 (low mark): below it the background starts to fill
 *	    |
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/numa.h>
#include "../compat/compat.h"
#include "../compat/gfp.h"
#include "grow.h"
#include "pool.h"
#include "trace.h"

static unsigned int trim_delay_ms = 2000;
module_param(trim_delay_ms, uint, 0644);
MODULE_PARM_DESC(trim_delay_ms, "milliseconds before empty arenas go back to the kernel");

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
 * How to ask for an arena that is larger than needed: only for what lies ready on the node. The
 * kernel neither reclaims nor compacts for it, and keeps its reserves; SLUB asks so for slabs of
 * more than the least order. A smaller arena here is better than a larger one on another node.
 */
static gfp_t gfp_opportunistic(gfp_t gfp)
{
	gfp &= ~(__GFP_RECLAIM | __GFP_RETRY_MAYFAIL | DT_GFP_EMERGENCY);
	return gfp | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN;
}

/*
 * Take one arena from the kernel, as large as it has one, and at least 2^order pages. Only
 * for the smallest may the kernel go to the lengths that the caller allows.
 */
static struct buddy_arena *take_arena(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	gfp_t easy = gfp_opportunistic(gfp);
	int nid = pool->nid == NUMA_NO_NODE ? numa_mem_id() : pool->nid;
	struct buddy_arena *arena;
	unsigned int o = pool->arena_order + 1;

	while (o-- > order) {
		if (!pool_charge(pool, o))
			continue;
		arena = buddy_arena_create(pool, nid, o, o > order ? easy : gfp);
		if (arena)
			return arena;
		pool_uncharge(pool, o);
	}
	return NULL;
}

/* Take an arena for a block of 2^order pages, as a caller's @gfp allows. */
static struct buddy_arena *get_arena(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	struct buddy_arena *arena;

	gfp &= ~(__GFP_ACCOUNT | __GFP_COMP | __GFP_ZERO | __GFP_MEMALLOC);
	/* An arena outlives the emergency in which it was asked for. */
	gfp |= __GFP_NOWARN | __GFP_NOMEMALLOC;
	if (pool->nid != NUMA_NO_NODE)
		gfp |= __GFP_THISNODE;
	arena = take_arena(pool, order, gfp);
	if (arena)
		trace_buddy_arena_get(pool->name, arena->base, 1UL << arena->order);
	return arena;
}

static void pool_add_arena(struct buddy_pool *pool, struct buddy_arena *arena)
	__must_hold(&pool->lock)
{
	lockdep_assert_held(&pool->lock);
	buddy_lists_add(&pool->lists, arena);
	pool->nr_arenas++;
}

/**
 * buddy_arenas_grow() - add an arena and take a block of it
 * @pool: the pool
 * @order: of the block
 * @gfp: how to ask for the arena
 *
 * Both in one go: nobody else can take the block first.
 *
 * Context: As @gfp allows; no lock held.
 * Return: the block, or NULL.
 */
void *buddy_arenas_grow(struct buddy_pool *pool, unsigned int order, gfp_t gfp)
{
	struct buddy_arena *arena;
	unsigned long flags;
	void *block;

	if (!kernel_allocs_here())
		return NULL;
	arena = get_arena(pool, order, gfp);
	if (!arena)
		return NULL;
	raw_spin_lock_irqsave(&pool->lock, flags);
	pool_add_arena(pool, arena);
	block = buddy_lists_take(&pool->lists, order);
	pool->allocs++;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return block;
}

/* Bytes that the reserve lacks. */
static size_t reserve_missing(struct buddy_pool *pool)
{
	struct buddy_pool_stats stats;

	buddy_pool_get_stats(pool, &stats);
	return stats.free_bytes < pool->reserve ? pool->reserve - stats.free_bytes : 0;
}

/*
 * Bring the free bytes up to the reserve. @effort is how hard the kernel may try for a page:
 * nothing that is kept for later is worth the OOM killer. Return: 0 or -ENOMEM.
 */
static int fill_reserve(struct buddy_pool *pool, gfp_t effort)
{
	struct buddy_arena *arena;
	unsigned int min_order;
	unsigned long flags;
	size_t missing;

	while ((missing = reserve_missing(pool))) {
		/* Single pages would be a poor reserve; they do if that is all that lacks. */
		min_order = min3(pool->arena_order, PAGE_ALLOC_COSTLY_ORDER + 0U,
				 (unsigned int)ilog2(DIV_ROUND_UP(missing, PAGE_SIZE)));
		arena = get_arena(pool, min_order, GFP_KERNEL | effort);
		if (!arena)
			return -ENOMEM;
		raw_spin_lock_irqsave(&pool->lock, flags);
		pool_add_arena(pool, arena);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	}
	return 0;
}

static void refill_work(struct work_struct *work)
{
	/* If it fails, the next allocation below the low mark tries again. */
	fill_reserve(container_of(work, struct buddy_pool, refill_work), __GFP_NORETRY);
}

/* From whatever context an allocation was made in to one that may sleep. */
static void refill_irq(struct irq_work *irq)
{
	schedule_work(&container_of(irq, struct buddy_pool, refill_irq)->refill_work);
}

/* Withdraw one empty arena that the reserve does not need. */
static struct buddy_arena *pool_remove_arena(struct buddy_pool *pool)
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

/* Give empty arenas back until @budget bytes have gone. Return: bytes that have. */
static size_t trim(struct buddy_pool *pool, size_t budget)
{
	struct buddy_arena *arena;
	size_t bytes = 0;

	while (bytes < budget && (arena = pool_remove_arena(pool))) {
		bytes += order_bytes(arena->order);
		trace_buddy_arena_put(pool->name, arena->base, 1UL << arena->order);
		buddy_arena_destroy(arena);
	}
	return bytes;
}

/**
 * buddy_pool_trim() - give empty arenas beyond the reserve back to the kernel, now
 * @pool: the pool
 *
 * Context: Any context but NMI.
 * Return: bytes given back.
 */
size_t buddy_pool_trim(struct buddy_pool *pool)
{
	return trim(pool, SIZE_MAX);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pool_trim);

static void trim_work(struct work_struct *work)
{
	buddy_pool_trim(container_of(to_delayed_work(work), struct buddy_pool, trim_work));
}

/* An arena has become empty: let it go if nobody wants it for a while. */
void buddy_arenas_idle(struct buddy_pool *pool)
{
	schedule_delayed_work(&pool->trim_work, msecs_to_jiffies(READ_ONCE(trim_delay_ms)));
}

/* Pages that a trim would give back, at a glance: whole arenas may not fit in between. */
static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct buddy_pool *pool = dt_shrinker_private(shrinker);
	unsigned long empty = READ_ONCE(pool->lists.empty_pages);
	unsigned long free = READ_ONCE(pool->lists.free_pages);
	unsigned long reserve = pool->reserve >> PAGE_SHIFT;

	return free > reserve ? min(empty, free - reserve) : 0;
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct buddy_pool *pool = dt_shrinker_private(shrinker);
	size_t bytes = trim(pool, sc->nr_to_scan << PAGE_SHIFT);

	return bytes ? bytes >> PAGE_SHIFT : SHRINK_STOP;
}

/**
 * buddy_arenas_init() - set up what takes and gives arenas, and fill the reserve
 * @pool: a new pool
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM, with nothing left behind.
 */
int buddy_arenas_init(struct buddy_pool *pool)
{
	int err;

	INIT_DELAYED_WORK(&pool->trim_work, trim_work);
	INIT_WORK(&pool->refill_work, refill_work);
	init_irq_work(&pool->refill_irq, refill_irq);
	err = dt_shrinker_register(&pool->shrinker, shrink_count, shrink_scan, pool, pool->name);
	if (err)
		return err;
	err = fill_reserve(pool, __GFP_RETRY_MAYFAIL);
	if (err)
		buddy_arenas_exit(pool);
	return err;
}

static void destroy_arenas(struct buddy_pool *pool, struct list_head *arenas)
{
	struct buddy_arena *arena, *next;

	list_for_each_entry_safe(arena, next, arenas, link) {
		buddy_lists_remove(&pool->lists, arena);
		trace_buddy_arena_put(pool->name, arena->base, 1UL << arena->order);
		buddy_arena_destroy(arena);
	}
}

/**
 * buddy_arenas_exit() - stop what takes and gives arenas, and give all of them back
 * @pool: the pool; nobody else uses it any more
 *
 * Context: Process context. May sleep.
 */
void buddy_arenas_exit(struct buddy_pool *pool)
{
	dt_shrinker_unregister(&pool->shrinker);
	irq_work_sync(&pool->refill_irq);
	cancel_work_sync(&pool->refill_work);
	cancel_delayed_work_sync(&pool->trim_work);
	destroy_arenas(pool, &pool->lists.used);
	destroy_arenas(pool, &pool->lists.empty);
}
