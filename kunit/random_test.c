// SPDX-License-Identifier: GPL-2.0
/*
 * Random allocations and partial frees, checked byte by byte.
 *
 * Alone on a CPU, against an oracle that knows of every byte whether it is live and what is
 * in it: a free that may succeed must, one that may not must be refused and change nothing,
 * and the counts must agree at every check. A range that can grow in place must, and one that
 * cannot must not. Several threads are in random_threads_test.c.
 *
 * With the same seed the same things happen again.
 */
#include "fixtures/oracle_setups.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

static uint ops = 100000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations of the first test; the others make fewer");

static uint check_every = 2500;
module_param(check_every, uint, 0444);
MODULE_PARM_DESC(check_every, "operations from one check of everything to the next");

/**
 * struct run - one test alone on a CPU
 * @test: the test
 * @o: what should be
 * @bad: frees that were refused, as they should
 * @failed: allocations that failed
 * @spans: frees of the end of one allocation and the start of the next
 * @grown: ranges that have grown in place
 * @moved: ranges that could not, and were moved
 * @zero: __GFP_ZERO if all memory is to be clear, whatever is asked for
 */
struct run {
	struct kunit *test;
	struct oracle *o;
	u64 grown;
	u64 moved;
	gfp_t zero;
	u64 bad;
	u64 failed;
	u64 spans;
};

/* An object that is in use, looked for from a random place on. There is one. */
static struct oracle_object *any_object(struct oracle *o)
{
	unsigned int i = random_below(&o->rnd, ORACLE_OBJECTS);

	while (!o->objects[i].ptr)
		i = (i + 1) % ORACLE_OBJECTS;
	return &o->objects[i];
}

/* One that is not in use. There is one. */
static struct oracle_object *free_object(struct oracle *o)
{
	struct oracle_object *object = o->objects;

	while (object->ptr)
		object++;
	return object;
}

/* Now and then memory is to be clear. */
static gfp_t any_gfp(struct run *run)
{
	return GFP_KERNEL | (random_below(&run->o->rnd, 8) ? 0 : __GFP_ZERO);
}

/* An allocation has been made, or has failed. */
static void allocated(struct run *run, u8 *ptr, size_t size, gfp_t gfp)
{
	if (!ptr) {
		run->failed++;
		return;
	}
	if ((gfp | run->zero) & __GFP_ZERO)
		KUNIT_ASSERT_TRUE(run->test, all_bytes(ptr, 0, size));
	dt_oracle_enter(run->o, free_object(run->o), ptr, size);
}

static void do_alloc(struct run *run)
{
	struct oracle *o = run->o;
	size_t size = dt_oracle_size(&o->rnd);
	gfp_t gfp = any_gfp(run);

	allocated(run, dualtree_alloc(o->dt, size, gfp), size, gfp);
}

static void do_alloc_aligned(struct run *run)
{
	struct oracle *o = run->o;
	size_t size = dt_oracle_size(&o->rnd), align = 1 << random_below(&o->rnd, 17);
	gfp_t gfp = any_gfp(run);
	u8 *ptr = dualtree_alloc_aligned(o->dt, size, align, gfp);

	KUNIT_ASSERT_TRUE(run->test, IS_ALIGNED((unsigned long)ptr, align));
	allocated(run, ptr, size, gfp);
}

#define BULK	40

static void do_alloc_bulk(struct run *run)
{
	struct oracle *o = run->o;
	size_t size = 1 + random_below(&o->rnd, 700);
	unsigned int nr = 1 + random_below(&o->rnd, BULK), got, i;
	gfp_t gfp = any_gfp(run);
	void *ptrs[BULK];

	nr = min(nr, ORACLE_OBJECTS - o->nr);
	got = dualtree_alloc_bulk(o->dt, size, gfp, nr, ptrs);
	KUNIT_ASSERT_LE(run->test, got, nr);
	run->failed += got < nr;
	for (i = 0; i < got; i++)
		allocated(run, ptrs[i], size, gfp);
}

/* Some way to make new objects. */
static void do_make(struct run *run)
{
	u32 kind = random_below(&run->o->rnd, 16);

	if (kind < 3)
		do_alloc_aligned(run);
	else if (kind == 3)
		do_alloc_bulk(run);
	else
		do_alloc(run);
}

static void free_range(struct run *run, struct oracle_object *object, size_t start, size_t end)
{
	KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(object, start, end));
	KUNIT_ASSERT_EQ(run->test, dualtree_free(run->o->dt, object->ptr + start, end - start), 0);
	dt_oracle_leave(run->o, object, start, end);
}

/* All of a live run, or its front, its tail, its middle. */
static void do_free(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *object = any_object(o);
	u32 kind = random_below(&o->rnd, 8);
	size_t start, end;

	dt_oracle_run_at(object, random_below(&o->rnd, object->size), &start, &end);
	if (kind == 1 || kind == 2)
		end = min_t(size_t, end, start + 1 + random_below(&o->rnd, 1500));
	if (kind == 2 || kind == 3)
		start += random_below(&o->rnd, end - start);
	if (kind == 0)
		end = start + 1 + random_below(&o->rnd, end - start);
	free_range(run, object, start, end);
}

static void do_free_all(struct run *run)
{
	struct oracle_object *object = any_object(run->o);
	size_t start = 0, end;

	while (object->ptr && dt_oracle_run(object, &start, &end))
		free_range(run, object, start, end);
}

/* Runs of several objects in one call, with a wrong one or none among them, now and then. */
static void do_free_bulk(struct run *run)
{
	struct oracle *o = run->o;
	struct dualtree_range ranges[BULK + 1];
	unsigned int i, nr = min_t(unsigned int, o->nr, 1 + random_below(&o->rnd, BULK));
	unsigned int wrong = random_below(&o->rnd, 2 * BULK);
	size_t start, end;

	for (i = 0; i < nr; i++) {
		struct oracle_object *object = any_object(o);

		dt_oracle_run_at(object, random_below(&o->rnd, object->size), &start, &end);
		KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(object, start, end));
		ranges[i] = (struct dualtree_range){ object->ptr + start, end - start };
		dt_oracle_leave(o, object, start, end);
		nr = min(nr, i + 1 + o->nr);
	}
	ranges[nr] = (struct dualtree_range){ NULL, 100 };
	if (wrong < nr) {
		ranges[nr] = ranges[wrong];
		ranges[wrong] = (struct dualtree_range){ o, 1 };
		run->bad++;
	}
	KUNIT_ASSERT_EQ(run->test, dualtree_free_bulk(o->dt, ranges, nr + 1),
			wrong < nr ? -EINVAL : 0);
}

/* A live run of an object, and the end it is to have. */
struct change {
	struct oracle_object *object;
	size_t start;
	size_t end;
	size_t new_end;
};

/* Return: false if the oracle has no contents for that. */
static bool any_change(struct oracle *o, struct change *c)
{
	u32 kind = random_below(&o->rnd, 4);

	c->object = any_object(o);
	dt_oracle_run_at(c->object, random_below(&o->rnd, c->object->size), &c->start, &c->end);
	if (kind == 0)
		c->new_end = c->start + 1 + random_below(&o->rnd, c->end - c->start);
	else
		c->new_end = c->end + 1 + random_below(&o->rnd, kind == 1 ? 64 : 1500);
	return c->new_end <= ORACLE_SIZE_MAX &&
	       dt_oracle_has(o->table, c->object->contents, c->new_end);
}

/* Can a run grow where it lies? Nothing else is live in the granules that it grows into. */
static bool can_grow(struct oracle *o, const struct change *c)
{
	const u8 *end = c->object->ptr + c->end, *new_end = c->object->ptr + c->new_end;
	size_t in_last = (unsigned long)end % DT_GRANULE;
	const u8 *granule = PTR_ALIGN(end, DT_GRANULE);

	if (!dualtree_owns(o->dt, c->object->ptr + c->start, c->new_end - c->start))
		return false;
	if (in_last && *dt_oracle_count(o, end) != min(in_last, c->end - c->start))
		return false;
	for (; granule < new_end; granule += DT_GRANULE)
		if (*dt_oracle_count(o, granule))
			return false;
	return true;
}

/* In place, exactly if it can be. */
static void do_extend(struct run *run)
{
	struct oracle *o = run->o;
	struct change c;
	bool can;
	u8 *ptr;

	if (!any_change(o, &c))
		return;
	ptr = c.object->ptr + c.start;
	can = c.new_end <= c.end || can_grow(o, &c);
	KUNIT_ASSERT_EQ_MSG(run->test, dualtree_extend(o->dt, ptr, c.end - c.start,
						       c.new_end - c.start), can,
			    "%zu to %zu bytes at 0x%lx", c.end - c.start, c.new_end - c.start,
			    (unsigned long)ptr);
	if (!can || c.new_end <= c.end)
		return;
	KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(c.object, c.start, c.end));
	if (run->zero)
		KUNIT_ASSERT_TRUE(run->test, all_bytes(c.object->ptr + c.end, 0,
						       c.new_end - c.end));
	dt_oracle_grow(o, c.object, c.end, c.new_end);
	run->grown++;
}

/* A run has been moved: it is an object of its own now. */
static void moved(struct run *run, const struct change *c, u8 *ptr)
{
	struct oracle *o = run->o;
	const u8 *contents = c->object->contents + c->start;
	struct oracle_object *object = free_object(o);

	KUNIT_ASSERT_EQ(run->test, memcmp(ptr, contents, c->end - c->start), 0);
	dt_oracle_leave(o, c->object, c->start, c->end);
	dt_oracle_enter(o, object, ptr, c->new_end - c->start);
	object->contents = contents;
	memcpy(ptr, contents, object->size);
	run->moved++;
}

/* In place exactly if it can be, or else moved. */
static void do_realloc(struct run *run)
{
	struct oracle *o = run->o;
	gfp_t gfp = any_gfp(run);
	size_t old, new;
	struct change c;
	u8 *was, *ptr;
	bool can;

	if (o->nr == ORACLE_OBJECTS || !any_change(o, &c))
		return;
	was = c.object->ptr + c.start;
	old = c.end - c.start;
	new = c.new_end - c.start;
	can = new <= old || can_grow(o, &c);
	ptr = dualtree_realloc(o->dt, was, old, new, gfp);
	if (can)
		KUNIT_ASSERT_PTR_EQ(run->test, ptr, was);
	if (ptr && new > old && (gfp | run->zero) & __GFP_ZERO)
		KUNIT_ASSERT_TRUE(run->test, all_bytes(ptr + old, 0, new - old));
	if (!ptr) {
		run->failed++;
		KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(c.object, c.start, c.end));
	} else if (ptr != was) {
		moved(run, &c, ptr);
	} else if (new > old) {
		dt_oracle_grow(o, c.object, c.end, c.new_end);
		KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(c.object, c.start, c.new_end));
		run->grown++;
	} else if (new < old) {
		dt_oracle_leave(o, c.object, c.new_end, c.end);
	}
}

/* Must be refused with @err, and change nothing. */
static void free_refused(struct run *run, const u8 *ptr, size_t len, int err)
{
	struct dualtree_stats before = stats_of(run->o->dt), after;

	KUNIT_ASSERT_EQ_MSG(run->test, dualtree_free(run->o->dt, ptr, len), err,
			    "%zu bytes at 0x%lx", len, (unsigned long)ptr);
	after = stats_of(run->o->dt);
	before.bad_frees++;
	run->bad++;
	KUNIT_ASSERT_TRUE(run->test, stats_equal(&before, &after));
}

/* Some of these bytes are free; or not the instance's any more, if their region is gone. */
static void free_freed(struct run *run, const u8 *ptr, size_t len)
{
	free_refused(run, ptr, len, dualtree_owns(run->o->dt, ptr, len) ? -EALREADY : -EINVAL);
}

/*
 * Some range of an object and of the slack after it, of which some bytes are free. Where an object
 * has been freed, other objects may be live by now.
 */
static void do_bad(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *object = any_object(o);
	size_t slack_end = granule_bytes(object->size);
	size_t start = random_below(&o->rnd, slack_end);
	size_t end = start + 1 + random_below(&o->rnd, slack_end - start);

	if (!dt_oracle_may_free(o, object->ptr + start, end - start))
		free_freed(run, object->ptr + start, end - start);
	else if (end - start > SZ_1K)
		free_refused(run, object->ptr + start, dualtree_max_size(o->dt) + 1, -EINVAL);
}

/* A free, and the same once more. */
static void do_twice(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *object = any_object(o);
	size_t start = 0, end, len;
	u8 *ptr;

	dt_oracle_run(object, &start, &end);
	ptr = object->ptr + start;
	len = end - start;
	free_range(run, object, start, end);
	/* Bytes of a granule in which others live may be freed in their stead: known. */
	if (dt_oracle_may_free(o, ptr, len))
		return;
	free_freed(run, ptr, len);
}

/* The object that begins where another one ends, if both bytes there are live. */
static struct oracle_object *neighbour(struct oracle *o, const struct oracle_object *low)
{
	struct oracle_object *high;

	if (low->size % DT_GRANULE || !test_bit(low->size - 1, low->map))
		return NULL;
	for (high = o->objects; high < o->objects + ORACLE_OBJECTS; high++)
		if (high->ptr == low->ptr + low->size)
			return test_bit(0, high->map) ? high : NULL;
	return NULL;
}

/* From within one object into the next, in one call. */
static void do_span(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *low = any_object(o), *high = neighbour(o, low);
	size_t start, end;

	if (!high)
		return;
	start = find_last_bit(low->map, low->size);
	while (start && test_bit(start - 1, low->map) && random_below(&o->rnd, 300))
		start--;
	end = find_next_zero_bit(high->map, high->size, 0);
	end = 1 + random_below(&o->rnd, end);
	KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(low, start, low->size));
	KUNIT_ASSERT_TRUE(run->test, dt_oracle_intact(high, 0, end));
	if (!dualtree_owns(o->dt, low->ptr + start, low->size - start + end)) {
		/* The two lie in adjacent regions. */
		free_refused(run, low->ptr + start, low->size - start + end, -EINVAL);
		return;
	}
	KUNIT_ASSERT_EQ(run->test, 0, dualtree_free(o->dt, low->ptr + start,
						    low->size - start + end));
	dt_oracle_leave(o, low, start, low->size);
	dt_oracle_leave(o, high, 0, end);
	run->spans++;
}

static void check_all(struct run *run)
{
	struct oracle *o = run->o;
	struct dualtree_stats stats = stats_of(o->dt);
	struct oracle_object *object;

	KUNIT_ASSERT_EQ(run->test, stats.live_bytes, o->live);
	KUNIT_ASSERT_EQ(run->test, stats.bad_frees, run->bad);
	KUNIT_ASSERT_EQ(run->test, stats.failed_allocs, run->failed);
	KUNIT_ASSERT_TRUE(run->test, dualtree_check(o->dt));
	for (object = o->objects; object < o->objects + ORACLE_OBJECTS; object++)
		if (object->ptr)
			KUNIT_ASSERT_TRUE(run->test, dt_oracle_all_intact(object));
}

/* Now many objects, now few, so that regions come and go. */
static void step(struct run *run, unsigned int op)
{
	unsigned int target = op / 4096 % 3 ? ORACLE_OBJECTS - 20 : 30;
	struct oracle *o = run->o;
	u32 kind = random_below(&o->rnd, 32);

	if (!o->nr || (o->nr < ORACLE_OBJECTS && random_below(&o->rnd, 2 * target) >= o->nr))
		do_make(run);
	else if (kind < 3)
		do_bad(run);
	else if (kind < 5)
		do_twice(run);
	else if (kind < 9)
		do_span(run);
	else if (kind < 13)
		do_free_all(run);
	else if (kind < 17)
		do_extend(run);
	else if (kind < 20)
		do_realloc(run);
	else if (kind < 21)
		do_free_bulk(run);
	else
		do_free(run);
	/* Cuts the ends off regions. */
	if (!random_below(&o->rnd, 500))
		dualtree_shrink(o->dt);
}

static void random_alone(struct kunit *test)
{
	const struct dualtree_params *params = test->param_value;
	unsigned int nr = param_value_of(ops), every = param_value_of(check_every), op;
	struct run run = { .test = test };
	u32 first_seed = random_seed(test, param_value_of(seed));

	/* From the shared heap as long as it is small, or never. */
	dt_test_shared_calls(test, first_seed & 2 ? UINT_MAX : 0);
	if (params != setups)
		nr /= 4;
	if (params->flags & DUALTREE_ZERO)
		run.zero = __GFP_ZERO;
	run.o = dt_oracle_create(test, dt_test_instance(test, params), first_seed);
	for (op = 0; op < nr; op++) {
		step(&run, op);
		if (op % every == 0)
			check_all(&run);
	}
	check_all(&run);
	kunit_info(test, "%llu refused, %llu failed, %llu spanning, %llu grown, %llu moved\n",
		   run.bad, run.failed, run.spans, run.grown, run.moved);
	while (run.o->nr)
		do_free_all(&run);
	/* Or this has not shown what it says. */
	if (nr >= 20000) {
		KUNIT_EXPECT_GT(test, run.bad, 0);
		KUNIT_EXPECT_GT(test, run.spans, 0);
		KUNIT_EXPECT_GT(test, run.grown, 0);
		KUNIT_EXPECT_GT(test, run.moved, 0);
		KUNIT_EXPECT_EQ(test, run.failed > 0, params->limit > 0);
	}
	dt_expect_drained(test, run.o->dt);
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE_PARAM(random_alone, setup_gen_params),
	{}
};

DUALTREE_SUITE(random, "random calls, against a byte-exact oracle");
