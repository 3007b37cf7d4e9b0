// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: the only place where netbuf frees memory, and where a range changes owners.
 *
 * What dualtree_free() returns is not looked at: it refuses only what is wrong, and then it
 * has said so itself.
 */
#include <asm/barrier.h>
#include "segment.h"

/* Return: a record of a range that becomes the segment's own, or NULL. */
struct dualtree_segment *dt_segment_create(struct dualtree *dt, u8 *data, size_t len, gfp_t gfp)
{
	struct dualtree_segment *seg = dualtree_alloc(dt, sizeof(*seg), gfp);

	if (!seg)
		return NULL;
	seg->data = data;
	seg->len = len;
	seg->share = NULL;
	return seg;
}

/* Return: a segment with a range of its own, or NULL. */
struct dualtree_segment *dt_segment_alloc(struct dualtree *dt, size_t size, gfp_t gfp)
{
	struct dualtree_segment *seg = dt_segment_create(dt, NULL, size, gfp);

	if (!seg)
		return NULL;
	seg->data = dualtree_alloc(dt, size, gfp);
	if (seg->data)
		return seg;
	dt_segment_forget(dt, seg);
	return NULL;
}

/* Free the record, not the range. */
void dt_segment_forget(struct dualtree *dt, struct dualtree_segment *seg)
{
	dualtree_free(dt, seg, sizeof(*seg));
}

static void free_range(struct dualtree *dt, const u8 *from, const u8 *to)
{
	if (from < to)
		dualtree_free(dt, from, to - from);
}

static void free_share(struct dualtree *dt, struct dt_segment_share *share)
{
	dualtree_free(dt, share, sizeof(*share));
}

/* Let go of all that it has, and free the record. */
void dt_segment_release(struct dualtree *dt, struct dualtree_segment *seg)
{
	struct dt_segment_share *share = seg->share;

	if (!share) {
		free_range(dt, seg->data, seg->data + seg->len);
	} else if (refcount_dec_and_test(&share->holders)) {
		free_range(dt, share->data, share->data + share->len);
		free_share(dt, share);
	}
	dt_segment_forget(dt, seg);
}

/*
 * Make a view that is alone the owner of its bytes; the rest of the range is free then.
 *
 * Return: true if the segment owns its bytes.
 */
bool dt_segment_own(struct dualtree *dt, struct dualtree_segment *seg)
{
	struct dt_segment_share *share = seg->share;

	if (!share)
		return true;
	/* A new view is made from a view: if this is the only one, nobody else makes one. */
	if (refcount_read(&share->holders) > 1)
		return false;
	/* Others have read the range until they let go: not until then may it be reused. */
	smp_acquire__after_ctrl_dep();
	free_range(dt, share->data, seg->data);
	free_range(dt, seg->data + seg->len, share->data + share->len);
	free_share(dt, share);
	seg->share = NULL;
	return true;
}

/* Consume bytes in front; not all of them. */
void dt_segment_consume(struct dualtree *dt, struct dualtree_segment *seg, size_t len)
{
	if (dt_segment_own(dt, seg))
		free_range(dt, seg->data, seg->data + len);
	seg->data += len;
	seg->len -= len;
}

/* Keep some bytes; not none. */
void dt_segment_trim(struct dualtree *dt, struct dualtree_segment *seg, size_t keep)
{
	if (dt_segment_own(dt, seg))
		free_range(dt, seg->data + keep, seg->data + seg->len);
	seg->len = keep;
}

/* Move the bytes from @at on to @tail, which has none. Of a range of one's own both own a part. */
void dt_segment_split(struct dualtree_segment *seg, size_t at, struct dualtree_segment *tail)
{
	tail->data = seg->data + at;
	tail->len = seg->len - at;
	tail->share = seg->share;
	if (tail->share)
		refcount_inc(&tail->share->holders);
	seg->len = at;
}

static bool segment_make_shared(struct dualtree *dt, struct dualtree_segment *seg, gfp_t gfp)
{
	struct dt_segment_share *share;

	if (seg->share)
		return true;
	share = dualtree_alloc(dt, sizeof(*share), gfp);
	if (!share)
		return false;
	refcount_set(&share->holders, 1);
	share->data = seg->data;
	share->len = seg->len;
	seg->share = share;
	return true;
}

/*
 * Return: one more view, on the first @len bytes, or NULL. If it fails for want of the view
 * the segment may be left in a share of its own, which is found out when next consumed.
 */
struct dualtree_segment *dt_segment_clone(struct dualtree *dt, struct dualtree_segment *seg,
					  size_t len, gfp_t gfp)
{
	struct dualtree_segment *view = dt_segment_create(dt, seg->data, len, gfp);

	if (!view)
		return NULL;
	if (!segment_make_shared(dt, seg, gfp)) {
		dt_segment_forget(dt, view);
		return NULL;
	}
	view->share = seg->share;
	refcount_inc(&view->share->holders);
	return view;
}
