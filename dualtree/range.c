// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges that callers pass: lookup, status, and the report of a free that is refused.
 *
 *	the range				dualtree_owns()	status
 *	empty, or not inside one region		false		-EINVAL: invalid-free
 *	inside a region, some byte not live	true		-EALREADY: double-free
 *	live					true		0
 *
 * Any context, NMI included; no lock. A region is looked at with preemption off.
 */
#include <linux/export.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include "instance.h"
#include "ledger.h"
#include "range.h"
#include "trace.h"

/* The region of @dt that holds the whole range, or NULL. Preemption is off. */
struct dt_region *dt_region_of_range(const struct dualtree *dt, const void *ptr, size_t len)
{
	struct dt_region *region = region_of(ptr);

	if (unlikely(!region || region->dt != dt))
		return NULL;
	return region_holds(region, region_offset(region, ptr), len) ? region : NULL;
}

bool dualtree_owns(struct dualtree *dt, const void *ptr, size_t len)
{
	bool owns;

	preempt_disable();
	owns = dt_region_of_range(dt, ptr, len);
	preempt_enable();
	return owns;
}
EXPORT_SYMBOL_GPL(dualtree_owns);

/* What dualtree_free() would return for a range that is not NULL: 0, -EINVAL or -EALREADY. */
int dt_range_status(const struct dualtree *dt, const void *ptr, size_t len)
{
	struct dt_ledger_range range;
	struct dt_region *region;
	int err = -EINVAL;

	preempt_disable();
	region = dt_region_of_range(dt, ptr, len);
	if (region) {
		range = ledger_range(region_offset(region, ptr), len);
		err = ledger_check(region->ledger, &range);
	}
	preempt_enable();
	return err;
}

/**
 * dt_report_bad_free() - count and report a free that is refused
 * @dt: the instance
 * @ptr: first byte of the range; NULL is not an error
 * @len: bytes of the range
 * @err: -EINVAL or -EALREADY
 * @caller: return address of the public call
 *
 * Context: Any, NMI included.
 * Return: @err, or 0 if @ptr is NULL.
 */
noinline int dt_report_bad_free(struct dualtree *dt, const void *ptr, size_t len, int err,
				unsigned long caller)
{
	if (!ptr)
		return 0;
	atomic64_inc(&dt->counts.bad_frees);
	trace_dualtree_bad_free(dt->name, ptr, len, err);
	if (rate_allows(&dt->bad_free_limit, DEFAULT_RATELIMIT_BURST))
		pr_err("dualtree: %s: %s of %zu bytes at %p by %pS\n", dt->name,
		       err == -EALREADY ? "double-free" : "invalid-free", len, ptr,
		       (void *)caller);
	return err;
}
