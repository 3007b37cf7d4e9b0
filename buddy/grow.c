// SPDX-License-Identifier: GPL-2.0
/*
 * The arenas of a pool: growth. trim.c returns what is not needed.
 *
 *	an arena is taken		of
 *	first				the largest order that the kernel has free and the limit
 *					allows, from the pool's arena order down
 *	at last				the order that is needed, with all that the caller allows
 *	 if the limit has no room	after empty arenas that are too small were returned
 *
 *	Those that are returned then are smaller than what is needed. A caller that cannot sleep
 *	returns few, and none that the reserve (reserve.c) needs.
 *
 * Locks: arenas are taken from the kernel and returned to it with no lock held. The pool's lock
 * guards its lists and sums, and is held for one arena at a time.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/sched/mm.h>
#include "../compat/compat.h"
#include "../compat/gfp.h"
#include "grow.h"
#include "pool.h"
#include "records.h"
#include "reserve.h"
#include "trace.h"

/*
 * Arenas that a caller that cannot sleep returns for a larger one. Each takes up to 2,000
 * instructions, and 8 are enough where arenas are an eighth of what is needed.
 */
#define ATOMIC_PUT_MAX		8

/* Does an arena fit the limit when @returned bytes have been returned? */
static bool limit_allows(const struct buddy_pool *pool, unsigned int order, size_t returned)
{
	size_t held = pool->held_bytes - returned;

	return !pool->limit || (held <= pool->limit && order_bytes(order) <= pool->limit - held);
}

static bool pool_has_room(struct buddy_pool *pool, unsigned int order)
{
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&pool->lock, flags);
	ok = limit_allows(pool, order, 0);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ok;
}

/*
 * Count the bytes of an arena that was taken. Not before it was: the kernel may take long, or have
 * none, and another caller would be refused at the limit meanwhile. Return: false if that one was
 * faster, and the limit has no room any more.
 */
static bool pool_charge(struct buddy_pool *pool, unsigned int order)
{
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&pool->lock, flags);
	ok = limit_allows(pool, order, 0);
	if (ok)
		pool->held_bytes += order_bytes(order);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ok;
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

/* Take an arena out of the pool's lists and counts. */
void buddy_pool_forget_arena(struct buddy_pool *pool, struct buddy_arena *arena)
	__must_hold(&pool->lock)
{
	lockdep_assert_held(&pool->lock);
	buddy_lists_remove(&pool->lists, arena);
	pool->nr_arenas--;
	pool->held_bytes -= order_bytes(arena->order) - arena->nr_returned * PAGE_SIZE;
	pool->record_bytes -= buddy_records_bytes(arena->order, pool->record_order);
}

/* Return an arena that no list has any more. Context: as buddy_arena_destroy(). */
void buddy_pool_put_arena(struct buddy_pool *pool, struct buddy_arena *arena)
{
	trace_buddy_arena_put(pool->name, arena->base, 1UL << arena->order);
	buddy_arena_destroy(arena);
}

/*
 * Find the largest empty arena below 2^@order pages, if enough of them can be returned for an
 * arena of 2^@order pages to fit the limit. Return: the arena, or NULL.
 */
static struct buddy_arena *find_smaller(struct buddy_pool *pool, unsigned int order,
					bool keep_reserve)
	__must_hold(&pool->lock)
{
	struct buddy_arena *arena = NULL;
	unsigned int o = order;
	size_t bytes = 0;

	while (o-- > 0) {
		bytes += pool->lists.nr_empty[o] * order_bytes(o);
		if (!arena && (!keep_reserve || buddy_reserve_whole_without(pool, o)))
			arena = buddy_lists_empty(&pool->lists, o);
	}
	return limit_allows(pool, order, bytes) ? arena : NULL;
}

/*
 * Remove an arena to make room: a drained one, which the trim would return in any case, or an empty
 * one that is too small. Return: the arena, or NULL.
 */
static struct buddy_arena *pool_remove_for(struct buddy_pool *pool, unsigned int order,
					   bool keep_reserve)
	__must_hold(&pool->lock)
{
	struct buddy_arena *arena = NULL;

	/* The reserve may have what is left of a drained arena. */
	if (!keep_reserve)
		arena = buddy_lists_drained(&pool->lists);
	if (!arena)
		arena = find_smaller(pool, order, keep_reserve);
	if (arena)
		buddy_pool_forget_arena(pool, arena);
	return arena;
}

/*
 * Does the limit have room for an arena? Where empty arenas that are too small, or drained ones,
 * are what leaves none they are returned: with @keep_reserve few, and only what the reserve does
 * not need.
 */
static bool pool_make_room(struct buddy_pool *pool, unsigned int order, bool keep_reserve)
{
	unsigned int budget = keep_reserve ? ATOMIC_PUT_MAX : UINT_MAX;
	struct buddy_arena *arena;
	unsigned long flags;

	while (!pool_has_room(pool, order)) {
		if (!budget--)
			return false;
		raw_spin_lock_irqsave(&pool->lock, flags);
		arena = pool_remove_for(pool, order, keep_reserve);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		if (!arena)
			return false;
		buddy_pool_put_arena(pool, arena);
	}
	return true;
}

/* Create an arena, with records unless it is too small for any, and count it. Or return NULL. */
static struct buddy_arena *create_arena(struct buddy_pool *pool, int nid, unsigned int order,
					gfp_t gfp)
{
	struct buddy_arena *arena = buddy_arena_create(pool, nid, order, gfp);

	if (!arena)
		return NULL;
	/* As the arena's own record. */
	gfp &= ~BUDDY_GFP_PAGES_ONLY;
	if (order >= pool->record_order)
		arena->records = buddy_records_create(order, pool->record_order, nid, gfp);
	if ((order < pool->record_order || arena->records) && pool_charge(pool, order))
		return arena;
	buddy_arena_destroy(arena);
	return NULL;
}

/*
 * Take the largest arena that the limit and the kernel allow, of at least 2^@order pages. Only
 * for the smallest may the kernel do all that @gfp allows.
 *
 * Return: the arena, ERR_PTR(-ENOMEM), or ERR_PTR(-ENOSPC) at the limit.
 */
static struct buddy_arena *take_arena(struct buddy_pool *pool, unsigned int order, gfp_t gfp,
				      bool keep_reserve)
{
	gfp_t easy = gfp_opportunistic(gfp);
	int nid = pool->nid == NUMA_NO_NODE ? numa_mem_id() : pool->nid;
	struct buddy_arena *arena;
	unsigned int o;

	for (o = pool->arena_order; o > order && !pool->exact; o--) {
		if (!pool_has_room(pool, o))
			continue;
		arena = create_arena(pool, nid, o, easy);
		if (arena)
			return arena;
	}
	if (!pool_make_room(pool, order, keep_reserve))
		return ERR_PTR(-ENOSPC);
	return create_arena(pool, nid, order, gfp) ?: ERR_PTR(-ENOMEM);
}

/* Take an arena for a block of 2^order pages, as a caller's @gfp allows. As take_arena(). */
static struct buddy_arena *get_arena(struct buddy_pool *pool, unsigned int order, gfp_t gfp,
				     bool keep_reserve)
{
	struct mem_cgroup *old = NULL;
	struct buddy_arena *arena;

	gfp &= ~(__GFP_ACCOUNT | __GFP_COMP | __GFP_ZERO | __GFP_MEMALLOC);
	/* No emergency reserve: an arena outlives the emergency of its first caller. */
	gfp |= __GFP_NOWARN | __GFP_NOMEMALLOC;
	/* A zone that the device reaches may be on another node only. */
	if (pool->nid != NUMA_NO_NODE && !pool->zone)
		gfp |= __GFP_THISNODE;
	gfp |= pool->zone;
	if (pool->memcg) {
		gfp |= __GFP_ACCOUNT;
		old = set_active_memcg(pool->memcg);
	}
	arena = take_arena(pool, order, gfp, keep_reserve);
	if (pool->memcg)
		set_active_memcg(old);
	if (!IS_ERR(arena))
		trace_buddy_arena_get(pool->name, arena->base, 1UL << arena->order);
	return arena;
}

static void pool_add_arena(struct buddy_pool *pool, struct buddy_arena *arena)
	__must_hold(&pool->lock)
{
	lockdep_assert_held(&pool->lock);
	buddy_lists_add(&pool->lists, arena);
	pool->nr_arenas++;
	pool->record_bytes += buddy_records_bytes(arena->order, pool->record_order);
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
	bool low;

	if (!kernel_allocs_here())
		return NULL;
	/* A caller that cannot sleep must not put at risk what is kept for others like it. */
	arena = get_arena(pool, order, gfp, !gfpflags_allow_blocking(gfp));
	if (IS_ERR(arena)) {
		buddy_reserve_refill_missing(pool);
		return NULL;
	}
	raw_spin_lock_irqsave(&pool->lock, flags);
	pool_add_arena(pool, arena);
	block = buddy_lists_take(&pool->lists, order);
	pool->allocs++;
	low = buddy_reserve_low(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (unlikely(low))
		buddy_reserve_refill(pool);
	return block;
}

/**
 * buddy_arenas_add() - add an arena, all of it free
 * @pool: the pool
 * @order: pages that the arena has at least, as a power of two
 * @gfp: flags for the arena; the caller may sleep
 * @keep_reserve: to make room at the limit, return no arena that the reserve needs
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOMEM, or -ENOSPC if the limit has no room, and none would be left by empty arenas
 * that are smaller.
 */
int buddy_arenas_add(struct buddy_pool *pool, unsigned int order, gfp_t gfp, bool keep_reserve)
{
	struct buddy_arena *arena = get_arena(pool, order, gfp, keep_reserve);
	unsigned long flags;

	if (IS_ERR(arena))
		return PTR_ERR(arena);
	raw_spin_lock_irqsave(&pool->lock, flags);
	pool_add_arena(pool, arena);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return 0;
}

static void destroy_arenas(struct buddy_pool *pool, struct list_head *arenas)
{
	struct buddy_arena *arena, *next;

	list_for_each_entry_safe(arena, next, arenas, link) {
		buddy_lists_remove(&pool->lists, arena);
		buddy_pool_put_arena(pool, arena);
	}
}

/**
 * buddy_arenas_exit() - return all arenas of a pool
 * @pool: the pool, after buddy_trim_stop()
 *
 * Context: Process context. May sleep.
 */
void buddy_arenas_exit(struct buddy_pool *pool)
{
	unsigned int order;

	destroy_arenas(pool, &pool->lists.used);
	for (order = 0; order < BUDDY_NR_ORDERS; order++)
		destroy_arenas(pool, &pool->lists.empty[order]);
}
