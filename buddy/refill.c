// SPDX-License-Identifier: GPL-2.0
/*
 * Filling the reserve: when a pool is created, and by work when reserve.c finds it low.
 *
 *	the reserve lacks		it takes arenas of
 *	blocks				at least the reserve's order. Where the limit has no room,
 *					empty arenas that are smaller are returned first
 *	the rest			at least what the rest has room for
 *
 *	the work fails			it is started again
 *	the kernel has no memory	after REFILL_RETRY_MS
 *	the limit is reached		by the trim that follows a free that leaves an empty arena,
 *					again and again while one is too small for a block
 *
 * Locks: none is held while an arena is taken. Process context; may sleep.
 */
#include "../compat/compat.h"
#include "../compat/workqueue.h"
#include "grow.h"
#include "pool.h"
#include "refill.h"
#include "reserve.h"

/*
 * Milliseconds after which a refill that the kernel had no memory for is tried again. Reclaim and
 * compaction in the background have had time to work; one try a second costs next to nothing.
 */
#define REFILL_RETRY_MS		1000

static int missing_order(struct buddy_pool *pool, bool *blocks)
{
	unsigned long flags;
	int order;

	raw_spin_lock_irqsave(&pool->lock, flags);
	order = buddy_reserve_missing(pool, blocks);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return order;
}

/*
 * Fill the reserve. @effort is __GFP_NORETRY or __GFP_RETRY_MAYFAIL: either keeps the OOM killer
 * out, since memory that is only kept for later is not worth it.
 *
 * Return: 0, -ENOMEM, or -ENOSPC if the limit leaves no room.
 */
static int reserve_fill(struct buddy_pool *pool, gfp_t effort)
{
	int order, err;
	bool blocks;

	while ((order = missing_order(pool, &blocks)) >= 0) {
		/* For blocks, empty arenas that are too small may go; for the rest they count. */
		err = buddy_arenas_add(pool, order, GFP_KERNEL | effort, !blocks);
		if (err)
			return err;
	}
	return 0;
}

static void refill_work(struct work_struct *work)
{
	struct buddy_pool *pool = container_of(to_delayed_work(work), struct buddy_pool,
					       refill_work);

	if (reserve_fill(pool, __GFP_NORETRY) == -ENOMEM)
		queue_delayed_work(system_percpu_wq, &pool->refill_work,
				   msecs_to_jiffies(REFILL_RETRY_MS));
}

/* An allocation may run with interrupts off; the refill sleeps: so by irq_work, then work. */
static void refill_irq(struct irq_work *irq)
{
	struct buddy_pool *pool = container_of(irq, struct buddy_pool, refill_irq);

	mod_delayed_work(system_percpu_wq, &pool->refill_work, 0);
}

/* Set up the refill of a new pool, before anything can start it. */
void buddy_refill_init(struct buddy_pool *pool)
{
	INIT_DELAYED_WORK(&pool->refill_work, refill_work);
	init_irq_work(&pool->refill_irq, refill_irq);
}

/**
 * buddy_refill_now() - fill the reserve of a new pool
 * @pool: the pool
 *
 * The user waits for it and it is done once, so the kernel may reclaim and compact as long as that
 * helps, but not kill.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int buddy_refill_now(struct buddy_pool *pool)
{
	return reserve_fill(pool, __GFP_RETRY_MAYFAIL) ? -ENOMEM : 0;
}

/* Stop the refill of a pool that no caller uses and no work trims. May sleep. */
void buddy_refill_stop(struct buddy_pool *pool)
{
	irq_work_sync(&pool->refill_irq);
	cancel_delayed_work_sync(&pool->refill_work);
}
