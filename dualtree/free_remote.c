// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing a byte range of a heap that is not active here, if nothing else lives in its granules and
 * these are 33 at most. free.c begins it, and does the rest. Any context, NMI included.
 *
 *	the range begins with a granule			dt_free_remote(), free_push()
 *	the range begins inside a granule		free_remote_inside(), free_push()
 *	and its region is to be queued			free_queue()
 *	granules that are shared, a double-free		free_offset()
 *
 * All of them are calls in tail position, as in free.c, with preemption off since free_fast().
 *
 * Locks: none; dt_shared_drain() tries that of the shared heap, with preemption on again.
 */
#include "free.h"
#include "percpu.h"

/* The end of dt_free_remote() where the region is to be queued. */
static noinline int free_queue(struct dualtree *dt, struct dt_region *region)
{
	bool shared = region_heap(region) == &dt->shared;
	bool queued = dt_remote_queue(region);

	if (queued && !shared)
		in_flight_note(dt);
	preempt_enable();
	/* Where another context has queued the region, that one does it. */
	if (unlikely(shared && queued))
		dt_shared_drain(dt);
	return 0;
}

/*
 * The end of dt_free_remote(): push granule @first and @more after it, in which nothing is live any
 * more. Out of line: so neither of the two needs registers that it would have to save.
 */
static noinline int free_push(struct dualtree *dt, struct dt_region *region, size_t len,
			      unsigned long first, unsigned long more)
{
	dt_kmemleak_untrack(region, first, more + 1);
	dt_poison(region_addr(region, first), (more + 1) << DT_GRANULE_SHIFT);
	count_push(dt, len, more + 1);
	if (remote_mark_few(region, first, more))
		return free_queue(dt, region);
	preempt_enable();
	return 0;
}

/* dt_free_slow() of a range that begins @offset bytes into @region. */
static noinline int free_offset(struct dualtree *dt, struct dt_region *region, size_t len,
				size_t offset, unsigned long caller)
{
	return dt_free_slow(dt, region, len, region->base + offset, caller);
}

/* What dt_free_remote() does with a range that begins @skipped bytes into granule @first. */
static __always_inline int free_remote_few(struct dualtree *dt, struct dt_region *region,
					   size_t len, size_t offset, unsigned long caller,
					   size_t skipped)
{
	unsigned long first = offset >> DT_GRANULE_SHIFT;
	size_t last_byte = skipped + len - 1;
	unsigned long more = last_byte >> DT_GRANULE_SHIFT;
	const u8 *count;

	/* Else the compiler saves a register to keep @first. It is computed once more instead. */
	OPTIMIZER_HIDE_VAR(offset);
	count = region->ledger + first;
	if (more) {
		if (unlikely(!ledger_is_whole(count, count + more, skipped, last_byte)))
			return free_offset(dt, region, len, offset, caller);
	} else if (unlikely(!ledger_is_granule(*count, len))) {
		return free_offset(dt, region, len, offset, caller);
	}
	return free_push(dt, region, len, offset >> DT_GRANULE_SHIFT, more);
}

/* The range begins inside a granule. */
static noinline int free_remote_inside(struct dualtree *dt, struct dt_region *region, size_t len,
				       size_t offset, unsigned long caller)
{
	return free_remote_few(dt, region, len, offset, caller, offset & (DT_GRANULE - 1));
}

/*
 * The range is of a heap that is not active here. @region is the region that @ptr lies in, or
 * dt_no_region.
 */
int dt_free_remote(struct dualtree *dt, struct dt_region *region, size_t len, const void *ptr,
		   unsigned long caller)
{
	size_t offset;

	/* 0 becomes the largest length; what is left is short: the sum below does not wrap. */
	if (unlikely(region->dt != dt || len - 1 >= FREE_WHOLE_MAX))
		return dt_free_slow(dt, region, len, ptr, caller);
	offset = region_offset(region, ptr);
	/* Else the compiler keeps @ptr, too. */
	OPTIMIZER_HIDE_VAR(offset);
	if (unlikely(offset + len - 1 >= READ_ONCE(region->bytes)))
		return free_offset(dt, region, len, offset, caller);
	if (offset & (DT_GRANULE - 1))
		return free_remote_inside(dt, region, len, offset, caller);
	return free_remote_few(dt, region, len, offset, caller, 0);
}
