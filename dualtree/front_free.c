// SPDX-License-Identifier: GPL-2.0
/*
 * The per-CPU front: freeing where it is more than a range of this CPU's heap beside the hot
 * one.
 */
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>
#include "../compat/compat.h"
#include "front.h"
#include "remote.h"

static void count_free(struct dualtree *dt, struct heap *heap, size_t len, unsigned int pushed)
{
	if (likely(heap)) {
		local64_inc(&heap->counts.frees);
		local64_sub(len, &heap->counts.live_bytes);
		if (pushed) {
			local64_inc(&heap->counts.remote_frees);
			local64_add(pushed, &heap->counts.in_flight);
		}
	} else {
		atomic64_inc(&dt->counts.frees);
		atomic64_sub(len, &dt->counts.live_bytes);
		atomic64_add(pushed, &dt->counts.in_flight);
		if (pushed)
			atomic64_inc(&dt->counts.remote_frees);
	}
}

/*
 * Free a range of a region. @heap is this CPU's, entered, or NULL. What is another heap's is
 * pushed there, with @batch if there is one.
 *
 * Return: an enum free_kind, or -EALREADY.
 */
static __always_inline int release(struct dualtree *dt, struct heap *heap, struct region *region,
				   const void *ptr, size_t len, struct remote_batch *batch)
{
	struct ledger_range range = ledger_range(region_offset(region, ptr), len);
	enum free_kind kind = FREE_PART;
	struct ledger_run run;

	if (unlikely(ledger_check(region->ledger, &range)))
		return -EALREADY;
	/* Before the ledger changes: from then on it may be somebody else's. */
	if (want_init_on_free())
		memset((void *)ptr, 0, len);
	dt_poison_bytes(ptr, len);
	run = ledger_take(region->ledger, &range);
	if (run.nr) {
		leak_untrack(region, run.first, run.nr);
		dt_poison(region_addr(region, run.first), run.nr << DT_GRANULE_SHIFT);
		kind = region->heap == heap && !leak_must_wait() ? FREE_LOCAL : FREE_REMOTE;
	}
	if (kind == FREE_LOCAL)
		cache_free(heap, region, run.first, run.nr);
	else if (kind == FREE_REMOTE && batch)
		remote_batch_add(batch, region->heap, region_addr(region, run.first), run.nr);
	else if (kind == FREE_REMOTE)
		heap_push(region->heap, region_addr(region, run.first), run.nr);
	count_free(dt, heap, len, kind == FREE_REMOTE ? run.nr : 0);
	return kind;
}

/**
 * front_refuse() - count and report a free that is refused
 * @dt: the instance
 * @ptr: the first byte; NULL is nobody's fault
 * @len: bytes
 * @err: -EINVAL or -EALREADY
 * @caller: whose it was
 *
 * Return: @err, or 0 for NULL.
 */
noinline int front_refuse(struct dualtree *dt, const void *ptr, size_t len, int err,
			  unsigned long caller)
{
	if (!ptr)
		return 0;
	atomic64_inc(&dt->counts.bad_frees);
	trace_dualtree_bad_free(dt->name, ptr, len, err);
	pr_err_ratelimited("dualtree: %s: wrong free of %zu bytes at %p by %pS: %s\n", dt->name,
			   len, ptr, (void *)caller,
			   err == -EALREADY ? "free already" : "not its memory");
	return err;
}

/**
 * front_free_slow() - the rest of front_free()
 * @dt: the instance
 * @region: what @ptr lies in, or NULL; preemption is off
 * @ptr: the first byte; any value whatever
 * @len: bytes
 * @caller: to be named if it is refused
 *
 * For what is another owner's, is freed where this CPU's heap is busy, is watched, or is wrong.
 * Turns preemption on.
 */
int front_free_slow(struct dualtree *dt, struct region *region, const void *ptr, size_t len,
		    unsigned long caller)
{
	struct heap *heap = section_begin(dt);
	struct region *retired;
	int kind = -EINVAL;
	bool shared = false;

	if (likely(region && region->dt == dt && len &&
		   len <= region->bytes - region_offset(region, ptr))) {
		kind = release(dt, heap, region, ptr, len, NULL);
		shared = region->heap == &dt->shared;
	}
	retired = section_end(heap);
	/* That ended what section_begin() began; this is the caller's. */
	preempt_enable();
	if (unlikely(retired))
		regions_put(dt, retired);
	if (unlikely(shared))
		shared_drain(dt);
	if (unlikely(kind < 0))
		return front_refuse(dt, ptr, len, kind, caller);
	trace_dualtree_free(dt->name, ptr, len, kind);
	return 0;
}

/**
 * front_free_part() - the end of front_free() where the range shares granules, or is wrong
 * @heap: this CPU's, entered
 * @region: a region of it
 * @offset: of the range, in the region
 * @len: bytes
 * @caller: to be named if it is refused
 *
 * Ends the section.
 */
int front_free_part(struct heap *heap, struct region *region, size_t offset, size_t len,
		    unsigned long caller)
{
	const void *ptr = region->base + offset;
	struct dualtree *dt = region->dt;
	struct region *retired;
	int kind;

	kind = release(dt, heap, region, ptr, len, NULL);
	retired = section_end(heap);
	if (unlikely(retired))
		regions_put(dt, retired);
	return likely(kind >= 0) ? 0 : front_refuse(dt, ptr, len, kind, caller);
}

/**
 * front_settle() - the end of front_free() where the hot range has to make room, or may have to go
 * @heap: this CPU's, entered
 * @region: what the range lies in
 * @first: the first granule that is to become hot
 * @nr: how many; 0 if they are hot already
 *
 * Ends the section.
 *
 * Return: 0, for front_free().
 */
int front_settle(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	struct dualtree *dt = region->dt;
	struct region *retired;

	if (nr)
		cache_free(heap, region, first, nr);
	else
		cache_doubt(heap);
	retired = section_end(heap);
	if (unlikely(retired))
		regions_put(dt, retired);
	return 0;
}

/*
 * Free the first ranges of some in one section; @kinds is what became of each, as release()
 * says it. Return: how many were dealt with.
 */
static unsigned int free_some(struct dualtree *dt, const struct dualtree_range *ranges,
			      unsigned int nr, int *kinds)
{
	struct heap *heap = section_begin(dt);
	struct region *region, *retired;
	struct remote_batch batch = {};
	bool shared = false;
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, nr, BULK_MOST) && bytes < BULK_BYTES; i++) {
		bytes = size_add(bytes, ranges[i].len);
		kinds[i] = ranges[i].ptr ? -EINVAL : 0;
		region = region_of_range(dt, ranges[i].ptr, ranges[i].len);
		if (likely(region)) {
			kinds[i] = release(dt, heap, region, ranges[i].ptr, ranges[i].len, &batch);
			shared |= region->heap == &dt->shared;
		}
	}
	remote_batch_push(&batch);
	retired = section_end(heap);
	regions_put(dt, retired);
	if (shared)
		shared_drain(dt);
	return i;
}

/**
 * front_free_bulk() - free several ranges
 * @dt: the instance
 * @ranges: the ranges
 * @nr: how many
 * @caller: to be named if one is refused
 *
 * Context: Any, NMI included.
 * Return: 0, or what was wrong with the first that was refused.
 */
int front_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr,
		    unsigned long caller)
{
	int kinds[BULK_MOST], err = 0;
	const struct dualtree_range *r;
	unsigned int i, some;

	for (; nr; nr -= some, ranges += some) {
		some = free_some(dt, ranges, nr, kinds);
		for (i = 0; i < some; i++) {
			r = &ranges[i];
			if (unlikely(kinds[i] < 0)) {
				front_refuse(dt, r->ptr, r->len, kinds[i], caller);
				err = err ?: kinds[i];
			} else if (r->ptr) {
				trace_dualtree_free(dt->name, r->ptr, r->len, kinds[i]);
			}
		}
	}
	return err;
}
