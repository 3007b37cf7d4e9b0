// SPDX-License-Identifier: GPL-2.0
/*
 * flvrelay: a relay of FLV streams over TCP. One publisher sends to one port, any number of
 * subscribers read from another.
 *
 *	ffmpeg -re -i FILE -c copy -f flv -flvflags no_duration_filesize tcp://HOST:9100
 *	ffplay -f flv tcp://HOST:9101
 *
 * A stream is received into packet buffers of a dualtree instance of its own. A tag's header is
 * freed when it is parsed. Its payload stays where the network card put it, in the ring of its
 * kind and in the sockets of the subscribers, which send it without a copy. What holds too much
 * memory there, and what is small, is copied once, into the instance. The records of what is being
 * sent to a subscriber are in an instance of that subscriber's. A subscriber that joins
 * gets the stream from the last key frame on; one that is too slow is dropped. When the
 * publisher leaves, the subscribers get the rest. Then the stream's pages are released, and its
 * instance is destroyed.
 *
 * One thread does all of this, on non-blocking sockets, so the only lock is the one of
 * debugfs (summary.c). The thread is bound to a CPU, so a stream's memory is in one heap. It waits
 * for nothing but the next event.
 *
 * The end of a stream:
 *
 *	the publisher has left		subscribers are sent the rest, for up to drain_ms
 *	a subscriber has it all, or	it is shut down, and closed when it has acknowledged that;
 *	 that time is up		 or reset, after drain_ms more
 *	no subscriber is left, all	their instances and the stream's are destroyed, and the next
 *	 sends have returned		 publisher is accepted
 *
 * A bad stream costs its connection only: it is reset with one line that names the fault. A
 * publisher cannot take more memory than limit_mib, nor keep the port for longer than idle_ms
 * without sending min_rate bytes a second. One publisher at a time. IPv4, in the initial network
 * namespace.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "conn.h"
#include "publisher.h"
#include "relay.h"
#include "sender.h"
#include "stream.h"
#include "subscriber.h"
#include "summary.h"

/* Tags of a ring: its table then takes 4 MiB. */
#define DEPTH_MAX	SZ_64K
/* Bytes of a payload: the format has 24 bits for its length. */
#define TAG_MAX		(SZ_16M - 1)
/* Jiffies between two rounds without an event: timeouts are seen a round late at most. */
#define ROUND		(HZ / 10)
/* Bytes that a subscriber may send ahead. All of them are discarded. */
#define TALK_ROOM	SZ_4K
/* Connections accepted from a port in one round, so that those there are get their turn. */
#define ACCEPT_BUDGET	16

static ushort publish_port = 9100;
module_param(publish_port, ushort, 0444);
MODULE_PARM_DESC(publish_port, "Port to publish to");

static ushort subscribe_port = 9101;
module_param(subscribe_port, ushort, 0444);
MODULE_PARM_DESC(subscribe_port, "Port to read from");

static unsigned int video_depth = 256;
module_param(video_depth, uint, 0444);
MODULE_PARM_DESC(video_depth, "Video and script tags that are kept");

static unsigned int audio_depth = 512;
module_param(audio_depth, uint, 0444);
MODULE_PARM_DESC(audio_depth, "Audio tags that are kept");

static unsigned int max_tag = SZ_1M;
module_param(max_tag, uint, 0444);
MODULE_PARM_DESC(max_tag, "Bytes that a tag may have");

static unsigned int limit_mib = 64;
module_param(limit_mib, uint, 0444);
MODULE_PARM_DESC(limit_mib, "MiB that a stream may take; 0: no limit");

static unsigned int max_held = 125;
module_param(max_held, uint, 0444);
MODULE_PARM_DESC(max_held, "Percent of a tag's bytes that they may hold where they were received");

static unsigned int backlog = 400;
module_param(backlog, uint, 0444);
MODULE_PARM_DESC(backlog, "Tags that a subscriber whose socket is full may lag");

static unsigned int max_subscribers = 64;
module_param(max_subscribers, uint, 0444);
MODULE_PARM_DESC(max_subscribers, "Subscribers at a time");

static unsigned int wait_ms = 60000;
module_param(wait_ms, uint, 0444);
MODULE_PARM_DESC(wait_ms, "Milliseconds that a subscriber may wait for a stream");

static unsigned int idle_ms = 10000;
module_param(idle_ms, uint, 0444);
MODULE_PARM_DESC(idle_ms, "Milliseconds after which a publisher that is too slow is reset");

static unsigned int min_rate = 256;
module_param(min_rate, uint, 0444);
MODULE_PARM_DESC(min_rate, "Bytes a second that a publisher must send");

static unsigned int drain_ms = 5000;
module_param(drain_ms, uint, 0444);
MODULE_PARM_DESC(drain_ms, "Milliseconds that subscribers have to take the rest of a stream");

static int cpu = -1;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU that the thread runs on; -1: the last that is online");

static unsigned int drop_video;
module_param(drop_video, uint, 0444);
MODULE_PARM_DESC(drop_video, "Number of a video frame to withhold, to test; 0: none");

struct settings settings;
struct totals totals;

/* Used by the thread only, while it runs. */
static struct conn publish_listener;
static struct conn subscribe_listener;
static struct stream *stream;
static LIST_HEAD(subscribers);
static unsigned int nr_subscribers;

static struct task_struct *thread;

static void publisher_refuse(struct conn *conn, const char *why)
{
	pr_info_ratelimited("publisher %s: refused, %s\n", conn->peer, why);
	count(&totals.refused, 1);
	conn_reset(conn);
}

static void publisher_accept(void)
{
	struct stream *made;
	struct conn conn;
	int i;

	/* While the rest of a stream is sent, the next publisher waits in the listen queue. */
	if (stream && !stream->publisher.sock)
		return;
	for (i = 0; i < ACCEPT_BUDGET && !conn_accept(&publish_listener, &conn); i++) {
		if (stream) {
			publisher_refuse(&conn, "there is one already");
			continue;
		}
		made = stream_create();
		if (IS_ERR(made)) {
			publisher_refuse(&conn, "no memory");
			continue;
		}
		made->publisher = conn;
		conn_watch(&made->publisher);
		stream = made;
		summary_set(stream, nr_subscribers);
	}
}

static void subscribers_accept(void)
{
	struct subscriber *sub;
	struct conn conn;
	int i;

	for (i = 0; i < ACCEPT_BUDGET && !conn_accept(&subscribe_listener, &conn); i++) {
		sub = nr_subscribers < max_subscribers ? kzalloc(sizeof(*sub), GFP_KERNEL) : NULL;
		if (!sub) {
			count(&totals.turned_away, 1);
			conn_reset(&conn);
			continue;
		}
		sub->conn = conn;
		sub->since = jiffies;
		conn_watch(&sub->conn);
		list_add_tail(&sub->list, &subscribers);
		summary_set(stream, ++nr_subscribers);
	}
}

static void subscriber_remove(struct subscriber *sub)
{
	subscriber_drop(sub);
	summary_set(stream, --nr_subscribers);
}

/* @closing: the joined ones have been shut down, and are stream_end_round()'s. */
static void subscribers_serve(bool closing)
{
	struct subscriber *sub, *next;

	list_for_each_entry_safe(sub, next, &subscribers, list) {
		if (closing && sub->joined)
			continue;
		if (!subscriber_round(sub, stream))
			subscriber_remove(sub);
		cond_resched();
	}
}

/* Return: true if the rest of the stream has been sent to all, or the time for that is up. */
static bool stream_is_sent(void)
{
	struct subscriber *sub;

	if (time_after(jiffies, stream->deadline))
		return true;
	list_for_each_entry(sub, &subscribers, list) {
		if (!subscriber_done(sub, stream))
			return false;
	}
	return true;
}

static void subscriber_give_up(struct subscriber *sub)
{
	count(&totals.slow, 1);
	pr_info_ratelimited("subscriber %s did not take the end in time\n", sub->conn.peer);
	subscriber_remove(sub);
}

/* Tell the stream's subscribers that it has ended. */
static void stream_shut_down(void)
{
	struct subscriber *sub, *next;

	list_for_each_entry_safe(sub, next, &subscribers, list) {
		if (!subscriber_done(sub, stream))
			subscriber_give_up(sub);
		else if (sub->joined)
			kernel_sock_shutdown(sub->conn.sock, SHUT_WR);
	}
	stream->closing = true;
	stream->deadline = jiffies + settings.drain;
}

/* Close a subscriber that has acknowledged the end. */
static void subscriber_complete(struct subscriber *sub)
{
	count(&totals.completed, 1);
	subscriber_close(sub);
	summary_set(stream, --nr_subscribers);
}

/* Close those that have acknowledged the end. Return: true if the stream has no subscribers. */
static bool subscribers_close(void)
{
	struct subscriber *sub, *next;
	bool none = true;

	list_for_each_entry_safe(sub, next, &subscribers, list) {
		if (!sub->joined)
			continue;
		if (conn_finished(&sub->conn) ||
		    (subscriber_flushed(sub) && !conn_over(&sub->conn))) {
			subscriber_complete(sub);
		} else if (conn_over(&sub->conn) || time_after(jiffies, stream->deadline)) {
			subscriber_give_up(sub);
		} else {
			conn_discard(&sub->conn);
			none = false;
		}
	}
	return none;
}

/* Destroy the stream, once all of its sends have returned. */
static void stream_end(void)
{
	struct stream *over = stream;

	stream = NULL;
	summary_end(over);
	stream_destroy(over);
}

/* One step of the end of a stream whose publisher has left: see the table above. */
static void stream_end_round(void)
{
	if (!stream->closing && stream_is_sent())
		stream_shut_down();
	/* A device may still hold sends of sockets that were reset. It returns them soon. */
	if (stream->closing && subscribers_close() && senders_reap(stream))
		stream_end();
}

/* End all connections and the stream, at unload. */
static void relay_end(void)
{
	struct subscriber *sub, *next;

	list_for_each_entry_safe(sub, next, &subscribers, list)
		subscriber_remove(sub);
	if (!stream)
		return;
	if (stream->publisher.sock)
		publisher_close(stream, "the relay is unloaded");
	senders_wait(stream);
	stream_end();
}

static int relay(void *unused)
{
	while (!kthread_should_stop()) {
		relay_wait(ROUND);
		subscribers_accept();
		publisher_accept();
		if (stream && stream->publisher.sock)
			publisher_round(stream);
		subscribers_serve(stream && stream->closing);
		if (stream)
			senders_reap(stream);
		if (stream && !stream->publisher.sock)
			stream_end_round();
		cond_resched();
	}
	relay_end();
	return 0;
}

static int check_parameters(void)
{
	if (!video_depth || video_depth > DEPTH_MAX || !audio_depth || audio_depth > DEPTH_MAX) {
		pr_err("video_depth and audio_depth must be 1 to %d\n", DEPTH_MAX);
		return -EINVAL;
	}
	if (!max_tag || max_tag > TAG_MAX) {
		pr_err("max_tag must be 1 to %d\n", TAG_MAX);
		return -EINVAL;
	}
	if (cpu == -1)
		cpu = cpumask_last(cpu_online_mask);
	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		pr_err("cpu %d is not online\n", cpu);
		return -EINVAL;
	}
	settings = (struct settings) {
		.video_depth = video_depth,
		.audio_depth = audio_depth,
		.max_tag = max_tag,
		.limit = (size_t)limit_mib << 20,
		.max_held = max_held,
		.backlog = backlog,
		.wait = msecs_to_jiffies(wait_ms),
		.idle = msecs_to_jiffies(idle_ms),
		.min_rate = min_rate,
		.drain = msecs_to_jiffies(drain_ms),
		.drop_video = drop_video,
	};
	return 0;
}

static int start_listening(void)
{
	int err = conn_listen(&publish_listener, publish_port, 0);

	if (err) {
		pr_err("cannot listen on port %u: %d\n", publish_port, err);
		return err;
	}
	err = conn_listen(&subscribe_listener, subscribe_port, TALK_ROOM);
	if (err) {
		pr_err("cannot listen on port %u: %d\n", subscribe_port, err);
		conn_close(&publish_listener);
	}
	return err;
}

static void stop_listening(void)
{
	conn_close(&publish_listener);
	conn_close(&subscribe_listener);
}

static int __init flvrelay_init(void)
{
	int err = check_parameters();

	if (!err)
		err = start_listening();
	if (err)
		return err;
	thread = kthread_create(relay, NULL, "flvrelay");
	if (IS_ERR(thread)) {
		stop_listening();
		return PTR_ERR(thread);
	}
	kthread_bind(thread, cpu);
	summary_create();
	wake_up_process(thread);
	return 0;
}

/* Remove the reader (debugfs) first, then stop the thread, which frees all it has. */
static void __exit flvrelay_exit(void)
{
	summary_remove();
	kthread_stop(thread);
	stop_listening();
	pr_info("unloaded: streams %lu bad_streams %lu tags %lu referenced %lu received %lu compacted %lu zerocopy %lu copied %lu bad_frees %lu\n",
		totals.streams, totals.bad_streams, totals.tags, totals.referenced_bytes,
		totals.received_bytes, totals.compacted_bytes, totals.zerocopy_bytes,
		totals.copied_bytes, totals.bad_frees);
}

module_init(flvrelay_init);
module_exit(flvrelay_exit);

MODULE_DESCRIPTION("Sample of dualtree: a relay of FLV streams");
MODULE_LICENSE("GPL");
