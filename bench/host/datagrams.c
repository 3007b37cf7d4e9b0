// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of datagrams, as WebRTC has them: the length is known only when one has arrived, so
 * 1500 bytes are taken and trimmed to the 80 to 1300 that came.
 *
 * One arrives every 2 to 8 milliseconds, which is a megabit a second. A ring keeps 512 to 2048 of
 * them, some seconds, from one key frame to the next and for receivers that ask for one again. A
 * stream that waits has its next 1500 bytes already; the others find datagrams there whenever
 * they look.
 */
#include "../random.h"
#include "streams.h"

/* Bytes. */
#define ROOM		1500
#define DEPTH_MIN	512
#define DEPTH_MAX	2048

static void wait(struct play *play, struct stream *stream)
{
	if (stream->option & DATAGRAMS_WAIT)
		dt_buffer_alloc(&play->replay, &stream->buffer, ROOM);
	stream->due = play->now + random_between(&play->rnd, 2 * USEC_PER_MSEC,
						 8 * USEC_PER_MSEC);
}

static void datagrams_start(struct play *play, struct stream *stream)
{
	ring_set_depth(play, &stream->rings[0], DEPTH_MIN, DEPTH_MAX,
		       stream->option & STREAM_ALONE);
	wait(play, stream);
}

static void datagrams_step(struct play *play, struct stream *stream)
{
	struct packet packet = { .last = true };

	if (!(stream->option & DATAGRAMS_WAIT))
		dt_buffer_alloc(&play->replay, &stream->buffer, ROOM);
	dt_buffer_trim(&play->replay, &stream->buffer, random_between(&play->rnd, 80, 1300));
	packet.buffer = stream->buffer;
	ring_put(&stream->rings[0], &packet);
	stream->buffer.len = 0;
	ring_keep_depth(play, &stream->rings[0]);
	wait(play, stream);
}

const struct stream_kind datagrams_kind = {
	.size = sizeof(struct stream),
	.start = datagrams_start,
	.step = datagrams_step,
};
