/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmemleak: what is allocated from an instance is an object to it, so that what only points
 * from there is not reported, and what nothing points to is. Elsewhere all of this is nothing.
 *
 * kmemleak_free_part() cannot be used: it allocates as if it may sleep. So the objects that
 * kmemleak knows are written down here, in whole granules, two bits for each: it is part of an
 * object, an object begins in it. A partial free takes the object back and registers what is
 * left of it.
 *
 * On PREEMPT_RT nothing can be registered in the contexts that a free may come from. There
 * each region is one object that is scanned and never reported.
 *
 * Locks: kmemleak_marks.lock, raw, taken with interrupts disabled; kmemleak's own nest in it. In
 * NMI nothing is registered, and what is freed there waits on a remote list until it can be
 * taken back: dt_kmemleak_must_wait().
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

static inline bool dt_kmemleak_must_wait(void)
{
	return in_nmi();
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

static inline bool dt_kmemleak_must_wait(void)
{
	return false;
}

#endif

#endif /* DUALTREE_KMEMLEAK_H */
