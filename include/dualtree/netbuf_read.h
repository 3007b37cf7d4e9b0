/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a packet buffer: bytes and numbers, across the borders of its ranges. Included by
 * netbuf.h.
 *
 *	read, read_*, skip	consume what they read: it is free at once
 *	detach			takes it out of the buffer, live
 *	first, peek, find	leave it in the buffer
 *	linearize		leaves it, moved into one range if it is in several
 *
 * A read of more bytes than there are returns -ENODATA, consumes nothing and writes nothing. The
 * caller owns the buffer; there is no lock.
 */
#ifndef DUALTREE_NETBUF_READ_H
#define DUALTREE_NETBUF_READ_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/types.h>

struct dualtree_buf;

/**
 * dualtree_buf_first() - get the first contiguous bytes in place
 * @buf: the buffer
 * @len: set to their number; 0 if the buffer is empty
 *
 * Context: Any context, NMI included.
 * Return: the first byte, or NULL if the buffer is empty. It is valid until a call consumes it or
 * changes the start of the buffer.
 */
const void *dualtree_buf_first(const struct dualtree_buf *buf, size_t *len);

/**
 * dualtree_buf_skip() - consume bytes
 * @buf: the buffer
 * @len: number of bytes
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than @len bytes.
 */
int dualtree_buf_skip(struct dualtree_buf *buf, size_t len);

/**
 * dualtree_buf_peek() - copy bytes without consuming them
 * @buf: the buffer
 * @offset: number of bytes before the first
 * @to: memory that they are copied to
 * @len: number of bytes
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than @offset + @len bytes.
 */
int dualtree_buf_peek(const struct dualtree_buf *buf, size_t offset, void *to, size_t len);

/**
 * dualtree_buf_read() - copy bytes and consume them
 * @buf: the buffer
 * @to: memory that they are copied to
 * @len: number of bytes
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than @len bytes.
 */
int dualtree_buf_read(struct dualtree_buf *buf, void *to, size_t len);

/**
 * dualtree_buf_read_be() - read an unsigned number, most significant byte first
 * @buf: the buffer
 * @bytes: length of the number in bytes, 1 to 8
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0; -EINVAL if @bytes is not 1 to 8; or -ENODATA if there are fewer than @bytes.
 */
int dualtree_buf_read_be(struct dualtree_buf *buf, unsigned int bytes, u64 *value);

/**
 * dualtree_buf_read_le() - read an unsigned number, least significant byte first
 * @buf: the buffer
 * @bytes: length of the number in bytes, 1 to 8
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0; -EINVAL if @bytes is not 1 to 8; or -ENODATA if there are fewer than @bytes.
 */
int dualtree_buf_read_le(struct dualtree_buf *buf, unsigned int bytes, u64 *value);

/**
 * dualtree_buf_read_u8() - read a byte
 * @buf: the buffer
 * @value: set to the byte
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if the buffer is empty.
 */
static inline int dualtree_buf_read_u8(struct dualtree_buf *buf, u8 *value)
{
	return dualtree_buf_read(buf, value, sizeof(*value));
}

/**
 * dualtree_buf_read_be16() - read 16 bits, big-endian
 * @buf: the buffer
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 2 bytes.
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
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 3 bytes.
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
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 4 bytes.
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
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 8 bytes.
 */
static inline int dualtree_buf_read_be64(struct dualtree_buf *buf, u64 *value)
{
	return dualtree_buf_read_be(buf, 8, value);
}

/**
 * dualtree_buf_read_le16() - read 16 bits, little-endian
 * @buf: the buffer
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 2 bytes.
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
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 3 bytes.
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
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 4 bytes.
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
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than 8 bytes.
 */
static inline int dualtree_buf_read_le64(struct dualtree_buf *buf, u64 *value)
{
	return dualtree_buf_read_le(buf, 8, value);
}

/**
 * dualtree_buf_read_uleb128() - read an unsigned LEB128 number
 * @buf: the buffer
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0; -ENODATA if the buffer ends before the number does; or -ERANGE if it needs more than
 * 64 bits or 10 bytes. After an error nothing is consumed or written.
 */
int dualtree_buf_read_uleb128(struct dualtree_buf *buf, u64 *value);

/**
 * dualtree_buf_read_sleb128() - read a signed LEB128 number
 * @buf: the buffer
 * @value: set to the number
 *
 * Context: Any context, NMI included.
 * Return: 0; -ENODATA if the buffer ends before the number does; or -ERANGE if it needs more than
 * 64 bits or 10 bytes. After an error nothing is consumed or written.
 */
int dualtree_buf_read_sleb128(struct dualtree_buf *buf, s64 *value);

/**
 * dualtree_buf_find() - find a byte
 * @buf: the buffer
 * @offset: number of bytes that are not searched, from the first on
 * @byte: value of the byte
 *
 * Context: Any context, NMI included.
 * Return: number of bytes in the buffer before the first match, or -ENODATA if there is none.
 */
ssize_t dualtree_buf_find(const struct dualtree_buf *buf, size_t offset, u8 byte);

/**
 * dualtree_buf_linearize() - make the first bytes contiguous
 * @buf: the buffer
 * @len: number of bytes, 1 to dualtree_max_size()
 * @gfp: flags for memory, if they are not contiguous; as for dualtree_alloc()
 *
 * Copies them into one range if they lie in several. Consumes nothing.
 *
 * Context: As dualtree_alloc().
 * Return: the first byte, valid until a call consumes it or changes the start of the buffer;
 * ERR_PTR(-ENODATA) if there are fewer than @len bytes; ERR_PTR(-EINVAL) if @len is 0 or too large;
 * or ERR_PTR(-ENOMEM).
 */
const void *dualtree_buf_linearize(struct dualtree_buf *buf, size_t len, gfp_t gfp);

/**
 * dualtree_buf_detach() - move the first bytes to the caller
 * @buf: the buffer
 * @len: number of bytes, 1 to dualtree_max_size()
 * @gfp: flags for memory, if they are not contiguous or are shared; as for dualtree_alloc()
 *
 * They leave the buffer and stay live: the caller frees them with dualtree_free(), by any ranges.
 * Copies them if they lie in several ranges, or if a clone or a send in flight shares them.
 *
 * Context: As dualtree_alloc().
 * Return: the first of @len contiguous bytes; ERR_PTR(-ENODATA) if there are fewer;
 * ERR_PTR(-EINVAL) if @len is 0 or too large; or ERR_PTR(-ENOMEM).
 */
void *dualtree_buf_detach(struct dualtree_buf *buf, size_t len, gfp_t gfp);

#endif /* DUALTREE_NETBUF_READ_H */
