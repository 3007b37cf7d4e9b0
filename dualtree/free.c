// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing a byte range: dualtree_free(), dualtree_trim(). Any context, NMI included.
 *
 *	this CPU's heap, which is entered
 *	  one granule, of which nothing else lives	free_fast(): the fast path
 *	  one granule, of which other bytes live on	free_bytes()
 *	  2 to 33 granules, of which nothing else lives	free_many()
 *	  the same, from inside a granule		free_inside()
 *	  33 to 65 granules, of which nothing else lives	free_larger()
 *	  more, and only the first may be shared	free_large()
 *	  granules that are shared otherwise		free_partial()
 *	  a double-free, or a race with another CPU	free_recheck()
 *	another heap, or this one inside a section
 *	  1 to 33 granules, of which nothing else lives	dt_free_remote()
 *	  anything else					dt_free_slow(), do_free()
 *	any heap
 *	  traced or cleared, or outside of a region	dt_free_slow(), do_free()
 *	  trim() whose start is in another region	free_outside()
 *
 * Granules of the entered heap that come free become hot in free_hot(). Where another range is
 * hot, free_displace() moves that one to its quick list, or free_insert() to the trees. Where the
 * heap has no cache, free_to_trees() inserts them.
 *
 * Every slow path is a call in tail position, so that the fast path costs no stack frame. It
 * takes what the fast path has in registers, in the order that moves the fewest of them, and
 * enables preemption. Those that are given @heap also close the section on it. @caller is the
 * return address that a report names.
 *
 * Locks: none in a section. After it the pool's for retired regions, and those of dt_free_slow()
 * and dt_free_remote(). Checking and changing the ledger is one stretch with preemption off. A
 * double-free from an interrupt in it, or from another CPU, may go unnoticed; see ledger.h.
 */
#include <linux/export.h>
#include "free.h"
#include "grow.h"
#include "heap_free.h"
#include "range.h"

static int free_outside(struct dualtree *dt, const void *ptr, size_t len, size_t before,
			unsigned long caller);
static int free_many(struct dualtree *dt, struct dt_region *region, size_t len, size_t offset,
		     struct dt_heap *heap, unsigned long caller);
static int free_larger(struct dualtree *dt, struct dt_region *region, size_t len, size_t offset,
		       struct dt_heap *heap, unsigned long caller);
static int free_large(struct dualtree *dt, struct dt_region *region, size_t len, size_t offset,
		      struct dt_heap *heap, unsigned long caller);
static int free_bytes(struct dualtree *dt, struct dt_region *region, size_t len, size_t offset,
		      struct dt_heap *heap, unsigned long caller);
static int free_cool(struct dt_heap *heap, struct dt_region *region);
static int free_displace(struct dt_heap *heap, struct dt_region *region, unsigned long first,
			 unsigned long nr);
static int free_to_trees(struct dt_heap *heap, struct dt_region *region, unsigned int first,
			 unsigned int nr);

/* Does this free need do_free(): to be traced, cleared, or left registered with kmemleak? */
static __always_inline bool free_watched(void)
{
	return trace_dualtree_free_enabled() || want_init_on_free() || dt_kmemleak_must_wait();
}

/* The end of a free that brought granules of the entered heap to 0: make them hot. */
static __always_inline int free_hot(struct dt_cpu_slot __percpu *slots, struct dt_heap *heap,
				    struct dt_region *region, unsigned long first,
				    unsigned long nr, size_t len)
{
	unsigned long hot;

	count_local(heap, len);
	dt_kmemleak_untrack(region, first, nr);
	dt_poison(region_addr(region, first), (size_t)nr << DT_GRANULE_SHIFT);
	hot = hot_put(heap, region, first, nr);
	if (unlikely(!hot))
		return heap->quick ? free_displace(heap, region, first, nr) :
				     free_to_trees(heap, region, first, nr);
	if (unlikely(hot_needs_recheck(heap, region, hot)))
		return free_cool(heap, region);
	__section_exit(slots, heap);
	preempt_enable();
	return 0;
}

/*
 * The fast path. @before is the number of bytes before @ptr that have to lie in the same region.
 */
static __always_inline int free_fast(struct dualtree *dt, const void *ptr, size_t len,
				     size_t before)
{
	struct dt_cpu_slot __percpu *slots = dt->slots;
	struct dt_region *region;
	struct dt_heap *heap;
	size_t offset, first, last_byte, bytes;

	preempt_disable();
	heap = __this_cpu_read(slots->active);
	region = buddy_lookup_owner(ptr);
	if (before && unlikely(region_offset(region, ptr) < before))
		return free_outside(dt, ptr, len, before, _RET_IP_);
	if (unlikely(free_watched()))
		return dt_free_slow(dt, region, len, ptr, _RET_IP_);
	if (unlikely(region_heap(region) != heap))
		return dt_free_remote(dt, region, len, ptr, _RET_IP_);
	/* region_holds(), in the order that takes one register less. */
	bytes = READ_ONCE(region->bytes);
	last_byte = len - 1;
	if (unlikely(last_byte >= bytes))
		return dt_free_slow(dt, region, len, ptr, _RET_IP_);
	offset = region_offset(region, ptr);
	last_byte += offset;
	if (unlikely(last_byte >= bytes))
		return dt_free_slow(dt, region, len, ptr, _RET_IP_);
	__section_enter(slots);
	first = offset >> DT_GRANULE_SHIFT;
	if (last_byte >> DT_GRANULE_SHIFT != first) {
		if (len <= FREE_WHOLE_MAX)
			return free_many(dt, region, len, offset, heap, _RET_IP_);
		if (len <= 2 * FREE_WHOLE_MAX)
			return free_larger(dt, region, len, offset, heap, _RET_IP_);
		return free_large(dt, region, len, offset, heap, _RET_IP_);
	}
	if (unlikely(!ledger_is_granule(region->ledger[first], len)))
		return free_bytes(dt, region, len, offset, heap, _RET_IP_);
	WRITE_ONCE(region->ledger[first], LEDGER_OWNED);
	return free_hot(slots, heap, region, first, 1, len);
}

int dualtree_free(struct dualtree *dt, const void *ptr, size_t len)
{
	return free_fast(dt, ptr, len, 0);
}
EXPORT_SYMBOL_GPL(dualtree_free);

int dualtree_trim(struct dualtree *dt, const void *ptr, size_t len, size_t keep)
{
	if (likely(ptr && keep < len))
		return free_fast(dt, ptr + keep, len - keep, keep);
	if (!ptr || (len && keep == len))
		return 0;
	return dt_report_bad_free(dt, ptr, len, -EINVAL, _RET_IP_);
}
EXPORT_SYMBOL_GPL(dualtree_trim);

/* The end of a free where regions were retired. */
static noinline int free_retired(struct dualtree *dt, struct dt_heap *heap)
{
	dt_regions_put(dt, section_exit(dt, heap));
	return 0;
}

/* The end of a free that has put something into the trees. */
static __always_inline int free_inserted(struct dualtree *dt, struct dt_heap *heap)
{
	if (unlikely(heap->retired))
		return free_retired(dt, heap);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return 0;
}

/* Insert granules where the heap has no cache. */
static noinline int free_to_trees(struct dt_heap *heap, struct dt_region *region,
				  unsigned int first, unsigned int nr)
{
	struct dualtree *dt = region->dt;

	heap_free(heap, region, first, nr);
	return free_inserted(dt, heap);
}

/* What is hot, in @region, may have to become cold. */
static noinline int free_recheck_hot(struct dt_heap *heap, struct dt_region *region)
{
	struct dualtree *dt = region->dt;

	dt_cache_recheck_hot(heap);
	return free_inserted(dt, heap);
}

/* free_recheck_hot(), unless it is known, as it mostly is, that the region need not drain. */
static noinline int free_cool(struct dt_heap *heap, struct dt_region *region)
{
	if (unlikely(hot_may_cool(heap, region)))
		return free_recheck_hot(heap, region);
	__section_exit(region->dt->slots, heap);
	preempt_enable();
	return 0;
}

/* The end of free_displace(): the hot range goes to the trees. */
static noinline int free_insert(struct dt_heap *heap, struct dt_region *region, unsigned int first,
				unsigned int nr)
{
	struct dualtree *dt = region->dt;

	cache_replace_hot(heap, region, first, nr);
	return free_inserted(dt, heap);
}

/* The end of free_displace(): the hot range goes to its quick list. */
static noinline int free_to_list(struct dt_heap *heap, struct dt_region *region,
				 unsigned long first, unsigned long nr, struct dt_quick_list *list)
{
	hot_to_list(heap, region, first, nr, list);
	if (unlikely(hot_needs_recheck(heap, region, nr)))
		return free_cool(heap, region);
	__section_exit(region->dt->slots, heap);
	preempt_enable();
	return 0;
}

/*
 * Make granules hot in place of others. Where these go to their quick list that takes no stack
 * frame; free_insert() does all else, and puts what was retired in NMI.
 */
static noinline int free_displace(struct dt_heap *heap, struct dt_region *region,
				  unsigned long first, unsigned long nr)
{
	if (likely(!heap->retired) && hot_wanted(heap))
		return free_to_list(heap, region, first, nr,
				    quick_list(heap->quick, heap->hot.nr));
	return free_insert(heap, region, first, nr);
}

/* The range is not live, or another CPU is freeing other bytes of its first or last granule. */
static noinline int free_recheck(struct dualtree *dt, struct dt_region *region, size_t len,
				 size_t offset, struct dt_heap *heap, unsigned long caller)
{
	struct dt_ledger_range range = ledger_range(offset, len);
	/* The record may be freed as soon as preemption is on. */
	const void *ptr = region->base + offset;
	struct dt_ledger_run run;

	if (ledger_check(region->ledger, &range)) {
		__section_exit(dt->slots, heap);
		preempt_enable();
		return dt_report_bad_free(dt, ptr, len, -EALREADY, caller);
	}
	/* Before the ledger changes: after that another CPU may free the rest, and reuse it. */
	dt_poison_bytes(ptr, len);
	run = ledger_claim(region->ledger, &range);
	ledger_set(region->ledger, run.first, run.nr, LEDGER_OWNED);
	if (run.nr)
		return free_hot(dt->slots, heap, region, run.first, run.nr, len);
	count_local(heap, len);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return 0;
}

/*
 * The range shares granules at its ends, as the tail of a buffer does, or is large. Does what
 * ledger_check() and ledger_claim() do, but reads the counts once.
 */
static noinline int free_partial(struct dualtree *dt, struct dt_region *region, size_t len,
				 size_t offset, struct dt_heap *heap, unsigned long caller)
{
	size_t last_byte = offset + len - 1;
	u8 *first = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 *last = region->ledger + (last_byte >> DT_GRANULE_SHIFT);
	unsigned int head = DT_GRANULE - (offset & (DT_GRANULE - 1));
	unsigned int tail = ledger_tail(last_byte);
	u8 first_count = READ_ONCE(*first), last_count = READ_ONCE(*last);

	if (unlikely(!ledger_has(first_count, head) || !ledger_has(last_count, tail) ||
		     !ledger_all_full(first, 1, last - first - 1)))
		return free_recheck(dt, region, len, offset, heap, caller);
	dt_poison_bytes(region->base + offset, len);
	/* Acquire: pairs as in ledger_claim_granule(). */
	smp_acquire__after_ctrl_dep();
	if (first_count != head) {
		if (unlikely(cmpxchg(first, first_count, first_count - head) != first_count))
			return free_recheck(dt, region, len, offset, heap, caller);
		first++;
	}
	if (last_count != tail && !ledger_claim_granule(last, tail))
		last--;
	ledger_set(first, 0, last + 1 - first, LEDGER_OWNED);
	if (likely(last >= first))
		return free_hot(dt->slots, heap, region, first - region->ledger, last + 1 - first,
				len);
	count_local(heap, len);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return 0;
}

/*
 * The range lies in more than 64 granules. Often it is what a reader did not fill of its buffer:
 * other bytes of its first granule are live, and none of its last one. If not, free_partial() does
 * it all.
 */
static noinline int free_large(struct dualtree *dt, struct dt_region *region, size_t len,
			       size_t offset, struct dt_heap *heap, unsigned long caller)
{
	unsigned long skipped = offset & (DT_GRANULE - 1), last_byte = skipped + len - 1;
	/* Granules after the first one; and live bytes of that one that are not of the range. */
	unsigned long more = last_byte >> DT_GRANULE_SHIFT, left;
	u8 *first = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 count = READ_ONCE(*first);

	left = count + skipped - DT_GRANULE;
	/* The first of the three is ledger_has(). */
	if (unlikely(left > skipped || READ_ONCE(first[more]) != (u8)ledger_tail(last_byte) ||
		     !ledger_many_full(first + 1, more - 1)))
		return free_partial(dt, region, len, offset, heap, caller);
	dt_poison_bytes(region->base + offset, len);
	/* Acquire: pairs as in ledger_claim_granule(). */
	smp_acquire__after_ctrl_dep();
	if (left) {
		if (unlikely(cmpxchg(first, count, left) != count))
			return free_recheck(dt, region, len, offset, heap, caller);
		first++;
		more--;
	}
	ledger_set_many(first, more + 1, LEDGER_OWNED);
	return free_hot(dt->slots, heap, region, first - region->ledger, more + 1, len);
}

/* The range lies in 33 to 65 granules, as a page does. */
static noinline int free_larger(struct dualtree *dt, struct dt_region *region, size_t len,
				size_t offset, struct dt_heap *heap, unsigned long caller)
{
	size_t last_byte = offset + len - 1;
	u8 *first = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 *last = region->ledger + (last_byte >> DT_GRANULE_SHIFT);

	/* Else the compiler also keeps what these are computed from, in registers that it saves. */
	OPTIMIZER_HIDE_VAR(first);
	OPTIMIZER_HIDE_VAR(last);
	if (unlikely(!ledger_take_whole(first, last, offset, last_byte, true)))
		return free_partial(dt, region, len, offset, heap, caller);
	return free_hot(dt->slots, heap, region, first - region->ledger, last - first + 1, len);
}

/* The range begins inside a granule, as what is left of a packet whose headers were freed. */
static noinline int free_inside(struct dualtree *dt, struct dt_region *region, size_t len,
				size_t offset, struct dt_heap *heap, unsigned long caller)
{
	unsigned long skipped = offset & (DT_GRANULE - 1), last_byte = skipped + len - 1;
	unsigned long more = last_byte >> DT_GRANULE_SHIFT;
	u8 *first = region->ledger + (offset >> DT_GRANULE_SHIFT);

	if (unlikely(!ledger_take_inside(first, more, skipped, last_byte, false)))
		return free_partial(dt, region, len, offset, heap, caller);
	return free_hot(dt->slots, heap, region, first - region->ledger, more + 1, len);
}

/* The range begins with a granule and lies in 2 to 33 of them, of which nothing else lives. */
static __always_inline int free_few(struct dualtree *dt, struct dt_region *region, size_t len,
				    size_t offset, struct dt_heap *heap, unsigned long caller)
{
	size_t last_byte = offset + len - 1;
	u8 *first = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 *last = region->ledger + (last_byte >> DT_GRANULE_SHIFT);

	/* As in free_larger(). */
	OPTIMIZER_HIDE_VAR(first);
	OPTIMIZER_HIDE_VAR(last);
	if (unlikely(!ledger_take_whole(first, last, 0, last_byte, false)))
		return free_partial(dt, region, len, offset, heap, caller);
	return free_hot(dt->slots, heap, region, first - region->ledger, last - first + 1, len);
}

/* The range lies in 2 to 33 granules. */
static noinline int free_many(struct dualtree *dt, struct dt_region *region, size_t len,
			      size_t offset, struct dt_heap *heap, unsigned long caller)
{
	if (offset & (DT_GRANULE - 1))
		return free_inside(dt, region, len, offset, heap, caller);
	return free_few(dt, region, len, offset, heap, caller);
}

/* Other bytes of the range's one granule are live, or the range is not. */
static noinline int free_bytes(struct dualtree *dt, struct dt_region *region, size_t len,
			       size_t offset, struct dt_heap *heap, unsigned long caller)
{
	u8 *count = region->ledger + (offset >> DT_GRANULE_SHIFT);
	u8 seen = READ_ONCE(*count);
	unsigned long left = seen - len;

	/* ledger_has(), and some are left. */
	if (unlikely(left - 1 >= DT_GRANULE - len))
		return free_recheck(dt, region, len, offset, heap, caller);
	dt_poison_bytes(region->base + offset, len);
	if (unlikely(cmpxchg(count, seen, left) != seen))
		return free_recheck(dt, region, len, offset, heap, caller);
	count_local(heap, len);
	__section_exit(dt->slots, heap);
	preempt_enable();
	return 0;
}

/*
 * The bytes that dualtree_trim() keeps begin before the region of the bytes that it frees. The
 * sums are computed here, where they cost the fast path no register.
 */
static noinline int free_outside(struct dualtree *dt, const void *ptr, size_t len, size_t before,
				 unsigned long caller)
{
	preempt_enable();
	return dt_report_bad_free(dt, ptr - before, len + before, -EINVAL, caller);
}
