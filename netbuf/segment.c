// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: where netbuf frees ranges, and where a range changes its owner. segment.h says what a
 * segment and a share are.
 *
 *	call			frees, as the owner	as a view	as the last view
 *	dt_segment_own()	nothing			nothing		the rest of the range
 *	dt_segment_drop_room()	the bytes before its	nothing		nothing
 *				own
 *	dt_segment_consume()	the bytes consumed	nothing		both of these
 *	dt_segment_trim()	the bytes trimmed	nothing		both of these
 *	dt_segment_release()	all of its bytes	nothing		the range, or its reference
 *									to another owner's page
 *
 * The result of dualtree_free() is ignored: it refuses only a bad free, and reports that itself.
 *
 * No lock: the caller owns the segment. Any context; what allocates, as its gfp flags allow.
 */
#include <asm/barrier.h>
#include <linux/page_ref.h>
#include <linux/string.h>
#include "segment.h"

static void segment_init(struct dualtree_segment *seg, u8 *data, size_t len)
{
	seg->data = data;
	seg->len = len;
	seg->room = 0;
	seg->share = NULL;
}

/* Return: a segment that owns @len bytes at @data, or NULL on OOM. */
struct dualtree_segment *dt_segment_create(struct dualtree *dt, u8 *data, size_t len, gfp_t gfp)
{
	struct dualtree_segment *seg = dualtree_alloc(dt, sizeof(*seg), gfp);

	if (seg)
		segment_init(seg, data, len);
	return seg;
}

static void free_range(struct dualtree *dt, const u8 *from, const u8 *to)
{
	if (from < to)
		dualtree_free(dt, from, to - from);
}

/*
 * Return: a segment with a new range of @size bytes, and @room before them, or NULL on OOM or a bad
 * size.
 */
struct dualtree_segment *dt_segment_alloc(struct dualtree *dt, size_t room, size_t size,
					  gfp_t gfp)
{
	struct dualtree_segment *seg = dt_segment_create(dt, NULL, size, gfp);
	u8 *ptr;

	if (!seg)
		return NULL;
	ptr = dualtree_alloc(dt, room + size, gfp);
	if (!ptr) {
		dt_segment_forget(dt, seg);
		return NULL;
	}
	seg->data = ptr + room;
	seg->room = room;
	return seg;
}

/*
 * Make a segment of a copy. Few bytes, a protocol's header for example, lie after the record, in
 * its granule: each of both is freed by itself.
 *
 * Return: the segment, or NULL on OOM.
 */
struct dualtree_segment *dt_segment_copy(struct dualtree *dt, const void *data, size_t len,
					 gfp_t gfp)
{
	struct dualtree_segment *seg;

	if (sizeof(*seg) + len <= dualtree_granule()) {
		seg = dualtree_alloc(dt, sizeof(*seg) + len, gfp);
		if (seg)
			segment_init(seg, (u8 *)(seg + 1), len);
	} else {
		seg = dt_segment_alloc(dt, 0, len, gfp);
	}
	if (seg)
		memcpy(seg->data, data, len);
	return seg;
}

/* Free the bytes before the segment's own. */
void dt_segment_drop_room(struct dualtree *dt, struct dualtree_segment *seg)
{
	free_range(dt, seg->data - seg->room, seg->data);
	seg->room = 0;
}

/* Free the record and the room, not the range. */
void dt_segment_forget(struct dualtree *dt, struct dualtree_segment *seg)
{
	dt_segment_drop_room(dt, seg);
	dualtree_free(dt, seg, sizeof(*seg));
}

static void free_share(struct dt_segment_share *share)
{
	dualtree_free(share->dt, share, sizeof(*share));
}

/* Release a segment's bytes and free the record. */
void dt_segment_release(struct dualtree *dt, struct dualtree_segment *seg)
{
	struct dt_segment_share *share = seg->share;

	if (!share) {
		free_range(dt, seg->data - seg->room, seg->data + seg->len);
		seg->room = 0;
	} else if (refcount_dec_and_test(&share->holders)) {
		if (share->page)
			dt_pages_put(share->pages, share->page, share->len, share->charge);
		else
			free_range(share->dt, share->data, share->data + share->len);
		free_share(share);
	}
	dt_segment_forget(dt, seg);
}

/*
 * Packets take a reference to each page that they can read, and only such a packet can pass one on.
 * So a page with the allocator's own reference only is read by none, and that does not change. Code
 * that looks up a page, and does not read it, may raise the count for a moment. A page of another
 * owner is not reused before all references are gone, so it need not be waited for.
 *
 * Return: true if the segment's bytes may be freed: no packet refers to a page of them.
 */
bool dt_segment_released(const struct dualtree_segment *seg)
{
	struct page *page = virt_to_page(seg->data);
	unsigned int left = dt_pages_of(seg->data, seg->len);

	if (dt_segment_is_foreign(seg))
		return true;
	for (; left; left--, page++)
		if (page_ref_count(page) != 1)
			return false;
	/* Pairs with the drops of the references: the packets' reads come before the reuse. */
	smp_acquire__after_ctrl_dep();
	return true;
}

/*
 * Make a segment the owner of its bytes, if they are of its instance and no other view shares them;
 * then free the rest of the shared range.
 *
 * Return: true if the segment owns its bytes.
 */
bool dt_segment_own(struct dualtree *dt, struct dualtree_segment *seg)
{
	struct dt_segment_share *share = seg->share;

	if (!share)
		return true;
	/* Only a view can be cloned, so a count of 1 cannot rise: this view is the caller's. */
	if (share->page || share->dt != dt || refcount_read(&share->holders) > 1)
		return false;
	/* Pairs with the decrements of the other views: their reads come before the reuse. */
	smp_acquire__after_ctrl_dep();
	free_range(dt, share->data, seg->data);
	free_range(dt, seg->data + seg->len, share->data + share->len);
	free_share(share);
	seg->share = NULL;
	return true;
}

/* Consume the first @len bytes, fewer than the segment has. */
void dt_segment_consume(struct dualtree *dt, struct dualtree_segment *seg, size_t len)
{
	if (dt_segment_own(dt, seg))
		free_range(dt, seg->data - seg->room, seg->data + len);
	seg->room = 0;
	seg->data += len;
	seg->len -= len;
}

/* Drop all but the first @keep bytes, of which there is at least one. */
void dt_segment_trim(struct dualtree *dt, struct dualtree_segment *seg, size_t keep)
{
	if (dt_segment_own(dt, seg))
		free_range(dt, seg->data + keep, seg->data + seg->len);
	seg->len = keep;
}

/* Move the bytes from @at on to @tail, which has none: a view more, or the owner of its part. */
void dt_segment_split(struct dualtree_segment *seg, size_t at, struct dualtree_segment *tail)
{
	tail->data = seg->data + at;
	tail->len = seg->len - at;
	tail->room = 0;
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
	share->dt = dt;
	share->data = seg->data;
	share->len = seg->len;
	share->page = NULL;
	dt_segment_drop_room(dt, seg);
	seg->share = share;
	return true;
}

/*
 * Make a segment of @len bytes at @data, which lie in @page, and for which dt_pages_get() was
 * called.
 *
 * Return: the segment, or NULL on OOM.
 */
struct dualtree_segment *dt_segment_attach(struct dualtree_pages *pages, struct page *page,
					   u8 *data, size_t len, size_t charge, gfp_t gfp)
{
	struct dualtree_segment *seg = dt_segment_create(pages->dt, data, len, gfp);

	if (!seg)
		return NULL;
	if (!segment_make_shared(pages->dt, seg, gfp)) {
		dt_segment_forget(pages->dt, seg);
		return NULL;
	}
	seg->share->page = page;
	seg->share->pages = pages;
	seg->share->charge = charge;
	return seg;
}

/*
 * Make another view of the first @len bytes of a segment of @dt, as a record of @to; the segment
 * becomes a view too.
 *
 * Return: the new view, or NULL on OOM; then the segment is as before.
 */
struct dualtree_segment *dt_segment_clone(struct dualtree *dt, struct dualtree_segment *seg,
					  struct dualtree *to, size_t len, gfp_t gfp)
{
	struct dualtree_segment *view = dt_segment_create(to, seg->data, len, gfp);

	if (!view)
		return NULL;
	if (!segment_make_shared(dt, seg, gfp)) {
		dt_segment_forget(to, view);
		return NULL;
	}
	view->share = seg->share;
	refcount_inc(&view->share->holders);
	return view;
}
