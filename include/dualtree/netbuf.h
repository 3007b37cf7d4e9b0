/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet buffers on dualtree: what a protocol or relay module wants, so that it never
 * handles ranges by hand.
 *
 * A struct dualtree_buf is a chain of live ranges of one instance that is consumed as it is
 * read. It is filled from a socket, from memory, or by its owner; read and parsed across the
 * borders of its ranges; cut, joined and cloned without copying; and sent without copying.
 *
 * What callers may rely on:
 *
 * - A byte that has been consumed is free at once: its memory goes back as soon as no byte
 *   of its granule is live, not when the buffer dies.
 * - A read past the end returns -ENODATA and consumes nothing. Want of memory returns
 *   -ENOMEM and loses nothing: every buffer is as it was.
 * - Consuming, trimming and purging never allocate and never fail for want of anything.
 * - What describes the ranges lies in the instance as well: dualtree_destroy() takes all
 *   buffers of an instance back, without a visit to each, provided that nothing of it is
 *   being sent (dualtree_tx_destroy()) or held by received packets (dualtree_rx_destroy()).
 *   Buffers that were left like this must not be touched again.
 *
 * A buffer has one user at a time, like a list: whoever shares one has to lock it. Clones are
 * buffers of their own: each can be used on another CPU at the same time.
 *
 * Here is how a buffer is made, filled, cut and looked at; netbuf_read.h has the reads,
 * netbuf_tx.h what is sent, netbuf_rx.h what a driver receives. Include this one: it brings
 * the others.
 *
 * Reading in place: what is not exclusively this buffer's (a clone shares with its origin,
 * a send in flight with the stack) must not be written to.
 */
#ifndef DUALTREE_NETBUF_H
#define DUALTREE_NETBUF_H

#include <dualtree/netbuf_read.h>
#include <dualtree/netbuf_rx.h>
#include <dualtree/netbuf_tx.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/types.h>

struct bio_vec;
struct dualtree;
struct dualtree_segment;
struct iov_iter;
struct kvec;
struct socket;

/**
 * struct dualtree_buf - a chain of live ranges that is consumed as it is read
 * @dt: the instance that all of its memory is from
 * @segments: its ranges in order
 * @reserved: what dualtree_buf_reserve() handed out and is not committed yet
 * @len: bytes in it
 *
 * To be embedded in whatever owns it. All members are private: owner-only, no lock.
 */
struct dualtree_buf {
	struct dualtree *dt;
	struct list_head segments;
	struct dualtree_segment *reserved;
	size_t len;
};

/*
 * Making and emptying
 */

/**
 * dualtree_buf_init() - make an empty buffer
 * @buf: the buffer; whatever it holds is overwritten
 * @dt: the instance that its memory is to come from; must outlive it
 *
 * Context: Any context.
 */
void dualtree_buf_init(struct dualtree_buf *buf, struct dualtree *dt);

/**
 * dualtree_buf_purge() - consume all of a buffer
 * @buf: the buffer; it is empty afterwards and can be used again
 *
 * What was reserved and not committed is freed as well.
 *
 * Context: Any context.
 */
void dualtree_buf_purge(struct dualtree_buf *buf);

/**
 * dualtree_buf_len() - what is in a buffer
 * @buf: the buffer
 *
 * Context: Any context.
 * Return: bytes that have not been consumed.
 */
static inline size_t dualtree_buf_len(const struct dualtree_buf *buf)
{
	return buf->len;
}

/*
 * Filling
 */

/**
 * dualtree_buf_reserve() - room to be filled by the caller, a device for example
 * @buf: the buffer; nothing may be reserved in it already
 * @size: bytes, 1 to dualtree_max_size()
 * @gfp: how to ask for memory
 *
 * The room becomes part of the buffer with dualtree_buf_commit(). Other calls may come between.
 *
 * Context: Any context that @gfp allows.
 * Return: the first of @size contiguous bytes, aligned to a granule, or NULL if something is
 * reserved already, @size is 0 or too large, or memory ran out.
 */
void *dualtree_buf_reserve(struct dualtree_buf *buf, size_t size, gfp_t gfp);

/**
 * dualtree_buf_commit() - append what was reserved
 * @buf: the buffer
 * @len: bytes that were filled, from the first on; 0 gives the room back
 *
 * The filled bytes are appended, the rest is free at once.
 *
 * Context: Any context.
 * Return: 0 or -EINVAL if nothing is reserved or less than @len; then nothing is changed.
 */
int dualtree_buf_commit(struct dualtree_buf *buf, size_t len);

/**
 * dualtree_buf_append() - append a copy of memory
 * @buf: the buffer
 * @data: what to copy; may be NULL if @len is 0
 * @len: bytes; any number
 * @gfp: how to ask for memory
 *
 * Context: Any context that @gfp allows.
 * Return: 0 or -ENOMEM; then nothing was appended.
 */
int dualtree_buf_append(struct dualtree_buf *buf, const void *data, size_t len, gfp_t gfp);

/**
 * dualtree_buf_prepend() - new bytes in front, to be filled by the caller
 * @buf: the buffer
 * @len: bytes, 1 to dualtree_max_size()
 * @gfp: how to ask for memory
 *
 * For a header in front of a payload. The bytes are part of the buffer at once.
 *
 * Context: Any context that @gfp allows.
 * Return: the first of @len contiguous bytes, aligned to a granule, or NULL if @len is 0 or too
 * large, or memory ran out.
 */
void *dualtree_buf_prepend(struct dualtree_buf *buf, size_t len, gfp_t gfp);

/**
 * dualtree_buf_adopt() - append a live range of the instance, without copying
 * @buf: the buffer
 * @ptr: the first byte, from dualtree_alloc() or inside such an allocation
 * @len: bytes, all of them live and the caller's own; they are the buffer's from now on
 * @gfp: how to ask for memory for the record of it
 *
 * Context: Any context that @gfp allows.
 * Return: 0, -EINVAL if the range is not one of the instance's, -ENOMEM. If it fails the
 * range is still the caller's.
 */
int dualtree_buf_adopt(struct dualtree_buf *buf, void *ptr, size_t len, gfp_t gfp);

/**
 * dualtree_buf_recv() - receive from a socket
 * @buf: the buffer; what arrives is appended
 * @sock: the socket; of any kind
 * @size: most bytes to receive, 1 to dualtree_max_size()
 * @flags: MSG_DONTWAIT, MSG_WAITALL, MSG_TRUNC and so on, as for kernel_recvmsg()
 * @gfp: how to ask for memory
 *
 * Room of @size is allocated, filled by the socket, and what was not filled of it is free
 * at once. There is no copy beyond the socket's own. With MSG_TRUNC a datagram's true length
 * is returned, and may be more than was appended.
 *
 * Context: Process context. May sleep.
 * Return: bytes received, 0 at the end of a stream, -EINVAL if @size is 0 or too large or
 * something is reserved, -ENOMEM, or what kernel_recvmsg() returned: -EAGAIN, -ECONNRESET and
 * so on. Nothing is appended unless it is positive.
 */
ssize_t dualtree_buf_recv(struct dualtree_buf *buf, struct socket *sock, size_t size, int flags,
			  gfp_t gfp);

/*
 * Cutting, joining, cloning
 */

/**
 * dualtree_buf_trim() - free all but the first bytes
 * @buf: the buffer
 * @keep: bytes of it to keep
 *
 * Context: Any context.
 * Return: 0 or -ENODATA if there are less than @keep; then nothing is changed.
 */
int dualtree_buf_trim(struct dualtree_buf *buf, size_t keep);

/**
 * dualtree_buf_split() - move the first bytes to another buffer, without copying
 * @buf: the buffer
 * @len: bytes; 0 moves nothing
 * @to: a buffer of the same instance; they are appended to it
 * @gfp: how to ask for memory for the record of a range that is cut in two
 *
 * Context: Any context that @gfp allows.
 * Return: 0, -ENODATA if there are less than @len, -EINVAL if @to is @buf or of another
 * instance, -ENOMEM. If it fails both are as they were.
 */
int dualtree_buf_split(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to, gfp_t gfp);

/**
 * dualtree_buf_splice() - append all of one buffer to another, without copying
 * @to: the buffer that is appended to
 * @from: a buffer of the same instance; it is empty afterwards
 *
 * What is reserved in @from stays with it.
 *
 * Context: Any context.
 * Return: 0 or -EINVAL if they are one buffer or of different instances; then nothing is
 * changed.
 */
int dualtree_buf_splice(struct dualtree_buf *to, struct dualtree_buf *from);

/**
 * dualtree_buf_clone() - append the bytes of one buffer to another by reference
 * @buf: the buffer; it keeps its bytes
 * @len: how many, from the first on; 0 does nothing
 * @to: a buffer of the same instance
 * @gfp: how to ask for memory for the records
 *
 * One publisher, many subscribers: the bytes of a range are shared by everyone who has part
 * of it, each piece that is cut off counting for itself. What one of them consumes the others
 * still have; it is freed when the last of them lets go. While a range is shared it is held as
 * a whole; when one holder is left, all that he does not have of it is freed as soon as he
 * consumes or trims, and from then on his consumption is exact again.
 *
 * Context: Any context that @gfp allows.
 * Return: 0, -ENODATA if there are less than @len, -EINVAL if @to is @buf or of another
 * instance, -ENOMEM. If it fails both are as they were.
 */
int dualtree_buf_clone(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to, gfp_t gfp);

/*
 * Borrowed views, for callees that only look. They are valid until what they cover is
 * consumed or the buffer is changed in front, and hold no reference.
 */

/**
 * dualtree_buf_kvecs() - a view as kernel vectors
 * @buf: the buffer
 * @len: bytes to cover, from the first on
 * @vecs: filled in; may be NULL if @nr is 0
 * @nr: how many there are
 *
 * Context: Any context.
 * Return: how many vectors the bytes take, of which the first @nr were filled in, or -ENODATA
 * if there are less than @len bytes.
 */
int dualtree_buf_kvecs(const struct dualtree_buf *buf, size_t len, struct kvec *vecs,
		       unsigned int nr);

/**
 * dualtree_buf_bvecs() - a view as page vectors
 * @buf: the buffer
 * @len: bytes to cover, from the first on
 * @vecs: filled in; may be NULL if @nr is 0. One vector may span several pages
 * @nr: how many there are
 *
 * Context: Any context.
 * Return: how many vectors the bytes take, of which the first @nr were filled in, or -ENODATA
 * if there are less than @len bytes.
 */
int dualtree_buf_bvecs(const struct dualtree_buf *buf, size_t len, struct bio_vec *vecs,
		       unsigned int nr);

/**
 * dualtree_buf_iter() - a view as an iterator to read from
 * @buf: the buffer
 * @len: bytes to cover, from the first on
 * @vecs: what the iterator walks over; must live as long as it
 * @nr: how many there are
 * @iter: made to be the source of a transfer
 *
 * Context: Any context.
 * Return: 0, -ENODATA if there are less than @len bytes, -ENOSPC if they take more than @nr
 * vectors; if it fails @iter is not written.
 */
int dualtree_buf_iter(const struct dualtree_buf *buf, size_t len, struct bio_vec *vecs,
		      unsigned int nr, struct iov_iter *iter);

#endif /* DUALTREE_NETBUF_H */
