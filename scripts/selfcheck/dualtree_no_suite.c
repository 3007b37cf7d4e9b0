// SPDX-License-Identifier: GPL-2.0
/*
 * A module without a suite, for scripts/test --self-check. It loads, and a requested suite must
 * have run at least one test; or it refuses to be loaded, which is a failure of its own and not a
 * suite without tests.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

static bool refuse;
module_param(refuse, bool, 0444);
MODULE_PARM_DESC(refuse, "to be loaded");

static int __init no_suite_init(void)
{
	return refuse ? -ENODEV : 0;
}

static void __exit no_suite_exit(void)
{
}

module_init(no_suite_init);
module_exit(no_suite_exit);

MODULE_DESCRIPTION("Self-check of the test harness: no test at all");
MODULE_LICENSE("GPL");
