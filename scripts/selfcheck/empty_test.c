// SPDX-License-Identifier: GPL-2.0
/*
 * A module that loads and runs no test: a requested suite must have run at least
 * one.
 */
#include <linux/module.h>

static int __init selfcheck_empty_init(void)
{
	return 0;
}

static void __exit selfcheck_empty_exit(void)
{
}

module_init(selfcheck_empty_init);
module_exit(selfcheck_empty_exit);

MODULE_DESCRIPTION("Self-check of the test harness: no test at all");
MODULE_LICENSE("GPL");
