/* SPDX-License-Identifier: GPL-2.0 */
/* A stream: an instance of its own, and in it what is kept for those who read. */
#ifndef FLVRELAY_STREAM_H
#define FLVRELAY_STREAM_H

#include <linux/types.h>

#include "conn.h"
#include "flv.h"
#include "ring.h"

struct dualtree;
struct dualtree_tx;

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
 * struct stream - what a publisher sends; used by the relay's thread alone, but for what
 *	stream_show() reads
 * @dt: all of its memory, but for this and the slots of the rings
 * @tx: what its subscribers are being sent
 * @publisher: who sends it; its socket is NULL when he is gone
 * @parser: what he sent and is not parsed
 * @rings: the newest tags: script data goes with video
 * @heads: what someone who joins needs first; those with a type are there
 * @next_seq: the number of the next tag
 * @videos: video frames so far
 * @key: the position of the last picture that decoding can begin with
 * @key_from: the number of the first tag that goes with it
 * @last_video: the number of the latest tag in the ring of video
 * @has_key: @key has been set, and what it needs is among the heads
 * @heard: when the publisher last sent something, in jiffies
 * @deadline: when subscribers must have taken the rest, in jiffies
 */
struct stream {
	struct dualtree *dt;
	struct dualtree_tx *tx;
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
	unsigned long heard;
	unsigned long deadline;
};

struct stream *stream_create(void);
void stream_count(struct stream *stream);
void stream_destroy(struct stream *stream);
int stream_put(struct stream *stream, struct tag *tag);
bool stream_start(const struct stream *stream, u64 *positions, u64 *key_seq);
int stream_put_heads(struct stream *stream, struct dualtree_buf *to);

#endif /* FLVRELAY_STREAM_H */
