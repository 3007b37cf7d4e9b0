// SPDX-License-Identifier: GPL-2.0
/*
 * Two mutexes taken in both orders, one after the other: nothing blocks, but
 * lockdep must see that something could.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(selfcheck_first);
static DEFINE_MUTEX(selfcheck_second);

static void selfcheck_lockdep_case(struct kunit *test)
{
	mutex_lock(&selfcheck_first);
	mutex_lock(&selfcheck_second);
	mutex_unlock(&selfcheck_second);
	mutex_unlock(&selfcheck_first);

	mutex_lock(&selfcheck_second);
	mutex_lock(&selfcheck_first);
	mutex_unlock(&selfcheck_first);
	mutex_unlock(&selfcheck_second);
}

static struct kunit_case selfcheck_lockdep_cases[] = {
	KUNIT_CASE(selfcheck_lockdep_case),
	{}
};

static struct kunit_suite selfcheck_lockdep_suite = {
	.name = "selfcheck_lockdep",
	.test_cases = selfcheck_lockdep_cases,
};

kunit_test_suite(selfcheck_lockdep_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a lock order that can deadlock");
MODULE_LICENSE("GPL");
