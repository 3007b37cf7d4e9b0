// SPDX-License-Identifier: GPL-2.0
/*
 * A module that cannot be loaded: a failure, not a suite without tests.
 */
#include <linux/module.h>

static int __init selfcheck_refuse_init(void)
{
	return -ENODEV;
}

module_init(selfcheck_refuse_init);

MODULE_DESCRIPTION("Self-check of the test harness: a module that refuses");
MODULE_LICENSE("GPL");
