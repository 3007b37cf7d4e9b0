// SPDX-License-Identifier: GPL-2.0
/*
 * Any limit, any CPU: what an allocation must get, by a model that knows what lives where.
 *
 *	a request of r bytes,	must get it where a region for it, of R bytes, fits
 *	blocking		in the limit less the regions in which something lives
 *	atomic			in the limit less what is held, if the spare that it can return
 *				is returned: its CPU's or the shared heap's
 *
 * Elsewhere it may get what is free in a region that lives. What is held never exceeds the limit.
 *
 * The seed is printed; the same seed repeats a run.
 */
#include <linux/cpumask.h>
#include <linux/prandom.h>
#include "fixtures/instance.h"
#include "fixtures/random.h"
#include "fixtures/scale.h"
#include "fixtures/section.h"
#include "../dualtree/walk.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random calls; 0: pick one");

static uint ops = SLOW_KERNEL ? 500 : 5000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "allocations of each test");

/* Ranges that live at a time. */
#define RANGES		64

/* How a request is made. */
enum way { BLOCKING, ATOMIC, NESTED, NR_WAYS };

/**
 * struct limited - an instance and its ranges
 * @test: whose
 * @dt: the instance
 * @limit: its limit
 * @rnd: where chance comes from
 * @ptrs: ranges that live, or NULL
 * @sizes: their bytes
 * @promised: requests that the model promised memory
 * @refused: others that got none
 */
struct limited {
	struct kunit *test;
	struct dualtree *dt;
	size_t limit;
	struct rnd_state rnd;
	u8 *ptrs[RANGES];
	size_t sizes[RANGES];
	unsigned int promised;
	unsigned int refused;
};

/**
 * struct look - what the heaps have
 * @cpu: the CPU of the request
 * @pinned: bytes of regions in which something lives
 * @spare: bytes of the spares that an atomic request on @cpu can return
 * @shared_spare: that of the shared heap
 * @after: base of the region that was looked at last, or NULL at the start of a heap
 */
struct look {
	int cpu;
	size_t pinned;
	size_t spare;
	size_t shared_spare;
	const void *after;
};

static bool region_lives(const struct dt_region *region)
{
	unsigned int i;

	for (i = 0; i < region->nr; i++)
		if (ledger_live(READ_ONCE(region->ledger[i])))
			return true;
	return false;
}

static bool look_heap(struct dt_heap *heap, int cpu, void *arg)
{
	struct look *look = arg;
	const struct dt_region *region = dt_heap_region_above(heap, look->after);

	if (!look->after && heap->spare && cpu < 0)
		look->shared_spare = heap->spare->bytes;
	else if (!look->after && heap->spare && cpu == look->cpu)
		look->spare = heap->spare->bytes;
	look->after = region ? region->base : NULL;
	if (!region)
		return false;
	if (region_lives(region))
		look->pinned += region->bytes;
	return true;
}

/**
 * struct asking - a request on a CPU
 * @dt: the instance
 * @size: bytes
 * @way: how it is made
 * @ptr: what came of it
 */
struct asking {
	struct dualtree *dt;
	size_t size;
	enum way way;
	void *ptr;
};

static void ask_atomic(void *arg)
{
	struct asking *asking = arg;

	asking->ptr = dualtree_alloc(asking->dt, asking->size, GFP_ATOMIC | __GFP_NOWARN);
}

static int ask_here(void *arg)
{
	struct asking *asking = arg;

	if (asking->way == BLOCKING) {
		asking->ptr = dualtree_alloc(asking->dt, asking->size, GFP_KERNEL);
		return 0;
	}
	if (!has_heap(asking->dt, raw_smp_processor_id())) {
		ask_atomic(asking);
		return 0;
	}
	hold_section(asking->dt);
	ask_atomic(asking);
	release_section(asking->dt);
	return 0;
}

/* Must a request get memory, by what the heaps have? */
static bool promised(struct limited *l, const struct asking *asking, unsigned int cpu)
{
	size_t region = PAGE_SIZE << max_t(unsigned int, get_order(asking->size), l->dt->min_order);
	struct look look = { .cpu = cpu };
	size_t held;

	dt_walk_heaps(l->dt, look_heap, &look);
	held = stats_of(l->dt).held_bytes;
	KUNIT_EXPECT_LE(l->test, held, l->limit);
	if (asking->way == BLOCKING)
		return look.pinned + region <= l->limit;
	if (asking->way == ATOMIC)
		held -= look.spare;
	return held - look.shared_spare + region <= l->limit;
}

/* Small packets, some pages, and now and then as much as the limit. */
static size_t random_size(struct limited *l)
{
	size_t max = min(l->limit, dualtree_max_size(l->dt));

	switch (random_below(&l->rnd, 8)) {
	case 0:
		return 1 + random_below(&l->rnd, max);
	case 1:
	case 2:
		return 1 + random_below(&l->rnd, min_t(size_t, max, 8 * PAGE_SIZE));
	default:
		return 1 + random_below(&l->rnd, 2000);
	}
}

static unsigned int random_cpu(struct limited *l)
{
	unsigned int cpu = cpumask_first(cpu_online_mask), n;

	for (n = random_below(&l->rnd, num_online_cpus()); n; n--)
		cpu = cpumask_next(cpu, cpu_online_mask);
	return cpu;
}

/* A promise is for memory that the kernel has: on PREEMPT_RT it cannot be asked in these. */
static enum way random_way(struct limited *l)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? BLOCKING : random_below(&l->rnd, NR_WAYS);
}

static void range_alloc(struct limited *l, unsigned int at)
{
	struct asking asking = {
		.dt = l->dt, .size = random_size(l), .way = random_way(l),
	};
	unsigned int cpu = random_cpu(l);
	bool must = promised(l, &asking, cpu);

	if (asking.way == ATOMIC)
		smp_call_function_single(cpu, ask_atomic, &asking, true);
	else
		smp_call_on_cpu(cpu, ask_here, &asking, false);
	l->promised += must;
	l->refused += !asking.ptr;
	if (must && !asking.ptr)
		KUNIT_FAIL(l->test, "%zu bytes on CPU %u in way %d, limit %zu, live %zu, held %zu",
			   asking.size, cpu, asking.way, l->limit, stats_of(l->dt).live_bytes,
			   stats_of(l->dt).held_bytes);
	l->ptrs[at] = asking.ptr;
	l->sizes[at] = asking.size;
	if (asking.ptr)
		memset(asking.ptr, at + 1, asking.size);
}

/* Free a range, now and then a part of it first, each on any CPU. */
static void range_free(struct limited *l, unsigned int at)
{
	size_t size = l->sizes[at], first = random_below(&l->rnd, 2) ? size / 3 : 0;
	u8 *ptr = l->ptrs[at];

	KUNIT_EXPECT_TRUE(l->test, all_bytes(ptr, at + 1, size));
	if (first)
		KUNIT_EXPECT_EQ(l->test, dt_free_on(random_cpu(l), l->dt, ptr, first), 0);
	KUNIT_EXPECT_EQ(l->test, dt_free_on(random_cpu(l), l->dt, ptr + first, size - first), 0);
	l->ptrs[at] = NULL;
}

/* Pages of the limit: of one region to many, and not only powers of two. */
static const struct limit_case {
	const char *name;
	unsigned int pages;
} limits[] = {
	{ "1 page", 1 },
	{ "2 pages", 2 },
	{ "5 pages", 5 },
	{ "16 pages", 16 },
	{ "33 pages", 33 },
	{ "100 pages", 100 },
	{ "256 pages", 256 },
};

DUALTREE_NAMED_PARAM(limit, limits);

static void limit_random(struct kunit *test)
{
	const struct limit_case *c = test->param_value;
	struct limited *l = dt_test_zalloc(test, sizeof(*l));
	unsigned int i, at;

	/* Nothing changes between a look and the request. */
	dt_test_idle_ms(test, 0);
	l->test = test;
	l->limit = max_t(size_t, c->pages * PAGE_SIZE, smallest_region());
	l->dt = test_instance(test, .limit = l->limit);
	prandom_seed_state(&l->rnd, random_seed(test, param_value_of(seed)));
	for (i = 0; i < ops; i++) {
		at = random_below(&l->rnd, RANGES);
		if (l->ptrs[at])
			range_free(l, at);
		else
			range_alloc(l, at);
		/* Now and then nearly all goes. */
		for (at = 0; random_below(&l->rnd, 50) == 0 && at < RANGES; at++)
			if (l->ptrs[at] && random_below(&l->rnd, 16))
				range_free(l, at);
	}
	kunit_info(test, "%u promised, %u refused\n", l->promised, l->refused);
	KUNIT_EXPECT_GT(test, l->promised, 0);
	KUNIT_EXPECT_GT(test, l->refused, 0);
	for (at = 0; at < RANGES; at++)
		if (l->ptrs[at])
			range_free(l, at);
	dt_expect_drained(test, l->dt);
}

static struct kunit_case limit_random_cases[] = {
	KUNIT_CASE_PARAM(limit_random, limit_gen_params),
	{}
};

DUALTREE_SUITE(limit_random, "any limit and any CPU, against a model");
