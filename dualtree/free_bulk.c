// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_free_bulk(): many ranges, several in one section. Any context, NMI included.
 *
 * Locks: none in a section. After it the pool's for retired regions; dt_shared_drain() tries that
 * of the shared heap.
 */
#include <linux/export.h>
#include <linux/overflow.h>
#include "free.h"
#include "grow.h"
#include "percpu.h"
#include "range.h"

/*
 * Free the first of @nr ranges in one section, up to BULK_MAX and BULK_BYTES. A range of more bytes
 * has a section of its own. @kinds is set to the result of each: an enum dt_free_kind or an error.
 * Return: the number of ranges handled.
 */
static unsigned int free_some(struct dualtree *dt, const struct dualtree_range *ranges,
			      unsigned int nr, int *kinds)
{
	struct dt_region *region, *retired;
	bool shared = false;
	struct dt_heap *heap;
	size_t bytes = 0;
	unsigned int i;

	if (want_init_on_free() && ranges->len > CLEAR_MAX) {
		preempt_disable();
		dt_free_clear(dt, ranges->ptr, ranges->len, buddy_lookup_owner(ranges->ptr));
		preempt_enable();
	}
	heap = section_enter(dt);
	for (i = 0; i < min_t(unsigned int, nr, BULK_MAX) && bytes < BULK_BYTES; i++) {
		if (i && ranges[i].len > BULK_BYTES)
			break;
		bytes = size_add(bytes, ranges[i].len);
		kinds[i] = ranges[i].ptr ? -EINVAL : 0;
		region = dt_region_of_range(dt, ranges[i].ptr, ranges[i].len);
		if (likely(region)) {
			kinds[i] = do_free(dt, heap, region, ranges[i].ptr, ranges[i].len);
			shared |= region_heap(region) == &dt->shared;
		}
	}
	retired = section_exit(dt, heap);
	dt_regions_put(dt, retired);
	if (shared)
		dt_shared_drain(dt);
	return i;
}

int dualtree_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr)
{
	int kinds[BULK_MAX], err = 0;
	const struct dualtree_range *r;
	unsigned int i, some;

	for (; nr; nr -= some, ranges += some) {
		some = free_some(dt, ranges, nr, kinds);
		for (i = 0; i < some; i++) {
			r = &ranges[i];
			if (unlikely(kinds[i] < 0)) {
				dt_report_bad_free(dt, r->ptr, r->len, kinds[i], _RET_IP_);
				err = err ?: kinds[i];
			} else if (r->ptr) {
				trace_dualtree_free(dt->name, r->ptr, r->len, kinds[i]);
			}
		}
	}
	return err;
}
EXPORT_SYMBOL_GPL(dualtree_free_bulk);
