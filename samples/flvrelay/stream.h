/* SPDX-License-Identifier: GPL-2.0 */
/* A stream: one publisher's bytes, in an instance of its own. */
#ifndef FLVRELAY_STREAM_H
#define FLVRELAY_STREAM_H

#include <linux/list.h>
#include <linux/types.h>

#include <dualtree/netbuf.h>

#include "conn.h"
#include "flv.h"
#include "ring.h"

struct dualtree;
struct dualtree_pages;

enum ring_of {
	RING_VIDEO,
	RING_AUDIO,
	NR_RINGS,
};

enum head_of {
	HEAD_META,
	HEAD_VIDEO,
	HEAD_AUDIO,
	NR_HEADS,
};

/**
 * struct stream - one publisher's bytes; used by the relay's thread only, but for the counters
 *	that summary.c reads
 * @dt: holds all payloads, or the records of those in the stack's pages
 * @senders: the memory of sends to subscribers, see sender.h
 * @sent: of the senders that have been destroyed
 * @pages: tracks the network stack's pages that payloads lie in
 * @received_bytes: bytes that were received by a copy, and are not in the statistics of @pages
 * @publisher: the publisher's connection; its socket is NULL after it has left
 * @parser: holds what is received and not parsed
 * @rings: the newest tags; script data is in the ring of video
 * @heads: tags that a subscriber needs first; unset if their type is 0
 * @next_seq: number of the next tag
 * @videos: video frames so far
 * @key: position of the last picture that decoding can begin with
 * @key_from: number of the first tag after the picture before @key
 * @last_video: number of the latest tag in the ring of video
 * @has_key: @key is set, and its decoder configuration is in @heads
 * @closing: subscribers have been shut down
 * @starved: the next bytes or tag could not be taken, on OOM
 * @heard: time of the publisher's last bytes, in jiffies
 * @window: time since when @window_bytes are counted, in jiffies
 * @window_bytes: bytes from the publisher since then
 * @deadline: time by which subscribers must have taken the rest, or the end, in jiffies
 */
struct stream {
	struct dualtree *dt;
	struct list_head senders;
	struct dualtree_tx_stats sent;
	struct dualtree_pages *pages;
	unsigned long received_bytes;
	struct conn publisher;
	struct flv_parser parser;
	struct ring rings[NR_RINGS];
	struct tag heads[NR_HEADS];
	u64 next_seq;
	u64 videos;
	u64 key;
	u64 key_from;
	u64 last_video;
	bool has_key;
	bool closing;
	bool starved;
	unsigned long heard;
	unsigned long window;
	size_t window_bytes;
	unsigned long deadline;
};

struct stream *stream_create(void);
void stream_count(struct stream *stream);
void stream_destroy(struct stream *stream);
void stream_compact(struct dualtree_buf *buf);
bool stream_drop_oldest(struct stream *stream);
int stream_put(struct stream *stream, struct tag *tag);
bool stream_start(const struct stream *stream, u64 *positions, u64 *key_seq);
int stream_put_heads(struct stream *stream, struct dualtree_buf *to);

#endif /* FLVRELAY_STREAM_H */
