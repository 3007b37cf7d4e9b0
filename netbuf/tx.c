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
 * Each send has a ubuf, and owns its bytes until the last reference to the ubuf is dropped, and no
 * packet refers to their pages. The sender holds one reference to the ubuf while it calls the
 * socket, and so does each packet with fragments in these bytes.
 *
 *	last reference to the ubuf, and the pages	the bytes
 *	have the allocator's reference only		are freed
 *	have others					stay: tx_reap() looks again, in the next
 *							send, and after a jiffy or TX_TICK
 *
 * Why the stack rarely reads the bytes after the last reference to the ubuf:
 *
 * - Packets that share fragments by skb_clone() share all of struct skb_shared_info, its ubuf
 *   included, and drop that reference when the last of them is freed. This is so for TCP's queue
 *   for retransmission and for what it sends from it.
 * - Functions that make a second skb_shared_info with the same fragments take a reference for it,
 *   themselves or by skb_zerocopy_clone(): pskb_expand_head(), __pskb_copy_fclone(), skb_split(),
 *   skb_segment(), skb_zerocopy().
 * - Others refuse packets with a ubuf: skb_try_coalesce(), skb_shift(), skb_gro_receive().
 * - Packets that are looped into the receive path are copied first, and drop their reference then
 *   (skb_orphan_frags_rx()). So no socket reads these bytes.
 *
 * And where it does: TCP's probe for a larger MTU refers to the pages of queued packets
 * (compat/ubuf.h). skb_tx_error(), which tun, openvswitch and nfnetlink_queue call, ends the ubuf
 * of a packet that may go on; on some kernels even of one that TCP keeps for retransmission. Such
 * packets have references to their pages.
 *
 * A packet calls back before it drops these, so the bytes of most sends wait for the next look.
 * They may also wait for another send, whose bytes are in the same page.
 *
 * Contexts: the calls sleep. A callback runs on any CPU, in process context, in a softirq or with
 * interrupts disabled. It may run before the socket returns, but is not the last one then: the
 * sender holds its reference. A send is the sender's until it drops that reference, then the last
 * callback's, and then tx_reap()'s. The sends of an instance are counted in a struct dualtree_tx,
 * so that neither the memory nor the module goes away before the last one.
 *
 * Locks: dualtree_tx.lock, a spinlock that is taken with interrupts disabled, for sends that wait.
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
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "../compat/socket.h"
#include "../compat/ubuf.h"
#include "buf.h"
#include "split.h"

/**
 * struct dualtree_tx - a tracker of an instance's sends
 * @dt: the instance; constant
 * @copy_max: bytes of the longest send that is copied; any CPU
 * @users: references, of the creator and of each send. The last one frees the tracker: a waiter may
 *	continue as soon as @inflight is 0, while the callback is still in wake_up_all()
 * @inflight: sends that the stack is not done with
 * @idle: woken when @inflight becomes 0
 * @lock: guards @ended
 * @ended: sends whose ubuf has ended, and whose pages have other references; the next one to look
 *	at is first
 * @reaper: runs tx_reap() while there are such sends
 * @sends: as in struct dualtree_tx_stats; any CPU writes this and all members below
 * @zerocopy_bytes: as in struct dualtree_tx_stats
 * @copied_bytes: as in struct dualtree_tx_stats
 * @copied_sends: as in struct dualtree_tx_stats
 * @inflight_bytes: as in struct dualtree_tx_stats
 * @inflight_ranges: as in struct dualtree_tx_stats
 */
struct dualtree_tx {
	struct dualtree *dt;
	size_t copy_max;
	refcount_t users;
	atomic_t inflight;
	wait_queue_head_t idle;
	spinlock_t lock;	/* guards ended */
	struct list_head ended;
	struct delayed_work reaper;
	atomic64_t sends;
	atomic64_t zerocopy_bytes;
	atomic64_t copied_bytes;
	atomic64_t copied_sends;
	atomic_long_t inflight_bytes;
	atomic_long_t inflight_ranges;
};

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

/* End a send whose memory is freed. Any context but NMI. */
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

/*
 * Vectors on the stack, 16 bytes each: a send of so many ranges, a header and some payload, needs
 * no allocation for them.
 */
#define STACK_VECS	8

/* Maximum sends that the reaper, and a send, look at with interrupts disabled. */
#define TX_REAP_MAX	256
#define TX_REAP_SOME	16

/* Jiffies between two looks at sends that wait: 20 ms. The stack does not wake the reaper. */
#define TX_TICK		(HZ / 50 ?: 1)

/*
 * Maximum ranges that a stream is offered in one call: 16 KiB of vectors. A call costs as much as
 * it offers, however little the socket accepts.
 */
#define STREAM_VECS_MAX	1024

/**
 * struct send - bytes that the stack reads
 * @ubuf: the stack's reference count; any CPU
 * @tx: tracker of the instance's sends; constant
 * @node: entry in the tracker's list of ended sends
 * @bytes: the bytes; the sender's until it drops its reference, then unused until the last
 *	reference is dropped
 * @spare: segment for a cut where the socket accepts a part, or NULL; used as @bytes
 * @ranges: number of ranges that the accepted bytes are in, 0 if none; used as @bytes
 * @done: called with @cookie when the bytes are freed, or NULL; constant
 * @cookie: for @done; constant
 * @read: the stack has read some of the bytes in place; set by callbacks
 * @copied: the stack has copied some of the bytes; set by callbacks
 */
struct send {
	struct ubuf_info ubuf;
	struct dualtree_tx *tx;
	struct list_head node;
	struct dualtree_buf bytes;
	struct dualtree_segment *spare;
	unsigned int ranges;
	dualtree_tx_done_t done;
	void *cookie;
	bool read;
	bool copied;
};

/* Free the bytes of a send, and the send. */
static void send_finish(struct send *send)
{
	struct dualtree_tx *tx = send->tx;
	bool copied = !send->read || send->copied;
	size_t bytes = send->bytes.len;

	if (send->ranges) {
		if (copied)
			tx_count_copied(tx, bytes);
		else
			atomic64_add(bytes, &tx->zerocopy_bytes);
		atomic_long_sub(bytes, &tx->inflight_bytes);
		atomic_long_sub(send->ranges, &tx->inflight_ranges);
	}
	dualtree_buf_purge(&send->bytes);
	if (send->spare)
		dt_segment_forget(tx->dt, send->spare);
	if (send->ranges && send->done)
		send->done(send->cookie, bytes, copied);
	kfree(send);
	tx_end(tx);
}

/* Return: true if no packet refers to a page of the send's bytes. */
static bool send_is_released(const struct send *send)
{
	struct dualtree_segment *seg;

	buf_for_each(seg, &send->bytes) {
		if (!dt_segment_released(seg))
			return false;
	}
	return true;
}

/*
 * The last reference is dropped. That orders the callbacks' stores before the loads of @read and
 * @copied here. Bytes that were not read in place are in no packet.
 */
static void send_end(struct send *send)
{
	struct dualtree_tx *tx = send->tx;
	unsigned long flags;

	if (!send->read || send_is_released(send)) {
		send_finish(send);
		return;
	}
	/* Another CPU may finish the send, and a waiter go on, before the lock is dropped here. */
	refcount_inc(&tx->users);
	spin_lock_irqsave(&tx->lock, flags);
	list_add_tail(&send->node, &tx->ended);
	schedule_delayed_work(&tx->reaper, 1);
	spin_unlock_irqrestore(&tx->lock, flags);
	tx_release(tx);
}

static void send_put(struct send *send)
{
	if (refcount_dec_and_test(&send->ubuf.refcnt))
		send_end(send);
}

/*
 * Finish sends whose pages no packet refers to, of the @budget that were looked at longest ago.
 * Return: true if there are sends that wait.
 */
static bool tx_reap(struct dualtree_tx *tx, unsigned int budget)
{
	struct send *send, *next;
	unsigned long flags;
	LIST_HEAD(waiting);
	LIST_HEAD(released);
	bool more;

	spin_lock_irqsave(&tx->lock, flags);
	list_for_each_entry_safe(send, next, &tx->ended, node) {
		if (!budget--)
			break;
		list_move_tail(&send->node, send_is_released(send) ? &released : &waiting);
	}
	list_splice_tail(&waiting, &tx->ended);
	more = !list_empty(&tx->ended);
	spin_unlock_irqrestore(&tx->lock, flags);
	list_for_each_entry_safe(send, next, &released, node)
		send_finish(send);
	return more;
}

static void tx_reap_work(struct work_struct *work)
{
	struct dualtree_tx *tx = container_of(to_delayed_work(work), struct dualtree_tx, reaper);

	if (tx_reap(tx, TX_REAP_MAX))
		schedule_delayed_work(&tx->reaper, TX_TICK);
}

struct dualtree_tx *dualtree_tx_create(struct dualtree *dt)
{
	struct dualtree_tx *tx = kzalloc(sizeof(*tx), GFP_KERNEL);

	if (!tx)
		return ERR_PTR(-ENOMEM);
	/* The caller's module uses this one's symbols, so it has a reference already. */
	__module_get(THIS_MODULE);
	tx->dt = dt;
	refcount_set(&tx->users, 1);
	init_waitqueue_head(&tx->idle);
	spin_lock_init(&tx->lock);
	INIT_LIST_HEAD(&tx->ended);
	INIT_DELAYED_WORK(&tx->reaper, tx_reap_work);
	return tx;
}
EXPORT_SYMBOL_GPL(dualtree_tx_create);

void dualtree_tx_set_copy_max(struct dualtree_tx *tx, size_t bytes)
{
	WRITE_ONCE(tx->copy_max, bytes);
}
EXPORT_SYMBOL_GPL(dualtree_tx_set_copy_max);

int dualtree_tx_flush(struct dualtree_tx *tx, long timeout)
{
	tx_reap(tx, TX_REAP_MAX);
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
	cancel_delayed_work_sync(&tx->reaper);
	tx_release(tx);
}
EXPORT_SYMBOL_GPL(dualtree_tx_destroy);

/* The callback. Without a packet the reference is the socket's own: it has read no bytes. */
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
	tx_reap(tx, TX_REAP_SOME);
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
