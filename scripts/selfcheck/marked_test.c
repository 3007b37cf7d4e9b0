// SPDX-License-Identifier: GPL-2.0
/*
 * The control of the cases that race: two threads write one variable, by marked accesses.
 * Whatever else KCSAN finds in the kernel meanwhile, nothing is to be found here.
 */
#include <kunit/test.h>
#include <linux/compiler.h>
#include <linux/module.h>

#include "two_threads.h"

static unsigned long last;

static void selfcheck_body(unsigned int thread)
{
	/* The other thread writes it, too, and either value will do. */
	WRITE_ONCE(last, READ_ONCE(last) + thread);
}

static struct kunit_case selfcheck_marked_cases[] = {
	KUNIT_CASE(selfcheck_two_threads),
	{}
};

static struct kunit_suite selfcheck_marked_suite = {
	.name = "selfcheck_marked",
	.test_cases = selfcheck_marked_cases,
};

kunit_test_suite(selfcheck_marked_suite);

MODULE_DESCRIPTION("Self-check of the test harness: marked accesses");
MODULE_LICENSE("GPL");
