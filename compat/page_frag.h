/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_frag: 6.13 moved it into a header of its own, and 6.9 added page_frag_cache_drain(), which
 * returns what a cache holds.
 */
#ifndef DUALTREE_COMPAT_PAGE_FRAG_H
#define DUALTREE_COMPAT_PAGE_FRAG_H

#include <linux/gfp.h>
#include <linux/mm.h>

#if DT_HAVE_PAGE_FRAG_CACHE_H
#include <linux/page_frag_cache.h>
#endif

#if !DT_HAVE_PAGE_FRAG_CACHE_DRAIN && !DT_HAVE_PAGE_FRAG_CACHE_H
static inline void page_frag_cache_drain(struct page_frag_cache *cache)
{
	if (!cache->va)
		return;
	__page_frag_cache_drain(virt_to_head_page(cache->va), cache->pagecnt_bias);
	cache->va = NULL;
}
#endif

#endif /* DUALTREE_COMPAT_PAGE_FRAG_H */
