// SPDX-License-Identifier: GPL-2.0
/*
 * A data race of ours whose accesses are both in functions of the kernel: the report names our
 * module in its frames alone.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "two_threads.h"

#define BITS 256

static DECLARE_BITMAP(map, BITS);

/* Not a constant, for which a bitmap of this size would be handled in place. */
static unsigned int bits = BITS;
module_param(bits, uint, 0444);
MODULE_PARM_DESC(bits, "to be looked at");

static void selfcheck_body(unsigned int thread)
{
	if (thread)
		bitmap_set(map, 1, bits - 2);
	else
		bitmap_weight(map, bits);
}

static struct kunit_case selfcheck_race_inside_cases[] = {
	KUNIT_CASE(selfcheck_two_threads),
	{}
};

static struct kunit_suite selfcheck_race_inside_suite = {
	.name = "selfcheck_race_inside",
	.test_cases = selfcheck_race_inside_cases,
};

kunit_test_suite(selfcheck_race_inside_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a data race in functions of the kernel");
MODULE_LICENSE("GPL");
