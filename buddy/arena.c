// SPDX-License-Identifier: GPL-2.0
/*
 * An arena: how blocks are split, merged and freed, whole or by ranges of pages.
 *
 *	call				changes
 *	buddy_lists_take()		splits the smallest free block that is large enough
 *	buddy_lists_return()		splits a free block, and gives a part up for good
 *	buddy_arena_free_block()	frees a live node that begins at a head
 *	buddy_arena_free_range()	splits live nodes down to the range, frees what is in it
 *	both frees			merge each freed node with its buddy while that is free
 *	buddy_arena_abandon_page()	the same as a free of the page, but it is not free yet
 *	buddy_lists_recover()		frees abandoned pages that are not referred to any more
 *
 * arena.h describes the maps and says what is called under the pool's lock.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include "../compat/compat.h"
#include "arena.h"

static unsigned int page_of(const struct buddy_arena *arena, const void *addr)
{
	return (addr - arena->base) >> PAGE_SHIFT;
}

static void node_set_free(struct buddy_lists *lists, struct buddy_arena *arena, unsigned int node)
{
	unsigned int order = node_order(arena, node);

	__set_bit(node, arena->free);
	lists->nr_free[order]++;
	if (arena->nr_free[order]++)
		return;
	lists->orders |= BIT(order);
	if (node > 1) {
		list_add(&arena->avail[order], &lists->avail[order]);
		return;
	}
	list_move(&arena->link, &lists->empty[order]);
	lists->nr_empty[order]++;
	lists->empty_pages += 1UL << order;
}

static void node_clear_free(struct buddy_lists *lists, struct buddy_arena *arena, unsigned int node)
{
	unsigned int order = node_order(arena, node);

	__clear_bit(node, arena->free);
	lists->nr_free[order]--;
	if (--arena->nr_free[order])
		return;
	if (!lists->nr_free[order])
		lists->orders &= ~BIT(order);
	if (node > 1) {
		list_del(&arena->avail[order]);
		return;
	}
	list_move(&arena->link, &lists->used);
	lists->nr_empty[order]--;
	lists->empty_pages -= 1UL << order;
}

static bool no_page_live(const struct buddy_arena *arena)
{
	unsigned int order, pages = arena->nr_abandoned + arena->nr_returned;

	for (order = 0; order <= arena->order; order++)
		pages += arena->nr_free[order] << order;
	return pages == 1U << arena->order;
}

static noinline void check_drained(struct buddy_lists *lists, struct buddy_arena *arena)
{
	if (no_page_live(arena))
		list_move(&arena->drained_link, &lists->drained);
}

/* Free a node that is set in neither map. While its buddy is free, merge the two. */
static void node_release(struct buddy_lists *lists, struct buddy_arena *arena, unsigned int node)
{
	lists->free_pages += 1UL << node_order(arena, node);
	while (node > 1 && test_bit(node ^ 1, arena->free)) {
		node_clear_free(lists, arena, node ^ 1);
		node >>= 1;
	}
	node_set_free(lists, arena, node);
	/* An arena without returned pages gets empty: node 1 is free. */
	if (unlikely(arena->nr_returned))
		check_drained(lists, arena);
}

/* Is any page of a node free? That tells a double-free from an invalid-free. */
static bool any_free(const struct buddy_arena *arena, unsigned int node)
{
	unsigned int up, down, width = 1;

	for (up = node; up; up >>= 1)
		if (test_bit(up, arena->free))
			return true;
	for (down = node; down < 2U << arena->order; down <<= 1, width <<= 1)
		if (find_next_bit(arena->free, down + width, down) < down + width)
			return true;
	return false;
}

static int bad_free_errno(const struct buddy_arena *arena, unsigned int node)
{
	return any_free(arena, node) ? -EALREADY : -EINVAL;
}

/* Split a free block of 2^@found pages until it has 2^@order. Return: its node, in no map. */
static __always_inline unsigned int split_free_block(struct buddy_lists *lists,
						     struct buddy_arena *arena,
						     unsigned int found, unsigned int order)
{
	unsigned int node;

	node = find_next_bit(arena->free, 2U << arena->order, 1U << (arena->order - found));
	node_clear_free(lists, arena, node);
	for (; found > order; found--) {
		node <<= 1;
		node_set_free(lists, arena, node + 1);
	}
	lists->free_pages -= 1UL << order;
	return node;
}

static void *node_addr(const struct buddy_arena *arena, unsigned int node)
{
	return arena->base + ((size_t)node_page(arena, node) << PAGE_SHIFT);
}

/*
 * Return: an arena with a free block of 2^@order pages, of which there is one. If it can be, one
 * in use, so that empty ones stay empty.
 */
static struct buddy_arena *find_avail(struct buddy_lists *lists, unsigned int order)
{
	return list_first_entry_or_null(&lists->avail[order], struct buddy_arena, avail[order]) ?:
	       buddy_lists_empty(lists, order);
}

/* Return: a block of @order, split off the smallest free block that holds one, or NULL. */
void *buddy_lists_take(struct buddy_lists *lists, unsigned int order)
{
	unsigned long orders = lists->orders >> order;
	struct buddy_arena *arena;
	unsigned int found, node;

	if (!orders)
		return NULL;
	found = order + __ffs(orders);
	arena = find_avail(lists, found);
	node = split_free_block(lists, arena, found, order);
	__set_bit(node, arena->live);
	__set_bit(node_page(arena, node), arena->head);
	lists->low_pages = min(lists->low_pages, lists->free_pages);
	if (unlikely(arena->nr_returned))
		list_del_init(&arena->drained_link);
	return node_addr(arena, node);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_lists_take);

/* Free pages are not the pool's any more: what was free all the time is less by them. */
static void lower_low_pages(struct buddy_lists *lists, unsigned long nr_pages)
{
	lists->low_pages -= min(lists->low_pages, nr_pages);
}

/**
 * buddy_lists_return() - take free pages of an arena in use out of the arena, for good
 * @lists: the arenas
 * @found: pages of a free block of an arena in @lists->avail, as a power of two
 * @order: how many of these are taken, as a power of two
 *
 * Context: Under the pool's lock.
 * Return: the first byte of the pages. The caller frees them with buddy_pages_free(), without the
 * lock.
 */
void *buddy_lists_return(struct buddy_lists *lists, unsigned int found, unsigned int order)
{
	struct buddy_arena *arena;
	unsigned int node;

	arena = list_first_entry(&lists->avail[found], struct buddy_arena, avail[found]);
	node = split_free_block(lists, arena, found, order);
	lower_low_pages(lists, 1UL << order);
	bitmap_set(arena->returned, node_page(arena, node), 1U << order);
	arena->nr_returned += 1U << order;
	lists->returned_pages += 1UL << order;
	check_drained(lists, arena);
	return node_addr(arena, node);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_lists_return);

/*
 * Mark what is left of a block after a freed range as a run of its own. Without the mark, a new
 * block that is handed out before it would seem to continue into it, and a free of a range could
 * take pages of both.
 */
static void mark_head_after(struct buddy_arena *arena, unsigned int end)
{
	if (end < 1U << arena->order && live_above(arena, node_of(arena, end, 0)))
		__set_bit(end, arena->head);
}

/* Return: 0, -EINVAL or -EALREADY as buddy_pool_free() says. */
int buddy_arena_free_block(struct buddy_lists *lists, struct buddy_arena *arena,
			   const void *block, unsigned int order)
{
	unsigned int page = page_of(arena, block);
	unsigned int node;

	if (!PAGE_ALIGNED(block) || order > arena->order || !IS_ALIGNED(page, 1U << order))
		return -EINVAL;
	node = node_of(arena, page, order);
	if (!test_bit(node, arena->live))
		return bad_free_errno(arena, node);
	__clear_bit(node, arena->live);
	__clear_bit(page, arena->head);
	node_release(lists, arena, node);
	mark_head_after(arena, page + (1U << order));
	return 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_arena_free_block);

/* Order of the largest naturally aligned block that a range begins with. */
static unsigned int first_order(const struct buddy_arena *arena, unsigned int page,
				unsigned int nr_pages)
{
	unsigned int aligned = page ? __ffs(page) : arena->order;

	return min_t(unsigned int, aligned, ilog2(nr_pages));
}

/*
 * Check a range before any of it is changed. split_live_block() keeps what a free leaves of a
 * block as the largest naturally aligned nodes. So each naturally aligned part of a block that is
 * wholly live is a live node, or lies in one.
 */
static int check_range(const struct buddy_arena *arena, unsigned int first, unsigned int nr_pages)
{
	unsigned int page, order, node;

	for (page = first; page < first + nr_pages; page += 1U << order) {
		order = first_order(arena, page, first + nr_pages - page);
		node = node_of(arena, page, order);
		if (!live_above(arena, node))
			return bad_free_errno(arena, node);
		if (page != first && test_bit(page, arena->head))
			return -EINVAL;
	}
	return 0;
}

/* Split the live node that @node lies in, and take @node out of the live map. */
static void split_live_block(struct buddy_arena *arena, unsigned int node)
{
	unsigned int up = live_above(arena, node);

	__clear_bit(up, arena->live);
	for (; node != up; node >>= 1)
		__set_bit(node ^ 1, arena->live);
}

/* Return: 0, -EINVAL or -EALREADY as buddy_pool_free_range() says. */
int buddy_arena_free_range(struct buddy_lists *lists, struct buddy_arena *arena,
			   const void *first, unsigned long nr_pages)
{
	unsigned int page = page_of(arena, first), end, order, node;
	int err;

	if (!PAGE_ALIGNED(first) || !nr_pages || nr_pages > (1UL << arena->order) - page)
		return -EINVAL;
	err = check_range(arena, page, nr_pages);
	if (err)
		return err;
	__clear_bit(page, arena->head);
	for (end = page + nr_pages; page < end; page += 1U << order) {
		order = first_order(arena, page, end - page);
		node = node_of(arena, page, order);
		split_live_block(arena, node);
		node_release(lists, arena, node);
	}
	mark_head_after(arena, end);
	return 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_arena_free_range);

/* Max pages that buddy_lists_recover() frees in one hold of the lock, some 100 steps each. */
#define RECOVER_MAX	32

/*
 * Take a page out of its block, and of use: something else still refers to it.
 *
 * Return: 0, -EINVAL or -EALREADY as buddy_pool_free_range() says.
 */
int buddy_arena_abandon_page(struct buddy_lists *lists, struct buddy_arena *arena, const void *addr)
{
	unsigned int page = page_of(arena, addr);
	int err = check_range(arena, page, 1);

	if (err)
		return err;
	__clear_bit(page, arena->head);
	split_live_block(arena, node_of(arena, page, 0));
	mark_head_after(arena, page + 1);
	__set_bit(page, arena->abandoned);
	if (!arena->nr_abandoned++) {
		list_add_tail(&arena->abandoned_link, &lists->abandoned);
		lists->nr_abandoned++;
	}
	lists->abandoned_pages++;
	if (arena->nr_returned)
		check_drained(lists, arena);
	return 0;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_arena_abandon_page);

static void drop_abandoned(struct buddy_lists *lists, struct buddy_arena *arena)
{
	list_del_init(&arena->abandoned_link);
	lists->nr_abandoned--;
}

/*
 * Free abandoned pages of an arena to which only the pool refers. Only a holder can pass a
 * reference on, so none of these is read any more. Return: false if there may be more.
 */
static bool arena_recover(struct buddy_lists *lists, struct buddy_arena *arena)
{
	unsigned int page, budget = RECOVER_MAX;

	for_each_set_bit(page, arena->abandoned, 1U << arena->order) {
		if (page_ref_count(virt_to_page(arena->base) + page) != 1)
			continue;
		if (!budget--)
			return false;
		/* Pairs with the drops of the references: the reads come before the reuse. */
		smp_acquire__after_ctrl_dep();
		__clear_bit(page, arena->abandoned);
		lists->abandoned_pages--;
		if (!--arena->nr_abandoned)
			drop_abandoned(lists, arena);
		node_release(lists, arena, node_of(arena, page, 0));
	}
	return true;
}

/**
 * buddy_lists_recover() - look at the abandoned pages of one arena
 * @lists: the arenas; the first in @lists->abandoned is looked at, and becomes the last
 * @again: set if there may be more to free of that arena, which is the first still
 *
 * Frees those that are not referred to any more.
 *
 * Context: Under the pool's lock.
 * Return: the arena, if no page of it is live and some are abandoned still; or NULL.
 */
struct buddy_arena *buddy_lists_recover(struct buddy_lists *lists, bool *again)
{
	struct buddy_arena *arena;

	*again = false;
	arena = list_first_entry_or_null(&lists->abandoned, struct buddy_arena, abandoned_link);
	if (!arena)
		return NULL;
	*again = !arena_recover(lists, arena);
	if (*again || !arena->nr_abandoned)
		return NULL;
	list_move_tail(&arena->abandoned_link, &lists->abandoned);
	return no_page_live(arena) ? arena : NULL;
}

void buddy_lists_init(struct buddy_lists *lists)
{
	unsigned int order;

	for (order = 0; order < BUDDY_NR_ORDERS; order++) {
		INIT_LIST_HEAD(&lists->avail[order]);
		INIT_LIST_HEAD(&lists->empty[order]);
	}
	INIT_LIST_HEAD(&lists->used);
	INIT_LIST_HEAD(&lists->abandoned);
	INIT_LIST_HEAD(&lists->drained);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_lists_init);

/* Add a new arena, all of it free. */
void buddy_lists_add(struct buddy_lists *lists, struct buddy_arena *arena)
{
	node_release(lists, arena, 1);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_lists_add);

/* Remove an arena that is empty, or whose live blocks and abandoned pages are lost to the pool. */
void buddy_lists_remove(struct buddy_lists *lists, struct buddy_arena *arena)
{
	unsigned int node;

	for_each_set_bit(node, arena->free, 2U << arena->order) {
		node_clear_free(lists, arena, node);
		lists->free_pages -= 1UL << node_order(arena, node);
		lower_low_pages(lists, 1UL << node_order(arena, node));
	}
	lists->abandoned_pages -= arena->nr_abandoned;
	lists->returned_pages -= arena->nr_returned;
	if (arena->nr_abandoned)
		drop_abandoned(lists, arena);
	list_del_init(&arena->drained_link);
	list_del_init(&arena->link);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_lists_remove);
