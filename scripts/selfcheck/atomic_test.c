// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeping with preemption disabled: the kernel must object.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/preempt.h>

static void selfcheck_atomic_case(struct kunit *test)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static struct kunit_case selfcheck_atomic_cases[] = {
	KUNIT_CASE(selfcheck_atomic_case),
	{}
};

static struct kunit_suite selfcheck_atomic_suite = {
	.name = "selfcheck_atomic",
	.test_cases = selfcheck_atomic_cases,
};

kunit_test_suite(selfcheck_atomic_suite);

MODULE_DESCRIPTION("Self-check of the test harness: sleeping in atomic context");
MODULE_LICENSE("GPL");
