// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of buffers that random calls do not make: the limit of a tracker of others' pages, one that
 * is destroyed too early, and a buffer without a segment. They run once, before all rounds.
 */
#include "model.h"

/* Ranges that a tracker's limit has room for, a page each. */
#define RANGES		3U

static struct dualtree_pages_stats stats_of(const struct dualtree_pages *pages)
{
	struct dualtree_pages_stats stats;

	dualtree_pages_get_stats(pages, &stats);
	return stats;
}

/* Append all of a page. Return: 0, or an error, with which the buffer has no reference to it. */
static int attach(struct dualtree_pages *pages, struct dualtree_buf *buf, struct page *page)
{
	size_t len = dualtree_buf_len(buf);
	int err = dualtree_buf_attach_page(pages, buf, page, 0, PAGE_SIZE, PAGE_SIZE, GFP_KERNEL);

	host_assert(page_ref_count(page) == (err ? 1 : 2));
	host_assert(dualtree_buf_len(buf) == (err ? len : len + PAGE_SIZE));
	return err;
}

/* At the limit a page is refused, and nothing is counted for it; a range that goes makes room. */
static void limit_of_pages(struct dualtree *dt)
{
	struct dualtree_pages *pages = dualtree_pages_create(dt, RANGES * PAGE_SIZE);
	struct page *page[RANGES + 1];
	struct dualtree_buf buf;
	unsigned int i;

	host_assert(!IS_ERR(pages));
	dualtree_buf_init(&buf, dt);
	for (i = 0; i <= RANGES; i++) {
		page[i] = alloc_page(GFP_KERNEL);
		host_assert(page[i] && attach(pages, &buf, page[i]) == (i < RANGES ? 0 : -ENOSPC));
	}
	host_assert(stats_of(pages).ranges == RANGES);
	host_assert(stats_of(pages).held_bytes == RANGES * PAGE_SIZE);
	host_assert(stats_of(pages).live_bytes == RANGES * PAGE_SIZE);
	host_assert(!dualtree_buf_skip(&buf, PAGE_SIZE) && page_ref_count(page[0]) == 1);
	host_assert(!attach(pages, &buf, page[RANGES]));
	dualtree_buf_purge(&buf);
	host_assert(!stats_of(pages).ranges && !stats_of(pages).held_bytes);
	dualtree_pages_destroy(pages);
	for (i = 0; i <= RANGES; i++)
		put_page(page[i]);
}

/* A tracker that is destroyed too early says so. The last of its ranges frees it. */
static void destroyed_with_ranges(struct dualtree *dt)
{
	struct dualtree_pages *pages = dualtree_pages_create(dt, SZ_1M);
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long lines = host_lines, kmallocs;
	struct dualtree_buf buf;
	u8 byte;

	host_assert(!IS_ERR(pages) && page);
	memset(page_address(page), 0x77, PAGE_SIZE);
	dualtree_buf_init(&buf, dt);
	host_assert(!attach(pages, &buf, page));
	host_assert(!dualtree_buf_append(&buf, &byte, 1, GFP_KERNEL));
	dualtree_pages_destroy(pages);
	host_assert(host_lines == lines + 1 && strstr(host_last_line, "1 ranges "));
	host_assert(!dualtree_buf_read(&buf, &byte, 1) && byte == 0x77);
	kmallocs = host_kmallocs;
	dualtree_buf_purge(&buf);
	host_assert(host_kmallocs == kmallocs - 1 && page_ref_count(page) == 1);
	put_page(page);
}

static void no_tracker(struct dualtree *dt)
{
	unsigned long lines = host_lines, kmallocs = host_kmallocs;

	host_fail_nth = 1;
	host_assert(PTR_ERR(dualtree_pages_create(dt, SZ_1M)) == -ENOMEM);
	host_assert(!host_fail_nth && host_kmallocs == kmallocs);
	dualtree_pages_destroy(NULL);
	host_assert(host_lines == lines);
}

/* Room that is reserved is no byte of the buffer yet. */
static void no_segment(struct dualtree *dt)
{
	struct dualtree_buf buf;
	size_t len = 1;

	dualtree_buf_init(&buf, dt);
	host_assert(!dualtree_buf_reserve_after(&buf, SIZE_MAX - 10, 100, GFP_KERNEL));
	host_assert(dualtree_buf_reserve(&buf, 100, GFP_KERNEL));
	host_assert(!dualtree_buf_first(&buf, &len) && !len);
	dualtree_buf_purge(&buf);
}

void host_test_cases(void)
{
	struct dualtree_stats stats;
	struct dualtree *dt;

	dt = dualtree_create("cases", NULL);
	host_assert(!IS_ERR(dt));
	limit_of_pages(dt);
	destroyed_with_ranges(dt);
	no_tracker(dt);
	no_segment(dt);
	dualtree_get_stats(dt, &stats);
	host_assert(!stats.live_bytes);
	dualtree_destroy(dt);
}
