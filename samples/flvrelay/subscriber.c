// SPDX-License-Identifier: GPL-2.0
/*
 * Subscribers. A subscriber has a position in each ring and no queue.
 *
 *	its socket has taken the last batch	clone the next tags and send them
 *	its socket is full, the lag is small	wait for send space
 *	its lag exceeds settings.backlog	drop
 *	its next tag has left the ring		drop
 *	it has waited for settings.wait		drop
 *	its side of the connection has ended	go on: it may still read
 *	 and nothing is published		drop: nothing would tell that it has closed
 *
 * So a slow subscriber costs what its socket holds, and delays no other. What subscribers send is
 * discarded. Runs in the relay's thread; no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "relay.h"
#include "sender.h"
#include "subscriber.h"

/* Bytes of one send. TCP does not merge packets of two sends, so small ones waste packets. */
#define BATCH		SZ_32K
/* Sends in one round, after which other subscribers get their turn. */
#define BATCH_BUDGET	16
/*
 * Bytes that a socket may hold, as the kernel counts them: in whole pages, and with its own
 * records. They are for what is on its way, as much as 10 Mbit/s need at 150 ms. A viewer that is
 * slower for a while has the rings.
 */
#define QUEUE_MAX	SZ_256K

/* Return: true if the next tag of a ring has been dropped from it. */
static bool subscriber_fell_out(const struct subscriber *sub, const struct stream *stream)
{
	int i;

	for (i = 0; i < NR_RINGS; i++) {
		if (sub->positions[i] < stream->rings[i].first)
			return true;
	}
	return false;
}

/* Return: the next tag, the older one of both rings', or NULL if all have been sent. */
static struct tag *subscriber_next_tag(const struct subscriber *sub, const struct stream *stream,
				       enum ring_of *from)
{
	struct tag *video = ring_at(&stream->rings[RING_VIDEO], sub->positions[RING_VIDEO]);
	struct tag *audio = ring_at(&stream->rings[RING_AUDIO], sub->positions[RING_AUDIO]);
	bool is_audio = audio && (!video || audio->seq < video->seq);

	*from = is_audio ? RING_AUDIO : RING_VIDEO;
	return is_audio ? audio : video;
}

/* Clone the next tags, up to a batch. Return: 0 or -ENOMEM. */
static int batch_fill(struct subscriber *sub, struct stream *stream)
{
	enum ring_of from;
	struct tag *tag;

	while (dualtree_buf_len(&sub->out) < BATCH) {
		tag = subscriber_next_tag(sub, stream, &from);
		if (!tag)
			return 0;
		/* Older heads were sent by stream_put_heads(). */
		if ((tag->kind == KIND_FRAME || tag->kind == KIND_KEY || tag->seq > sub->key_seq) &&
		    flv_put_tag(&sub->out, tag))
			return -ENOMEM;
		sub->positions[from]++;
	}
	return 0;
}

/* Return: 1 to go on, 0 if all is sent or the socket is full, or the error of a lost connection. */
static int batch_send(struct subscriber *sub, struct stream *stream)
{
	size_t len;
	ssize_t sent;

	/* OOM counts as a full socket: the next round tries again. */
	if (batch_fill(sub, stream) && !dualtree_buf_len(&sub->out)) {
		sub->stuck = true;
		return 0;
	}
	len = dualtree_buf_len(&sub->out);
	sub->stuck = false;
	if (!len)
		return 0;
	sent = dualtree_buf_send(sub->sender->tx, sub->conn.sock, &sub->out, len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && sent != -EAGAIN && sent != -ENOMEM)
		return sent;
	sub->stuck = sent < (ssize_t)len;
	return !sub->stuck;
}

static u64 subscriber_lag(const struct subscriber *sub, const struct stream *stream)
{
	enum ring_of from;
	struct tag *tag = subscriber_next_tag(sub, stream, &from);

	return tag ? stream->next_seq - tag->seq : 0;
}

static bool subscriber_is_slow(const struct subscriber *sub, const struct stream *stream)
{
	if (subscriber_fell_out(sub, stream))
		return true;
	return sub->stuck && subscriber_lag(sub, stream) > settings.backlog;
}

static void subscriber_join(struct subscriber *sub, struct stream *stream)
{
	if (!stream_start(stream, sub->positions, &sub->key_seq))
		return;
	sub->sender = sender_create(stream);
	if (!sub->sender)
		return;
	dualtree_buf_init(&sub->out, sub->sender->dt);
	if (stream_put_heads(stream, &sub->out)) {
		dualtree_buf_purge(&sub->out);
		sender_leave(sub->sender);
		return;
	}
	sub->joined = true;
	count(&totals.joined, 1);
	conn_bound_queue(&sub->conn, QUEUE_MAX);
}

static bool subscriber_left(struct subscriber *sub)
{
	count(&totals.left, 1);
	pr_info_ratelimited("subscriber %s left\n", sub->conn.peer);
	return false;
}

/* Discard what the subscriber sends. Return: false if the connection is lost. */
static bool subscriber_listen(struct subscriber *sub)
{
	int got;

	if (conn_over(&sub->conn))
		return false;
	if (sub->ended)
		return true;
	got = conn_discard(&sub->conn);
	if (got > 0)
		relay_wake();
	sub->ended = got == -ENODATA;
	return got >= 0 || sub->ended;
}

/* Return: false if a subscriber that has not joined is not to wait any longer. */
static bool subscriber_may_wait(struct subscriber *sub, bool publishing)
{
	if (sub->ended && !publishing)
		return subscriber_left(sub);
	if (time_before(jiffies, sub->since + settings.wait))
		return true;
	count(&totals.turned_away, 1);
	pr_info_ratelimited("subscriber %s has waited for too long\n", sub->conn.peer);
	return false;
}

/* Send what there is. @stream: NULL if there is none. Return: false if the caller must drop it. */
bool subscriber_round(struct subscriber *sub, struct stream *stream)
{
	bool publishing = stream && stream->publisher.sock;
	int i, more = 1;

	if (!subscriber_listen(sub))
		return subscriber_left(sub);
	if (!sub->joined && publishing)
		subscriber_join(sub, stream);
	if (!sub->joined)
		return subscriber_may_wait(sub, publishing);
	for (i = 0; i < BATCH_BUDGET && more > 0 && !subscriber_fell_out(sub, stream); i++)
		more = batch_send(sub, stream);
	if (more < 0)
		return subscriber_left(sub);
	if (more)
		relay_wake();
	if (!subscriber_is_slow(sub, stream))
		return true;
	count(&totals.slow, 1);
	pr_info_ratelimited("subscriber %s is too slow: dropped\n", sub->conn.peer);
	return false;
}

/* Return: true if all tags have been handed to the socket. */
bool subscriber_done(const struct subscriber *sub, const struct stream *stream)
{
	return !sub->joined ||
	       (!dualtree_buf_len(&sub->out) && !subscriber_lag(sub, stream));
}

/* Return: true if the stack is done with all that was sent to it. */
bool subscriber_flushed(const struct subscriber *sub)
{
	return !dualtree_tx_flush(sub->sender->tx, 0);
}

static void subscriber_free(struct subscriber *sub)
{
	if (sub->joined) {
		dualtree_buf_purge(&sub->out);
		sender_leave(sub->sender);
	}
	list_del(&sub->list);
	kfree(sub);
}

/* Close and free a subscriber that has joined and taken all. */
void subscriber_close(struct subscriber *sub)
{
	conn_close(&sub->conn);
	subscriber_free(sub);
}

/* Reset and free a subscriber. Sends that it has not acknowledged return at once. */
void subscriber_drop(struct subscriber *sub)
{
	conn_reset(&sub->conn);
	subscriber_free(sub);
}
