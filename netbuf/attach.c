// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching pages of other owners to a buffer. A range in one always has a share, which has the
 * reference to the page (segment.h).
 *
 * No lock: the caller owns the buffer. Contexts as the gfp flags allow.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mm.h>
#include "attach.h"
#include "buf.h"

/*
 * Append @len bytes at @data, which lie in @page, with a reference to it that is charged @charge
 * bytes.
 *
 * Return: 0, -ENOSPC at the tracker's limit, or -ENOMEM.
 */
int dt_buf_attach(struct dualtree_pages *pages, struct dualtree_buf *buf, struct page *page,
		  u8 *data, size_t len, size_t charge, gfp_t gfp)
{
	struct dualtree_segment *seg;

	if (!dt_pages_get(pages, page, len, charge))
		return -ENOSPC;
	seg = dt_segment_attach(pages, page, data, len, charge, gfp);
	if (!seg) {
		dt_pages_put(pages, page, len, charge);
		return -ENOMEM;
	}
	buf_add(buf, seg);
	return 0;
}

int dualtree_buf_attach_page(struct dualtree_pages *pages, struct dualtree_buf *buf,
			     struct page *page, size_t offset, size_t len, size_t charge, gfp_t gfp)
{
	size_t size = page_size(compound_head(page));
	int err;

	if (pages->dt != buf->dt || !len || offset >= size || len > size - offset || charge < len)
		return -EINVAL;
	page = compound_head(page);
	err = dt_buf_attach(pages, buf, page, page_address(page) + offset, len, charge, gfp);
	if (!err)
		atomic64_add(len, &pages->referenced);
	return err;
}
EXPORT_SYMBOL_GPL(dualtree_buf_attach_page);
