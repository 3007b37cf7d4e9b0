// SPDX-License-Identifier: GPL-2.0
/* Calls that fill buffers, cut them, join them and share their bytes. */
#include "../../netbuf/segment.h"
#include "../../netbuf/split.h"
#include "model.h"

static size_t live_in(struct dualtree *dt)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	return stats.live_bytes;
}

/* What is appended takes its bytes, and a record for each 64 KiB. */
void host_op_append(struct subject *s)
{
	size_t len = host_one_in(50) ? host_choose(0x18000) : host_choose(600);
	size_t live = live_in(s->buf.dt);
	static u8 bytes[0x18000];

	if (s->len + len > BYTES_MAX / 2)
		return;
	host_fill(bytes, len);
	if (!host_went_well(dualtree_buf_append(&s->buf, bytes, len, GFP_KERNEL), 0))
		return;
	host_assert(live_in(s->buf.dt) - live ==
		    len + DIV_ROUND_UP(len, SZ_64K) * sizeof(struct dualtree_segment));
	host_subject_insert(s, s->len, bytes, len);
}

void host_op_prepend(struct subject *s)
{
	size_t len = host_choose(300);
	u8 *to;

	if (s->len + len > BYTES_MAX / 2)
		return;
	to = dualtree_buf_prepend(&s->buf, len, GFP_KERNEL);
	if (!to) {
		host_assert(!len || host_may_fail());
		return;
	}
	host_fill(to, len);
	host_subject_insert(s, 0, to, len);
}

void host_op_reserve(struct subject *s)
{
	size_t len = host_choose(2000), room = 0;
	u8 *to;

	if (!s->reserved) {
		if (host_one_in(2)) {
			to = dualtree_buf_reserve(&s->buf, len, GFP_KERNEL);
		} else {
			room = host_choose(200);
			to = dualtree_buf_reserve_after(&s->buf, room, len, GFP_KERNEL);
		}
		host_assert(to || !len || host_may_fail());
		host_assert(!to || (unsigned long)(to - room) % dualtree_granule() == 0);
		s->reserved = to;
		s->room = len;
		return;
	}
	host_assert(!dualtree_buf_reserve(&s->buf, 1, GFP_KERNEL));
	host_assert(dualtree_buf_commit(&s->buf, s->room + 1) == -EINVAL);
	if (s->len + s->room > BYTES_MAX / 2)
		return;
	len = host_choose(s->room + 1);
	host_fill(s->reserved, len);
	host_subject_insert(s, s->len, s->reserved, len);
	host_assert(!dualtree_buf_commit(&s->buf, len));
	host_assert(dualtree_buf_commit(&s->buf, 0) == -EINVAL);
	s->reserved = NULL;
}

void host_op_adopt(struct subject *s)
{
	size_t len = 1 + host_choose(1000), from = host_choose(len);
	u8 *ptr = dualtree_alloc(s->buf.dt, len, GFP_KERNEL);

	host_assert(dualtree_buf_adopt(&s->buf, s, 8, GFP_KERNEL) == -EINVAL);
	if (!ptr)
		return;
	host_fill(ptr, len);
	if (s->len + len > BYTES_MAX / 2 ||
	    !host_went_well(dualtree_buf_adopt(&s->buf, ptr + from, len - from, GFP_KERNEL), 0)) {
		host_assert(!dualtree_free(s->buf.dt, ptr, len));
		return;
	}
	host_subject_insert(s, s->len, ptr + from, len - from);
	if (from)
		host_assert(!dualtree_free(s->buf.dt, ptr, from));
}

/* A part of a page that is then no one's but the buffer's. */
void host_op_attach(struct subject *s)
{
	size_t from = host_choose(PAGE_SIZE), len = 1 + host_choose(PAGE_SIZE - from);
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *data;
	int err;

	if (!page)
		return;
	data = page_address(page);
	host_fill(data + from, len);
	host_assert(dualtree_buf_attach_page(s->pages, &s->buf, page, from, PAGE_SIZE - from + 1,
					     PAGE_SIZE, GFP_KERNEL) == -EINVAL);
	if (s->len + len <= BYTES_MAX / 2) {
		err = dualtree_buf_attach_page(s->pages, &s->buf, page, from, len, PAGE_SIZE,
					       GFP_KERNEL);
		host_assert(!err || err == -ENOSPC || host_may_fail());
		if (!err)
			host_subject_insert(s, s->len, data + from, len);
	}
	put_page(page);
}

void host_op_compact(struct subject *s)
{
	host_went_well(dualtree_buf_compact(&s->buf, host_choose(1000), GFP_KERNEL), 0);
}

/* Write to the first bytes: what others have of them stays. */
void host_op_unshare(struct subject *s)
{
	size_t len = host_choose_len(s), sum = 0, part;
	struct kvec vecs[64];
	int i, nr;

	if (!host_went_well(dualtree_buf_unshare(&s->buf, len, GFP_KERNEL),
			    len > s->len ? -ENODATA : 0))
		return;
	nr = dualtree_buf_kvecs(&s->buf, len, vecs, ARRAY_SIZE(vecs));
	for (i = 0; i < min_t(int, nr, ARRAY_SIZE(vecs)); i++) {
		part = vecs[i].iov_len;
		host_assert(dualtree_owns(s->buf.dt, vecs[i].iov_base, part));
		host_fill(vecs[i].iov_base, part);
		memcpy(s->bytes + sum, vecs[i].iov_base, part);
		sum += part;
	}
}

void host_op_trim(struct subject *s)
{
	size_t keep = host_one_in(4) ? host_choose_len(s) : s->len - host_choose(s->len / 4 + 1);

	if (host_went_well(dualtree_buf_trim(&s->buf, keep), keep > s->len ? -ENODATA : 0))
		s->len = keep;
}

void host_op_skip(struct subject *s)
{
	size_t len = host_choose_len(s);

	if (host_went_well(dualtree_buf_skip(&s->buf, len), len > s->len ? -ENODATA : 0))
		host_subject_drop(s, len);
}

void host_op_split(struct subject *s, struct subject *to)
{
	size_t len = host_choose_len(s);
	int err = to == s || to->buf.dt != s->buf.dt ? -EINVAL : len > s->len ? -ENODATA : 0;

	if (to->len + len > BYTES_MAX / 2)
		return;
	if (!host_went_well(dualtree_buf_split(&s->buf, len, &to->buf, GFP_KERNEL), err))
		return;
	host_subject_insert(to, to->len, s->bytes, len);
	host_subject_drop(s, len);
}

void host_op_splice(struct subject *s, struct subject *to)
{
	int err = to == s || to->buf.dt != s->buf.dt ? -EINVAL : 0;

	if (to->len + s->len > BYTES_MAX / 2)
		return;
	if (!host_went_well(dualtree_buf_splice(&to->buf, &s->buf), err))
		return;
	host_subject_insert(to, to->len, s->bytes, s->len);
	s->len = 0;
}

/* Of any instance, too: then the records are of the other one. */
void host_op_clone(struct subject *s, struct subject *to)
{
	size_t len = host_choose_len(s);
	int err = to == s ? -EINVAL : len > s->len ? -ENODATA : 0;

	if (to->len + len > BYTES_MAX / 2)
		return;
	if (host_went_well(dualtree_buf_clone(&s->buf, len, &to->buf, GFP_KERNEL), err))
		host_subject_insert(to, to->len, s->bytes, len);
}

/* What a send does that fails: the bytes that were cut off come back. */
void host_op_uncut(struct subject *s)
{
	struct dualtree_buf front;
	size_t len = host_choose_len(s);

	dualtree_buf_init(&front, s->buf.dt);
	if (!host_went_well(dualtree_buf_split(&s->buf, len, &front, GFP_KERNEL),
			    len > s->len ? -ENODATA : 0))
		return;
	host_assert(dualtree_buf_len(&front) == len);
	dt_buf_uncut(&s->buf, &front);
	host_assert(!dualtree_buf_len(&front) && list_empty(&front.segments));
}
