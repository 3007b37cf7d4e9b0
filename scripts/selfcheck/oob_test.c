// SPDX-License-Identifier: GPL-2.0
/*
 * A byte written after the end of an object: KASAN must report it.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>

static void selfcheck_oob_case(struct kunit *test)
{
	char *object = kmalloc(100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	/* The compiler would refuse an overrun that it can see. */
	OPTIMIZER_HIDE_VAR(object);
	object[100] = 1;
	kfree(object);
}

static struct kunit_case selfcheck_oob_cases[] = {
	KUNIT_CASE(selfcheck_oob_case),
	{}
};

static struct kunit_suite selfcheck_oob_suite = {
	.name = "selfcheck_oob",
	.test_cases = selfcheck_oob_cases,
};

kunit_test_suite(selfcheck_oob_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a write out of bounds");
MODULE_LICENSE("GPL");
