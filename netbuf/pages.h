/* SPDX-License-Identifier: GPL-2.0 */
/* The tracker of others' pages that buffers refer to, for the files of netbuf/: see pages.c. */
#ifndef DUALTREE_NETBUF_PAGES_INTERNAL_H
#define DUALTREE_NETBUF_PAGES_INTERNAL_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct dualtree;
struct page;

/**
 * struct dualtree_pages - a tracker of pages that the buffers of an instance refer to
 * @dt: the instance; constant
 * @limit: maximum of @held; constant
 * @users: references, of the creator and of each range in such a page
 * @live: as live_bytes in struct dualtree_pages_stats; any CPU writes this and all members below
 * @held: as held_bytes in struct dualtree_pages_stats
 * @referenced: as referenced_bytes in struct dualtree_pages_stats
 * @copied: as copied_bytes in struct dualtree_pages_stats
 * @compacted: as compacted_bytes in struct dualtree_pages_stats
 */
struct dualtree_pages {
	struct dualtree *dt;
	size_t limit;
	refcount_t users;
	atomic_long_t live;
	atomic_long_t held;
	atomic64_t referenced;
	atomic64_t copied;
	atomic64_t compacted;
};

bool dt_pages_get(struct dualtree_pages *pages, struct page *page, size_t len, size_t charge);
void dt_pages_put(struct dualtree_pages *pages, struct page *page, size_t len, size_t charge);

#endif /* DUALTREE_NETBUF_PAGES_INTERNAL_H */
