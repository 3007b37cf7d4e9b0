// SPDX-License-Identifier: GPL-2.0
/*
 * The test of buffers: random calls on buffers of two instances, each of which has a plain array
 * of bytes as its model. Some of the bytes are in pages of others. What needs a network stack is
 * left out; but for what a send does to a buffer.
 */
#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>
#include "../netbuf/segment.h"
#include "../netbuf/split.h"
#include "core.h"

const char *const host_test_name = "netbuf";

#define BUFFERS		4
/* Bytes of a model. */
#define BYTES_MAX	0x20000U

/**
 * struct subject - a buffer and its model
 * @buf: the buffer
 * @reserved: what is reserved, or NULL
 * @room: bytes of it
 * @len: number of @bytes
 * @bytes: what the buffer contains
 */
struct subject {
	struct dualtree_buf buf;
	u8 *reserved;
	size_t room;
	size_t len;
	u8 bytes[BYTES_MAX];
};

static struct subject subjects[BUFFERS];
static struct dualtree *instances[2];
/* What their buffers refer to in pages of others. */
static struct dualtree_pages *pages_of[2];

/* Of the first instance all but the last, which is of the second. */
static struct dualtree *instance_of(u32 i)
{
	return instances[i == BUFFERS - 1];
}

/* The instances have a limit in this round. */
static bool limited;

static bool may_fail(void)
{
	return host_fail_every || limited;
}

static void fill(u8 *to, size_t len)
{
	size_t i;

	/* Few values, and some long runs with their highest bit set, as LEB128 has them. */
	memset(to, host_one_in(2) ? 0x80 | host_choose(128) : host_choose(256), len);
	for (i = host_choose(16); i < len; i += 1 + host_choose(64))
		to[i] = host_choose(256);
}

static void insert(struct subject *s, size_t at, const void *from, size_t len)
{
	host_assert(s->len + len <= BYTES_MAX);
	memmove(s->bytes + at + len, s->bytes + at, s->len - at);
	memcpy(s->bytes + at, from, len);
	s->len += len;
}

static void drop(struct subject *s, size_t len)
{
	s->len -= len;
	memmove(s->bytes, s->bytes + len, s->len);
}

/* A length that a call may be made with: mostly one that the buffer has. */
static size_t choose_len(const struct subject *s)
{
	switch (host_choose(8)) {
	case 0:
		return s->len;
	case 1:
		return s->len + 1 + host_choose(100);
	case 2:
		return 0;
	case 3:
		return host_choose(s->len + 1);
	default:
		return min_t(size_t, host_choose(200), s->len);
	}
}

/* A call returned an error, or none: as it must, unless memory was lacking. */
static bool went_well(int err, int expected)
{
	if (err == -ENOMEM && may_fail())
		return false;
	if (err != expected)
		host_fail("a call returned %d and not %d", err, expected);
	return !err;
}

static size_t live_in(struct dualtree *dt)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	return stats.live_bytes;
}

/* What is appended takes its bytes, and a record for each 64 KiB. */
static void op_append(struct subject *s)
{
	size_t len = host_one_in(50) ? host_choose(0x18000) : host_choose(600);
	size_t live = live_in(s->buf.dt);
	static u8 bytes[0x18000];

	if (s->len + len > BYTES_MAX / 2)
		return;
	fill(bytes, len);
	if (!went_well(dualtree_buf_append(&s->buf, bytes, len, GFP_KERNEL), 0))
		return;
	host_assert(live_in(s->buf.dt) - live ==
		    len + DIV_ROUND_UP(len, SZ_64K) * sizeof(struct dualtree_segment));
	insert(s, s->len, bytes, len);
}

static void op_prepend(struct subject *s)
{
	size_t len = host_choose(300);
	u8 *to;

	if (s->len + len > BYTES_MAX / 2)
		return;
	to = dualtree_buf_prepend(&s->buf, len, GFP_KERNEL);
	if (!to) {
		host_assert(!len || may_fail());
		return;
	}
	fill(to, len);
	insert(s, 0, to, len);
}

static void op_reserve(struct subject *s)
{
	size_t len = host_choose(2000);
	u8 *to;

	if (!s->reserved) {
		to = host_one_in(2) ? dualtree_buf_reserve(&s->buf, len, GFP_KERNEL) :
				      dualtree_buf_reserve_after(&s->buf, host_choose(200), len,
								 GFP_KERNEL);
		host_assert(to || !len || may_fail());
		s->reserved = to;
		s->room = len;
		return;
	}
	host_assert(!dualtree_buf_reserve(&s->buf, 1, GFP_KERNEL));
	host_assert(dualtree_buf_commit(&s->buf, s->room + 1) == -EINVAL);
	if (s->len + s->room > BYTES_MAX / 2)
		return;
	len = host_choose(s->room + 1);
	fill(s->reserved, len);
	insert(s, s->len, s->reserved, len);
	host_assert(!dualtree_buf_commit(&s->buf, len));
	host_assert(dualtree_buf_commit(&s->buf, 0) == -EINVAL);
	s->reserved = NULL;
}

static void op_adopt(struct subject *s)
{
	size_t len = 1 + host_choose(1000), from = host_choose(len);
	u8 *ptr = dualtree_alloc(s->buf.dt, len, GFP_KERNEL);

	host_assert(dualtree_buf_adopt(&s->buf, s, 8, GFP_KERNEL) == -EINVAL);
	if (!ptr)
		return;
	fill(ptr, len);
	if (s->len + len > BYTES_MAX / 2 ||
	    !went_well(dualtree_buf_adopt(&s->buf, ptr + from, len - from, GFP_KERNEL), 0)) {
		host_assert(!dualtree_free(s->buf.dt, ptr, len));
		return;
	}
	insert(s, s->len, ptr + from, len - from);
	if (from)
		host_assert(!dualtree_free(s->buf.dt, ptr, from));
}

/* A part of a page that is then no one's but the buffer's. */
static void op_attach(struct subject *s)
{
	size_t from = host_choose(PAGE_SIZE), len = 1 + host_choose(PAGE_SIZE - from);
	struct dualtree_pages *pages = pages_of[s == &subjects[BUFFERS - 1]];
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *data;
	int err;

	if (!page)
		return;
	data = page_address(page);
	fill(data + from, len);
	host_assert(dualtree_buf_attach_page(pages, &s->buf, page, from, PAGE_SIZE - from + 1,
					     PAGE_SIZE, GFP_KERNEL) == -EINVAL);
	if (s->len + len <= BYTES_MAX / 2) {
		err = dualtree_buf_attach_page(pages, &s->buf, page, from, len, PAGE_SIZE,
					       GFP_KERNEL);
		host_assert(!err || err == -ENOSPC || may_fail());
		if (!err)
			insert(s, s->len, data + from, len);
	}
	put_page(page);
}

static void op_compact(struct subject *s)
{
	went_well(dualtree_buf_compact(&s->buf, host_choose(1000), GFP_KERNEL), 0);
}

/* Write to the first bytes: what others have of them stays. */
static void op_unshare(struct subject *s)
{
	size_t len = choose_len(s), sum = 0, part;
	struct kvec vecs[64];
	int i, nr;

	if (!went_well(dualtree_buf_unshare(&s->buf, len, GFP_KERNEL),
		       len > s->len ? -ENODATA : 0))
		return;
	nr = dualtree_buf_kvecs(&s->buf, len, vecs, ARRAY_SIZE(vecs));
	for (i = 0; i < min_t(int, nr, ARRAY_SIZE(vecs)); i++) {
		part = vecs[i].iov_len;
		host_assert(dualtree_owns(s->buf.dt, vecs[i].iov_base, part));
		fill(vecs[i].iov_base, part);
		memcpy(s->bytes + sum, vecs[i].iov_base, part);
		sum += part;
	}
}

static void op_trim(struct subject *s)
{
	size_t keep = host_one_in(4) ? choose_len(s) : s->len - host_choose(s->len / 4 + 1);

	if (went_well(dualtree_buf_trim(&s->buf, keep), keep > s->len ? -ENODATA : 0))
		s->len = keep;
}

static void op_skip(struct subject *s)
{
	size_t len = choose_len(s);

	if (went_well(dualtree_buf_skip(&s->buf, len), len > s->len ? -ENODATA : 0))
		drop(s, len);
}

/* Compare all bytes that can be read. */
static void op_read(struct subject *s)
{
	static u8 to[BYTES_MAX];
	size_t len = choose_len(s), at = host_choose(s->len + 2);
	bool there = at <= s->len && len <= s->len - at;

	if (went_well(dualtree_buf_peek(&s->buf, at, to, len), there ? 0 : -ENODATA))
		host_assert(!memcmp(to, s->bytes + at, len));
	if (!went_well(dualtree_buf_read(&s->buf, to, len), len > s->len ? -ENODATA : 0))
		return;
	host_assert(!memcmp(to, s->bytes, len));
	drop(s, len);
}

static void op_number(struct subject *s)
{
	unsigned int bytes = host_choose(10), i;
	bool big = host_one_in(2);
	u64 value = 0x1234, want = 0;
	int err = !bytes || bytes > 8 ? -EINVAL : bytes > s->len ? -ENODATA : 0;

	for (i = 0; i < bytes && !err; i++)
		want |= (u64)s->bytes[i] << 8 * (big ? bytes - 1 - i : i);
	if (!went_well(big ? dualtree_buf_read_be(&s->buf, bytes, &value) :
			     dualtree_buf_read_le(&s->buf, bytes, &value), err)) {
		host_assert(value == 0x1234);
		return;
	}
	host_assert(value == want);
	drop(s, bytes);
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

static void op_leb128(struct subject *s)
{
	bool is_signed = host_one_in(2);
	u64 value = 0x1234, want = 0;
	int bytes = leb128(s, is_signed, &want);
	int err = is_signed ? dualtree_buf_read_sleb128(&s->buf, (s64 *)&value) :
			      dualtree_buf_read_uleb128(&s->buf, &value);

	if (!went_well(err, min(bytes, 0))) {
		host_assert(value == 0x1234);
		return;
	}
	host_assert(value == want);
	drop(s, bytes);
}

static void op_find(struct subject *s)
{
	size_t from = host_choose(s->len + 2);
	u8 byte = s->len ? s->bytes[host_choose(s->len)] + host_one_in(4) : 0;
	const u8 *at = from < s->len ? memchr(s->bytes + from, byte, s->len - from) : NULL;

	host_assert(dualtree_buf_find(&s->buf, from, byte) == (at ? at - s->bytes : -ENODATA));
}

static void op_split(struct subject *s, struct subject *to)
{
	size_t len = choose_len(s);
	int err = to == s || to->buf.dt != s->buf.dt ? -EINVAL : len > s->len ? -ENODATA : 0;

	if (to->len + len > BYTES_MAX / 2)
		return;
	if (!went_well(dualtree_buf_split(&s->buf, len, &to->buf, GFP_KERNEL), err))
		return;
	insert(to, to->len, s->bytes, len);
	drop(s, len);
}

static void op_splice(struct subject *s, struct subject *to)
{
	int err = to == s || to->buf.dt != s->buf.dt ? -EINVAL : 0;

	if (to->len + s->len > BYTES_MAX / 2)
		return;
	if (!went_well(dualtree_buf_splice(&to->buf, &s->buf), err))
		return;
	insert(to, to->len, s->bytes, s->len);
	s->len = 0;
}

/* Of any instance, too: then the records are of the other one. */
static void op_clone(struct subject *s, struct subject *to)
{
	size_t len = choose_len(s);
	int err = to == s ? -EINVAL : len > s->len ? -ENODATA : 0;

	if (to->len + len > BYTES_MAX / 2)
		return;
	if (went_well(dualtree_buf_clone(&s->buf, len, &to->buf, GFP_KERNEL), err))
		insert(to, to->len, s->bytes, len);
}

/* What a call that makes bytes contiguous returns. */
static int contiguous_errno(const struct subject *s, size_t len)
{
	if (!len || len > dualtree_max_size(s->buf.dt))
		return -EINVAL;
	return len > s->len ? -ENODATA : 0;
}

static void op_linearize(struct subject *s)
{
	size_t len = choose_len(s), there;
	const u8 *ptr = dualtree_buf_linearize(&s->buf, len, GFP_KERNEL);

	if (!went_well(PTR_ERR_OR_ZERO(ptr), contiguous_errno(s, len)))
		return;
	host_assert(!memcmp(ptr, s->bytes, len));
	host_assert(dualtree_buf_first(&s->buf, &there) == ptr && there >= len);
}

static void op_detach(struct subject *s)
{
	size_t len = choose_len(s);
	u8 *ptr = dualtree_buf_detach(&s->buf, len, GFP_KERNEL);

	if (!went_well(PTR_ERR_OR_ZERO(ptr), contiguous_errno(s, len)))
		return;
	host_assert(!memcmp(ptr, s->bytes, len));
	drop(s, len);
	/* It is the caller's alone: no clone sees this. */
	memset(ptr, 0xee, len);
	host_assert(!dualtree_free(s->buf.dt, ptr, len));
}

/* What the test keeps of the first instance: so much that the next calls find no memory. */
static struct dualtree_range kept[2048];
static u32 nr_kept;

static void free_kept(u32 nr)
{
	for (; nr && nr_kept; nr--) {
		nr_kept--;
		host_assert(!dualtree_free(instances[0], kept[nr_kept].ptr, kept[nr_kept].len));
	}
}

static void squeeze(void)
{
	static const size_t sizes[] = { SZ_16K, SZ_4K, 512, 64 };
	void *ptr;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes) && limited; i++)
		while (nr_kept < ARRAY_SIZE(kept) &&
		       (ptr = dualtree_alloc(instances[0], sizes[i], GFP_KERNEL)))
			kept[nr_kept++] = (struct dualtree_range){ ptr, sizes[i] };
	/* A record is left, or a few. */
	free_kept(host_choose(4));
}

static void op_vectors(struct subject *s)
{
	size_t len = choose_len(s), sum = 0, want = min(len, s->len);
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

/* What a send does that fails: the bytes that were cut off come back. */
static void op_uncut(struct subject *s)
{
	struct dualtree_buf front;
	size_t len = choose_len(s);

	dualtree_buf_init(&front, s->buf.dt);
	if (!went_well(dualtree_buf_split(&s->buf, len, &front, GFP_KERNEL),
		       len > s->len ? -ENODATA : 0))
		return;
	host_assert(dualtree_buf_len(&front) == len);
	dt_buf_uncut(&s->buf, &front);
	host_assert(!dualtree_buf_len(&front) && list_empty(&front.segments));
}

/*
 * Is a segment released? Not while a packet refers to any of its pages; one in a page of another
 * owner always is.
 */
static void op_released(struct subject *s)
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

static void check(const struct subject *s)
{
	static u8 to[BYTES_MAX];

	host_assert(dualtree_buf_len(&s->buf) == s->len);
	host_assert(!dualtree_buf_peek(&s->buf, 0, to, s->len) && !memcmp(to, s->bytes, s->len));
}

static void purge(struct subject *s)
{
	check(s);
	dualtree_buf_purge(&s->buf);
	s->reserved = NULL;
	s->len = 0;
	host_assert(!dualtree_buf_len(&s->buf));
}

void host_test_begin(void)
{
	u32 i;

	host_core_begin();
	limited = host_one_in(3);
	for (i = 0; i < ARRAY_SIZE(instances); i++) {
		instances[i] = dualtree_create("buffers", &(struct dualtree_params){
			.max_region_order = host_one_in(2) ? 4 : 0,
			.limit = limited ? SZ_64K : 0,
		});
		host_assert(!IS_ERR(instances[i]));
	}
	for (i = 0; i < ARRAY_SIZE(pages_of); i++) {
		pages_of[i] = dualtree_pages_create(instances[i], host_one_in(2) ? SZ_1M : SZ_64K);
		host_assert(!IS_ERR(pages_of[i]));
	}
	for (i = 0; i < BUFFERS; i++) {
		dualtree_buf_init(&subjects[i].buf, instance_of(i));
		purge(&subjects[i]);
	}
}

void host_test_end(void)
{
	struct dualtree_pages_stats held;
	struct dualtree_stats stats;
	u32 i;

	free_kept(UINT_MAX);
	for (i = 0; i < BUFFERS; i++)
		purge(&subjects[i]);
	for (i = 0; i < ARRAY_SIZE(pages_of); i++) {
		dualtree_pages_get_stats(pages_of[i], &held);
		host_assert(!held.live_bytes && !held.held_bytes && !held.ranges);
		dualtree_pages_destroy(pages_of[i]);
	}
	for (i = 0; i < ARRAY_SIZE(instances); i++) {
		dualtree_get_stats(instances[i], &stats);
		host_assert(!stats.live_bytes && !stats.bad_frees && !stats.damaged);
		dualtree_destroy(instances[i]);
	}
	host_core_end();
}

static void rare_step(struct subject *s)
{
	static const u32 every[] = { 0, 0, 0, 2, 5, 20 };

	switch (host_choose(6)) {
	case 4:
		squeeze();
		break;
	case 5:
		free_kept(UINT_MAX);
		break;
	case 0:
		host_fail_every = every[host_choose(ARRAY_SIZE(every))];
		break;
	case 1:
		purge(s);
		break;
	case 2:
		host_pass_time(1000);
		break;
	default:
		check(s);
	}
}

void host_test_step(void)
{
	static void (*const ops[])(struct subject *s) = {
		op_append, op_append, op_prepend, op_reserve, op_reserve, op_adopt, op_attach,
		op_compact, op_unshare, op_trim,
		op_skip, op_read, op_number, op_leb128, op_find, op_linearize, op_detach,
		op_vectors, op_uncut, op_released, rare_step,
	};
	static void (*const moves[])(struct subject *s, struct subject *to) = {
		op_split, op_splice, op_clone,
	};
	struct subject *s = &subjects[host_choose(BUFFERS)];

	host_ops++;
	if (host_one_in(4))
		moves[host_choose(ARRAY_SIZE(moves))](s, &subjects[host_choose(BUFFERS)]);
	else
		ops[host_choose(ARRAY_SIZE(ops))](s);
	host_assert(dualtree_buf_len(&s->buf) == s->len);
	if (host_rcu_queued > 64)
		synchronize_rcu();
}
