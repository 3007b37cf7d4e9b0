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
#include "granule.h"
#include "ledger_words.h"

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
 * struct dt_ledger_range - a range of bytes, in granules
 * @first: its first granule
 * @last: its last granule; may be the same
 * @head: bytes of it in @first
 * @tail: bytes of it in @last; all of them counted in @head if that is @first
 */
struct dt_ledger_range {
	unsigned int first;
	unsigned int last;
	unsigned int head;
	unsigned int tail;
};

/**
 * struct dt_ledger_run - granules that a free brought to 0
 * @first: the first of them
 * @nr: how many; 0 if none
 */
struct dt_ledger_run {
	unsigned long first;
	unsigned long nr;
};

/* What @len bytes (not 0) at @offset of a region cover. */
static inline struct dt_ledger_range ledger_range(size_t offset, size_t len)
{
	size_t last_byte = offset + len - 1;
	struct dt_ledger_range r = {
		.first = offset >> DT_GRANULE_SHIFT,
		.last = last_byte >> DT_GRANULE_SHIFT,
		.head = DT_GRANULE - (offset & (DT_GRANULE - 1)),
		.tail = (last_byte & (DT_GRANULE - 1)) + 1,
	};

	if (r.first == r.last)
		r.head = len;
	return r;
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
static __always_inline int ledger_check(const u8 *ledger, const struct dt_ledger_range *r)
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
static __always_inline struct dt_ledger_run ledger_take(u8 *ledger, const struct dt_ledger_range *r)
{
	struct dt_ledger_run run = { .first = r->first };
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

	if (READ_ONCE(*last) != (u8)ledger_tail(last_byte))
		return false;
	if (skipped) {
		if (READ_ONCE(*first) != (u8)(DT_GRANULE - skipped))
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
	if (unlikely(READ_ONCE(*count) != (u8)len))
		return false;
	smp_acquire__after_ctrl_dep();
	WRITE_ONCE(*count, 0);
	return true;
}

#endif /* DUALTREE_LEDGER_H */
