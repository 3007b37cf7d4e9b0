// SPDX-License-Identifier: GPL-2.0
/*
 * KASAN: exactly the free bytes of a region are poisoned, after partial frees as after whole
 * ones.
 *
 * A model of the region has a map of live bytes and, for each grain of 8 bytes, the number of bytes
 * at its start that may be accessed, which is all that the shadow can say. A byte that is freed
 * stays accessible while later bytes of its grain are. After each step all of the region's shadow
 * is compared, but for what the allocator itself keeps in free memory: nodes, tags and links.
 * Without KASAN contents alone are compared.
 */
#include "../compat/kasan.h"
#include "../dualtree/cache.h"
#include "../dualtree/heap.h"
#include "../dualtree/remote.h"
#include "fixtures/random.h"
#include "fixtures/region_model.h"
#include "fixtures/setups.h"

#define REGION_ORDER	2
#define REGION_BYTES	(PAGE_SIZE << REGION_ORDER)
#define GRAIN		8
#define NR_GRAINS	(REGION_BYTES / GRAIN)
#define RUNS_MAX	64

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random case; 0: pick one");

/* Each byte of the region is compared after each; KCSAN looks at every one. */
static uint ops = IS_ENABLED(CONFIG_KCSAN) ? 400 : 4000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "random operations");

/* A run of live bytes. */
struct live_run {
	size_t at;
	size_t len;
};

/**
 * struct watch - an instance with one region, and what may be touched of it
 * @dt: the instance
 * @region: its only region
 * @base: of the region
 * @live: is a byte live?
 * @open: how many bytes at the start of a grain may be touched
 * @own: is there something of the allocator's own in a grain that is free?
 * @runs: all live bytes
 * @nr: how many
 */
struct watch {
	struct dualtree *dt;
	struct dt_region *region;
	u8 *base;
	bool live[REGION_BYTES];
	u8 open[NR_GRAINS];
	bool own[NR_GRAINS];
	struct live_run runs[RUNS_MAX];
	unsigned int nr;
};

static void own_bytes(struct watch *w, const void *addr, size_t bytes)
{
	size_t i, at = addr - (void *)w->base;

	for (i = at / GRAIN; i < DIV_ROUND_UP(at + bytes, GRAIN); i++)
		w->own[i] = true;
}

static void own_blocks(struct watch *w, const struct dt_quick_list *list)
{
	const struct dt_cached *block = list->first;
	unsigned int left;

	for (left = list->depth; left; left--, block = block->next)
		if (region_of(block) == w->region)
			own_bytes(w, block, sizeof(*block));
}

/* What the allocator has put into free memory. */
static void find_own(struct watch *w)
{
	struct dt_heap *heap = w->region->heap;
	const struct dt_extent_tree *free = &w->region->free;
	unsigned int i, last;

	memset(w->own, 0, sizeof(w->own));
	for (last = extent_next(free, 0); last != EXTENT_NONE; last = extent_next(free, last + 1))
		own_bytes(w, extent_node(free, last), sizeof(struct dt_extent));
	for (i = 0; i < QUICK_LISTS && heap->quick; i++)
		own_blocks(w, &heap->quick->lists[i]);
}

#ifdef CONFIG_KASAN_GENERIC

/* Does the shadow of a grain say so? Poisoned is whatever is negative. */
static bool grain_is(const struct watch *w, size_t i)
{
	s8 shadow = *dt_shadow(w->base + i * GRAIN);

	if (!w->open[i])
		return shadow < 0;
	return shadow == (w->open[i] == GRAIN ? 0 : w->open[i]);
}

static int shadow_of(const struct watch *w, size_t i)
{
	return (s8)*dt_shadow(w->base + i * GRAIN);
}

#else

static bool grain_is(const struct watch *w, size_t i)
{
	return true;
}

static int shadow_of(const struct watch *w, size_t i)
{
	return 0;
}

#endif

/* All of the region: what is live may be touched and is as it was, the rest is as it is. */
static void watch_check(struct kunit *test, struct watch *w)
{
	size_t i;

	find_own(w);
	for (i = 0; i < NR_GRAINS; i++) {
		if (w->own[i])
			KUNIT_ASSERT_EQ(test, w->open[i], 0);
		else
			KUNIT_ASSERT_TRUE_MSG(test, grain_is(w, i), "byte %zu: %d, may be %d",
					      i * GRAIN, shadow_of(w, i), w->open[i]);
	}
	for (i = 0; i < REGION_BYTES; i++) {
		if (!w->live[i])
			continue;
		KUNIT_ASSERT_LT(test, i % GRAIN, w->open[i / GRAIN]);
		KUNIT_ASSERT_EQ(test, w->base[i], fill_byte(i));
	}
}

/* Bytes from @at to @end are live now, and what follows in the last granule is not. */
static void go_live(struct watch *w, size_t at, size_t end)
{
	size_t i;

	for (i = at; i < end; i++) {
		w->live[i] = true;
		w->base[i] = fill_byte(i);
	}
	for (i = at / GRAIN; i < ALIGN(end, DT_GRANULE) / GRAIN; i++)
		w->open[i] = i * GRAIN < end ? min_t(size_t, end - i * GRAIN, GRAIN) : 0;
}

static bool granule_dead(const struct watch *w, size_t granule)
{
	return !memchr_inv(w->live + granule * DT_GRANULE, false, DT_GRANULE);
}

static void go_dead(struct watch *w, size_t at, size_t end)
{
	size_t i, from, to;

	memset(w->live + at, false, end - at);
	for (i = at / GRAIN; i < DIV_ROUND_UP(end, GRAIN); i++) {
		from = max(at, i * GRAIN) - i * GRAIN;
		to = min(end - i * GRAIN, (size_t)GRAIN);
		/* It ends at the last byte that may be accessed, or after it. */
		if (to >= w->open[i] && from < w->open[i])
			w->open[i] = from;
	}
	for (i = at / DT_GRANULE; i < DIV_ROUND_UP(end, DT_GRANULE); i++)
		if (granule_dead(w, i))
			memset(w->open + i * DT_GRANULE / GRAIN, 0, DT_GRANULE / GRAIN);
}

static struct watch *watch_create(struct kunit *test)
{
	struct watch *w = dt_test_zalloc(test, sizeof(*w));

	w->dt = setup_instance(test, .pool = dt_test_small_pool(test, 0), .limit = REGION_BYTES,
			       .min_region_order = REGION_ORDER, .max_region_order = REGION_ORDER);
	/* Something stays live in it, or it would be given back. */
	w->base = dt_must_alloc(test, w->dt, REGION_BYTES);
	w->region = region_of(w->base);
	go_live(w, 0, REGION_BYTES);
	watch_check(test, w);
	return w;
}

static struct watch *watch_create_or_skip(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "this kernel has no KASAN");
	return watch_create(test);
}

/* Return: where it is; REGION_BYTES if there is no room. */
static size_t watch_alloc(struct kunit *test, struct watch *w, size_t size, size_t align)
{
	u8 *ptr = align ? dualtree_alloc_aligned(w->dt, size, align, GFP_KERNEL) :
			  dualtree_alloc(w->dt, size, GFP_KERNEL);
	size_t i;

	if (!ptr)
		return REGION_BYTES;
	for (i = ptr - w->base; i < ptr - w->base + size; i++)
		KUNIT_ASSERT_FALSE(test, w->live[i]);
	go_live(w, ptr - w->base, ptr - w->base + size);
	watch_check(test, w);
	return ptr - w->base;
}

static void watch_free(struct kunit *test, struct watch *w, size_t at, size_t len)
{
	KUNIT_ASSERT_EQ(test, dualtree_free(w->dt, w->base + at, len), 0);
	go_dead(w, at, at + len);
	watch_check(test, w);
}

/* Return: did it grow? */
static bool watch_extend(struct kunit *test, struct watch *w, size_t at, size_t len,
			 size_t new_len)
{
	bool grown = dualtree_extend(w->dt, w->base + at, len, new_len);

	if (grown) {
		go_live(w, at + len, at + new_len);
		/* The grain that it ended in is open from its start. */
		if ((at + len) % GRAIN)
			w->open[(at + len) / GRAIN] =
				min_t(size_t, at + new_len - ALIGN_DOWN(at + len, GRAIN), GRAIN);
	}
	watch_check(test, w);
	return grown;
}

static void watch_free_elsewhere(struct kunit *test, struct watch *w, size_t at, size_t len)
{
	unsigned int other = dt_other_cpu(test, raw_smp_processor_id());

	KUNIT_ASSERT_EQ(test, dt_free_on(other, w->dt, w->base + at, len), 0);
	go_dead(w, at, at + len);
	watch_check(test, w);
}

/* In two parts, cut at every byte, in both orders; and all sizes that a granule can end in. */
static void kasan_cuts(struct kunit *test)
{
	struct watch *w = watch_create_or_skip(test);
	size_t cut, at;

	watch_free(test, w, 1024, 2048);
	for (cut = 1; cut < 200; cut++) {
		at = watch_alloc(test, w, 200, 0);
		watch_free(test, w, at, cut);
		watch_free(test, w, at + cut, 200 - cut);
		at = watch_alloc(test, w, cut, 0);
		watch_free(test, w, at, cut);
		at = watch_alloc(test, w, 200, 0);
		watch_free(test, w, at + cut, 200 - cut);
		watch_free(test, w, at, cut);
	}
}

/* The middle first, then what is left of it on either side. */
static void kasan_middles(struct kunit *test)
{
	struct watch *w = watch_create_or_skip(test);
	size_t from, to, at;

	watch_free(test, w, 1024, 2048);
	for (from = 1; from < 80; from += 3) {
		for (to = from + 1; to < 140; to += 11) {
			at = watch_alloc(test, w, 140, 0);
			watch_free(test, w, at + from, to - from);
			watch_free(test, w, at + (to & 1 ? 0 : to), to & 1 ? from : 140 - to);
			watch_free(test, w, at + (to & 1 ? to : 0), to & 1 ? 140 - to : from);
		}
	}
}

/* Extents that come to touch: the nodes and tags that are needed no more are poisoned. */
static void kasan_merges(struct kunit *test)
{
	struct watch *w = watch_create_or_skip(test);
	size_t i, g, at = 1024;

	for (i = 0; i < 8; i++) {
		/* Every other one of 16 runs of i + 1 granules, then those between. */
		size_t run = (i + 1) * DT_GRANULE;

		for (g = 0; g < 8; g++)
			watch_free(test, w, at + 2 * g * run, run);
		for (g = 8; g-- > 0; )
			watch_free(test, w, at + (2 * g + 1) * run, run);
		at = watch_alloc(test, w, 16 * run, 0);
		KUNIT_ASSERT_EQ(test, at, 1024);
	}
}

/* Added bytes may be accessed, to the byte; bytes that are freed again may not. */
static void kasan_extends(struct kunit *test)
{
	struct watch *w = watch_create_or_skip(test);
	size_t from, to;

	for (from = 1; from < 140; from += 5) {
		for (to = from + 1; to < 300; to += 23) {
			watch_free(test, w, 1024 + from, 512 - from);
			KUNIT_EXPECT_TRUE(test, watch_extend(test, w, 1024, from, to));
			KUNIT_EXPECT_FALSE(test, watch_extend(test, w, 1024, to, 513));
			KUNIT_EXPECT_TRUE(test, watch_extend(test, w, 1024, to, 512));
		}
	}
}

/* A run in flight is poisoned but for its link; when it is drained the link is poisoned too. */
static void kasan_remote(struct kunit *test)
{
	struct watch *w = watch_create_or_skip(test);
	size_t i, at;

	for (i = 0; i < 20; i++) {
		watch_free_elsewhere(test, w, 1000 + 200 * i, 100);
		watch_free_elsewhere(test, w, 1100 + 200 * i, 31);
		watch_free(test, w, 1131 + 200 * i, 69);
	}
	at = watch_alloc(test, w, 3900, 0);
	KUNIT_ASSERT_LT(test, at, REGION_BYTES);
	watch_free_elsewhere(test, w, at, 3900);
	at = watch_alloc(test, w, 2000, 0);
	KUNIT_ASSERT_LT(test, at, REGION_BYTES);
}

/* Pages that go back to the pool may be accessed by their next owner. */
static void kasan_region_goes_back(struct kunit *test)
{
	struct watch *w = watch_create_or_skip(test);
	size_t i;

	watch_free(test, w, 100, 3000);
	watch_free(test, w, 0, 100);
	KUNIT_EXPECT_EQ(test, dualtree_free(w->dt, w->base + 3100, REGION_BYTES - 3100), 0);
	KUNIT_EXPECT_EQ(test, dualtree_shrink(w->dt), REGION_BYTES);
	memset(w->open, GRAIN, sizeof(w->open));
	for (i = 0; i < NR_GRAINS; i++)
		KUNIT_ASSERT_TRUE(test, grain_is(w, i));
}

static void run_add(struct watch *w, size_t at, size_t len)
{
	if (len)
		w->runs[w->nr++] = (struct live_run){ at, len };
}

static void random_free(struct kunit *test, struct watch *w, struct rnd_state *rnd)
{
	unsigned int i = random_below(rnd, w->nr);
	struct live_run was = w->runs[i];
	size_t start = random_below(rnd, 2) ? 0 : random_below(rnd, was.len);
	size_t end = was.len;

	if (random_below(rnd, 2))
		end = start + 1 + random_below(rnd, was.len - start);
	if (w->nr + 2 > RUNS_MAX) {
		start = 0;
		end = was.len;
	}
	if (random_below(rnd, 4))
		watch_free(test, w, was.at + start, end - start);
	else
		watch_free_elsewhere(test, w, was.at + start, end - start);
	w->runs[i] = w->runs[--w->nr];
	run_add(w, was.at, start);
	run_add(w, was.at + end, was.len - end);
}

static void random_extend(struct kunit *test, struct watch *w, struct rnd_state *rnd)
{
	struct live_run *p = &w->runs[random_below(rnd, w->nr)];
	size_t len = p->len + 1 + random_below(rnd, random_below(rnd, 2) ? 8 : 300);

	if (watch_extend(test, w, p->at, p->len, len))
		p->len = len;
}

static void random_alloc(struct kunit *test, struct watch *w, struct rnd_state *rnd)
{
	size_t size = 1 + random_below(rnd, random_below(rnd, 3) ? 200 : 1500);
	size_t align = random_below(rnd, 4) ? 0 : 128 << random_below(rnd, 3);
	size_t at;

	if (w->nr == RUNS_MAX)
		return;
	at = watch_alloc(test, w, size, align);
	if (at < REGION_BYTES)
		run_add(w, at, size);
}

/* All of it in random order. Without KASAN too: then it is contents that are compared. */
static void kasan_random(struct kunit *test)
{
	struct watch *w = watch_create(test);
	struct rnd_state rnd;
	unsigned int i, kind, nr = param_value_of(ops);

	prandom_seed_state(&rnd, random_seed(test, param_value_of(seed)));
	run_add(w, 0, REGION_BYTES);
	for (i = 0; i < nr; i++) {
		kind = random_below(&rnd, 8);
		if (kind < 3)
			random_alloc(test, w, &rnd);
		else if (kind < 5 && w->nr)
			random_extend(test, w, &rnd);
		else if (w->nr > 1 || (w->nr && w->runs[0].len > 2000))
			random_free(test, w, &rnd);
		cond_resched();
	}
	KUNIT_EXPECT_TRUE(test, dualtree_check(w->dt));
	KUNIT_EXPECT_EQ(test, stats_of(w->dt).bad_frees, 0);
	KUNIT_EXPECT_EQ(test, stats_of(w->dt).region_gets, 1);
}

static struct kunit_case kasan_cases[] = {
	KUNIT_CASE_PARAM(kasan_cuts, setup_gen_params),
	KUNIT_CASE_PARAM(kasan_middles, setup_gen_params),
	KUNIT_CASE_PARAM(kasan_merges, setup_gen_params),
	KUNIT_CASE_PARAM(kasan_extends, setup_gen_params),
	KUNIT_CASE_PARAM(kasan_remote, setup_gen_params),
	KUNIT_CASE_PARAM(kasan_region_goes_back, setup_gen_params),
	KUNIT_CASE_PARAM(kasan_random, setup_gen_params),
	{}
};

DUALTREE_SUITE(kasan, "what KASAN is told");
