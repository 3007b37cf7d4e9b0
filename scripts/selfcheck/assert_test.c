// SPDX-License-Identifier: GPL-2.0
/*
 * An assertion that does not hold: kunit.py must count one failed test.
 */
#include <kunit/test.h>
#include <linux/module.h>

static void selfcheck_assert_case(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 2 + 2, 5);
}

static struct kunit_case selfcheck_assert_cases[] = {
	KUNIT_CASE(selfcheck_assert_case),
	{}
};

static struct kunit_suite selfcheck_assert_suite = {
	.name = "selfcheck_assert",
	.test_cases = selfcheck_assert_cases,
};

kunit_test_suite(selfcheck_assert_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a failed assertion");
MODULE_LICENSE("GPL");
