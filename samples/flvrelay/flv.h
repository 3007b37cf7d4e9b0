/* SPDX-License-Identifier: GPL-2.0 */
/* FLV: parse a stream into tags, and build the bytes that send a tag. flv.c has the format. */
#ifndef FLVRELAY_FLV_H
#define FLVRELAY_FLV_H

#include <linux/types.h>

#include <dualtree/netbuf.h>

/* Bytes of each part, as the format has them. */
#define FLV_FILE_HEADER		9
#define FLV_TAG_HEADER		11
#define FLV_TRAILER		4
/* A flag of the file header. */
#define FLV_HAS_VIDEO		0x01

enum tag_type {
	TAG_AUDIO = 8,
	TAG_VIDEO = 9,
	TAG_SCRIPT = 18,
};

/**
 * enum tag_kind - what a tag means to a subscriber that joins
 * @KIND_FRAME: a frame that needs those before it
 * @KIND_KEY: a picture that decoding can begin with
 * @KIND_SEQUENCE: the decoder's configuration; a subscriber needs the latest one
 * @KIND_META: onMetaData; a subscriber needs the latest one
 */
enum tag_kind {
	KIND_FRAME,
	KIND_KEY,
	KIND_SEQUENCE,
	KIND_META,
};

/**
 * struct tag - a tag without its header
 * @seq: number in the stream, by arrival
 * @timestamp: milliseconds
 * @type: audio, video or script data
 * @kind: what it means to a subscriber that joins
 * @payload: payload and trailer, in ranges that no other tag shares
 */
struct tag {
	u64 seq;
	u32 timestamp;
	enum tag_type type;
	enum tag_kind kind;
	struct dualtree_buf payload;
};

/**
 * enum flv_state - what is parsed next
 * @AT_FILE_HEADER: the file header
 * @AT_TAG: a tag's header; a stream may end only here
 * @IN_TAG: payload and trailer of the tag whose header was read last
 */
enum flv_state {
	AT_FILE_HEADER,
	AT_TAG,
	IN_TAG,
};

/**
 * struct flv_parser - the state of a parser; owner only
 * @in: bytes received and not consumed
 * @state: what is parsed next
 * @max_tag: bytes of the largest payload
 * @flags: flags of the file header
 * @type: type of the tag in @IN_TAG
 * @timestamp: timestamp of that tag
 * @size: bytes of its payload
 */
struct flv_parser {
	struct dualtree_buf in;
	enum flv_state state;
	u32 max_tag;
	u8 flags;
	enum tag_type type;
	u32 timestamp;
	u32 size;
};

void flv_init(struct flv_parser *parser, struct dualtree *dt, u32 max_tag);
int flv_next(struct flv_parser *parser, struct tag *tag, const char **why);
size_t flv_due(const struct flv_parser *parser);
bool flv_may_end(const struct flv_parser *parser);

int flv_put_file_header(struct dualtree_buf *to, u8 flags);
int flv_put_tag(struct dualtree_buf *to, struct tag *tag);

#endif /* FLVRELAY_FLV_H */
