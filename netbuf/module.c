// SPDX-License-Identifier: GPL-2.0
/*
 * The module: nothing is set up, and what the stack still calls is waited for.
 */
#include <dualtree/version.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

static int __init netbuf_init(void)
{
	return 0;
}
module_init(netbuf_init);

/*
 * Whatever tracks sends pins the module until the last of them is done. That last callback
 * lets go of the module and still has to return, on any CPU, perhaps preempted: that is what
 * has to be waited for.
 */
static void __exit netbuf_exit(void)
{
	synchronize_rcu_tasks();
}
module_exit(netbuf_exit);

MODULE_DESCRIPTION("Packet buffers on dualtree");
MODULE_AUTHOR("dualtree developers");
MODULE_VERSION(DUALTREE_VERSION);
MODULE_LICENSE("GPL");
