// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of messages, as RTMP has them: one allocation each, whole when it arrives.
 *
 * Audio is 47 messages a second of 200 to 400 bytes, video 25 of 2 to 20 KB, and every 50th of
 * them a key frame of 40 to 120 KB. One ring of 20 to 1024 frames keeps both, in the order in
 * which they came. One message in twenty is followed by a control message, which is freed as soon
 * as it is read.
 */
#include "../random.h"
#include "streams.h"

#define AUDIO_PERIOD	(USEC_PER_SEC / 47)
#define VIDEO_PERIOD	(USEC_PER_SEC / 25)
#define KEY_PERIOD	50
#define DEPTH_MIN	20
#define DEPTH_MAX	1024

struct messages {
	struct stream stream;	/* what all have; its frames are in the first ring */
	u64 audio_due;		/* when the next audio message arrives */
	u64 video_due;		/* when the next video message does */
	u32 videos;		/* how many have */
};

static void messages_start(struct play *play, struct stream *stream)
{
	struct messages *messages = (struct messages *)stream;

	ring_set_depth(play, &stream->rings[0], DEPTH_MIN, DEPTH_MAX,
		       stream->option & STREAM_ALONE);
	messages->audio_due = play->now + random_below(&play->rnd, AUDIO_PERIOD);
	messages->video_due = play->now + random_below(&play->rnd, VIDEO_PERIOD);
	messages->videos = random_below(&play->rnd, KEY_PERIOD);
	stream->due = min(messages->audio_due, messages->video_due);
}

static u32 video_size(struct play *play, struct messages *messages)
{
	if (++messages->videos % KEY_PERIOD)
		return random_between(&play->rnd, 2000, 20000);
	return random_between(&play->rnd, 40000, 120000);
}

static void control(struct play *play)
{
	struct buffer buffer;

	dt_buffer_alloc(&play->replay, &buffer, random_between(&play->rnd, 16, 128));
	dt_buffer_free(&play->replay, &buffer);
}

/* Network jitter is a tenth of a period. */
static u64 next_due(struct play *play, u32 period)
{
	return play->now + random_between(&play->rnd, period - period / 20, period + period / 20);
}

static void messages_step(struct play *play, struct stream *stream)
{
	struct messages *messages = (struct messages *)stream;
	struct packet packet = { .last = true };

	if (messages->audio_due <= messages->video_due) {
		dt_buffer_alloc(&play->replay, &packet.buffer,
				random_between(&play->rnd, 200, 400));
		messages->audio_due = next_due(play, AUDIO_PERIOD);
	} else {
		dt_buffer_alloc(&play->replay, &packet.buffer, video_size(play, messages));
		messages->video_due = next_due(play, VIDEO_PERIOD);
	}
	ring_put(&stream->rings[0], &packet);
	ring_keep_depth(play, &stream->rings[0]);
	if (random_chance(&play->rnd, 5))
		control(play);
	stream->due = min(messages->audio_due, messages->video_due);
}

const struct stream_kind messages_kind = {
	.size = sizeof(struct messages),
	.start = messages_start,
	.step = messages_step,
};
