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
 * @base: of @low, as the check is told
 * @nr: granules of @low, as the check is told
 */
struct sound {
	struct buddy_pool *pool;
	struct dt_heap heap;
	struct dt_region *low;
	struct dt_region *mid;
	struct dt_region *high;
	struct dt_extent_tree *tree;
	void *base;
	unsigned int nr;
};

/* A heap is aligned to a cache line, which an object of kunit_kzalloc() need not be. */
static struct sound sound;

static struct dt_extent *extent_at(struct sound *s, unsigned int i)
{
	return region_addr(s->low, i);
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
DEFINE_DAMAGE(largest, s->tree->largest = extent_at(s, 56))
DEFINE_DAMAGE(no_largest, s->tree->largest = NULL)
DEFINE_DAMAGE(length, extent_at(s, 30)->nr--)
DEFINE_DAMAGE(zero_length, extent_at(s, 8)->nr = 0; s->tree->nr_free -= 3)
DEFINE_DAMAGE(touching, extent_at(s, 8)->nr = 4; s->tree->nr_free += 1)
DEFINE_DAMAGE(overlap, extent_at(s, 12)->nr = 19; s->tree->nr_free += 10)
DEFINE_DAMAGE(past_the_end, s->nr = 62)
DEFINE_DAMAGE(before_the_start, s->base = extent_at(s, 9); s->nr -= 9)
DEFINE_DAMAGE(size_order, swap(extent_at(s, 40)->nr, extent_at(s, 56)->nr))

/* Exchange the places that two nodes of one tree have. */
static void exchange(struct rb_node *a, struct rb_node *b, struct rb_root *root)
{
	struct rb_node spare;

	rb_replace_node(a, &spare, root);
	rb_replace_node(b, a, root);
	rb_replace_node(&spare, b, root);
}

DEFINE_DAMAGE(order_of_equals,
	      exchange(&extent_at(s, 30)->by_size, &extent_at(s, 40)->by_size, &s->tree->by_size))
DEFINE_DAMAGE(address_order,
	      exchange(&extent_at(s, 30)->by_addr, &extent_at(s, 40)->by_addr, &s->tree->by_addr))
DEFINE_DAMAGE(not_by_size, rb_erase(&extent_at(s, 30)->by_size, &s->tree->by_size))
DEFINE_DAMAGE(not_by_addr, rb_erase(&extent_at(s, 30)->by_addr, &s->tree->by_addr))

/* Each tree lacks another one of two equal extents: number and sum are the same. */
static void break_different_nodes(struct sound *s)
{
	rb_erase(&extent_at(s, 30)->by_size, &s->tree->by_size);
	rb_erase(&extent_at(s, 40)->by_addr, &s->tree->by_addr);
	s->tree->nr_extents -= 1;
	s->tree->nr_free -= 5;
}

DEFINE_DAMAGE(tag, *extent_tag(extent_end(extent_at(s, 12))) = extent_at(s, 30))
DEFINE_DAMAGE(tag_of_one, *extent_tag(extent_end(extent_at(s, 56))) = NULL)

/* A granule dies elsewhere, so that the numbers of dead ones still agree. */
DEFINE_DAMAGE(live_in_extent, s->low->ledger[44] = 1; s->low->ledger[0] = 0)
DEFINE_DAMAGE(live_in_first, s->low->ledger[8] = DT_GRANULE; s->low->ledger[0] = 0)
DEFINE_DAMAGE(live_in_last, s->low->ledger[62] = DT_GRANULE; s->low->ledger[0] = 0)
DEFINE_DAMAGE(count_too_large, s->low->ledger[0] = DT_GRANULE + 1)
DEFINE_DAMAGE(mark_of_first, s->low->ledger[30] = 0)
DEFINE_DAMAGE(mark_of_last, s->low->ledger[34] = 0)
DEFINE_DAMAGE(kind_of_mark, s->low->ledger[8] = LEDGER_CACHED)
DEFINE_DAMAGE(nr_inuse, s->low->nr_inuse++)

/* One granule less is out than there is: it would have to be in a quick list. */
DEFINE_DAMAGE(nr_inuse_low, s->low->nr_inuse--; s->low->ledger[0] = 0)
DEFINE_DAMAGE(guard_before, s->low->guard[REGION_GUARD - 1] = 0)
DEFINE_DAMAGE(guard_after, s->low->ledger[s->low->nr] = 0)
DEFINE_DAMAGE(heap_free, s->heap.nr_free++)
DEFINE_DAMAGE(heap_extents, s->heap.nr_extents--)
DEFINE_DAMAGE(heap_regions, s->heap.nr_regions++)
DEFINE_DAMAGE(heap_held, s->heap.held_bytes -= PAGE_SIZE)
DEFINE_DAMAGE(heap_largest, s->heap.largest--)
DEFINE_DAMAGE(subtree_low, s->low->subtree_largest++)
DEFINE_DAMAGE(subtree_high, s->high->subtree_largest--)

/* All nodes up to the root agree on something that is not so. */
static void break_all_subtrees(struct sound *s)
{
	s->low->subtree_largest += 100;
	s->mid->subtree_largest += 100;
	s->high->subtree_largest += 100;
	s->heap.largest += 100;
}

DEFINE_DAMAGE(owner, s->mid->heap = NULL)
DEFINE_DAMAGE(no_spare, s->heap.spare = NULL)
DEFINE_DAMAGE(full_spare, s->heap.spare = s->mid)

/* The spare has been retired, and still is the spare. */
DEFINE_DAMAGE(old_spare, dt_heap_retire_spare(&s->heap); s->heap.spare = s->high)

static void break_region_order(struct sound *s)
{
	exchange(&s->low->node, &s->mid->node, &s->heap.regions);
	s->low->subtree_largest = s->high->nr;
	s->mid->subtree_largest = s->mid->free.largest->nr;
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
	{ "length 0", break_zero_length },
	{ "two that touch", break_touching },
	{ "two that overlap", break_overlap },
	{ "past the end of the region", break_past_the_end },
	{ "before its start", break_before_the_start },
	{ "order by size", break_size_order },
	{ "order of equals", break_order_of_equals },
	{ "order by address", break_address_order },
	{ "missing by size", break_not_by_size },
	{ "missing by address", break_not_by_addr },
	{ "not the same in both", break_different_nodes },
	{ "a tag that leads elsewhere", break_tag },
	{ "a tag that leads nowhere", break_tag_of_one },
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
	{ "subtree of the lowest", break_subtree_low },
	{ "subtree of the highest", break_subtree_high },
	{ "all subtrees", break_all_subtrees },
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
	return dt_extent_tree_check(s->tree, s->base, s->nr);
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

	sound.low->ledger[0] = 0;
	sound.low->ledger[5] = 7;
	sound.low->ledger[6] = 0;
	tally = (struct dt_region_tally){ 0 };
	KUNIT_EXPECT_TRUE(test, dt_heap_check(&sound.heap, &tally));
	KUNIT_EXPECT_EQ(test, tally.live_bytes, (live - 3) * DT_GRANULE + 7 + 1);
	KUNIT_EXPECT_EQ(test, tally.in_flight, 2);
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
		*regions[i] = dt_region_create((struct dualtree *)s, s->pool, ORDER_OF_64,
					       GFP_KERNEL);
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
		memset(s->low->ledger + free[i].first, 0, free[i].nr);
		dt_heap_free(&s->heap, s->low, free[i].first, free[i].nr);
	}
	dt_heap_add_region(&s->heap, s->mid);
	dt_heap_alloc(&s->heap, s->mid->bytes);
	memset(s->mid->ledger, 0, s->mid->nr - 1);
	s->mid->ledger[s->mid->nr - 1] = 1;
	dt_heap_free(&s->heap, s->mid, 0, s->mid->nr - 1);
	dt_heap_add_region(&s->heap, s->high);
	s->tree = &s->low->free;
	s->base = s->low->base;
	s->nr = s->low->nr;
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
