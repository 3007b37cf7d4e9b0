// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer is a chain of segments: how it is initialized, filled and consumed.
 *
 * What can fail is prepared outside of the buffer and joined to it when it is complete, so that an
 * error leaves the buffer as it was.
 *
 * No lock: the caller owns the buffer. Any context that the gfp flags allow.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include "buf.h"

/*
 * Maximum bytes of a segment that dualtree_buf_append() makes. No more than the default minimum
 * region, so that a copy of any size needs no large contiguous range.
 */
#define APPEND_MAX	SZ_64K

void dualtree_buf_init(struct dualtree_buf *buf, struct dualtree *dt)
{
	buf->dt = dt;
	INIT_LIST_HEAD(&buf->segments);
	buf->reserved = NULL;
	buf->len = 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_init);

void dualtree_buf_purge(struct dualtree_buf *buf)
{
	struct dualtree_segment *seg, *next;

	list_for_each_entry_safe(seg, next, &buf->segments, node)
		dt_segment_release(buf->dt, seg);
	if (buf->reserved)
		dt_segment_release(buf->dt, buf->reserved);
	dualtree_buf_init(buf, buf->dt);
}
EXPORT_SYMBOL_GPL(dualtree_buf_purge);

void *dualtree_buf_reserve(struct dualtree_buf *buf, size_t size, gfp_t gfp)
{
	return dualtree_buf_reserve_after(buf, 0, size, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_buf_reserve);

void *dualtree_buf_reserve_after(struct dualtree_buf *buf, size_t room, size_t size, gfp_t gfp)
{
	if (buf->reserved || !size || room + size < size)
		return NULL;
	buf->reserved = dt_segment_alloc(buf->dt, room, size, gfp);
	return buf->reserved ? buf->reserved->data : NULL;
}
EXPORT_SYMBOL_GPL(dualtree_buf_reserve_after);

int dualtree_buf_commit(struct dualtree_buf *buf, size_t len)
{
	struct dualtree_segment *reserved = buf->reserved;

	if (!reserved || len > reserved->len)
		return -EINVAL;
	buf->reserved = NULL;
	if (!len) {
		dt_segment_release(buf->dt, reserved);
		return 0;
	}
	dt_segment_trim(buf->dt, reserved, len);
	buf_add(buf, reserved);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_commit);

int dualtree_buf_splice(struct dualtree_buf *to, struct dualtree_buf *from)
{
	if (to == from || to->dt != from->dt)
		return -EINVAL;
	list_splice_tail_init(&from->segments, &to->segments);
	to->len += from->len;
	from->len = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_splice);

int dualtree_buf_append(struct dualtree_buf *buf, const void *data, size_t len, gfp_t gfp)
{
	size_t max = min_t(size_t, APPEND_MAX, dualtree_max_size(buf->dt)), done, part;
	struct dualtree_segment *seg;
	struct dualtree_buf copy;

	dualtree_buf_init(&copy, buf->dt);
	for (done = 0; done < len; done += part) {
		part = min(len - done, max);
		seg = dt_segment_copy(buf->dt, data + done, part, gfp);
		if (!seg) {
			dualtree_buf_purge(&copy);
			return -ENOMEM;
		}
		buf_add(&copy, seg);
	}
	return dualtree_buf_splice(buf, &copy);
}
EXPORT_SYMBOL_GPL(dualtree_buf_append);

void *dualtree_buf_prepend(struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	struct dualtree_segment *seg = buf_first(buf);

	if (seg && len && seg->room >= len) {
		seg->room -= len;
		seg->data -= len;
		seg->len += len;
		buf->len += len;
		return seg->data;
	}
	seg = dt_segment_alloc(buf->dt, 0, len, gfp);
	if (!seg)
		return NULL;
	buf_add_front(buf, seg);
	return seg->data;
}
EXPORT_SYMBOL_GPL(dualtree_buf_prepend);

int dualtree_buf_adopt(struct dualtree_buf *buf, void *ptr, size_t len, gfp_t gfp)
{
	struct dualtree_segment *seg;

	if (!dualtree_owns(buf->dt, ptr, len))
		return -EINVAL;
	seg = dt_segment_create(buf->dt, ptr, len, gfp);
	if (!seg)
		return -ENOMEM;
	buf_add(buf, seg);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_adopt);

/*
 * Find the segment of the byte at *@offset in the buffer, and set *@offset to its offset in the
 * segment. Return: the segment, or NULL if the buffer is shorter.
 */
struct dualtree_segment *dt_buf_seek(const struct dualtree_buf *buf, size_t *offset)
{
	struct dualtree_segment *seg;

	buf_for_each(seg, buf) {
		if (*offset < seg->len)
			return seg;
		*offset -= seg->len;
	}
	return NULL;
}

/* Consume the first @len bytes; the buffer has so many. */
void dt_buf_consume(struct dualtree_buf *buf, size_t len)
{
	struct dualtree_segment *seg;

	buf->len -= len;
	while (len) {
		seg = buf_first(buf);
		if (len < seg->len) {
			dt_segment_consume(buf->dt, seg, len);
			return;
		}
		len -= seg->len;
		list_del(&seg->node);
		dt_segment_release(buf->dt, seg);
	}
}
