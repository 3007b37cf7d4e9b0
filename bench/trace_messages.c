// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of messages, as RTMP has them: one allocation each, whole when it arrives.
 *
 * Audio is 47 messages a second of 200 to 400 bytes, video 25 of 2 to 20 KB, and every 50th
 * of them a key frame of 40 to 120 KB. One ring of 20 to 1024 frames keeps both, in the order
 * in which they came. One message in twenty is followed by a control message, which is freed
 * as soon as it is read.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "random.h"
#include "ring.h"
#include "trace.h"

#define AUDIO_PERIOD	(USEC_PER_SEC / 47)
#define VIDEO_PERIOD	(USEC_PER_SEC / 25)
#define KEY_PERIOD	50
#define LEAST_DEPTH	20
#define MOST_DEPTH	1024

/**
 * struct messages - a stream
 * @stream: what all have
 * @ring: its frames
 * @audio_due: when the next audio message arrives
 * @video_due: when the next video message does
 * @videos: how many have
 */
struct messages {
	struct stream stream;
	struct ring ring;
	u64 audio_due;
	u64 video_due;
	u32 videos;
};

static struct messages *to_messages(struct stream *stream)
{
	return container_of(stream, struct messages, stream);
}

static void messages_destroy(struct stream *stream)
{
	ring_destroy(&to_messages(stream)->ring);
	kfree(to_messages(stream));
}

static struct stream *messages_create(unsigned int option)
{
	struct messages *messages = kzalloc(sizeof(*messages), GFP_KERNEL);

	if (!messages)
		return NULL;
	if (ring_create(&messages->ring, MOST_DEPTH + 1)) {
		messages_destroy(&messages->stream);
		return NULL;
	}
	return &messages->stream;
}

static void messages_start(struct replay *r, struct stream *stream)
{
	struct messages *messages = to_messages(stream);

	ring_set_depth(r, &messages->ring, LEAST_DEPTH, MOST_DEPTH, stream->option & STREAM_ALONE);
	messages->audio_due = r->now + random_below(&r->rnd, AUDIO_PERIOD);
	messages->video_due = r->now + random_below(&r->rnd, VIDEO_PERIOD);
	messages->videos = random_below(&r->rnd, KEY_PERIOD);
	stream->due = min(messages->audio_due, messages->video_due);
	stream->running = true;
}

static u32 video_size(struct replay *r, struct messages *messages)
{
	if (++messages->videos % KEY_PERIOD)
		return random_between(&r->rnd, 2000, 20000);
	return random_between(&r->rnd, 40000, 120000);
}

static void control(struct replay *r)
{
	struct buffer buffer;

	buffer_alloc(r, &buffer, random_between(&r->rnd, 16, 128));
	buffer_free(r, &buffer);
}

/* Network jitter is a tenth of a period. */
static u64 next_due(struct replay *r, u32 period)
{
	return r->now + random_between(&r->rnd, period - period / 20, period + period / 20);
}

static void messages_step(struct replay *r, struct stream *stream)
{
	struct messages *messages = to_messages(stream);
	struct buffer buffer;

	if (messages->audio_due <= messages->video_due) {
		buffer_alloc(r, &buffer, random_between(&r->rnd, 200, 400));
		messages->audio_due = next_due(r, AUDIO_PERIOD);
	} else {
		buffer_alloc(r, &buffer, video_size(r, messages));
		messages->video_due = next_due(r, VIDEO_PERIOD);
	}
	ring_put(r, &messages->ring, &buffer);
	ring_keep_depth(r, &messages->ring);
	if (random_chance(&r->rnd, 5))
		control(r);
	stream->due = min(messages->audio_due, messages->video_due);
}

static void messages_stop(struct replay *r, struct stream *stream)
{
	ring_empty(r, &to_messages(stream)->ring);
	stream->running = false;
}

static void messages_mark(struct stream *stream)
{
	ring_mark(&to_messages(stream)->ring);
}

static bool messages_cycled(const struct stream *stream)
{
	return ring_has_cycled(&container_of(stream, const struct messages, stream)->ring);
}

const struct stream_kind messages_kind = {
	.create = messages_create,
	.destroy = messages_destroy,
	.start = messages_start,
	.step = messages_step,
	.stop = messages_stop,
	.mark = messages_mark,
	.cycled = messages_cycled,
};
