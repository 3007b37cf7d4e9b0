// SPDX-License-Identifier: GPL-2.0
/*
 * A lock of a class taken while another of that class is held: the report for a
 * lock that is taken twice, from a machine that goes on.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/spinlock.h>

struct selfcheck_locked {
	spinlock_t lock; /* protects nothing: it is only taken */
};

static void selfcheck_init(struct selfcheck_locked *obj)
{
	spin_lock_init(&obj->lock);
}

static void selfcheck_relock_case(struct kunit *test)
{
	struct selfcheck_locked a, b;

	selfcheck_init(&a);
	selfcheck_init(&b);
	spin_lock(&a.lock);
	spin_lock(&b.lock);
	spin_unlock(&b.lock);
	spin_unlock(&a.lock);
}

static struct kunit_case selfcheck_relock_cases[] = {
	KUNIT_CASE(selfcheck_relock_case),
	{}
};

static struct kunit_suite selfcheck_relock_suite = {
	.name = "selfcheck_relock",
	.test_cases = selfcheck_relock_cases,
};

kunit_test_suite(selfcheck_relock_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a lock taken twice");
MODULE_LICENSE("GPL");
