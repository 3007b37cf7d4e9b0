// SPDX-License-Identifier: GPL-2.0
/*
 * Receives what the publisher sends, straight into ranges of the stream's instance, and keeps
 * the tags. What is not all there yet waits in the socket for a moment, so that a tag comes to
 * lie in as few ranges as can be, with the header of the next one at the end, which is free as
 * soon as it was read. Whatever is wrong with what he sends closes his connection, with one
 * line that says what; of those that come all the time some lines are left out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "publisher.h"
#include "relay.h"
#include "stream.h"

/* Of a large tag so much at a time: room that is not hard to find. */
#define RECEIVE_SIZE	SZ_16K
/* For what is not all there. */
#define MOST_WAIT	(HZ / 5)
/* After so many the subscribers get their turn. */
#define MAX_RECEIVES	64

/* Return: why the stream is over, or NULL. */
static const char *take_tags(struct stream *stream)
{
	const char *why = NULL;
	struct tag tag;
	int got;

	dualtree_buf_init(&tag.payload, stream->dt);
	while ((got = flv_next(&stream->parser, &tag, &why)) > 0) {
		if (stream_put(stream, &tag)) {
			dualtree_buf_purge(&tag.payload);
			return "no memory";
		}
	}
	return got < 0 ? why : NULL;
}

static const char *why_ended(const struct stream *stream, ssize_t got)
{
	if (got == -ENOMEM)
		return "no memory";
	if (got)
		return "the connection was reset";
	switch (stream->parser.state) {
	case AT_FILE_HEADER:
		return "ended in the file header";
	case AT_TAG:
		return "ended in the header of a tag";
	default:
		return "ended in a tag";
	}
}

/* NULL: he is done, and everything he sent is whole. */
void publisher_close(struct stream *stream, const char *why)
{
	const char *peer = stream->publisher.peer;

	if (why) {
		count(&totals.bad_streams, 1);
		pr_info_ratelimited("publisher %s: %s, after %llu tags\n", peer, why,
				    stream->next_seq);
	} else {
		count(&totals.streams, 1);
		pr_info("publisher %s left after %llu tags\n", peer, stream->next_seq);
	}
	conn_close(&stream->publisher);
	stream->deadline = jiffies + settings.drain;
}

static void check_idle(struct stream *stream)
{
	if (time_after(jiffies, stream->heard + settings.idle))
		publisher_close(stream, "silent for too long");
}

/* What is due is all there, or as much of it as can be waited for. */
static bool is_due(const struct stream *stream, size_t due, size_t there)
{
	if (there >= due || conn_ended(&stream->publisher))
		return true;
	/* However little a receiver's window may have room for, a slow one goes on. */
	return there && time_after(jiffies, stream->heard + MOST_WAIT);
}

/* Return: bytes received; 0: he said that it is the end; -EAGAIN: too little is there. */
static ssize_t receive(struct stream *stream)
{
	size_t due = min_t(size_t, flv_due(&stream->parser), RECEIVE_SIZE);
	size_t there = conn_there(&stream->publisher);

	if (!is_due(stream, due, there))
		return -EAGAIN;
	return dualtree_buf_recv(&stream->parser.in, stream->publisher.sock,
				 clamp_t(size_t, there, 1, due + FLV_TAG_HEADER), MSG_DONTWAIT,
				 GFP_KERNEL);
}

void publisher_round(struct stream *stream)
{
	const char *why;
	ssize_t got;
	int i;

	for (i = 0; i < MAX_RECEIVES; i++) {
		got = receive(stream);
		if (got == -EAGAIN)
			return check_idle(stream);
		if (got <= 0) {
			why = !got && flv_may_end(&stream->parser) ? NULL : why_ended(stream, got);
			return publisher_close(stream, why);
		}
		stream->heard = jiffies;
		why = take_tags(stream);
		if (why)
			return publisher_close(stream, why);
	}
	relay_wake();
}
