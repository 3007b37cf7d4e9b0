// SPDX-License-Identifier: GPL-2.0
/*
 * Random allocations and partial frees, checked byte by byte.
 *
 * Alone on a CPU, against an oracle that knows of every byte whether it is live and what is
 * in it: a free that may succeed must, one that may not must be refused and change nothing,
 * and the counts must agree at every check. Then by four threads that free parts of each
 * other's memory, where only contents and sums can be checked.
 *
 * With the same seed and on one CPU the same things happen again.
 */
#include <linux/module.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/kunit.h"
#include "oracle.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

static uint ops = 100000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations alone with the defaults; a quarter of them in other tests");

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
 */
struct run {
	struct kunit *test;
	struct oracle *o;
	u64 bad;
	u64 failed;
	u64 spans;
};

static u32 random_seed(struct kunit *test)
{
	u32 chosen = seed ?: get_random_u32();

	kunit_info(test, "seed=%u ops=%u\n", chosen, ops);
	return chosen;
}

/* An object that is in use, looked for from a random place on. There is one. */
static struct oracle_object *any_object(struct oracle *o)
{
	unsigned int i = oracle_below(&o->rnd, ORACLE_OBJECTS);

	while (!o->objects[i].ptr)
		i = (i + 1) % ORACLE_OBJECTS;
	return &o->objects[i];
}

static void do_alloc(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *object = o->objects;
	size_t size = oracle_size(&o->rnd);
	u8 *ptr = dualtree_alloc(o->dt, size, GFP_KERNEL);

	if (!ptr) {
		run->failed++;
		return;
	}
	while (object->ptr)
		object++;
	oracle_enter(o, object, ptr, size);
}

static void free_range(struct run *run, struct oracle_object *object, size_t start, size_t end)
{
	KUNIT_ASSERT_TRUE(run->test, oracle_intact(object, start, end));
	KUNIT_ASSERT_EQ(run->test, dualtree_free(run->o->dt, object->ptr + start, end - start), 0);
	oracle_leave(run->o, object, start, end);
}

/* All of a live run, or its front, its tail, its middle. */
static void do_free(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *object = any_object(o);
	u32 kind = oracle_below(&o->rnd, 8);
	size_t start, end;

	oracle_run_at(object, oracle_below(&o->rnd, object->size), &start, &end);
	if (kind == 1 || kind == 2)
		end = min_t(size_t, end, start + 1 + oracle_below(&o->rnd, 1500));
	if (kind == 2 || kind == 3)
		start += oracle_below(&o->rnd, end - start);
	if (kind == 0)
		end = start + 1 + oracle_below(&o->rnd, end - start);
	free_range(run, object, start, end);
}

static void do_free_all(struct run *run)
{
	struct oracle_object *object = any_object(run->o);
	size_t start = 0, end;

	while (object->ptr && oracle_run(object, &start, &end))
		free_range(run, object, start, end);
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

/*
 * Some range of an object and of the slack behind it, of which some bytes are free. Where an
 * object has been freed, others may live by now.
 */
static void do_bad(struct run *run)
{
	struct oracle *o = run->o;
	struct oracle_object *object = any_object(o);
	size_t slack_end = granule_bytes(object->size);
	size_t start = oracle_below(&o->rnd, slack_end);
	size_t end = start + 1 + oracle_below(&o->rnd, slack_end - start);

	if (!oracle_may_free(o, object->ptr + start, end - start))
		free_refused(run, object->ptr + start, end - start, -EALREADY);
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

	oracle_run(object, &start, &end);
	ptr = object->ptr + start;
	len = end - start;
	free_range(run, object, start, end);
	/* Bytes of a granule in which others live may be freed in their stead: known. */
	if (oracle_may_free(o, ptr, len))
		return;
	/* The region may have gone with it. */
	free_refused(run, ptr, len, dualtree_owns(o->dt, ptr, len) ? -EALREADY : -EINVAL);
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
	while (start && test_bit(start - 1, low->map) && oracle_below(&o->rnd, 300))
		start--;
	end = find_next_zero_bit(high->map, high->size, 0);
	end = 1 + oracle_below(&o->rnd, end);
	KUNIT_ASSERT_TRUE(run->test, oracle_intact(low, start, low->size));
	KUNIT_ASSERT_TRUE(run->test, oracle_intact(high, 0, end));
	if (!dualtree_owns(o->dt, low->ptr + start, low->size - start + end)) {
		/* Two regions lie side by side. */
		free_refused(run, low->ptr + start, low->size - start + end, -EINVAL);
		return;
	}
	KUNIT_ASSERT_EQ(run->test, 0, dualtree_free(o->dt, low->ptr + start,
						    low->size - start + end));
	oracle_leave(o, low, start, low->size);
	oracle_leave(o, high, 0, end);
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
			KUNIT_ASSERT_TRUE(run->test, oracle_all_intact(object));
}

/* Now many objects, now few, so that regions come and go. */
static void step(struct run *run, unsigned int op)
{
	unsigned int target = op / 4096 % 3 ? ORACLE_OBJECTS - 20 : 30;
	struct oracle *o = run->o;
	u32 kind = oracle_below(&o->rnd, 32);

	if (!o->nr || (o->nr < ORACLE_OBJECTS && oracle_below(&o->rnd, 2 * target) >= o->nr))
		do_alloc(run);
	else if (kind < 3)
		do_bad(run);
	else if (kind < 5)
		do_twice(run);
	else if (kind < 9)
		do_span(run);
	else if (kind < 16)
		do_free_all(run);
	else
		do_free(run);
}

static const struct dualtree_params setups[] = {
	{},
	{ .flags = DUALTREE_EXACT_FIT },
	{ .limit = SZ_512K },
	{ .limit = SZ_256K, .min_region_order = 1, .flags = DUALTREE_EXACT_FIT },
};

static void setup_name(const struct dualtree_params *params, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%s, %s",
		 params->flags & DUALTREE_EXACT_FIT ? "exact fit" : "default",
		 params->limit ? "limit" : "no limit");
}

KUNIT_ARRAY_PARAM(setup, setups, setup_name);

static void random_alone(struct kunit *test)
{
	const struct dualtree_params *params = test->param_value;
	unsigned int op, todo = params == setups ? ops : ops / 4;
	struct run run = { .test = test };

	run.o = oracle_create(test, instance_create(test, params), random_seed(test));
	stay_here(test);
	for (op = 0; op < todo; op++) {
		step(&run, op);
		if (op % check_every == 0)
			check_all(&run);
	}
	check_all(&run);
	kunit_info(test, "%llu refused, %llu failed, %llu spanning, %zu live at the end\n",
		   run.bad, run.failed, run.spans, run.o->live);
	while (run.o->nr)
		do_free_all(&run);
	/* Or this has not shown what it says. */
	if (todo >= 20000) {
		KUNIT_EXPECT_GT(test, run.bad, 0);
		KUNIT_EXPECT_GT(test, run.spans, 0);
		KUNIT_EXPECT_EQ(test, run.failed > 0, params->limit > 0);
	}
	expect_drained(test, run.o->dt);
}

#define SHARED_SLOTS	300
#define THREADS		4

/**
 * struct piece - live bytes that are one thread's at a time
 * @ptr: the first
 * @len: how many
 * @contents: what is in them
 */
struct piece {
	u8 *ptr;
	size_t len;
	const u8 *contents;
};

/**
 * struct market - where threads leave pieces for each other
 * @dt: the instance
 * @table: contents
 * @live: live bytes of all pieces
 * @errors: broken contents, frees that failed
 * @slots: pieces; taken and left with one exchange
 */
struct market {
	struct dualtree *dt;
	struct oracle_table *table;
	atomic_long_t live;
	atomic_t errors;
	struct piece *slots[SHARED_SLOTS];
};

struct trader {
	struct market *market;
	struct rnd_state rnd;
	struct work_struct work;
};

static void piece_free(struct market *m, struct piece *p, size_t start, size_t end)
{
	if (start == end)
		return;
	atomic_long_sub(end - start, &m->live);
	if (dualtree_free(m->dt, p->ptr + start, end - start))
		atomic_inc(&m->errors);
}

/* Leave a part of a piece in a slot that is empty; free it if none is found. */
static void piece_leave(struct trader *t, const struct piece *p, size_t start, size_t end)
{
	struct market *m = t->market;
	struct piece *part = kmalloc(sizeof(*part), GFP_KERNEL);
	struct piece part_of = { p->ptr + start, end - start, p->contents + start };
	unsigned int try;

	for (try = 0; part && start < end && try < 4; try++) {
		*part = part_of;
		if (!cmpxchg(&m->slots[oracle_below(&t->rnd, SHARED_SLOTS)], NULL, part))
			return;
	}
	kfree(part);
	piece_free(m, &part_of, 0, end - start);
}

/* Free the middle of a piece, and leave its ends to others: they share granules with it. */
static void piece_use(struct trader *t, struct piece *p)
{
	struct market *m = t->market;
	size_t start = oracle_below(&t->rnd, 2) ? 0 : oracle_below(&t->rnd, p->len);
	size_t end = start + 1 + oracle_below(&t->rnd, p->len - start);

	if (memcmp(p->ptr, p->contents, p->len))
		atomic_inc(&m->errors);
	/* What is left may be taken and freed before this free is made. */
	piece_leave(t, p, 0, start);
	if (oracle_below(&t->rnd, 2))
		piece_leave(t, p, end, p->len);
	else
		end = p->len;
	piece_free(m, p, start, end);
	kfree(p);
}

static void piece_make(struct trader *t)
{
	struct market *m = t->market;
	struct piece p = { .len = oracle_size(&t->rnd) };

	p.ptr = dualtree_alloc(m->dt, p.len, GFP_KERNEL);
	if (!p.ptr)
		return;
	p.contents = oracle_contents(m->table, &t->rnd);
	memcpy(p.ptr, p.contents, p.len);
	atomic_long_add(p.len, &m->live);
	piece_leave(t, &p, 0, p.len);
}

static void trade(struct work_struct *work)
{
	struct trader *t = container_of(work, struct trader, work);
	struct piece *p;
	unsigned int op;

	for (op = 0; op < ops / 16 / THREADS; op++) {
		p = xchg(&t->market->slots[oracle_below(&t->rnd, SHARED_SLOTS)], NULL);
		if (p)
			piece_use(t, p);
		else
			piece_make(t);
		cond_resched();
	}
}

static void random_threads(struct kunit *test)
{
	const struct dualtree_params *params = test->param_value;
	struct market *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct trader *traders = kunit_kcalloc(test, THREADS, sizeof(*traders), GFP_KERNEL);
	u32 chosen = random_seed(test);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, m && traders);
	m->dt = instance_create(test, params);
	m->table = oracle_table_create(test, chosen);
	for (i = 0; i < THREADS; i++) {
		traders[i].market = m;
		prandom_seed_state(&traders[i].rnd, chosen + i);
		INIT_WORK(&traders[i].work, trade);
		queue_work(system_unbound_wq, &traders[i].work);
	}
	for (i = 0; i < THREADS; i++)
		flush_work(&traders[i].work);
	KUNIT_EXPECT_EQ(test, stats_of(m->dt).live_bytes, atomic_long_read(&m->live));
	KUNIT_EXPECT_TRUE(test, dualtree_check(m->dt));
	kunit_info(test, "%llu remote of %llu frees\n", stats_of(m->dt).remote_frees,
		   stats_of(m->dt).frees);
	for (i = 0; i < SHARED_SLOTS; i++) {
		struct piece *p = m->slots[i];

		if (!p)
			continue;
		if (memcmp(p->ptr, p->contents, p->len))
			atomic_inc(&m->errors);
		piece_free(m, p, 0, p->len);
		kfree(p);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&m->errors), 0);
	KUNIT_EXPECT_EQ(test, stats_of(m->dt).bad_frees, 0);
	expect_drained(test, m->dt);
}

static int random_suite_init(struct kunit_suite *suite)
{
	seed = dt_test_param("seed=", seed);
	ops = dt_test_param("ops=", ops);
	check_every = dt_test_param("check_every=", check_every);
	return 0;
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE_PARAM(random_alone, setup_gen_params),
	KUNIT_CASE_PARAM(random_threads, setup_gen_params),
	{}
};

static struct kunit_suite random_suite = {
	.name = "random",
	.suite_init = random_suite_init,
	.test_cases = random_cases,
};

kunit_test_suite(random_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Randomised tests against a byte-exact oracle");
MODULE_LICENSE("GPL");
