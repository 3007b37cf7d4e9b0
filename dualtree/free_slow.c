// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing a byte range of any kind, from start to end: for what free.c and free_remote.c do not
 * serve at once. Any context, NMI included.
 *
 *	cleared, and large				dt_free_clear()
 *	traced, refused, shared or large		dt_free_slow(), do_free()
 *
 * Locks: none in a section. After it the pool's for retired regions; dt_shared_drain() tries that
 * of the shared heap.
 */
#include <linux/string.h>
#include "free.h"
#include "grow.h"
#include "percpu.h"
#include "range.h"

/*
 * Clear a large range with preemption on, as far as the caller allows, before it is freed; not one
 * that is to be refused. @region is the region that @ptr lies in, or dt_no_region.
 *
 * Return: the region that @ptr lies in then, or dt_no_region.
 */
struct dt_region *dt_free_clear(struct dualtree *dt, const void *ptr, size_t len,
				struct dt_region *region)
{
	size_t offset = region_offset(region, ptr);
	struct dt_ledger_range range;

	if (region->dt != dt || !region_holds(region, offset, len))
		return region;
	range = ledger_range(offset, len);
	if (ledger_check(region->ledger, &range))
		return region;
	preempt_enable();
	memset((void *)ptr, 0, len);
	preempt_disable();
	return buddy_lookup_owner(ptr);
}

/*
 * The free is watched, or refused; or it is of a heap that is not active here, and the range
 * shares granules or is large. @region is the region that @ptr lies in, or dt_no_region.
 */
int dt_free_slow(struct dualtree *dt, struct dt_region *region, size_t len, const void *ptr,
		 unsigned long caller)
{
	struct dt_region *retired;
	int kind = -EINVAL;
	struct dt_heap *heap;
	bool shared = false;

	if (want_init_on_free() && len > CLEAR_MAX)
		region = dt_free_clear(dt, ptr, len, region);
	heap = section_enter(dt);
	if (likely(region->dt == dt && region_holds(region, region_offset(region, ptr), len))) {
		kind = do_free(dt, heap, region, ptr, len);
		shared = region_heap(region) == &dt->shared;
	}
	retired = section_exit(dt, heap);
	/* For free_fast(); section_exit() has done it for section_enter(). */
	preempt_enable();
	if (unlikely(retired))
		dt_regions_put(dt, retired);
	if (unlikely(shared))
		dt_shared_drain(dt);
	if (unlikely(kind < 0))
		return dt_report_bad_free(dt, ptr, len, kind, caller);
	trace_dualtree_free(dt->name, ptr, len, kind);
	return 0;
}
