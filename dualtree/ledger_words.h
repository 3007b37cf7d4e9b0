/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger by words: the values of a count, and the loops that set and compare the counts of
 * a run of granules.
 *
 *	granules    accesses
 *	1           one byte
 *	2 to 3      two of 2 bytes, which may overlap
 *	4 to 7      two of 4 bytes
 *	8 to 15     two of 8 bytes
 *	16 to 32    four of 8 bytes, two at each end
 *	33 to 128   the same with 4 or 8 accesses at each end
 *	more        steps of 128 granules, the last one up to the end
 *
 * Accesses overlap rather than go byte by byte. No store reaches outside the run: another CPU may
 * be changing an adjacent count. Any context, no lock; ledger.h says which counts may be set when.
 */
#ifndef DUALTREE_LEDGER_WORDS_H
#define DUALTREE_LEDGER_WORDS_H

#include <asm/byteorder.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kcsan-checks.h>
#include <linux/types.h>
#include "granule.h"

/*
 * Marks: values of granules that are the owner's, in its trees, its lists, or hot; and two of
 * granules that are in flight to it. All are larger than any count, and bit 6 is clear in them
 * where a granule is 64 bytes: LEDGER_FULL_BIT says what for. Those of the lists come first:
 * ledger_is_kept() compares once.
 *
 *	LEDGER_CACHED_ONE	a block of one granule in a quick list
 *	LEDGER_CACHED_FIRST	the first granule of a larger one
 *	LEDGER_CACHED_LAST	its last granule
 *	LEDGER_FREE + n - 1	the last granule of an extent of n granules, up to LEDGER_SIZES
 *	LEDGER_LARGE		the last granule of a larger extent
 *	LEDGER_FIRST		the first granule of an extent of 2 to LEDGER_SIZES granules
 *	LEDGER_FIRST_LARGE	the first granule of a larger extent
 *	LEDGER_OWNED		inside an extent or a block, or hot
 *	LEDGER_DEAD		the first granule of a run in flight
 *	LEDGER_DEAD_INSIDE	those after it
 */
#define LEDGER_SIZES		55
#define LEDGER_CACHED_ONE	(DT_GRANULE > 64 ? 0xc0 : 0x80)
#define LEDGER_CACHED_FIRST	(LEDGER_CACHED_ONE + 1)
#define LEDGER_CACHED_LAST	(LEDGER_CACHED_ONE + 2)
#define LEDGER_FREE		(LEDGER_CACHED_ONE + 3)
#define LEDGER_LARGE		(LEDGER_FREE + LEDGER_SIZES)
#define LEDGER_FIRST		(LEDGER_LARGE + 1)
#define LEDGER_FIRST_LARGE	(LEDGER_LARGE + 2)
#define LEDGER_OWNED		(LEDGER_LARGE + 3)
#define LEDGER_DEAD		(LEDGER_OWNED + 1)
#define LEDGER_DEAD_INSIDE	(LEDGER_OWNED + 2)

static_assert(LEDGER_CACHED_ONE > DT_GRANULE && LEDGER_DEAD_INSIDE == LEDGER_CACHED_ONE + 0x3f);
/*
 * The two marks of what is in flight differ in the lowest bit, and no other mark or count has all
 * bits of LEDGER_DEAD. So the granules of several words are all in flight if the words' bitwise AND
 * says so.
 */
static_assert(!(LEDGER_DEAD & 1) && LEDGER_DEAD + 1 == LEDGER_DEAD_INSIDE);

/*
 * Is a full count the only value with its one bit set? True where a granule is 64 bytes. Several
 * words of counts are then all full if their bitwise AND is.
 */
#define LEDGER_FULL_BIT	(DT_GRANULE == 64)

/*
 * Several counts as one word, which may be unaligned. Other CPUs read and write these bytes, so
 * only the macros below access it. An access may tear the word, but no byte of it: where another
 * CPU is writing the word, each byte is taken by itself. KCSAN takes unaligned accesses for plain
 * ones, and is told that these are not.
 */
#define ledger_word(type, p)	(((struct { type counts; } __packed *)(p))->counts)
#define ledger_read(type, p)			\
({						\
	kcsan_atomic_next(1);			\
	READ_ONCE(ledger_word(type, p));	\
})
/*
 * Counts that no other CPU may write: of granules that are the caller's, or of the owner's blocks.
 * A plain access: the compiler can combine it with what is done to the word. A bad free may write
 * them all the same, so each word is read once.
 */
#define ledger_peek(type, p)	data_race(ledger_word(type, p))
/* A word with @count in each byte. */
#define ledger_all(type, count)	((type)((type)~(type)0 / 0xff * (count)))
#define ledger_put(type, p, count)					\
do {									\
	kcsan_atomic_next(1);						\
	WRITE_ONCE(ledger_word(type, p), ledger_all(type, count));	\
} while (0)
#define ledger_full(type, p)	(ledger_peek(type, p) == ledger_all(type, DT_GRANULE))

/* Granules in one step of a loop: 16 accesses of 8 counts, so that the loop itself costs little. */
#define LEDGER_STEP	128

static __always_inline void ledger_put_32(u8 *p, u8 count)
{
	ledger_put(u64, p, count);
	ledger_put(u64, p + 8, count);
	ledger_put(u64, p + 16, count);
	ledger_put(u64, p + 24, count);
}

static __always_inline void ledger_put_64(u8 *p, u8 count)
{
	ledger_put_32(p, count);
	ledger_put_32(p + 32, count);
}

/*
 * Are many counts full? What is joined of their words is the bitwise AND where that tells, else the
 * bits in which some differ from full counts.
 */
static __always_inline u64 ledger_look(const u8 *p)
{
	u64 word = ledger_peek(u64, p);

	return LEDGER_FULL_BIT ? word : word ^ ledger_all(u64, DT_GRANULE);
}

static __always_inline u64 ledger_join(u64 seen, const u8 *p)
{
	seen = LEDGER_FULL_BIT ? seen & ledger_look(p) : seen | ledger_look(p);
	/* Else the compiler loads all words first, and saves registers for that. */
	OPTIMIZER_HIDE_VAR(seen);
	return seen;
}

/* ledger_join() of the 32 granules from @p on. */
static __always_inline u64 ledger_join_32(u64 seen, const u8 *p)
{
	seen = ledger_join(seen, p);
	seen = ledger_join(seen, p + 8);
	seen = ledger_join(seen, p + 16);
	return ledger_join(seen, p + 24);
}

static __always_inline u64 ledger_join_64(u64 seen, const u8 *p)
{
	return ledger_join_32(ledger_join_32(seen, p), p + 32);
}

/* What a join begins with. */
#define LEDGER_SEEN_NONE	(LEDGER_FULL_BIT ? ledger_all(u64, DT_GRANULE) : 0)

static __always_inline bool ledger_seen_full(u64 seen)
{
	return seen == LEDGER_SEEN_NONE;
}

/* Are the counts of 16 granules from @p and of 16 from @q all full? */
static __always_inline bool ledger_full_32(const u8 *p, const u8 *q)
{
	u64 seen = ledger_join(ledger_look(p), p + 8);

	return ledger_seen_full(ledger_join(ledger_join(seen, q), q + 8));
}

/* Are the counts of 32 granules from @p and of 32 from @q all full? */
static __always_inline bool ledger_full_64(const u8 *p, const u8 *q)
{
	return ledger_seen_full(ledger_join_32(ledger_join_32(LEDGER_SEEN_NONE, p), q));
}

/* ledger_set() for at least 32 granules. */
static __always_inline void ledger_set_many(u8 *p, unsigned long nr, u8 count)
{
	u8 *end = p + nr;

	if (nr <= 64) {
		ledger_put_32(p, count);
		ledger_put_32(end - 32, count);
		return;
	}
	if (nr > LEDGER_STEP) {
		for (; p < end - LEDGER_STEP; p += LEDGER_STEP) {
			ledger_put_64(p, count);
			ledger_put_64(p + 64, count);
		}
		p = end - LEDGER_STEP;
	}
	ledger_put_64(p, count);
	ledger_put_64(end - 64, count);
}

/* ledger_all_full() for at least 32 granules. */
static __always_inline bool ledger_many_full(const u8 *p, unsigned long nr)
{
	const u8 *end = p + nr;
	u64 seen = LEDGER_SEEN_NONE;

	if (nr <= 64)
		return ledger_full_64(p, end - 32);
	if (nr > LEDGER_STEP) {
		for (; p < end - LEDGER_STEP; p += LEDGER_STEP)
			seen = ledger_join_64(ledger_join_64(seen, p), p + 64);
		p = end - LEDGER_STEP;
	}
	return ledger_seen_full(ledger_join_64(ledger_join_64(seen, p), end - 64));
}

/* ledger_set() for at most 32 granules; in an order that takes a packet the fewest compares. */
static __always_inline void ledger_set_few(u8 *p, unsigned long nr, u8 count)
{
	u8 *end = p + nr;

	if (nr >= 16) {
		ledger_put(u64, p, count);
		ledger_put(u64, p + 8, count);
		ledger_put(u64, end - 16, count);
		ledger_put(u64, end - 8, count);
	} else if (nr >= 8) {
		ledger_put(u64, p, count);
		ledger_put(u64, end - 8, count);
	} else if (nr >= 4) {
		ledger_put(u32, p, count);
		ledger_put(u32, end - 4, count);
	} else if (nr >= 2) {
		ledger_put(u16, p, count);
		ledger_put(u16, end - 2, count);
	} else if (nr) {
		WRITE_ONCE(*p, count);
	}
}

/* ledger_all_full() for at most 32 granules. */
static __always_inline bool ledger_few_full(const u8 *p, unsigned long nr)
{
	const u8 *end = p + nr;

	if (nr >= 16)
		return ledger_full_32(p, end - 16);
	if (nr >= 8)
		return ledger_full(u64, p) && ledger_full(u64, end - 8);
	if (nr >= 4)
		return ledger_full(u32, p) && ledger_full(u32, end - 4);
	if (nr >= 2)
		return ledger_full(u16, p) && ledger_full(u16, end - 2);
	return !nr || READ_ONCE(*p) == DT_GRANULE;
}

/*
 * Set the counts of at most 32 granules if all of them are full. One choice by size for both.
 * Return: false, with nothing changed, if some are not.
 */
static __always_inline bool ledger_swap_few(u8 *p, unsigned long nr, u8 count)
{
	u8 *end = p + nr;

	if (nr >= 16) {
		if (unlikely(!ledger_full_32(p, end - 16)))
			return false;
		ledger_put(u64, p, count);
		ledger_put(u64, p + 8, count);
		ledger_put(u64, end - 16, count);
		ledger_put(u64, end - 8, count);
		return true;
	}
	if (unlikely(!ledger_few_full(p, nr)))
		return false;
	ledger_set_few(p, nr, count);
	return true;
}

/*
 * ledger_swap_few() for @nr granules, at most 32. With @many it is for 32 to 64, and fewer are
 * taken for some that are not full.
 */
static __always_inline bool ledger_swap(u8 *p, unsigned long nr, u8 count, bool many)
{
	u8 *end = p + nr;

	if (!many)
		return ledger_swap_few(p, nr, count);
	if (unlikely(nr < 32 || !ledger_full_64(p, end - 32)))
		return false;
	ledger_put_32(p, count);
	ledger_put_32(end - 32, count);
	return true;
}

/* Set the counts of @nr granules from @first on. */
static __always_inline void ledger_set(u8 *ledger, unsigned long first, unsigned long nr, u8 count)
{
	if (nr > 32)
		ledger_set_many(ledger + first, nr, count);
	else
		ledger_set_few(ledger + first, nr, count);
}

/* Is the granule its owner's, in its trees or its lists, or hot? */
static __always_inline bool ledger_is_owned(u8 count)
{
	return (u8)(count - LEDGER_CACHED_ONE) <= LEDGER_OWNED - LEDGER_CACHED_ONE;
}

/* The first granule of a word of counts in which @others has a bit. */
static __always_inline unsigned int ledger_other(u64 others)
{
	return __ffs64(le64_to_cpu((__force __le64)others)) / BITS_PER_BYTE;
}

/* The first granule from @at on that is not LEDGER_OWNED, or @end, the region's at most. */
static __always_inline unsigned int ledger_owned_end(const u8 *ledger, unsigned int at,
						     unsigned int end)
{
	u64 others, owned = ledger_all(u64, LEDGER_OWNED);

	for (; at < end; at += sizeof(others)) {
		others = ledger_read(u64, ledger + at) ^ owned;
		if (!others)
			continue;
		at += ledger_other(others);
		break;
	}
	return at < end ? at : end;
}

/* Is the granule in flight? */
static __always_inline bool ledger_is_dead(u8 count)
{
	return (count | 1) == LEDGER_DEAD_INSIDE;
}

/* The bits of @word, of 8 counts, that tell granules from those in flight. */
static __always_inline u64 ledger_undead(u64 word)
{
	return (word | ledger_all(u64, 1)) ^ ledger_all(u64, LEDGER_DEAD_INSIDE);
}

/* The bitwise AND of @seen and of the words of 16 granules from @p on, which may be in flight. */
static __always_inline u64 ledger_and_16(u64 seen, const u8 *p)
{
	seen &= ledger_read(u64, p);
	/* As in ledger_join(). */
	OPTIMIZER_HIDE_VAR(seen);
	seen &= ledger_read(u64, p + 8);
	OPTIMIZER_HIDE_VAR(seen);
	return seen;
}

static __always_inline u64 ledger_and_32(u64 seen, const u8 *p)
{
	return ledger_and_16(ledger_and_16(seen, p), p + 16);
}

/* Are the 64 granules from @p on all in flight? */
static __always_inline bool ledger_dead_64(const u8 *p)
{
	return !ledger_undead(ledger_and_32(ledger_and_32(~0ULL, p), p + 32));
}

/* Are the @nr granules from @p on, at most 64, all in flight? */
static __always_inline bool ledger_dead_few(const u8 *p, unsigned long nr)
{
	const u8 *end = p + nr;
	u64 seen = ~0ULL;

	if (nr >= 32) {
		seen = ledger_and_32(ledger_and_32(seen, p), end - 32);
	} else if (nr >= 16) {
		seen = ledger_and_16(ledger_and_16(seen, p), end - 16);
	} else if (nr >= 8) {
		seen = ledger_read(u64, p) & ledger_read(u64, end - 8);
	} else {
		for (; p < end; p++)
			if (!ledger_is_dead(READ_ONCE(*p)))
				return false;
		return true;
	}
	return !ledger_undead(seen);
}

/* ledger_and_16() of the owner's blocks. */
static __always_inline u64 ledger_peek_16(u64 seen, const u8 *p)
{
	seen &= ledger_peek(u64, p);
	OPTIMIZER_HIDE_VAR(seen);
	seen &= ledger_peek(u64, p + 8);
	OPTIMIZER_HIDE_VAR(seen);
	return seen;
}

/*
 * Are the @nr granules from @p on, at most 64, inside a block? @p comes after its first one. All
 * before its last one are LEDGER_OWNED, and the mark of that lacks a bit of LEDGER_OWNED.
 */
static __always_inline bool ledger_all_inside(const u8 *p, unsigned long nr)
{
	const u8 *end = p + nr;
	u64 seen = ~0ULL;

	if (nr >= 32) {
		seen = ledger_peek_16(ledger_peek_16(seen, p), p + 16);
		seen = ledger_peek_16(ledger_peek_16(seen, end - 32), end - 16);
	} else if (nr >= 16) {
		seen = ledger_peek_16(ledger_peek_16(seen, p), end - 16);
	} else if (nr >= 8) {
		seen = ledger_peek(u64, p) & ledger_peek(u64, end - 8);
	} else {
		for (; p < end; p++)
			if (READ_ONCE(*p) != LEDGER_OWNED)
				return false;
	}
	return (seen & ledger_all(u64, LEDGER_OWNED)) == ledger_all(u64, LEDGER_OWNED);
}

static_assert((LEDGER_CACHED_LAST & LEDGER_OWNED) != LEDGER_OWNED);

/* Are all bytes of @nr granules from @first on live? */
static __always_inline bool ledger_all_full(const u8 *ledger, unsigned long first, unsigned long nr)
{
	return nr > 32 ? ledger_many_full(ledger + first, nr) : ledger_few_full(ledger + first, nr);
}

#endif /* DUALTREE_LEDGER_WORDS_H */
