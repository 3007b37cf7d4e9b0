// SPDX-License-Identifier: GPL-2.0
/*
 * Copying those segments of a buffer that are not to stay where they are:
 *
 *	dualtree_buf_compact()	in pages of other owners that hold much more than the segment has
 *	dualtree_buf_unshare()	of which the buffer is not the only owner, so that they can be
 *				written to
 *
 * Segments that follow each other are copied in one piece. So small ones become few.
 *
 * No lock: the caller owns the buffer. Contexts as the gfp flags and put_page() allow.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include "buf.h"

/* Maximum bytes that are copied in one piece; as with dualtree_buf_append(). */
#define PIECE_MAX	SZ_64K

/**
 * struct choice - the segments to copy
 * @is_chosen: is this one to be copied?
 * @percent: for is_wasteful()
 * @len: bytes of the buffer, from the first on, whose segments are looked at
 */
struct choice {
	bool (*is_chosen)(const struct choice *choice, struct dualtree *dt,
			  struct dualtree_segment *seg);
	unsigned int percent;
	size_t len;
};

static bool is_wasteful(const struct choice *choice, struct dualtree *dt,
			struct dualtree_segment *seg)
{
	return dt_segment_is_foreign(seg) &&
	       (u64)seg->share->charge * 100 > (u64)seg->len * choice->percent;
}

static bool is_shared(const struct choice *choice, struct dualtree *dt,
		      struct dualtree_segment *seg)
{
	return !dt_segment_own(dt, seg);
}

/*
 * Find the segments from @seg on that are copied as one piece, which has @seg at least and begins
 * @at bytes into the buffer. Return: their bytes; *@end is the entry after them.
 */
static size_t find_piece(const struct choice *choice, struct dualtree_buf *buf, size_t at,
			 struct dualtree_segment *seg, struct list_head **end)
{
	size_t len = 0, max = min_t(size_t, PIECE_MAX, dualtree_max_size(buf->dt));

	list_for_each_entry_from(seg, &buf->segments, node) {
		if (len && (at + len >= choice->len || len + seg->len > max ||
			    !choice->is_chosen(choice, buf->dt, seg)))
			break;
		len += seg->len;
	}
	*end = &seg->node;
	return len;
}

/* Append a copy of @len bytes, those of the segments from @seg on. Return: 0 or -ENOMEM. */
static int copy_piece(struct dualtree_buf *copy, const struct dualtree_segment *seg, size_t len,
		      gfp_t gfp)
{
	u8 *to;

	/* Only a single segment may be longer than a piece. */
	if (seg->len == len)
		return dualtree_buf_append(copy, seg->data, len, gfp);
	to = dualtree_buf_reserve(copy, len, gfp);
	if (!to)
		return -ENOMEM;
	dualtree_buf_commit(copy, len);
	for (; len; seg = list_next_entry(seg, node)) {
		memcpy(to, seg->data, seg->len);
		to += seg->len;
		len -= seg->len;
	}
	return 0;
}

/* Replace the segments from @seg to the one before @end by others with the same bytes. */
static void replace_piece(struct dualtree_buf *buf, struct dualtree_segment *seg,
			  struct list_head *end, struct dualtree_buf *copy)
{
	struct dualtree_segment *next;

	list_splice_tail_init(&copy->segments, &seg->node);
	copy->len = 0;
	for (; &seg->node != end; seg = next) {
		next = list_next_entry(seg, node);
		if (dt_segment_is_foreign(seg))
			atomic64_add(seg->len, &seg->share->pages->compacted);
		list_del(&seg->node);
		dt_segment_release(buf->dt, seg);
	}
}

/* Return: 0 or -ENOMEM; then some of them are copied. */
static int copy_chosen(const struct choice *choice, struct dualtree_buf *buf, gfp_t gfp)
{
	struct list_head *node = buf->segments.next, *end;
	struct dualtree_segment *seg;
	struct dualtree_buf copy;
	size_t at = 0, len;
	int err;

	dualtree_buf_init(&copy, buf->dt);
	for (; node != &buf->segments && at < choice->len; node = end, at += len) {
		seg = list_entry(node, struct dualtree_segment, node);
		end = node->next;
		len = seg->len;
		if (!choice->is_chosen(choice, buf->dt, seg))
			continue;
		len = find_piece(choice, buf, at, seg, &end);
		err = copy_piece(&copy, seg, len, gfp);
		if (err)
			return err;
		replace_piece(buf, seg, end, &copy);
	}
	return 0;
}

int dualtree_buf_compact(struct dualtree_buf *buf, unsigned int percent, gfp_t gfp)
{
	const struct choice choice = {
		.is_chosen = is_wasteful,
		.percent = percent,
		.len = SIZE_MAX,
	};

	return copy_chosen(&choice, buf, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_buf_compact);

int dualtree_buf_unshare(struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	const struct choice choice = { .is_chosen = is_shared, .len = len };

	if (len > buf->len)
		return -ENODATA;
	return copy_chosen(&choice, buf, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_buf_unshare);
