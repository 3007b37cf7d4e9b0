// SPDX-License-Identifier: GPL-2.0
/*
 * flvrelay/summary in debugfs: one "NAME VALUE" per line. Memory and sends in flight are those
 * of the current stream; the other lines are totals of all streams. Live and held bytes are those
 * of its instance, of its subscribers' and of the stack's pages together; without a stream there
 * are none.
 *
 *	referenced_bytes	received without a copy
 *	received_bytes		received by a copy
 *	compacted_bytes		of the first ones, copied later, out of what held too much
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include <dualtree/dualtree.h>

#include "relay.h"
#include "sender.h"
#include "stream.h"
#include "summary.h"

/*
 * Guards the pointers below, and the stream's list of senders. The relay's thread takes it to
 * change them, so neither is destroyed while a reader of the file uses it.
 */
static DEFINE_MUTEX(summary_mutex);
static struct stream *shown;
static unsigned int shown_subscribers;

static struct dentry *directory;

void summary_lock(void)
{
	mutex_lock(&summary_mutex);
}

void summary_unlock(void)
{
	mutex_unlock(&summary_mutex);
}

void summary_set(struct stream *stream, unsigned int subscribers)
{
	summary_lock();
	shown = stream;
	shown_subscribers = subscribers;
	summary_unlock();
}

/* Add an ended stream to the totals, and show it no more. */
void summary_end(struct stream *stream)
{
	summary_lock();
	stream_count(stream);
	shown = NULL;
	summary_unlock();
}

/* Add up what the instances of a stream and of its senders say, and what was sent. */
static void sum_stream(const struct stream *stream, struct dualtree_stats *stats,
		       struct dualtree_tx_stats *sent)
{
	struct dualtree_stats part;
	struct sender *sender;

	dualtree_get_stats(stream->dt, stats);
	*sent = stream->sent;
	list_for_each_entry(sender, &stream->senders, list) {
		dualtree_get_stats(sender->dt, &part);
		stats->live_bytes += part.live_bytes;
		stats->held_bytes += part.held_bytes;
		stats->bad_frees += part.bad_frees;
		sender_add_stats(sent, sender);
	}
}

static void show_stream(struct seq_file *seq, struct stream *stream)
{
	struct dualtree_pages_stats pages = {};
	struct dualtree_tx_stats sent = {};
	struct dualtree_stats stats = {};
	unsigned long received = totals.received_bytes;
	size_t kept = 0;
	int i;

	for (i = 0; stream && i < NR_RINGS; i++)
		kept += READ_ONCE(stream->rings[i].bytes);
	if (stream) {
		sum_stream(stream, &stats, &sent);
		dualtree_pages_get_stats(stream->pages, &pages);
		received += READ_ONCE(stream->received_bytes) + pages.copied_bytes;
	}
	seq_printf(seq, "live_bytes %zu\n", stats.live_bytes + pages.live_bytes);
	seq_printf(seq, "held_bytes %zu\n", stats.held_bytes + pages.held_bytes);
	seq_printf(seq, "live_in_pages_bytes %zu\n", pages.live_bytes);
	seq_printf(seq, "held_in_pages_bytes %zu\n", pages.held_bytes);
	seq_printf(seq, "kept_bytes %zu\n", kept);
	seq_printf(seq, "inflight_bytes %zu\n", sent.inflight_bytes);
	seq_printf(seq, "referenced_bytes %llu\n",
		   pages.referenced_bytes + totals.referenced_bytes);
	seq_printf(seq, "received_bytes %lu\n", received);
	seq_printf(seq, "compacted_bytes %llu\n", pages.compacted_bytes + totals.compacted_bytes);
	seq_printf(seq, "sends %llu\n", sent.sends + totals.sends);
	seq_printf(seq, "zerocopy_bytes %llu\n", sent.zerocopy_bytes + totals.zerocopy_bytes);
	seq_printf(seq, "copied_bytes %llu\n", sent.copied_bytes + totals.copied_bytes);
	seq_printf(seq, "bad_frees %llu\n", stats.bad_frees + totals.bad_frees);
}

static int summary_show(struct seq_file *seq, void *unused)
{
	summary_lock();
	seq_printf(seq, "streaming %d\n", !!shown);
	seq_printf(seq, "subscribers %u\n", shown_subscribers);
	show_stream(seq, shown);
	summary_unlock();
	seq_printf(seq, "streams %lu\n", READ_ONCE(totals.streams));
	seq_printf(seq, "bad_streams %lu\n", READ_ONCE(totals.bad_streams));
	seq_printf(seq, "refused_publishers %lu\n", READ_ONCE(totals.refused));
	seq_printf(seq, "tags %lu\n", READ_ONCE(totals.tags));
	seq_printf(seq, "payload_bytes %lu\n", READ_ONCE(totals.bytes));
	seq_printf(seq, "dropped_tags %lu\n", READ_ONCE(totals.dropped_tags));
	seq_printf(seq, "joined %lu\n", READ_ONCE(totals.joined));
	seq_printf(seq, "completed %lu\n", READ_ONCE(totals.completed));
	seq_printf(seq, "slow_dropped %lu\n", READ_ONCE(totals.slow));
	seq_printf(seq, "left %lu\n", READ_ONCE(totals.left));
	seq_printf(seq, "turned_away %lu\n", READ_ONCE(totals.turned_away));
	seq_printf(seq, "destroyed_bytes %lu\n", READ_ONCE(totals.destroyed_bytes));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(summary);

void summary_create(void)
{
	directory = debugfs_create_dir("flvrelay", NULL);
	debugfs_create_file("summary", 0444, directory, NULL, &summary_fops);
}

void summary_remove(void)
{
	debugfs_remove(directory);
}
