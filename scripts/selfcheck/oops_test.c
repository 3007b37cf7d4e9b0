// SPDX-License-Identifier: GPL-2.0
/*
 * A pointer to nowhere: the oops must end the run.
 */
#include <kunit/test.h>
#include <linux/module.h>

static void selfcheck_oops_case(struct kunit *test)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static struct kunit_case selfcheck_oops_cases[] = {
	KUNIT_CASE(selfcheck_oops_case),
	{}
};

static struct kunit_suite selfcheck_oops_suite = {
	.name = "selfcheck_oops",
	.test_cases = selfcheck_oops_cases,
};

kunit_test_suite(selfcheck_oops_suite);

MODULE_DESCRIPTION("Self-check of the test harness: an oops");
MODULE_LICENSE("GPL");
