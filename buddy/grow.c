// SPDX-License-Identifier: GPL-2.0
/*
 * The arenas of a pool: growth, the reserve, trimming, memory pressure.
 *
 *	free bytes
 *	    ^   above the reserve: the kernel gets empty arenas back, trim_delay_ms
 *	    |   after a free leaves one, or at once under memory pressure
 *	----+---- reserve (high mark): the refill work fills up to here
 *	    |   below it: callers that may sleep grow the pool rather than take blocks
 *	----+---- reserve / 2 (low mark)
 *	    |   below it: each allocation starts the refill work
 *
 * Locks: arenas are taken from the kernel and returned to it with no lock held. The pool's lock
 * guards its lists and sums, and is held for one arena at a time.
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

/*
 * Milliseconds from a free that leaves an empty arena until the kernel gets empty arenas back. A
 * load that pauses for less takes no arena again. Heaps are idle after as long by default.
 */
static unsigned int trim_delay_ms = 2000;
module_param(trim_delay_ms, uint, 0644);
MODULE_PARM_DESC(trim_delay_ms, "milliseconds until the kernel gets empty arenas back");

/* Count the bytes of an arena before it is taken. Return: false if they exceed the limit. */
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
 * Flags for an arena that is larger than needed: only what is free on the node. The kernel does
 * not reclaim or compact for it, and keeps its reserves. SLUB uses the like for slabs above the
 * minimum order. A smaller arena on this node is better than a larger one on another.
 */
static gfp_t gfp_opportunistic(gfp_t gfp)
{
	gfp &= ~(__GFP_RECLAIM | __GFP_RETRY_MAYFAIL | DT_GFP_EMERGENCY);
	return gfp | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN;
}

/*
 * Take the largest arena that the limit and the kernel allow, of at least 2^@order pages. Only
 * for the smallest may the kernel do all that @gfp allows.
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
	/* No emergency reserve: an arena outlives the emergency of its first caller. */
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
 * @order: pages of the block, as a power of two
 * @gfp: flags for the arena
 *
 * The lock is held over both, so that no other caller takes the block.
 *
 * Context: Any context that @gfp allows; no lock held. NULL in NMI, and in atomic context on
 * PREEMPT_RT.
 * Return: the block, or NULL on OOM, or over the pool's limit.
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
 * Fill the reserve. @effort is __GFP_NORETRY or __GFP_RETRY_MAYFAIL: either keeps the OOM killer
 * out, since memory that is only kept for later is not worth it. Return: 0 or -ENOMEM.
 */
static int fill_reserve(struct buddy_pool *pool, gfp_t effort)
{
	struct buddy_arena *arena;
	unsigned int min_order;
	unsigned long flags;
	size_t missing;

	while ((missing = reserve_missing(pool))) {
		/*
		 * Blocks need arenas of their size: at least the order up to which the kernel tries
		 * hard, but no more than what is missing.
		 */
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
	/* If this fails, the next allocation below the low mark starts it again. */
	fill_reserve(container_of(work, struct buddy_pool, refill_work), __GFP_NORETRY);
}

/* An allocation may run with interrupts off; the refill sleeps: so by irq_work, then work. */
static void refill_irq(struct irq_work *irq)
{
	schedule_work(&container_of(irq, struct buddy_pool, refill_irq)->refill_work);
}

/* Remove an empty arena that the reserve does not need. Return: the arena, or NULL. */
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

/* Return empty arenas to the kernel, until they are @budget bytes. Return: their bytes. */
static size_t pool_trim(struct buddy_pool *pool, size_t budget)
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
 * buddy_pool_trim() - return all empty arenas beyond the reserve to the kernel
 * @pool: the pool
 *
 * Context: Any context but NMI; on PREEMPT_RT preemptible. Takes the pool's lock.
 * Return: bytes returned.
 */
size_t buddy_pool_trim(struct buddy_pool *pool)
{
	return pool_trim(pool, SIZE_MAX);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pool_trim);

static void trim_work(struct work_struct *work)
{
	buddy_pool_trim(container_of(to_delayed_work(work), struct buddy_pool, trim_work));
}

/* Queue the trim from any context: a free may be made in the midst of the kernel's timers. */
static void trim_irq(struct irq_work *irq)
{
	schedule_delayed_work(&container_of(irq, struct buddy_pool, trim_irq)->trim_work,
			      msecs_to_jiffies(READ_ONCE(trim_delay_ms)));
}

/* Trim the pool after trim_delay_ms, unless that is due already. Any context. */
void buddy_arenas_idle(struct buddy_pool *pool)
{
	if (!delayed_work_pending(&pool->trim_work))
		irq_work_queue(&pool->trim_irq);
}

/*
 * Pages that a trim would return, estimated without the lock: less where the arenas are larger
 * than what exceeds the reserve.
 */
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
	size_t bytes = pool_trim(pool, sc->nr_to_scan << PAGE_SHIFT);

	return bytes ? bytes >> PAGE_SHIFT : SHRINK_STOP;
}

/**
 * buddy_arenas_init() - set up the works and the shrinker of a pool, and fill its reserve
 * @pool: a new pool
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM; then all of it is undone.
 */
int buddy_arenas_init(struct buddy_pool *pool)
{
	int err;

	INIT_DELAYED_WORK(&pool->trim_work, trim_work);
	INIT_WORK(&pool->refill_work, refill_work);
	init_irq_work(&pool->refill_irq, refill_irq);
	init_irq_work(&pool->trim_irq, trim_irq);
	err = dt_shrinker_register(&pool->shrinker, shrink_count, shrink_scan, pool, pool->name);
	if (err)
		return err;
	err = fill_reserve(pool, __GFP_RETRY_MAYFAIL);
	if (err) {
		buddy_arenas_stop(pool);
		buddy_arenas_exit(pool);
	}
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
 * buddy_arenas_stop() - stop the works and the shrinker of a pool
 * @pool: the pool, which no caller uses
 *
 * After it no arena is counted that is not in the lists yet.
 *
 * Context: Process context. May sleep.
 */
void buddy_arenas_stop(struct buddy_pool *pool)
{
	dt_shrinker_unregister(&pool->shrinker);
	irq_work_sync(&pool->refill_irq);
	cancel_work_sync(&pool->refill_work);
	irq_work_sync(&pool->trim_irq);
	cancel_delayed_work_sync(&pool->trim_work);
}

/**
 * buddy_arenas_exit() - return all arenas of a pool
 * @pool: the pool, after buddy_arenas_stop()
 *
 * Context: Process context. May sleep.
 */
void buddy_arenas_exit(struct buddy_pool *pool)
{
	destroy_arenas(pool, &pool->lists.used);
	destroy_arenas(pool, &pool->lists.empty);
}
