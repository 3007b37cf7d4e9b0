// SPDX-License-Identifier: GPL-2.0
/*
 * dt_cache_check() and dt_region_check() find a broken hot range and broken quick lists. Every
 * other suite relies on them.
 *
 * Each case makes the same sound heap, breaks one thing in it, and expects that the check fails.
 */
#include "../compat/kasan.h"
#include "fixtures/cache.h"

/* Of the only region 4 and 5 are hot, 10, 20 and 21, 30 and 31 are in lists, 40 is free. */
static struct dt_region *the_region;

static struct dt_cached *block_at(unsigned int first)
{
	return region_addr(the_region, first);
}

/* Define break_NAME(), which does one thing to the cache that a check has to find. */
#define DEFINE_DAMAGE(name, action)			\
	static void break_##name(struct cache_fixture *f)	\
	{						\
		action;					\
	}

DEFINE_DAMAGE(depth, f->quick.lists[1].depth++)
DEFINE_DAMAGE(depth_of_none, f->quick.lists[5].depth = 1)
DEFINE_DAMAGE(nr_cached, local64_dec(&f->quick.nr_cached))
DEFINE_DAMAGE(size, the_region->ledger[21] = LEDGER_OWNED;
		    the_region->ledger[22] = LEDGER_CACHED_LAST)

/* In the list of another size, with all numbers as they should be for that. */
static void break_list(struct cache_fixture *f)
{
	struct dt_quick_list *lists = f->quick.lists;

	lists[0].first = block_at(10)->next;
	block_at(10)->next = lists[1].first;
	lists[1].first = block_at(10);
	lists[0].depth--;
	lists[1].depth++;
	local64_inc(&f->quick.nr_cached);
}

static void break_lost(struct cache_fixture *f)
{
	f->quick.lists[1].first = block_at(20)->next;
}

static void break_too_deep(struct cache_fixture *f)
{
	block_at(10)->next = block_at(10);
	f->quick.lists[0].depth += QUICK_DEPTH;
	local64_add(QUICK_DEPTH, &f->quick.nr_cached);
}

DEFINE_DAMAGE(hot_live, the_region->ledger[5] = 1)
DEFINE_DAMAGE(hot_marked, the_region->ledger[4] = LEDGER_FREE)
DEFINE_DAMAGE(hot_longer, f->heap.hot.nr = 3)
DEFINE_DAMAGE(hot_owner, the_region->heap = NULL)

/* All of it dead, but some of it is counted as placed. */
DEFINE_DAMAGE(hot_placed, the_region->nr_inuse = 1)
DEFINE_DAMAGE(hot_off, f->heap.quick = NULL)
DEFINE_DAMAGE(mark_of_first, the_region->ledger[20] = LEDGER_DEAD)
DEFINE_DAMAGE(mark_of_last, the_region->ledger[21] = LEDGER_OWNED)
DEFINE_DAMAGE(live_in_block, the_region->ledger[10] = 3)
DEFINE_DAMAGE(only_last, the_region->ledger[30] = LEDGER_OWNED)
DEFINE_DAMAGE(not_marked, the_region->ledger[30] = LEDGER_DEAD;
	      the_region->ledger[31] = LEDGER_DEAD_INSIDE)
DEFINE_DAMAGE(hot_in_block, the_region->ledger[4] = LEDGER_CACHED_ONE)

/**
 * struct damage - one thing that a check has to find
 * @name: what
 * @inflict: does it
 */
struct damage {
	const char *name;
	void (*inflict)(struct cache_fixture *f);
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
	{ "a block without a start", break_only_last },
	{ "a block that is not marked", break_not_marked },
	{ "a block in the hot range", break_hot_in_block },
};

DUALTREE_NAMED_PARAM(cache_damage, cache_damages);
DUALTREE_NAMED_PARAM(block_damage, block_damages);

static void cache_check_finds(struct kunit *test)
{
	const struct damage *damage = test->param_value;
	struct cache_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, dt_cache_check(&f->heap));
	damage->inflict(f);
	KUNIT_EXPECT_FALSE(test, dt_cache_check(&f->heap));
}

static void region_check_finds_blocks(struct kunit *test)
{
	const struct damage *damage = test->param_value;
	struct dt_region_tally tally = { 0 };

	KUNIT_ASSERT_TRUE(test, dt_region_check(the_region, &tally));
	KUNIT_ASSERT_EQ(test, tally.in_flight, 2);
	damage->inflict(test->priv);
	KUNIT_EXPECT_FALSE(test, dt_region_check(the_region, &tally));
}

static int cache_checks_init(struct kunit *test)
{
	int err = dt_cache_fixture_init(test);

	if (err)
		return err;
	the_region = dt_add_region(test, ORDER_OF_64);
	add_credit(the_region->heap, 1, 1);
	add_credit(the_region->heap, 2, 2);
	free_drained(the_region, 10, 1);
	free_drained(the_region, 20, 2);
	free_drained(the_region, 30, 2);
	free_drained(the_region, 40, 1);
	dt_expect_free_local(test, the_region, 4, 2, "####hh####c#########cc########cc########.#");
	/* A broken structure leads a check to bytes that are poisoned. */
	dt_unpoison(the_region->base, the_region->bytes);
	return 0;
}

static struct kunit_case cache_checks_cases[] = {
	KUNIT_CASE_PARAM(cache_check_finds, cache_damage_gen_params),
	KUNIT_CASE_PARAM(region_check_finds_blocks, block_damage_gen_params),
	{}
};

DUALTREE_SUITE(cache_checks, "the check of the hot range and the quick lists",
	       .init = cache_checks_init, .exit = dt_cache_fixture_exit);
