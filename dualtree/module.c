// SPDX-License-Identifier: GPL-2.0
/*
 * The module: what is set up once, and taken down in the opposite order.
 *
 * Users hold a reference to the module through its symbols, so at exit there is no
 * instance and no pool of theirs any more. Where it is built in, they can be called before it
 * is set up, or though that failed: then there is no pool and no instance to be had.
 */
#include <dualtree/version.h>
#include <linux/module.h>
#include "../buddy/node_pools.h"
#include "../buddy/pool.h"
#include "../buddy/table.h"
#include "debugfs.h"
#include "region.h"
#include "reclaim.h"

static int __init dualtree_init(void)
{
	int err = buddy_table_init(&dt_no_region);

	if (err)
		return err;
	err = dt_reclaim_init();
	if (err) {
		buddy_table_exit();
		return err;
	}
	dt_debugfs_init();
	buddy_set_ready(true);
	return 0;
}

/* Built in: once debugfs is there, and before the drivers that may want memory. */
postcore_initcall(dualtree_init);

static void __exit dualtree_exit(void)
{
	dt_reclaim_exit();
	buddy_node_pools_exit();
	dt_debugfs_exit();
	buddy_table_exit();
}
module_exit(dualtree_exit);

MODULE_DESCRIPTION("Memory whose parts can be freed at any time");
MODULE_AUTHOR("dualtree developers");
MODULE_VERSION(DUALTREE_VERSION);
MODULE_LICENSE("GPL");
