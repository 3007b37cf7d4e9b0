// SPDX-License-Identifier: GPL-2.0
/* What each test does with the core as a whole: see core.h. */
#include <dualtree/fault.h>
#include "../dualtree/pass.h"
#include "../dualtree/percpu.h"
#include "core.h"

/* Memory that stays: the table, and records of the module. */
static unsigned long base_pages;

void host_nothing_left(void)
{
	synchronize_rcu();
	host_assert(!host_used_pages && !host_kmallocs);
}

void host_core_init(void)
{
	host_now = (struct host_context){ };
	host_points = LONG_MAX;
	host_seed(0);
	host_memory_init();
	host_init_cases();
	host_assert(!host_module_init());
	base_pages = host_used_pages;
	host_test_cases();
	host_core_end();
}

/*
 * Each round begins a second after a multiple of this, in jiffies: what looks at the time in
 * windows, or at its lowest bits, sees the same in each of them.
 */
#define ROUND_JIFFIES	(0x10000UL * HZ)

void host_core_begin(void)
{
	host_now = (struct host_context){ };
	host_points = LONG_MAX;
	/* What the passes of an earlier round found is no reason for those of this one. */
	dt_pass_pressure(true);
	host_pass_time(ROUND_JIFFIES - host_jiffies % ROUND_JIFFIES + HZ);
	host_memory_reset();
	host_trees = 0;
}

void host_core_quiesce(void)
{
	host_points = LONG_MAX;
	host_fail_every = 0;
	host_fail_above = UINT_MAX;
	dualtree_fail_every(0);
	dualtree_fail_above(UINT_MAX);
	dt_pass_set_idle_ms(2000);
	dt_shared_calls = 32;
	host_hotplug_busy = false;
	host_tracing = false;
	host_now.cpu = 0;
	host_online = host_possible;
	host_pass_time(5000);
	synchronize_rcu();
}

void host_core_end(void)
{
	host_core_quiesce();
	host_assert(host_used_pages == base_pages);
}

void host_core_exit(void)
{
	host_module_exit();
	host_nothing_left();
}
