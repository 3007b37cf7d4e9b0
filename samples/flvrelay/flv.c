// SPDX-License-Identifier: GPL-2.0
/*
 * The FLV parser.
 *
 *	file:	header (9) | trailer 0 (4) | tag | tag | ...
 *	tag:	header (11) | payload | trailer (4): length of header and payload
 *
 * A header is freed as soon as it is read. A payload is split off, with its trailer, when all
 * of it has arrived; it stays where it was received. A stream that is not FLV is refused at
 * the first byte that shows it. The parser never holds more than a tag of the largest size, and
 * what came with the end of one.
 *
 * What a tag is to a subscriber that joins is in the first bytes of its payload:
 *
 *	video		type of frame (4 bits), codec (4); AVC: kind of packet (8)
 *	enhanced video	1 (1 bit), type of frame (3), kind of packet (4), codec (32)
 *	audio		codec (4), format (4); AAC: kind of packet (8)
 *	enhanced audio	9 (4), kind of packet (4), codec (32)
 *
 * With several tracks in a tag the kind of their packets is in the four lowest bits of the next
 * byte. Extensions to a packet come before its own kind: a length less one (8, or 8 ones and 16),
 * the extension, and a byte with the kind in its four lowest bits.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "flv.h"

#define CODEC_AVC	7
#define CODEC_AAC	10
#define FRAME_KEY	1
/* The byte after the codec's, with AVC and AAC. */
#define PACKET_SEQUENCE	0
#define PACKET_FRAME	1

/* The first byte of enhanced video and audio, less the kind of packet and the type of frame. */
#define VIDEO_ENHANCED	0x80
#define AUDIO_ENHANCED	9

/* Kinds of enhanced packets: a frame with and without an offset of its time, and others. */
enum enhanced_packet {
	ENHANCED_SEQUENCE = 0,
	ENHANCED_FRAME = 1,
	ENHANCED_FRAME_X = 3,
	ENHANCED_SEQUENCE_TS = 5,
	ENHANCED_AUDIO_TRACKS = 5,
	ENHANCED_VIDEO_TRACKS = 6,
	ENHANCED_EXTENDED = 7,
};

/* Extensions of a packet that are skipped to find its kind: more make no sense. */
#define EXTENSIONS_MAX	8

static const u8 file_magic[] = { 'F', 'L', 'V', 1 };
/* AMF: the type of a string, its length, the string. */
static const u8 meta_magic[] = "\x02\x00\x0aonMetaData";

void flv_init(struct flv_parser *parser, struct dualtree *dt, u32 max_tag)
{
	*parser = (struct flv_parser) { .max_tag = max_tag };
	dualtree_buf_init(&parser->in, dt);
}

/* Return: true if a stream may end here: between two tags, not before the file header. */
bool flv_may_end(const struct flv_parser *parser)
{
	return parser->state == AT_TAG && !dualtree_buf_len(&parser->in);
}

/* Return: 1 if it was read, 0 if more must be received, -EBADMSG. */
static int read_file_header(struct flv_parser *parser, const char **why)
{
	u8 head[FLV_FILE_HEADER + FLV_TRAILER];
	size_t there = min(dualtree_buf_len(&parser->in), sizeof(head));

	dualtree_buf_peek(&parser->in, 0, head, there);
	if (memcmp(head, file_magic, min(there, sizeof(file_magic)))) {
		*why = "not FLV";
		return -EBADMSG;
	}
	if (there < sizeof(head))
		return 0;
	if (memchr_inv(head + 5, 0, 3) || head[8] != FLV_FILE_HEADER ||
	    memchr_inv(head + FLV_FILE_HEADER, 0, FLV_TRAILER)) {
		*why = "a file header of a strange length";
		return -EBADMSG;
	}
	parser->flags = head[4];
	dualtree_buf_skip(&parser->in, sizeof(head));
	parser->state = AT_TAG;
	return 1;
}

static int check_tag_header(const struct flv_parser *parser, u8 type, u32 size, const char **why)
{
	if (type != TAG_AUDIO && type != TAG_VIDEO && type != TAG_SCRIPT)
		*why = "a tag of unknown type";
	else if (size > parser->max_tag)
		*why = "a tag of absurd size";
	else
		return 0;
	return -EBADMSG;
}

/* Read and free a tag's header. Return: 1 if it was read, 0 if more must be received, -EBADMSG. */
static int read_tag_header(struct flv_parser *parser, const char **why)
{
	u8 head[FLV_TAG_HEADER];
	u32 size;
	int err;

	if (dualtree_buf_peek(&parser->in, 0, head, sizeof(head)))
		return 0;
	size = head[1] << 16 | head[2] << 8 | head[3];
	err = check_tag_header(parser, head[0], size, why);
	if (err)
		return err;
	parser->type = head[0];
	parser->size = size;
	parser->timestamp = (u32)head[7] << 24 | head[4] << 16 | head[5] << 8 | head[6];
	dualtree_buf_skip(&parser->in, sizeof(head));
	parser->state = IN_TAG;
	return 1;
}

/*
 * Find the kind of an enhanced packet. @tracks: the kind that announces several tracks.
 * Return: the kind, or ENHANCED_EXTENDED if the payload ends before it.
 */
static unsigned int enhanced_packet(const struct tag *tag, u8 first, unsigned int tracks)
{
	unsigned int i, packet = first & 15;
	size_t at = 1;
	u8 raw[3];

	for (i = 0; i < EXTENSIONS_MAX && packet == ENHANCED_EXTENDED; i++) {
		if (dualtree_buf_peek(&tag->payload, at, raw, sizeof(raw)))
			return ENHANCED_EXTENDED;
		at += raw[0] == U8_MAX ? 4 + (raw[1] << 8 | raw[2]) : 2 + raw[0];
		if (dualtree_buf_peek(&tag->payload, at++, raw, 1))
			return ENHANCED_EXTENDED;
		packet = raw[0] & 15;
	}
	if (packet == tracks && !dualtree_buf_peek(&tag->payload, at, raw, 1))
		packet = raw[0] & 15;
	return packet;
}

static enum tag_kind kind_of_enhanced_video(const struct tag *tag, u8 first)
{
	switch (enhanced_packet(tag, first, ENHANCED_VIDEO_TRACKS)) {
	case ENHANCED_SEQUENCE:
	case ENHANCED_SEQUENCE_TS:
		return KIND_SEQUENCE;
	case ENHANCED_FRAME:
	case ENHANCED_FRAME_X:
		return (first & ~VIDEO_ENHANCED) >> 4 == FRAME_KEY ? KIND_KEY : KIND_FRAME;
	default:
		return KIND_FRAME;
	}
}

static enum tag_kind kind_of_video(u8 first, u8 second)
{
	bool avc = (first & 15) == CODEC_AVC;

	if (avc && second == PACKET_SEQUENCE)
		return KIND_SEQUENCE;
	/* The packet that ends an AVC sequence has the type of a key frame. */
	if (first >> 4 == FRAME_KEY && (!avc || second == PACKET_FRAME))
		return KIND_KEY;
	return KIND_FRAME;
}

static enum tag_kind kind_of_audio(const struct tag *tag, u8 first, u8 second)
{
	bool sequence = false;

	if (first >> 4 == CODEC_AAC)
		sequence = second == PACKET_SEQUENCE;
	else if (first >> 4 == AUDIO_ENHANCED)
		sequence = enhanced_packet(tag, first, ENHANCED_AUDIO_TRACKS) == ENHANCED_SEQUENCE;
	return sequence ? KIND_SEQUENCE : KIND_FRAME;
}

static enum tag_kind kind_of(const struct tag *tag)
{
	u8 head[sizeof(meta_magic) - 1];

	if (tag->type == TAG_SCRIPT) {
		if (!dualtree_buf_peek(&tag->payload, 0, head, sizeof(head)) &&
		    !memcmp(head, meta_magic, sizeof(head)))
			return KIND_META;
	} else if (!dualtree_buf_peek(&tag->payload, 0, head, 2)) {
		if (tag->type == TAG_AUDIO)
			return kind_of_audio(tag, head[0], head[1]);
		return head[0] & VIDEO_ENHANCED ? kind_of_enhanced_video(tag, head[0]) :
						  kind_of_video(head[0], head[1]);
	}
	return KIND_FRAME;
}

/*
 * Split the payload off. Its trailer stays with it: every send needs the same 4 bytes.
 * Return: 1 if it was read, 0 if more must be received, -EBADMSG, -ENOMEM.
 */
static int read_payload(struct flv_parser *parser, struct tag *tag, const char **why)
{
	__be32 trailer;

	if (dualtree_buf_peek(&parser->in, parser->size, &trailer, sizeof(trailer)))
		return 0;
	if (be32_to_cpu(trailer) != FLV_TAG_HEADER + parser->size) {
		*why = "a tag that is not as long as it says";
		return -EBADMSG;
	}
	/* Split before any clone: while a range has one holder the cut copies nothing. */
	if (dualtree_buf_split(&parser->in, parser->size + FLV_TRAILER, &tag->payload,
			       GFP_KERNEL)) {
		*why = "no memory";
		return -ENOMEM;
	}
	tag->type = parser->type;
	tag->timestamp = parser->timestamp;
	tag->kind = kind_of(tag);
	parser->state = AT_TAG;
	return 1;
}

/* Return: bytes to receive until the next header or payload is complete; not 0. */
size_t flv_due(const struct flv_parser *parser)
{
	size_t there = dualtree_buf_len(&parser->in);

	switch (parser->state) {
	case AT_FILE_HEADER:
		return FLV_FILE_HEADER + FLV_TRAILER - there;
	case AT_TAG:
		return FLV_TAG_HEADER - there;
	default:
		return parser->size + FLV_TRAILER - there;
	}
}

/*
 * Take the next tag out of what was received. @tag's payload must be an empty buffer.
 * Return: 1 if there was a tag, 0 if more must be received, -EBADMSG or -ENOMEM with the reason
 * in @why; the stream ends then.
 */
int flv_next(struct flv_parser *parser, struct tag *tag, const char **why)
{
	int got = 1;

	if (parser->state == AT_FILE_HEADER)
		got = read_file_header(parser, why);
	if (got > 0 && parser->state == AT_TAG)
		got = read_tag_header(parser, why);
	if (got > 0)
		got = read_payload(parser, tag, why);
	return got;
}

/* Append a file header. Return: 0 or -ENOMEM. */
int flv_put_file_header(struct dualtree_buf *to, u8 flags)
{
	u8 head[FLV_FILE_HEADER + FLV_TRAILER] = { [8] = FLV_FILE_HEADER };

	memcpy(head, file_magic, sizeof(file_magic));
	head[4] = flags;
	return dualtree_buf_append(to, head, sizeof(head), GFP_KERNEL);
}

/*
 * Append a tag: a new header, and the payload by reference.
 * Return: 0, or -ENOMEM with nothing appended.
 */
int flv_put_tag(struct dualtree_buf *to, struct tag *tag)
{
	size_t len = dualtree_buf_len(&tag->payload);
	u32 size = len - FLV_TRAILER, time = tag->timestamp;
	u8 head[FLV_TAG_HEADER] = {
		tag->type, size >> 16, size >> 8, size,
		time >> 16, time >> 8, time, time >> 24,
	};
	struct dualtree_buf wire;
	int err;

	dualtree_buf_init(&wire, to->dt);
	err = dualtree_buf_append(&wire, head, sizeof(head), GFP_KERNEL);
	if (!err)
		err = dualtree_buf_clone(&tag->payload, len, &wire, GFP_KERNEL);
	if (err) {
		dualtree_buf_purge(&wire);
		return -ENOMEM;
	}
	return dualtree_buf_splice(to, &wire);
}
