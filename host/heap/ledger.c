// SPDX-License-Identifier: GPL-2.0
/* Cases of the ledger: its loops over words, and what a free sees and takes in it. */
#include "../../dualtree/ledger.h"
#include "ops.h"

/* Granules of the ledger of a case: more than the loops over words take in one step. */
#define GRANULES	320U

#define FULL		((u8)DT_GRANULE)

static u8 ledger[GRANULES + 16];

/* A run is set and nothing around it is; and one count that differs is seen, wherever it is. */
static void words_of(u8 *first, unsigned int nr)
{
	unsigned int i;

	memset(ledger, 7, sizeof(ledger));
	ledger_set(first, 0, nr, FULL);
	host_assert(first[-1] == 7 && first[nr] == 7 && !memchr_inv(first, FULL, nr));
	host_assert(ledger_all_full(first, 0, nr));
	for (i = 0; i < nr; i++) {
		first[i] = i & 1 ? FULL - 1 : LEDGER_DEAD_INSIDE;
		host_assert(!ledger_all_full(first, 0, nr));
		first[i] = FULL;
	}
}

/* What is inside of a block is seen to be, and the last granule of a shorter one to be in it. */
static void inside_of(u8 *first, unsigned int nr)
{
	unsigned int i;

	memset(ledger, LEDGER_CACHED_LAST, sizeof(ledger));
	memset(first, LEDGER_OWNED, nr);
	host_assert(ledger_all_inside(first, nr));
	for (i = 0; i < nr; i++) {
		first[i] = LEDGER_CACHED_LAST;
		host_assert(!ledger_all_inside(first, nr));
		first[i] = LEDGER_OWNED;
	}
}

/* A run is swapped if all of its counts are full; or else no count changes, whichever differs. */
static void swap_of(u8 *first, unsigned int nr, bool many)
{
	unsigned int i;

	memset(ledger, 7, sizeof(ledger));
	memset(first, FULL, nr);
	for (i = 0; i < nr; i++) {
		first[i] = i & 1 ? FULL - 1 : LEDGER_OWNED;
		host_assert(!ledger_swap(first, nr, LEDGER_OWNED, many));
		first[i] = FULL;
		host_assert(!memchr_inv(first, FULL, nr));
	}
	host_assert(ledger_swap(first, nr, LEDGER_OWNED, many));
	host_assert(first[-1] == 7 && first[nr] == 7 && !memchr_inv(first, LEDGER_OWNED, nr));
}

static void ledger_swaps(void)
{
	unsigned int nr;

	for (nr = 0; nr <= 32; nr++)
		swap_of(ledger + 8, nr, false);
	for (nr = 32; nr <= 64; nr++)
		swap_of(ledger + 8, nr, true);
	/* Fewer are not taken. */
	memset(ledger, FULL, sizeof(ledger));
	host_assert(!ledger_swap(ledger + 8, 31, LEDGER_OWNED, true) && ledger[8] == FULL);
}

static void ledger_words(void)
{
	unsigned int nr;

	for (nr = 0; nr <= GRANULES; nr++)
		words_of(ledger + 8 + (nr < GRANULES - 8 ? nr % 8 : 0), nr);
	for (nr = 0; nr <= 64; nr++)
		inside_of(ledger + 8 + nr % 8, nr);
}

/* 64 granules are in flight if each of them is: no other value passes for one that is. */
static void ledger_dead(void)
{
	u8 *first = ledger + 8;
	unsigned int i, value;

	for (i = 0; i < 64; i++)
		first[i] = i % 3 ? LEDGER_DEAD_INSIDE : LEDGER_DEAD;
	host_assert(ledger_dead_64(first));
	for (i = 0; i < 64; i++) {
		u8 was = first[i];

		for (value = 0; value <= LEDGER_OWNED; value++) {
			first[i] = value;
			if (!value || ledger_live(value) || ledger_is_owned(value))
				host_assert(!ledger_dead_64(first) && !ledger_is_dead(value));
		}
		first[i] = was;
	}
}

/*
 * Two blocks that are adjacent are not one of as many granules. A stray link to the first of them
 * made them one: both were handed out, and each of them once more.
 */
static void two_blocks(void)
{
	u8 *first = ledger + 8;
	unsigned int a, b;

	for (a = 1; a <= 40; a++) {
		for (b = 1; a + b <= 64; b++) {
			memset(ledger, LEDGER_OWNED, sizeof(ledger));
			ledger_mark_block(first, a);
			ledger_mark_block(first + a, b);
			host_assert(ledger_has_block(first, a));
			host_assert(ledger_has_block(first + a, b));
			host_assert(!ledger_has_block(first, a + b));
		}
	}
}

/* Nothing but a range lives in its granules: or else one more byte, in any of them, is seen. */
static void whole_range(unsigned int skip, unsigned int len)
{
	size_t last_byte = skip + len - 1;
	unsigned int last = last_byte >> DT_GRANULE_SHIFT, i;
	u8 *count = ledger + 8;

	/* Or the compiler warns of accesses that it takes out of loops, and that do not happen. */
	OPTIMIZER_HIDE_VAR(count);
	memset(count, FULL, last + 1);
	count[0] = last ? DT_GRANULE - skip : len;
	if (last)
		count[last] = ledger_tail(last_byte);
	for (i = 0; i <= last; i++) {
		u8 was = count[i];

		host_assert(last ? ledger_is_whole(count, count + last, skip, last_byte) :
				   ledger_is_granule(*count, len));
		count[i] = was == FULL ? was - 1 : was + 1;
		host_assert(!(last ? ledger_is_whole(count, count + last, skip, last_byte) :
				     ledger_is_granule(*count, len)));
		count[i] = was;
	}
}

/* What another free has taken since the check, by a fault of the caller, is not taken again. */
static void racing_claim(u8 *count, const struct dt_ledger_range *r)
{
	struct dt_ledger_run run;

	count[r->first] = LEDGER_OWNED;
	count[r->last] = LEDGER_OWNED;
	run = ledger_claim(count, r);
	host_assert(run.nr == (r->last > r->first + 1 ? r->last - r->first - 1 : 0));
	host_assert(count[r->first] == LEDGER_OWNED && count[r->last] == LEDGER_OWNED);
}

/* A range passes the check if each granule has as many bytes live, and claims what is its own. */
static void claim_range(unsigned int skip, unsigned int len)
{
	struct dt_ledger_range r = ledger_range(skip, len);
	u8 *count = ledger + 8;
	struct dt_ledger_run run;
	unsigned int i;

	for (i = 0; i <= r.last; i++)
		count[i] = i && i < r.last ? FULL : i ? r.tail : r.head;
	host_assert(!ledger_check(count, &r));
	for (i = 0; i <= r.last; i++) {
		count[i]--;
		host_assert(ledger_check(count, &r) == -EALREADY);
		count[i]++;
	}
	run = ledger_claim(count, &r);
	host_assert(run.first == 0 && run.nr == r.last + 1);
	racing_claim(count, &r);
	for (i = 0; i <= r.last; i++)
		count[i] = i && i < r.last ? FULL : i ? r.tail : r.head;
	if (r.head == DT_GRANULE || (r.last && r.tail == DT_GRANULE))
		return;
	count[0]++;
	count[r.last] += !!r.last;
	host_assert(!ledger_check(count, &r));
	run = ledger_claim(count, &r);
	host_assert(count[0] == 1 && count[r.last] == 1);
	host_assert(run.nr == (r.last > 1 ? r.last - 1 : 0) && (!run.nr || run.first == 1));
}

static void ledger_ranges(void)
{
	unsigned int skip, len;

	for (skip = 0; skip < DT_GRANULE; skip += 1 + skip / 4)
		for (len = 1; len < 6 * DT_GRANULE; len += 1 + len / 16) {
			if (len > 33 * DT_GRANULE - skip)
				continue;
			whole_range(skip, len);
			claim_range(skip, len);
		}
	for (len = 6 * DT_GRANULE; len <= 33 * DT_GRANULE; len += 61)
		whole_range(1, len);
}

void host_ledger_cases(void)
{
	ledger_words();
	ledger_dead();
	ledger_swaps();
	ledger_ranges();
	two_blocks();
}
