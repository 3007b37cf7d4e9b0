/* SPDX-License-Identifier: GPL-2.0 */
/* The relay's settings and counters, which all its files use. */
#ifndef FLVRELAY_RELAY_H
#define FLVRELAY_RELAY_H

#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct settings - the module's parameters; set at load, then constant
 * @video_depth: video and script tags that are kept
 * @audio_depth: audio tags that are kept
 * @max_tag: bytes of the largest payload
 * @limit: bytes of memory that a stream may take; 0: any
 * @max_held: what received bytes that are kept may hold, in percent of them; 0: anything
 * @backlog: tags that a subscriber whose socket is full may lag
 * @wait: jiffies that a subscriber may wait for a stream
 * @idle: jiffies in which a publisher must keep @min_rate
 * @min_rate: bytes a second that a publisher must send
 * @drain: jiffies that subscribers have to take the rest of a stream
 * @drop_video: number of a video frame to withhold; 0: none
 */
struct settings {
	unsigned int video_depth;
	unsigned int audio_depth;
	unsigned int max_tag;
	size_t limit;
	unsigned int max_held;
	unsigned int backlog;
	unsigned long wait;
	unsigned long idle;
	unsigned int min_rate;
	unsigned long drain;
	unsigned int drop_video;
};

/**
 * struct totals - counters since the module was loaded; written by the relay's thread only
 * @streams: publishers that ended where a stream may end
 * @bad_streams: publishers that were closed, or ended inside a tag
 * @refused: publishers refused because there was one
 * @tags: tags received
 * @bytes: bytes of their payloads and trailers
 * @dropped_tags: tags that left a ring which was not full, for memory
 * @joined: times that a subscriber began to get a stream
 * @completed: of those, how many got all of it
 * @slow: of those, how many were dropped for being too slow
 * @left: subscribers that closed their connection
 * @turned_away: subscribers refused because there were max_subscribers, or that waited too long
 * @referenced_bytes: bytes received by reference, of streams that have ended
 * @received_bytes: bytes received by a copy, of streams that have ended
 * @compacted_bytes: bytes copied out of what they held, of streams that have ended
 * @zerocopy_bytes: bytes that the stack read in place, of streams that have ended
 * @copied_bytes: bytes that it copied, of streams that have ended
 * @sends: calls of dualtree_buf_send(), of streams that have ended
 * @bad_frees: refused frees, of streams that have ended
 * @destroyed_bytes: bytes that were live when their stream was destroyed
 */
struct totals {
	unsigned long streams;
	unsigned long bad_streams;
	unsigned long refused;
	unsigned long tags;
	unsigned long bytes;
	unsigned long dropped_tags;
	unsigned long joined;
	unsigned long completed;
	unsigned long slow;
	unsigned long left;
	unsigned long turned_away;
	unsigned long referenced_bytes;
	unsigned long received_bytes;
	unsigned long compacted_bytes;
	unsigned long zerocopy_bytes;
	unsigned long copied_bytes;
	unsigned long sends;
	unsigned long bad_frees;
	unsigned long destroyed_bytes;
};

extern struct settings settings;
extern struct totals totals;

/* The relay's thread only. Readers may run at any time. */
static inline void count(unsigned long *what, unsigned long n)
{
	WRITE_ONCE(*what, *what + n);
}

#endif /* FLVRELAY_RELAY_H */
