// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads count with one plain variable: KCSAN must say so.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "two_threads.h"

static unsigned long counted;

static noinline void selfcheck_count(void)
{
	counted++;
}

static void selfcheck_body(unsigned int thread)
{
	selfcheck_count();
}

static struct kunit_case selfcheck_race_cases[] = {
	KUNIT_CASE(selfcheck_two_threads),
	{}
};

static struct kunit_suite selfcheck_race_suite = {
	.name = "selfcheck_race",
	.test_cases = selfcheck_race_cases,
};

kunit_test_suite(selfcheck_race_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a data race");
MODULE_LICENSE("GPL");
