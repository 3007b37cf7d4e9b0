// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the pool's invariants, for tests; built if CONFIG_DUALTREE_DEBUG is set. Each visits
 * every node of every arena that it is given.
 *
 *	buddy_arena_check()	the five maps and the sums of one arena
 *	buddy_lists_check()	all arenas, the list that each is in, the sums over them
 *	buddy_pool_check()	the same of a pool, under its lock
 *
 * For the first two the caller holds the pool's lock or owns the arenas.
 */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "../compat/compat.h"
#include "arena.h"
#include "check.h"
#include "pool.h"

/* A node that is set in a map has no other above it, and no free buddy if it is free. */
static bool node_check(const struct buddy_arena *arena, unsigned int node)
{
	bool free = test_bit(node, arena->free);
	bool live = test_bit(node, arena->live);
	unsigned int up;

	if (!free && !live)
		return true;
	if (free && live)
		return false;
	if (free && node > 1 && test_bit(node ^ 1, arena->free))
		return false;
	for (up = node >> 1; up; up >>= 1)
		if (test_bit(up, arena->free) || test_bit(up, arena->live))
			return false;
	return true;
}

/* A head is where a live node begins. The first page of each run of live pages is one. */
static bool heads_check(const struct buddy_arena *arena)
{
	bool live_before = false;
	unsigned int page, live;

	for (page = 0; page < 1U << arena->order; page++) {
		live = live_above(arena, node_of(arena, page, 0));
		if (test_bit(page, arena->head) ? !live || node_page(arena, live) != page :
						  live && !live_before)
			return false;
		live_before = live;
	}
	return true;
}

static bool free_above(const struct buddy_arena *arena, unsigned int node)
{
	while (node && !test_bit(node, arena->free))
		node >>= 1;
	return node;
}

/* A page is not both abandoned and returned, and if it is either it lies in no node that is set. */
static bool pages_check(const struct buddy_arena *arena)
{
	unsigned int page, node;

	for (page = 0; page < 1U << arena->order; page++) {
		bool abandoned = test_bit(page, arena->abandoned);
		bool returned = test_bit(page, arena->returned);

		if (!abandoned && !returned)
			continue;
		node = node_of(arena, page, 0);
		if (abandoned == returned || live_above(arena, node) || free_above(arena, node))
			return false;
	}
	return true;
}

/* Each page is abandoned, returned or in exactly one node that is set, and the sums are right. */
bool buddy_arena_check(const struct buddy_arena *arena)
{
	unsigned int node, order, covered = 0;
	u16 nr_free[BUDDY_NR_ORDERS] = {};

	for (node = 1; node < 2U << arena->order; node++) {
		if (!node_check(arena, node))
			return false;
		order = node_order(arena, node);
		if (test_bit(node, arena->free) || test_bit(node, arena->live))
			covered += 1U << order;
		nr_free[order] += test_bit(node, arena->free);
	}
	covered += bitmap_weight(arena->abandoned, 1U << arena->order);
	covered += bitmap_weight(arena->returned, 1U << arena->order);
	return pages_check(arena) && covered == 1U << arena->order &&
	       !memcmp(nr_free, arena->nr_free, sizeof(nr_free)) && heads_check(arena);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_arena_check);

/* What the arenas of some lists add up to. */
struct sums {
	unsigned long free_pages, empty_pages, nr_abandoned, abandoned_pages, returned_pages;
	unsigned long nr_free[BUDDY_NR_ORDERS];
};

/* The pages that are no one's are counted, and the arena is in the lists for such arenas. */
static bool holes_check(const struct buddy_arena *arena)
{
	unsigned int live = 0, page, pages = 1U << arena->order;

	for (page = 0; page < pages; page++)
		live += !!live_above(arena, node_of(arena, page, 0));
	return arena->nr_abandoned == bitmap_weight(arena->abandoned, pages) &&
	       arena->nr_returned == bitmap_weight(arena->returned, pages) &&
	       list_empty(&arena->abandoned_link) == !arena->nr_abandoned &&
	       list_empty(&arena->drained_link) == (live || !arena->nr_returned);
}

/* Each arena of a list is valid, and empty or not as the list says. Adds to the sums. */
static bool list_check(const struct list_head *list, bool empty, struct sums *sums)
{
	const struct buddy_arena *arena;
	unsigned int order;

	list_for_each_entry(arena, list, link) {
		if (!buddy_arena_check(arena) || test_bit(1, arena->free) != empty)
			return false;
		if (!holes_check(arena))
			return false;
		sums->nr_abandoned += !!arena->nr_abandoned;
		sums->abandoned_pages += arena->nr_abandoned;
		sums->returned_pages += arena->nr_returned;
		sums->empty_pages += (unsigned long)empty << arena->order;
		for (order = 0; order <= arena->order; order++) {
			sums->nr_free[order] += arena->nr_free[order];
			sums->free_pages += (unsigned long)arena->nr_free[order] << order;
		}
	}
	return true;
}

/* list_check() of the empty arenas of an order: each has that order. */
static bool empty_check(const struct buddy_lists *lists, unsigned int order, struct sums *sums)
{
	const struct buddy_arena *arena;
	unsigned long nr = 0;

	list_for_each_entry(arena, &lists->empty[order], link) {
		if (arena->order != order)
			return false;
		nr++;
	}
	return nr == lists->nr_empty[order] && list_check(&lists->empty[order], true, sums);
}

/* Each arena is valid and in the list that it belongs to, and the sums are right. */
bool buddy_lists_check(const struct buddy_lists *lists)
{
	struct sums sums = {};
	unsigned int order;

	if (!list_check(&lists->used, false, &sums))
		return false;
	for (order = 0; order < BUDDY_NR_ORDERS; order++)
		if (!empty_check(lists, order, &sums))
			return false;
	for (order = 0; order < BUDDY_NR_ORDERS; order++) {
		/* An empty arena has one free block, and is in no list of those in use. */
		bool avail = sums.nr_free[order] != lists->nr_empty[order];

		if (sums.nr_free[order] != lists->nr_free[order] ||
		    list_empty(&lists->avail[order]) == avail ||
		    !!(lists->orders & BIT(order)) != !!sums.nr_free[order])
			return false;
	}
	return sums.free_pages == lists->free_pages && sums.empty_pages == lists->empty_pages &&
	       sums.nr_abandoned == lists->nr_abandoned &&
	       sums.abandoned_pages == lists->abandoned_pages &&
	       sums.returned_pages == lists->returned_pages &&
	       lists->low_pages <= lists->free_pages;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_lists_check);

/* Holds the pool's lock for as long as the checks take: for tests only. */
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
