/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmemleak: each allocation of an instance is registered as an object. So pointers in it are
 * scanned, and an allocation to which nothing points is reported. Without CONFIG_DEBUG_KMEMLEAK
 * all of these functions are empty.
 *
 * kmemleak_free_part() cannot be used: it allocates as if it may sleep. So a partial free
 * unregisters the object and registers what is left of it. For this the region's marks record
 * the objects in whole granules, with two bits each: it is part of an object, an object begins
 * in it.
 *
 * On PREEMPT_RT nothing can be registered in the contexts that a free may come from. There each
 * region is one object, which is scanned and never reported.
 *
 * In NMI nothing is registered. What is freed there stays in flight until its owner can
 * unregister it: dt_kmemleak_must_wait().
 *
 * Locks: dt_kmemleak_marks.lock, raw, taken with interrupts disabled. The shared heap's lock may
 * be held around it; kmemleak's own locks nest in it.
 */
#ifndef DUALTREE_KMEMLEAK_H
#define DUALTREE_KMEMLEAK_H

#include <linux/kconfig.h>
#include <linux/preempt.h>
#include <linux/types.h>

struct dt_region;
struct dt_kmemleak_marks;

#ifdef CONFIG_DEBUG_KMEMLEAK

size_t dt_kmemleak_marks_size(unsigned int nr);
struct dt_kmemleak_marks *dt_kmemleak_marks_init(void *mem, unsigned int nr);
void dt_kmemleak_attach(struct dt_region *region, gfp_t gfp);
void dt_kmemleak_forget(struct dt_region *region);
void dt_kmemleak_track(const void *ptr, size_t size);
void dt_kmemleak_extend(struct dt_region *region, unsigned int first, unsigned int nr);
void dt_kmemleak_untrack(struct dt_region *region, unsigned int first, unsigned int nr);
bool dt_kmemleak_has_whole(const struct dt_region *region);

static inline bool dt_kmemleak_must_wait(void)
{
	return in_nmi();
}

/* Does a new region need the kernel's allocator, to be registered? */
static inline bool dt_kmemleak_needs_kernel(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT);
}

#else

static inline size_t dt_kmemleak_marks_size(unsigned int nr)
{
	return 0;
}

static inline struct dt_kmemleak_marks *dt_kmemleak_marks_init(void *mem, unsigned int nr)
{
	return NULL;
}

static inline void dt_kmemleak_attach(struct dt_region *region, gfp_t gfp)
{
}

static inline void dt_kmemleak_forget(struct dt_region *region)
{
}

static inline void dt_kmemleak_track(const void *ptr, size_t size)
{
}

static inline void dt_kmemleak_extend(struct dt_region *region, unsigned int first, unsigned int nr)
{
}

static inline void dt_kmemleak_untrack(struct dt_region *region, unsigned int first,
				       unsigned int nr)
{
}

static inline bool dt_kmemleak_has_whole(const struct dt_region *region)
{
	return false;
}

static inline bool dt_kmemleak_must_wait(void)
{
	return false;
}

static inline bool dt_kmemleak_needs_kernel(void)
{
	return false;
}

#endif

#endif /* DUALTREE_KMEMLEAK_H */
