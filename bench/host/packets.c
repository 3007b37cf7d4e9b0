// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of packets, as RTSP has them interleaved on one connection: audio and video in the
 * order in which they arrive, in two rings of different lifetimes.
 *
 * Audio is 47 packets a second of 160 to 400 bytes. Video is 25 frames a second of 3 to 15 packets
 * of 1200 to 1450 bytes, and every 50th of 30 to 90; the packets of a frame arrive 50 to 300
 * microseconds after each other, and audio arrives among them. The length is known before a packet
 * is read, so it is allocated so; its header of 16 bytes is freed as soon as it is parsed. The
 * audio ring keeps 256 to 1024 packets, the video ring 64 to 256 frames.
 *
 * Streams that restart run for 15 to 60 seconds and come back after 2 to 15, with rings of other
 * depths. Where packets are held, one in a hundred that leaves a ring is kept by a slow consumer
 * until it is ten times as old.
 */
#include "../random.h"
#include "streams.h"

#define AUDIO_PERIOD	(USEC_PER_SEC / 47)
#define VIDEO_PERIOD	(USEC_PER_SEC / 25)
#define KEY_PERIOD	50
/* Bytes. */
#define HEADER		16
/* Times as old as when it left its ring; packets that are held at a time. */
#define HELD_LONGER	10
#define HELD_MAX	2048

/* Rings; packets that are held are roughly in the order in which they are freed. */
enum { AUDIO, VIDEO, HELD };

struct packets {
	struct stream stream;	/* what all have */
	u64 audio_due;		/* when the next audio packet arrives */
	u64 video_due;		/* when the next video packet does */
	u64 frame_due;		/* when the next frame begins */
	u32 frame_left;		/* packets that the frame still consists of */
	u32 frames;		/* how many have begun */
	u64 ends;		/* when it stops */
};

static void packets_start(struct play *play, struct stream *stream)
{
	struct packets *packets = (struct packets *)stream;
	bool alone = stream->option & STREAM_ALONE;

	ring_set_depth(play, &stream->rings[AUDIO], 256, 1024, alone);
	ring_set_depth(play, &stream->rings[VIDEO], 64, 256, alone);
	packets->audio_due = play->now + random_below(&play->rnd, AUDIO_PERIOD);
	packets->frame_due = play->now + random_below(&play->rnd, VIDEO_PERIOD);
	packets->video_due = packets->frame_due;
	packets->frame_left = 0;
	packets->frames = random_below(&play->rnd, KEY_PERIOD);
	packets->ends = play->now +
			random_between(&play->rnd, 15 * USEC_PER_SEC, 60 * USEC_PER_SEC);
	stream->due = min(packets->audio_due, packets->video_due);
}

static void read_packet(struct play *play, struct packet *packet, u32 size)
{
	packet->when = play->now;
	packet->last = true;
	dt_buffer_alloc(&play->replay, &packet->buffer, size);
	dt_buffer_drop_front(&play->replay, &packet->buffer, HEADER);
}

/* A packet leaves its ring. */
static void leave(struct play *play, struct packets *packets, struct packet *packet)
{
	struct ring *held = &packets->stream.rings[HELD];

	if ((packets->stream.option & PACKETS_HELD) && random_chance(&play->rnd, 1) &&
	    ring_length(held) < HELD_MAX) {
		packet->when += HELD_LONGER * (play->now - packet->when);
		ring_put(held, packet);
	} else {
		dt_buffer_free(&play->replay, &packet->buffer);
	}
}

static void keep_depth(struct play *play, struct packets *packets, struct ring *ring)
{
	struct ring *held = &packets->stream.rings[HELD];
	struct packet packet;

	while (ring->frames > ring->depth && ring_take(ring, &packet))
		leave(play, packets, &packet);
	while (ring_length(held) && ring_oldest(held)->when <= play->now) {
		ring_take(held, &packet);
		dt_buffer_free(&play->replay, &packet.buffer);
	}
}

static void audio_packet(struct play *play, struct packets *packets)
{
	struct packet packet;

	read_packet(play, &packet, random_between(&play->rnd, 160, 400));
	ring_put(&packets->stream.rings[AUDIO], &packet);
	keep_depth(play, packets, &packets->stream.rings[AUDIO]);
	packets->audio_due = play->now + random_between(&play->rnd, AUDIO_PERIOD - USEC_PER_MSEC,
							AUDIO_PERIOD + USEC_PER_MSEC);
}

static void video_packet(struct play *play, struct packets *packets)
{
	struct packet packet;

	if (!packets->frame_left) {
		packets->frame_left = ++packets->frames % KEY_PERIOD ?
			random_between(&play->rnd, 3, 15) : random_between(&play->rnd, 30, 90);
		packets->frame_due += VIDEO_PERIOD;
	}
	read_packet(play, &packet, random_between(&play->rnd, 1200, 1450));
	packet.last = !--packets->frame_left;
	ring_put(&packets->stream.rings[VIDEO], &packet);
	keep_depth(play, packets, &packets->stream.rings[VIDEO]);
	packets->video_due = play->now + random_between(&play->rnd, 50, 300);
	if (packet.last)
		packets->video_due = max(packets->video_due, packets->frame_due);
}

static void packets_step(struct play *play, struct stream *stream)
{
	struct packets *packets = (struct packets *)stream;

	if ((stream->option & PACKETS_RESTART) && !play->closing && play->now >= packets->ends) {
		stream_stop(play, stream);
		stream->due = play->now +
			      random_between(&play->rnd, 2 * USEC_PER_SEC, 15 * USEC_PER_SEC);
		return;
	}
	if (packets->audio_due <= packets->video_due)
		audio_packet(play, packets);
	else
		video_packet(play, packets);
	stream->due = min(packets->audio_due, packets->video_due);
}

const struct stream_kind packets_kind = {
	.size = sizeof(struct packets),
	.start = packets_start,
	.step = packets_step,
};
