// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of byte streams: take 16 KiB, receive some bytes, give the tail back, and then the
 * front, piece by piece, as it is parsed.
 *
 * A reader that waits has its 16 KiB when the bytes arrive, on average fifty milliseconds
 * later; the others find bytes there whenever they look, and take 16 KiB only then. Half of
 * the receipts are small ones of 64 to 2048 bytes, the others of 1024 to 4096. Half of each
 * are parsed in pieces of 2 to 50 bytes, as length fields and strings are, the others in
 * frames of 139 and 277 bytes in turn.
 *
 * From one piece to the next it takes 20 to 60 microseconds, in which others have their turn:
 * of a hundred readers that wait, some four are parsing at a time, which is what one CPU can
 * do; the others hold all they have taken.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "random.h"
#include "trace.h"

#define ROOM		SZ_16K
#define MOST_WAIT	(100 * USEC_PER_MSEC)

/**
 * struct reader - a stream
 * @stream: what all have
 * @buffer: what it reads into, and then has not parsed yet
 * @parsing: there is something in it
 * @in_frames: it is parsed so
 * @frames: parsed so far
 * @reads: since reader_mark()
 */
struct reader {
	struct stream stream;
	struct buffer buffer;
	bool parsing;
	bool in_frames;
	u32 frames;
	u32 reads;
};

static struct reader *to_reader(struct stream *stream)
{
	return container_of(stream, struct reader, stream);
}

static struct stream *reader_create(unsigned int option)
{
	struct reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);

	return reader ? &reader->stream : NULL;
}

static void reader_destroy(struct stream *stream)
{
	kfree(to_reader(stream));
}

/* Until the next piece, and until bytes arrive where they are always there. */
static u32 soon(struct replay *r)
{
	return random_between(&r->rnd, 20, 60);
}

static void begin_read(struct replay *r, struct reader *reader)
{
	struct stream *stream = &reader->stream;

	reader->parsing = false;
	if (stream->option & READER_WAITS) {
		buffer_alloc(r, &reader->buffer, ROOM);
		stream->due = r->now + random_below(&r->rnd, MOST_WAIT);
	} else {
		stream->due = r->now + soon(r);
	}
}

static void receive(struct replay *r, struct reader *reader)
{
	bool small = random_chance(&r->rnd, 50);

	if (!(reader->stream.option & READER_WAITS))
		buffer_alloc(r, &reader->buffer, ROOM);
	buffer_trim(r, &reader->buffer, small ? random_between(&r->rnd, 64, 2048) :
						random_between(&r->rnd, 1024, 4096));
	reader->parsing = true;
	reader->in_frames = random_chance(&r->rnd, 50);
	reader->reads++;
	reader->stream.due = r->now + soon(r);
}

static void parse(struct replay *r, struct reader *reader)
{
	u32 piece;

	if (reader->in_frames)
		piece = reader->frames++ & 1 ? 277 : 139;
	else
		piece = random_between(&r->rnd, 2, 50);
	buffer_drop_front(r, &reader->buffer, piece);
	if (reader->buffer.len)
		reader->stream.due = r->now + soon(r);
	else
		begin_read(r, reader);
}

static void reader_start(struct replay *r, struct stream *stream)
{
	stream->running = true;
	begin_read(r, to_reader(stream));
}

static void reader_step(struct replay *r, struct stream *stream)
{
	struct reader *reader = to_reader(stream);

	if (reader->parsing)
		parse(r, reader);
	else
		receive(r, reader);
}

static void reader_stop(struct replay *r, struct stream *stream)
{
	buffer_free(r, &to_reader(stream)->buffer);
	stream->running = false;
}

static void reader_mark(struct stream *stream)
{
	to_reader(stream)->reads = 0;
}

/* It has no ring: it has cycled when it has taken its next buffer and read into that. */
static bool reader_cycled(const struct stream *stream)
{
	return container_of(stream, const struct reader, stream)->reads >= 2;
}

const struct stream_kind reader_kind = {
	.create = reader_create,
	.destroy = reader_destroy,
	.start = reader_start,
	.step = reader_step,
	.stop = reader_stop,
	.mark = reader_mark,
	.cycled = reader_cycled,
};
