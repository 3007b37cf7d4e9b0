// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that nothing points to: kmemleak must find it once the module is gone.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>

static noinline void selfcheck_lose(struct kunit *test)
{
	void *object = kmalloc(4000, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, object);
	OPTIMIZER_HIDE_VAR(object);
}

static void selfcheck_leak_case(struct kunit *test)
{
	int i;

	/* Many: one could still be found in a stale stack slot. */
	for (i = 0; i < 16; i++)
		selfcheck_lose(test);
}

static struct kunit_case selfcheck_leak_cases[] = {
	KUNIT_CASE(selfcheck_leak_case),
	{}
};

static struct kunit_suite selfcheck_leak_suite = {
	.name = "selfcheck_leak",
	.test_cases = selfcheck_leak_cases,
};

kunit_test_suite(selfcheck_leak_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a leak");
MODULE_LICENSE("GPL");
