// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool against a page-exact model, under random calls.
 *
 * The model knows for each page of memory which block it belongs to, if any, and hence what each
 * call must return, valid and bad frees alike. Each live page carries a mark that is compared when
 * the page is freed. The pool's invariants and its stats are compared at intervals; in a pool that
 * keeps its arenas, the largest free block as well.
 *
 * The seed is printed; the same seed repeats a run.
 */
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include "fixtures/pool.h"
#include "fixtures/random.h"
#include "fixtures/scale.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random calls; 0: pick one");

static uint ops = SLOW_KERNEL ? 10000 : 25000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "calls of each test");

#define MAX_ARENAS	8

/* What a test's pool looks like, and what is asked of it. */
static const struct stressor {
	const char *name;
	unsigned int arena_order, arenas;
	bool arenas_stay;
	/* Of 100 calls: allocations in the filling phase, bad frees, trims. */
	unsigned int allocs, wrong, trims;
	/* Calls between two looks at everything, which takes time by the pages. */
	unsigned int check_every;
} stressors[] = {
	{ "one small arena", 4, 1, true, 60, 20, 1, 8 },
	{ "small arenas", 3, 8, true, 60, 20, 1, 32 },
	{ "larger arenas", 7, 4, true, 75, 10, 1, 256 },
	{ "pairs of pages", 1, 8, false, 50, 20, 5, 8 },
	{ "arenas come and go", 4, 8, false, 50, 10, 5, 64 },
	{ "full-sized arenas", 10, 2, true, 75, 10, 1, 1024 },
};

DUALTREE_NAMED_PARAM(stressor, stressors);

/**
 * struct pool_model - a pool and its oracle
 * @test: whose
 * @stressor: what the pool looks like
 * @pool: it
 * @rnd: where chance comes from
 * @ids: of each page of memory, the number of its block, or 0
 * @nr_ids: how many pages @ids has
 * @last_id: the number given last; none is given twice
 * @live: live pages, as page-frame numbers in no particular order
 * @place: of each page of memory, its place in @live
 * @nr_live: how many there are
 * @bases: arenas that stay
 * @want: what the pool's counts have to be
 */
struct pool_model {
	struct kunit *test;
	const struct stressor *stressor;
	struct buddy_pool *pool;
	struct rnd_state rnd;
	u32 *ids;
	unsigned long nr_ids;
	u32 last_id;
	unsigned long *live;
	u32 *place;
	unsigned long nr_live;
	void *bases[MAX_ARENAS];
	struct buddy_pool_stats want;
};

static unsigned long pfn_of(const void *addr)
{
	return page_to_pfn(virt_to_page(addr));
}

static void *addr_of(unsigned long pfn)
{
	return page_address(pfn_to_page(pfn));
}

static unsigned long arena_pages(const struct pool_model *w)
{
	return 1UL << w->stressor->arena_order;
}

/* The block a page belongs to; 0 for one that is free or not the pool's. */
static u32 id_at(const struct pool_model *w, unsigned long pfn)
{
	return pfn < w->nr_ids ? w->ids[pfn] : 0;
}

static void model_alloc(struct pool_model *w, void *block, unsigned int order)
{
	unsigned long i, pfn = pfn_of(block);

	w->last_id++;
	for (i = pfn; i < pfn + (1UL << order); i++) {
		KUNIT_ASSERT_EQ(w->test, id_at(w, i), 0);
		w->ids[i] = w->last_id;
		w->place[i] = w->nr_live;
		w->live[w->nr_live++] = i;
		dt_mark_pages(addr_of(i), 1, (u64)w->last_id << 32 | i);
	}
	w->want.allocs++;
}

static void model_free(struct pool_model *w, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i;

	for (i = pfn; i < pfn + nr_pages; i++) {
		w->live[w->place[i]] = w->live[--w->nr_live];
		w->place[w->live[w->nr_live]] = w->place[i];
		w->ids[i] = 0;
	}
	w->want.frees++;
}

static void expect_marks(struct pool_model *w, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i;

	for (i = pfn; i < pfn + nr_pages; i++)
		KUNIT_ASSERT_TRUE(w->test,
				  dt_pages_marked(addr_of(i), 1, (u64)id_at(w, i) << 32 | i));
}

/* What is true of a range: which errors a free of it can get. */
struct range_errors {
	bool some_free, reaches_out;
};

/* Arenas are aligned to their size: a range is inside one if its ends are. */
static struct range_errors range_errors_of(struct pool_model *w, unsigned long pfn,
					   unsigned long nr_pages)
{
	struct range_errors errors = {
		.reaches_out = !nr_pages || nr_pages > arena_pages(w) ||
			       (pfn ^ (pfn + nr_pages - 1)) & ~(arena_pages(w) - 1),
	};
	unsigned long i;
	u32 id = 0;

	for (i = pfn; i < pfn + nr_pages; i++) {
		errors.some_free |= !id_at(w, i);
		errors.reaches_out |= id && id_at(w, i) && id_at(w, i) != id;
		id = id ?: id_at(w, i);
	}
	return errors;
}

static bool is_valid(struct range_errors errors)
{
	return !errors.some_free && !errors.reaches_out;
}

/* A call that must be refused was; where both errors are true, with either. */
static void expect_refused(struct pool_model *w, struct range_errors errors, int err)
{
	if (!errors.some_free)
		KUNIT_ASSERT_EQ(w->test, err, -EINVAL);
	else if (!errors.reaches_out)
		KUNIT_ASSERT_EQ(w->test, err, -EALREADY);
	else
		KUNIT_ASSERT_TRUE(w->test, err == -EINVAL || err == -EALREADY);
	w->want.bad_frees++;
}

static void do_alloc(struct pool_model *w)
{
	/* Of two, so that small orders are more common. */
	unsigned int order = min(random_below(&w->rnd, w->stressor->arena_order + 1),
				 random_below(&w->rnd, w->stressor->arena_order + 1));
	bool room = pool_stats(w->pool).largest_free >= PAGE_SIZE << order;
	bool zero = random_below(&w->rnd, 8) == 0;
	void *block = buddy_pool_alloc(w->pool, order, GFP_KERNEL | (zero ? __GFP_ZERO : 0));

	if (!block) {
		KUNIT_ASSERT_FALSE(w->test, room);
		w->want.failed_allocs++;
		return;
	}
	KUNIT_ASSERT_TRUE(w->test, dt_block_aligned(block, order));
	if (zero)
		KUNIT_ASSERT_NULL(w->test, memchr_inv(block, 0, PAGE_SIZE << order));
	model_alloc(w, block, order);
}

/* A random run of live pages of one block, which is freed. */
static void do_free_range(struct pool_model *w)
{
	unsigned long first, end, pfn = w->live[random_below(&w->rnd, w->nr_live)];
	u32 id = w->ids[pfn];

	/* All of what hangs together, then perhaps less at either side. */
	for (first = pfn; id_at(w, first - 1) == id; )
		first--;
	for (end = pfn + 1; id_at(w, end) == id; )
		end++;
	if (random_below(&w->rnd, 2))
		first += random_below(&w->rnd, pfn - first + 1);
	if (random_below(&w->rnd, 2))
		end -= random_below(&w->rnd, end - pfn);
	expect_marks(w, first, end - first);
	KUNIT_ASSERT_EQ(w->test, buddy_pool_free_range(w->pool, addr_of(first), end - first), 0);
	model_free(w, first, end - first);
}

/* Is a naturally aligned run of pages all there is of its block, right here? */
static bool whole_run(struct pool_model *w, unsigned long pfn, unsigned int order)
{
	u32 id = id_at(w, pfn);

	return IS_ALIGNED(pfn, 1UL << order) && is_valid(range_errors_of(w, pfn, 1UL << order)) &&
	       id_at(w, pfn - 1) != id && id_at(w, pfn + (1UL << order)) != id;
}

/* Give a block back, or what is left of one, where that is a block too. */
static void do_free_block(struct pool_model *w)
{
	unsigned long pfn = w->live[random_below(&w->rnd, w->nr_live)];
	unsigned int order;

	for (order = 0; order <= w->stressor->arena_order; order++) {
		pfn &= ~((1UL << order) - 1);
		if (!whole_run(w, pfn, order))
			continue;
		expect_marks(w, pfn, 1UL << order);
		KUNIT_ASSERT_EQ(w->test, buddy_pool_free(w->pool, addr_of(pfn), order), 0);
		model_free(w, pfn, 1UL << order);
		return;
	}
	do_free_range(w);
}

/* A page near a live one, or, where the arenas are known, anywhere in them. */
static unsigned long somewhere(struct pool_model *w)
{
	unsigned long i = random_below(&w->rnd, w->stressor->arenas * arena_pages(w));

	if (w->stressor->arenas_stay)
		return pfn_of(w->bases[i / arena_pages(w)]) + i % arena_pages(w);
	if (w->nr_live)
		return w->live[random_below(&w->rnd, w->nr_live)];
	return 0;
}

static void do_wrong_range(struct pool_model *w)
{
	unsigned long pfn = somewhere(w), nr_pages = random_below(&w->rnd, arena_pages(w) + 2);
	struct range_errors errors = range_errors_of(w, pfn, nr_pages);
	int err;

	if (!pfn)
		return;
	if (is_valid(errors))
		expect_marks(w, pfn, nr_pages);
	err = buddy_pool_free_range(w->pool, addr_of(pfn), nr_pages);
	if (is_valid(errors)) {
		KUNIT_ASSERT_EQ(w->test, err, 0);
		model_free(w, pfn, nr_pages);
	} else {
		expect_refused(w, errors, err);
	}
}

static void do_wrong_block(struct pool_model *w)
{
	unsigned int order = random_below(&w->rnd, w->stressor->arena_order + 2);
	unsigned long pfn = somewhere(w);
	struct range_errors errors;
	bool whole;
	int err;

	if (!pfn)
		return;
	if (random_below(&w->rnd, 4))
		pfn &= ~((1UL << order) - 1);
	errors = range_errors_of(w, pfn, 1UL << order);
	whole = whole_run(w, pfn, order);
	errors.reaches_out |= !IS_ALIGNED(pfn, 1UL << order);
	if (is_valid(errors))
		expect_marks(w, pfn, 1UL << order);
	err = buddy_pool_free(w->pool, addr_of(pfn), order);
	/* A naturally aligned part of a longer rest may be refused or not. */
	if (whole)
		KUNIT_ASSERT_EQ(w->test, err, 0);
	if (err) {
		expect_refused(w, errors, err);
	} else {
		KUNIT_ASSERT_TRUE(w->test, is_valid(errors));
		model_free(w, pfn, 1UL << order);
	}
}

static void do_wrong_address(struct pool_model *w)
{
	unsigned long pfn = somewhere(w);
	struct range_errors errors = { .some_free = !id_at(w, pfn), .reaches_out = true };
	unsigned int offset = 1 + random_below(&w->rnd, PAGE_SIZE - 1);

	if (!pfn)
		return;
	if (random_below(&w->rnd, 2))
		expect_refused(w, errors, buddy_pool_free(w->pool, addr_of(pfn) + offset, 0));
	else
		expect_refused(w, errors, buddy_pool_free_range(w->pool, addr_of(pfn) + offset, 1));
}

static void do_wrong(struct pool_model *w)
{
	switch (random_below(&w->rnd, 4)) {
	case 0:
		do_wrong_block(w);
		break;
	case 1:
		do_wrong_address(w);
		break;
	default:
		do_wrong_range(w);
	}
}

/* The largest naturally aligned run of free pages. */
static size_t model_largest(struct pool_model *w)
{
	unsigned long largest = 0, run, order, i;
	unsigned int a;

	for (a = 0; a < w->stressor->arenas; a++) {
		for (i = 0; i < arena_pages(w); i += run) {
			order = i ? __ffs(i) : w->stressor->arena_order;
			for (run = 0; run < 1UL << order; run++)
				if (id_at(w, pfn_of(w->bases[a]) + i + run))
					break;
			if (run)
				largest = max(largest, 1UL << ilog2(run));
			/* A run that is cut short may hold smaller ones, begun later. */
			run = run ? 1UL << ilog2(run) : 1;
		}
	}
	return pages_bytes(largest);
}

static void expect_model(struct pool_model *w)
{
	struct buddy_pool_stats stats = pool_stats(w->pool);

	KUNIT_ASSERT_TRUE(w->test, buddy_pool_check(w->pool));
	KUNIT_ASSERT_EQ(w->test, stats.allocs, w->want.allocs);
	KUNIT_ASSERT_EQ(w->test, stats.frees, w->want.frees);
	KUNIT_ASSERT_EQ(w->test, stats.failed_allocs, w->want.failed_allocs);
	KUNIT_ASSERT_EQ(w->test, stats.bad_frees, w->want.bad_frees);
	KUNIT_ASSERT_EQ(w->test, stats.held_bytes - stats.free_bytes, pages_bytes(w->nr_live));
	KUNIT_ASSERT_LE(w->test, stats.held_bytes,
			pages_bytes(w->stressor->arenas * arena_pages(w)));
	if (w->stressor->arenas_stay) {
		KUNIT_ASSERT_EQ(w->test, stats.arenas, w->stressor->arenas);
		KUNIT_ASSERT_EQ(w->test, stats.largest_free, model_largest(w));
	}
}

/* Pages that arenas can come from. */
static unsigned long all_pages(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, node_end_pfn(nid));
	return end;
}

static void model_release(struct kunit_resource *res)
{
	struct pool_model *w = res->data;

	kvfree(w->ids);
	kvfree(w->place);
	kvfree(w->live);
	kfree(w);
}

/* Where arenas stay, find out where they are: each whole arena is a block. */
static void find_bases(struct pool_model *w)
{
	unsigned int i;

	for (i = 0; i < w->stressor->arenas; i++) {
		w->bases[i] = buddy_pool_alloc(w->pool, w->stressor->arena_order, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(w->test, w->bases[i]);
	}
	for (i = 0; i < w->stressor->arenas; i++)
		KUNIT_ASSERT_EQ(w->test,
				buddy_pool_free(w->pool, w->bases[i], w->stressor->arena_order), 0);
}

static struct pool_model *model_make(struct kunit *test, const struct stressor *stressor)
{
	size_t bytes = pages_bytes(stressor->arenas) << stressor->arena_order;
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE,
		.arena_order = stressor->arena_order,
		.limit = bytes,
		.reserve = stressor->arenas_stay ? bytes : 0,
	};
	struct pool_model *w = kzalloc(sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, model_release, GFP_KERNEL, w));
	w->test = test;
	w->stressor = stressor;
	w->nr_ids = all_pages();
	w->ids = kvcalloc(w->nr_ids, sizeof(*w->ids), GFP_KERNEL);
	w->place = kvcalloc(w->nr_ids, sizeof(*w->place), GFP_KERNEL);
	w->live = kvcalloc(bytes >> PAGE_SHIFT, sizeof(*w->live), GFP_KERNEL);
	if (!w->ids || !w->place || !w->live)
		kunit_skip(test, "no memory for the oracle");
	prandom_seed_state(&w->rnd,
			   random_seed(test, param_value_of(seed)) + (stressor - stressors));
	w->pool = dt_test_pool(test, &params);
	if (stressor->arenas_stay)
		find_bases(w);
	w->want = pool_stats(w->pool);
	return w;
}

static void one_call(struct pool_model *w, bool filling)
{
	unsigned int chance = random_below(&w->rnd, 100);
	bool more;

	if (chance < w->stressor->trims) {
		buddy_pool_trim(w->pool);
		return;
	}
	if (chance < w->stressor->trims + w->stressor->wrong) {
		do_wrong(w);
		return;
	}
	more = random_below(&w->rnd, 100) < w->stressor->allocs;
	if (!w->nr_live || more == filling)
		do_alloc(w);
	else if (random_below(&w->rnd, 3))
		do_free_range(w);
	else
		do_free_block(w);
}

static void buddy_random(struct kunit *test)
{
	struct pool_model *w = model_make(test, test->param_value);
	/* As many calls as it takes to go from empty to full and back, several times. */
	unsigned int i, nr = param_value_of(ops), phase = 500;

	for (i = 0; i < nr; i++) {
		one_call(w, i / phase % 2 == 0);
		if (i % w->stressor->check_every == 0)
			expect_model(w);
		if (i % 64 == 0)
			cond_resched();
	}
	expect_model(w);
	kunit_info(test, "%llu allocs, %llu failed, %llu frees, %llu refused\n", w->want.allocs,
		   w->want.failed_allocs, w->want.frees, w->want.bad_frees);
	while (w->nr_live)
		do_free_range(w);
	expect_model(w);
	KUNIT_EXPECT_EQ(test, pool_stats(w->pool).free_bytes, pool_stats(w->pool).held_bytes);
	buddy_pool_trim(w->pool);
	if (w->stressor->arenas_stay)
		KUNIT_EXPECT_EQ(test, pool_stats(w->pool).largest_free,
				PAGE_SIZE << w->stressor->arena_order);
	else
		KUNIT_EXPECT_EQ(test, pool_stats(w->pool).held_bytes, 0);
}

static struct kunit_case pool_random_cases[] = {
	KUNIT_CASE_PARAM(buddy_random, stressor_gen_params),
	{}
};

DUALTREE_SUITE(pool_random, "the page pool: random calls against an oracle");
