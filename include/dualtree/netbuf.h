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
 * Reading in place: what is not exclusively this buffer's (a clone shares with its origin,
 * a send in flight with the stack) must not be written to.
 */
#ifndef DUALTREE_NETBUF_H
#define DUALTREE_NETBUF_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/socket.h>
#include <linux/types.h>

struct bio_vec;
struct dualtree;
struct dualtree_segment;
struct iov_iter;
struct kvec;
struct net_device;
struct sk_buff;
struct socket;

/**
 * struct dualtree_buf - a chain of live ranges that is consumed as it is read
 * @dt: the instance that all of its memory is from
 * @segments: its ranges in order
 * @room: what dualtree_buf_reserve() handed out and dualtree_buf_put() has not settled
 * @unread: bytes in it
 *
 * To be embedded in whatever owns it. All members are private: owner-only, no lock.
 */
struct dualtree_buf {
	struct dualtree *dt;
	struct list_head segments;
	struct dualtree_segment *room;
	size_t unread;
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
 * What was reserved and not settled is freed as well.
 *
 * Context: Any context.
 */
void dualtree_buf_purge(struct dualtree_buf *buf);

/**
 * dualtree_buf_unread() - what is in a buffer
 * @buf: the buffer
 *
 * Context: Any context.
 * Return: bytes that have not been consumed.
 */
static inline size_t dualtree_buf_unread(const struct dualtree_buf *buf)
{
	return buf->unread;
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
 * The room becomes part of the buffer with dualtree_buf_put(). Other calls may come between.
 *
 * Context: Any context that @gfp allows.
 * Return: the first of @size contiguous bytes, aligned to 64, or NULL if something is
 * reserved already, @size is 0 or too large, or memory ran out.
 */
void *dualtree_buf_reserve(struct dualtree_buf *buf, size_t size, gfp_t gfp);

/**
 * dualtree_buf_put() - settle what was reserved
 * @buf: the buffer
 * @len: bytes that were filled, from the first on; 0 gives the room back
 *
 * The filled bytes are appended, the rest is free at once.
 *
 * Context: Any context.
 * Return: 0 or -EINVAL if nothing is reserved or less than @len; then nothing is changed.
 */
int dualtree_buf_put(struct dualtree_buf *buf, size_t len);

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
 * Return: the first of @len contiguous bytes, aligned to 64, or NULL if @len is 0 or too
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
 * Reading
 */

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
 * dualtree_buf_linearise() - make the first bytes contiguous
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
const void *dualtree_buf_linearise(struct dualtree_buf *buf, size_t len, gfp_t gfp);

/**
 * dualtree_buf_pull() - hand the first bytes over to the caller
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
void *dualtree_buf_pull(struct dualtree_buf *buf, size_t len, gfp_t gfp);

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

/*
 * Sending
 */

struct dualtree_tx;

/**
 * struct dualtree_tx_stats - what has been sent and what is on its way
 * @sends: calls of the socket that it accepted bytes of
 * @zerocopy_bytes: bytes of which the stack read nothing but the ranges themselves
 * @copied_bytes: bytes that were copied: by the socket, since it cannot do without, or by the
 *	stack on the way. Counted by whole sends, when the stack is done with them
 * @copied_sends: sends that @copied_bytes are of
 * @flying_bytes: bytes that the stack has not done with
 * @flying_ranges: ranges that they lie in
 */
struct dualtree_tx_stats {
	u64 sends;
	u64 zerocopy_bytes;
	u64 copied_bytes;
	u64 copied_sends;
	size_t flying_bytes;
	unsigned long flying_ranges;
};

/**
 * dualtree_tx_create() - make what keeps track of an instance's sends
 * @dt: the instance; must outlive it
 *
 * One serves all sockets that an instance's buffers are sent to. It pins dualtree_netbuf.
 *
 * Context: Process context. May sleep.
 * Return: it, or ERR_PTR(-ENOMEM).
 */
struct dualtree_tx *dualtree_tx_create(struct dualtree *dt);

/**
 * dualtree_tx_flush() - wait until the stack is done with all that was sent
 * @tx: it
 * @timeout: most jiffies to wait, or MAX_SCHEDULE_TIMEOUT
 *
 * The stack keeps what a peer has not acknowledged: a peer that is silent can make this last
 * for minutes. And a TCP socket that a module made (sock_create_kern(), kernel_accept()) has no
 * timers once it is released: what was in flight then is not sent again, and may never come
 * back. So, before sock_release(): shut down and flush, and if that takes too long, or for
 * those who do not care, sock_no_linger(). A socket that is released after that gives
 * everything back at once.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ETIMEDOUT.
 */
int dualtree_tx_flush(struct dualtree_tx *tx, long timeout);

/**
 * dualtree_tx_destroy() - wait for all that was sent, then free
 * @tx: it, or NULL; nobody else may be using it
 *
 * To be called before dualtree_destroy() for the instance, and before the caller's module goes.
 *
 * Context: Process context. May sleep, as long as dualtree_tx_flush().
 */
void dualtree_tx_destroy(struct dualtree_tx *tx);

/**
 * dualtree_tx_get_stats() - read the counts
 * @tx: it
 * @stats: filled in; exact while nothing is in flight
 *
 * Context: Any context.
 */
void dualtree_tx_get_stats(struct dualtree_tx *tx, struct dualtree_tx_stats *stats);

/**
 * dualtree_buf_sendmsg() - send from a buffer without copying
 * @tx: keeps track; of the buffer's instance
 * @sock: the socket
 * @msg: name, control messages and flags, as for sock_sendmsg(); its iterator and its ubuf
 *	are overwritten
 * @buf: the buffer
 * @len: bytes to send, from the first on
 *
 * The bytes that the socket accepted leave the buffer, the rest stays. They are freed when
 * the stack is done with them: sent, acknowledged, and not to be sent again, or dropped. A
 * socket that cannot send without copying is sent copies: then they are free at once.
 *
 * A stream may accept any part; what is sent to other sockets is one datagram. Between two
 * calls without MSG_MORE a TCP socket does not merge packets: many small sends make many
 * small packets.
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: bytes accepted, 0 if @len is 0 on a stream, -ENODATA if there are less than @len,
 * -EINVAL if @tx is of another instance, -ENOMEM, or what sock_sendmsg() returned: -EAGAIN,
 * -EPIPE, -ECONNRESET, -EMSGSIZE and so on. If it is negative nothing left the buffer.
 */
ssize_t dualtree_buf_sendmsg(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf, size_t len);

/**
 * dualtree_buf_send() - send from a buffer to where the socket is connected
 * @tx: keeps track; of the buffer's instance
 * @sock: the socket
 * @buf: the buffer
 * @len: bytes to send, from the first on
 * @flags: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE and so on
 *
 * Context: Process context. May sleep, for memory even with MSG_DONTWAIT.
 * Return: as dualtree_buf_sendmsg().
 */
ssize_t dualtree_buf_send(struct dualtree_tx *tx, struct socket *sock, struct dualtree_buf *buf,
			  size_t len, int flags);

/*
 * Receiving in a driver
 */

struct dualtree_rx;

/**
 * struct dualtree_rx_stats - what packets hold
 * @packets: packets whose payload was handed to the stack in place
 * @copied: packets that were copied
 * @pinned_bytes: bytes of pages that packets were charged for and that are not back yet
 * @pinned_ranges: ranges that are not back yet
 */
struct dualtree_rx_stats {
	u64 packets;
	u64 copied;
	size_t pinned_bytes;
	unsigned long pinned_ranges;
};

/**
 * dualtree_rx_create() - make what keeps track of payload that packets hold
 * @dt: the instance; must outlive it
 * @limit: most bytes of pages that packets may hold; beyond it they are copied. 0 copies all
 *
 * Context: Process context. May sleep.
 * Return: it, or ERR_PTR(-ENOMEM).
 */
struct dualtree_rx *dualtree_rx_create(struct dualtree *dt, size_t limit);

/**
 * dualtree_rx_skb() - make a packet of a buffer
 * @rx: keeps track; of the buffer's instance
 * @dev: the device it was received on, or NULL
 * @buf: the packet, all of it; empty afterwards
 * @headers: bytes of it for the linear part, which are copied and then free at once; at
 *	most 256
 * @gfp: how to ask for memory for the packet itself
 *
 * The rest becomes page fragments, one for each page touched, each with a reference and
 * charged for a page. It is taken back when no packet holds a reference to its pages, which
 * is looked for by dualtree_rx_reap(). Giving back needs no memory: what described the ranges
 * in the buffer describes them now. All of it is copied where the limit is reached, the ranges
 * touch more pages than a packet can hold, or another buffer shares them.
 *
 * Protocol, checksum state and so on are for the caller to set.
 *
 * Context: Any context but NMI that @gfp allows.
 * Return: the packet, ERR_PTR(-ENODATA) if the buffer is empty, ERR_PTR(-EINVAL) if @rx is of
 * another instance or @headers too large, ERR_PTR(-EMSGSIZE) if it is too long to be copied
 * either, ERR_PTR(-ENOMEM). If it fails the buffer is as it was.
 */
struct sk_buff *dualtree_rx_skb(struct dualtree_rx *rx, struct net_device *dev,
				struct dualtree_buf *buf, unsigned int headers, gfp_t gfp);

/**
 * dualtree_rx_reap() - take back what packets no longer hold
 * @rx: it
 * @budget: most ranges to look at
 *
 * A driver calls it where it refills its ring; dualtree_rx_skb() calls it where the limit is
 * reached.
 *
 * Context: Any context but NMI.
 * Return: ranges taken back.
 */
unsigned int dualtree_rx_reap(struct dualtree_rx *rx, unsigned int budget);

/**
 * dualtree_rx_drain() - wait until nothing is held
 * @rx: it
 * @timeout: most jiffies to wait, or MAX_SCHEDULE_TIMEOUT
 *
 * Packets stay in the sockets that they were queued to until they are read or closed, which
 * can be any time.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ETIMEDOUT.
 */
int dualtree_rx_drain(struct dualtree_rx *rx, long timeout);

/**
 * dualtree_rx_destroy() - wait until nothing is held, then free
 * @rx: it, or NULL; nobody else may be using it
 *
 * To be called before dualtree_destroy() for the instance.
 *
 * Context: Process context. May sleep, as long as dualtree_rx_drain().
 */
void dualtree_rx_destroy(struct dualtree_rx *rx);

/**
 * dualtree_rx_get_stats() - read the counts
 * @rx: it
 * @stats: filled in
 *
 * Context: Any context but NMI.
 */
void dualtree_rx_get_stats(struct dualtree_rx *rx, struct dualtree_rx_stats *stats);

#endif /* DUALTREE_NETBUF_H */
