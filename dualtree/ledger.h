/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: one byte per granule, the count of its live bytes.
 *
 *	granule      0    1    2    3    4    5    6    7    8    9
 *	ledger      64   64   10   F    2    O   64   36   C    L
 *	           |--- 138 bytes --|-extent-|hot|-100 bytes-|cached|
 *
 *	value				the granule is
 *	1 to DT_GRANULE			live: the value is its count of live bytes
 *	LEDGER_DEAD, LEDGER_DEAD_INSIDE	in flight: freed, and its owner has not drained it yet
 *	another mark, ledger_words.h	its owner's: in an extent, cached, or hot
 *
 * The ledger is the truth: it lies out of band, where no stray write to free memory reaches. What
 * lies in free memory, the links of the trees and of the quick lists, is followed only to where
 * the ledger has the marks that must be there.
 *
 * A free sees in the two adjacent counts what it touches: the marks of an extent say its length.
 * Inside an extent no mark is left from before a merge.
 *
 * A free checks its whole range first and changes it then: a refused free changes nothing. It
 * claims the granules in which nothing else lives; they form one contiguous run. Until the free
 * sets their counts, no other context can.
 *
 * Any context, NMI included; no lock. Writers of a count:
 *
 *	the owner of the region		if nothing in the granule is live
 *	a free of all that is live	a store: no other context has bytes there
 *	a free of a part of it		compare-exchange: other CPUs may free the rest now
 *	dualtree_extend()		a store, if all that is live is its caller's
 *
 * A context that finds all that is live to be its own makes its load an acquire. It pairs with the
 * compare-exchanges that freed the rest. litmus/ledger-equal-*, ledger-one-owner.
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
 * struct dt_ledger_run - granules in which nothing but the bytes being freed lives
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

/* Is it the mark of the last granule of an extent? */
static __always_inline bool ledger_is_last(u8 count)
{
	return (u8)(count - LEDGER_FREE) <= LEDGER_SIZES;
}

/* Is it the mark of the first granule of an extent? One of one granule has that of the last. */
static __always_inline bool ledger_is_first(u8 count)
{
	return count == LEDGER_FREE || (u8)(count - LEDGER_FIRST) <= 1;
}

/* Is it the mark of the first granule of a block in a quick list? */
static __always_inline bool ledger_is_block(u8 count)
{
	return count == LEDGER_CACHED_ONE || count == LEDGER_CACHED_FIRST;
}

/* Is the granule live, or in a quick list? A freed one next to it does not merge. One compare. */
static __always_inline bool ledger_is_kept(u8 count)
{
	return count <= LEDGER_CACHED_LAST;
}

/* Mark a block of @nr granules in a quick list; @first is the mark of the first. Owner only. */
static __always_inline void ledger_mark_block(u8 *first, unsigned long nr)
{
	if (nr == 1) {
		WRITE_ONCE(*first, LEDGER_CACHED_ONE);
		return;
	}
	WRITE_ONCE(*first, LEDGER_CACHED_FIRST);
	first += nr - 1;
	WRITE_ONCE(*first, LEDGER_CACHED_LAST);
}

/* Remove the marks of a block, whose granules stay the owner's. Owner only. */
static inline void ledger_unmark_block(u8 *ledger, unsigned int first, unsigned int nr)
{
	WRITE_ONCE(ledger[first], LEDGER_OWNED);
	WRITE_ONCE(ledger[first + nr - 1], LEDGER_OWNED);
}

/*
 * Is a block of @nr granules, 1 to 64, marked as one? @first is the mark of its first granule. Two
 * adjacent blocks with as many granules are not: a stray write may have put the first of them into
 * a list of @nr.
 */
static __always_inline bool ledger_has_block(const u8 *first, unsigned long nr)
{
	if (nr == 1)
		return READ_ONCE(*first) == LEDGER_CACHED_ONE;
	return READ_ONCE(*first) == LEDGER_CACHED_FIRST &&
	       READ_ONCE(first[nr - 1]) == LEDGER_CACHED_LAST &&
	       ledger_all_inside(first + 1, nr - 2);
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

/* ledger_fill() for more than 33 granules. @count is the first's, and @last is as many after it. */
static __always_inline void ledger_fill_large(u8 *count, unsigned long last, size_t size)
{
	ledger_set_many(count, last, DT_GRANULE);
	WRITE_ONCE(count[last], ledger_tail(size - 1));
}

/* ledger_fill() for at most 65 granules. @count is the first's, and @last is as many after it. */
static __always_inline void ledger_fill_block(u8 *count, unsigned long last, size_t size)
{
	if (last > 32) {
		ledger_put_32(count, DT_GRANULE);
		ledger_put_32(count + last - 32, DT_GRANULE);
	} else {
		ledger_set_few(count, last, DT_GRANULE);
	}
	WRITE_ONCE(count[last], ledger_tail(size - 1));
}

/* ledger_fill() for at most 33 granules. @count is the first's, and @last is as many after it. */
static __always_inline void ledger_fill_to(u8 *count, unsigned long last, size_t size)
{
	if (last)
		ledger_set_few(count, last, DT_GRANULE);
	WRITE_ONCE(count[last], ledger_tail(size - 1));
}

/* ledger_fill() for at most 33 granules: 32 full ones, and the last. @count is the first's. */
static __always_inline void ledger_fill_few(u8 *count, size_t size)
{
	ledger_fill_to(count, (size - 1) >> DT_GRANULE_SHIFT, size);
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

/*
 * Subtract @bytes from a count, unless nothing else lives there. Return: true if so: the granule is
 * the caller's, and its count is as it was.
 */
static __always_inline bool ledger_claim_granule(u8 *count, unsigned int bytes)
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
 * ledger_claim() - record that a range is free, but for granules that are the caller's then
 * @ledger: ledger of the region
 * @r: a range that ledger_check() has passed
 *
 * Context: Any, NMI included; preemption is off.
 * Return: the granules in which nothing else lives; the caller sets their counts.
 */
static __always_inline struct dt_ledger_run ledger_claim(u8 *ledger,
							 const struct dt_ledger_range *r)
{
	struct dt_ledger_run run = { .first = r->first };
	unsigned int end = r->last + 1;

	if (!ledger_claim_granule(&ledger[r->first], r->head))
		run.first++;
	if (r->first != r->last && !ledger_claim_granule(&ledger[r->last], r->tail))
		end--;
	run.nr = end - run.first;
	return run;
}

/**
 * ledger_is_whole() - check whether nothing but a range lives in its granules
 * @first: count of its first granule
 * @last: count of its last granule, 1 to 32 after @first
 * @offset: offset of its first byte in the region
 * @last_byte: offset of its last byte
 *
 * The common case of ledger_check() and ledger_claim(): each count equals the bytes being freed.
 *
 * Context: Any, NMI included; preemption is off.
 * Return: true: the granules are the caller's; false if some count differs.
 */
static __always_inline bool ledger_is_whole(const u8 *first, const u8 *last, size_t offset,
					    size_t last_byte)
{
	unsigned int skipped = offset & (DT_GRANULE - 1);

	if (READ_ONCE(*last) != (u8)ledger_tail(last_byte))
		return false;
	if (skipped) {
		if (READ_ONCE(*first) != (u8)(DT_GRANULE - skipped))
			return false;
		first++;
	}
	if (unlikely(!ledger_few_full(first, last - first)))
		return false;
	/* Acquire: pairs as in ledger_claim_granule(). */
	smp_acquire__after_ctrl_dep();
	return true;
}

/*
 * ledger_take_whole() of a range that begins @skipped bytes, not 0, into its first granule, and
 * ends @more granules after that one.
 */
static __always_inline bool ledger_take_inside(u8 *first, unsigned long more, unsigned int skipped,
					       size_t last_byte, bool many)
{
	if (unlikely(READ_ONCE(first[more]) != (u8)ledger_tail(last_byte) ||
		     READ_ONCE(*first) != (u8)(DT_GRANULE - skipped) ||
		     !ledger_swap(first + 1, more - 1, LEDGER_OWNED, many)))
		return false;
	WRITE_ONCE(*first, LEDGER_OWNED);
	WRITE_ONCE(first[more], LEDGER_OWNED);
	/* Acquire: pairs as in ledger_claim_granule(). */
	smp_acquire__after_ctrl_dep();
	return true;
}

/*
 * ledger_is_whole(), and all of the granules become LEDGER_OWNED if so. @last is 1 to 32 after
 * @first, or with @many 32 to 64. Owner only.
 *
 * Return: false, with nothing changed, if some count differs.
 */
static __always_inline bool ledger_take_whole(u8 *first, u8 *last, size_t offset, size_t last_byte,
					      bool many)
{
	unsigned int skipped = offset & (DT_GRANULE - 1);

	if (unlikely(skipped))
		return ledger_take_inside(first, last - first, skipped, last_byte, many);
	if (unlikely(READ_ONCE(*last) != (u8)ledger_tail(last_byte) ||
		     !ledger_swap(first, last - first, LEDGER_OWNED, many)))
		return false;
	WRITE_ONCE(*last, LEDGER_OWNED);
	/* Acquire: pairs as in ledger_claim_granule(). */
	smp_acquire__after_ctrl_dep();
	return true;
}

/*
 * ledger_is_whole() for @len bytes of one granule. @count is its count, as an element of the
 * ledger: a pointer to it would be computed first, in an instruction of its own.
 */
#define ledger_is_granule(count, len)					\
({									\
	bool _is = READ_ONCE(count) == (u8)(len);			\
									\
	/* Acquire: pairs as in ledger_claim_granule(). */		\
	if (likely(_is))						\
		smp_acquire__after_ctrl_dep();				\
	_is;								\
})

#endif /* DUALTREE_LEDGER_H */
