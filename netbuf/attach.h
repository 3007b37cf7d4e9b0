/* SPDX-License-Identifier: GPL-2.0 */
/* Attaching a range of a page to a buffer, for the files of netbuf/: see attach.c. */
#ifndef DUALTREE_NETBUF_ATTACH_H
#define DUALTREE_NETBUF_ATTACH_H

#include <linux/types.h>

struct dualtree_buf;
struct dualtree_pages;
struct page;

int dt_buf_attach(struct dualtree_pages *pages, struct dualtree_buf *buf, struct page *page,
		  u8 *data, size_t len, size_t charge, gfp_t gfp);

#endif /* DUALTREE_NETBUF_ATTACH_H */
