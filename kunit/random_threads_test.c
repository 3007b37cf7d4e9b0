// SPDX-License-Identifier: GPL-2.0
/*
 * Random allocations and partial frees by four threads that free, and grow, parts of each
 * other's memory, where only contents and sums can be checked. What one thread does alone is in
 * random_test.c.
 */
#include "fixtures/oracle_setups.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

static uint ops = 50000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations of all threads together");

#define SHARED_SLOTS	300
#define THREADS		4

/**
 * struct live_range - live bytes that are one thread's at a time
 * @ptr: the first
 * @len: how many
 * @contents: what is in them
 */
struct live_range {
	u8 *ptr;
	size_t len;
	const u8 *contents;
};

enum slot_state { SLOT_EMPTY, SLOT_BUSY, SLOT_FULL };

/**
 * struct slot - a place to leave a range in
 * @state: an enum slot_state; who makes it SLOT_BUSY owns the slot
 * @range: valid while the slot is full
 */
struct slot {
	atomic_t state;
	struct live_range range;
};

/**
 * struct market - where threads leave ranges for each other
 * @dt: the instance
 * @table: contents
 * @live: live bytes of all ranges
 * @errors: broken contents, frees that failed
 * @nr_ops: operations of each thread
 * @slots: the ranges
 */
struct market {
	struct dualtree *dt;
	struct oracle_table *table;
	atomic_long_t live;
	atomic_t errors;
	unsigned int nr_ops;
	struct slot slots[SHARED_SLOTS];
};

struct trader {
	struct market *market;
	struct rnd_state rnd;
	struct work_struct work;
};

static bool slot_take(struct slot *slot, struct live_range *p)
{
	if (atomic_cmpxchg(&slot->state, SLOT_FULL, SLOT_BUSY) != SLOT_FULL)
		return false;
	*p = slot->range;
	atomic_set_release(&slot->state, SLOT_EMPTY);
	return true;
}

static bool slot_leave(struct slot *slot, const struct live_range *p)
{
	if (atomic_cmpxchg(&slot->state, SLOT_EMPTY, SLOT_BUSY) != SLOT_EMPTY)
		return false;
	slot->range = *p;
	atomic_set_release(&slot->state, SLOT_FULL);
	return true;
}

static struct slot *any_slot(struct trader *t)
{
	return &t->market->slots[random_below(&t->rnd, SHARED_SLOTS)];
}

static void range_free(struct market *m, const struct live_range *p, size_t start, size_t end)
{
	if (start == end)
		return;
	atomic_long_sub(end - start, &m->live);
	if (dualtree_free(m->dt, p->ptr + start, end - start))
		atomic_inc(&m->errors);
}

/* Leave a part of a range in a slot that is empty; free it if none is found. */
static void range_leave(struct trader *t, const struct live_range *p, size_t start, size_t end)
{
	struct live_range part = { p->ptr + start, end - start, p->contents + start };
	unsigned int try;

	for (try = 0; start < end && try < 4; try++)
		if (slot_leave(any_slot(t), &part))
			return;
	range_free(t->market, p, start, end);
}

/* Free the middle of a range, and leave its ends to others: they share granules with it. */
static void range_use(struct trader *t, const struct live_range *p)
{
	size_t start = random_below(&t->rnd, 2) ? 0 : random_below(&t->rnd, p->len);
	size_t end = start + 1 + random_below(&t->rnd, p->len - start);

	if (memcmp(p->ptr, p->contents, p->len))
		atomic_inc(&t->market->errors);
	/* What is left may be taken and freed before this free is made. */
	range_leave(t, p, 0, start);
	if (random_below(&t->rnd, 2))
		range_leave(t, p, end, p->len);
	else
		end = p->len;
	range_free(t->market, p, start, end);
}

/* Change the size of a range, which may be another CPU's memory and share granules. */
static void range_change(struct trader *t, struct live_range *p)
{
	size_t len = 1 + random_below(&t->rnd, 2 * p->len + 100), kept = min(len, p->len);
	struct market *m = t->market;
	u8 *ptr;

	if (!dt_oracle_has(m->table, p->contents, len))
		return;
	ptr = dualtree_realloc(m->dt, p->ptr, p->len, len, GFP_KERNEL);
	if (!ptr)
		return;
	if (memcmp(ptr, p->contents, kept))
		atomic_inc(&m->errors);
	memcpy(ptr + kept, p->contents + kept, len - kept);
	atomic_long_add((long)len - (long)p->len, &m->live);
	p->ptr = ptr;
	p->len = len;
}

static void range_make(struct trader *t)
{
	struct market *m = t->market;
	struct live_range p = { .len = dt_oracle_size(&t->rnd) };

	if (random_below(&t->rnd, 4))
		p.ptr = dualtree_alloc(m->dt, p.len, GFP_KERNEL);
	else
		p.ptr = dualtree_alloc_aligned(m->dt, p.len, 64 << random_below(&t->rnd, 8),
					       GFP_KERNEL);
	if (!p.ptr)
		return;
	p.contents = dt_oracle_contents(m->table, &t->rnd);
	memcpy(p.ptr, p.contents, p.len);
	atomic_long_add(p.len, &m->live);
	range_leave(t, &p, 0, p.len);
}

static void trade(struct work_struct *work)
{
	struct trader *t = container_of(work, struct trader, work);
	struct live_range p;
	unsigned int op;

	for (op = 0; op < t->market->nr_ops; op++) {
		if (!slot_take(any_slot(t), &p)) {
			range_make(t);
		} else if (random_below(&t->rnd, 4)) {
			range_use(t, &p);
		} else {
			range_change(t, &p);
			range_leave(t, &p, 0, p.len);
		}
		cond_resched();
	}
}

static void random_threads(struct kunit *test)
{
	const struct dualtree_params *params = test->param_value;
	struct market *m = dt_test_zalloc(test, sizeof(*m));
	struct trader *traders = kunit_kcalloc(test, THREADS, sizeof(*traders), GFP_KERNEL);
	u32 first_seed = random_seed(test, param_value_of(seed));
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, traders);
	/* From the shared heap as long as it is small, or until a CPU waits for it; or never. */
	dt_test_shared_calls(test, first_seed & 2 ? UINT_MAX : 0);
	m->dt = dt_test_instance(test, params);
	m->nr_ops = param_value_of(ops) / THREADS;
	m->table = dt_oracle_table_create(test, first_seed);
	for (i = 0; i < THREADS; i++) {
		traders[i].market = m;
		prandom_seed_state(&traders[i].rnd, first_seed + i);
		INIT_WORK(&traders[i].work, trade);
		queue_work(system_dfl_wq, &traders[i].work);
	}
	for (i = 0; i < THREADS; i++)
		flush_work(&traders[i].work);
	KUNIT_EXPECT_EQ(test, stats_of(m->dt).live_bytes, atomic_long_read(&m->live));
	KUNIT_EXPECT_TRUE(test, dualtree_check(m->dt));
	kunit_info(test, "%llu remote of %llu frees\n", stats_of(m->dt).remote_frees,
		   stats_of(m->dt).frees);
	for (i = 0; i < SHARED_SLOTS; i++) {
		struct live_range *p = &m->slots[i].range;

		if (atomic_read(&m->slots[i].state) == SLOT_EMPTY)
			continue;
		if (memcmp(p->ptr, p->contents, p->len))
			atomic_inc(&m->errors);
		range_free(m, p, 0, p->len);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&m->errors), 0);
	KUNIT_EXPECT_EQ(test, stats_of(m->dt).bad_frees, 0);
	dt_expect_drained(test, m->dt);
}

static struct kunit_case random_threads_cases[] = {
	KUNIT_CASE_PARAM(random_threads, setup_gen_params),
	{}
};

DUALTREE_SUITE(random_threads, "random calls, with several threads");
