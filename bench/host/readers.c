// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of byte streams: take 16 KiB, receive some bytes, give the tail back, and then the
 * front, piece by piece, as it is parsed.
 *
 * A reader that waits has its 16 KiB when the bytes arrive, on average fifty milliseconds later;
 * the others find bytes there whenever they look, and take 16 KiB only then. Half of the receipts
 * are small ones of 64 to 2048 bytes, the others of 1024 to 4096. Half of each are parsed in
 * pieces of 2 to 50 bytes, as length fields and strings are, the others in frames of 139 and 277
 * bytes in turn.
 *
 * From one piece to the next it takes 20 to 60 microseconds, in which others have their turn: of a
 * hundred readers that wait, some four are parsing at a time, which is what one CPU can do; the
 * others hold all they have taken.
 */
#include "../random.h"
#include "streams.h"

/* Bytes of a buffer, and microseconds until some arrive. */
#define ROOM		SZ_16K
#define WAIT_MAX	(100 * USEC_PER_MSEC)

struct reader {
	struct stream stream;	/* what all have */
	bool parsing;		/* there is something in its buffer */
	bool in_frames;		/* it is parsed so */
	u32 frames;		/* parsed so far */
};

/* Until the next piece, and until bytes arrive where they are always there. */
static u32 soon(struct play *play)
{
	return random_between(&play->rnd, 20, 60);
}

static void begin_read(struct play *play, struct reader *reader)
{
	struct stream *stream = &reader->stream;

	reader->parsing = false;
	if (stream->option & READER_WAITS) {
		dt_buffer_alloc(&play->replay, &reader->stream.buffer, ROOM);
		stream->due = play->now + random_below(&play->rnd, WAIT_MAX);
	} else {
		stream->due = play->now + soon(play);
	}
}

static void receive(struct play *play, struct reader *reader)
{
	bool small = random_chance(&play->rnd, 50);

	if (!(reader->stream.option & READER_WAITS))
		dt_buffer_alloc(&play->replay, &reader->stream.buffer, ROOM);
	dt_buffer_trim(&play->replay, &reader->stream.buffer,
		       small ? random_between(&play->rnd, 64, 2048) :
			       random_between(&play->rnd, 1024, 4096));
	reader->parsing = true;
	reader->in_frames = random_chance(&play->rnd, 50);
	reader->stream.count++;
	reader->stream.due = play->now + soon(play);
}

static void parse(struct play *play, struct reader *reader)
{
	u32 piece;

	if (reader->in_frames)
		piece = reader->frames++ & 1 ? 277 : 139;
	else
		piece = random_between(&play->rnd, 2, 50);
	dt_buffer_drop_front(&play->replay, &reader->stream.buffer, piece);
	if (reader->stream.buffer.len)
		reader->stream.due = play->now + soon(play);
	else
		begin_read(play, reader);
}

/* It has no ring: it has cycled when it has taken its next buffer and read into that. */
static void reader_start(struct play *play, struct stream *stream)
{
	stream->cycle = 2;
	begin_read(play, (struct reader *)stream);
}

static void reader_step(struct play *play, struct stream *stream)
{
	struct reader *reader = (struct reader *)stream;

	if (reader->parsing)
		parse(play, reader);
	else
		receive(play, reader);
}

const struct stream_kind reader_kind = {
	.size = sizeof(struct reader),
	.start = reader_start,
	.step = reader_step,
};
