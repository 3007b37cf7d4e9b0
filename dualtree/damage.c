// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of damage: a link in free memory leads where the ledger has nothing of the kind.
 * Something wrote to memory that is free: a driver past the end of its buffer, a user after its
 * free, a device. What lies there is made again from the ledger, by the caller.
 *
 * Any context, NMI included; no lock.
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include "damage.h"
#include "instance.h"

static bool panic_on_damage;
module_param(panic_on_damage, bool, 0644);
MODULE_PARM_DESC(panic_on_damage, "panic when a stray write to free memory is found");

/**
 * dt_report_damage() - count and report a stray write that was found
 * @dt: the instance
 * @addr: the region where it was found; the write itself may be anywhere in the instance's free
 *	memory
 * @what: what was damaged
 *
 * Context: Any, NMI included.
 */
void dt_report_damage(struct dualtree *dt, const void *addr, const char *what)
{
	atomic64_inc(&dt->counts.damaged);
	if (READ_ONCE(panic_on_damage))
		panic("dualtree: %s: free memory was written to: %s at %p\n", dt->name, what,
		      addr);
	/* One write may be found in several places: a line a period says enough. */
	if (rate_allows(&dt->damage_limit, 1))
		pr_err("dualtree: %s: free memory was written to: %s at %p; made again\n",
		       dt->name, what, addr);
}
