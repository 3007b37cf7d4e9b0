// SPDX-License-Identifier: GPL-2.0
/*
 * The control: nothing is wrong here, and the run must be good. It takes a seed, as
 * randomised suites do, and shows a skipped test and a parameterised one.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static ulong seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "shown, and otherwise not used");

static void selfcheck_good_case(struct kunit *test)
{
	kunit_info(test, "seed=%lu\n", seed);
	KUNIT_EXPECT_EQ(test, 2 + 2, 4);
}

static void selfcheck_good_skip(struct kunit *test)
{
	kunit_skip(test, "to see a skipped test");
}

static const int selfcheck_values[] = { 1, 2, 3 };

KUNIT_ARRAY_PARAM(selfcheck_value, selfcheck_values, NULL);

static void selfcheck_good_value(struct kunit *test)
{
	const int *value = test->param_value;

	KUNIT_EXPECT_GT(test, *value, 0);
}

static struct kunit_case selfcheck_good_cases[] = {
	KUNIT_CASE(selfcheck_good_case),
	KUNIT_CASE(selfcheck_good_skip),
	KUNIT_CASE_PARAM(selfcheck_good_value, selfcheck_value_gen_params),
	{}
};

static struct kunit_suite selfcheck_good_suite = {
	.name = "selfcheck_good",
	.test_cases = selfcheck_good_cases,
};

kunit_test_suite(selfcheck_good_suite);

MODULE_DESCRIPTION("Self-check of the test harness: the control");
MODULE_LICENSE("GPL");
