// SPDX-License-Identifier: GPL-2.0
/*
 * The publisher's connection: receive its bytes into ranges of the stream's instance, and keep
 * the tags.
 *
 *	what is due is there				receive it, and the next tag's header
 *	less is there, for less than WAIT_MAX		leave it in the socket
 *	less is there, for longer			receive it
 *	a fault in the stream, a reset, silence		close, with one rate-limited line
 *
 * Waiting puts a tag into few ranges. The next header lies at the end of the last one, and is
 * freed when it is read. Runs in the relay's thread; no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "publisher.h"
#include "relay.h"
#include "stream.h"

/* Bytes of one receive: room of that size is found in most heaps without growth. */
#define RECEIVE_SIZE	SZ_16K
/* Jiffies that an incomplete tag waits in the socket: five frames at 25 a second. */
#define WAIT_MAX	(HZ / 5)
/* Receives in one round, after which the subscribers get their turn. */
#define RECEIVE_BUDGET	64

/* Take all complete tags. Return: why the stream ends, or NULL. */
static const char *stream_take_tags(struct stream *stream)
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

static const char *parser_why_ended(const struct stream *stream, ssize_t got)
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

/* Close the connection. @why: the fault, or NULL if the stream ended where it may. */
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

static void publisher_check_idle(struct stream *stream)
{
	if (time_after(jiffies, stream->heard + settings.idle))
		publisher_close(stream, "silent for too long");
}

/* Return: true if what is due is there, or has waited for long enough. */
static bool publisher_is_due(const struct stream *stream, size_t due, size_t there)
{
	if (there >= due || conn_ended(&stream->publisher))
		return true;
	/* A small receive window may never hold all of it: after WAIT_MAX take what is there. */
	return there && time_after(jiffies, stream->heard + WAIT_MAX);
}

/* Return: bytes received, 0 at the end of the stream, -EAGAIN if too little is there, an error. */
static ssize_t publisher_receive(struct stream *stream)
{
	size_t due = min_t(size_t, flv_due(&stream->parser), RECEIVE_SIZE);
	size_t there = conn_there(&stream->publisher);

	if (!publisher_is_due(stream, due, there))
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

	for (i = 0; i < RECEIVE_BUDGET; i++) {
		got = publisher_receive(stream);
		if (got == -EAGAIN)
			return publisher_check_idle(stream);
		if (got <= 0) {
			why = !got && flv_may_end(&stream->parser) ? NULL : parser_why_ended(stream,
											     got);
			return publisher_close(stream, why);
		}
		stream->heard = jiffies;
		why = stream_take_tags(stream);
		if (why)
			return publisher_close(stream, why);
	}
	relay_wake();
}
