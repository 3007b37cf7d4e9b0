/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all frees have in common but the short ones: counting, and one range of a region.
 *
 * Context: any, NMI included, with preemption off. No locks.
 */
#ifndef DUALTREE_FREE_H
#define DUALTREE_FREE_H

#include <linux/string.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "in_flight.h"
#include "kmemleak.h"
#include "ledger.h"
#include "remote.h"
#include "section.h"
#include "trace.h"

/* Max bytes that init_on_free clears in a section. What is larger is cleared before it is freed. */
#define CLEAR_MAX	BULK_BYTES

/*
 * Max bytes of a range that free_many() and dt_free_remote() take whole: it lies in at most 33
 * granules, the limit of ledger_is_whole(). Larger ranges take more registers, which the shorter
 * paths would have to save. free_larger() takes twice as much.
 */
#define FREE_WHOLE_MAX	(32 * DT_GRANULE)

int dt_free_remote(struct dualtree *dt, struct dt_region *region, size_t len, const void *ptr,
		   unsigned long caller);
int dt_free_slow(struct dualtree *dt, struct dt_region *region, size_t len, const void *ptr,
		 unsigned long caller);
struct dt_region *dt_free_clear(struct dualtree *dt, const void *ptr, size_t len,
				struct dt_region *region);

/* Count a free on this CPU, whose heap is @heap. */
static __always_inline void count_local(struct dt_heap *heap, size_t len)
{
	local64_inc(&heap->counts.frees);
	local64_sub(len, &heap->counts.live_bytes);
}

/*
 * Count a free that put nothing on a remote list. The counts are local atomics, so no section is
 * needed; preemption is off.
 */
static __always_inline void count_free(struct dualtree *dt, size_t len)
{
	struct dt_heap *heap = __this_cpu_read(dt->slots->heap);

	if (likely(heap)) {
		count_local(heap, len);
	} else {
		atomic64_inc(&dt->counts.frees);
		atomic64_sub(len, &dt->counts.live_bytes);
	}
}

/* Count a free that put @nr granules on a remote list. As count_free(). */
static __always_inline void count_push(struct dualtree *dt, size_t len, unsigned long nr)
{
	struct dt_heap *heap = __this_cpu_read(dt->slots->heap);

	if (likely(heap)) {
		count_local(heap, len);
		local64_inc(&heap->counts.remote_frees);
		local64_add(nr, &heap->counts.in_flight);
	} else {
		atomic64_inc(&dt->counts.frees);
		atomic64_sub(len, &dt->counts.live_bytes);
		atomic64_inc(&dt->counts.remote_frees);
		atomic64_add(nr, &dt->counts.in_flight);
	}
}

/*
 * Free a range of a region. @heap is this CPU's, entered, or NULL. Granules that cannot be inserted
 * there are pushed.
 *
 * Return: an enum dt_free_kind, or -EALREADY.
 */
static __always_inline int do_free(struct dualtree *dt, struct dt_heap *heap,
				   struct dt_region *region, const void *ptr, size_t len)
{
	struct dt_ledger_range range = ledger_range(region_offset(region, ptr), len);
	bool local = region_heap(region) == heap && !dt_kmemleak_must_wait();
	enum dt_free_kind kind = FREE_PART;
	struct dt_ledger_run run;

	if (unlikely(ledger_check(region->ledger, &range)))
		return -EALREADY;
	/* Before the ledger changes: after that another CPU may free the rest, and reuse it. */
	if (want_init_on_free() && len <= CLEAR_MAX)
		memset((void *)ptr, 0, len);
	dt_poison_bytes(ptr, len);
	run = ledger_claim(region->ledger, &range);
	if (run.nr) {
		dt_kmemleak_untrack(region, run.first, run.nr);
		dt_poison(region_addr(region, run.first), run.nr << DT_GRANULE_SHIFT);
		kind = local ? FREE_LOCAL : FREE_REMOTE;
	}
	if (kind == FREE_LOCAL) {
		ledger_set(region->ledger, run.first, run.nr, LEDGER_OWNED);
		dt_cache_free(heap, region, run.first, run.nr);
	}
	if (kind != FREE_REMOTE) {
		count_free(dt, len);
		return kind;
	}
	if (remote_mark(region, run.first, run.nr) && dt_remote_queue(region))
		in_flight_note(dt);
	count_push(dt, len, run.nr);
	return FREE_REMOTE;
}

#endif /* DUALTREE_FREE_H */
