// SPDX-License-Identifier: GPL-2.0
/*
 * Sends, from the first reference of the stack to the last: a callback reports that it is done, and
 * then the bytes are freed. tx_send.c begins them.
 *
 * Each send has a ubuf, and owns its bytes until the last reference to the ubuf is dropped, and no
 * packet refers to their pages. The sender holds one reference to the ubuf while it calls the
 * socket, and so does each packet with fragments in these bytes.
 *
 *	last reference to the ubuf, and the pages	the bytes
 *	have the allocator's reference only		are freed
 *	have others					stay: dt_tx_reap() looks again, in the next
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
 * callback's, and then dt_tx_reap()'s. The sends of an instance are counted in a struct
 * dualtree_tx, so that neither the memory nor the module goes away before the last one.
 *
 * Locks: dualtree_tx.lock, a spinlock that is taken with interrupts disabled, for sends that wait.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "../compat/ubuf.h"
#include "segment.h"
#include "tx.h"

/* Maximum sends that the reaper looks at with interrupts disabled. */
#define TX_REAP_MAX	256

/* Jiffies between two looks at sends that wait: 20 ms. The stack does not wake the reaper. */
#define TX_TICK		(HZ / 50 ?: 1)

static void tx_release(struct dualtree_tx *tx)
{
	if (!refcount_dec_and_test(&tx->users))
		return;
	kfree(tx);
	module_put(THIS_MODULE);
}

/* End a send whose memory is freed. Any context but NMI. */
static void tx_end(struct dualtree_tx *tx)
{
	if (atomic_dec_and_test(&tx->inflight))
		wake_up_all(&tx->idle);
	tx_release(tx);
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

/* Free the bytes of a send, and the send. */
void dt_send_finish(struct send *send)
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
		dt_send_finish(send);
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

void dt_send_put(struct send *send)
{
	if (refcount_dec_and_test(&send->ubuf.refcnt))
		send_end(send);
}

/*
 * Finish sends whose pages no packet refers to, of the @budget that were looked at longest ago.
 * Return: true if there are sends that wait.
 */
bool dt_tx_reap(struct dualtree_tx *tx, unsigned int budget)
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
		dt_send_finish(send);
	return more;
}

static void tx_reap_work(struct work_struct *work)
{
	struct dualtree_tx *tx = container_of(to_delayed_work(work), struct dualtree_tx, reaper);

	if (dt_tx_reap(tx, TX_REAP_MAX))
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
	dt_tx_reap(tx, TX_REAP_MAX);
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
	dt_send_put(send);
}

const struct ubuf_info_ops dt_send_ops = {
	.complete = send_complete,
};
