/* SPDX-License-Identifier: GPL-2.0 */
/* Those who read a stream. */
#ifndef FLVRELAY_SUBSCRIBER_H
#define FLVRELAY_SUBSCRIBER_H

#include <linux/list.h>
#include <linux/types.h>

#include "conn.h"
#include "stream.h"

/**
 * struct subscriber - someone who reads; used by the relay's thread alone
 * @list: in the relay's
 * @conn: to him
 * @joined: he is being sent the stream
 * @stuck: his socket took no more when it was last tried
 * @key_seq: older tags that are not frames he has had
 * @positions: the next tag of each ring that he is to get
 * @out: on its way to his socket
 */
struct subscriber {
	struct list_head list;
	struct conn conn;
	bool joined;
	bool stuck;
	u64 key_seq;
	u64 positions[NR_RINGS];
	struct dualtree_buf out;
};

bool subscriber_round(struct subscriber *sub, struct stream *stream);
bool subscriber_done(const struct subscriber *sub, const struct stream *stream);
void subscriber_drop(struct subscriber *sub);

#endif /* FLVRELAY_SUBSCRIBER_H */
