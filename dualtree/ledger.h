/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: one byte per granule says how many of its bytes are live.
 *
 *	granule      0    1    2    3    4    5    6    7
 *	ledger      64   64   10    0    0   64   36    0
 *	           |--- 138 bytes --|        |-100 bytes-|
 *
 * A free checks its whole range first and changes it then, so that a refused free
 * changes nothing. Whole granules that reach 0 form one contiguous run, which is what
 * goes back to the trees.
 *
 * Who may write what, without a lock: the owner of a region writes the bytes of granules
 * it allocates, which are 0 and nobody else's. Whoever frees bytes writes the counts of
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
#include "../compat/unaligned.h"
#include "granule.h"

/* A full count in each of eight bytes. */
#define LEDGER_FULL8	(DT_GRANULE * 0x0101010101010101ULL)

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
	unsigned int first;
	unsigned int nr;
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

void ledger_set(u8 *ledger, unsigned int first, unsigned int nr, u8 count);
bool ledger_all_full(const u8 *ledger, unsigned int first, unsigned int nr);

/* Write down @size live bytes, from the start of granule @first on. Owner only. */
static inline void ledger_fill(u8 *ledger, unsigned int first, unsigned int nr, size_t size)
{
	if (nr > 1)
		ledger_set(ledger, first, nr - 1, DT_GRANULE);
	WRITE_ONCE(ledger[first + nr - 1], size - (size_t)(nr - 1) * DT_GRANULE);
}

/**
 * ledger_check() - may a range be freed?
 * @ledger: of the region
 * @r: the range
 *
 * Return: 0, or -EALREADY if some byte of it is known to be free.
 */
static inline int ledger_check(const u8 *ledger, const struct ledger_range *r)
{
	if (READ_ONCE(ledger[r->first]) < r->head)
		return -EALREADY;
	if (r->first == r->last)
		return 0;
	if (READ_ONCE(ledger[r->last]) < r->tail)
		return -EALREADY;
	if (r->last - r->first < 2)
		return 0;
	return ledger_all_full(ledger, r->first + 1, r->last - r->first - 1) ? 0 : -EALREADY;
}

/*
 * Take bytes out of one count. Return: true if that brought it to 0, and so the granule to
 * the caller.
 */
static inline bool ledger_take_bytes(u8 *count, unsigned int bytes)
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
		if (unlikely(seen < bytes))
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
static inline struct ledger_run ledger_take(u8 *ledger, const struct ledger_range *r)
{
	struct ledger_run run = { .first = r->first };
	unsigned int end = r->last + 1;

	if (!ledger_take_bytes(&ledger[r->first], r->head))
		run.first++;
	if (r->first != r->last) {
		if (!ledger_take_bytes(&ledger[r->last], r->tail))
			end--;
		if (r->last - r->first > 1)
			ledger_set(ledger, r->first + 1, r->last - r->first - 1, 0);
	}
	run.nr = end - run.first;
	return run;
}

#endif /* DUALTREE_LEDGER_H */
