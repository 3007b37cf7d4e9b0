// SPDX-License-Identifier: GPL-2.0
/*
 * kmemleak: registering and unregistering objects in whole granules. kmemleak.h says how and
 * why, and in which contexts.
 */
#include <linux/bitmap.h>
#include <linux/kmemleak.h>
#include <linux/spinlock.h>
#include "kmemleak.h"
#include "region.h"

/**
 * struct dt_kmemleak_marks - the objects of a region, a bit for each granule
 * @lock: guards the rest
 * @tracked: the granule is part of an object
 * @starts: an object begins in the granule
 */
struct dt_kmemleak_marks {
	raw_spinlock_t lock;
	unsigned long *tracked;
	unsigned long *starts;
};

/* Bytes of the marks for @nr granules. */
size_t dt_kmemleak_marks_size(unsigned int nr)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return 0;
	return sizeof(struct dt_kmemleak_marks) + 2 * BITS_TO_LONGS(nr) * sizeof(long);
}

/* Set up marks in @mem, which is zeroed. Return: the marks, or NULL where there are none. */
struct dt_kmemleak_marks *dt_kmemleak_marks_init(void *mem, unsigned int nr)
{
	struct dt_kmemleak_marks *marks = mem;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return NULL;
	raw_spin_lock_init(&marks->lock);
	marks->tracked = (unsigned long *)(marks + 1);
	marks->starts = marks->tracked + BITS_TO_LONGS(nr);
	return marks;
}

/* Register a new region, where it is one object. */
void dt_kmemleak_attach(struct dt_region *region, gfp_t gfp)
{
	if (!region->leaks)
		kmemleak_alloc(region->base, region->bytes, 0, gfp);
}

/* Is a region one object, of which no part can be returned alone? */
bool dt_kmemleak_has_whole(const struct dt_region *region)
{
	return !region->leaks;
}

/* Unregister a region and all that is live in it. */
void dt_kmemleak_forget(struct dt_region *region)
{
	if (region->leaks)
		dt_kmemleak_untrack(region, 0, region->nr);
	else
		kmemleak_free(region->base);
}

static void object_add(struct dt_region *region, unsigned int first, unsigned int end)
	__must_hold(&region->leaks->lock)
{
	lockdep_assert_held(&region->leaks->lock);
	__set_bit(first, region->leaks->starts);
	kmemleak_alloc(region_addr(region, first), (size_t)(end - first) << DT_GRANULE_SHIFT, 1,
		       GFP_ATOMIC | __GFP_NOWARN);
}

static void object_remove(struct dt_region *region, unsigned int first)
	__must_hold(&region->leaks->lock)
{
	lockdep_assert_held(&region->leaks->lock);
	__clear_bit(first, region->leaks->starts);
	kmemleak_free(region_addr(region, first));
}

/* The granule in which the object begins that granule @index is part of. */
static unsigned int object_start(const struct dt_kmemleak_marks *marks, unsigned int index)
{
	return find_last_bit(marks->starts, index + 1);
}

/* The granule after the object that granule @index is part of. */
static unsigned int object_end(const struct dt_region *region, unsigned int index)
{
	const struct dt_kmemleak_marks *marks = region->leaks;

	return min(find_next_zero_bit(marks->tracked, region->nr, index),
		   find_next_bit(marks->starts, region->nr, index + 1));
}

/* Register an allocation. */
void dt_kmemleak_track(const void *ptr, size_t size)
{
	struct dt_region *region = region_of(ptr);
	unsigned int first = region_index(region, ptr), nr = granules_of(size);
	unsigned long flags;

	if (!region->leaks || in_nmi())
		return;
	raw_spin_lock_irqsave(&region->leaks->lock, flags);
	bitmap_set(region->leaks->tracked, first, nr);
	object_add(region, first, first + nr);
	raw_spin_unlock_irqrestore(&region->leaks->lock, flags);
}

/* Granules have been added after an allocation: make its object larger. */
void dt_kmemleak_extend(struct dt_region *region, unsigned int first, unsigned int nr)
{
	struct dt_kmemleak_marks *marks = region->leaks;
	unsigned int start = first;
	unsigned long flags;

	if (!marks || in_nmi())
		return;
	raw_spin_lock_irqsave(&marks->lock, flags);
	if (test_bit(first - 1, marks->tracked)) {
		start = object_start(marks, first - 1);
		object_remove(region, start);
	}
	bitmap_set(marks->tracked, first, nr);
	object_add(region, start, first + nr);
	raw_spin_unlock_irqrestore(&marks->lock, flags);
}

/* Granules have been freed: unregister them. They may be of several objects, or of none. */
void dt_kmemleak_untrack(struct dt_region *region, unsigned int first, unsigned int nr)
{
	struct dt_kmemleak_marks *marks = region->leaks;
	unsigned int at = first, end = first + nr;
	unsigned int start, after;
	unsigned long flags;

	if (!marks || in_nmi())
		return;
	raw_spin_lock_irqsave(&marks->lock, flags);
	while ((at = find_next_bit(marks->tracked, end, at)) < end) {
		start = object_start(marks, at);
		after = object_end(region, at);
		object_remove(region, start);
		if (start < at)
			object_add(region, start, at);
		if (after > end)
			object_add(region, end, after);
		bitmap_clear(marks->tracked, at, min(after, end) - at);
		at = min(after, end);
	}
	raw_spin_unlock_irqrestore(&marks->lock, flags);
}
