// SPDX-License-Identifier: GPL-2.0
/*
 * Reading: every call with the border of two ranges at every place in what it reads, and
 * with every byte of it missing.
 */
#include "fixtures/netbuf.h"

#define LEB_BYTES_MAX	16

/* Some bytes in two ranges, cut at @cut, or in as many ranges as bytes if that is negative. */
static void put_cut(struct kunit *test, struct dualtree_buf *buf, const u8 *bytes, size_t len,
		    int cut)
{
	size_t i;

	if (cut >= 0) {
		KUNIT_ASSERT_EQ(test, dualtree_buf_append(buf, bytes, cut, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, dualtree_buf_append(buf, bytes + cut, len - cut, GFP_KERNEL),
				0);
		return;
	}
	for (i = 0; i < len; i++)
		KUNIT_ASSERT_EQ(test, dualtree_buf_append(buf, bytes + i, 1, GFP_KERNEL), 0);
}

/* All reads of numbers, by their name, as one kind of call. */
enum kind { U8, BE16, BE24, BE32, BE64, LE16, LE24, LE32, LE64, KINDS };

static const size_t kind_bytes[KINDS] = { 1, 2, 3, 4, 8, 2, 3, 4, 8 };
static const u64 kind_values[KINDS] = {
	0x81, 0x8182, 0x818283, 0x81828384, 0x8182838485868788,
	0x8281, 0x838281, 0x84838281, 0x8887868584838281,
};

#define READ_AS(type, call) ({			\
	type __value = (type)~0x5aULL;		\
	int __err = call(buf, &__value);	\
						\
	*value = __err ? 0 : __value;		\
	if (__err && __value != (type)~0x5aULL)	\
		__err = -EFAULT;		\
	__err;					\
})

static int read_kind(struct dualtree_buf *buf, enum kind kind, u64 *value)
{
	switch (kind) {
	case U8:
		return READ_AS(u8, dualtree_buf_read_u8);
	case BE16:
		return READ_AS(u16, dualtree_buf_read_be16);
	case BE24:
		return READ_AS(u32, dualtree_buf_read_be24);
	case BE32:
		return READ_AS(u32, dualtree_buf_read_be32);
	case BE64:
		return READ_AS(u64, dualtree_buf_read_be64);
	case LE16:
		return READ_AS(u16, dualtree_buf_read_le16);
	case LE24:
		return READ_AS(u32, dualtree_buf_read_le24);
	case LE32:
		return READ_AS(u32, dualtree_buf_read_le32);
	default:
		return READ_AS(u64, dualtree_buf_read_le64);
	}
}

static void read_numbers(struct kunit *test)
{
	static const u8 bytes[] = { 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88 };
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	size_t len, there;
	int kind, cut;
	u64 value;

	dualtree_buf_init(&buf, dt);
	for (kind = 0; kind < KINDS; kind++) {
		len = kind_bytes[kind];
		for (cut = -1; cut <= (int)len; cut++) {
			put_cut(test, &buf, bytes, len, cut);
			KUNIT_EXPECT_EQ(test, read_kind(&buf, kind, &value), 0);
			KUNIT_EXPECT_EQ(test, value, kind_values[kind]);
			KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 0);
		}
		for (there = 0; there < len; there++) {
			put_cut(test, &buf, bytes, there, there / 2);
			KUNIT_EXPECT_EQ(test, read_kind(&buf, kind, &value), -ENODATA);
			KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), there);
			dualtree_buf_purge(&buf);
		}
	}
	dt_expect_drained(test, dt);
}

static void read_widths(struct kunit *test)
{
	static const u8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct dualtree *dt = test_instance(test);
	u64 be = 0, le = 0, value = 77;
	struct dualtree_buf buf;
	unsigned int n;

	dualtree_buf_init(&buf, dt);
	put_cut(test, &buf, bytes, 9, -1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_be(&buf, 0, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_be(&buf, 9, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_le(&buf, 0, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_le(&buf, 9, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, value, 77);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 9);
	dualtree_buf_purge(&buf);
	for (n = 1; n <= 8; n++) {
		be = be << 8 | n;
		le |= (u64)n << (8 * (n - 1));
		put_cut(test, &buf, bytes, n, n / 2);
		KUNIT_EXPECT_EQ(test, dualtree_buf_read_be(&buf, n, &value), 0);
		KUNIT_EXPECT_EQ(test, value, be);
		put_cut(test, &buf, bytes, n, n / 2);
		KUNIT_EXPECT_EQ(test, dualtree_buf_read_le(&buf, n, &value), 0);
		KUNIT_EXPECT_EQ(test, value, le);
	}
	dt_expect_drained(test, dt);
}

static unsigned int put_uleb(u8 *to, u64 value)
{
	unsigned int n = 0;

	do {
		to[n] = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
		value >>= 7;
	} while (to[n++] & 0x80);
	return n;
}

static unsigned int put_sleb(u8 *to, s64 value)
{
	unsigned int n = 0;
	bool more;

	do {
		u8 bits = value & 0x7f;

		value >>= 7;
		more = value != (bits & 0x40 ? -1 : 0);
		to[n++] = bits | (more ? 0x80 : 0);
	} while (more);
	return n;
}

static void expect_uleb(struct kunit *test, struct dualtree_buf *buf, u64 value)
{
	unsigned int len, there;
	u8 bytes[LEB_BYTES_MAX];
	u64 got = 1234;
	int cut;

	len = put_uleb(bytes, value);
	for (cut = -1; cut <= (int)len; cut++) {
		put_cut(test, buf, bytes, len, cut);
		KUNIT_EXPECT_EQ(test, dualtree_buf_read_uleb128(buf, &got), 0);
		KUNIT_EXPECT_EQ(test, got, value);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), 0);
	}
	got = 1234;
	for (there = 0; there < len; there++) {
		put_cut(test, buf, bytes, there, 0);
		KUNIT_EXPECT_EQ(test, dualtree_buf_read_uleb128(buf, &got), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), there);
		dualtree_buf_purge(buf);
	}
	KUNIT_EXPECT_EQ(test, got, 1234);
}

static void expect_sleb(struct kunit *test, struct dualtree_buf *buf, s64 value)
{
	unsigned int len, there;
	u8 bytes[LEB_BYTES_MAX];
	s64 got = 1234;

	len = put_sleb(bytes, value);
	put_cut(test, buf, bytes, len, -1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sleb128(buf, &got), 0);
	KUNIT_EXPECT_EQ(test, got, value);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), 0);
	for (there = 0; there < len; there++) {
		put_cut(test, buf, bytes, there, 0);
		KUNIT_EXPECT_EQ(test, dualtree_buf_read_sleb128(buf, &got), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), there);
		dualtree_buf_purge(buf);
	}
	KUNIT_EXPECT_EQ(test, got, value);
}

static void read_leb128(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	unsigned int bit;

	dualtree_buf_init(&buf, dt);
	for (bit = 0; bit < 64; bit++) {
		expect_uleb(test, &buf, BIT_ULL(bit));
		expect_uleb(test, &buf, BIT_ULL(bit) - 1);
		expect_sleb(test, &buf, BIT_ULL(bit));
		expect_sleb(test, &buf, BIT_ULL(bit) - 1);
		expect_sleb(test, &buf, -(u64)BIT_ULL(bit));
		expect_sleb(test, &buf, -(u64)BIT_ULL(bit) - 1);
	}
	expect_uleb(test, &buf, U64_MAX);
	expect_sleb(test, &buf, S64_MAX);
	expect_sleb(test, &buf, S64_MIN);
	dt_expect_drained(test, dt);
}

/* Too many bits, too many bytes; and a byte more than the longest, which is not theirs. */
static void read_leb128_range(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	u8 bytes[LEB_BYTES_MAX];
	u64 value = 5;
	s64 number = 5;

	dualtree_buf_init(&buf, dt);
	memset(bytes, 0xff, sizeof(bytes));
	put_cut(test, &buf, bytes, sizeof(bytes), -1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_uleb128(&buf, &value), -ERANGE);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sleb128(&buf, &number), -ERANGE);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), sizeof(bytes));
	dualtree_buf_purge(&buf);
	bytes[9] = 0x02;
	put_cut(test, &buf, bytes, sizeof(bytes), 3);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_uleb128(&buf, &value), -ERANGE);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sleb128(&buf, &number), -ERANGE);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), sizeof(bytes));
	KUNIT_EXPECT_EQ(test, value, 5);
	KUNIT_EXPECT_EQ(test, number, 5);
	dualtree_buf_purge(&buf);
	bytes[9] = 0x01;
	put_cut(test, &buf, bytes, sizeof(bytes), 3);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sleb128(&buf, &number), -ERANGE);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_uleb128(&buf, &value), 0);
	KUNIT_EXPECT_EQ(test, value, U64_MAX);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), sizeof(bytes) - 10);
	dt_buf_finish(test, &buf);
}

static void read_copy(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	u8 *bytes = dt_test_zalloc(test, 20000);
	size_t done = 0, offset, len;
	struct dualtree_buf buf;

	dualtree_buf_init(&buf, dt);
	dt_buf_append_ranges(test, &buf, 0, 20000);
	for (offset = 0; offset < 20000; offset += 317) {
		len = min_t(size_t, 20000 - offset, offset % 5000);
		KUNIT_EXPECT_EQ(test, dualtree_buf_peek(&buf, offset, bytes, len), 0);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, offset, len));
	}
	memset(bytes, 0, 20000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_peek(&buf, 20000, bytes, 0), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_peek(&buf, 20000, bytes, 1), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_peek(&buf, 20001, bytes, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_peek(&buf, 1, bytes, SIZE_MAX), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read(&buf, bytes, 20001), -ENODATA);
	KUNIT_EXPECT_TRUE(test, all_bytes(bytes, 0, 20000));
	dt_buf_expect(test, &buf, 0, 20000);
	for (len = 0; done < 20000; done += len, len = min(len * 2 + 1, 20000 - done)) {
		KUNIT_ASSERT_EQ(test, dualtree_buf_read(&buf, bytes, len), 0);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, done, len));
	}
	dt_expect_clean(test, dt);
}

static void read_find(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	u8 bytes[100] = {};
	size_t at;

	dualtree_buf_init(&buf, dt);
	for (at = 0; at < sizeof(bytes); at++) {
		bytes[at] = '\n';
		put_cut(test, &buf, bytes, sizeof(bytes), 50);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, 0, '\n'), at);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, at, '\n'), at);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, at + 1, '\n'), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, at / 2, '\n'), at);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, 0, 'x'), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, 100, 0), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, SIZE_MAX, 0), -ENODATA);
		bytes[at] = 0;
		dualtree_buf_purge(&buf);
	}
	dt_expect_drained(test, dt);
}

static struct kunit_case netbuf_read_cases[] = {
	KUNIT_CASE(read_numbers),
	KUNIT_CASE(read_widths),
	KUNIT_CASE(read_leb128),
	KUNIT_CASE(read_leb128_range),
	KUNIT_CASE(read_copy),
	KUNIT_CASE(read_find),
	{}
};

DUALTREE_SUITE(netbuf_read, "reading across the borders of ranges");
