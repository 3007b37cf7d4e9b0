// SPDX-License-Identifier: GPL-2.0
/*
 * Instances under torture; see subject.h.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>

#include "piece.h"
#include "subject.h"
#include "verdict.h"

struct subject *subjects[NR_SUBJECTS];

/* Pages as a power of two; a page has up to 64 KiB. */
#define MIB_ORDER		(20 - PAGE_SHIFT)
#define QUARTER_MIB_ORDER	(18 - PAGE_SHIFT)

/* Small, with a limit that is reached and a reserve that is used up. */
static struct buddy_pool *pool;

static const struct buddy_pool_params pool_params = {
	.nid = NUMA_NO_NODE,
	.arena_order = MIB_ORDER,
	.limit = SZ_8M,
	.reserve = SZ_1M,
};

/**
 * struct setup - what a subject is made to
 * @name: of the instance
 * @own_pool: it takes its memory from @pool
 * @params: the rest
 */
struct setup {
	const char *name;
	bool own_pool;
	struct dualtree_params params;
};

static const struct setup setups[NR_SUBJECTS] = {
	{ "torture-default", false, { .flags = DUALTREE_REPORT_LEAKS } },
	{ "torture-exact", false, { .flags = DUALTREE_EXACT_FIT, .max_region_order = MIB_ORDER } },
	{ "torture-pool", true, {} },
	{ "torture-small", true, { .flags = DUALTREE_ZERO, .limit = SZ_1M,
				   .min_region_order = 1,
				   .max_region_order = QUARTER_MIB_ORDER } },
};

struct subject *subject_create(const char *name, const struct dualtree_params *params,
			       unsigned int nr_slots)
{
	struct subject *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	s->bytes = alloc_percpu(long);
	s->dt = s->bytes ? dualtree_create(name, params) : NULL;
	if (IS_ERR_OR_NULL(s->dt)) {
		free_percpu(s->bytes);
		kfree(s);
		return NULL;
	}
	s->name = name;
	s->zeroed = params->flags & DUALTREE_ZERO;
	s->nr_slots = nr_slots;
	return s;
}

void subject_destroy(struct subject *s)
{
	if (!s)
		return;
	dualtree_destroy(s->dt);
	free_percpu(s->bytes);
	kfree(s);
}

long subject_expected(const struct subject *s)
{
	long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(s->bytes, cpu);
	return sum;
}

bool subject_balanced(struct subject *s, const char *when)
{
	long expected = subject_expected(s);
	struct dualtree_stats stats;

	dualtree_get_stats(s->dt, &stats);
	if (stats.live_bytes != expected)
		torture_fail("%s: %zu bytes live %s, expected %ld", s->name, stats.live_bytes,
			     when, expected);
	else if (stats.bad_frees)
		torture_fail("%s: %llu frees refused %s, expected none", s->name,
			     stats.bad_frees, when);
	else
		return true;
	return false;
}

void subject_empty(struct subject *s)
{
	struct piece p;
	unsigned int i;
	int err;

	for (i = 0; i < s->nr_slots; i++) {
		u8 *ptr = xchg(&s->slots[i], NULL);

		if (!ptr || !piece_open(&p, ptr, s->name))
			continue;
		piece_check(&p, s->name);
		subject_account(s, -(long)p.len);
		err = dualtree_free(s->dt, p.ptr, p.len);
		if (err)
			torture_fail("%s: the last free of %zu bytes was refused: %d", s->name,
				     p.len, err);
	}
}

int subjects_create(void)
{
	struct dualtree_params params;
	unsigned int i;

	pool = buddy_pool_create("torture-pool", &pool_params);
	if (IS_ERR(pool)) {
		pool = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < NR_SUBJECTS; i++) {
		params = setups[i].params;
		params.pool = setups[i].own_pool ? pool : NULL;
		subjects[i] = subject_create(setups[i].name, &params, MOST_SLOTS);
		if (!subjects[i])
			return -ENOMEM;
	}
	return 0;
}

void subjects_destroy(void)
{
	unsigned int i;

	for (i = 0; i < NR_SUBJECTS; i++) {
		subject_destroy(subjects[i]);
		subjects[i] = NULL;
	}
	buddy_pool_destroy(pool);
	pool = NULL;
}

void subjects_check_pool(void)
{
	struct buddy_pool_stats stats;

	buddy_pool_get_stats(pool, &stats);
	if (stats.held_bytes != stats.free_bytes)
		torture_fail("pool: %zu bytes out at the end, expected none",
			     stats.held_bytes - stats.free_bytes);
	if (stats.bad_frees)
		torture_fail("pool: %llu frees refused, expected none", stats.bad_frees);
}
