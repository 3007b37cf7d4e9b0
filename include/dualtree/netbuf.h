/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet buffers on dualtree, for protocol and relay modules.
 *
 * A struct dualtree_buf is a chain of live ranges of one instance, and is consumed as it is read:
 *
 *	reserve, commit, append, prepend, adopt, recv	fill it
 *	peek, read, find, linearize			read across its ranges
 *	from_skb, read_sock, attach_page		fill it with pages of others, without a copy
 *	trim, split, splice, clone			cut, join and share it, without a copy
 *	unshare						make it writable
 *	kvecs, bvecs, iter, to_sg			show it to callees
 *	checksum					sums it
 *	send, rx_skb					give it to the stack, without a copy
 *
 * What callers can rely on:
 *
 * - A byte is free as soon as it is consumed. Its granule is reused when no byte of it is live.
 * - A read of more bytes than there are returns -ENODATA and consumes nothing.
 * - On OOM a call returns -ENOMEM or NULL, and all buffers are as before.
 * - Consuming, trimming and purging never allocate and never fail on OOM.
 * - The records lie in the instance as well: dualtree_destroy() frees all buffers of an instance in
 *   one go, once nothing is being sent (dualtree_tx_destroy()) or held by packets
 *   (dualtree_rx_destroy()), and no buffer refers to pages of others (dualtree_pages_destroy())
 *   or shares bytes with one of another instance. These buffers must not be used again.
 *
 * Locks and contexts: a buffer has no lock and one user at a time, like a list. Clones are buffers
 * of their own, and can be used on different CPUs at the same time. Bytes that a buffer shares,
 * with a clone or with a send in flight, must not be written to.
 *
 * This header has what makes, fills and cuts a buffer. It includes netbuf_pages.h, netbuf_read.h,
 * netbuf_rx.h and netbuf_tx.h, which are not to be included on their own.
 */
#ifndef DUALTREE_NETBUF_H
#define DUALTREE_NETBUF_H

#include <dualtree/netbuf_pages.h>
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
struct msghdr;
struct scatterlist;
struct socket;

/**
 * struct dualtree_buf - a chain of live ranges that is consumed as it is read
 * @dt: instance that its memory is from, but for bytes that it shares with buffers of others
 * @segments: its ranges, in order
 * @reserved: range that dualtree_buf_reserve() returned and that is not committed, or NULL
 * @len: bytes in it, without @reserved
 *
 * Embed it in the structure that owns it. All members are private. No lock: the user owns them.
 */
struct dualtree_buf {
	struct dualtree *dt;
	struct list_head segments;
	struct dualtree_segment *reserved;
	size_t len;
};

/*
 * Initializing and purging
 */

/**
 * dualtree_buf_init() - initialize an empty buffer
 * @buf: the buffer, whose contents are overwritten
 * @dt: instance for its memory; must outlive it
 *
 * Context: Any context, NMI included.
 */
void dualtree_buf_init(struct dualtree_buf *buf, struct dualtree *dt);

/**
 * dualtree_buf_purge() - consume all of a buffer
 * @buf: the buffer; empty afterwards, and can be used again
 *
 * A reserved range is freed as well.
 *
 * Context: Any context, NMI included. A call that consumes bytes in pages of others, this one or
 * any below, is not made in an NMI.
 */
void dualtree_buf_purge(struct dualtree_buf *buf);

/**
 * dualtree_buf_len() - get the length of a buffer
 * @buf: the buffer
 *
 * Context: Any context, NMI included.
 * Return: bytes that are not consumed.
 */
static inline size_t dualtree_buf_len(const struct dualtree_buf *buf)
{
	return buf->len;
}

/*
 * Filling
 */

/**
 * dualtree_buf_reserve() - reserve a range, for the caller or a device to fill
 * @buf: the buffer, without a reserved range
 * @size: number of bytes, 1 to dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 *
 * dualtree_buf_commit() makes the range part of the buffer. Other calls may come before that.
 *
 * Context: As dualtree_alloc().
 * Return: the first of @size contiguous bytes, aligned to a granule; NULL if a range is reserved,
 * if @size is 0 or too large, or on OOM.
 */
void *dualtree_buf_reserve(struct dualtree_buf *buf, size_t size, gfp_t gfp);

/**
 * dualtree_buf_reserve_after() - reserve a range with room for headers before it
 * @buf: the buffer, without a reserved range
 * @room: number of bytes before the range, for dualtree_buf_prepend()
 * @size: number of bytes, at least 1; with @room at most dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 *
 * As dualtree_buf_reserve(). The room is not part of the buffer. It is freed when the first of the
 * bytes is consumed or detached, or another buffer shares them.
 *
 * Context: As dualtree_alloc().
 * Return: the first of @size contiguous bytes, @room bytes after a granule's start; NULL if a range
 * is reserved, if @size is 0 or both are too large, or on OOM.
 */
void *dualtree_buf_reserve_after(struct dualtree_buf *buf, size_t room, size_t size, gfp_t gfp);

/**
 * dualtree_buf_commit() - append the reserved range
 * @buf: the buffer
 * @len: number of bytes that were filled, from the first on; 0 frees the range
 *
 * The bytes after the first @len are freed.
 *
 * Context: Any context, NMI included.
 * Return: 0, or -EINVAL if no range is reserved or it is shorter than @len; then nothing is
 * changed.
 */
int dualtree_buf_commit(struct dualtree_buf *buf, size_t len);

/**
 * dualtree_buf_append() - append a copy of memory
 * @buf: the buffer
 * @data: bytes to copy; may be NULL if @len is 0
 * @len: number of bytes
 * @gfp: as for dualtree_alloc()
 *
 * Context: As dualtree_alloc().
 * Return: 0, or -ENOMEM; then nothing is appended.
 */
int dualtree_buf_append(struct dualtree_buf *buf, const void *data, size_t len, gfp_t gfp);

/**
 * dualtree_buf_prepend() - add bytes before the first, for the caller to fill
 * @buf: the buffer
 * @len: number of bytes, 1 to dualtree_max_size()
 * @gfp: as for dualtree_alloc()
 *
 * The bytes, a header for example, are part of the buffer at once. If the first range has room
 * before it (dualtree_buf_reserve_after()) they lie there, and nothing is allocated.
 *
 * Context: As dualtree_alloc().
 * Return: the first of @len contiguous bytes, aligned to a granule unless they lie in such room;
 * NULL if @len is 0 or too large, or on OOM.
 */
void *dualtree_buf_prepend(struct dualtree_buf *buf, size_t len, gfp_t gfp);

/**
 * dualtree_buf_adopt() - append a live range of the instance, without a copy
 * @buf: the buffer
 * @ptr: first byte of the range, in memory from dualtree_alloc()
 * @len: number of bytes, all of them live and the caller's; the buffer owns them afterwards
 * @gfp: flags for the range's record, as for dualtree_alloc()
 *
 * Context: As dualtree_alloc().
 * Return: 0; -EINVAL if the range is not inside one region of the instance; or -ENOMEM. After an
 * error the caller still owns the range.
 */
int dualtree_buf_adopt(struct dualtree_buf *buf, void *ptr, size_t len, gfp_t gfp);

/**
 * dualtree_buf_recvmsg() - receive from a socket, with the source address and control messages
 * @buf: the buffer, without a reserved range
 * @sock: the socket, of any kind
 * @msg: where to put the source address (msg_name) and control messages (msg_control, of
 *	msg_controllen bytes), in kernel memory or NULL. The socket sets msg_namelen and msg_flags
 *	(MSG_TRUNC, MSG_CTRUNC, MSG_EOR and so on), and moves msg_control past what it has put
 *	there. The iterator is overwritten
 * @size: maximum number of bytes, 1 to dualtree_max_size()
 * @flags: any of MSG_DONTWAIT, MSG_WAITALL, MSG_PEEK, MSG_OOB and MSG_NOSIGNAL; and MSG_TRUNC, but
 *	not for a stream
 * @gfp: as for dualtree_alloc()
 *
 * The socket's own copy is the only one. The bytes extend the last range of the buffer, if the
 * @size bytes after it are free and no other buffer shares it; or they get a range of their own. In
 * both cases the room that the socket did not fill is freed.
 *
 * With MSG_TRUNC the return value is a datagram's true length, which may be more than was appended:
 * dualtree_buf_len() tells how much that was. A stream would discard bytes with MSG_TRUNC. Other
 * flags, MSG_ERRQUEUE for example, ask for something else than the next bytes.
 *
 * Control messages are those that a program with the same socket options gets: timestamps, a TLS
 * record's type, the size of the datagrams that GRO has merged, and so on.
 *
 * Context: Process context. May sleep.
 * Return: number of bytes received; 0 at the end of a stream; -EINVAL if @size is 0 or too large, a
 * range is reserved, or @flags has a flag that is not named above; -ENOMEM; or an error of
 * kernel_recvmsg(): -EAGAIN, -ECONNRESET and so on. Nothing is appended unless it is positive.
 */
ssize_t dualtree_buf_recvmsg(struct dualtree_buf *buf, struct socket *sock, struct msghdr *msg,
			     size_t size, int flags, gfp_t gfp);

/**
 * dualtree_buf_recv() - receive from a socket
 * @buf: the buffer, without a reserved range
 * @sock: the socket, of any kind
 * @size: maximum number of bytes, 1 to dualtree_max_size()
 * @flags: as for dualtree_buf_recvmsg()
 * @gfp: as for dualtree_alloc()
 *
 * As dualtree_buf_recvmsg(), without the source address and control messages.
 *
 * Context: Process context. May sleep.
 * Return: As dualtree_buf_recvmsg().
 */
ssize_t dualtree_buf_recv(struct dualtree_buf *buf, struct socket *sock, size_t size, int flags,
			  gfp_t gfp);

/*
 * Cutting, joining, cloning
 */

/**
 * dualtree_buf_trim() - free all but the first bytes
 * @buf: the buffer
 * @keep: number of bytes to keep
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if there are fewer than @keep bytes; then nothing is changed.
 */
int dualtree_buf_trim(struct dualtree_buf *buf, size_t keep);

/**
 * dualtree_buf_split() - move the first bytes to another buffer, without a copy
 * @buf: the buffer
 * @len: number of bytes; 0 moves nothing
 * @to: buffer of the same instance, to which they are appended
 * @gfp: flags for the record of a range that is cut in two, as for dualtree_alloc()
 *
 * Context: As dualtree_alloc().
 * Return: 0; -ENODATA if there are fewer than @len bytes; -EINVAL if @to is @buf or of another
 * instance; or -ENOMEM. After an error both buffers are as before.
 */
int dualtree_buf_split(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to, gfp_t gfp);

/**
 * dualtree_buf_splice() - append all of one buffer to another, without a copy
 * @to: the buffer that is appended to
 * @from: buffer of the same instance; empty afterwards, but for a reserved range
 *
 * Context: Any context, NMI included.
 * Return: 0, or -EINVAL if @to is @from or of another instance; then nothing is changed.
 */
int dualtree_buf_splice(struct dualtree_buf *to, struct dualtree_buf *from);

/**
 * dualtree_buf_clone() - append the bytes of one buffer to another by reference
 * @buf: the buffer, which keeps its bytes
 * @len: number of bytes, from the first on; 0 does nothing
 * @to: the other buffer, of any instance
 * @gfp: flags for the records, as for dualtree_alloc()
 *
 * The views of a range share it: those of its clones, and each part that is split off one. A byte
 * that one view consumes stays for the others.
 *
 * The records of the views are of the instance of @to. The bytes stay where they are, and that
 * instance must outlive the views: purge them before dualtree_destroy() of either. So what one
 * reader keeps of many bytes is bounded by an instance of its own, and leaves no holes between the
 * bytes of all. dualtree_buf_unshare() copies views from another instance.
 *
 * - While a range has more than one view, consuming its bytes frees nothing. If the last view goes
 *   as a whole, it frees the whole range.
 * - Once one view is left, consuming or trimming it frees all of the range that it does not cover,
 *   and from then on exactly what is consumed.
 *
 * Context: As dualtree_alloc().
 * Return: 0; -ENODATA if there are fewer than @len bytes; -EINVAL if @to is @buf; or -ENOMEM. After
 * an error both buffers are as before.
 */
int dualtree_buf_clone(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to, gfp_t gfp);

/**
 * dualtree_buf_unshare() - make the first bytes writable
 * @buf: the buffer
 * @len: number of bytes
 * @gfp: as for dualtree_alloc()
 *
 * Ranges that another view shares, or that lie in pages of others, are copied as a whole; the other
 * views keep theirs. Then the caller may write to the bytes, by dualtree_buf_kvecs() for example,
 * until it clones or sends them.
 *
 * Context: As dualtree_alloc(), and as put_page() where bytes are in pages of others.
 * Return: 0; -ENODATA if there are fewer than @len bytes; or -ENOMEM, then the buffer has the same
 * bytes, some of them copied.
 */
int dualtree_buf_unshare(struct dualtree_buf *buf, size_t len, gfp_t gfp);

/*
 * Borrowed views, for callees that only read. They hold no reference: a view is valid until a call
 * consumes its bytes or changes the start of the buffer.
 */

/**
 * dualtree_buf_kvecs() - describe the first bytes by kernel vectors
 * @buf: the buffer
 * @len: number of bytes
 * @vecs: set to the vectors, as many as fit; may be NULL if @nr is 0
 * @nr: number of entries in @vecs
 *
 * Context: Any context, NMI included.
 * Return: number of vectors that the bytes need, or -ENODATA if there are fewer than @len bytes.
 */
int dualtree_buf_kvecs(const struct dualtree_buf *buf, size_t len, struct kvec *vecs,
		       unsigned int nr);

/**
 * dualtree_buf_bvecs() - describe the first bytes by page vectors
 * @buf: the buffer
 * @len: number of bytes
 * @vecs: set to the vectors, as many as fit; may be NULL if @nr is 0. A vector may span pages
 * @nr: number of entries in @vecs
 *
 * Context: Any context, NMI included.
 * Return: number of vectors that the bytes need, or -ENODATA if there are fewer than @len bytes.
 */
int dualtree_buf_bvecs(const struct dualtree_buf *buf, size_t len, struct bio_vec *vecs,
		       unsigned int nr);

/**
 * dualtree_buf_iter() - describe the first bytes by an iterator
 * @buf: the buffer
 * @len: number of bytes
 * @vecs: set to the vectors that the iterator walks; must live as long as it
 * @nr: number of entries in @vecs
 * @iter: set to the iterator, as the source of a transfer
 *
 * Context: Any context, NMI included.
 * Return: 0; -ENODATA if there are fewer than @len bytes; -ENOSPC if they need more than @nr
 * vectors. After an error @iter is not written.
 */
int dualtree_buf_iter(const struct dualtree_buf *buf, size_t len, struct bio_vec *vecs,
		      unsigned int nr, struct iov_iter *iter);

/**
 * dualtree_buf_to_sg() - describe bytes by a scatterlist, for crypto, block devices or RDMA
 * @buf: the buffer
 * @offset: offset of the first byte
 * @len: number of bytes
 * @sg: set to the list, whose last entry is marked; undefined after -ENOSPC
 * @nr: number of entries in @sg
 *
 * A callee that writes, as decryption in place does, needs dualtree_buf_unshare() before. An entry
 * may span pages.
 *
 * Context: Any context, NMI included.
 * Return: number of entries that the bytes take; -ENODATA if the buffer does not have them; or
 * -ENOSPC if they need more than @nr.
 */
int dualtree_buf_to_sg(const struct dualtree_buf *buf, size_t offset, size_t len,
		       struct scatterlist *sg, unsigned int nr);

/**
 * dualtree_buf_checksum() - add bytes to an Internet checksum
 * @buf: the buffer
 * @offset: offset of the first byte
 * @len: number of bytes
 * @sum: the sum that they are added to, as csum_partial() does; csum_fold() makes it a checksum
 *
 * Context: Any context, NMI included.
 * Return: 0, or -ENODATA if the buffer does not have them; then @sum is as before.
 */
int dualtree_buf_checksum(const struct dualtree_buf *buf, size_t offset, size_t len, __wsum *sum);

#endif /* DUALTREE_NETBUF_H */
