// SPDX-License-Identifier: GPL-2.0
/*
 * The module: setting it up once, bottom up, and taking it down.
 *
 * Users hold a reference to the module through its symbols, so at exit no instance and no pool of
 * theirs exists any more. Built in, users may call before it is set up or after that failed: then
 * creating a pool or an instance fails.
 *
 * Context: process context, before and after all calls of users.
 */
#include <dualtree/version.h>
#include <linux/module.h>
#include "../buddy/node_pools.h"
#include "../buddy/pool.h"
#include "../buddy/queue.h"
#include "../buddy/records.h"
#include "../buddy/table.h"
#include "debugfs.h"
#include "in_flight.h"
#include "pass.h"
#include "percpu.h"
#include "pressure.h"
#include "region.h"
#include "slots.h"

static int __init dualtree_init(void)
{
	int err = buddy_queue_init();

	if (err)
		return err;
	buddy_records_init(dt_region_record_bytes);
	err = dt_region_setup();
	if (err)
		goto queue_exit;
	err = dt_percpu_setup();
	if (err)
		goto region_teardown;
	err = buddy_table_init(&dt_no_region);
	if (err)
		goto percpu_teardown;
	err = dt_pass_init();
	if (err)
		goto table_exit;
	err = dt_pressure_init();
	if (err)
		goto pass_exit;
	dt_debugfs_init();
	buddy_set_ready(true);
	return 0;

pass_exit:
	dt_pass_exit();
table_exit:
	buddy_table_exit();
percpu_teardown:
	dt_percpu_teardown();
region_teardown:
	dt_region_teardown();
queue_exit:
	buddy_queue_exit();
	return err;
}

/* Built in: after debugfs is set up (core_initcall), before drivers that may use memory. */
postcore_initcall(dualtree_init);

static void __exit dualtree_exit(void)
{
	dt_pressure_exit();
	dt_in_flight_exit();
	dt_pass_exit();
	dt_slots_exit();
	buddy_node_pools_exit();
	dt_debugfs_exit();
	/* Waits for callbacks of RCU. */
	buddy_table_exit();
	dt_percpu_teardown();
	dt_region_teardown();
	buddy_queue_exit();
}
module_exit(dualtree_exit);

MODULE_DESCRIPTION("Memory whose parts can be freed at any time");
MODULE_AUTHOR("dualtree developers");
MODULE_VERSION(DUALTREE_VERSION);
MODULE_LICENSE("GPL");
