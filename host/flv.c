// SPDX-License-Identifier: GPL-2.0
/*
 * The test of the FLV parser of samples/flvrelay: streams that are right, nearly right, or no FLV
 * at all, which arrive in pieces. A second parser, over a plain array, says what must come of them.
 */
#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>
#include "../samples/flvrelay/flv.h"
#include "core.h"

const char *const host_test_name = "flv";

/* Bytes of a stream, and of a payload that the parser takes. */
#define STREAM_MAX	0x40000U
#define TAG_MAX		70000U

/* Bytes that the test keeps where memory is to lack. */
#define KEPT		40000U

/**
 * struct plain - a parser over an array
 * @bytes: the stream
 * @len: bytes that have arrived
 * @at: bytes that were parsed
 * @began: the file header is among these
 */
struct plain {
	u8 bytes[STREAM_MAX];
	size_t len;
	size_t at;
	bool began;
};

/* How a payload begins that is KIND_META. */
static const u8 meta[] = "\x02\x00\x0aonMetaData";

static struct dualtree *dt;
static u8 stream[STREAM_MAX];

static u32 be24(const u8 *p)
{
	return p[0] << 16 | p[1] << 8 | p[2];
}

/* The kind of an enhanced packet: that of its first byte, after its extensions and its tracks. */
static int enhanced(const u8 *p, u32 size, int tracks)
{
	int packet = p[0] & 15, i;
	u32 at = 1;

	for (i = 0; packet == 7 && i < 8; i++) {
		if (at + 3 > size)
			return 7;
		at += p[at] == 255 ? 4 + (p[at + 1] << 8 | p[at + 2]) : 2 + p[at];
		if (at >= size)
			return 7;
		packet = p[at++] & 15;
	}
	return packet == tracks && at < size ? p[at] & 15 : packet;
}

/* The kind of a tag, of which @p has @size bytes, the trailer among them. */
static enum tag_kind plain_kind(enum tag_type type, const u8 *p, u32 size)
{
	int packet;

	if (type == TAG_SCRIPT)
		return size >= 13 && !memcmp(p, meta, 13) ? KIND_META : KIND_FRAME;
	if (size < 2)
		return KIND_FRAME;
	if (type == TAG_AUDIO) {
		if (p[0] >> 4 == 10)
			return p[1] ? KIND_FRAME : KIND_SEQUENCE;
		return p[0] >> 4 == 9 && !enhanced(p, size, 5) ? KIND_SEQUENCE : KIND_FRAME;
	}
	if (p[0] & 0x80) {
		packet = enhanced(p, size, 6);
		if (packet == 0 || packet == 5)
			return KIND_SEQUENCE;
		return (packet == 1 || packet == 3) && (p[0] >> 4 & 7) == 1 ? KIND_KEY : KIND_FRAME;
	}
	if ((p[0] & 15) == 7)
		return !p[1] ? KIND_SEQUENCE : p[0] >> 4 == 1 && p[1] == 1 ? KIND_KEY : KIND_FRAME;
	return p[0] >> 4 == 1 ? KIND_KEY : KIND_FRAME;
}

/* The file header. Return: as flv_next(). */
static int plain_begin(struct plain *p)
{
	static const u8 magic[] = "FLV\1";
	size_t i;

	for (i = 0; i < 4 && i < p->len; i++)
		if (p->bytes[i] != magic[i])
			return -EBADMSG;
	if (p->len < 13)
		return 0;
	for (i = 5; i < 13; i++)
		if (p->bytes[i] != (i == 8 ? 9 : 0))
			return -EBADMSG;
	p->began = true;
	p->at = 13;
	return 1;
}

/* What flv_next() must return, and the tag's header and size. */
static int plain_next(struct plain *p, const u8 **tag, u32 *size)
{
	int got = p->began ? 1 : plain_begin(p);
	const u8 *head = p->bytes + p->at;
	size_t there = p->len - p->at;

	if (got <= 0)
		return got;
	if (there < 11)
		return 0;
	*size = be24(head + 1);
	if ((head[0] != 8 && head[0] != 9 && head[0] != 18) || *size > TAG_MAX)
		return -EBADMSG;
	if (there < 15 + *size)
		return 0;
	if (((u32)head[11 + *size] << 24 | be24(head + 12 + *size)) != 11 + *size)
		return -EBADMSG;
	*tag = head;
	p->at += 15 + *size;
	return 1;
}

/* A tag of the stream, right or nearly so. Return: its bytes. */
static u32 make_tag(u8 *to)
{
	static const u8 types[] = { 8, 9, 18, 9, 8, 10 };
	static const u8 firsts[] = {
		0x17, 0x27, 0x12, 0xaf, 0x90, 0x97, 0x86, 0x95, 0x80, 0x91, 0x02,
	};
	u32 size = host_one_in(8) ? host_choose(3000) : host_choose(40), i;

	/* Now and then one whose length has three bytes. */
	if (host_one_in(400))
		size = host_choose(TAG_MAX + 2);
	to[0] = types[host_choose(host_one_in(30) ? 6 : 5)];
	to[1] = size >> 16;
	to[2] = size >> 8;
	to[3] = size;
	for (i = 4; i < 11; i++)
		to[i] = host_choose(256);
	for (i = 0; i < size; i++)
		to[11 + i] = i > 40 ? i : host_one_in(2) ? host_choose(8) : host_choose(256);
	if (size)
		to[11] = firsts[host_choose(ARRAY_SIZE(firsts))];
	if (size >= 13 && host_one_in(4))
		memcpy(to + 11, meta, 13);
	size += 11;
	to[size] = 0;
	to[size + 1] = size >> 16;
	to[size + 2] = size >> 8;
	to[size + 3] = size;
	return size + 4;
}

static u32 make_stream(void)
{
	u32 len = 13, tags = host_choose(20), i;

	memcpy(stream, "FLV\1\5\0\0\0\11\0\0\0\0", 13);
	while (tags-- && len + TAG_MAX + 20 < STREAM_MAX)
		len += make_tag(stream + len);
	if (host_one_in(3)) {
		for (i = 1 + host_choose(3); i; i--)
			stream[host_choose(host_one_in(2) ? min(len, 40U) : len)] ^=
				1 << host_choose(8);
	}
	return len;
}

/* The instance has a limit in this round; and memory has lacked in this stream. */
static bool limited, lacks;

/* What the test keeps, so that memory lacks sooner. */
static void *kept;

static void free_kept(void)
{
	host_assert(!dualtree_free(dt, kept, KEPT));
	kept = NULL;
}

/* Compare a tag, and append it to what is sent on. */
static void check_tag(struct tag *tag, const u8 *want, u32 size, struct dualtree_buf *out)
{
	static u8 bytes[STREAM_MAX];
	size_t len = dualtree_buf_len(&tag->payload), before = dualtree_buf_len(out);

	host_assert(tag->type == want[0] && len == size + 4);
	host_assert(tag->timestamp == ((u32)want[7] << 24 | be24(want + 4)));
	host_assert(tag->kind == plain_kind(tag->type, want + 11, len));
	host_assert(!dualtree_buf_peek(&tag->payload, 0, bytes, len) &&
		    !memcmp(bytes, want + 11, len));
	/* Nothing is appended where memory lacks; then it is tried again with what was kept. */
	if (flv_put_tag(out, tag)) {
		host_assert(limited && dualtree_buf_len(out) == before);
		free_kept();
		lacks = flv_put_tag(out, tag);
	}
}

/* Parse what has arrived. Return: what the last call returned, 0 or an error. */
static int parse(struct flv_parser *parser, struct plain *plain, struct dualtree_buf *out)
{
	const char *why = NULL;
	const u8 *head = NULL;
	struct tag tag = { };
	u32 size = 0;
	int got;

	do {
		dualtree_buf_init(&tag.payload, dt);
		got = flv_next(parser, &tag, &why);
		host_ops++;
		lacks = got == -ENOMEM;
		host_assert(!lacks || limited);
		host_assert(lacks || got == plain_next(plain, &head, &size));
		if (got > 0)
			check_tag(&tag, head, size, out);
		dualtree_buf_purge(&tag.payload);
	} while (got > 0 && !lacks);
	if (lacks)
		return -ENOMEM;
	host_assert(!got == !why);
	if (!got)
		host_assert(flv_due(parser) && flv_due(parser) <= TAG_MAX + 13);
	return got;
}

/* What was sent on is the tags that came: all that was parsed, less three bytes of each header. */
static void check_out(struct dualtree_buf *out, const struct plain *plain)
{
	size_t at = 13, len = dualtree_buf_len(out);
	static u8 bytes[STREAM_MAX];

	host_assert(!dualtree_buf_read(out, bytes, len));
	host_assert(plain->began ? len <= plain->at : len == 13);
	host_assert(lacks || !plain->began || len == plain->at);
	host_assert(!memcmp(bytes, "FLV\1\3\0\0\0\11\0\0\0\0", 13));
	while (at < len) {
		const u8 *got = bytes + at, *came = plain->bytes + at;

		/* Not the number of the stream, which is 0 in all that is sent. */
		host_assert(!memcmp(got, came, 8) && !be24(got + 8));
		host_assert(!memcmp(got + 11, came + 11, be24(got + 1) + 4));
		at += 15 + be24(got + 1);
	}
}

/* Bytes of a piece of memory that lacks otherwise. */
#define PIECE		64U

/* Take all memory that is left, in pieces. Each has the one before it. */
static void *take_all(void)
{
	void **piece, *last = NULL;

	while ((piece = dualtree_alloc(dt, PIECE, GFP_KERNEL))) {
		*piece = last;
		last = piece;
	}
	return last;
}

/* Free a piece. Return: the one before it. */
static void *free_piece(void **piece)
{
	void *before = *piece;

	host_assert(!dualtree_free(dt, piece, PIECE));
	return before;
}

static size_t live_bytes(void)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	return stats.live_bytes;
}

/* A stream of one tag, and the first byte of another: so the payload must be cut off. */
static const u8 one_tag[] = "FLV\1\5\0\0\0\11\0\0\0\0"
			    "\10\0\0\2\0\0\0\0\0\0\0\257\1\0\0\0\15";

/* A tag is there, but no memory for the record of its payload: that is the reason it ends with. */
static void no_record(struct flv_parser *parser, struct tag *tag)
{
	const char *why = NULL;
	void *all = take_all();

	host_assert(flv_next(parser, tag, &why) == -ENOMEM);
	host_assert(why && !strcmp(why, "no memory") && !dualtree_buf_len(&tag->payload));
	while (all)
		all = free_piece(all);
}

/* Memory comes back piece by piece until a tag can be sent: until then nothing of it is kept. */
static void send_at_last(struct flv_parser *parser, struct tag *tag)
{
	unsigned int fails = 0;
	struct dualtree_buf out;
	const char *why = NULL;
	size_t live;
	void *all;

	dualtree_buf_init(&out, dt);
	host_assert(flv_next(parser, tag, &why) == 1);
	for (all = take_all(); all; all = free_piece(all), fails++) {
		live = live_bytes();
		if (!flv_put_tag(&out, tag))
			break;
		host_assert(!dualtree_buf_len(&out) && live_bytes() == live);
	}
	host_assert(fails > 1 && dualtree_buf_len(&out) == sizeof(one_tag) - 13 - 1);
	dualtree_buf_purge(&out);
	while (all)
		all = free_piece(all);
}

static void without_memory(void (*what)(struct flv_parser *parser, struct tag *tag))
{
	struct tag tag = { };
	struct flv_parser parser;

	dt = dualtree_create("full", &(struct dualtree_params){ .limit = SZ_64K });
	host_assert(!IS_ERR(dt));
	flv_init(&parser, dt, TAG_MAX);
	dualtree_buf_init(&tag.payload, dt);
	host_assert(!dualtree_buf_append(&parser.in, one_tag, sizeof(one_tag), GFP_KERNEL));
	what(&parser, &tag);
	dualtree_buf_purge(&tag.payload);
	dualtree_buf_purge(&parser.in);
	host_assert(!live_bytes());
	dualtree_destroy(dt);
}

void host_test_cases(void)
{
	without_memory(no_record);
	without_memory(send_at_last);
}

void host_test_begin(void)
{
	host_core_begin();
	limited = host_one_in(3);
	dt = dualtree_create("streams", &(struct dualtree_params){
		.limit = limited ? SZ_64K + host_choose(SZ_64K) : 0,
	});
	host_assert(!IS_ERR(dt));
}

void host_test_end(void)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	host_assert(!stats.live_bytes && !stats.bad_frees);
	dualtree_destroy(dt);
	host_core_end();
}

/* The next bytes of the stream: of the one that was made, or a fuzzer's as they are. */
static u32 receive(u8 *to, u32 at, u32 left, bool raw)
{
	u32 nr = 1 + host_choose(host_one_in(2) ? 30 : host_one_in(2) ? 2000 : 40000);

	if (raw)
		nr = min3((size_t)nr, (size_t)(host_bytes.end - host_bytes.at), (size_t)left);
	else
		nr = min(nr, left);
	memcpy(to, raw ? host_bytes.at : stream + at, nr);
	if (raw)
		host_bytes.at += nr;
	return nr;
}

/* One stream, from its start to its end. */
void host_test_step(void)
{
	static struct plain plain;
	bool raw = host_bytes.at && host_one_in(2);
	u32 len = raw ? STREAM_MAX : make_stream(), nr;
	struct flv_parser parser;
	struct dualtree_buf out;
	int got = 0;

	plain.len = 0;
	plain.at = 0;
	plain.began = false;
	lacks = false;
	kept = limited ? dualtree_alloc(dt, KEPT, GFP_KERNEL) : NULL;
	flv_init(&parser, dt, TAG_MAX);
	dualtree_buf_init(&out, dt);
	if (flv_put_file_header(&out, 3)) {
		host_assert(limited);
		free_kept();
		host_assert(!flv_put_file_header(&out, 3));
	}
	while (!got && plain.len < len) {
		nr = receive(plain.bytes + plain.len, plain.len, len - plain.len, raw);
		if (!nr)
			break;
		if (dualtree_buf_append(&parser.in, plain.bytes + plain.len, nr, GFP_KERNEL)) {
			host_assert(limited);
			break;
		}
		plain.len += nr;
		got = parse(&parser, &plain, &out);
		host_assert(lacks || flv_may_end(&parser) ==
			    (!got && plain.began && plain.at == plain.len));
	}
	check_out(&out, &plain);
	dualtree_buf_purge(&parser.in);
	dualtree_buf_purge(&out);
	free_kept();
}
