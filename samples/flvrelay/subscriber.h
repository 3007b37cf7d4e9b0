/* SPDX-License-Identifier: GPL-2.0 */
/* Subscribers: the readers of a stream. */
#ifndef FLVRELAY_SUBSCRIBER_H
#define FLVRELAY_SUBSCRIBER_H

#include <linux/list.h>
#include <linux/types.h>

#include "conn.h"
#include "stream.h"

struct sender;

/**
 * struct subscriber - a reader of a stream; used by the relay's thread only
 * @list: place in the relay's list
 * @conn: its connection
 * @since: time of its connection, in jiffies
 * @joined: it gets the stream
 * @ended: it will send nothing more
 * @stuck: its socket was full at the last send
 * @key_seq: heads that are older than this tag were sent at the join
 * @positions: the next tag to send of each ring
 * @sender: the memory of its sends, from its join on
 * @out: bytes for its socket that it has not taken yet
 */
struct subscriber {
	struct list_head list;
	struct conn conn;
	unsigned long since;
	bool joined;
	bool ended;
	bool stuck;
	u64 key_seq;
	u64 positions[NR_RINGS];
	struct sender *sender;
	struct dualtree_buf out;
};

bool subscriber_round(struct subscriber *sub, struct stream *stream);
bool subscriber_done(const struct subscriber *sub, const struct stream *stream);
bool subscriber_flushed(const struct subscriber *sub);
void subscriber_close(struct subscriber *sub);
void subscriber_drop(struct subscriber *sub);

#endif /* FLVRELAY_SUBSCRIBER_H */
