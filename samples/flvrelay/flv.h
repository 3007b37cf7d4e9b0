/* SPDX-License-Identifier: GPL-2.0 */
/* FLV: taking a stream apart into tags, and what is put around a tag when it is sent. */
#ifndef FLVRELAY_FLV_H
#define FLVRELAY_FLV_H

#include <linux/types.h>

#include <dualtree/netbuf.h>

#define FLV_FILE_HEADER		9
#define FLV_TAG_HEADER		11
#define FLV_TRAILER		4
#define FLV_HAS_VIDEO		0x01

enum tag_type {
	TAG_AUDIO = 8,
	TAG_VIDEO = 9,
	TAG_SCRIPT = 18,
};

/**
 * enum tag_kind - what a tag is to someone who joins
 * @KIND_FRAME: of no use without what came before
 * @KIND_KEY: a picture that decoding can begin with
 * @KIND_SEQUENCE: how to decode what follows; he needs the latest one
 * @KIND_META: onMetaData; likewise
 */
enum tag_kind {
	KIND_FRAME,
	KIND_KEY,
	KIND_SEQUENCE,
	KIND_META,
};

/**
 * struct tag - a tag without its header
 * @seq: its number in the stream, by arrival
 * @timestamp: milliseconds
 * @type: audio, video or script data
 * @kind: what it is to someone who joins
 * @payload: its bytes and the trailer, all of them in ranges of its own
 */
struct tag {
	u64 seq;
	u32 timestamp;
	enum tag_type type;
	enum tag_kind kind;
	struct dualtree_buf payload;
};

/**
 * enum flv_state - what is due next
 * @AT_FILE_HEADER: the stream's beginning
 * @AT_TAG: a tag's header: the only place where a stream may end
 * @IN_TAG: the payload and the trailer of the tag whose header was read last
 */
enum flv_state {
	AT_FILE_HEADER,
	AT_TAG,
	IN_TAG,
};

/**
 * struct flv_parser - where in a stream we are; owner-only
 * @in: what was received and not consumed
 * @state: what is due
 * @max_tag: a payload may be so long
 * @flags: of the file header
 * @type: of the tag whose payload is due
 * @timestamp: likewise
 * @size: likewise, its payload's length
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
