/* SPDX-License-Identifier: GPL-2.0 */
/* What a subscriber's sends take: an instance of its own. */
#ifndef FLVRELAY_SENDER_H
#define FLVRELAY_SENDER_H

#include <linux/list.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_tx;
struct dualtree_tx_stats;
struct stream;

/**
 * struct sender - the memory of a subscriber's sends; used by the relay's thread, but for what
 *	summary.c reads
 * @list: entry in the stream's list; changed under the lock of summary.c
 * @dt: the records of payloads that are being sent, and the tags' headers
 * @tx: tracks the sends
 * @left: its subscriber is gone
 * @trimmed: when it was last looked at what it holds, in jiffies
 */
struct sender {
	struct list_head list;
	struct dualtree *dt;
	struct dualtree_tx *tx;
	bool left;
	unsigned long trimmed;
};

struct sender *sender_create(struct stream *stream);
void sender_leave(struct sender *sender);
bool senders_reap(struct stream *stream);
void senders_wait(struct stream *stream);
void sender_add_stats(struct dualtree_tx_stats *sum, const struct sender *sender);

#endif /* FLVRELAY_SENDER_H */
