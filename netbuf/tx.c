// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: the stack reads the ranges where they lie, and says when it is done.
 *
 * Each send has a ubuf, and the bytes that it covers are the send's until the last reference
 * to the ubuf is gone. That reference is ours while the socket is being called; then there is
 * one for each packet whose fragments lie in these bytes.
 *
 * Why the stack reads none of them after that: packets that share their fragments with others do
 * so by sharing the whole of struct skb_shared_info, its ubuf included, and let go of that when the
 * last of them is freed (skb_clone(), so also TCP's queue for retransmission and what it
 * sends from it). Whatever makes a second skb_shared_info with the same fragments takes a
 * reference for it (pskb_expand_head(), __pskb_copy_fclone(), skb_split(), skb_segment(),
 * skb_zerocopy(), by skb_zerocopy_clone() or at once), or else refuses packets that have a ubuf
 * (skb_try_coalesce(), skb_shift(), skb_gro_receive()). The one exception is dealt with in
 * compat/ubuf.h. Packets that turn round into the receive path are copied first, and let go
 * then (skb_orphan_frags_rx()): sockets do not read our bytes.
 *
 * The callback comes before the packet drops its references to the pages. That does no
 * harm: such a packet is being freed, and reads nothing; a page is not the kernel's again
 * before its last reference is dropped, and that our allocator hands its bytes out again in
 * the meantime does not depend on its reference count.
 *
 * The callback comes on any CPU, in process context, in a softirq or with interrupts off, and
 * possibly before the socket's call returns; but never the last of them, since we hold a
 * reference ourselves.
 *
 * The sends of an instance are counted in a struct dualtree_tx, so that neither the memory nor
 * the module goes away while the stack may still call.
 */
#include <dualtree/netbuf.h>
#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <net/sock.h>
#include "../compat/ubuf.h"
#include "buf.h"
#include "split.h"

/**
 * struct dualtree_tx - the sends of an instance
 * @dt: the instance
 * @users: its creator, and each send until its very end. The last one frees it: a waiter
 *	may go on as soon as @inflight is 0, before the waking is over
 * @inflight: sends that the stack has not done with
 * @idle: woken when that becomes 0
 * @sends: as in struct dualtree_tx_stats, like all that follow; any CPU
 * @zerocopy_bytes: finished without a copy
 * @copied_bytes: copied by the socket or by the stack
 * @copied_sends: sends that those are of
 * @inflight_bytes: accepted and not finished
 * @inflight_ranges: ranges that those lie in
 */
struct dualtree_tx {
	struct dualtree *dt;
	refcount_t users;
	atomic_t inflight;
	wait_queue_head_t idle;
	atomic64_t sends;
	atomic64_t zerocopy_bytes;
	atomic64_t copied_bytes;
	atomic64_t copied_sends;
	atomic_long_t inflight_bytes;
	atomic_long_t inflight_ranges;
};

struct dualtree_tx *dualtree_tx_create(struct dualtree *dt)
{
	struct dualtree_tx *tx = kzalloc(sizeof(*tx), GFP_KERNEL);

	if (!tx)
		return ERR_PTR(-ENOMEM);
	/* The caller uses our symbols: there is a reference already. */
	__module_get(THIS_MODULE);
	tx->dt = dt;
	refcount_set(&tx->users, 1);
	init_waitqueue_head(&tx->idle);
	return tx;
}
EXPORT_SYMBOL_GPL(dualtree_tx_create);

static void tx_release(struct dualtree_tx *tx)
{
	if (!refcount_dec_and_test(&tx->users))
		return;
	kfree(tx);
	module_put(THIS_MODULE);
}

static void tx_begin(struct dualtree_tx *tx)
{
	refcount_inc(&tx->users);
	atomic_inc(&tx->inflight);
}

/* A send is over: all its memory is back. Any context but NMI. */
static void tx_end(struct dualtree_tx *tx)
{
	if (atomic_dec_and_test(&tx->inflight))
		wake_up_all(&tx->idle);
	tx_release(tx);
}

static void tx_count_copied(struct dualtree_tx *tx, size_t bytes)
{
	atomic64_add(bytes, &tx->copied_bytes);
	atomic64_inc(&tx->copied_sends);
}

int dualtree_tx_flush(struct dualtree_tx *tx, long timeout)
{
	/* One look more than wait_event_timeout() takes at a timeout of 0. */
	if (!atomic_read_acquire(&tx->inflight))
		return 0;
	return wait_event_timeout(tx->idle, !atomic_read_acquire(&tx->inflight), timeout) ?
	       0 : -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(dualtree_tx_flush);

void dualtree_tx_destroy(struct dualtree_tx *tx)
{
	if (!tx)
		return;
	dualtree_tx_flush(tx, MAX_SCHEDULE_TIMEOUT);
	tx_release(tx);
}
EXPORT_SYMBOL_GPL(dualtree_tx_destroy);

void dualtree_tx_get_stats(struct dualtree_tx *tx, struct dualtree_tx_stats *stats)
{
	stats->sends = atomic64_read(&tx->sends);
	stats->zerocopy_bytes = atomic64_read(&tx->zerocopy_bytes);
	stats->copied_bytes = atomic64_read(&tx->copied_bytes);
	stats->copied_sends = atomic64_read(&tx->copied_sends);
	stats->inflight_bytes = atomic_long_read(&tx->inflight_bytes);
	stats->inflight_ranges = atomic_long_read(&tx->inflight_ranges);
}
EXPORT_SYMBOL_GPL(dualtree_tx_get_stats);

/* So many ranges take no allocation for the vectors. */
#define FEW_VECS	8

/**
 * struct send - bytes that the stack has
 * @ubuf: what the stack counts its references with; any CPU
 * @tx: the instance's sends
 * @bytes: what was accepted; the sender's until it drops its reference, then not to be
 *	touched until the last one is dropped
 * @spare: for where a segment is cut, if not all of it is accepted; as @bytes
 * @ranges: how many the accepted bytes are in; 0 if none were
 * @read: the stack has read the bytes in place, some of them at least; set by callbacks
 * @copied: the stack has copied some of them; set by callbacks
 */
struct send {
	struct ubuf_info ubuf;
	struct dualtree_tx *tx;
	struct dualtree_buf bytes;
	struct dualtree_segment *spare;
	unsigned int ranges;
	bool read;
	bool copied;
};

/* The last reference is gone. */
static void send_finish(struct send *send)
{
	struct dualtree_tx *tx = send->tx;
	size_t bytes = send->bytes.len;

	if (send->ranges) {
		if (send->read && !send->copied)
			atomic64_add(bytes, &tx->zerocopy_bytes);
		else
			tx_count_copied(tx, bytes);
		atomic_long_sub(bytes, &tx->inflight_bytes);
		atomic_long_sub(send->ranges, &tx->inflight_ranges);
	}
	dualtree_buf_purge(&send->bytes);
	if (send->spare)
		dt_segment_forget(tx->dt, send->spare);
	kfree(send);
	tx_end(tx);
}

static void send_put(struct send *send)
{
	if (refcount_dec_and_test(&send->ubuf.refcnt))
		send_finish(send);
}

/* Without a packet it is the socket's own reference, which says nothing of any bytes. */
static void send_complete(struct sk_buff *skb, struct ubuf_info *ubuf, bool success)
{
	struct send *send = container_of(ubuf, struct send, ubuf);

	if (!success)
		WRITE_ONCE(send->copied, true);
	else if (skb)
		WRITE_ONCE(send->read, true);
	send_put(send);
}

static const struct ubuf_info_ops send_ops = {
	.complete = send_complete,
};

static bool is_stream(const struct socket *sock)
{
	return sock->type == SOCK_STREAM;
}

/*
 * Let the send have the bytes. What is not accepted of a stream comes back: they are moved. Of
 * a datagram that fails some fragments may be on their way: they are shared until that is
 * known. Return: 0 or -ENOMEM; then nothing is changed.
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

static struct send *send_create(struct dualtree_tx *tx, const struct socket *sock,
				struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	struct send *send = kzalloc(sizeof(*send), gfp);

	if (!send)
		return NULL;
	tx_begin(tx);
	dt_ubuf_set_ops(&send->ubuf, &send_ops);
	send->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	refcount_set(&send->ubuf.refcnt, 1);
	send->tx = tx;
	dualtree_buf_init(&send->bytes, buf->dt);
	if (!send_take_bytes(send, sock, buf, len, gfp))
		return send;
	send_finish(send);
	return NULL;
}

/* Give back to the buffer what was not accepted, and let it go of what was. */
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
	dt_buf_give_back(buf, &rest);
}

static void send_count(struct send *send)
{
	send->ranges = dualtree_buf_bvecs(&send->bytes, send->bytes.len, NULL, 0);
	atomic64_inc(&send->tx->sends);
	atomic_long_add(send->bytes.len, &send->tx->inflight_bytes);
	atomic_long_add(send->ranges, &send->tx->inflight_ranges);
}

static ssize_t send_in_place(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf, size_t len, gfp_t gfp)
{
	struct send *send = send_create(tx, sock, buf, len, gfp);
	ssize_t sent;

	if (!send)
		return -ENOMEM;
	msg->msg_flags |= MSG_ZEROCOPY;
	msg->msg_ubuf = &send->ubuf;
	sent = sock_sendmsg(sock, msg);
	send_return_unsent(send, sock, buf, max_t(ssize_t, sent, 0));
	if (sent > 0)
		send_count(send);
	send_put(send);
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

/* A packet holds a page in each fragment. A stream begins a new one, a datagram cannot. */
static bool fits_packet(const struct bio_vec *vecs, unsigned int nr)
{
	unsigned int pages = 0;

	for (; nr; nr--, vecs++)
		pages += DIV_ROUND_UP(vecs->bv_offset + vecs->bv_len, PAGE_SIZE);
	return pages <= MAX_SKB_FRAGS;
}

static bool can_send_in_place(const struct socket *sock, const struct bio_vec *vecs,
			      unsigned int nr)
{
	if (!nr || !test_bit(SOCK_SUPPORT_ZC, &sock->flags) || dt_ubuf_ends_early(sock->sk))
		return false;
	return is_stream(sock) || fits_packet(vecs, nr);
}

ssize_t dualtree_buf_sendmsg(struct dualtree_tx *tx, struct socket *sock, struct msghdr *msg,
			     struct dualtree_buf *buf, size_t len)
{
	struct bio_vec few[FEW_VECS], *vecs = few;
	gfp_t gfp = sock->sk->sk_allocation;
	unsigned int flags = msg->msg_flags;
	ssize_t sent;
	int nr;

	if (tx->dt != buf->dt)
		return -EINVAL;
	if (len > buf->len)
		return -ENODATA;
	/* The socket says in an int how much it took. */
	if (is_stream(sock))
		len = min_t(size_t, len, MAX_RW_COUNT);
	nr = dualtree_buf_bvecs(buf, len, NULL, 0);
	if (!nr && is_stream(sock))
		return 0;
	if (nr > FEW_VECS) {
		vecs = kmalloc_array(nr, sizeof(*vecs), gfp | __GFP_NOWARN);
		if (!vecs)
			return -ENOMEM;
	}
	dualtree_buf_iter(buf, len, vecs, nr, &msg->msg_iter);
	if (can_send_in_place(sock, vecs, nr))
		sent = send_in_place(tx, sock, msg, buf, len, gfp);
	else
		sent = send_copy(tx, sock, msg, buf);
	msg->msg_ubuf = NULL;
	msg->msg_flags = flags;
	if (vecs != few)
		kfree(vecs);
	return sent;
}
EXPORT_SYMBOL_GPL(dualtree_buf_sendmsg);

ssize_t dualtree_buf_send(struct dualtree_tx *tx, struct socket *sock, struct dualtree_buf *buf,
			  size_t len, int flags)
{
	struct msghdr msg = { .msg_flags = flags };

	return dualtree_buf_sendmsg(tx, sock, &msg, buf, len);
}
EXPORT_SYMBOL_GPL(dualtree_buf_send);
