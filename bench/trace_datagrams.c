// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of datagrams, as WebRTC has them: the length is known only when one has arrived, so
 * 1500 bytes are taken and trimmed to the 80 to 1300 that came.
 *
 * One arrives every 2 to 8 milliseconds, which is a megabit a second. A ring keeps 512 to
 * 2048 of them, some seconds, from one key frame to the next and for those who ask for one
 * again. A stream that waits has its next 1500 bytes already; the others find datagrams there
 * whenever they look.
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "random.h"
#include "ring.h"
#include "trace.h"

#define ROOM		1500
#define LEAST_DEPTH	512
#define MOST_DEPTH	2048

/**
 * struct datagrams - a stream
 * @stream: what all have
 * @ring: what it keeps
 * @buffer: what the next one will be read into, where it waits for that
 */
struct datagrams {
	struct stream stream;
	struct ring ring;
	struct buffer buffer;
};

static struct datagrams *to_datagrams(struct stream *stream)
{
	return container_of(stream, struct datagrams, stream);
}

static void datagrams_destroy(struct stream *stream)
{
	ring_destroy(&to_datagrams(stream)->ring);
	kfree(to_datagrams(stream));
}

static struct stream *datagrams_create(unsigned int option)
{
	struct datagrams *datagrams = kzalloc(sizeof(*datagrams), GFP_KERNEL);

	if (!datagrams)
		return NULL;
	if (ring_create(&datagrams->ring, MOST_DEPTH + 1)) {
		datagrams_destroy(&datagrams->stream);
		return NULL;
	}
	return &datagrams->stream;
}

static void wait(struct replay *r, struct datagrams *datagrams)
{
	if (datagrams->stream.option & DATAGRAMS_WAIT)
		buffer_alloc(r, &datagrams->buffer, ROOM);
	datagrams->stream.due = r->now + random_between(&r->rnd, 2 * USEC_PER_MSEC,
							8 * USEC_PER_MSEC);
}

static void datagrams_start(struct replay *r, struct stream *stream)
{
	struct datagrams *datagrams = to_datagrams(stream);

	ring_set_depth(r, &datagrams->ring, LEAST_DEPTH, MOST_DEPTH,
		       stream->option & STREAM_ALONE);
	wait(r, datagrams);
	stream->running = true;
}

static void datagrams_step(struct replay *r, struct stream *stream)
{
	struct datagrams *datagrams = to_datagrams(stream);

	if (!(stream->option & DATAGRAMS_WAIT))
		buffer_alloc(r, &datagrams->buffer, ROOM);
	buffer_trim(r, &datagrams->buffer, random_between(&r->rnd, 80, 1300));
	ring_put(r, &datagrams->ring, &datagrams->buffer);
	datagrams->buffer.len = 0;
	ring_keep_depth(r, &datagrams->ring);
	wait(r, datagrams);
}

static void datagrams_stop(struct replay *r, struct stream *stream)
{
	struct datagrams *datagrams = to_datagrams(stream);

	buffer_free(r, &datagrams->buffer);
	ring_empty(r, &datagrams->ring);
	stream->running = false;
}

static void datagrams_mark(struct stream *stream)
{
	ring_mark(&to_datagrams(stream)->ring);
}

static bool datagrams_cycled(const struct stream *stream)
{
	return ring_has_cycled(&container_of(stream, const struct datagrams, stream)->ring);
}

const struct stream_kind datagrams_kind = {
	.create = datagrams_create,
	.destroy = datagrams_destroy,
	.start = datagrams_start,
	.step = datagrams_step,
	.stop = datagrams_stop,
	.mark = datagrams_mark,
	.cycled = datagrams_cycled,
};
