// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: the stack reads the ranges in place, and a callback reports that it is done.
 *
 *	the socket			the bytes are
 *	is a stream			moved to the send; what is not accepted is moved back
 *	is any other			cloned for the send; what is accepted is consumed
 *	cannot send in place, or the	copied by the socket; what is accepted is consumed
 *	 datagram does not fit a packet
 *	 or is sent in several calls
 *	any, and the send is short	likewise: dualtree_tx_set_copy_max()
 *	any, and there is no memory	copied by the socket, for which no record is needed: what
 *	 for the send's records		 makes an instance full can always be sent
 *
 * tx.c has what becomes of a send that the stack reads.
 *
 * Context: process context. No lock.
 */
#include <dualtree/netbuf.h>
#include <linux/bvec.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <net/sock.h>
#include "../compat/socket.h"
#include "../compat/ubuf.h"
#include "split.h"
#include "tx.h"

/*
 * Vectors on the stack, 16 bytes each: a send of so many ranges, a header and some payload, needs
 * no allocation for them.
 */
#define STACK_VECS	8

/* Maximum sends that a send looks at with interrupts disabled. */
#define TX_REAP_SOME	16

/*
 * Maximum ranges that a stream is offered in one call: 16 KiB of vectors. A call costs as much as
 * it offers, however little the socket accepts.
 */
#define STREAM_VECS_MAX	1024

static bool is_stream(const struct socket *sock)
{
	return sock->type == SOCK_STREAM;
}

/*
 * Give a send its bytes. For a stream they are moved: what is not accepted is moved back. For a
 * datagram they are cloned: if it fails, some of its fragments may be in flight, while the buffer
 * keeps all bytes.
 *
 * Return: 0 or -ENOMEM; then the buffer is as before.
 */
static int send_take_bytes(struct send *send, const struct socket *sock, struct dualtree_buf *buf,
			   size_t len, gfp_t gfp)
{
	if (!is_stream(sock))
		return dualtree_buf_clone(buf, len, &send->bytes, gfp);
	send->spare = dt_segment_create(buf->dt, NULL, 0, gfp);
	if (!send->spare)
		return -ENOMEM;
	return dualtree_buf_split(buf, len, &send->bytes, gfp);
}

/* Return: a send of the first @len bytes, or NULL on OOM; then the buffer is as before. */
static struct send *send_create(struct dualtree_tx *tx, const struct socket *sock,
				struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	struct send *send = kzalloc(sizeof(*send), gfp | __GFP_NOWARN);

	if (!send)
		return NULL;
	tx_begin(tx);
	dt_ubuf_set_ops(&send->ubuf, &dt_send_ops);
	send->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	refcount_set(&send->ubuf.refcnt, 1);
	send->tx = tx;
	dualtree_buf_init(&send->bytes, buf->dt);
	if (!send_take_bytes(send, sock, buf, len, gfp))
		return send;
	dt_send_finish(send);
	return NULL;
}

/* Return to the buffer what the socket did not accept, and take from it what it did. */
static void send_return_unsent(struct send *send, const struct socket *sock,
			       struct dualtree_buf *buf, size_t accepted)
{
	struct dualtree_buf rest;

	if (!is_stream(sock)) {
		dt_buf_consume(buf, accepted);
		return;
	}
	dualtree_buf_init(&rest, buf->dt);
	dualtree_buf_splice(&rest, &send->bytes);
	if (dt_buf_cut(&rest, accepted, &send->bytes, send->spare))
		send->spare = NULL;
	dt_buf_uncut(buf, &rest);
}

static void send_count(struct send *send)
{
	send->ranges = dualtree_buf_bvecs(&send->bytes, send->bytes.len, NULL, 0);
	atomic64_inc(&send->tx->sends);
	atomic_long_add(send->bytes.len, &send->tx->inflight_bytes);
	atomic_long_add(send->ranges, &send->tx->inflight_ranges);
}

static ssize_t send_in_place(struct send *send, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf)
{
	ssize_t sent;

	msg->msg_flags |= MSG_ZEROCOPY;
	msg->msg_ubuf = &send->ubuf;
	sent = sock_sendmsg(sock, msg);
	send_return_unsent(send, sock, buf, max_t(ssize_t, sent, 0));
	if (sent > 0)
		send_count(send);
	dt_send_put(send);
	return sent;
}

static ssize_t send_copy(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			 struct dualtree_buf *buf)
{
	ssize_t sent;

	msg->msg_flags &= ~MSG_ZEROCOPY;
	msg->msg_ubuf = NULL;
	sent = sock_sendmsg(sock, msg);
	if (sent > 0) {
		dt_buf_consume(buf, sent);
		atomic64_inc(&tx->sends);
		tx_count_copied(tx, sent);
	}
	return sent;
}

/* Do the vectors fit one packet, which has a fragment for each page? A datagram must. */
static bool fits_packet(const struct bio_vec *vecs, unsigned int nr)
{
	unsigned int pages = 0;

	for (; nr; nr--, vecs++)
		pages += DIV_ROUND_UP(vecs->bv_offset + vecs->bv_len, PAGE_SIZE);
	return pages <= MAX_SKB_FRAGS;
}

static bool can_send_in_place(const struct dualtree_tx *tx, const struct socket *sock,
			      const struct msghdr *msg, const struct bio_vec *vecs,
			      unsigned int nr)
{
	if (!nr || iov_iter_count(&msg->msg_iter) <= READ_ONCE(tx->copy_max))
		return false;
	if (!test_bit(SOCK_SUPPORT_ZC, &sock->flags) || dt_ubuf_ends_early(sock->sk))
		return false;
	if (is_stream(sock))
		return true;
	/* All parts of a datagram have one ubuf, and the next call would bring another one. */
	return !(msg->msg_flags & MSG_MORE) && !dt_udp_corked(sock->sk) && fits_packet(vecs, nr);
}

/*
 * Describe the first bytes by as many as @max vectors, or count these if @vecs is NULL. Return:
 * their number; *@len is set to the number of bytes that they have.
 */
static unsigned int first_vecs(const struct dualtree_buf *buf, size_t *len, struct bio_vec *vecs,
			       unsigned int max)
{
	struct dualtree_segment *seg;
	size_t part, sum = 0;
	unsigned int nr = 0;

	buf_for_each(seg, buf) {
		if (sum == *len || nr == max)
			break;
		part = min(seg->len, *len - sum);
		if (vecs) {
			vecs[nr].bv_page = virt_to_page(seg->data);
			vecs[nr].bv_offset = offset_in_page(seg->data);
			vecs[nr].bv_len = part;
		}
		sum += part;
		nr++;
	}
	*len = sum;
	return nr;
}

/*
 * Set *@vecs to @on_stack, which has STACK_VECS, or to more. A stream does with those if there is
 * no memory for more. Return: number of vectors, or -ENOMEM.
 */
static int get_vecs(const struct socket *sock, const struct dualtree_buf *buf, size_t len,
		    struct bio_vec *on_stack, struct bio_vec **vecs)
{
	gfp_t gfp = sock->sk->sk_allocation | __GFP_NOWARN;
	unsigned int nr = first_vecs(buf, &len, NULL, is_stream(sock) ? STREAM_VECS_MAX : INT_MAX);

	*vecs = on_stack;
	if (nr <= STACK_VECS)
		return nr;
	*vecs = kvmalloc_array(nr, sizeof(**vecs), gfp);
	if (*vecs)
		return nr;
	*vecs = on_stack;
	return is_stream(sock) ? STACK_VECS : -ENOMEM;
}

/* Send what the iterator of @msg describes. Return: as sock_sendmsg(). */
static ssize_t send_some(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			 struct dualtree_buf *buf, dualtree_tx_done_t done, void *cookie)
{
	struct send *send = NULL;
	ssize_t sent;

	if (can_send_in_place(tx, sock, msg, msg->msg_iter.bvec, msg->msg_iter.nr_segs))
		send = send_create(tx, sock, buf, iov_iter_count(&msg->msg_iter),
				   sock->sk->sk_allocation);
	if (send) {
		send->done = done;
		send->cookie = cookie;
		return send_in_place(send, sock, msg, buf);
	}
	sent = send_copy(tx, sock, msg, buf);
	if (sent > 0 && done)
		done(cookie, sent, true);
	return sent;
}

ssize_t dualtree_buf_sendmsg_done(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
				  struct dualtree_buf *buf, size_t len, dualtree_tx_done_t done,
				  void *cookie)
{
	struct bio_vec on_stack[STACK_VECS], *vecs;
	unsigned int flags = msg->msg_flags;
	ssize_t sent;
	int nr;

	if (tx->dt != buf->dt)
		return -EINVAL;
	if (len > buf->len)
		return -ENODATA;
	dt_tx_reap(tx, TX_REAP_SOME);
	if (!len && is_stream(sock))
		return 0;
	/* The socket returns the number of bytes as an int. */
	if (is_stream(sock))
		len = min_t(size_t, len, MAX_RW_COUNT);
	nr = get_vecs(sock, buf, len, on_stack, &vecs);
	if (nr < 0)
		return nr;
	first_vecs(buf, &len, vecs, nr);
	iov_iter_bvec(&msg->msg_iter, ITER_SOURCE, vecs, nr, len);
	sent = send_some(tx, sock, msg, buf, done, cookie);
	msg->msg_ubuf = NULL;
	msg->msg_flags = flags;
	if (vecs != on_stack)
		kvfree(vecs);
	return sent;
}
EXPORT_SYMBOL_GPL(dualtree_buf_sendmsg_done);

ssize_t dualtree_buf_sendmsg(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf, size_t len)
{
	return dualtree_buf_sendmsg_done(tx, sock, msg, buf, len, NULL, NULL);
}
EXPORT_SYMBOL_GPL(dualtree_buf_sendmsg);

ssize_t dualtree_buf_send(struct dualtree_tx *tx, struct socket *sock, struct dualtree_buf *buf,
			  size_t len, int flags)
{
	struct msghdr msg = { .msg_flags = flags };

	return dualtree_buf_sendmsg(tx, sock, &msg, buf, len);
}
EXPORT_SYMBOL_GPL(dualtree_buf_send);
