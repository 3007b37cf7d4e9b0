// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool returns to the kernel while it lives.
 *
 *	returned			if
 *	an empty arena			the reserve (reserve.c) is whole without it. Else another
 *					 look is made after LOOK_PERIOD, if it is too small for a
 *					 block of the reserve
 *	an arena with abandoned pages	none of its pages is live. Packets free what they hold of it
 *	an arena with returned pages	the same
 *	free pages of an arena in use	the pool has no device, and
 *	 by the trim			 more is free than the high mark, and was for trim_delay_ms:
 *					 until there is what the low mark says
 *	 under memory pressure		 the reserve is whole without them
 *
 *	free
 *	    ^   the trim begins to return pages of arenas in use
 *	----+---- the high mark: the reserve, and a quarter of what is live or 2 MiB
 *	    |
 *	----+---- the low mark: the reserve, and half as much
 *	    |   the trim leaves these free
 *
 * The trim is due trim_delay_ms after a free that leaves something to return. Meanwhile the least
 * that is free is noted: no more is returned than was free all the time. If more became free later
 * it is due again. The largest free blocks go first. Where no more than the low mark is left in
 * blocks that heaps ask for, smaller ones go: a heap that grows takes no arena then.
 *
 * A pool of a device returns whole arenas only: an arena is mapped as a whole, so the device would
 * reach a page that is another's by then.
 *
 * Locks: the pool's lock is held for one arena or one free block at a time. Pages are freed with no
 * lock held.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/shrinker.h"
#include "grow.h"
#include "pool.h"
#include "queue.h"
#include "records.h"
#include "reserve.h"
#include "trace.h"
#include "trim.h"

/*
 * Milliseconds from a free that leaves something to return until the kernel gets it back. A load
 * that pauses for less takes no arena again. Heaps are idle after as long by default.
 */
static unsigned int trim_delay_ms = 2000;
module_param(trim_delay_ms, uint, 0644);
MODULE_PARM_DESC(trim_delay_ms, "milliseconds until the kernel gets free memory back");

/*
 * Jiffies between two looks while there are abandoned pages, or empty arenas that are kept although
 * they are too small for the blocks that the reserve lacks: 5 s. The stack does not tell when it
 * releases pages, and a socket may keep a packet for any time; nor does the refill tell that it has
 * found larger arenas.
 */
#define LOOK_PERIOD		(5 * HZ)

/*
 * The trim leaves an eighth of what is live free, beyond the reserve, and BUDDY_KEEP_MIN at least:
 * a load that varies by so much takes no arena.
 */
#define KEEP_SHARE		8

/* Pages that the trim leaves free beyond the reserve. Under the pool's lock. */
static unsigned long kept_pages(const struct buddy_pool *pool)
{
	const struct buddy_lists *lists = &pool->lists;
	unsigned long live = (pool->held_bytes >> PAGE_SHIFT) - lists->free_pages -
			     lists->abandoned_pages;

	return max_t(unsigned long, live / KEEP_SHARE, BUDDY_KEEP_MIN >> PAGE_SHIFT);
}

static unsigned long low_mark(const struct buddy_pool *pool)
{
	return pool->reserve_pages + kept_pages(pool);
}

static unsigned long high_mark(const struct buddy_pool *pool)
{
	return pool->reserve_pages + 2 * kept_pages(pool);
}

/*
 * Remove an empty arena that the reserve does not need, the smallest first: large ones are harder
 * to have again. Or one that never gets empty, since the kernel has pages of it; the reserve is
 * filled by another. Return: the arena, or NULL.
 */
static struct buddy_arena *pool_remove_arena(struct buddy_pool *pool)
{
	struct buddy_arena *arena = NULL;
	unsigned long flags;
	unsigned int order;

	raw_spin_lock_irqsave(&pool->lock, flags);
	for (order = 0; order <= pool->arena_order && !arena; order++)
		if (buddy_reserve_whole_without(pool, order))
			arena = buddy_lists_empty(&pool->lists, order);
	if (!arena)
		arena = buddy_lists_drained(&pool->lists);
	if (arena)
		buddy_pool_forget_arena(pool, arena);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return arena;
}

/* Put a removed arena. Return: the bytes that the kernel gets now. */
static size_t put_arena(struct buddy_pool *pool, struct buddy_arena *arena)
{
	size_t bytes = order_bytes(arena->order) -
		       (arena->nr_returned + arena->nr_abandoned) * PAGE_SIZE;

	buddy_pool_put_arena(pool, arena);
	return bytes;
}

/*
 * Free the abandoned pages that packets have released. Return arenas of which packets still hold
 * some, until they are @budget bytes: these never get empty, and the reserve is filled by others.
 * Return: their bytes.
 */
static size_t return_abandoned(struct buddy_pool *pool, size_t budget)
{
	unsigned long flags, left = READ_ONCE(pool->lists.nr_abandoned);
	struct buddy_arena *arena;
	size_t bytes = 0;
	bool again;

	while (left && bytes < budget) {
		raw_spin_lock_irqsave(&pool->lock, flags);
		arena = buddy_lists_recover(&pool->lists, &again);
		if (arena)
			buddy_pool_forget_arena(pool, arena);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		if (arena)
			bytes += put_arena(pool, arena);
		if (!again)
			left--;
	}
	return bytes;
}

/* Return arenas without a live page, until they are @budget bytes. Return: their bytes. */
static size_t return_arenas(struct buddy_pool *pool, size_t budget)
{
	size_t bytes = return_abandoned(pool, budget);
	struct buddy_arena *arena;

	while (bytes < budget && (arena = pool_remove_arena(pool)))
		bytes += put_arena(pool, arena);
	return bytes;
}

/* Pages of a block that a heap asks for by itself, as a power of two. */
static unsigned int heap_order(const struct buddy_pool *pool)
{
	return min_t(unsigned int, BUDDY_RECORD_ORDER, pool->arena_order);
}

/* Free pages in blocks that a heap can have. Under the pool's lock. */
static unsigned long heap_pages(const struct buddy_pool *pool)
{
	unsigned long pages = 0;
	unsigned int order;

	for (order = heap_order(pool); order <= pool->arena_order; order++)
		pages += pool->lists.nr_free[order] << order;
	return pages;
}

/*
 * Take a part of the largest free block, below 2^@end pages, of an arena in use. At most @spare
 * pages may go. Return: its first byte, or NULL; then nothing can go. *@order is set to its pages,
 * as a power of two.
 */
static void *remove_part(struct buddy_pool *pool, unsigned int end, unsigned long spare,
			 unsigned int *order)
	__must_hold(&pool->lock)
{
	unsigned int found = end;
	int part;

	while (spare && found-- > 0) {
		if (list_empty(&pool->lists.avail[found]))
			continue;
		part = buddy_reserve_spare_order(pool, found, spare);
		if (part < 0)
			continue;
		*order = part;
		pool->held_bytes -= order_bytes(part);
		return buddy_lists_return(&pool->lists, found, part);
	}
	return NULL;
}

/* remove_part() of what was free all the time beyond the low mark. */
static void *remove_idle_part(struct buddy_pool *pool, unsigned int *order)
	__must_hold(&pool->lock)
{
	unsigned long keep = low_mark(pool), low = pool->lists.low_pages;
	unsigned long large = heap_pages(pool), block = 1UL << heap_order(pool);

	if (low <= keep)
		return NULL;
	/* Such blocks go whole, and the low mark is kept in them if it can be. */
	if (large >= keep + block && low >= keep + block)
		return remove_part(pool, pool->arena_order, min(large, low) - keep, order);
	return remove_part(pool, heap_order(pool), low - keep, order);
}

/* remove_part() of what is free beyond the reserve. */
static void *remove_any_part(struct buddy_pool *pool, unsigned long budget, unsigned int *order)
	__must_hold(&pool->lock)
{
	unsigned long keep = pool->reserve_pages, free = pool->lists.free_pages;

	return free > keep ? remove_part(pool, pool->arena_order, min(free - keep, budget), order) :
			     NULL;
}

/* Has more been free all the time than the high mark? */
static bool above_high_mark(struct buddy_pool *pool)
{
	unsigned long flags;
	bool above;

	raw_spin_lock_irqsave(&pool->lock, flags);
	above = pool->lists.low_pages > high_mark(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return above;
}

/*
 * Return free pages of arenas in use, at most @budget bytes. Under memory pressure (@pressed) they
 * are what the reserve does not need, else what has been free all the time, down to the low mark.
 *
 * Return: the bytes.
 */
static size_t return_parts(struct buddy_pool *pool, size_t budget, bool pressed)
{
	unsigned long flags;
	size_t bytes = 0;
	unsigned int order;
	void *part;

	if (pool->dev || (!pressed && !above_high_mark(pool)))
		return 0;
	do {
		raw_spin_lock_irqsave(&pool->lock, flags);
		part = pressed ? remove_any_part(pool, (budget - bytes) >> PAGE_SHIFT, &order) :
				 remove_idle_part(pool, &order);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		if (part) {
			trace_buddy_part_put(pool->name, part, 1UL << order);
			buddy_pages_free(part, 1UL << order);
			bytes += order_bytes(order);
		}
	} while (part);
	return bytes;
}

/*
 * Begin to note the least that is free. Return: is more free than the high mark, and was not all
 * the time?
 */
static bool begin_window(struct buddy_pool *pool)
{
	struct buddy_lists *lists = &pool->lists;
	unsigned long flags;
	bool again;

	raw_spin_lock_irqsave(&pool->lock, flags);
	again = !pool->dev && lists->low_pages < lists->free_pages &&
		lists->free_pages > high_mark(pool);
	lists->low_pages = lists->free_pages;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return again;
}

/* Return: bytes returned; *@again: is the trim due again after trim_delay_ms? */
static size_t trim(struct buddy_pool *pool, bool *again)
{
	size_t bytes = return_arenas(pool, SIZE_MAX);

	bytes += return_parts(pool, SIZE_MAX, false);
	*again = begin_window(pool);
	return bytes;
}

/**
 * buddy_pool_trim() - return what the kernel should have back, as the trim does when it is due
 * @pool: the pool
 *
 * All empty arenas beyond the reserve; and of arenas in use what was free since the last call, or
 * since the trim was queued, if it is beyond the marks.
 *
 * Context: Any context but NMI; on PREEMPT_RT preemptible. Takes the pool's lock.
 * Return: bytes returned.
 */
size_t buddy_pool_trim(struct buddy_pool *pool)
{
	bool again;

	return trim(pool, &again);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_pool_trim);

static unsigned long trim_delay(void)
{
	return msecs_to_jiffies(READ_ONCE(trim_delay_ms));
}

static void trim_work(struct work_struct *work)
{
	struct buddy_pool *pool = container_of(to_delayed_work(work), struct buddy_pool, trim_work);
	bool again, small;

	trim(pool, &again);
	/* What is empty now and too small for the reserve can make room for what it lacks. */
	small = buddy_reserve_refill_missing(pool);
	if (again)
		queue_delayed_work(buddy_reclaim_queue, &pool->trim_work, trim_delay());
	else if (small || READ_ONCE(pool->lists.abandoned_pages))
		queue_delayed_work(buddy_reclaim_queue, &pool->trim_work, LOOK_PERIOD);
}

/* Queue the trim from any context: a free may be made in the midst of the kernel's timers. */
static void trim_irq(struct irq_work *irq)
{
	struct buddy_pool *pool = container_of(irq, struct buddy_pool, trim_irq);

	if (queue_delayed_work(buddy_reclaim_queue, &pool->trim_work, trim_delay()))
		begin_window(pool);
}

/* Trim the pool after trim_delay_ms, unless that is due already. Any context. */
void buddy_trim_start(struct buddy_pool *pool)
{
	if (!delayed_work_pending(&pool->trim_work))
		irq_work_queue(&pool->trim_irq);
}

/*
 * Pages that can be returned, estimated without the lock: less where the reserve needs blocks, or
 * where whole arenas are larger than what exceeds it. Packets may have released those that were
 * abandoned; which, only a scan tells.
 */
static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct buddy_pool *pool = dt_shrinker_private(shrinker);
	unsigned long empty = READ_ONCE(pool->lists.empty_pages);
	unsigned long free = READ_ONCE(pool->lists.free_pages);
	unsigned long abandoned = READ_ONCE(pool->lists.abandoned_pages);
	unsigned long spare = free - min(free, pool->reserve_pages);

	return abandoned + (pool->dev ? min(empty, spare) : spare);
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct buddy_pool *pool = dt_shrinker_private(shrinker);
	size_t budget = sc->nr_to_scan << PAGE_SHIFT;
	size_t bytes = return_arenas(pool, budget);

	if (bytes < budget)
		bytes += return_parts(pool, budget - bytes, true);
	return bytes ? bytes >> PAGE_SHIFT : SHRINK_STOP;
}

/**
 * buddy_trim_init() - set up the trim and the shrinker of a pool
 * @pool: a new pool
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int buddy_trim_init(struct buddy_pool *pool)
{
	pool->trim_pages = pool->dev ? ULONG_MAX : high_mark(pool);
	INIT_DELAYED_WORK(&pool->trim_work, trim_work);
	init_irq_work(&pool->trim_irq, trim_irq);
	pool->shrinker = dt_shrinker_create(shrink_count, shrink_scan, pool, pool->name);
	return pool->shrinker ? 0 : -ENOMEM;
}

/**
 * buddy_trim_stop() - stop the trim and the shrinker of a pool
 * @pool: the pool, which no caller uses
 *
 * Context: Process context. May sleep.
 */
void buddy_trim_stop(struct buddy_pool *pool)
{
	dt_shrinker_free(pool->shrinker);
	irq_work_sync(&pool->trim_irq);
	cancel_delayed_work_sync(&pool->trim_work);
}
