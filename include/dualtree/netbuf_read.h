/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a packet buffer: bytes and numbers, across the borders of its ranges. To be had
 * through netbuf.h.
 *
 * What is read is consumed, and free at once, unless it says peek, find or first. A read for
 * which there is not enough consumes nothing.
 */
#ifndef DUALTREE_NETBUF_READ_H
#define DUALTREE_NETBUF_READ_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/types.h>

struct dualtree_buf;

/**
 * dualtree_buf_first() - look at the first contiguous bytes, in place
 * @buf: the buffer
 * @len: set to how many there are; 0 if the buffer is empty
 *
 * Context: Any context.
 * Return: the first byte, or NULL if the buffer is empty. It is valid until it is consumed
 * or the buffer is changed in front.
 */
const void *dualtree_buf_first(const struct dualtree_buf *buf, size_t *len);

/**
 * dualtree_buf_skip() - consume bytes
 * @buf: the buffer
 * @len: bytes
 *
 * Context: Any context.
 * Return: 0 or -ENODATA if there are less than @len; then nothing is consumed.
 */
int dualtree_buf_skip(struct dualtree_buf *buf, size_t len);

/**
 * dualtree_buf_peek() - copy bytes out without consuming them
 * @buf: the buffer
 * @offset: of the first byte
 * @to: where to copy
 * @len: bytes
 *
 * Context: Any context.
 * Return: 0 or -ENODATA if there are less than @offset + @len; then nothing is copied.
 */
int dualtree_buf_peek(const struct dualtree_buf *buf, size_t offset, void *to, size_t len);

/**
 * dualtree_buf_read() - copy bytes out and consume them
 * @buf: the buffer
 * @to: where to copy
 * @len: bytes
 *
 * Context: Any context.
 * Return: 0 or -ENODATA if there are less than @len; then nothing is copied or consumed.
 */
int dualtree_buf_read(struct dualtree_buf *buf, void *to, size_t len);

/**
 * dualtree_buf_read_be() - read an unsigned number, most significant byte first
 * @buf: the buffer
 * @bytes: its length, 1 to 8
 * @value: set to it
 *
 * Context: Any context.
 * Return: 0, -EINVAL if @bytes is not 1 to 8, -ENODATA if there are less; if it fails
 * nothing is consumed and @value is not written.
 */
int dualtree_buf_read_be(struct dualtree_buf *buf, unsigned int bytes, u64 *value);

/**
 * dualtree_buf_read_le() - read an unsigned number, least significant byte first
 * @buf: the buffer
 * @bytes: its length, 1 to 8
 * @value: set to it
 *
 * Context: Any context.
 * Return: 0, -EINVAL if @bytes is not 1 to 8, -ENODATA if there are less; if it fails
 * nothing is consumed and @value is not written.
 */
int dualtree_buf_read_le(struct dualtree_buf *buf, unsigned int bytes, u64 *value);

/**
 * dualtree_buf_read_u8() - read a byte
 * @buf: the buffer
 * @value: set to it
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then @value is not written.
 */
static inline int dualtree_buf_read_u8(struct dualtree_buf *buf, u8 *value)
{
	return dualtree_buf_read(buf, value, sizeof(*value));
}

/**
 * dualtree_buf_read_be16() - read 16 bits, big-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_be16(struct dualtree_buf *buf, u16 *value)
{
	u64 wide;
	int err = dualtree_buf_read_be(buf, 2, &wide);

	if (!err)
		*value = wide;
	return err;
}

/**
 * dualtree_buf_read_be24() - read 24 bits, big-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_be24(struct dualtree_buf *buf, u32 *value)
{
	u64 wide;
	int err = dualtree_buf_read_be(buf, 3, &wide);

	if (!err)
		*value = wide;
	return err;
}

/**
 * dualtree_buf_read_be32() - read 32 bits, big-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_be32(struct dualtree_buf *buf, u32 *value)
{
	u64 wide;
	int err = dualtree_buf_read_be(buf, 4, &wide);

	if (!err)
		*value = wide;
	return err;
}

/**
 * dualtree_buf_read_be64() - read 64 bits, big-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_be64(struct dualtree_buf *buf, u64 *value)
{
	return dualtree_buf_read_be(buf, 8, value);
}

/**
 * dualtree_buf_read_le16() - read 16 bits, little-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_le16(struct dualtree_buf *buf, u16 *value)
{
	u64 wide;
	int err = dualtree_buf_read_le(buf, 2, &wide);

	if (!err)
		*value = wide;
	return err;
}

/**
 * dualtree_buf_read_le24() - read 24 bits, little-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_le24(struct dualtree_buf *buf, u32 *value)
{
	u64 wide;
	int err = dualtree_buf_read_le(buf, 3, &wide);

	if (!err)
		*value = wide;
	return err;
}

/**
 * dualtree_buf_read_le32() - read 32 bits, little-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_le32(struct dualtree_buf *buf, u32 *value)
{
	u64 wide;
	int err = dualtree_buf_read_le(buf, 4, &wide);

	if (!err)
		*value = wide;
	return err;
}

/**
 * dualtree_buf_read_le64() - read 64 bits, little-endian
 * @buf: the buffer
 * @value: set to them
 *
 * Context: Any context.
 * Return: 0 or -ENODATA; then nothing is consumed and @value is not written.
 */
static inline int dualtree_buf_read_le64(struct dualtree_buf *buf, u64 *value)
{
	return dualtree_buf_read_le(buf, 8, value);
}

/**
 * dualtree_buf_read_uleb128() - read an unsigned LEB128 number
 * @buf: the buffer
 * @value: set to it
 *
 * Context: Any context.
 * Return: 0, -ENODATA if its last byte is not there, -ERANGE if it needs more than 64 bits
 * or more than 10 bytes; if it fails nothing is consumed and @value is not written.
 */
int dualtree_buf_read_uleb128(struct dualtree_buf *buf, u64 *value);

/**
 * dualtree_buf_read_sleb128() - read a signed LEB128 number
 * @buf: the buffer
 * @value: set to it
 *
 * Context: Any context.
 * Return: 0, -ENODATA if its last byte is not there, -ERANGE if it needs more than 64 bits
 * or more than 10 bytes; if it fails nothing is consumed and @value is not written.
 */
int dualtree_buf_read_sleb128(struct dualtree_buf *buf, s64 *value);

/**
 * dualtree_buf_find() - find a byte
 * @buf: the buffer
 * @offset: where to begin
 * @byte: what to look for
 *
 * Context: Any context.
 * Return: the offset of the first such byte from @offset on, counted from the front of the
 * buffer, or -ENODATA if there is none.
 */
ssize_t dualtree_buf_find(const struct dualtree_buf *buf, size_t offset, u8 byte);

/**
 * dualtree_buf_linearize() - make the first bytes contiguous
 * @buf: the buffer
 * @len: bytes, 1 to dualtree_max_size()
 * @gfp: how to ask for memory, if they are not contiguous already
 *
 * They are copied if they lie in more than one range. Nothing is consumed.
 *
 * Context: Any context that @gfp allows.
 * Return: the first byte, ERR_PTR(-ENODATA) if there are less than @len, ERR_PTR(-EINVAL) if
 * @len is 0 or too large, ERR_PTR(-ENOMEM). It is valid until it is consumed or the
 * buffer is changed in front.
 */
const void *dualtree_buf_linearize(struct dualtree_buf *buf, size_t len, gfp_t gfp);

/**
 * dualtree_buf_detach() - hand the first bytes over to the caller
 * @buf: the buffer
 * @len: bytes, 1 to dualtree_max_size()
 * @gfp: how to ask for memory, if they are not contiguous or are shared
 *
 * They leave the buffer and stay live: the caller frees them, in whatever pieces, with
 * dualtree_free(). They are copied if they lie in more than one range, or if some other
 * buffer or the stack shares them.
 *
 * Context: Any context that @gfp allows.
 * Return: the first of @len contiguous bytes, ERR_PTR(-ENODATA) if there are less,
 * ERR_PTR(-EINVAL) if @len is 0 or too large, ERR_PTR(-ENOMEM).
 */
void *dualtree_buf_detach(struct dualtree_buf *buf, size_t len, gfp_t gfp);

#endif /* DUALTREE_NETBUF_READ_H */
