// SPDX-License-Identifier: GPL-2.0
/*
 * flvrelay: one publishes a stream of FLV over TCP to one port, any number read it from another.
 *
 *	ffmpeg -re -i FILE -c copy -f flv -flvflags no_duration_filesize tcp://HOST:9100
 *	ffplay -f flv tcp://HOST:9101
 *
 * What the publisher sends is received into ranges of a dualtree instance that is his stream's
 * own. The headers of tags are free as soon as they are parsed; their payloads are kept where
 * the socket put them, as many of each kind as the rings are long, and sent from there to all
 * who read, without copying. Who joins gets the stream from the last key frame on. Who is too
 * slow is dropped. When the publisher leaves they get the rest, and the instance is
 * destroyed, with all that is in it, in one call.
 *
 * One thread does everything, and its sockets never wait; so there is no lock but the one of
 * what debugfs shows (summary.c). It runs on one CPU where it can, so that a stream's memory
 * is in one heap. Only in the end, when a stream is over, does it wait for what is in flight:
 * at most as long as drain_ms.
 *
 * Nothing that a publisher sends costs more than his connection: one line says what was
 * wrong. He cannot take more memory than limit_mib, nor the port for longer than idle_ms
 * without sending. One publishes at a time. IPv4, in the initial network namespace.
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
#include "stream.h"
#include "subscriber.h"
#include "summary.h"

#define MAX_DEPTH	SZ_64K
/* FLV cannot say more. */
#define MAX_TAG		(SZ_16M - 1)
/* What only time tells, a silent publisher for one, is looked for so often. */
#define ROUND		(HZ / 10)
/* Of each kind in a round: whoever is connected must get his turn. */
#define MAX_ACCEPTS	16

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

static unsigned int backlog = 400;
module_param(backlog, uint, 0444);
MODULE_PARM_DESC(backlog, "Tags that a subscriber who takes no more may be behind");

static unsigned int max_subscribers = 64;
module_param(max_subscribers, uint, 0444);
MODULE_PARM_DESC(max_subscribers, "Subscribers at a time");

static unsigned int idle_ms = 10000;
module_param(idle_ms, uint, 0444);
MODULE_PARM_DESC(idle_ms, "A publisher who sends nothing for so long is closed");

static unsigned int drain_ms = 5000;
module_param(drain_ms, uint, 0444);
MODULE_PARM_DESC(drain_ms, "So long subscribers have to take the rest of a stream");

static int cpu = -1;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU that it runs on; -1: the last that is online");

static unsigned int drop_video;
module_param(drop_video, uint, 0444);
MODULE_PARM_DESC(drop_video, "Video frame to withhold, to show that it is missed; 0: none");

struct settings settings;
struct totals totals;

/* All that follows is the thread's while it runs. */
static struct conn publish_listener;
static struct conn subscribe_listener;
static struct stream *stream;
static LIST_HEAD(subscribers);
static unsigned int nr_subscribers;

static struct task_struct *thread;

static void refuse(struct conn *conn, const char *why)
{
	pr_info_ratelimited("publisher %s: refused, %s\n", conn->peer, why);
	count(&totals.refused, 1);
	conn_reset(conn);
}

static void accept_publisher(void)
{
	struct stream *made;
	struct conn conn;
	int i;

	/* Who comes while the rest of a stream is being sent waits for its end. */
	if (stream && !stream->publisher.sock)
		return;
	for (i = 0; i < MAX_ACCEPTS && !conn_accept(&publish_listener, &conn); i++) {
		if (stream) {
			refuse(&conn, "there is one already");
			continue;
		}
		made = stream_create();
		if (IS_ERR(made)) {
			refuse(&conn, "no memory");
			continue;
		}
		made->publisher = conn;
		conn_watch(&made->publisher);
		stream = made;
		summary_set(stream, nr_subscribers);
	}
}

static void accept_subscribers(void)
{
	struct subscriber *sub;
	struct conn conn;
	int i;

	for (i = 0; i < MAX_ACCEPTS && !conn_accept(&subscribe_listener, &conn); i++) {
		sub = nr_subscribers < max_subscribers ? kzalloc(sizeof(*sub), GFP_KERNEL) : NULL;
		if (!sub) {
			count(&totals.turned_away, 1);
			conn_reset(&conn);
			continue;
		}
		sub->conn = conn;
		conn_watch(&sub->conn);
		list_add_tail(&sub->list, &subscribers);
		summary_set(stream, ++nr_subscribers);
	}
}

static void drop(struct subscriber *sub)
{
	subscriber_drop(sub);
	summary_set(stream, --nr_subscribers);
}

static void serve_subscribers(void)
{
	struct subscriber *sub, *next;

	list_for_each_entry_safe(sub, next, &subscribers, list) {
		if (!subscriber_round(sub, stream))
			drop(sub);
	}
}

/* The publisher is gone, and everyone has been sent the rest or has had the time for it. */
static bool stream_is_over(void)
{
	struct subscriber *sub;

	if (stream->publisher.sock)
		return false;
	if (time_after(jiffies, stream->deadline))
		return true;
	list_for_each_entry(sub, &subscribers, list) {
		if (!subscriber_done(sub, stream))
			return false;
	}
	return true;
}

/* He was sent the end of it. @flushed: and so were all others, and it has arrived. */
static void release(struct subscriber *sub, bool flushed)
{
	if (!subscriber_done(sub, stream) || !(flushed || conn_finished(&sub->conn))) {
		count(&totals.slow, 1);
		pr_info("subscriber %s did not take the end in time\n", sub->conn.peer);
		drop(sub);
		return;
	}
	count(&totals.completed, 1);
	list_del(&sub->list);
	conn_close(&sub->conn);
	kfree(sub);
	summary_set(stream, --nr_subscribers);
}

/*
 * Those who were sent it are told that it is over, and get what is in flight; who does not take
 * it in time loses it. Then nothing of the stream is left but its instance.
 */
static void end_stream(void)
{
	struct subscriber *sub, *next;
	struct stream *over = stream;
	bool flushed;

	list_for_each_entry(sub, &subscribers, list) {
		if (sub->joined)
			kernel_sock_shutdown(sub->conn.sock, SHUT_WR);
	}
	flushed = !dualtree_tx_flush(stream->tx, settings.drain);
	list_for_each_entry_safe(sub, next, &subscribers, list) {
		if (sub->joined)
			release(sub, flushed);
	}
	/* What sockets that were reset had in flight is on its way back from the device. */
	dualtree_tx_flush(stream->tx, MAX_SCHEDULE_TIMEOUT);
	stream = NULL;
	summary_end(over);
	stream_destroy(over);
}

/* At the end, whatever is going on. */
static void end_all(void)
{
	struct subscriber *sub, *next;

	list_for_each_entry_safe(sub, next, &subscribers, list)
		drop(sub);
	if (!stream)
		return;
	if (stream->publisher.sock)
		publisher_close(stream, "the relay is unloaded");
	end_stream();
}

static int relay(void *unused)
{
	while (!kthread_should_stop()) {
		relay_wait(ROUND);
		accept_subscribers();
		accept_publisher();
		if (stream && stream->publisher.sock)
			publisher_round(stream);
		serve_subscribers();
		if (stream && stream_is_over())
			end_stream();
	}
	end_all();
	return 0;
}

static int check_parameters(void)
{
	if (!video_depth || video_depth > MAX_DEPTH || !audio_depth || audio_depth > MAX_DEPTH) {
		pr_err("video_depth and audio_depth must be 1 to %d\n", MAX_DEPTH);
		return -EINVAL;
	}
	if (!max_tag || max_tag > MAX_TAG) {
		pr_err("max_tag must be 1 to %d\n", MAX_TAG);
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
		.backlog = backlog,
		.idle = msecs_to_jiffies(idle_ms),
		.drain = msecs_to_jiffies(drain_ms),
		.drop_video = drop_video,
	};
	return 0;
}

static int start_listening(void)
{
	int err = conn_listen(&publish_listener, publish_port);

	if (err) {
		pr_err("cannot listen on port %u: %d\n", publish_port, err);
		return err;
	}
	err = conn_listen(&subscribe_listener, subscribe_port);
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

/* Whoever reads first, then the thread with all that is its own. */
static void __exit flvrelay_exit(void)
{
	summary_remove();
	kthread_stop(thread);
	stop_listening();
	pr_info("unloaded: streams %lu bad_streams %lu tags %lu zerocopy %lu copied %lu bad_frees %lu\n",
		totals.streams, totals.bad_streams, totals.tags, totals.zerocopy_bytes,
		totals.copied_bytes, totals.bad_frees);
}

module_init(flvrelay_init);
module_exit(flvrelay_exit);

MODULE_DESCRIPTION("Sample of dualtree: a relay of FLV streams");
MODULE_LICENSE("GPL");
