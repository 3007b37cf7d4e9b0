// SPDX-License-Identifier: GPL-2.0
/*
 * Taints the kernel without a word that the console check would mind: the taint
 * itself must be found.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/panic.h>

static void selfcheck_taint_case(struct kunit *test)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

static struct kunit_case selfcheck_taint_cases[] = {
	KUNIT_CASE(selfcheck_taint_case),
	{}
};

static struct kunit_suite selfcheck_taint_suite = {
	.name = "selfcheck_taint",
	.test_cases = selfcheck_taint_cases,
};

kunit_test_suite(selfcheck_taint_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a taint");
MODULE_LICENSE("GPL");
