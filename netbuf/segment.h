/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments: one live range each, and what it takes to share one.
 *
 * A segment is the view of one buffer on one range. As long as nobody else has a view on the
 * same range the segment owns its bytes, and frees exactly what is consumed. Where there are
 * more views they count themselves in a share, which owns the range as a whole: the last one
 * frees it. A view that finds itself alone takes its bytes out of the share again, frees the
 * rest of the range, and is an owner from then on.
 *
 * Both records lie in the instance itself, a granule each: they are freed in any context,
 * and go with the instance. Nothing here takes a lock. A segment has one user at a time,
 * views on the same range may have different ones.
 */
#ifndef DUALTREE_NETBUF_SEGMENT_H
#define DUALTREE_NETBUF_SEGMENT_H

#include <dualtree/dualtree.h>
#include <linux/list.h>
#include <linux/refcount.h>

/**
 * struct dt_segment_share - a range that has more than one view
 * @holders: the views; any CPU
 * @data: the first byte of the range; does not change
 * @len: its bytes; does not change
 */
struct dt_segment_share {
	refcount_t holders;
	u8 *data;
	size_t len;
};

/**
 * struct dualtree_segment - a view on a range
 * @node: in a buffer's list, in that of a send, or in that of what packets hold
 * @data: the first byte that has not been consumed
 * @len: bytes that have not been consumed; never 0 in a buffer
 * @share: owner of the range, or NULL if that is this segment
 */
struct dualtree_segment {
	struct list_head node;
	u8 *data;
	size_t len;
	struct dt_segment_share *share;
};

struct dualtree_segment *dt_segment_create(struct dualtree *dt, u8 *data, size_t len, gfp_t gfp);
struct dualtree_segment *dt_segment_alloc(struct dualtree *dt, size_t size, gfp_t gfp);
void dt_segment_forget(struct dualtree *dt, struct dualtree_segment *seg);
void dt_segment_release(struct dualtree *dt, struct dualtree_segment *seg);

bool dt_segment_own(struct dualtree *dt, struct dualtree_segment *seg);
void dt_segment_consume(struct dualtree *dt, struct dualtree_segment *seg, size_t len);
void dt_segment_trim(struct dualtree *dt, struct dualtree_segment *seg, size_t keep);
void dt_segment_split(struct dualtree_segment *seg, size_t at, struct dualtree_segment *tail);
struct dualtree_segment *dt_segment_clone(struct dualtree *dt, struct dualtree_segment *seg,
					  size_t len, gfp_t gfp);

#endif /* DUALTREE_NETBUF_SEGMENT_H */
