// SPDX-License-Identifier: GPL-2.0
/*
 * dt_extent_tree_check(), dt_region_check() and dt_heap_check(): that they know a broken structure
 * from a sound one. Every other suite relies on them.
 *
 * Each case makes the same sound structure, breaks one thing in it, taking care that as
 * little else as possible is wrong, and asks.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/string.h>
#include <kunit/test.h>
#include <dualtree/buddy_pool.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "../dualtree/check.h"
#include "../dualtree/heap.h"
#include "../dualtree/ledger.h"
#include "granules.h"

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

/* A heap has to be aligned to a cache line, which what kunit_kzalloc() returns need not be. */
static struct sound sound;

static struct dt_extent *extent_at(struct sound *s, unsigned int i)
{
	return region_addr(s->low, i);
}

/* The trees of @low have the extents (8, 3), (12, 9), (30, 5), (40, 5), (56, 7). */
static void break_nr_extents(struct sound *s)
{
	s->tree->nr_extents++;
}

static void break_nr_free(struct sound *s)
{
	s->tree->nr_free--;
}

static void break_largest(struct sound *s)
{
	s->tree->largest = extent_at(s, 56);
}

static void break_no_largest(struct sound *s)
{
	s->tree->largest = NULL;
}

static void break_length(struct sound *s)
{
	extent_at(s, 30)->nr--;
}

static void break_zero_length(struct sound *s)
{
	extent_at(s, 8)->nr = 0;
	s->tree->nr_free -= 3;
}

static void break_touching(struct sound *s)
{
	extent_at(s, 8)->nr = 4;
	s->tree->nr_free += 1;
}

static void break_overlap(struct sound *s)
{
	extent_at(s, 12)->nr = 19;
	s->tree->nr_free += 10;
}

static void break_past_the_end(struct sound *s)
{
	s->nr = 62;
}

static void break_before_the_start(struct sound *s)
{
	s->base = extent_at(s, 9);
	s->nr -= 9;
}

static void break_size_order(struct sound *s)
{
	swap(extent_at(s, 40)->nr, extent_at(s, 56)->nr);
}

/* Exchange the places that two nodes of one tree have. */
static void exchange(struct rb_node *a, struct rb_node *b, struct rb_root *root)
{
	struct rb_node spare;

	rb_replace_node(a, &spare, root);
	rb_replace_node(b, a, root);
	rb_replace_node(&spare, b, root);
}

static void break_order_of_equals(struct sound *s)
{
	exchange(&extent_at(s, 30)->by_size, &extent_at(s, 40)->by_size, &s->tree->by_size);
}

static void break_address_order(struct sound *s)
{
	exchange(&extent_at(s, 30)->by_addr, &extent_at(s, 40)->by_addr, &s->tree->by_addr);
}

static void break_not_by_size(struct sound *s)
{
	rb_erase(&extent_at(s, 30)->by_size, &s->tree->by_size);
}

static void break_not_by_addr(struct sound *s)
{
	rb_erase(&extent_at(s, 30)->by_addr, &s->tree->by_addr);
}

/* Each tree lacks another one of two equal extents: number and sum are the same. */
static void break_different_nodes(struct sound *s)
{
	rb_erase(&extent_at(s, 30)->by_size, &s->tree->by_size);
	rb_erase(&extent_at(s, 40)->by_addr, &s->tree->by_addr);
	s->tree->nr_extents -= 1;
	s->tree->nr_free -= 5;
}

static void break_tag(struct sound *s)
{
	*extent_tag(extent_end(extent_at(s, 12))) = extent_at(s, 30);
}

static void break_tag_of_one(struct sound *s)
{
	*extent_tag(extent_end(extent_at(s, 56))) = NULL;
}

/* A granule dies elsewhere, so that the numbers of dead ones still agree. */
static void break_live_in_extent(struct sound *s)
{
	s->low->ledger[44] = 1;
	s->low->ledger[0] = 0;
}

static void break_live_in_first(struct sound *s)
{
	s->low->ledger[8] = DT_GRANULE;
	s->low->ledger[0] = 0;
}

static void break_live_in_last(struct sound *s)
{
	s->low->ledger[62] = DT_GRANULE;
	s->low->ledger[0] = 0;
}

static void break_count_too_large(struct sound *s)
{
	s->low->ledger[0] = DT_GRANULE + 1;
}

static void break_mark_of_first(struct sound *s)
{
	s->low->ledger[30] = 0;
}

static void break_mark_of_last(struct sound *s)
{
	s->low->ledger[34] = 0;
}

static void break_kind_of_mark(struct sound *s)
{
	s->low->ledger[8] = LEDGER_CACHED;
}

static void break_nr_out(struct sound *s)
{
	s->low->nr_inuse++;
}

/* One granule less is out than there is: it would have to be in a quick list. */
static void break_nr_out_low(struct sound *s)
{
	s->low->nr_inuse--;
	s->low->ledger[0] = 0;
}

static void break_guard_in_front(struct sound *s)
{
	s->low->guard[REGION_GUARD - 1] = 0;
}

static void break_guard_behind(struct sound *s)
{
	s->low->ledger[s->low->nr] = 0;
}

static void break_heap_free(struct sound *s)
{
	s->heap.nr_free++;
}

static void break_heap_extents(struct sound *s)
{
	s->heap.nr_extents--;
}

static void break_heap_regions(struct sound *s)
{
	s->heap.nr_regions++;
}

static void break_heap_held(struct sound *s)
{
	s->heap.held_bytes -= PAGE_SIZE;
}

static void break_heap_largest(struct sound *s)
{
	s->heap.largest--;
}

static void break_subtree_low(struct sound *s)
{
	s->low->subtree_largest++;
}

static void break_subtree_high(struct sound *s)
{
	s->high->subtree_largest--;
}

/* All nodes up to the root agree on something that is not so. */
static void break_all_subtrees(struct sound *s)
{
	s->low->subtree_largest += 100;
	s->mid->subtree_largest += 100;
	s->high->subtree_largest += 100;
	s->heap.largest += 100;
}

static void break_owner(struct sound *s)
{
	s->mid->heap = NULL;
}

static void break_no_spare(struct sound *s)
{
	s->heap.spare = NULL;
}

static void break_full_spare(struct sound *s)
{
	s->heap.spare = s->mid;
}

/* The spare has been retired, and still is the spare. */
static void break_old_spare(struct sound *s)
{
	dt_heap_retire_spare(&s->heap);
	s->heap.spare = s->high;
}

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
	{ "more out than there is", break_nr_out },
	{ "less out than there is", break_nr_out_low },
	{ "the guard in front", break_guard_in_front },
	{ "the guard behind", break_guard_behind },
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

static void damage_name(const struct damage *damage, char *desc)
{
	strscpy(desc, damage->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tree_damage, tree_damages, damage_name);
KUNIT_ARRAY_PARAM(region_damage, region_damages, damage_name);
KUNIT_ARRAY_PARAM(heap_damage, heap_damages, damage_name);

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
	/* What is broken leads a check to where nothing should look. */
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

static struct kunit_suite checks_suite = {
	.name = "dualtree_checks",
	.init = checks_init,
	.exit = checks_exit,
	.test_cases = checks_cases,
};

kunit_test_suite(checks_suite);

MODULE_DESCRIPTION("dualtree: tests of the checks that the tests rely on");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
