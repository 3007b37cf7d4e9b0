// SPDX-License-Identifier: GPL-2.0
/*
 * The placement rule, against a model too simple to be wrong.
 *
 * An instance with DUALTREE_EXACT_FIT, used from one CPU, must place each request at the one
 * address that the rule allows: the lowest region that can serve it, the smallest extent
 * there, the lowest one among equals, its start. The model keeps a count per granule and looks
 * through all of them each time.
 */
#include "fixtures/instance.h"
#include "fixtures/random.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random operations; 0: pick one");

static uint ops = 6000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "random operations");

#define REGION_ORDER	2
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)
#define REGION_GRANULES	(DT_PAGE_GRANULES << REGION_ORDER)
#define REGIONS_MAX	24
#define RUNS_MAX	160
#define CHECK_EVERY	128

#define exact_fit_instance(test) \
	test_instance(test, .min_region_order = REGION_ORDER, \
		      .max_region_order = REGION_ORDER, .flags = DUALTREE_EXACT_FIT)

/* A region as the model sees it: the live bytes of each granule. */
struct model_region {
	u8 *base;
	unsigned int dead;
	u8 live[REGION_GRANULES];
};

/* A run of live bytes. */
struct live_run {
	u8 *ptr;
	size_t len;
};

/**
 * struct model - what an instance must look like
 * @regions: by address
 * @nr_regions: how many
 * @spare: base of the region that is kept though it is empty, or NULL
 * @runs: all live bytes
 * @nr_runs: how many
 * @live: the sum of them
 * @rnd: state of the generator
 */
struct model {
	struct model_region *regions[REGIONS_MAX];
	unsigned int nr_regions;
	u8 *spare;
	struct live_run runs[RUNS_MAX];
	unsigned int nr_runs;
	size_t live;
	struct rnd_state rnd;
};

static unsigned int free_run(const struct model_region *r, unsigned int i)
{
	unsigned int nr = 0;

	while (i + nr < REGION_GRANULES && !r->live[i + nr])
		nr++;
	return nr;
}

/* Where the rule puts @nr granules of a region, or NULL. */
static u8 *fit_in(const struct model_region *r, unsigned int nr)
{
	unsigned int i, run, best = UINT_MAX;
	u8 *found = NULL;

	for (i = 0; i < REGION_GRANULES; i += run + 1) {
		run = free_run(r, i);
		if (run < nr || run >= best)
			continue;
		best = run;
		found = r->base + (i << DT_GRANULE_SHIFT);
	}
	return found;
}

static u8 *fit(const struct model *m, unsigned int nr)
{
	unsigned int i;
	u8 *found;

	for (i = 0; i < m->nr_regions; i++) {
		found = m->regions[i]->dead >= nr ? fit_in(m->regions[i], nr) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

static struct model_region *region_at(const struct model *m, const u8 *ptr)
{
	unsigned int i;

	for (i = 0; i < m->nr_regions; i++)
		if (ptr - m->regions[i]->base < REGION_BYTES)
			return m->regions[i];
	return NULL;
}

static void model_grow(struct kunit *test, struct model *m, u8 *base)
{
	struct model_region *r = dt_test_zalloc(test, sizeof(*r));
	unsigned int i;

	KUNIT_ASSERT_LT(test, m->nr_regions, REGIONS_MAX);
	r->base = base;
	r->dead = REGION_GRANULES;
	for (i = m->nr_regions++; i && m->regions[i - 1]->base > base; i--)
		m->regions[i] = m->regions[i - 1];
	m->regions[i] = r;
}

static void model_drop(struct kunit *test, struct model *m, const u8 *base)
{
	unsigned int i;

	for (i = 0; m->regions[i]->base != base; i++)
		;
	kunit_kfree(test, m->regions[i]);
	for (m->nr_regions--; i < m->nr_regions; i++)
		m->regions[i] = m->regions[i + 1];
}

static void model_alloc(struct model *m, u8 *ptr, size_t size)
{
	struct model_region *r = region_at(m, ptr);
	unsigned int i = (ptr - r->base) >> DT_GRANULE_SHIFT;
	size_t left;

	for (left = size; left; left -= min_t(size_t, left, DT_GRANULE)) {
		r->live[i++] = min_t(size_t, left, DT_GRANULE);
		r->dead--;
	}
	if (m->spare == r->base)
		m->spare = NULL;
	m->runs[m->nr_runs++] = (struct live_run){ ptr, size };
	m->live += size;
}

static void model_free(struct kunit *test, struct model *m, const u8 *ptr, size_t len)
{
	struct model_region *r = region_at(m, ptr);
	size_t i, offset = ptr - r->base;

	for (i = offset; i < offset + len; i++)
		if (!--r->live[i >> DT_GRANULE_SHIFT])
			r->dead++;
	m->live -= len;
	if (r->dead < REGION_GRANULES)
		return;
	/* The one that emptied last is kept. */
	if (m->spare)
		model_drop(test, m, m->spare);
	m->spare = r->base;
}

static void step_alloc(struct kunit *test, struct model *m, struct dualtree *dt)
{
	static const unsigned int bounds[] = { 64, 256, 256, 2048, 2048, 9000, REGION_BYTES };
	size_t size = 1 + random_below(&m->rnd, bounds[random_below(&m->rnd, ARRAY_SIZE(bounds))]);
	unsigned int nr = granules_of(size);
	u8 *want = fit(m, nr), *ptr;

	ptr = dt_must_alloc(test, dt, size);
	if (!want) {
		/* The start of a new region, wherever that lies. */
		KUNIT_ASSERT_NULL(test, region_at(m, ptr));
		want = PTR_ALIGN_DOWN(ptr, REGION_BYTES);
		model_grow(test, m, want);
	}
	KUNIT_ASSERT_PTR_EQ(test, ptr, want);
	model_alloc(m, ptr, size);
}

/* Free a live run, or its front, its tail, a part in the middle. */
static void step_free(struct kunit *test, struct model *m, struct dualtree *dt)
{
	unsigned int i = random_below(&m->rnd, m->nr_runs), kind = random_below(&m->rnd, 6);
	struct live_run *p = &m->runs[i], was = *p;
	size_t start = 0, end = was.len;

	if (kind & 1)
		start = random_below(&m->rnd, was.len);
	if (kind & 2 && m->nr_runs < RUNS_MAX)
		end = start + 1 + random_below(&m->rnd, was.len - start);
	KUNIT_ASSERT_EQ(test, dualtree_free(dt, was.ptr + start, end - start), 0);
	model_free(test, m, was.ptr + start, end - start);
	p->len = start;
	if (end < was.len && !start)
		*p = (struct live_run){ was.ptr + end, was.len - end };
	else if (end < was.len)
		m->runs[m->nr_runs++] = (struct live_run){ was.ptr + end, was.len - end };
	else if (!start)
		*p = m->runs[--m->nr_runs];
}

static void compare(struct kunit *test, struct model *m, struct dualtree *dt)
{
	unsigned int i, k, run, dead = 0, extents = 0, largest = 0;
	struct dualtree_stats stats = stats_of(dt);

	for (i = 0; i < m->nr_regions; i++) {
		for (k = 0; k < REGION_GRANULES; k += run + 1) {
			run = free_run(m->regions[i], k);
			dead += run;
			extents += !!run;
			largest = max(largest, run);
		}
	}
	KUNIT_EXPECT_EQ(test, stats.live_bytes, m->live);
	KUNIT_EXPECT_EQ(test, stats.regions, m->nr_regions);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, m->nr_regions * REGION_BYTES);
	KUNIT_EXPECT_EQ(test, stats.extents, extents);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, dead * DT_GRANULE);
	KUNIT_EXPECT_GE(test, stats.largest_free, largest * DT_GRANULE);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

/* More allocations while there are few runs, more frees while there are many. */
static bool wants_alloc(struct model *m, unsigned int op)
{
	unsigned int target = op / 1024 % 2 ? RUNS_MAX / 8 : RUNS_MAX - 10;

	if (!m->nr_runs)
		return true;
	if (m->nr_runs >= RUNS_MAX || m->nr_regions >= REGIONS_MAX)
		return false;
	return random_below(&m->rnd, 2 * target) >= m->nr_runs;
}

static void exact_fit_random(struct kunit *test)
{
	struct dualtree *dt = exact_fit_instance(test);
	struct model *m = dt_test_zalloc(test, sizeof(*m));
	unsigned int op, nr = param_value_of(ops);

	prandom_seed_state(&m->rnd, random_seed(test, param_value_of(seed)));
	for (op = 0; op < nr; op++) {
		if (wants_alloc(m, op))
			step_alloc(test, m, dt);
		else
			step_free(test, m, dt);
		if (op % CHECK_EVERY == 0)
			compare(test, m, dt);
	}
	while (m->nr_runs)
		step_free(test, m, dt);
	compare(test, m, dt);
	dt_expect_drained(test, dt);
}

/* The rule by hand: equals, the best of several, a lower region before a better fit. */
static void exact_fit_by_hand(struct kunit *test)
{
	struct dualtree *dt = exact_fit_instance(test);
	const size_t g = DT_GRANULE;
	u8 *a, *b, *low, *high;

	a = dualtree_alloc(dt, REGION_BYTES, GFP_KERNEL);
	b = dualtree_alloc(dt, REGION_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, a && b);
	low = min(a, b);
	high = max(a, b);
	/* Holes, in granules: low 5 at 10, 3 at 20, 3 at 30, 9 at 40; high 2 at 50. */
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, high + 50 * g, 2 * g), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, low + 10 * g, 5 * g), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, low + 30 * g, 3 * g), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, low + 20 * g, 3 * g), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, low + 40 * g, 9 * g), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).extents, 5);
	KUNIT_EXPECT_GE(test, stats_of(dt).largest_free, 9 * g);

	/* In high it would fit exactly: low comes first, and there the lower one of equals. */
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 2 * g, GFP_KERNEL), (void *)low + 20 * g);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 2 * g + 1, GFP_KERNEL), (void *)low + 30 * g);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 2 * g + 1, GFP_KERNEL), (void *)low + 10 * g);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, g, GFP_KERNEL), (void *)low + 22 * g);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 6 * g, GFP_KERNEL), (void *)low + 40 * g);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 2 * g, GFP_KERNEL), (void *)low + 13 * g);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 3 * g, GFP_KERNEL), (void *)low + 46 * g);
	/* low is full. */
	KUNIT_EXPECT_PTR_EQ(test, dualtree_alloc(dt, 1, GFP_KERNEL), (void *)high + 50 * g);
	KUNIT_EXPECT_EQ(test, stats_of(dt).regions, 2);
	KUNIT_EXPECT_EQ(test, stats_of(dt).free_bytes, g);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

static struct kunit_case exact_fit_cases[] = {
	KUNIT_CASE(exact_fit_by_hand),
	KUNIT_CASE(exact_fit_random),
	{}
};

DUALTREE_SUITE(exact_fit, "the placement rule against a model");
