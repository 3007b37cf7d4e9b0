/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments and shares. A segment is a buffer's view of a range:
 *
 *	views of the range	owner			consumed bytes
 *	one			the segment		are freed
 *	more than one		the share, as a whole	stay, until the last view frees the range
 *	one is left		the share, until that	make the segment the owner of its bytes:
 *				view is next consumed	they and the rest of the range are freed
 *
 * A range in a page that belongs to another owner, the network stack for example, has a share from
 * the start. Consuming it frees nothing, and the last view drops the share's reference to the page.
 *
 * A view may be of another instance than the range: then it never becomes the owner.
 *
 * The records of both lie in the instance, a granule each: so they can be freed in any context, and
 * are freed with the instance. A share lies in that of its range.
 *
 * No lock: a segment has one user at a time; views of one range may have different ones, on any
 * CPU. They share a reference count.
 */
#ifndef DUALTREE_NETBUF_SEGMENT_H
#define DUALTREE_NETBUF_SEGMENT_H

#include <dualtree/dualtree.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include "pages.h"

/**
 * struct dt_segment_share - the owner of a range with several views
 * @holders: number of views; any CPU
 * @dt: the instance of this record, and of the range unless @page is set; constant. Views may be
 *	of others
 * @data: first byte of the range; constant
 * @len: number of its bytes; constant
 * @page: page of another owner that the range lies in, or NULL if it is the instance's; constant
 * @pages: tracker that @page is charged to; constant
 * @charge: bytes that @page is charged; constant
 */
struct dt_segment_share {
	refcount_t holders;
	struct dualtree *dt;
	u8 *data;
	size_t len;
	struct page *page;
	struct dualtree_pages *pages;
	size_t charge;
};

/**
 * struct dualtree_segment - a view of a range
 * @node: entry in the list of a buffer
 * @data: first byte that is not consumed
 * @len: number of bytes that are not consumed; never 0 in a buffer
 * @room: bytes before @data that the segment owns, too, for what is prepended; 0 with a share
 * @share: owner of the range, or NULL if the segment owns its bytes
 */
struct dualtree_segment {
	struct list_head node;
	u8 *data;
	size_t len;
	size_t room;
	struct dt_segment_share *share;
};

/* Does the segment lie in a page of another owner, which may be read only? */
static inline bool dt_segment_is_foreign(const struct dualtree_segment *seg)
{
	return seg->share && seg->share->page;
}

/* Return: number of pages that a range of @len bytes touches. */
static inline unsigned int dt_pages_of(const u8 *data, size_t len)
{
	return DIV_ROUND_UP(offset_in_page(data) + len, PAGE_SIZE);
}

struct dualtree_segment *dt_segment_create(struct dualtree *dt, u8 *data, size_t len, gfp_t gfp);
struct dualtree_segment *dt_segment_alloc(struct dualtree *dt, size_t room, size_t size,
					  gfp_t gfp);
struct dualtree_segment *dt_segment_attach(struct dualtree_pages *pages, struct page *page,
					   u8 *data, size_t len, size_t charge, gfp_t gfp);
struct dualtree_segment *dt_segment_copy(struct dualtree *dt, const void *data, size_t len,
					 gfp_t gfp);
void dt_segment_forget(struct dualtree *dt, struct dualtree_segment *seg);
void dt_segment_release(struct dualtree *dt, struct dualtree_segment *seg);

bool dt_segment_released(const struct dualtree_segment *seg);
bool dt_segment_own(struct dualtree *dt, struct dualtree_segment *seg);
void dt_segment_drop_room(struct dualtree *dt, struct dualtree_segment *seg);
void dt_segment_consume(struct dualtree *dt, struct dualtree_segment *seg, size_t len);
void dt_segment_trim(struct dualtree *dt, struct dualtree_segment *seg, size_t keep);
void dt_segment_split(struct dualtree_segment *seg, size_t at, struct dualtree_segment *tail);
struct dualtree_segment *dt_segment_clone(struct dualtree *dt, struct dualtree_segment *seg,
					  struct dualtree *to, size_t len, gfp_t gfp);

#endif /* DUALTREE_NETBUF_SEGMENT_H */
