// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of packets, as RTSP has them interleaved on one connection: audio and video in the
 * order in which they arrive, in two rings of different lifetimes.
 *
 * Audio is 47 packets a second of 160 to 400 bytes. Video is 25 frames a second of 3 to 15
 * packets of 1200 to 1450 bytes, and every 50th of 30 to 90; the packets of a frame arrive 50
 * to 300 microseconds after each other, and audio arrives among them. The length is known
 * before a packet is read, so it is allocated so; its header of 16 bytes is freed as soon as
 * it is parsed. The audio ring keeps 256 to 1024 packets, the video ring 64 to 256 frames.
 *
 * Streams that restart run for 15 to 60 seconds and come back after 2 to 15, with rings of
 * other depths. Where packets are held, one in a hundred that leaves a ring is kept by a slow
 * consumer until it is ten times as old.
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
#define HEADER		16
#define HELD_LONGER	10

/* A ring of the deepest kind, with key frames in it, and a frame that is arriving. */
#define MOST_AUDIO	1024
#define MOST_FRAMES	256
#define MOST_VIDEO	(MOST_FRAMES * 15 + (MOST_FRAMES / KEY_PERIOD + 2) * 90)
#define MOST_HELD	2048

/**
 * struct packets - a stream
 * @stream: what all have
 * @audio: its packets
 * @video: its frames
 * @held: packets that left the rings and are held, roughly in the order in which they die
 * @audio_due: when the next audio packet arrives
 * @video_due: when the next video packet does
 * @frame_due: when the next frame begins
 * @frame_left: packets that the frame still consists of
 * @frames: how many have begun
 * @ends: when it stops
 */
struct packets {
	struct stream stream;
	struct ring audio;
	struct ring video;
	struct ring held;
	u64 audio_due;
	u64 video_due;
	u64 frame_due;
	u32 frame_left;
	u32 frames;
	u64 ends;
};

static struct packets *to_packets(struct stream *stream)
{
	return container_of(stream, struct packets, stream);
}

static void packets_destroy(struct stream *stream)
{
	struct packets *packets = to_packets(stream);

	ring_destroy(&packets->audio);
	ring_destroy(&packets->video);
	ring_destroy(&packets->held);
	kfree(packets);
}

static struct stream *packets_create(unsigned int option)
{
	struct packets *packets = kzalloc(sizeof(*packets), GFP_KERNEL);

	if (!packets)
		return NULL;
	if (ring_create(&packets->audio, MOST_AUDIO + 1) ||
	    ring_create(&packets->video, MOST_VIDEO) || ring_create(&packets->held, MOST_HELD)) {
		packets_destroy(&packets->stream);
		return NULL;
	}
	return &packets->stream;
}

static void packets_start(struct replay *r, struct stream *stream)
{
	struct packets *packets = to_packets(stream);
	bool alone = stream->option & STREAM_ALONE;

	ring_set_depth(r, &packets->audio, 256, MOST_AUDIO, alone);
	ring_set_depth(r, &packets->video, 64, MOST_FRAMES, alone);
	packets->audio_due = r->now + random_below(&r->rnd, AUDIO_PERIOD);
	packets->frame_due = r->now + random_below(&r->rnd, VIDEO_PERIOD);
	packets->video_due = packets->frame_due;
	packets->frame_left = 0;
	packets->frames = random_below(&r->rnd, KEY_PERIOD);
	packets->ends = r->now + random_between(&r->rnd, 15 * USEC_PER_SEC, 60 * USEC_PER_SEC);
	stream->due = min(packets->audio_due, packets->video_due);
	stream->running = true;
}

static void read_packet(struct replay *r, struct buffer *buffer, u32 size)
{
	buffer_alloc(r, buffer, size);
	buffer_drop_front(r, buffer, HEADER);
}

/* A packet leaves its ring. */
static void leave(struct replay *r, struct packets *packets, struct buffer *buffer)
{
	if ((packets->stream.option & PACKETS_HELD) && random_chance(&r->rnd, 1) &&
	    !ring_is_full(&packets->held)) {
		buffer->when += HELD_LONGER * (r->now - buffer->when);
		ring_put(r, &packets->held, buffer);
	} else {
		buffer_free(r, buffer);
	}
}

static void keep_depth(struct replay *r, struct packets *packets, struct ring *ring)
{
	struct buffer buffer;

	while (ring->frames > ring->depth && ring_take(ring, &buffer))
		leave(r, packets, &buffer);
	while (!ring_is_empty(&packets->held) && ring_oldest(&packets->held)->when <= r->now) {
		ring_take(&packets->held, &buffer);
		buffer_free(r, &buffer);
	}
}

static void audio_packet(struct replay *r, struct packets *packets)
{
	struct buffer buffer;

	read_packet(r, &buffer, random_between(&r->rnd, 160, 400));
	ring_put(r, &packets->audio, &buffer);
	keep_depth(r, packets, &packets->audio);
	packets->audio_due = r->now + random_between(&r->rnd, AUDIO_PERIOD - USEC_PER_MSEC,
						     AUDIO_PERIOD + USEC_PER_MSEC);
}

static void video_packet(struct replay *r, struct packets *packets)
{
	struct buffer buffer;

	if (!packets->frame_left) {
		packets->frame_left = ++packets->frames % KEY_PERIOD ?
			random_between(&r->rnd, 3, 15) : random_between(&r->rnd, 30, 90);
		packets->frame_due += VIDEO_PERIOD;
	}
	read_packet(r, &buffer, random_between(&r->rnd, 1200, 1450));
	buffer.last = !--packets->frame_left;
	ring_put(r, &packets->video, &buffer);
	keep_depth(r, packets, &packets->video);
	packets->video_due = r->now + random_between(&r->rnd, 50, 300);
	if (buffer.last)
		packets->video_due = max(packets->video_due, packets->frame_due);
}

static void packets_stop(struct replay *r, struct stream *stream)
{
	struct packets *packets = to_packets(stream);

	ring_empty(r, &packets->audio);
	ring_empty(r, &packets->video);
	ring_empty(r, &packets->held);
	stream->running = false;
}

static void packets_step(struct replay *r, struct stream *stream)
{
	struct packets *packets = to_packets(stream);

	if ((stream->option & PACKETS_RESTART) && !r->closing && r->now >= packets->ends) {
		packets_stop(r, stream);
		stream->due = r->now + random_between(&r->rnd, 2 * USEC_PER_SEC, 15 * USEC_PER_SEC);
		return;
	}
	if (packets->audio_due <= packets->video_due)
		audio_packet(r, packets);
	else
		video_packet(r, packets);
	stream->due = min(packets->audio_due, packets->video_due);
}

static void packets_mark(struct stream *stream)
{
	ring_mark(&to_packets(stream)->audio);
	ring_mark(&to_packets(stream)->video);
}

static bool packets_cycled(const struct stream *stream)
{
	const struct packets *packets = container_of(stream, const struct packets, stream);

	return ring_has_cycled(&packets->audio) && ring_has_cycled(&packets->video);
}

const struct stream_kind packets_kind = {
	.create = packets_create,
	.destroy = packets_destroy,
	.start = packets_start,
	.step = packets_step,
	.stop = packets_stop,
	.mark = packets_mark,
	.cycled = packets_cycled,
};
