// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a buffer: each call checks that all of its bytes are there before it consumes any.
 *
 * No lock, no allocation: the caller owns the buffer. Any context, NMI included.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include "buf.h"

/* Maximum bytes of a LEB128 number: 64 bits, 7 in each byte. */
#define LEB128_MAX	10

const void *dualtree_buf_first(const struct dualtree_buf *buf, size_t *len)
{
	struct dualtree_segment *seg = buf_first(buf);

	*len = seg ? seg->len : 0;
	return seg ? seg->data : NULL;
}
EXPORT_SYMBOL_GPL(dualtree_buf_first);

int dualtree_buf_skip(struct dualtree_buf *buf, size_t len)
{
	if (len > buf->len)
		return -ENODATA;
	dt_buf_consume(buf, len);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_skip);

int dualtree_buf_peek(const struct dualtree_buf *buf, size_t offset, void *to, size_t len)
{
	struct dualtree_segment *seg;
	size_t part;

	if (offset > buf->len || len > buf->len - offset)
		return -ENODATA;
	if (!len)
		return 0;
	seg = dt_buf_seek(buf, &offset);
	for (; len; seg = list_next_entry(seg, node)) {
		part = min(len, seg->len - offset);
		memcpy(to, seg->data + offset, part);
		to += part;
		len -= part;
		offset = 0;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_peek);

int dualtree_buf_read(struct dualtree_buf *buf, void *to, size_t len)
{
	int err = dualtree_buf_peek(buf, 0, to, len);

	if (!err)
		dt_buf_consume(buf, len);
	return err;
}
EXPORT_SYMBOL_GPL(dualtree_buf_read);

int dualtree_buf_read_be(struct dualtree_buf *buf, unsigned int bytes, u64 *value)
{
	u8 raw[sizeof(u64)];
	unsigned int i;
	int err;

	if (!bytes || bytes > sizeof(raw))
		return -EINVAL;
	err = dualtree_buf_read(buf, raw, bytes);
	if (err)
		return err;
	for (i = 0, *value = 0; i < bytes; i++)
		*value = *value << BITS_PER_BYTE | raw[i];
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_read_be);

int dualtree_buf_read_le(struct dualtree_buf *buf, unsigned int bytes, u64 *value)
{
	u8 raw[sizeof(u64)];
	int err;

	if (!bytes || bytes > sizeof(raw))
		return -EINVAL;
	err = dualtree_buf_read(buf, raw, bytes);
	if (err)
		return err;
	for (*value = 0; bytes; bytes--)
		*value = *value << BITS_PER_BYTE | raw[bytes - 1];
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_read_le);

/* Copy the first LEB128 number to @raw. Return: its bytes, -ENODATA or -ERANGE. */
static int peek_leb128(const struct dualtree_buf *buf, u8 *raw)
{
	int i, there = min_t(size_t, LEB128_MAX, buf->len);

	dualtree_buf_peek(buf, 0, raw, there);
	for (i = 0; i < there; i++)
		if (!(raw[i] & 0x80))
			return i + 1;
	return there < LEB128_MAX ? -ENODATA : -ERANGE;
}

/* Return: the lowest 64 bits of a LEB128 number. */
static u64 leb128_bits(const u8 *raw, int bytes)
{
	u64 bits = 0;
	int i;

	for (i = 0; i < bytes; i++)
		bits |= (u64)(raw[i] & 0x7f) << (7 * i);
	return bits;
}

int dualtree_buf_read_uleb128(struct dualtree_buf *buf, u64 *value)
{
	u8 raw[LEB128_MAX];
	int bytes = peek_leb128(buf, raw);

	if (bytes < 0)
		return bytes;
	/* The tenth byte has bit 63 only. */
	if (bytes == LEB128_MAX && raw[bytes - 1] > 1)
		return -ERANGE;
	*value = leb128_bits(raw, bytes);
	dt_buf_consume(buf, bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_read_uleb128);

int dualtree_buf_read_sleb128(struct dualtree_buf *buf, s64 *value)
{
	u8 raw[LEB128_MAX];
	int bytes = peek_leb128(buf, raw);

	if (bytes < 0)
		return bytes;
	/* The tenth byte has bit 63, and six copies of it. */
	if (bytes == LEB128_MAX && raw[bytes - 1] && raw[bytes - 1] != 0x7f)
		return -ERANGE;
	*value = leb128_bits(raw, bytes);
	if (bytes < LEB128_MAX)
		*value = sign_extend64(*value, 7 * bytes - 1);
	dt_buf_consume(buf, bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_read_sleb128);

ssize_t dualtree_buf_find(const struct dualtree_buf *buf, size_t offset, u8 byte)
{
	size_t in_segment = offset, after = offset;
	struct dualtree_segment *seg = dt_buf_seek(buf, &in_segment);
	const u8 *at;

	if (!seg)
		return -ENODATA;
	list_for_each_entry_from(seg, &buf->segments, node) {
		at = memchr(seg->data + in_segment, byte, seg->len - in_segment);
		if (at)
			return after + (at - (seg->data + in_segment));
		after += seg->len - in_segment;
		in_segment = 0;
	}
	return -ENODATA;
}
EXPORT_SYMBOL_GPL(dualtree_buf_find);
