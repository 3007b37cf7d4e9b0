/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: one byte per granule, the count of its live bytes.
 *
 *	granule      0    1    2    3    4    5    6    7    8    9
 *	ledger      64   64   10  FREE   0  FREE  64   36   C    C
 *	           |--- 138 bytes --|-- extent --|-100 bytes-|cached|
 *
 *	value			the granule is
 *	1 to DT_GRANULE		live: the value is its count of live bytes
 *	LEDGER_FREE (FREE)	the first or last of an extent
 *	LEDGER_CACHED (C)	the first or last of a block in a quick list
 *	0			hot, in flight, or inside an extent or a block
 *
 * So a free sees in the two adjacent counts what it touches. Inside an extent a mark may be left
 * from before a merge; it has no meaning there.
 *
 * A free checks its whole range first and changes it then: a refused free changes nothing.
 * The granules that it brings to 0 form one contiguous run.
 *
 * Any context, NMI included; no lock. Writers of a count:
 *
 *	the owner of the region		if nothing in the granule is live
 *	a free of all that is live	a store of 0: no other context has bytes there
 *	a free of a part of it		compare-exchange: other CPUs may free the rest now
 *	dualtree_extend()		a store, if all that is live is its caller's
 *
 * A context that finds all that is live to be its own makes its load an acquire: it pairs with
 * the compare-exchanges of those that freed the rest. litmus/ledger-equal-*, ledger-one-owner.
 *
 * Two frees of the same bytes at the same time are a race of the callers, which may go unnoticed.
 */
#ifndef DUALTREE_LEDGER_H
#define DUALTREE_LEDGER_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>
#include "granule.h"
#include "ledger_words.h"

/* Live bytes of a granule: its count, or 0 for a mark. */
static inline unsigned int ledger_live(u8 count)
{
	return count <= DT_GRANULE ? count : 0;
}

/* Is it a count, of at least @bytes (1 to DT_GRANULE)? A mark is not. One compare. */
static inline bool ledger_has(u8 count, unsigned int bytes)
{
	return (unsigned int)count - bytes <= DT_GRANULE - bytes;
}

/**
 * struct dt_ledger_range - a byte range, in granules
 * @first: first granule
 * @last: last granule; may be @first
 * @head: bytes of the range in @first
 * @tail: bytes of the range in @last; not used if that is @first
 */
struct dt_ledger_range {
	unsigned int first;
	unsigned int last;
	unsigned int head;
	unsigned int tail;
};

/**
 * struct dt_ledger_run - granules that a free brought to 0
 * @first: first granule
 * @nr: number of granules, or 0
 */
struct dt_ledger_run {
	unsigned long first;
	unsigned long nr;
};

/* The granules of @len bytes, not 0, at @offset of a region. */
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

/* Mark both ends of an extent or of a block in a quick list. Owner only. */
static inline void ledger_mark(u8 *ledger, unsigned int first, unsigned int nr, u8 mark)
{
	WRITE_ONCE(ledger[first], mark);
	WRITE_ONCE(ledger[first + nr - 1], mark);
}

/* Bytes of a range in its last granule; @last_byte is the offset of its last byte. */
static inline unsigned int ledger_tail(size_t last_byte)
{
	return (last_byte & (DT_GRANULE - 1)) + 1;
}

/* Record @size live bytes in @nr granules from @first on. Owner only. */
static __always_inline void ledger_fill(u8 *ledger, unsigned long first, unsigned long nr,
					size_t size)
{
	ledger_set(ledger, first, nr - 1, DT_GRANULE);
	WRITE_ONCE(ledger[first + nr - 1], ledger_tail(size - 1));
}

/* ledger_fill() for at most 33 granules: 32 full ones, and the last. @count is the first's. */
static __always_inline void ledger_fill_few(u8 *count, size_t size)
{
	unsigned long last = (size - 1) >> DT_GRANULE_SHIFT;

	if (last)
		ledger_set_few(count, last, DT_GRANULE);
	WRITE_ONCE(count[last], ledger_tail(size - 1));
}

/**
 * ledger_check() - check that a range can be freed
 * @ledger: ledger of the region
 * @r: the range
 *
 * Context: Any, NMI included; preemption is off.
 * Return: 0, or -EALREADY if the counts show that some byte is not live.
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

/* Subtract @bytes from a count. Return: true if it is 0 now: the granule is the caller's. */
static __always_inline bool ledger_take_bytes(u8 *count, unsigned int bytes)
{
	u8 was, seen = READ_ONCE(*count);

	for (;;) {
		if (seen == bytes) {
			/*
			 * Acquire: pairs with the compare-exchange of the free that took the other
			 * bytes. A compare-exchange of ours that failed orders nothing by itself.
			 * litmus/ledger-equal-*, litmus/ledger-failed-*.
			 */
			smp_acquire__after_ctrl_dep();
			WRITE_ONCE(*count, 0);
			return true;
		}
		/* ledger_check() has passed, so this is a racing double-free. Take nothing. */
		if (unlikely(!ledger_has(seen, bytes)))
			return false;
		was = cmpxchg(count, seen, seen - bytes);
		if (was == seen)
			return false;
		seen = was;
	}
}

/**
 * ledger_take() - record that a range is free
 * @ledger: ledger of the region
 * @r: a range that ledger_check() has passed
 *
 * Context: Any, NMI included; preemption is off.
 * Return: the granules that this brought to 0; they are the caller's alone.
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
 * ledger_take_whole() - record that a range is free, if nothing else lives in its granules
 * @first: count of its first granule
 * @last: count of its last granule, 1 to 32 after @first
 * @offset: offset of its first byte in the region
 * @last_byte: offset of its last byte
 *
 * The common case of ledger_check() and ledger_take(): each count equals the bytes being freed.
 *
 * Context: Any, NMI included; preemption is off.
 * Return: true; false, with nothing changed, if some count differs.
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
	/* Acquire: pairs as in ledger_take_bytes(). */
	smp_acquire__after_ctrl_dep();
	ledger_set_few(full, last - full, 0);
	WRITE_ONCE(*first, 0);
	WRITE_ONCE(*last, 0);
	return true;
}

/* ledger_take_whole() for @len bytes of one granule. */
static __always_inline bool ledger_take_granule(u8 *count, size_t len)
{
	if (unlikely(READ_ONCE(*count) != (u8)len))
		return false;
	/* Acquire: pairs as in ledger_take_bytes(). */
	smp_acquire__after_ctrl_dep();
	WRITE_ONCE(*count, 0);
	return true;
}

#endif /* DUALTREE_LEDGER_H */
