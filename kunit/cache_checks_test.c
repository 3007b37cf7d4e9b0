// SPDX-License-Identifier: GPL-2.0
/*
 * dt_cache_check(), and what dt_region_check() looks at for it: that they know a broken cache
 * from a sound one. Every other suite relies on them.
 *
 * Each case makes the same sound heap, breaks one thing in it, and asks.
 */
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache_bed.h"

static struct cache_bed the_bed;

/* Of the only region 4 and 5 are hot, 10, 20 and 21, 30 and 31 are in lists, 40 is free. */
static struct dt_region *the_region;

static struct dt_cached *block_at(unsigned int first)
{
	return region_addr(the_region, first);
}

static void break_depth(struct cache_bed *bed)
{
	bed->quick.lists[1].depth++;
}

static void break_depth_of_none(struct cache_bed *bed)
{
	bed->quick.lists[5].depth = 1;
}

static void break_nr_cached(struct cache_bed *bed)
{
	local64_dec(&bed->quick.nr_cached);
}

static void break_size(struct cache_bed *bed)
{
	block_at(20)->nr = 1;
}

/* In the list of another size, with all numbers as they should be for that. */
static void break_list(struct cache_bed *bed)
{
	struct dt_quick_list *lists = bed->quick.lists;

	lists[0].first = block_at(10)->next;
	block_at(10)->next = lists[1].first;
	lists[1].first = block_at(10);
	lists[0].depth--;
	lists[1].depth++;
	local64_inc(&bed->quick.nr_cached);
}

static void break_lost(struct cache_bed *bed)
{
	struct dt_cached **link = &bed->quick.lists[1].first;

	while (*link != block_at(30))
		link = &(*link)->next;
	*link = (*link)->next;
}

static void break_too_deep(struct cache_bed *bed)
{
	static struct dt_cached more[QUICK_DEPTH];
	unsigned int i;

	for (i = 0; i < QUICK_DEPTH; i++) {
		more[i] = (struct dt_cached){ .region = the_region, .nr = 1 };
		more[i].next = bed->quick.lists[0].first;
		bed->quick.lists[0].first = &more[i];
	}
	bed->quick.lists[0].depth += QUICK_DEPTH;
	local64_add(QUICK_DEPTH, &bed->quick.nr_cached);
}

static void break_hot_live(struct cache_bed *bed)
{
	the_region->ledger[5] = 1;
}

static void break_hot_marked(struct cache_bed *bed)
{
	the_region->ledger[4] = LEDGER_FREE;
}

static void break_hot_longer(struct cache_bed *bed)
{
	bed->heap.hot.nr = 3;
}

static void break_hot_owner(struct cache_bed *bed)
{
	the_region->heap = NULL;
}

/* All of it dead, but some of it is counted as placed. */
static void break_hot_placed(struct cache_bed *bed)
{
	the_region->nr_inuse = 1;
}

static void break_hot_off(struct cache_bed *bed)
{
	bed->heap.quick = NULL;
}

static void break_mark_of_first(struct cache_bed *bed)
{
	the_region->ledger[20] = 0;
}

static void break_mark_of_last(struct cache_bed *bed)
{
	the_region->ledger[21] = LEDGER_FREE;
}

static void break_live_in_block(struct cache_bed *bed)
{
	the_region->ledger[10] = 3;
}

static void break_region(struct cache_bed *bed)
{
	block_at(30)->region = NULL;
}

static void break_not_marked(struct cache_bed *bed)
{
	the_region->ledger[30] = 0;
}

static void break_hot_in_block(struct cache_bed *bed)
{
	block_at(10)->nr = 2;
}

/**
 * struct damage - one thing that a check has to find
 * @name: what
 * @inflict: does it
 */
struct damage {
	const char *name;
	void (*inflict)(struct cache_bed *bed);
};

static const struct damage cache_damages[] = {
	{ "depth", break_depth },
	{ "depth of an empty list", break_depth_of_none },
	{ "number of granules", break_nr_cached },
	{ "size of a block", break_size },
	{ "in another list", break_list },
	{ "in no list", break_lost },
	{ "a list that is too deep", break_too_deep },
	{ "a live byte in the hot range", break_hot_live },
	{ "a free extent in the hot range", break_hot_marked },
	{ "more hot than was freed", break_hot_longer },
	{ "hot in a region of others", break_hot_owner },
	{ "hot and placed", break_hot_placed },
	{ "hot where there is no cache", break_hot_off },
};

static const struct damage block_damages[] = {
	{ "mark of the first granule", break_mark_of_first },
	{ "mark of the last granule", break_mark_of_last },
	{ "a live byte in a block", break_live_in_block },
	{ "a block of no region", break_region },
	{ "a block that is not marked", break_not_marked },
	{ "a block that is too long", break_hot_in_block },
};

static void damage_name(const struct damage *damage, char *desc)
{
	strscpy(desc, damage->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cache_damage, cache_damages, damage_name);
KUNIT_ARRAY_PARAM(block_damage, block_damages, damage_name);

static void cache_check_finds(struct kunit *test)
{
	const struct damage *damage = test->param_value;

	KUNIT_ASSERT_TRUE(test, dt_cache_check(&the_bed.heap));
	damage->inflict(&the_bed);
	KUNIT_EXPECT_FALSE(test, dt_cache_check(&the_bed.heap));
}

static void region_check_finds_blocks(struct kunit *test)
{
	const struct damage *damage = test->param_value;
	struct dt_region_tally tally = { 0 };

	KUNIT_ASSERT_TRUE(test, dt_region_check(the_region, &tally));
	KUNIT_ASSERT_EQ(test, tally.in_flight, 2);
	damage->inflict(&the_bed);
	KUNIT_EXPECT_FALSE(test, dt_region_check(the_region, &tally));
}

static int cache_checks_init(struct kunit *test)
{
	int err = bed_make(test, &the_bed);

	if (err)
		return err;
	the_region = bed_add(test, &the_bed, ORDER_OF_64);
	bed_credit(&the_bed, 1, 1);
	bed_credit(&the_bed, 2, 2);
	bed_put(&the_bed, the_region, 10, 1);
	bed_put(&the_bed, the_region, 20, 2);
	bed_put(&the_bed, the_region, 30, 2);
	bed_put(&the_bed, the_region, 40, 1);
	bed_free(&the_bed, the_region, 4, 2);
	bed_looks(test, &the_bed, the_region, "####hh####c#########cc########cc########.#");
	/* What is broken leads a check to where nothing should look. */
	dt_unpoison(the_region->base, the_region->bytes);
	return 0;
}

static struct kunit_case cache_checks_cases[] = {
	KUNIT_CASE_PARAM(cache_check_finds, cache_damage_gen_params),
	KUNIT_CASE_PARAM(region_check_finds_blocks, block_damage_gen_params),
	{}
};

static struct kunit_suite cache_checks_suite = {
	.name = "dualtree_cache_checks",
	.init = cache_checks_init,
	.exit = bed_unmake,
	.test_cases = cache_checks_cases,
};

kunit_test_suite(cache_checks_suite);

MODULE_DESCRIPTION("dualtree: tests of the check of the hot range and the quick lists");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
