// SPDX-License-Identifier: GPL-2.0
/*
 * The module dualtree_netbuf: what reaps when nothing is received, and an exit that waits for
 * callbacks.
 */
#include <dualtree/version.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include "rx.h"

static int __init netbuf_init(void)
{
	return dt_rx_idle_init();
}
module_init(netbuf_init);

/*
 * A struct dualtree_tx pins the module until its last send ends. The callback that drops the last
 * reference to the module still has to return, on any CPU and perhaps preempted: wait for that.
 */
static void __exit netbuf_exit(void)
{
	dt_rx_idle_exit();
	synchronize_rcu_tasks();
}
module_exit(netbuf_exit);

MODULE_DESCRIPTION("Packet buffers on dualtree");
MODULE_AUTHOR("dualtree developers");
MODULE_VERSION(DUALTREE_VERSION);
MODULE_LICENSE("GPL");
