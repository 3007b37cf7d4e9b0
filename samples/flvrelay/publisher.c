// SPDX-License-Identifier: GPL-2.0
/*
 * The publisher's connection: receive its bytes where the network card has put them, and keep the
 * tags.
 *
 *	what is due is there				receive all that is there
 *	less is there, for less than WAIT_MAX		leave it in the socket
 *	less is there, for longer			receive it
 *	the instance has no memory			drop the oldest tags; without any, wait
 *	a fault in the stream, a reset, fewer than	reset, with one rate-limited line
 *	 min_rate bytes a second for idle_ms
 *	the end of the stream, where it may be		close
 *
 *	what is received		is
 *	more than COPY_MAX		referred to; what holds much more than it has is copied then
 *	less				copied to the end of the last range, if that can grow
 *
 * A small packet holds a whole buffer of the card, so it is copied in any case. Waiting makes a
 * publisher of small packets cost few calls and few ranges. While the relay waits for memory, TCP
 * stops the publisher. A reset leaves no socket to a peer that does not answer. Runs in the relay's
 * thread; no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "publisher.h"
#include "relay.h"
#include "stream.h"

/* Bytes of one receive: of more than the largest packet, so that few are taken in two parts. */
#define RECEIVE_SIZE	SZ_128K
/* Bytes of a large tag that are due at a time: every receive buffer holds as many. */
#define DUE_MAX		SZ_16K
/* Bytes that are too few to be worth the packets that they are in: an MTU of 1,500 has more. */
#define COPY_MAX	SZ_1K
/* Jiffies that an incomplete tag waits in the socket: five frames at 25 a second. */
#define WAIT_MAX	(HZ / 5)
/* Receives in one round, after which the subscribers get their turn. */
#define RECEIVE_BUDGET	8

/* Take all complete tags. On OOM the next round goes on. Return: why the stream ends, or NULL. */
static const char *stream_take_tags(struct stream *stream)
{
	const char *why = NULL;
	struct tag tag;
	int got;

	dualtree_buf_init(&tag.payload, stream->dt);
	for (;;) {
		got = flv_next(&stream->parser, &tag, &why);
		if (got > 0 && stream_put(stream, &tag)) {
			dualtree_buf_purge(&tag.payload);
			return "no memory";
		}
		stream->starved = got == -ENOMEM && !stream_drop_oldest(stream);
		if (!got || stream->starved)
			return NULL;
		if (got < 0 && got != -ENOMEM)
			return why;
	}
}

static const char *parser_why_ended(const struct stream *stream, ssize_t got)
{
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
		conn_reset(&stream->publisher);
	} else {
		count(&totals.streams, 1);
		pr_info_ratelimited("publisher %s left after %llu tags\n", peer, stream->next_seq);
		conn_close(&stream->publisher);
	}
	stream->deadline = jiffies + settings.drain;
}

/* A publisher has the only place there is: it keeps that by sending at a rate of some use. */
static void publisher_check_rate(struct stream *stream)
{
	size_t least = mult_frac(settings.min_rate, settings.idle, HZ);

	if (!time_after(jiffies, stream->window + settings.idle))
		return;
	if (stream->starved)
		publisher_close(stream, "no memory");
	else if (!stream->window_bytes)
		publisher_close(stream, "silent for too long");
	else if (stream->window_bytes < least)
		publisher_close(stream, "too slow");
	stream->window = jiffies;
	stream->window_bytes = 0;
}

/* Return: true if what is due is there, or has waited for long enough. */
static bool publisher_is_due(const struct stream *stream, size_t due, size_t there)
{
	if (there >= due || conn_ended(&stream->publisher))
		return true;
	/* A small receive window may never hold all of it: after WAIT_MAX take what is there. */
	return there && time_after(jiffies, stream->heard + WAIT_MAX);
}

/* Receive by a copy. Return: as dualtree_buf_recv(). */
static ssize_t receive_copy(struct stream *stream, size_t there)
{
	ssize_t got = dualtree_buf_recv(&stream->parser.in, stream->publisher.sock,
					max_t(size_t, there, 1), MSG_DONTWAIT, GFP_KERNEL);

	if (got > 0)
		WRITE_ONCE(stream->received_bytes, stream->received_bytes + got);
	return got;
}

/* Receive by reference. Return: as dualtree_buf_read_sock(). */
static ssize_t receive_pages(struct stream *stream)
{
	struct dualtree_buf fresh;
	ssize_t got;

	dualtree_buf_init(&fresh, stream->dt);
	got = dualtree_buf_read_sock(stream->pages, &fresh, stream->publisher.sock, RECEIVE_SIZE,
				     GFP_KERNEL);
	stream_compact(&fresh);
	dualtree_buf_splice(&stream->parser.in, &fresh);
	return got;
}

/* Return: bytes received, 0 at the end of the stream, -EAGAIN if too little is there, an error. */
static ssize_t publisher_receive(struct stream *stream)
{
	size_t due = min_t(size_t, flv_due(&stream->parser), DUE_MAX);
	size_t there = conn_there(&stream->publisher);
	ssize_t got;

	if (!publisher_is_due(stream, due, there))
		return -EAGAIN;
	do {
		got = settings.max_held && there <= COPY_MAX ? receive_copy(stream, there) :
							       receive_pages(stream);
	} while (got == -ENOMEM && stream_drop_oldest(stream));
	stream->starved = got == -ENOMEM;
	return stream->starved ? -EAGAIN : got;
}

void publisher_round(struct stream *stream)
{
	const char *why;
	ssize_t got;
	int i;

	for (i = 0; i < RECEIVE_BUDGET; i++) {
		why = stream_take_tags(stream);
		if (why)
			return publisher_close(stream, why);
		got = stream->starved ? -EAGAIN : publisher_receive(stream);
		if (got == -EAGAIN)
			return publisher_check_rate(stream);
		if (got <= 0) {
			why = !got && flv_may_end(&stream->parser) ? NULL : parser_why_ended(stream,
											     got);
			return publisher_close(stream, why);
		}
		stream->heard = jiffies;
		stream->window_bytes += got;
	}
	relay_wake();
}
