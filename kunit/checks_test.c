// SPDX-License-Identifier: GPL-2.0
/*
 * dt_extent_tree_check(), dt_region_check() and dt_heap_check() find a broken structure. Every
 * other suite relies on them.
 *
 * Each case makes the same sound structure, breaks one thing in it, with as little else wrong as
 * possible, and expects that the check fails.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/string.h>
#include <dualtree/buddy_pool.h>
#include "../compat/kasan.h"
#include "../dualtree/check.h"
#include "../dualtree/heap.h"
#include "../dualtree/ledger.h"
#include "fixtures/region_model.h"
#include "fixtures/suite.h"

/**
 * struct sound - a heap and the three regions it has
 * @pool: where they come from
 * @heap: the heap
 * @low: the lowest region, with five extents; @tree is its tree
 * @mid: the region in the middle; one granule of it is live
 * @high: the highest region; all of it is free
 * @tree: of @low
 */
struct sound {
	struct buddy_pool *pool;
	struct dt_heap heap;
	struct dt_region *low;
	struct dt_region *mid;
	struct dt_region *high;
	struct dt_extent_tree *tree;
};

/* A heap is aligned to a cache line, which an object of kunit_kzalloc() need not be. */
static struct sound sound;

/* The node of the extent that ends with a granule of @low. */
static struct dt_extent *node(struct sound *s, unsigned int last)
{
	return extent_node(s->tree, last);
}

/* The root of the tree of its size. */
static u32 *root(struct sound *s, unsigned int nr)
{
	return &s->tree->roots[extent_class(nr)];
}

/* The trees of @low have the extents (8, 3), (12, 9), (30, 5), (40, 5), (56, 7). */

/* Define break_NAME(), which does one thing to the structure that a check has to find. */
#define DEFINE_DAMAGE(name, action)			\
	static void break_##name(struct sound *s)	\
	{						\
		action;					\
	}

DEFINE_DAMAGE(nr_extents, s->tree->nr_extents++)
DEFINE_DAMAGE(nr_free, s->tree->nr_free--)
DEFINE_DAMAGE(largest, s->tree->largest = 7)
DEFINE_DAMAGE(no_largest, s->tree->largest = 0)
DEFINE_DAMAGE(length, s->low->ledger[34] = LEDGER_FREE + 3)
DEFINE_DAMAGE(lengths, s->low->ledger[8] = LEDGER_FIRST_LARGE; s->low->ledger[10] = LEDGER_LARGE)
DEFINE_DAMAGE(past_the_end, s->low->ledger[62] = LEDGER_OWNED; s->low->ledger[63] = LEDGER_FREE + 7)
DEFINE_DAMAGE(mark_inside, s->low->ledger[58] = LEDGER_FREE + 2)
DEFINE_DAMAGE(found_damaged, s->tree->damaged = true)

/* One more extent, of one granule, between (8, 3) and (12, 9): it should be one with them. */
static void break_touching(struct sound *s)
{
	s->low->ledger[11] = LEDGER_FREE;
	memset(node(s, 11), 0xff, sizeof(struct dt_extent));
	*root(s, 1) = 11;
	s->tree->classes |= 1;
	addr_tree_insert(s->tree->by_addr, s->tree->nr, 11);
	s->tree->nr_free++;
	s->tree->nr_extents++;
}

/* Each tree has the extent of the other one's size. */
static void break_size_order(struct sound *s)
{
	swap(s->tree->roots[extent_class(3)], s->tree->roots[extent_class(9)]);
}

/* The child of the one of two equal extents that is the root is where it should not be. */
static void break_order_of_equals(struct sound *s)
{
	struct dt_extent *top = node(s, *root(s, 5));

	swap(top->child[0], top->child[1]);
	swap(top->child[2], top->child[3]);
}

DEFINE_DAMAGE(not_by_size, *root(s, 9) = EXTENT_NONE)
DEFINE_DAMAGE(no_bit, s->tree->classes &= ~(1ULL << extent_class(9)))
DEFINE_DAMAGE(bit_of_none, s->tree->classes |= 1ULL << extent_class(2))
DEFINE_DAMAGE(ring, node(s, 20)->child[0] = 20)
DEFINE_DAMAGE(more_by_size, node(s, 20)->child[1] = 10)
DEFINE_DAMAGE(outside, node(s, 20)->child[1] = s->tree->nr)
DEFINE_DAMAGE(not_by_addr, addr_tree_remove(s->tree->by_addr, 34))
DEFINE_DAMAGE(more_by_addr, addr_tree_insert(s->tree->by_addr, s->tree->nr, 50))

/* A granule dies elsewhere, so that the numbers of dead ones still agree. */
DEFINE_DAMAGE(live_in_extent, s->low->ledger[44] = 1; s->low->ledger[0] = LEDGER_DEAD)
DEFINE_DAMAGE(live_in_first, s->low->ledger[8] = DT_GRANULE; s->low->ledger[0] = LEDGER_DEAD)
DEFINE_DAMAGE(live_in_last, s->low->ledger[62] = DT_GRANULE; s->low->ledger[0] = LEDGER_DEAD)
DEFINE_DAMAGE(count_too_large, s->low->ledger[0] = DT_GRANULE + 1)
DEFINE_DAMAGE(mark_of_first, s->low->ledger[30] = LEDGER_OWNED)
DEFINE_DAMAGE(mark_of_last, s->low->ledger[34] = LEDGER_OWNED)
DEFINE_DAMAGE(kind_of_mark, s->low->ledger[8] = LEDGER_CACHED_ONE)
DEFINE_DAMAGE(nr_inuse, s->low->nr_inuse++)

/* One granule less is out than there is: it would have to be in a quick list. */
DEFINE_DAMAGE(nr_inuse_low, s->low->nr_inuse--; s->low->ledger[0] = LEDGER_DEAD)
DEFINE_DAMAGE(guard_before, s->low->guard[2 * REGION_GUARD - 1] = 0)
DEFINE_DAMAGE(guard_after, s->low->ledger[s->low->nr] = 0)
DEFINE_DAMAGE(heap_free, s->heap.nr_free++)
DEFINE_DAMAGE(heap_extents, s->heap.nr_extents--)
DEFINE_DAMAGE(heap_regions, s->heap.nr_regions++)
DEFINE_DAMAGE(heap_held, s->heap.held_bytes -= PAGE_SIZE)
DEFINE_DAMAGE(heap_largest, s->heap.largest--)
DEFINE_DAMAGE(packed, s->heap.low_end = (void *)ULONG_MAX; s->heap.low_largest = 1)
DEFINE_DAMAGE(subtree_low, s->low->subtree_largest = s->low->free.largest - 1)
DEFINE_DAMAGE(subtree_high, s->high->subtree_largest--)

DEFINE_DAMAGE(owner, s->mid->heap = NULL)
DEFINE_DAMAGE(no_spare, s->heap.spare = NULL)
DEFINE_DAMAGE(full_spare, s->heap.spare = s->mid)

/* The spare has been retired, and still is the spare. */
DEFINE_DAMAGE(old_spare, dt_heap_retire_spare(&s->heap); s->heap.spare = s->high)

/* Exchange the places that two nodes of one tree have. */
static void exchange(struct rb_node *a, struct rb_node *b, struct rb_root *root)
{
	struct rb_node spare;

	rb_replace_node(a, &spare, root);
	rb_replace_node(b, a, root);
	rb_replace_node(&spare, b, root);
}

static void break_region_order(struct sound *s)
{
	exchange(&s->low->node, &s->mid->node, &s->heap.regions);
	s->low->subtree_largest = s->high->nr;
	s->mid->subtree_largest = s->mid->free.largest;
}

/**
 * struct damage - one thing that a check has to find
 * @name: what
 * @inflict: does it
 */
struct damage {
	const char *name;
	void (*inflict)(struct sound *s);
};

static const struct damage tree_damages[] = {
	{ "number of extents", break_nr_extents },
	{ "sum of free granules", break_nr_free },
	{ "another is the largest", break_largest },
	{ "none is the largest", break_no_largest },
	{ "length", break_length },
	{ "length of a large one", break_lengths },
	{ "two that touch", break_touching },
	{ "past the end of the extent", break_past_the_end },
	{ "a mark inside", break_mark_inside },
	{ "damage that was not repaired", break_found_damaged },
	{ "trees of two sizes", break_size_order },
	{ "order of equals", break_order_of_equals },
	{ "missing by size", break_not_by_size },
	{ "a tree without its bit", break_no_bit },
	{ "a bit without its tree", break_bit_of_none },
	{ "a ring", break_ring },
	{ "in two trees by size", break_more_by_size },
	{ "a link out of the region", break_outside },
	{ "missing by address", break_not_by_addr },
	{ "nothing where the address says", break_more_by_addr },
};

static const struct damage region_damages[] = {
	{ "a live byte in an extent", break_live_in_extent },
	{ "a live granule at the start of an extent", break_live_in_first },
	{ "a live granule at the end of an extent", break_live_in_last },
	{ "a count that is too large", break_count_too_large },
	{ "the mark of an extent's first granule", break_mark_of_first },
	{ "the mark of an extent's last granule", break_mark_of_last },
	{ "the mark of something else", break_kind_of_mark },
	{ "more out than there is", break_nr_inuse },
	{ "less out than there is", break_nr_inuse_low },
	{ "the guard before", break_guard_before },
	{ "the guard after", break_guard_after },
	{ "a tree", break_size_order },
};

static const struct damage heap_damages[] = {
	{ "free granules", break_heap_free },
	{ "number of extents", break_heap_extents },
	{ "number of regions", break_heap_regions },
	{ "bytes held", break_heap_held },
	{ "the largest", break_heap_largest },
	{ "where regions have no room", break_packed },
	{ "subtree of the lowest", break_subtree_low },
	{ "subtree of the highest", break_subtree_high },
	{ "the owner of a region", break_owner },
	{ "an empty region that is no spare", break_no_spare },
	{ "a spare that is not empty", break_full_spare },
	{ "a spare that is gone", break_old_spare },
	{ "order of the regions", break_region_order },
	{ "a region's tree", break_size_order },
	{ "a region's ledger", break_live_in_extent },
};

DUALTREE_NAMED_PARAM(tree_damage, tree_damages);
DUALTREE_NAMED_PARAM(region_damage, region_damages);
DUALTREE_NAMED_PARAM(heap_damage, heap_damages);

static bool tree_check(struct sound *s)
{
	return dt_extent_tree_check(s->tree);
}

static bool low_check(struct sound *s)
{
	struct dt_region_tally tally = { 0 };

	return dt_region_check(s->low, &tally);
}

static bool whole_check(struct sound *s)
{
	struct dt_region_tally tally = { 0 };

	return dt_heap_check(&s->heap, &tally);
}

static void check_finds(struct kunit *test, bool (*check)(struct sound *s))
{
	const struct damage *damage = test->param_value;

	KUNIT_ASSERT_TRUE(test, check(&sound));
	damage->inflict(&sound);
	KUNIT_EXPECT_FALSE(test, check(&sound));
}

static void extent_tree_check_finds(struct kunit *test)
{
	check_finds(test, tree_check);
}

static void region_check_finds(struct kunit *test)
{
	check_finds(test, low_check);
}

static void heap_check_finds(struct kunit *test)
{
	check_finds(test, whole_check);
}

/* What the ledgers say is added up: what is live, and what is free but in no tree. */
static void checks_tally(struct kunit *test)
{
	struct dt_region_tally tally = { .live_bytes = 1000, .in_flight = 50 };
	unsigned int live = sound.low->nr - 29;

	KUNIT_EXPECT_TRUE(test, dt_region_check(sound.low, &tally));
	KUNIT_EXPECT_EQ(test, tally.live_bytes, 1000 + live * DT_GRANULE);
	KUNIT_EXPECT_EQ(test, tally.in_flight, 50);

	sound.low->ledger[0] = LEDGER_DEAD;
	sound.low->ledger[5] = 7;
	sound.low->ledger[6] = LEDGER_DEAD;
	tally = (struct dt_region_tally){ 0 };
	KUNIT_EXPECT_TRUE(test, dt_heap_check(&sound.heap, &tally));
	KUNIT_EXPECT_EQ(test, tally.live_bytes, (live - 3) * DT_GRANULE + 7 + 1);
	KUNIT_EXPECT_EQ(test, tally.in_flight, 2);

	/* No count and no mark. */
	sound.low->ledger[6] = 0;
	KUNIT_EXPECT_FALSE(test, dt_region_check(sound.low, &tally));
}

static void empty_heap_is_sound(struct kunit *test)
{
	struct dt_region_tally tally = { 0 };
	struct dt_heap *heap = &sound.heap;

	dt_heap_init(heap);
	KUNIT_EXPECT_TRUE(test, dt_heap_check(heap, &tally));
	KUNIT_EXPECT_EQ(test, tally.live_bytes, 0);
	KUNIT_EXPECT_EQ(test, tally.in_flight, 0);
	heap->spare = sound.low;
	KUNIT_EXPECT_FALSE(test, dt_heap_check(heap, &tally));
}

static int take_regions(struct sound *s)
{
	struct dt_region **regions[] = { &s->low, &s->mid, &s->high };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		*regions[i] = dt_region_create(&dt_bare_instance, s->pool, ORDER_OF_64, GFP_KERNEL);
		if (!*regions[i])
			return -ENOMEM;
	}
	for (i = 0; i < ARRAY_SIZE(regions); i++)
		for (j = i + 1; j < ARRAY_SIZE(regions); j++)
			if ((*regions[i])->base > (*regions[j])->base)
				swap(*regions[i], *regions[j]);
	return 0;
}

static void make_sound(struct sound *s)
{
	static const struct { unsigned int first, nr; } free[] = {
		{ 8, 3 }, { 12, 9 }, { 30, 5 }, { 40, 5 }, { 56, 7 }
	};
	unsigned int i;

	dt_heap_init(&s->heap);
	dt_heap_add_region(&s->heap, s->low);
	dt_heap_alloc(&s->heap, s->low->bytes);
	for (i = 0; i < ARRAY_SIZE(free); i++) {
		memset(s->low->ledger + free[i].first, LEDGER_OWNED, free[i].nr);
		dt_heap_free(&s->heap, s->low, free[i].first, free[i].nr);
	}
	dt_heap_add_region(&s->heap, s->mid);
	dt_heap_alloc(&s->heap, s->mid->bytes);
	memset(s->mid->ledger, LEDGER_OWNED, s->mid->nr - 1);
	s->mid->ledger[s->mid->nr - 1] = 1;
	dt_heap_free(&s->heap, s->mid, 0, s->mid->nr - 1);
	dt_heap_add_region(&s->heap, s->high);
	s->tree = &s->low->free;
}

static int checks_init(struct kunit *test)
{
	sound = (struct sound){ 0 };
	sound.pool = buddy_pool_create("checks", NULL);
	if (IS_ERR(sound.pool))
		return PTR_ERR(sound.pool);
	if (take_regions(&sound))
		return -ENOMEM;
	make_sound(&sound);
	/* A broken structure leads a check to bytes that are poisoned. */
	dt_unpoison(sound.low->base, sound.low->bytes);
	dt_unpoison(sound.mid->base, sound.mid->bytes);
	dt_unpoison(sound.high->base, sound.high->bytes);
	return 0;
}

/* The heap is broken: it is left as it lies. */
static void checks_exit(struct kunit *test)
{
	struct dt_region *regions[] = { sound.low, sound.mid, sound.high };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regions); i++)
		if (regions[i])
			dt_region_destroy(regions[i]);
	if (!IS_ERR(sound.pool))
		buddy_pool_destroy(sound.pool);
}

static struct kunit_case checks_cases[] = {
	KUNIT_CASE_PARAM(extent_tree_check_finds, tree_damage_gen_params),
	KUNIT_CASE_PARAM(region_check_finds, region_damage_gen_params),
	KUNIT_CASE_PARAM(heap_check_finds, heap_damage_gen_params),
	KUNIT_CASE(checks_tally),
	KUNIT_CASE(empty_heap_is_sound),
	{}
};

DUALTREE_SUITE(checks, "the checks that the tests rely on",
	       .init = checks_init, .exit = checks_exit);
