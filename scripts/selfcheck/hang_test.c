// SPDX-License-Identifier: GPL-2.0
/*
 * A test that does not end: the run must be ended, and the suite named.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/delay.h>

static void selfcheck_hang_case(struct kunit *test)
{
	for (;;)
		msleep(1000);
}

static struct kunit_case selfcheck_hang_cases[] = {
	KUNIT_CASE(selfcheck_hang_case),
	{}
};

static struct kunit_suite selfcheck_hang_suite = {
	.name = "selfcheck_hang",
	.test_cases = selfcheck_hang_cases,
};

kunit_test_suite(selfcheck_hang_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a hang");
MODULE_LICENSE("GPL");
