// SPDX-License-Identifier: GPL-2.0
/*
 * Growing a live range where it lies: dualtree_extend(). Any context, NMI included.
 *
 *	|########|####....|........|....####|     (1) the rest of its last granule
 *	             ^     `--- (2) ---'          (2) free granules after that
 *	             end of the range
 *
 * (1) is free if all that is live in that granule is the range's: its user may add to the count,
 * on any CPU. (2) belongs to the heap's owner, in its trees or its cache.
 *
 *	the range needs			and its heap is		it grows in
 *	(1) only			any			dualtree_extend(), anywhere
 *	(2) too				this CPU's, entered	grow_in()
 *	(2) too				the shared one		grow_in_shared()
 *	(2) too				another			nothing: it does not grow
 *
 * Locks: dualtree.shared_lock for the shared heap, only tried in NMI; after it, or after a section,
 * the pool's for retired regions.
 */
#include <linux/export.h>
#include <linux/string.h>
#include "../compat/compat.h"
#include "../compat/kasan.h"
#include "cache.h"
#include "grow.h"
#include "kmemleak.h"
#include "ledger.h"
#include "percpu.h"
#include "range.h"
#include "section.h"
#include "trace.h"

/**
 * struct growth - a range that is to grow in place
 * @region: the region that the range lies in
 * @end: offset of its end
 * @new_end: offset of its end when it has grown
 * @last: its last granule
 * @in_last: its bytes in @last
 * @nr: granules that it needs after @last
 */
struct growth {
	struct dt_region *region;
	size_t end;
	size_t new_end;
	unsigned int last;
	unsigned int in_last;
	unsigned int nr;
};

/* Return: true if the range is live, and its region has @new_len bytes from its start. */
static bool growth_init(struct growth *g, const struct dualtree *dt, const void *ptr, size_t len,
			size_t new_len)
{
	struct dt_region *region = dt_region_of_range(dt, ptr, len);
	struct dt_ledger_range range;
	size_t offset;

	if (!region)
		return false;
	offset = region_offset(region, ptr);
	range = ledger_range(offset, len);
	/* The region may be cut meanwhile; its owner looks at what is added once more. */
	if (new_len > READ_ONCE(region->bytes) - offset || ledger_check(region->ledger, &range))
		return false;
	*g = (struct growth) {
		.region = region,
		.end = offset + len,
		.new_end = offset + new_len,
		.last = range.last,
		.in_last = range.first == range.last ? range.head : range.tail,
		.nr = ((offset + new_len - 1) >> DT_GRANULE_SHIFT) - range.last,
	};
	return true;
}

/* Bytes of the last granule after the range. */
static unsigned int rest_of_last(const struct growth *g)
{
	return ALIGN(g->end, DT_GRANULE) - g->end;
}

/* Is the rest of the last granule free, or none? */
static bool may_grow(const struct growth *g)
{
	if (!rest_of_last(g))
		return true;
	if (READ_ONCE(g->region->ledger[g->last]) != g->in_last)
		return false;
	/* Acquire: pairs with the compare-exchange of their free. litmus/ledger-grow-*. */
	smp_acquire__after_ctrl_dep();
	return true;
}

/* Record the bytes that were added, after may_grow() and dt_heap_extend(). */
static void grow(const struct growth *g)
{
	size_t in_last = min_t(size_t, rest_of_last(g), g->new_end - g->end);
	u8 *ledger = g->region->ledger;

	if (in_last)
		WRITE_ONCE(ledger[g->last], g->in_last + in_last);
	if (g->nr)
		ledger_fill(ledger, g->last + 1, g->nr, g->new_end - g->end - in_last);
}

/* Grow by granules of a heap; the caller owns it. */
static bool grow_in(struct dt_heap *heap, const struct growth *g)
{
	if (!may_grow(g))
		return false;
	dt_cache_flush_range(heap, g->region, g->last + 1, g->nr, CACHE_FLUSH_MAX);
	if (!dt_heap_extend(heap, g->region, g->last + 1, g->nr))
		return false;
	dt_kmemleak_extend(g->region, g->last + 1, g->nr);
	grow(g);
	return true;
}

/* grow_in() for the shared heap. In NMI false if the lock is contended. */
static bool grow_in_shared(struct dualtree *dt, const struct growth *g)
{
	struct dt_region *retired;
	unsigned long flags;
	bool grown;

	if (!in_nmi())
		raw_spin_lock_irqsave(&dt->shared_lock, flags);
	else if (!raw_spin_trylock_irqsave(&dt->shared_lock, flags))
		return false;
	grown = grow_in(&dt->shared, g);
	retired = dt_shared_unlock(dt, flags);
	dt_regions_put(dt, retired);
	dt_shared_drain(dt);
	return grown;
}

/* Do for the bytes that were added what dt_alloc_post() does; count and trace them. */
static void grow_post(struct dualtree *dt, const struct growth *g)
{
	void *base = g->region->base;
	size_t grain = ALIGN_DOWN(g->end, 8), last_grain = ALIGN(g->new_end, 8);

	dt_unpoison(base + grain, g->new_end - grain);
	dt_poison(base + last_grain, ALIGN(g->new_end, DT_GRANULE) - last_grain);
	if (dt_clears(dt, 0))
		memset(base + g->end, 0, g->new_end - g->end);
	atomic64_add(g->new_end - g->end, &dt->counts.live_bytes);
	trace_dualtree_alloc(dt->name, base + g->end, g->new_end - g->end);
}

bool dualtree_extend(struct dualtree *dt, const void *ptr, size_t len, size_t new_len)
{
	struct dt_region *retired;
	struct dt_heap *heap;
	struct growth g;
	bool grown = false, shared = false;

	if (new_len <= len)
		return !dt_range_status(dt, ptr, len);
	heap = section_enter(dt);
	if (growth_init(&g, dt, ptr, len, new_len)) {
		if (!g.nr && may_grow(&g)) {
			grow(&g);
			grown = true;
		} else if (g.nr && region_heap(g.region) == heap) {
			grown = grow_in(heap, &g);
		} else if (g.nr) {
			shared = region_heap(g.region) == &dt->shared;
		}
	}
	retired = section_exit(dt, heap);
	dt_regions_put(dt, retired);
	/* The range is live, so the region stays though preemption is on. */
	if (shared)
		grown = grow_in_shared(dt, &g);
	if (grown)
		grow_post(dt, &g);
	return grown;
}
EXPORT_SYMBOL_GPL(dualtree_extend);
