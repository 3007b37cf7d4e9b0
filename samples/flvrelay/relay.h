/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the relay have in common: its settings and what it counts. */
#ifndef FLVRELAY_RELAY_H
#define FLVRELAY_RELAY_H

#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct settings - the module's parameters, in force until it is unloaded
 * @video_depth: video and script tags that are kept
 * @audio_depth: audio tags that are kept
 * @max_tag: a payload may be so long
 * @limit: bytes of memory that a stream may take
 * @backlog: tags that a subscriber may be behind when his socket takes no more
 * @idle: jiffies after which a publisher who sends nothing is closed
 * @drain: jiffies that subscribers have to take the rest of a stream
 * @drop_video: a video frame that is withheld, by its number; 0: none
 */
struct settings {
	unsigned int video_depth;
	unsigned int audio_depth;
	unsigned int max_tag;
	size_t limit;
	unsigned int backlog;
	unsigned long idle;
	unsigned long drain;
	unsigned int drop_video;
};

/**
 * struct totals - what happened since the module was loaded; written by the relay's thread
 * @streams: publishers that ended where a stream may end
 * @bad_streams: publishers that were closed, or left in the midst of something
 * @refused: publishers that came while there was one
 * @tags: tags that were taken in
 * @bytes: their payloads, with the trailers
 * @joined: subscribers that were sent a stream, each time that they were
 * @completed: of those, who got all of it to its end
 * @slow: of those, who were dropped since they were too slow
 * @left: subscribers that left by themselves
 * @turned_away: subscribers that were too many
 * @zerocopy_bytes: what the stack read where it lay, of streams that are over
 * @copied_bytes: what it copied of them
 * @sends: calls of a socket, likewise
 * @bad_frees: frees that were refused, likewise
 * @destroyed_bytes: what was live of them, and went with their instance
 */
struct totals {
	unsigned long streams;
	unsigned long bad_streams;
	unsigned long refused;
	unsigned long tags;
	unsigned long bytes;
	unsigned long joined;
	unsigned long completed;
	unsigned long slow;
	unsigned long left;
	unsigned long turned_away;
	unsigned long zerocopy_bytes;
	unsigned long copied_bytes;
	unsigned long sends;
	unsigned long bad_frees;
	unsigned long destroyed_bytes;
};

extern struct settings settings;
extern struct totals totals;

/* The thread alone writes, others read at any time. */
static inline void count(unsigned long *what, unsigned long n)
{
	WRITE_ONCE(*what, *what + n);
}

#endif /* FLVRELAY_RELAY_H */
