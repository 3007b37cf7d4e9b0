// SPDX-License-Identifier: GPL-2.0
/* Calls that read buffers, or say where their bytes are. */
#include "../../netbuf/segment.h"
#include "model.h"

/* Compare all bytes that can be read. */
void host_op_read(struct subject *s)
{
	static u8 to[BYTES_MAX];
	size_t len = host_choose_len(s), at = host_choose(s->len + 2);
	bool there = at <= s->len && len <= s->len - at;

	if (host_went_well(dualtree_buf_peek(&s->buf, at, to, len), there ? 0 : -ENODATA))
		host_assert(!memcmp(to, s->bytes + at, len));
	if (!host_went_well(dualtree_buf_read(&s->buf, to, len), len > s->len ? -ENODATA : 0))
		return;
	host_assert(!memcmp(to, s->bytes, len));
	host_subject_drop(s, len);
}

void host_op_number(struct subject *s)
{
	unsigned int bytes = host_choose(10), i;
	bool big = host_one_in(2);
	u64 value = 0x1234, want = 0;
	int err = !bytes || bytes > 8 ? -EINVAL : bytes > s->len ? -ENODATA : 0;

	for (i = 0; i < bytes && !err; i++)
		want |= (u64)s->bytes[i] << 8 * (big ? bytes - 1 - i : i);
	if (!host_went_well(big ? dualtree_buf_read_be(&s->buf, bytes, &value) :
				  dualtree_buf_read_le(&s->buf, bytes, &value), err)) {
		host_assert(value == 0x1234);
		return;
	}
	host_assert(value == want);
	host_subject_drop(s, bytes);
}

#define wide	unsigned __int128
#define swide	__int128

/* LEB128 by 128 bits: the number has as many as its bytes say. */
static int leb128(const struct subject *s, bool is_signed, u64 *value)
{
	unsigned int i, nr = min_t(size_t, s->len, 10);
	wide bits = 0;
	swide number;

	for (i = 0; i < nr; i++) {
		bits |= (wide)(s->bytes[i] & 0x7f) << 7 * i;
		if (!(s->bytes[i] & 0x80))
			break;
	}
	if (i == nr)
		return nr < 10 ? -ENODATA : -ERANGE;
	number = bits;
	if (is_signed)
		number = (swide)(bits << (128 - 7 * (i + 1))) >> (128 - 7 * (i + 1));
	*value = number;
	if (is_signed ? number != (s64)*value : number != *value)
		return -ERANGE;
	return i + 1;
}

void host_op_leb128(struct subject *s)
{
	bool is_signed = host_one_in(2);
	u64 value = 0x1234, want = 0;
	int bytes = leb128(s, is_signed, &want);
	int err = is_signed ? dualtree_buf_read_sleb128(&s->buf, (s64 *)&value) :
			      dualtree_buf_read_uleb128(&s->buf, &value);

	if (!host_went_well(err, min(bytes, 0))) {
		host_assert(value == 0x1234);
		return;
	}
	host_assert(value == want);
	host_subject_drop(s, bytes);
}

void host_op_find(struct subject *s)
{
	size_t from = host_choose(s->len + 2);
	u8 byte = s->len ? s->bytes[host_choose(s->len)] + host_one_in(4) : 0;
	const u8 *at = from < s->len ? memchr(s->bytes + from, byte, s->len - from) : NULL;

	host_assert(dualtree_buf_find(&s->buf, from, byte) == (at ? at - s->bytes : -ENODATA));
}

/* What a call that makes bytes contiguous returns. */
static int contiguous_errno(const struct subject *s, size_t len)
{
	if (!len || len > dualtree_max_size(s->buf.dt))
		return -EINVAL;
	return len > s->len ? -ENODATA : 0;
}

void host_op_linearize(struct subject *s)
{
	size_t len = host_choose_len(s), there;
	const u8 *ptr = dualtree_buf_linearize(&s->buf, len, GFP_KERNEL);

	if (!host_went_well(PTR_ERR_OR_ZERO(ptr), contiguous_errno(s, len)))
		return;
	host_assert(!memcmp(ptr, s->bytes, len));
	host_assert(dualtree_buf_first(&s->buf, &there) == ptr && there >= len);
}

void host_op_detach(struct subject *s)
{
	size_t len = host_choose_len(s);
	u8 *ptr = dualtree_buf_detach(&s->buf, len, GFP_KERNEL);

	if (!host_went_well(PTR_ERR_OR_ZERO(ptr), contiguous_errno(s, len)))
		return;
	host_assert(!memcmp(ptr, s->bytes, len));
	host_subject_drop(s, len);
	/* It is the caller's alone: no clone sees this. */
	memset(ptr, 0xee, len);
	host_assert(!dualtree_free(s->buf.dt, ptr, len));
}

void host_op_vectors(struct subject *s)
{
	size_t len = host_choose_len(s), sum = 0, want = min(len, s->len);
	struct bio_vec pages[32];
	struct kvec vecs[32];
	int i, nr = dualtree_buf_kvecs(&s->buf, len, vecs, ARRAY_SIZE(vecs));
	struct iov_iter iter;

	host_assert(dualtree_buf_bvecs(&s->buf, len, pages, ARRAY_SIZE(pages)) == nr);
	if (len > s->len) {
		host_assert(nr == -ENODATA);
		host_assert(dualtree_buf_iter(&s->buf, len, pages, 1, &iter) == nr);
		return;
	}
	i = dualtree_buf_iter(&s->buf, len, pages, ARRAY_SIZE(pages), &iter);
	host_assert(nr > (int)ARRAY_SIZE(vecs) ? i == -ENOSPC : !i && iter.count == len);
	for (i = 0; i < min_t(int, nr, ARRAY_SIZE(vecs)); i++) {
		host_assert(vecs[i].iov_len == pages[i].bv_len && vecs[i].iov_len);
		host_assert((char *)page_address(pages[i].bv_page) + pages[i].bv_offset ==
			    vecs[i].iov_base);
		host_assert(sum + vecs[i].iov_len <= want &&
			    !memcmp(vecs[i].iov_base, s->bytes + sum, vecs[i].iov_len));
		sum += vecs[i].iov_len;
	}
	host_assert(nr > (int)ARRAY_SIZE(vecs) || sum == want);
}

/*
 * Is a segment released? Not while a packet refers to any of its pages; one in a page of another
 * owner always is.
 */
void host_op_released(struct subject *s)
{
	const struct dualtree_segment *seg;
	struct page *page;

	if (!s->len)
		return;
	seg = list_first_entry(&s->buf.segments, struct dualtree_segment, node);
	host_assert(dt_segment_released(seg));
	page = virt_to_page(seg->data + host_choose(seg->len));
	get_page(page);
	host_assert(dt_segment_released(seg) == dt_segment_is_foreign(seg));
	put_page(page);
}
