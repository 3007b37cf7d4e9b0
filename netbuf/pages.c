// SPDX-License-Identifier: GPL-2.0
/*
 * The tracker of pages that belong to others, the network stack's for example, and that the buffers
 * of an instance refer to. It counts ranges, and has its creator's limit for what they are charged.
 *
 *	dt_pages_get()	a reference to a page for a range; refused at the limit
 *	dt_pages_put()	the last view of the range is gone
 *
 * Each range has a reference to the tracker as well. So one that outlives dualtree_pages_destroy()
 * can still be released; it is reported there, since dualtree_destroy() would lose its page.
 *
 * No lock: the counts are atomic. Any context in which put_page() may be called.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <dualtree/netbuf.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include "pages.h"

static void pages_release(struct dualtree_pages *pages)
{
	if (!refcount_dec_and_test(&pages->users))
		return;
	kfree(pages);
	module_put(THIS_MODULE);
}

/* Take a reference to @page, charged @charge bytes. Return: false at the limit. */
bool dt_pages_get(struct dualtree_pages *pages, struct page *page, size_t len, size_t charge)
{
	long held = atomic_long_read(&pages->held);

	/* Not added and taken back: a smaller range would be refused meanwhile. */
	do {
		if (charge > pages->limit - held)
			return false;
	} while (!atomic_long_try_cmpxchg(&pages->held, &held, held + charge));
	refcount_inc(&pages->users);
	get_page(page);
	atomic_long_add(len, &pages->live);
	return true;
}

/* Undo dt_pages_get(). */
void dt_pages_put(struct dualtree_pages *pages, struct page *page, size_t len, size_t charge)
{
	put_page(page);
	atomic_long_sub(len, &pages->live);
	atomic_long_sub(charge, &pages->held);
	pages_release(pages);
}

struct dualtree_pages *dualtree_pages_create(struct dualtree *dt, size_t limit)
{
	struct dualtree_pages *pages = kzalloc(sizeof(*pages), GFP_KERNEL);

	if (!pages)
		return ERR_PTR(-ENOMEM);
	/* The caller's module uses this one's symbols, so it has a reference already. */
	__module_get(THIS_MODULE);
	pages->dt = dt;
	pages->limit = min_t(size_t, limit, LONG_MAX / 2);
	refcount_set(&pages->users, 1);
	return pages;
}
EXPORT_SYMBOL_GPL(dualtree_pages_create);

void dualtree_pages_destroy(struct dualtree_pages *pages)
{
	unsigned int ranges;

	if (!pages)
		return;
	ranges = refcount_read(&pages->users) - 1;
	if (ranges)
		pr_warn("%u ranges in others' pages are still in buffers\n", ranges);
	pages_release(pages);
}
EXPORT_SYMBOL_GPL(dualtree_pages_destroy);

void dualtree_pages_get_stats(const struct dualtree_pages *pages,
			      struct dualtree_pages_stats *stats)
{
	stats->referenced_bytes = atomic64_read(&pages->referenced);
	stats->copied_bytes = atomic64_read(&pages->copied);
	stats->compacted_bytes = atomic64_read(&pages->compacted);
	stats->live_bytes = atomic_long_read(&pages->live);
	stats->held_bytes = atomic_long_read(&pages->held);
	stats->ranges = refcount_read(&pages->users) - 1;
}
EXPORT_SYMBOL_GPL(dualtree_pages_get_stats);
