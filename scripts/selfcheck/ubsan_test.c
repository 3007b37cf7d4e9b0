// SPDX-License-Identifier: GPL-2.0
/*
 * A shift by more than the width of its type: UBSAN must report it.
 */
#include <kunit/test.h>
#include <linux/module.h>

static int selfcheck_width = 40;

static void selfcheck_ubsan_case(struct kunit *test)
{
	u32 one = 1;

	OPTIMIZER_HIDE_VAR(selfcheck_width);
	OPTIMIZER_HIDE_VAR(one);
	KUNIT_EXPECT_GE(test, (u64)(one << selfcheck_width), 0ULL);
}

static struct kunit_case selfcheck_ubsan_cases[] = {
	KUNIT_CASE(selfcheck_ubsan_case),
	{}
};

static struct kunit_suite selfcheck_ubsan_suite = {
	.name = "selfcheck_ubsan",
	.test_cases = selfcheck_ubsan_cases,
};

kunit_test_suite(selfcheck_ubsan_suite);

MODULE_DESCRIPTION("Self-check of the test harness: undefined behaviour");
MODULE_LICENSE("GPL");
