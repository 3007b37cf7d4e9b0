// SPDX-License-Identifier: GPL-2.0
/*
 * A stream: one publisher's bytes, in a dualtree instance of its own. What is being sent to its
 * subscribers takes records, which are in instances of these (sender.c).
 *
 * It keeps the newest tags in two rings, and clones of the heads: metadata and decoder
 * configuration, which a subscriber needs first. The rings may take half of the stream's memory;
 * beyond that, and wherever the instance has no memory, the oldest tags go. Used by the relay's
 * thread only; summary.c reads counters.
 *
 * Payloads lie in the pages that the network card wrote, as far as these are worth it: a tag that
 * is kept is first copied out of those that hold more than settings.max_held percent of its bytes
 * in them. So what the rings hold is bounded by what they have, whatever the sizes of tags and of
 * packets. Half of settings.limit is for the stack's pages; at that limit bytes are copied.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>

#include "relay.h"
#include "stream.h"

/* Bytes of the largest region. Small ones empty sooner, and the spare is small. */
#define REGION_MAX	SZ_32K

static int stream_create_memory(struct stream *stream)
{
	struct dualtree_params params = {
		.limit = settings.limit / 2,
		.max_region_order = get_order(REGION_MAX),
	};
	int err;

	stream->dt = dualtree_create("flvrelay", &params);
	if (IS_ERR(stream->dt))
		return PTR_ERR(stream->dt);
	stream->pages = dualtree_pages_create(stream->dt, settings.limit / 2 ?: SIZE_MAX);
	err = PTR_ERR_OR_ZERO(stream->pages);
	if (err)
		dualtree_destroy(stream->dt);
	return err;
}

static int stream_create_rings(struct stream *stream)
{
	int err = ring_init(&stream->rings[RING_VIDEO], settings.video_depth);

	return err ? err : ring_init(&stream->rings[RING_AUDIO], settings.audio_depth);
}

static void stream_free_rings(struct stream *stream)
{
	int i;

	for (i = 0; i < NR_RINGS; i++)
		ring_free(&stream->rings[i]);
}

/* Return: the stream, whose publisher the caller sets, or an ERR_PTR(). */
struct stream *stream_create(void)
{
	struct stream *stream = kzalloc(sizeof(*stream), GFP_KERNEL);
	int i, err;

	if (!stream)
		return ERR_PTR(-ENOMEM);
	err = stream_create_rings(stream);
	if (!err)
		err = stream_create_memory(stream);
	if (err) {
		stream_free_rings(stream);
		kfree(stream);
		return ERR_PTR(err);
	}
	INIT_LIST_HEAD(&stream->senders);
	stream->heard = jiffies;
	stream->window = jiffies;
	flv_init(&stream->parser, stream->dt, settings.max_tag);
	for (i = 0; i < NR_HEADS; i++)
		dualtree_buf_init(&stream->heads[i].payload, stream->dt);
	return stream;
}

/* Add a stream's counters to the totals, after its last sender is destroyed. */
void stream_count(struct stream *stream)
{
	struct dualtree_pages_stats pages;
	struct dualtree_stats stats;

	dualtree_pages_get_stats(stream->pages, &pages);
	dualtree_get_stats(stream->dt, &stats);
	count(&totals.referenced_bytes, pages.referenced_bytes);
	count(&totals.received_bytes, stream->received_bytes + pages.copied_bytes);
	count(&totals.compacted_bytes, pages.compacted_bytes);
	count(&totals.zerocopy_bytes, stream->sent.zerocopy_bytes);
	count(&totals.copied_bytes, stream->sent.copied_bytes);
	count(&totals.sends, stream->sent.sends);
	count(&totals.bad_frees, stats.bad_frees);
	count(&totals.destroyed_bytes, stats.live_bytes + pages.live_bytes);
}

/* Drop the references to the stack's pages. */
static void stream_purge(struct stream *stream)
{
	int i;

	for (i = 0; i < NR_RINGS; i++)
		ring_purge(&stream->rings[i]);
	for (i = 0; i < NR_HEADS; i++)
		dualtree_buf_purge(&stream->heads[i].payload);
	dualtree_buf_purge(&stream->parser.in);
}

/* Destroy a stream that has no senders and that debugfs does not show any more. */
void stream_destroy(struct stream *stream)
{
	stream_purge(stream);
	dualtree_pages_destroy(stream->pages);
	dualtree_destroy(stream->dt);
	stream_free_rings(stream);
	kfree(stream);
}

static struct tag *stream_head_for(struct stream *stream, const struct tag *tag)
{
	if (tag->kind == KIND_META)
		return &stream->heads[HEAD_META];
	return &stream->heads[tag->type == TAG_VIDEO ? HEAD_VIDEO : HEAD_AUDIO];
}

static int stream_keep_head(struct stream *stream, struct tag *tag)
{
	struct tag *head = stream_head_for(stream, tag);

	dualtree_buf_purge(&head->payload);
	head->timestamp = tag->timestamp;
	head->type = tag->type;
	/* A new decoder configuration: the last key frame belongs to the old one. */
	if (tag->type == TAG_VIDEO)
		stream->has_key = false;
	return dualtree_buf_clone(&tag->payload, dualtree_buf_len(&tag->payload),
				  &head->payload, GFP_KERNEL);
}

static bool stream_withholds(struct stream *stream, const struct tag *tag)
{
	if (tag->type != TAG_VIDEO || (tag->kind != KIND_FRAME && tag->kind != KIND_KEY))
		return false;
	return ++stream->videos == settings.drop_video;
}

/* Drop the oldest tag of both rings. Return: false if they are empty. */
bool stream_drop_oldest(struct stream *stream)
{
	struct ring *video = &stream->rings[RING_VIDEO], *audio = &stream->rings[RING_AUDIO];
	struct tag *first_video = ring_at(video, video->first);
	struct tag *first_audio = ring_at(audio, audio->first);

	if (!first_video && !first_audio)
		return false;
	if (first_audio && (!first_video || first_audio->seq < first_video->seq))
		ring_drop(audio);
	else
		ring_drop(video);
	count(&totals.dropped_tags, 1);
	return true;
}

static void stream_bound_rings(struct stream *stream)
{
	struct ring *rings = stream->rings;
	size_t max = settings.limit / 2;

	while (max && rings[RING_VIDEO].bytes + rings[RING_AUDIO].bytes > max)
		stream_drop_oldest(stream);
}

/* Copy out of pages that are not worth it. On OOM they stay: their own limit bounds them. */
void stream_compact(struct dualtree_buf *buf)
{
	if (settings.max_held)
		dualtree_buf_compact(buf, settings.max_held, GFP_KERNEL);
}

/* Keep a tag; its payload moves. Return: 0 or -ENOMEM. */
int stream_put(struct stream *stream, struct tag *tag)
{
	bool is_audio = tag->type == TAG_AUDIO;
	u64 position;

	tag->seq = stream->next_seq++;
	count(&totals.tags, 1);
	count(&totals.bytes, dualtree_buf_len(&tag->payload));
	stream_compact(&tag->payload);
	while ((tag->kind == KIND_SEQUENCE || tag->kind == KIND_META) &&
	       stream_keep_head(stream, tag)) {
		if (!stream_drop_oldest(stream))
			return -ENOMEM;
	}
	if (stream_withholds(stream, tag)) {
		dualtree_buf_purge(&tag->payload);
		return 0;
	}
	position = ring_put(&stream->rings[is_audio ? RING_AUDIO : RING_VIDEO], tag);
	stream_bound_rings(stream);
	if (is_audio)
		return 0;
	if (tag->kind == KIND_KEY) {
		stream->key = position;
		stream->key_from = stream->last_video + 1;
		stream->has_key = true;
	}
	stream->last_video = tag->seq;
	return 0;
}

/* Return: the first position whose tag is not older than @seq. */
static u64 ring_position_of(const struct ring *ring, u64 seq)
{
	u64 position = ring->end;

	while (position > ring->first && ring_at(ring, position - 1)->seq >= seq)
		position--;
	return position;
}

/*
 * Find where a subscriber begins: at the last key frame, and at the first audio tag after the
 * picture before it; in a stream without video, at the next tag. @key_seq is set to the number
 * of the first tag: heads that are older are sent by stream_put_heads().
 * Return: false if there is no such place yet.
 */
bool stream_start(const struct stream *stream, u64 *positions, u64 *key_seq)
{
	const struct ring *rings = stream->rings;
	struct tag *key;

	if (!(stream->parser.flags & FLV_HAS_VIDEO)) {
		positions[RING_VIDEO] = rings[RING_VIDEO].end;
		positions[RING_AUDIO] = rings[RING_AUDIO].end;
		*key_seq = stream->next_seq;
		return stream->parser.state != AT_FILE_HEADER;
	}
	key = stream->has_key ? ring_at(&rings[RING_VIDEO], stream->key) : NULL;
	if (!key)
		return false;
	positions[RING_VIDEO] = stream->key;
	positions[RING_AUDIO] = ring_position_of(&rings[RING_AUDIO], stream->key_from);
	*key_seq = key->seq;
	return true;
}

/* Append what precedes the first frame: the file header and the heads. Return: 0 or -ENOMEM. */
int stream_put_heads(struct stream *stream, struct dualtree_buf *to)
{
	int i, err = flv_put_file_header(to, stream->parser.flags);

	for (i = 0; i < NR_HEADS && !err; i++) {
		if (stream->heads[i].type)
			err = flv_put_tag(to, &stream->heads[i]);
	}
	return err;
}
