// SPDX-License-Identifier: GPL-2.0
/*
 * Stray writes to free memory: they are found and counted, what is live stays as it is and is never
 * handed out again, and allocation goes on.
 *
 * A map of each region says which of its bytes are live; all others are written to. With several
 * regions some drain, so there are cold ranges too.
 */
#include <linux/compiler.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include "fixtures/instance.h"
#include "fixtures/random.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random cases; 0: pick one");

/* Pages of all regions, as a power of two: of one, or of each of several. */
#define ORDER		4
#define REGIONS_MAX	4
#define NR_OBJECTS	64

/**
 * struct damaged - an instance, what is live in it, and what is written to the rest
 * @dt: the instance
 * @objects: live ones; their contents begin with fill_byte() of their slot
 * @bytes: length of a region
 * @regions: its regions, and which of their bytes are live; @base is NULL until something was
 *	allocated, and an address of the past if nothing is live
 * @rnd: random numbers
 */
struct damaged {
	struct dualtree *dt;
	struct { u8 *ptr; size_t len; } objects[NR_OBJECTS];
	size_t bytes;
	struct { u8 *base; u8 *live; } regions[REGIONS_MAX];
	struct rnd_state rnd;
};

/* @nr is the number of regions that the instance may have: a power of two. */
static struct damaged *damaged_create(struct kunit *test, unsigned long flags, unsigned int nr)
{
	struct damaged *d = dt_test_zalloc(test, sizeof(*d));
	unsigned int i, order = ORDER - ilog2(nr);

	d->bytes = PAGE_SIZE << order;
	for (i = 0; i < nr; i++)
		d->regions[i].live = dt_test_zalloc(test, d->bytes);
	d->dt = test_instance(test, .flags = flags, .min_region_order = order,
			      .max_region_order = order, .limit = nr * d->bytes);
	prandom_seed_state(&d->rnd, random_seed(test, param_value_of(seed)));
	return d;
}

/*
 * The bytes of a range in the map of its region. A region that is not known takes the place of one
 * in which nothing is live.
 */
static u8 *live_of(struct kunit *test, struct damaged *d, const u8 *ptr)
{
	u8 *base = PTR_ALIGN_DOWN((u8 *)ptr, d->bytes);
	unsigned int i;

	for (i = 0; i < REGIONS_MAX && d->regions[i].live; i++)
		if (d->regions[i].base == base)
			return d->regions[i].live + (ptr - base);
	while (i-- > 0) {
		if (!all_bytes(d->regions[i].live, 0, d->bytes))
			continue;
		d->regions[i].base = base;
		return d->regions[i].live + (ptr - base);
	}
	KUNIT_FAIL(test, "more regions than the limit allows");
	return NULL;
}

/* Allocate into a free slot. Return: false if there is no memory. */
static bool slot_alloc(struct kunit *test, struct damaged *d, unsigned int slot, size_t len)
{
	u8 *ptr = dualtree_alloc(d->dt, len, GFP_KERNEL), *live;

	if (!ptr)
		return false;
	live = live_of(test, d, ptr);
	KUNIT_ASSERT_NOT_NULL(test, live);
	KUNIT_ASSERT_TRUE(test, all_bytes(live, 0, len));
	memset(live, 1, len);
	dt_fill(ptr, slot, len);
	d->objects[slot].ptr = ptr;
	d->objects[slot].len = len;
	return true;
}

static void slot_free(struct kunit *test, struct damaged *d, unsigned int slot)
{
	u8 *ptr = d->objects[slot].ptr;
	size_t len = d->objects[slot].len;

	KUNIT_ASSERT_TRUE(test, dt_filled(ptr, slot, len));
	KUNIT_ASSERT_EQ(test, dualtree_free(d->dt, ptr, len), 0);
	memset(live_of(test, d, ptr), 0, len);
	d->objects[slot].ptr = NULL;
}

/* Allocate into a free slot, or free what is there. */
static void slot_toggle(struct kunit *test, struct damaged *d)
{
	unsigned int slot = random_below(&d->rnd, NR_OBJECTS);
	size_t len = 1 + random_below(&d->rnd, random_below(&d->rnd, 4) ? 300 : 3000);

	if (d->objects[slot].ptr)
		slot_free(test, d, slot);
	else
		slot_alloc(test, d, slot, len);
}

static u8 zeros(struct rnd_state *rnd)
{
	return 0;
}

static u8 ones(struct rnd_state *rnd)
{
	return 0xff;
}

static u8 anything(struct rnd_state *rnd)
{
	return prandom_u32_state(rnd);
}

/* Numbers of granules are like this, byte by byte. */
static u8 mostly_zeros(struct rnd_state *rnd)
{
	return random_below(rnd, 4) ? 0 : prandom_u32_state(rnd);
}

/* KASAN would report these writes. */
static void __no_sanitize_address write_byte(u8 *at, u8 value)
{
	WRITE_ONCE(*at, value);
}

/* While something is live a region is held; otherwise it may be another's by now. */
static void write_all_free(struct damaged *d, u8 (*value)(struct rnd_state *rnd))
{
	unsigned int n;
	size_t i;

	for (n = 0; n < REGIONS_MAX && d->regions[n].live; n++) {
		if (all_bytes(d->regions[n].live, 0, d->bytes))
			continue;
		for (i = 0; i < d->bytes; i++)
			if (!d->regions[n].live[i])
				write_byte(d->regions[n].base + i, value(&d->rnd));
	}
}

/**
 * struct stray_case - what is written where
 * @name: what
 * @flags: of the instance
 * @regions: max number of its regions
 * @value: what each byte is set to
 */
struct stray_case {
	const char *name;
	unsigned long flags;
	unsigned int regions;
	u8 (*value)(struct rnd_state *rnd);
};

static const struct stray_case stray_cases[] = {
	{ "zeros", 0, 1, zeros },
	{ "ones", 0, 1, ones },
	{ "anything", 0, 1, anything },
	{ "mostly zeros", 0, 1, mostly_zeros },
	{ "zeros, exact fit", DUALTREE_EXACT_FIT, 1, zeros },
	{ "ones, exact fit", DUALTREE_EXACT_FIT, 1, ones },
	{ "anything, exact fit", DUALTREE_EXACT_FIT, 1, anything },
	{ "mostly zeros, exact fit", DUALTREE_EXACT_FIT, 1, mostly_zeros },
	{ "zeros, several regions", 0, REGIONS_MAX, zeros },
	{ "anything, several regions", 0, REGIONS_MAX, anything },
	{ "mostly zeros, several regions", 0, REGIONS_MAX, mostly_zeros },
};

DUALTREE_NAMED_PARAM(stray_case, stray_cases);

static void expect_nothing_left(struct kunit *test, struct dualtree *dt)
{
	KUNIT_EXPECT_EQ(test, stats_of(dt).live_bytes, 0);
	dualtree_shrink(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, 0);
}

/* Again and again all that is free is written to, between random calls. */
static void damage_everywhere(struct kunit *test)
{
	const struct stray_case *c = test->param_value;
	struct damaged *d = damaged_create(test, c->flags, c->regions);
	unsigned int round, i;

	/* One object stays, so that the region does. */
	KUNIT_ASSERT_TRUE(test, slot_alloc(test, d, 0, 100));
	for (round = 0; round < 100; round++) {
		for (i = 0; i < 40; i++)
			slot_toggle(test, d);
		if (!d->objects[0].ptr)
			slot_alloc(test, d, 0, 100);
		write_all_free(d, c->value);
		cond_resched();
	}
	KUNIT_EXPECT_GT(test, stats_of(d->dt).damaged, 0);
	for (i = 0; i < NR_OBJECTS; i++)
		if (d->objects[i].ptr)
			slot_free(test, d, i);
	expect_nothing_left(test, d->dt);
}

/* Once found, the damage is gone: the trees are as they must be, and all memory can be had. */
static void damage_is_repaired(struct kunit *test)
{
	const struct stray_case *c = test->param_value;
	struct damaged *d = damaged_create(test, c->flags, c->regions);
	unsigned int i;

	for (i = 0; i < NR_OBJECTS; i++)
		KUNIT_ASSERT_TRUE(test, slot_alloc(test, d, i, 500));
	for (i = 0; i < NR_OBJECTS; i += 2)
		slot_free(test, d, i);
	write_all_free(d, c->value);
	for (i = 0; i < NR_OBJECTS; i += 2)
		KUNIT_ASSERT_TRUE(test, slot_alloc(test, d, i, 500));
	for (i = 1; i < NR_OBJECTS; i++)
		slot_free(test, d, i);
	KUNIT_EXPECT_GT(test, stats_of(d->dt).damaged, 0);
	KUNIT_EXPECT_TRUE(test, dualtree_check(d->dt));
	slot_free(test, d, 0);
	expect_nothing_left(test, d->dt);
}

/* Nothing lies in what other CPUs have freed: writes to that need not be found. */
static void damage_in_flight(struct kunit *test)
{
	struct damaged *d = damaged_create(test, 0, 1);
	unsigned int i, there = dt_other_cpu(test, raw_smp_processor_id());
	struct { u8 *ptr; } freed[NR_OBJECTS];

	for (i = 0; i < NR_OBJECTS; i++)
		KUNIT_ASSERT_TRUE(test, slot_alloc(test, d, i, d->bytes / NR_OBJECTS));
	for (i = 1; i < NR_OBJECTS; i++) {
		freed[i].ptr = d->objects[i].ptr;
		KUNIT_ASSERT_EQ(test, dt_free_on(there, d->dt, freed[i].ptr,
						 d->bytes / NR_OBJECTS), 0);
		memset(live_of(test, d, freed[i].ptr), 0, d->bytes / NR_OBJECTS);
		d->objects[i].ptr = NULL;
	}
	write_all_free(d, anything);
	for (i = 1; i < NR_OBJECTS; i++)
		KUNIT_EXPECT_TRUE(test, slot_alloc(test, d, i, d->bytes / NR_OBJECTS));
	KUNIT_EXPECT_EQ(test, stats_of(d->dt).damaged, 0);
	for (i = 0; i < NR_OBJECTS; i++)
		slot_free(test, d, i);
	dt_expect_drained(test, d->dt);
}

static struct kunit_case damage_cases[] = {
	KUNIT_CASE_PARAM(damage_everywhere, stray_case_gen_params),
	KUNIT_CASE_PARAM(damage_is_repaired, stray_case_gen_params),
	KUNIT_CASE(damage_in_flight),
	{}
};

DUALTREE_SUITE(damage, "stray writes to free memory");
