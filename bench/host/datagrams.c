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
#include "ring.h"
#include "streams.h"

/* Bytes. */
#define ROOM		1500
#define DEPTH_MIN	512
#define DEPTH_MAX	2048

/**
 * struct datagrams - a stream
 * @stream: what all have
 * @ring: what it keeps
 * @buffer: what the next one will be read into, if it waits for that
 */
struct datagrams {
	struct stream stream;
	struct ring ring;
	struct buffer buffer;
};

static void wait(struct play *play, struct datagrams *datagrams)
{
	if (datagrams->stream.option & DATAGRAMS_WAIT)
		dt_buffer_alloc(&play->replay, &datagrams->buffer, ROOM);
	datagrams->stream.due = play->now + random_between(&play->rnd, 2 * USEC_PER_MSEC,
							   8 * USEC_PER_MSEC);
}

static void datagrams_start(struct play *play, struct stream *stream)
{
	struct datagrams *datagrams = (struct datagrams *)stream;

	ring_set_depth(play, &datagrams->ring, DEPTH_MIN, DEPTH_MAX,
		       stream->option & STREAM_ALONE);
	wait(play, datagrams);
}

static void datagrams_step(struct play *play, struct stream *stream)
{
	struct datagrams *datagrams = (struct datagrams *)stream;
	struct packet packet = { .last = true };

	if (!(stream->option & DATAGRAMS_WAIT))
		dt_buffer_alloc(&play->replay, &datagrams->buffer, ROOM);
	dt_buffer_trim(&play->replay, &datagrams->buffer, random_between(&play->rnd, 80, 1300));
	packet.buffer = datagrams->buffer;
	ring_put(&datagrams->ring, &packet);
	datagrams->buffer.len = 0;
	ring_keep_depth(play, &datagrams->ring);
	wait(play, datagrams);
}

static void datagrams_stop(struct play *play, struct stream *stream)
{
	struct datagrams *datagrams = (struct datagrams *)stream;

	dt_buffer_free(&play->replay, &datagrams->buffer);
	ring_empty(play, &datagrams->ring);
}

static void datagrams_mark(struct stream *stream)
{
	ring_mark(&((struct datagrams *)stream)->ring);
}

static bool datagrams_cycled(const struct stream *stream)
{
	return ring_has_cycled(&((const struct datagrams *)stream)->ring);
}

const struct stream_kind datagrams_kind = {
	.size = sizeof(struct datagrams),
	.start = datagrams_start,
	.step = datagrams_step,
	.stop = datagrams_stop,
	.mark = datagrams_mark,
	.cycled = datagrams_cycled,
};
