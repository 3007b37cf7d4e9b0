// SPDX-License-Identifier: GPL-2.0
/*
 * Pieces and their contents; see piece.h.
 *
 * A piece has one owner at a time, who got it by an exchange: its bytes need no marked
 * accesses, and a race on them is what is looked for.
 */
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "piece.h"
#include "verdict.h"

/**
 * struct header - what lies in the first bytes of a piece in a slot
 * @magic: what the rest and the address make
 * @len: of the piece
 * @key: of the piece
 */
struct header {
	u64 magic;
	u32 len;
	u32 key;
};

static_assert(sizeof(struct header) == PIECE_LEAST);

/* The eight bytes at a multiple of eight; the lowest byte is the first in memory. */
static u64 pattern_word(unsigned long addr, u32 key)
{
	u64 x = (addr >> 3) * 0x9e3779b97f4a7c15ULL + key * 0xc2b2ae3d27d4eb4fULL;

	return x ^ x >> 32;
}

static u8 pattern_byte(unsigned long addr, u32 key)
{
	return pattern_word(addr, key) >> 8 * (addr % 8);
}

/* The next address at which bytes go by words again, or @end. */
static u8 *word_from(u8 *at, u8 *end)
{
	return min(PTR_ALIGN(at, 8), end);
}

void piece_fill(const struct piece *p, size_t start, size_t end)
{
	u8 *at = p->ptr + start, *stop = p->ptr + end, *words = word_from(at, stop);

	for (; at < words; at++)
		*at = pattern_byte((unsigned long)at, p->key);
	for (; stop - at >= 8; at += 8)
		*(__le64 *)at = cpu_to_le64(pattern_word((unsigned long)at, p->key));
	for (; at < stop; at++)
		*at = pattern_byte((unsigned long)at, p->key);
}

static bool byte_wrong(const struct piece *p, const u8 *at, u8 expected, const char *where)
{
	torture_fail("%s: byte %zd of %zu is %02x, expected %02x (key %08x, on CPU %d)", where,
		     at - p->ptr, p->len, *at, expected, p->key, raw_smp_processor_id());
	return false;
}

/* The first byte in [@at, @stop) that is not as it should be, or @stop. */
static u8 *first_wrong(const struct piece *p, u8 *at, u8 *stop)
{
	while (at < stop && *at == pattern_byte((unsigned long)at, p->key))
		at++;
	return at;
}

bool piece_check(const struct piece *p, const char *where)
{
	u8 *at = p->ptr, *stop = p->ptr + p->len, *words = word_from(at, stop);

	at = first_wrong(p, at, words);
	if (at == words) {
		while (stop - at >= 8 && *(__le64 *)at ==
		       cpu_to_le64(pattern_word((unsigned long)at, p->key)))
			at += 8;
		at = first_wrong(p, at, stop);
	}
	if (at == stop)
		return true;
	return byte_wrong(p, at, pattern_byte((unsigned long)at, p->key), where);
}

bool piece_check_moved(const struct piece *p, const u8 *from, size_t len, const char *where)
{
	size_t i;

	for (i = 0; i < len; i++) {
		u8 expected = pattern_byte((unsigned long)from + i, p->key);

		if (p->ptr[i] != expected)
			return byte_wrong(p, p->ptr + i, expected, where);
	}
	return true;
}

static u64 header_magic(const u8 *ptr, const struct header *header)
{
	return pattern_word((unsigned long)ptr, header->key) + header->len;
}

void piece_close(const struct piece *p)
{
	struct header header = { .len = p->len, .key = p->key };

	header.magic = header_magic(p->ptr, &header);
	memcpy(p->ptr, &header, sizeof(header));
}

bool piece_open(struct piece *p, u8 *ptr, const char *where)
{
	struct header header;

	memcpy(&header, ptr, sizeof(header));
	if (header.magic != header_magic(ptr, &header)) {
		torture_fail("%s: a header (%u bytes, key %08x) has magic %llx, expected %llx",
			     where, header.len, header.key, header.magic,
			     header_magic(ptr, &header));
		return false;
	}
	*p = (struct piece) { ptr, header.len, header.key };
	piece_fill(p, 0, sizeof(header));
	return true;
}
