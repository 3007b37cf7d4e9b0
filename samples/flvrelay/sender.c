// SPDX-License-Identifier: GPL-2.0
/*
 * What a subscriber's sends take: an instance of its own, for the records of what is being sent and
 * for the headers of tags. The payloads are the stream's.
 *
 *	a subscriber joins				its sender is created
 *	its instance holds more than its records need	what others have freed, and spares, go back
 *	it leaves or is dropped				its socket is closed; no send is added
 *	all sends have returned, soon after that	the sender is destroyed
 *	the stream ends					when it has no senders
 *
 * So a viewer that reads slowly holds a bounded part of memory, and all of that comes back when it
 * goes. It takes none from the rings, and leaves no holes between their tags.
 *
 * Runs in the relay's thread. The list is changed under the lock of summary.c, which reads it.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "relay.h"
#include "sender.h"
#include "stream.h"
#include "summary.h"

/*
 * Bytes of a sender's instance: more than what a socket holds (QUEUE_MAX), in ranges as small as an
 * audio tag of 100 bytes, of which each takes two records of 64.
 */
#define SENDER_MAX	SZ_512K

/*
 * Pages of a region of it, as a power of two. There are many senders, of which most have a few
 * kilobytes of records: larger regions would be half empty.
 */
#define SENDER_ORDER	1

/* Jiffies between two looks at what it holds: that of a frame. */
#define TRIM_PERIOD	(HZ / 25)

/* Return: a sender of the stream, or NULL on OOM. */
struct sender *sender_create(struct stream *stream)
{
	struct dualtree_params params = {
		.limit = SENDER_MAX,
		.max_region_order = SENDER_ORDER,
	};
	struct sender *sender = kzalloc(sizeof(*sender), GFP_KERNEL);

	if (!sender)
		return NULL;
	sender->dt = dualtree_create("flvrelay sender", &params);
	if (IS_ERR(sender->dt))
		goto free;
	sender->tx = dualtree_tx_create(sender->dt);
	if (IS_ERR(sender->tx))
		goto destroy;
	summary_lock();
	list_add(&sender->list, &stream->senders);
	summary_unlock();
	return sender;

destroy:
	dualtree_destroy(sender->dt);
free:
	kfree(sender);
	return NULL;
}

/* The subscriber's socket is closed, and its buffer purged. */
void sender_leave(struct sender *sender)
{
	sender->left = true;
}

void sender_add_stats(struct dualtree_tx_stats *sum, const struct sender *sender)
{
	struct dualtree_tx_stats sent;

	dualtree_tx_get_stats(sender->tx, &sent);
	sum->sends += sent.sends;
	sum->zerocopy_bytes += sent.zerocopy_bytes;
	sum->copied_bytes += sent.copied_bytes;
	sum->inflight_bytes += sent.inflight_bytes;
}

/* Destroy a sender whose sends have returned. */
static void sender_destroy(struct stream *stream, struct sender *sender)
{
	struct dualtree_stats stats;

	dualtree_get_stats(sender->dt, &stats);
	summary_lock();
	sender_add_stats(&stream->sent, sender);
	count(&totals.bad_frees, stats.bad_frees);
	list_del(&sender->list);
	summary_unlock();
	dualtree_tx_destroy(sender->tx);
	dualtree_destroy(sender->dt);
	kfree(sender);
}

/*
 * Records are freed on the CPU on which a send returns, and this thread takes them back when it
 * needs memory: for a viewer that has stopped reading, much later. Many such viewers hold much.
 */
static void sender_trim(struct sender *sender)
{
	struct dualtree_stats stats;

	if (!time_after(jiffies, sender->trimmed + TRIM_PERIOD))
		return;
	sender->trimmed = jiffies;
	dualtree_get_stats(sender->dt, &stats);
	/* Records of 48 bytes take granules of 64, and a region is a page at least. */
	if (stats.held_bytes > stats.live_bytes + stats.live_bytes / 2 + PAGE_SIZE)
		dualtree_shrink(sender->dt);
}

/*
 * Destroy those whose subscribers are gone and whose sends have returned, and trim the others.
 * Return: none is left.
 */
bool senders_reap(struct stream *stream)
{
	struct sender *sender, *next;

	list_for_each_entry_safe(sender, next, &stream->senders, list) {
		if (!sender->left)
			sender_trim(sender);
		else if (!dualtree_tx_flush(sender->tx, 0))
			sender_destroy(stream, sender);
	}
	return list_empty(&stream->senders);
}

/* Wait until the sends of all have returned; their subscribers are gone. */
void senders_wait(struct stream *stream)
{
	struct sender *sender;

	list_for_each_entry(sender, &stream->senders, list)
		dualtree_tx_flush(sender->tx, MAX_SCHEDULE_TIMEOUT);
	senders_reap(stream);
}
