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

/* Up to here a range lies in 33 granules at most. */
#define FREE_LARGE	(32 * DT_GRANULE)

/*
 * Count a free, of which @pushed granules were sent to another heap, or to this CPU's own while
 * that was not ready. Nothing needs to be entered for it; preemption is off.
 */
static __always_inline void count_free(struct dualtree *dt, size_t len, unsigned int pushed)
{
	struct heap *heap = __this_cpu_read(dt->slots->heap);

	if (likely(heap)) {
		count_local(heap, len);
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
		dt_kmemleak_untrack(region, run.first, run.nr);
		dt_poison(region_addr(region, run.first), run.nr << DT_GRANULE_SHIFT);
		kind = region->heap == heap && !dt_kmemleak_must_wait() ? FREE_LOCAL : FREE_REMOTE;
	}
	if (kind == FREE_LOCAL)
		dt_cache_free(heap, region, run.first, run.nr);
	else if (kind == FREE_REMOTE && batch)
		dt_remote_batch_add(batch, region, region_addr(region, run.first), run.nr);
	else if (kind == FREE_REMOTE)
		heap_push(region, region_addr(region, run.first), run.nr);
	count_free(dt, len, kind == FREE_REMOTE ? run.nr : 0);
	return kind;
}

/**
 * dt_front_refuse() - count and report a free that is refused
 * @dt: the instance
 * @ptr: the first byte; NULL is nobody's fault
 * @len: bytes
 * @err: -EINVAL or -EALREADY
 * @caller: whose it was
 *
 * Return: @err, or 0 for NULL.
 */
noinline int dt_front_refuse(struct dualtree *dt, const void *ptr, size_t len, int err,
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

/*
 * The end of dt_front_free_other(), where the range is all that lives in its granules: push them.
 * Turns preemption on.
 */
static __always_inline int push_whole(struct dualtree *dt, struct region *region, size_t offset,
				      size_t first, size_t last, size_t len)
{
	struct heap *heap = region->heap;
	unsigned int nr = last - first + 1;
	void *addr = region_addr(region, first);

	dt_kmemleak_untrack(region, first, nr);
	dt_poison(addr, (size_t)nr << DT_GRANULE_SHIFT);
	heap_push(region, addr, nr);
	count_free(dt, len, nr);
	preempt_enable();
	if (unlikely(heap == &dt->shared))
		dt_shared_drain(dt);
	return 0;
}

/**
 * dt_front_free_other() - the end of front_free() where this CPU cannot enter the range's heap
 * @dt: the instance
 * @ptr: the first byte; any value whatever
 * @len: bytes
 * @region: what @ptr lies in, or dt_no_region; preemption is off
 * @caller: to be named if it is refused
 *
 * Or where the free is watched. Turns preemption on.
 */
int dt_front_free_other(struct dualtree *dt, const void *ptr, size_t len, struct region *region,
			unsigned long caller)
{
	size_t offset, last_byte, first, last;
	u8 *ledger;

	if (unlikely(region->dt != dt || len > FREE_LARGE || free_watched()))
		return dt_front_free_slow(dt, ptr, len, region, caller);
	offset = region_offset(region, ptr);
	if (unlikely(!region_holds(region, offset, len)))
		return dt_front_free_slow(dt, ptr, len, region, caller);
	ledger = region->ledger;
	last_byte = offset + len - 1;
	first = offset >> DT_GRANULE_SHIFT;
	last = last_byte >> DT_GRANULE_SHIFT;
	if (first != last) {
		if (unlikely(!ledger_take_whole(ledger + first, ledger + last, offset, last_byte)))
			return dt_front_free_slow(dt, ptr, len, region, caller);
	} else if (unlikely(!ledger_take_granule(ledger + first, len))) {
		return dt_front_free_slow(dt, ptr, len, region, caller);
	}
	return push_whole(dt, region, offset, first, last, len);
}

/**
 * dt_front_free_slow() - the rest of front_free()
 * @dt: the instance
 * @ptr: the first byte; any value whatever
 * @len: bytes
 * @region: what @ptr lies in, or dt_no_region; preemption is off
 * @caller: to be named if it is refused
 *
 * For what is watched, or wrong, and where this CPU cannot enter the heap for what shares
 * granules, or is large.
 * Turns preemption on.
 */
int dt_front_free_slow(struct dualtree *dt, const void *ptr, size_t len, struct region *region,
		       unsigned long caller)
{
	struct heap *heap = section_begin(dt);
	struct region *retired;
	int kind = -EINVAL;
	bool shared = false;

	if (likely(region->dt == dt && region_holds(region, region_offset(region, ptr), len))) {
		kind = release(dt, heap, region, ptr, len, NULL);
		shared = region->heap == &dt->shared;
	}
	retired = section_end(dt, heap);
	/* That ended what section_begin() began; this is the caller's. */
	preempt_enable();
	if (unlikely(retired))
		dt_regions_put(dt, retired);
	if (unlikely(shared))
		dt_shared_drain(dt);
	if (unlikely(kind < 0))
		return dt_front_refuse(dt, ptr, len, kind, caller);
	trace_dualtree_free(dt->name, ptr, len, kind);
	return 0;
}

/**
 * dt_front_free_outside() - the end of front_free() where the range begins before its region
 * @dt: the instance
 * @ptr: as front_free() has it
 * @len: likewise
 * @before: likewise; the sums are made here, where they cost the fast path no register
 * @caller: to be named
 *
 * Turns preemption on.
 *
 * Return: -EINVAL.
 */
int dt_front_free_outside(struct dualtree *dt, const void *ptr, size_t len, size_t before,
			  unsigned long caller)
{
	preempt_enable();
	return dt_front_refuse(dt, ptr - before, len + before, -EINVAL, caller);
}

/*
 * The end of front_free() where the range is wrong, or another CPU frees a part of it now; @heap
 * is this CPU's, entered. Ends the section.
 */
static noinline int free_contended(struct dualtree *dt, size_t offset, size_t len,
				   struct region *region, struct heap *heap, unsigned long caller)
{
	struct ledger_range range = ledger_range(offset, len);
	/* The record may be gone as soon as preemption is on. */
	const void *ptr = region->base + offset;
	struct ledger_run run;

	if (ledger_check(region->ledger, &range)) {
		section_close(dt, heap);
		preempt_enable();
		return dt_front_refuse(dt, ptr, len, -EALREADY, caller);
	}
	/* Before the ledger changes: from then on another owner may have it. */
	dt_poison_bytes(ptr, len);
	run = ledger_take(region->ledger, &range);
	if (run.nr)
		return front_free_hot(dt, heap, region, run.first, run.nr, len);
	count_local(heap, len);
	section_close(dt, heap);
	preempt_enable();
	return 0;
}

/*
 * The end of dt_front_free_many() where the range shares granules at its ends, as the tail of a
 * buffer does, or is large. What ledger_check() and ledger_take() do, in one go.
 */
static noinline int free_part(struct dualtree *dt, size_t offset, size_t len,
			      struct region *region, struct heap *heap, unsigned long caller)
{
	size_t last_byte = offset + len - 1;
	u8 *first = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 *last = region->ledger + (last_byte >> DT_GRANULE_SHIFT);
	unsigned int head = DT_GRANULE - (offset & (DT_GRANULE - 1));
	unsigned int tail = ledger_tail(last_byte);
	u8 of_first = READ_ONCE(*first), of_last = READ_ONCE(*last);

	if (unlikely(!ledger_has(of_first, head) || !ledger_has(of_last, tail) ||
		     !ledger_all_full(first, 1, last - first - 1)))
		return free_contended(dt, offset, len, region, heap, caller);
	dt_poison_bytes(region->base + offset, len);
	smp_acquire__after_ctrl_dep();
	if (of_first != head) {
		if (unlikely(cmpxchg(first, of_first, of_first - head) != of_first))
			return free_contended(dt, offset, len, region, heap, caller);
		first++;
	}
	if (of_last != tail && !ledger_take_bytes(last, tail))
		last--;
	ledger_set(first, 0, last + 1 - first, 0);
	if (likely(last >= first))
		return front_free_hot(dt, heap, region, first - region->ledger, last + 1 - first,
				      len);
	count_local(heap, len);
	section_close(dt, heap);
	preempt_enable();
	return 0;
}

/**
 * dt_front_free_many() - the end of front_free() where the range lies in several granules
 * @dt: the instance
 * @offset: of the range, in the region
 * @len: bytes
 * @region: what it lies in
 * @heap: that one's, this CPU's, entered
 * @caller: to be named if it is refused
 *
 * Ends the section.
 */
int dt_front_free_many(struct dualtree *dt, size_t offset, size_t len, struct region *region,
		       struct heap *heap, unsigned long caller)
{
	size_t last_byte = offset + len - 1;
	size_t first = offset >> DT_GRANULE_SHIFT, last = last_byte >> DT_GRANULE_SHIFT;
	u8 *ledger = region->ledger;

	/* What takes loops takes registers too. */
	if (len > FREE_LARGE ||
	    unlikely(!ledger_take_whole(ledger + first, ledger + last, offset, last_byte)))
		return free_part(dt, offset, len, region, heap, caller);
	return front_free_hot(dt, heap, region, first, last - first + 1, len);
}

/**
 * dt_front_free_bytes() - the end of front_free() where other bytes of the one granule live on
 * @dt: the instance
 * @offset: of the range, in the region
 * @len: bytes
 * @region: what it lies in
 * @heap: that one's, this CPU's, entered
 * @caller: to be named if it is refused
 *
 * Or where the range is wrong. Ends the section.
 */
int dt_front_free_bytes(struct dualtree *dt, size_t offset, size_t len, struct region *region,
			struct heap *heap, unsigned long caller)
{
	u8 *count = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 seen = READ_ONCE(*count);

	if (unlikely(!ledger_has(seen, len) || seen == len))
		return free_contended(dt, offset, len, region, heap, caller);
	dt_poison_bytes(region->base + offset, len);
	if (unlikely(cmpxchg(count, seen, seen - len) != seen))
		return free_contended(dt, offset, len, region, heap, caller);
	count_local(heap, len);
	section_close(dt, heap);
	preempt_enable();
	return 0;
}

/* The end of dt_front_settle() where there is something to give back. */
static noinline int settle_retired(struct dualtree *dt, struct heap *heap)
{
	dt_regions_put(dt, section_end(dt, heap));
	return 0;
}

/**
 * dt_front_settle() - end front_free() where the hot range has to make room, or may have to go
 * @heap: this CPU's, entered
 * @region: what the range lies in
 * @first: the first granule that is to become hot
 * @nr: how many; 0 if they are hot already
 *
 * Ends the section.
 *
 * Return: 0, for front_free().
 */
int dt_front_settle(struct heap *heap, struct region *region, unsigned int first, unsigned int nr)
{
	struct dualtree *dt = region->dt;

	if (!nr)
		dt_cache_doubt(heap);
	else if (heap->quick)
		dt_cache_free(heap, region, first, nr);
	else
		dt_heap_free(heap, region, first, nr);
	if (unlikely(heap->retired))
		return settle_retired(dt, heap);
	section_close(dt, heap);
	preempt_enable();
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
		region = dt_region_of_range(dt, ranges[i].ptr, ranges[i].len);
		if (likely(region)) {
			kinds[i] = release(dt, heap, region, ranges[i].ptr, ranges[i].len, &batch);
			shared |= region->heap == &dt->shared;
		}
	}
	dt_remote_batch_push(&batch);
	retired = section_end(dt, heap);
	dt_regions_put(dt, retired);
	if (shared)
		dt_shared_drain(dt);
	return i;
}

/**
 * dt_front_free_bulk() - free several ranges
 * @dt: the instance
 * @ranges: the ranges
 * @nr: how many
 * @caller: to be named if one is refused
 *
 * Context: Any, NMI included.
 * Return: 0, or what was wrong with the first that was refused.
 */
int dt_front_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr,
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
				dt_front_refuse(dt, r->ptr, r->len, kinds[i], caller);
				err = err ?: kinds[i];
			} else if (r->ptr) {
				trace_dualtree_free(dt->name, r->ptr, r->len, kinds[i]);
			}
		}
	}
	return err;
}
