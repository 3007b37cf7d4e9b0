/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sends: what the stack reads in place, and the tracker of an instance's. tx.c has their lives, and
 * tx_send.c begins them.
 *
 * Contexts and locks: tx.c.
 */
#ifndef DUALTREE_TX_H
#define DUALTREE_TX_H

#include <dualtree/netbuf.h>
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "buf.h"

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
 * @reaper: runs dt_tx_reap() while there are such sends
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

extern const struct ubuf_info_ops dt_send_ops;

void dt_send_finish(struct send *send);
void dt_send_put(struct send *send);
bool dt_tx_reap(struct dualtree_tx *tx, unsigned int budget);

static inline void tx_begin(struct dualtree_tx *tx)
{
	refcount_inc(&tx->users);
	atomic_inc(&tx->inflight);
}

static inline void tx_count_copied(struct dualtree_tx *tx, size_t bytes)
{
	atomic64_add(bytes, &tx->copied_bytes);
	atomic64_inc(&tx->copied_sends);
}

#endif /* DUALTREE_TX_H */
