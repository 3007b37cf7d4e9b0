// SPDX-License-Identifier: GPL-2.0
/* Instances come and go, with pools of their own or the default ones. */
#include <dualtree/fault.h>
#include "../../buddy/check.h"
#include "ops.h"

/* Pages of an instance that packets refer to when it is destroyed, at most. */
#define HELD_MAX	8U

static void choose_params(struct subject *s)
{
	struct dualtree_params *p = &s->params;

	*p = (struct dualtree_params){ };
	s->pool_params = (struct buddy_pool_params){ };
	s->pool = host_one_in(3) ? host_pool_create(&s->pool_params) : NULL;
	p->pool = s->pool;
	if (host_one_in(3))
		p->flags |= DUALTREE_EXACT_FIT;
	if (host_one_in(6))
		p->flags |= DUALTREE_ZERO;
	if (host_one_in(4))
		p->flags |= DUALTREE_REPORT_LEAKS;
	if (host_one_in(6) && !s->pool)
		p->flags |= DUALTREE_ACCOUNT;
	if (host_one_in(4) && s->pool)
		p->flags |= DUALTREE_SKIP_ZERO;
	if (host_one_in(4))
		p->min_region_order = host_choose(6);
	if (host_one_in(4))
		p->max_region_order = p->min_region_order + host_choose(5);
	if (host_one_in(6))
		p->limit = (PAGE_SIZE << p->min_region_order) + host_choose(4 * SZ_1M);
	s->charged = p->flags & DUALTREE_ACCOUNT || s->pool_params.flags & BUDDY_POOL_ACCOUNT;
}

void host_subject_create(struct subject *s)
{
	struct dualtree *dt;

	s->live = 0;
	s->allocs = 0;
	s->frees = 0;
	s->failed = 0;
	s->bad = 0;
	s->target = host_choose(200);
	host_ops++;
	choose_params(s);
	dt = dualtree_create("subject", &s->params);
	if (!IS_ERR(dt)) {
		s->dt = dt;
		return;
	}
	/* An order above that of the pool's arenas; or no memory. */
	host_assert(PTR_ERR(dt) == -EINVAL ? !!s->pool : !!host_fail_every);
	host_fail_every = 0;
	dualtree_fail_every(0);
	buddy_pool_destroy(s->pool);
	s->pool = NULL;
}

/* More instances than a block of slots has room for, each of which serves. */
void host_op_many(void)
{
	struct dualtree *dts[40];
	u32 nr = 1 + host_choose(ARRAY_SIZE(dts)), i;
	void *ptr;

	for (i = 0; i < nr; i++) {
		dts[i] = dualtree_create("one of many", NULL);
		if (IS_ERR(dts[i])) {
			host_assert(host_fail_every);
			break;
		}
	}
	nr = i;
	for (i = 0; i < nr; i++) {
		ptr = dualtree_alloc(dts[i], 100, GFP_KERNEL);
		host_assert(!ptr || !dualtree_free(dts[i], ptr, host_one_in(2) ? 100 : 50));
	}
	/* In another order than they came. */
	for (i = 0; i < nr; i++) {
		u32 other = i + host_choose(nr - i);

		swap(dts[i], dts[other]);
		dualtree_destroy(dts[i]);
	}
}

/* Packets refer to pages of some pieces. Return: the number of these. */
static u32 hold_pages(const struct subject *s, struct piece *held)
{
	u32 i, nr = s->nr && host_one_in(2) ? 1 + host_choose(HELD_MAX) : 0;

	for (i = 0; i < nr; i++) {
		held[i] = s->pieces[host_choose(s->nr)];
		get_page(virt_to_page(held[i].ptr));
	}
	return nr;
}

/* The packets are sent: until then the pages were as they were. */
static void release_pages(const struct piece *held, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		host_assert(*held[i].ptr == held[i].fill);
	for (i = 0; i < nr; i++)
		put_page(virt_to_page(held[i].ptr));
}

static void own_pool_destroy(struct subject *s)
{
	struct buddy_pool_stats stats;

	if (!s->pool)
		return;
	buddy_pool_get_stats(s->pool, &stats);
	host_assert(stats.free_bytes + stats.abandoned_bytes == stats.held_bytes);
	host_assert(buddy_pool_check(s->pool));
	host_assert(!s->pool_params.limit || stats.held_bytes <= s->pool_params.limit);
	buddy_pool_destroy(s->pool);
	s->pool = NULL;
}

/* Some of what is live is expected: with DUALTREE_REPORT_LEAKS, the rest is reported. */
static bool expect_report(struct subject *s)
{
	u64 expected = host_one_in(2) ? host_choose(2) * s->live : 0;

	dualtree_expect_held(s->dt, expected);
	return s->params.flags & DUALTREE_REPORT_LEAKS && s->live > expected;
}

void host_subject_destroy(struct subject *s)
{
	struct piece held[HELD_MAX];
	u32 nr = hold_pages(s, held);
	unsigned long lines = host_lines;
	bool report = expect_report(s);

	host_subject_forget(s);
	dualtree_destroy(s->dt);
	s->dt = NULL;
	host_assert(!report || host_lines > lines);
	/* Pages that packets refer to are reported as well, and damage. */
	host_assert(report || nr || host_stray || host_lines == lines);
	if (host_one_in(2)) {
		release_pages(held, nr);
		nr = 0;
	}
	own_pool_destroy(s);
	release_pages(held, nr);
}
