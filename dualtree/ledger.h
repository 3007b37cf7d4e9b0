/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: one byte per granule says how many of its bytes are live.
 *
 *	granule      0    1    2    3    4    5    6    7    8    9
 *	ledger      64   64   10  FREE   0  FREE  64   36   C    C
 *	           |--- 138 bytes --|-- extent --|-100 bytes-|cached|
 *
 * Values above a full count mark the first and the last granule of what is not live and not
 * on its way: of a free extent, of a block in a quick list. So whoever frees the granule
 * beside one sees what it is. In between, and while a free is on its way to the owner, it
 * is 0, or a mark that is left from before a merge.
 *
 * A free checks its whole range first and changes it then, so that a refused free
 * changes nothing. Whole granules that reach 0 form one contiguous run, which is what
 * goes back to the trees.
 *
 * Who may write what, without a lock: the owner of a region writes the bytes of granules
 * in which nothing is live, which are nobody else's. Whoever frees bytes writes the counts of
 * their granules. Bytes of one granule can be freed from two CPUs at once; where the
 * count is more than the bytes being freed, someone else may hold the rest, and only a
 * compare-exchange will do. Where it is equal nobody can, and a plain store does: the
 * load, made an acquire, has seen the other's compare-exchange, and so what they did before.
 * Freeing the same bytes twice at the same time is a race of the callers.
 */
#ifndef DUALTREE_LEDGER_H
#define DUALTREE_LEDGER_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>
#include "../compat/once.h"
#include "granule.h"

/* The first and the last granule of a free extent. */
#define LEDGER_FREE	0xbe
/* The first and the last granule of a block in a quick list. */
#define LEDGER_CACHED	0xbf

static_assert(LEDGER_FREE > DT_GRANULE && LEDGER_CACHED > DT_GRANULE);

/*
 * Of all that a ledger may hold, does a full count alone have its one bit? Then words of
 * counts are all full if all of them together have it.
 */
#define LEDGER_FULL_BIT	(!((LEDGER_FREE | LEDGER_CACHED) & DT_GRANULE))

/* Bytes that a count says are live. */
static inline unsigned int ledger_live(u8 count)
{
	return count <= DT_GRANULE ? count : 0;
}

/* Does a count have @bytes (1 to a granule) live ones? One compare: marks are too large. */
static inline bool ledger_has(u8 count, unsigned int bytes)
{
	return (unsigned int)count - bytes <= DT_GRANULE - bytes;
}

/**
 * struct ledger_range - a range of bytes, in granules
 * @first: its first granule
 * @last: its last granule; may be the same
 * @head: bytes of it in @first
 * @tail: bytes of it in @last; all of them counted in @head if that is @first
 */
struct ledger_range {
	unsigned int first;
	unsigned int last;
	unsigned int head;
	unsigned int tail;
};

/**
 * struct ledger_run - granules that a free brought to 0
 * @first: the first of them
 * @nr: how many; 0 if none
 */
struct ledger_run {
	unsigned long first;
	unsigned long nr;
};

/* What @len bytes (not 0) at @offset of a region cover. */
static inline struct ledger_range ledger_range(size_t offset, size_t len)
{
	size_t last_byte = offset + len - 1;
	struct ledger_range r = {
		.first = offset >> DT_GRANULE_SHIFT,
		.last = last_byte >> DT_GRANULE_SHIFT,
		.head = DT_GRANULE - (offset & (DT_GRANULE - 1)),
		.tail = (last_byte & (DT_GRANULE - 1)) + 1,
	};

	if (r.first == r.last)
		r.head = len;
	return r;
}

/*
 * Several counts in one access. They lie where they lie, so the access may not be aligned;
 * it is one for each instruction all the same, since others look at these bytes.
 */
#define ledger_word(type, p)	(((struct { type counts; } __packed *)(p))->counts)
/* A count in each byte of a word: 1 in each, times the count. */
#define ledger_all(type, count)	((type)((type)~(type)0 / 0xff * (count)))
#define ledger_put(type, p, count)	\
	WRITE_ONCE(ledger_word(type, p), ledger_all(type, count))
#define ledger_full(type, p)		\
	(load_once(ledger_word(type, p)) == ledger_all(type, DT_GRANULE))

/* What takes 16 accesses of 8 counts: the most in one stretch. */
#define LEDGER_STRETCH	128

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

static __always_inline u64 ledger_and_32(const u8 *p, const u8 *q)
{
	return load_once(ledger_word(u64, p)) & load_once(ledger_word(u64, p + 8)) &
	       load_once(ledger_word(u64, q)) & load_once(ledger_word(u64, q + 8));
}

static __always_inline u64 ledger_and_64(const u8 *p, const u8 *q)
{
	return ledger_and_32(p, p + 16) & ledger_and_32(q, q + 16);
}

/* Are those of 16 granules and 16 more, here and there, full? */
static __always_inline bool ledger_full_32(const u8 *p, const u8 *q)
{
	if (LEDGER_FULL_BIT)
		return ledger_and_32(p, q) == ledger_all(u64, DT_GRANULE);
	return ledger_full(u64, p) && ledger_full(u64, p + 8) &&
	       ledger_full(u64, q) && ledger_full(u64, q + 8);
}

/* Likewise of 32 and 32 more, */
static __always_inline bool ledger_full_64(const u8 *p, const u8 *q)
{
	if (LEDGER_FULL_BIT)
		return ledger_and_64(p, q) == ledger_all(u64, DT_GRANULE);
	return ledger_full_32(p, p + 16) && ledger_full_32(q, q + 16);
}

/* and of 64 and 64 more. */
static __always_inline bool ledger_full_128(const u8 *p, const u8 *q)
{
	if (LEDGER_FULL_BIT)
		return (ledger_and_64(p, p + 32) & ledger_and_64(q, q + 32)) ==
		       ledger_all(u64, DT_GRANULE);
	return ledger_full_64(p, p + 32) && ledger_full_64(q, q + 32);
}

/* The same as ledger_set(), for 32 granules or more. */
static __always_inline void ledger_set_many(u8 *p, unsigned long nr, u8 count)
{
	u8 *end = p + nr;

	if (nr <= 64) {
		ledger_put_32(p, count);
		ledger_put_32(end - 32, count);
		return;
	}
	if (nr > LEDGER_STRETCH) {
		for (; p < end - LEDGER_STRETCH; p += LEDGER_STRETCH) {
			ledger_put_64(p, count);
			ledger_put_64(p + 64, count);
		}
		p = end - LEDGER_STRETCH;
	}
	ledger_put_64(p, count);
	ledger_put_64(end - 64, count);
}

/* The same as ledger_all_full(), for 32 granules or more. */
static __always_inline bool ledger_many_full(const u8 *p, unsigned long nr)
{
	const u8 *end = p + nr;

	if (nr <= 64)
		return ledger_full_64(p, end - 32);
	if (nr > LEDGER_STRETCH) {
		for (; p < end - LEDGER_STRETCH; p += LEDGER_STRETCH)
			if (!ledger_full_128(p, p + 64))
				return false;
		p = end - LEDGER_STRETCH;
	}
	return ledger_full_128(p, end - 64);
}

/*
 * The same as ledger_set(), for 32 granules at most. The sizes of packets are told apart
 * with the fewest compares.
 */
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

/* The same as ledger_all_full(), for 32 granules at most. */
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
	return !nr || load_once(*p) == DT_GRANULE;
}

/*
 * Set the counts of @nr granules, several at a time; accesses overlap rather than going byte
 * by byte. All bytes touched are those of the run: a neighbour's may be changing on another
 * CPU.
 */
static __always_inline void ledger_set(u8 *ledger, unsigned long first, unsigned long nr, u8 count)
{
	if (nr > 32)
		ledger_set_many(ledger + first, nr, count);
	else
		ledger_set_few(ledger + first, nr, count);
}

/* Are all bytes of @nr granules live? Looks at them as ledger_set() does. */
static __always_inline bool ledger_all_full(const u8 *ledger, unsigned long first, unsigned long nr)
{
	return nr > 32 ? ledger_many_full(ledger + first, nr) : ledger_few_full(ledger + first, nr);
}

/* Mark the ends of an extent or of a block in a quick list. Owner only. */
static inline void ledger_mark(u8 *ledger, unsigned int first, unsigned int nr, u8 mark)
{
	WRITE_ONCE(ledger[first], mark);
	WRITE_ONCE(ledger[first + nr - 1], mark);
}

/* How many of a range's bytes, which end with this one, lie in its last granule. */
static inline unsigned int ledger_tail(size_t last_byte)
{
	return (last_byte & (DT_GRANULE - 1)) + 1;
}

/* Write down @size live bytes, from the start of granule @first on. Owner only. */
static __always_inline void ledger_fill(u8 *ledger, unsigned long first, unsigned long nr,
					size_t size)
{
	ledger_set(ledger, first, nr - 1, DT_GRANULE);
	WRITE_ONCE(ledger[first + nr - 1], ledger_tail(size - 1));
}

/* The same for 33 granules at most, by the count of the first. */
static __always_inline void ledger_fill_few(u8 *count, size_t size)
{
	unsigned long last = (size - 1) >> DT_GRANULE_SHIFT;

	if (last)
		ledger_set_few(count, last, DT_GRANULE);
	WRITE_ONCE(count[last], ledger_tail(size - 1));
}

/**
 * ledger_check() - may a range be freed?
 * @ledger: of the region
 * @r: the range
 *
 * Return: 0, or -EALREADY if some byte of it is known to be free.
 */
static __always_inline int ledger_check(const u8 *ledger, const struct ledger_range *r)
{
	if (unlikely(!ledger_has(READ_ONCE(ledger[r->first]), r->head)))
		return -EALREADY;
	if (r->first == r->last)
		return 0;
	if (unlikely(!ledger_has(READ_ONCE(ledger[r->last]), r->tail)))
		return -EALREADY;
	return ledger_all_full(ledger, r->first + 1, r->last - r->first - 1) ? 0 : -EALREADY;
}

/*
 * Take bytes out of one count. Return: true if that brought it to 0, and so the granule to
 * the caller.
 */
static __always_inline bool ledger_take_bytes(u8 *count, unsigned int bytes)
{
	u8 was, seen = READ_ONCE(*count);

	for (;;) {
		if (seen == bytes) {
			/*
			 * Pairs with the compare-exchange of whoever freed the other bytes before,
			 * also where ours has just failed: that orders nothing by itself.
			 */
			smp_acquire__after_ctrl_dep();
			WRITE_ONCE(*count, 0);
			return true;
		}
		/* Only a racing double free gets here after the check; it takes nothing. */
		if (unlikely(!ledger_has(seen, bytes)))
			return false;
		was = cmpxchg(count, seen, seen - bytes);
		if (was == seen)
			return false;
		seen = was;
	}
}

/**
 * ledger_take() - write down that a range is free
 * @ledger: of the region
 * @r: a range that ledger_check() has passed
 *
 * Return: the granules that reached 0; they are the caller's alone now.
 */
static __always_inline struct ledger_run ledger_take(u8 *ledger, const struct ledger_range *r)
{
	struct ledger_run run = { .first = r->first };
	unsigned int end = r->last + 1;

	if (!ledger_take_bytes(&ledger[r->first], r->head))
		run.first++;
	if (r->first != r->last) {
		if (!ledger_take_bytes(&ledger[r->last], r->tail))
			end--;
		ledger_set(ledger, r->first + 1, r->last - r->first - 1, 0);
	}
	run.nr = end - run.first;
	return run;
}

/**
 * ledger_take_whole() - write down that a range is free, if it is all that lives in its granules
 * @first: the count of the first of them
 * @last: the count of the last, another one, 32 further at most
 * @offset: of the first byte, in the region
 * @last_byte: of the last one
 *
 * The common case of ledger_check() and ledger_take(): all counts are the bytes being freed,
 * so nobody else has any there.
 *
 * Return: false, and nothing is changed, if it is something else, or wrong.
 */
static __always_inline bool ledger_take_whole(u8 *first, u8 *last, size_t offset, size_t last_byte)
{
	unsigned int skipped = offset & (DT_GRANULE - 1);
	u8 *full = first;

	if (load_once(*last) != (u8)ledger_tail(last_byte))
		return false;
	if (skipped) {
		if (load_once(*first) != (u8)(DT_GRANULE - skipped))
			return false;
		full++;
	}
	if (unlikely(!ledger_few_full(full, last - full)))
		return false;
	smp_acquire__after_ctrl_dep();
	ledger_set_few(full, last - full, 0);
	WRITE_ONCE(*first, 0);
	WRITE_ONCE(*last, 0);
	return true;
}

/* The same for bytes of one granule; so @len is at most that. */
static __always_inline bool ledger_take_granule(u8 *count, size_t len)
{
	if (unlikely(load_once(*count) != (u8)len))
		return false;
	smp_acquire__after_ctrl_dep();
	WRITE_ONCE(*count, 0);
	return true;
}

#endif /* DUALTREE_LEDGER_H */
