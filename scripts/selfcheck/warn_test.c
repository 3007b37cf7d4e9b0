// SPDX-License-Identifier: GPL-2.0
/*
 * A test that passes, and a WARN() in it: the console check must find it.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/bug.h>

static void selfcheck_warn_case(struct kunit *test)
{
	WARN(true, "selfcheck: a warning on purpose\n");
}

static struct kunit_case selfcheck_warn_cases[] = {
	KUNIT_CASE(selfcheck_warn_case),
	{}
};

static struct kunit_suite selfcheck_warn_suite = {
	.name = "selfcheck_warn",
	.test_cases = selfcheck_warn_cases,
};

kunit_test_suite(selfcheck_warn_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a warning");
MODULE_LICENSE("GPL");
