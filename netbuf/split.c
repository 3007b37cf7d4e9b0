// SPDX-License-Identifier: GPL-2.0
/*
 * Cutting and sharing buffers:
 *
 *	trim			the segment that is cut keeps its first bytes
 *	split			the segment that is cut becomes two
 *	clone			each segment gets another view, in the clone's instance
 *	linearize, detach	the first bytes are copied, if they are in several ranges; or
 *				(detach) if they are shared
 *
 * No lock: the caller owns the buffers. Any context that the gfp flags allow.
 */
#include <linux/export.h>
#include "buf.h"
#include "split.h"

int dualtree_buf_trim(struct dualtree_buf *buf, size_t keep)
{
	size_t offset = keep;
	struct dualtree_segment *seg, *next;

	if (keep > buf->len)
		return -ENODATA;
	seg = dt_buf_seek(buf, &offset);
	if (!seg)
		return 0;
	buf->len = keep;
	if (offset) {
		dt_segment_trim(buf->dt, seg, offset);
		seg = list_next_entry(seg, node);
	}
	list_for_each_entry_safe_from(seg, next, &buf->segments, node) {
		list_del(&seg->node);
		dt_segment_release(buf->dt, seg);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_trim);

/*
 * Move the first @len bytes, of which there are so many, to the end of another buffer. If a segment
 * is cut in two, @spare becomes the second one. Return: true if @spare is used.
 */
bool dt_buf_cut(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to,
		struct dualtree_segment *spare)
{
	size_t offset = len;
	struct dualtree_segment *seg = dt_buf_seek(buf, &offset);
	LIST_HEAD(front);

	if (offset) {
		dt_segment_split(seg, offset, spare);
		list_add(&spare->node, &seg->node);
		seg = spare;
	}
	if (seg)
		list_cut_before(&front, &buf->segments, &seg->node);
	else
		list_splice_init(&buf->segments, &front);
	list_splice_tail(&front, &to->segments);
	buf->len -= len;
	to->len += len;
	return offset;
}

int dualtree_buf_split(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to, gfp_t gfp)
{
	struct dualtree_segment *spare = NULL;
	size_t offset = len;

	if (to == buf || to->dt != buf->dt)
		return -EINVAL;
	if (len > buf->len)
		return -ENODATA;
	dt_buf_seek(buf, &offset);
	if (offset) {
		spare = dt_segment_create(buf->dt, NULL, 0, gfp);
		if (!spare)
			return -ENOMEM;
	}
	dt_buf_cut(buf, len, to, spare);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_split);

/* Undo dt_buf_cut(): move all of @from before the first byte of @buf. */
void dt_buf_uncut(struct dualtree_buf *buf, struct dualtree_buf *from)
{
	list_splice_init(&from->segments, &buf->segments);
	buf->len += from->len;
	from->len = 0;
}

int dualtree_buf_clone(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to, gfp_t gfp)
{
	struct dualtree_segment *seg, *view;
	struct dualtree_buf clone;

	if (to == buf)
		return -EINVAL;
	if (len > buf->len)
		return -ENODATA;
	dualtree_buf_init(&clone, to->dt);
	buf_for_each(seg, buf) {
		if (clone.len == len)
			break;
		view = dt_segment_clone(buf->dt, seg, to->dt, min(seg->len, len - clone.len), gfp);
		if (!view) {
			/* Segments that were cloned keep a share until they are next consumed. */
			dualtree_buf_purge(&clone);
			return -ENOMEM;
		}
		buf_add(&clone, view);
	}
	return dualtree_buf_splice(to, &clone);
}
EXPORT_SYMBOL_GPL(dualtree_buf_clone);

/* Return: 0 if the first @len bytes can be made contiguous, -EINVAL or -ENODATA. */
static int check_contiguous(const struct dualtree_buf *buf, size_t len)
{
	if (!len || len > dualtree_max_size(buf->dt))
		return -EINVAL;
	return len > buf->len ? -ENODATA : 0;
}

/* Replace the first @len bytes by a copy in one range. Return: 0 or -ENOMEM. */
static int copy_front(struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	struct dualtree_segment *seg = dt_segment_alloc(buf->dt, 0, len, gfp);

	if (!seg)
		return -ENOMEM;
	dualtree_buf_read(buf, seg->data, len);
	buf_add_front(buf, seg);
	return 0;
}

const void *dualtree_buf_linearize(struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	int err = check_contiguous(buf, len);

	if (!err && buf_first(buf)->len < len)
		err = copy_front(buf, len, gfp);
	return err ? ERR_PTR(err) : buf_first(buf)->data;
}
EXPORT_SYMBOL_GPL(dualtree_buf_linearize);

void *dualtree_buf_detach(struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	int err = check_contiguous(buf, len);
	struct dualtree_segment *seg;
	void *data;

	if (err)
		return ERR_PTR(err);
	seg = buf_first(buf);
	if (seg->len < len || !dt_segment_own(buf->dt, seg)) {
		err = copy_front(buf, len, gfp);
		if (err)
			return ERR_PTR(err);
		seg = buf_first(buf);
	}
	dt_segment_drop_room(buf->dt, seg);
	data = seg->data;
	buf->len -= len;
	seg->data += len;
	seg->len -= len;
	if (!seg->len) {
		list_del(&seg->node);
		dt_segment_forget(buf->dt, seg);
	}
	return data;
}
EXPORT_SYMBOL_GPL(dualtree_buf_detach);
