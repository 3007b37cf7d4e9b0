// SPDX-License-Identifier: GPL-2.0
/*
 * Random allocations and partial frees by four threads that free, and grow, parts of each
 * other's memory, where only contents and sums can be checked. What one thread does alone is in
 * random_test.c.
 */
#include <linux/module.h>
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/kunit.h"
#include "../compat/workqueue.h"
#include "oracle.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

static uint ops = 50000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations of all threads together");

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

static u32 random_seed(struct kunit *test)
{
	u32 chosen = seed ?: get_random_u32();

	kunit_info(test, "seed=%u ops=%u\n", chosen, ops);
	return chosen;
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

enum slot_state { SLOT_EMPTY, SLOT_BUSY, SLOT_FULL };

/**
 * struct slot - a place to leave a piece in
 * @state: an enum slot_state; who makes it SLOT_BUSY owns the slot
 * @piece: valid while the slot is full
 */
struct slot {
	atomic_t state;
	struct piece piece;
};

/**
 * struct market - where threads leave pieces for each other
 * @dt: the instance
 * @table: contents
 * @live: live bytes of all pieces
 * @errors: broken contents, frees that failed
 * @slots: the pieces
 */
struct market {
	struct dualtree *dt;
	struct oracle_table *table;
	atomic_long_t live;
	atomic_t errors;
	struct slot slots[SHARED_SLOTS];
};

struct trader {
	struct market *market;
	struct rnd_state rnd;
	struct work_struct work;
};

static bool slot_take(struct slot *slot, struct piece *p)
{
	if (atomic_cmpxchg(&slot->state, SLOT_FULL, SLOT_BUSY) != SLOT_FULL)
		return false;
	*p = slot->piece;
	atomic_set_release(&slot->state, SLOT_EMPTY);
	return true;
}

static bool slot_leave(struct slot *slot, const struct piece *p)
{
	if (atomic_cmpxchg(&slot->state, SLOT_EMPTY, SLOT_BUSY) != SLOT_EMPTY)
		return false;
	slot->piece = *p;
	atomic_set_release(&slot->state, SLOT_FULL);
	return true;
}

static struct slot *any_slot(struct trader *t)
{
	return &t->market->slots[oracle_below(&t->rnd, SHARED_SLOTS)];
}

static void piece_free(struct market *m, const struct piece *p, size_t start, size_t end)
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
	struct piece part = { p->ptr + start, end - start, p->contents + start };
	unsigned int try;

	for (try = 0; start < end && try < 4; try++)
		if (slot_leave(any_slot(t), &part))
			return;
	piece_free(t->market, p, start, end);
}

/* Free the middle of a piece, and leave its ends to others: they share granules with it. */
static void piece_use(struct trader *t, const struct piece *p)
{
	size_t start = oracle_below(&t->rnd, 2) ? 0 : oracle_below(&t->rnd, p->len);
	size_t end = start + 1 + oracle_below(&t->rnd, p->len - start);

	if (memcmp(p->ptr, p->contents, p->len))
		atomic_inc(&t->market->errors);
	/* What is left may be taken and freed before this free is made. */
	piece_leave(t, p, 0, start);
	if (oracle_below(&t->rnd, 2))
		piece_leave(t, p, end, p->len);
	else
		end = p->len;
	piece_free(t->market, p, start, end);
}

/* Change the size of a piece, which may be another CPU's memory and share granules. */
static void piece_change(struct trader *t, struct piece *p)
{
	size_t len = 1 + oracle_below(&t->rnd, 2 * p->len + 100), kept = min(len, p->len);
	struct market *m = t->market;
	u8 *ptr;

	if (!oracle_has(m->table, p->contents, len))
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

static void piece_make(struct trader *t)
{
	struct market *m = t->market;
	struct piece p = { .len = oracle_size(&t->rnd) };

	if (oracle_below(&t->rnd, 4))
		p.ptr = dualtree_alloc(m->dt, p.len, GFP_KERNEL);
	else
		p.ptr = dualtree_alloc_aligned(m->dt, p.len, 64 << oracle_below(&t->rnd, 8),
					       GFP_KERNEL);
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
	struct piece p;
	unsigned int op;

	for (op = 0; op < ops / THREADS; op++) {
		if (!slot_take(any_slot(t), &p)) {
			piece_make(t);
		} else if (oracle_below(&t->rnd, 4)) {
			piece_use(t, &p);
		} else {
			piece_change(t, &p);
			piece_leave(t, &p, 0, p.len);
		}
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
		queue_work(system_dfl_wq, &traders[i].work);
	}
	for (i = 0; i < THREADS; i++)
		flush_work(&traders[i].work);
	KUNIT_EXPECT_EQ(test, stats_of(m->dt).live_bytes, atomic_long_read(&m->live));
	KUNIT_EXPECT_TRUE(test, dualtree_check(m->dt));
	kunit_info(test, "%llu remote of %llu frees\n", stats_of(m->dt).remote_frees,
		   stats_of(m->dt).frees);
	for (i = 0; i < SHARED_SLOTS; i++) {
		struct piece *p = &m->slots[i].piece;

		if (atomic_read(&m->slots[i].state) == SLOT_EMPTY)
			continue;
		if (memcmp(p->ptr, p->contents, p->len))
			atomic_inc(&m->errors);
		piece_free(m, p, 0, p->len);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&m->errors), 0);
	KUNIT_EXPECT_EQ(test, stats_of(m->dt).bad_frees, 0);
	expect_drained(test, m->dt);
}

static int random_threads_suite_init(struct kunit_suite *suite)
{
	seed = dt_test_param("seed=", seed);
	ops = dt_test_param("ops=", ops);
	return 0;
}

static struct kunit_case random_threads_cases[] = {
	KUNIT_CASE_PARAM(random_threads, setup_gen_params),
	{}
};

static struct kunit_suite random_threads_suite = {
	.name = "dualtree_random_threads",
	.suite_init = random_threads_suite_init,
	.test_cases = random_threads_cases,
};

kunit_test_suite(random_threads_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Randomised tests with several threads");
MODULE_LICENSE("GPL");
