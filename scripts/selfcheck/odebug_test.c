// SPDX-License-Identifier: GPL-2.0
/*
 * A timer freed while it is armed: debug objects must report it.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>

struct selfcheck_armed {
	struct timer_list timer;
};

static void selfcheck_expired(struct timer_list *timer)
{
}

static void selfcheck_odebug_case(struct kunit *test)
{
	struct selfcheck_armed *armed = kzalloc(sizeof(*armed), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, armed);
	timer_setup(&armed->timer, selfcheck_expired, 0);
	mod_timer(&armed->timer, jiffies + 3600 * HZ);
	kfree(armed);
}

static struct kunit_case selfcheck_odebug_cases[] = {
	KUNIT_CASE(selfcheck_odebug_case),
	{}
};

static struct kunit_suite selfcheck_odebug_suite = {
	.name = "selfcheck_odebug",
	.test_cases = selfcheck_odebug_cases,
};

kunit_test_suite(selfcheck_odebug_suite);

MODULE_DESCRIPTION("Self-check of the test harness: an armed timer freed");
MODULE_LICENSE("GPL");
