// SPDX-License-Identifier: GPL-2.0
/*
 * Do the checks find what they are for? Each sum, mark and link that dualtree_check() and
 * buddy_pool_check() look at is set to a wrong value and back: the check fails, and holds again.
 */
#include "../../buddy/arena.h"
#include "../../buddy/check.h"
#include "../../buddy/pool.h"
#include "../../dualtree/cache.h"
#include "../../dualtree/check.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* With @what set to @value the check that @holds calls must fail. */
#define WRONG(what, value, holds)					\
do {									\
	typeof(what) *_at = &(what), _was = *_at;			\
									\
	*_at = (value);							\
	if (holds)							\
		host_fail("%s is %s, and the check holds", #what, #value);	\
	*_at = _was;							\
} while (0)

/* Blocks of a pool: one of each of these orders. */
static const unsigned int orders[] = { 0, 1, 0, 2 };

static void arena_maps(struct buddy_pool *pool, struct buddy_arena *arena)
{
	unsigned int node, page;

	for (node = 1; node < 2U << arena->order; node++) {
		__change_bit(node, arena->free);
		host_assert(!buddy_pool_check(pool));
		__change_bit(node, arena->free);
		__change_bit(node, arena->live);
		host_assert(!buddy_pool_check(pool));
		__change_bit(node, arena->live);
	}
	for (page = 0; page < 1U << arena->order; page++) {
		__change_bit(page, arena->abandoned);
		host_assert(!buddy_pool_check(pool));
		__change_bit(page, arena->abandoned);
		__change_bit(page, arena->returned);
		host_assert(!buddy_pool_check(pool));
		__change_bit(page, arena->returned);
		if (test_bit(page, arena->head))
			continue;
		__set_bit(page, arena->head);
		host_assert(!buddy_pool_check(pool));
		__clear_bit(page, arena->head);
	}
	WRONG(arena->nr_abandoned, 1, buddy_pool_check(pool));
	WRONG(arena->nr_returned, arena->nr_returned + 1, buddy_pool_check(pool));
	WRONG(arena->nr_free[0], arena->nr_free[0] + 1, buddy_pool_check(pool));
	WRONG(arena->head[0], 0, buddy_pool_check(pool));
}

static void pool_sums(struct buddy_pool *pool, struct buddy_arena *arena)
{
	struct buddy_lists *lists = &pool->lists;

	WRONG(lists->free_pages, lists->free_pages + 1, buddy_pool_check(pool));
	WRONG(lists->empty_pages, lists->empty_pages + 1, buddy_pool_check(pool));
	WRONG(lists->nr_abandoned, 1, buddy_pool_check(pool));
	WRONG(lists->abandoned_pages, 1, buddy_pool_check(pool));
	WRONG(lists->returned_pages, lists->returned_pages + 1, buddy_pool_check(pool));
	WRONG(lists->low_pages, lists->free_pages + 1, buddy_pool_check(pool));
	WRONG(lists->nr_free[0], lists->nr_free[0] + 1, buddy_pool_check(pool));
	WRONG(lists->nr_empty[4], lists->nr_empty[4] + 1, buddy_pool_check(pool));
	WRONG(lists->orders, lists->orders ^ 1, buddy_pool_check(pool));
	WRONG(lists->orders, lists->orders ^ BIT(9), buddy_pool_check(pool));
	/* In the list of empty arenas, of its order or another. */
	list_move(&arena->link, &lists->empty[4]);
	host_assert(!buddy_pool_check(pool));
	list_move(&arena->link, &lists->empty[3]);
	host_assert(!buddy_pool_check(pool));
	list_move(&arena->link, &lists->used);
	host_assert(buddy_pool_check(pool));
}

static void check_pools(void)
{
	struct buddy_pool_params params = { .nid = 0, .arena_order = 4 };
	struct buddy_pool *pool = buddy_pool_create("checked", &params);
	struct buddy_arena *arena;
	void *blocks[ARRAY_SIZE(orders)];
	unsigned int i;

	host_assert(!IS_ERR(pool));
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		blocks[i] = buddy_pool_alloc(pool, orders[i], GFP_KERNEL);
	host_assert(blocks[3] && pool->nr_arenas == 1);
	arena = list_first_entry(&pool->lists.used, struct buddy_arena, link);
	arena_maps(pool, arena);
	pool_sums(pool, arena);
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		host_assert(!buddy_pool_free(pool, blocks[i], orders[i]));
	arena = list_first_entry(&pool->lists.empty[4], struct buddy_arena, link);
	list_move(&arena->link, &pool->lists.used);
	host_assert(!buddy_pool_check(pool));
	list_move(&arena->link, &pool->lists.empty[4]);
	buddy_pool_destroy(pool);
}

static void heap_sums(struct dualtree *dt, struct dt_heap *heap)
{
	struct dt_region *region = heap->lowest;

	WRONG(heap->nr_free, heap->nr_free + 1, dualtree_check(dt));
	WRONG(heap->nr_extents, heap->nr_extents + 1, dualtree_check(dt));
	WRONG(heap->nr_regions, heap->nr_regions + 1, dualtree_check(dt));
	WRONG(heap->held_bytes, heap->held_bytes + 1, dualtree_check(dt));
	WRONG(heap->lowest, NULL, dualtree_check(dt));
	WRONG(heap->largest, heap->largest + 1, dualtree_check(dt));
	WRONG(heap->spare, region, dualtree_check(dt));
	/* Nothing is known; and that no region has any room, which is wrong. */
	heap->low_end = NULL;
	heap->low_largest = 0;
	WRONG(heap->low_end, (void *)ULONG_MAX, dualtree_check(dt));
	WRONG(heap->quick->lists[3].depth, 2, dualtree_check(dt));
	WRONG(heap->quick->lists[3].depth, 4, dualtree_check(dt));
	WRONG(heap->quick->lists[3].max, 2, dualtree_check(dt));
	WRONG(heap->quick->lists[3].first, (void *)region, dualtree_check(dt));
	WRONG(heap->counts.live_bytes.counter, 0, dualtree_check(dt));
	WRONG(heap->counts.in_flight.counter, 1, dualtree_check(dt));
	WRONG(region->heap, &dt->shared, dualtree_check(dt));
	WRONG(region->nr_inuse, region->nr_inuse + 1, dualtree_check(dt));
	WRONG(region->subtree_largest, 0, dualtree_check(dt));
}

/* Ranges that are hot or cold, and are not the owner's, or not of the heap; deferred runs. */
static void heap_ranges(struct dualtree *dt, struct dt_heap *heap)
{
	struct dt_region *region = heap->lowest;

	host_assert(heap->hot.nr == 4 && !heap->cold.nr);
	WRONG(heap->hot.first, heap->hot.first - 1, dualtree_check(dt));
	WRONG(heap->hot.nr, heap->hot.nr + 1, dualtree_check(dt));
	heap->cold = (struct dt_cold_range){ .region = region, .first = heap->hot.first };
	WRONG(heap->cold.nr, 5, dualtree_check(dt));
	heap->cold = (struct dt_cold_range){ };
	WRONG(heap->nr_deferred, 1, dualtree_check(dt));
	WRONG(region->nr_deferred, 1, dualtree_check(dt));
	WRONG(region->deferred[0], 1, dualtree_check(dt));
}

static void region_marks(struct dualtree *dt, struct dt_region *region)
{
	static const u8 marks[] = {
		LEDGER_FREE, LEDGER_FREE + 7, LEDGER_LARGE, LEDGER_FIRST, LEDGER_FIRST_LARGE,
		LEDGER_CACHED_ONE, LEDGER_CACHED_FIRST, LEDGER_CACHED_LAST, LEDGER_DEAD, 0xff, 0,
		DT_GRANULE - 1,
	};
	unsigned int at, i;

	/* Those up to the large extent at the end, which is looked at granule by granule. */
	for (at = 0; at < 44 && at < region->nr; at++)
		for (i = 0; i < ARRAY_SIZE(marks); i++)
			if (region->ledger[at] != marks[i])
				WRONG(region->ledger[at], marks[i], dualtree_check(dt));
	WRONG(region->ledger[region->nr], 0, dualtree_check(dt));
	WRONG(region->guard[0], 0, dualtree_check(dt));
}

static void region_trees(struct dualtree *dt, struct dt_extent_tree *tree)
{
	unsigned int last = extent_next(tree, 0), class = LEDGER_SIZES;
	struct dt_extent *node = extent_node(tree, tree->roots[class]);

	WRONG(tree->nr_free, tree->nr_free + 1, dualtree_check(dt));
	WRONG(tree->nr_extents, tree->nr_extents + 1, dualtree_check(dt));
	WRONG(tree->largest, tree->largest - 1, dualtree_check(dt));
	WRONG(tree->damaged, true, dualtree_check(dt));
	WRONG(tree->roots[class], EXTENT_NONE, dualtree_check(dt));
	WRONG(tree->roots[class], tree->nr, dualtree_check(dt));
	WRONG(tree->roots[0], last, dualtree_check(dt));
	WRONG(tree->classes, tree->classes ^ 1, dualtree_check(dt));
	WRONG(tree->classes, tree->classes ^ BIT(class), dualtree_check(dt));
	WRONG(tree->by_addr[0], tree->by_addr[0] | 1, dualtree_check(dt));
	WRONG(tree->lengths[last / LENGTH_GRANULES], 1, dualtree_check(dt));
	WRONG(node->child[0], tree->roots[class], dualtree_check(dt));
	WRONG(node->child[1], tree->nr, dualtree_check(dt));
}

/* An instance of which blocks are listed, a range is hot, and one extent is left, a large one. */
static void check_instances(void)
{
	struct dualtree_params params = { .min_region_order = 2 };
	struct dualtree *dt = dualtree_create("checked", &params);
	struct dt_heap *heap;

	host_assert(!IS_ERR(dt));
	host_listed_pieces(dt);
	heap = heap_of_cpu(dt, 0);
	host_assert(dualtree_check(dt));
	heap_sums(dt, heap);
	heap_ranges(dt, heap);
	region_marks(dt, heap->lowest);
	region_trees(dt, &heap->lowest->free);
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

void host_check_cases(void)
{
	check_pools();
	check_instances();
}
