// SPDX-License-Identifier: GPL-2.0
/*
 * A pointer read under RCU by someone who holds no RCU read lock: lockdep must
 * report it.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

static int __rcu *selfcheck_pointer;

static void selfcheck_rcu_case(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, rcu_dereference(selfcheck_pointer));
}

static struct kunit_case selfcheck_rcu_cases[] = {
	KUNIT_CASE(selfcheck_rcu_case),
	{}
};

static struct kunit_suite selfcheck_rcu_suite = {
	.name = "selfcheck_rcu",
	.test_cases = selfcheck_rcu_cases,
};

kunit_test_suite(selfcheck_rcu_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a read outside of an RCU section");
MODULE_LICENSE("GPL");
