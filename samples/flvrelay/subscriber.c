// SPDX-License-Identifier: GPL-2.0
/*
 * A subscriber has no queue: he has a place in each ring. What comes next there is shared with
 * him when his socket has taken what came before, a batch at a time, and is sent from where it
 * lies. Someone who is slow falls behind until he is dropped: he costs what his socket
 * holds, and delays nobody.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "relay.h"
#include "subscriber.h"

/* What belongs together is sent in one call: TCP does not merge packets of two. */
#define BATCH		SZ_32K
/* After so many others get their turn. */
#define MAX_BATCHES	16
/* Bytes that may wait in his socket, as the kernel counts them: whole pages. */
#define QUEUE		SZ_1M

/* A place in a ring that is older than the ring's oldest tag. */
static bool fell_out(const struct subscriber *sub, const struct stream *stream)
{
	int i;

	for (i = 0; i < NR_RINGS; i++) {
		if (sub->positions[i] < stream->rings[i].first)
			return true;
	}
	return false;
}

/* The older one of the two that come next; NULL if he has all. */
static struct tag *next_tag(const struct subscriber *sub, const struct stream *stream,
			    enum ring_of *from)
{
	struct tag *video = ring_at(&stream->rings[RING_VIDEO], sub->positions[RING_VIDEO]);
	struct tag *audio = ring_at(&stream->rings[RING_AUDIO], sub->positions[RING_AUDIO]);
	bool is_audio = audio && (!video || audio->seq < video->seq);

	*from = is_audio ? RING_AUDIO : RING_VIDEO;
	return is_audio ? audio : video;
}

/* Share what comes next, until it is a batch. Return: 0 or -ENOMEM. */
static int fill(struct subscriber *sub, struct stream *stream)
{
	enum ring_of from;
	struct tag *tag;

	while (dualtree_buf_len(&sub->out) < BATCH) {
		tag = next_tag(sub, stream, &from);
		if (!tag)
			return 0;
		/* Of what is not a frame he has had the latest in the beginning. */
		if ((tag->kind == KIND_FRAME || tag->kind == KIND_KEY || tag->seq > sub->key_seq) &&
		    flv_put_tag(&sub->out, tag))
			return -ENOMEM;
		sub->positions[from]++;
	}
	return 0;
}

/* Return: 1 to go on, 0 if there is no more to send or no more room, or why he is gone. */
static int send_batch(struct subscriber *sub, struct stream *stream)
{
	size_t len;
	ssize_t sent;

	/* Out of memory is like out of room: he gets it later, or too late. */
	if (fill(sub, stream) && !dualtree_buf_len(&sub->out)) {
		sub->stuck = true;
		return 0;
	}
	len = dualtree_buf_len(&sub->out);
	sub->stuck = false;
	if (!len)
		return 0;
	sent = dualtree_buf_send(stream->tx, sub->conn.sock, &sub->out, len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && sent != -EAGAIN && sent != -ENOMEM)
		return sent;
	sub->stuck = sent < (ssize_t)len;
	return !sub->stuck;
}

static u64 tags_behind(const struct subscriber *sub, const struct stream *stream)
{
	enum ring_of from;
	struct tag *tag = next_tag(sub, stream, &from);

	return tag ? stream->next_seq - tag->seq : 0;
}

static bool is_slow(const struct subscriber *sub, const struct stream *stream)
{
	if (fell_out(sub, stream))
		return true;
	return sub->stuck && tags_behind(sub, stream) > settings.backlog;
}

static void join(struct subscriber *sub, struct stream *stream)
{
	if (!stream_start(stream, sub->positions, &sub->key_seq))
		return;
	dualtree_buf_init(&sub->out, stream->dt);
	if (stream_put_heads(stream, &sub->out)) {
		dualtree_buf_purge(&sub->out);
		return;
	}
	sub->joined = true;
	count(&totals.joined, 1);
	conn_bound_queue(&sub->conn, QUEUE);
}

static bool gone(struct subscriber *sub)
{
	count(&totals.left, 1);
	pr_info_ratelimited("subscriber %s left\n", sub->conn.peer);
	return false;
}

/* Send what there is. @stream: NULL if there is none. Return: false if he is to be dropped. */
bool subscriber_round(struct subscriber *sub, struct stream *stream)
{
	int i, more = 1;

	if (conn_left(&sub->conn))
		return gone(sub);
	if (stream && !sub->joined && stream->publisher.sock)
		join(sub, stream);
	if (!sub->joined)
		return true;
	for (i = 0; i < MAX_BATCHES && more > 0 && !fell_out(sub, stream); i++)
		more = send_batch(sub, stream);
	if (more < 0)
		return gone(sub);
	if (more)
		relay_wake();
	if (!is_slow(sub, stream))
		return true;
	count(&totals.slow, 1);
	pr_info_ratelimited("subscriber %s is too slow: dropped\n", sub->conn.peer);
	return false;
}

/* He has been sent all that there is. */
bool subscriber_done(const struct subscriber *sub, const struct stream *stream)
{
	return !sub->joined ||
	       (!dualtree_buf_len(&sub->out) && !tags_behind(sub, stream));
}

/* What he was sent and has not acknowledged comes back at once. */
void subscriber_drop(struct subscriber *sub)
{
	conn_reset(&sub->conn);
	if (sub->joined)
		dualtree_buf_purge(&sub->out);
	list_del(&sub->list);
	kfree(sub);
}
