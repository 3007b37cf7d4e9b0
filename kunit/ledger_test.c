// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: each live byte is counted once, a granule is given back once, when its last
 * byte goes, and no count but those of the range is ever touched.
 *
 * What a ledger must hold is kept by loops over single bytes. After each step all of it is
 * compared, and so is what lies on both sides of it. The loops over words are in
 * ledger_words_test.c.
 */
#include <linux/gcd.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "fixtures/ledger.h"
#include "fixtures/instance.h"

#define NR_COUNTS	320
#define NR_GUARDS	16
#define GUARD		0xa5

/* An odd size: three full granules and a bit. */
#define ODD_SIZE	(3 * DT_GRANULE + 9)

/**
 * struct ledger_model - a ledger and what it must hold
 * @is: written by the code under test; guards, counts, guards
 * @want: written by the loops in here
 */
struct ledger_model {
	u8 is[NR_GUARDS + NR_COUNTS + NR_GUARDS];
	u8 want[NR_GUARDS + NR_COUNTS + NR_GUARDS];
};

static struct ledger_model *model_new(struct kunit *test)
{
	struct ledger_model *m = dt_test_zalloc(test, sizeof(*m));

	memset(m->is, GUARD, NR_GUARDS);
	memset(m->is + NR_GUARDS + NR_COUNTS, GUARD, NR_GUARDS);
	memcpy(m->want, m->is, sizeof(m->want));
	return m;
}

static u8 *counts(struct ledger_model *m)
{
	return m->is + NR_GUARDS;
}

static u8 *wanted(struct ledger_model *m)
{
	return m->want + NR_GUARDS;
}

static void model_compare(struct kunit *test, struct ledger_model *m)
{
	unsigned int i;

	if (!memcmp(m->is, m->want, sizeof(m->is)))
		return;
	for (i = 0; i < sizeof(m->is); i++)
		KUNIT_ASSERT_EQ_MSG(test, m->is[i], m->want[i], "count of granule %d",
				    (int)i - NR_GUARDS);
}

/* @size bytes become live from the start of granule @first on. */
static void model_alloc(struct kunit *test, struct ledger_model *m, unsigned int first, size_t size)
{
	size_t i;

	ledger_fill(counts(m), first, granules_of(size), size);
	for (i = 0; i < size; i++)
		wanted(m)[first + i / DT_GRANULE]++;
	model_compare(test, m);
}

/* @len live bytes from byte @offset on are freed. Return: granules that this gave back. */
static unsigned int model_free(struct kunit *test, struct ledger_model *m, size_t offset,
			       size_t len)
{
	unsigned int first = offset / DT_GRANULE, last = (offset + len - 1) / DT_GRANULE;
	struct dt_ledger_range range = ledger_range(offset, len);
	struct dt_ledger_run run;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, ledger_check(counts(m), &range), 0);
	model_compare(test, m);
	run = ledger_take(counts(m), &range);
	for (i = 0; i < len; i++)
		wanted(m)[(offset + i) / DT_GRANULE]--;
	model_compare(test, m);

	/* Of the granules of the range the run has exactly those in which nothing is live. */
	KUNIT_ASSERT_LE(test, run.nr, last - first + 1);
	if (!run.nr)
		run.first = first;
	KUNIT_ASSERT_GE(test, run.first, first);
	KUNIT_ASSERT_LE(test, run.first + run.nr, last + 1);
	for (i = first; i <= last; i++)
		KUNIT_ASSERT_EQ(test, i >= run.first && i < run.first + run.nr, !wanted(m)[i]);
	return run.nr;
}

/* A free that has to be refused, and that changes nothing. */
static void model_refuses(struct kunit *test, struct ledger_model *m, size_t offset, size_t len)
{
	struct dt_ledger_range range = ledger_range(offset, len);

	KUNIT_ASSERT_EQ_MSG(test, ledger_check(counts(m), &range), -EALREADY,
			    "%zu bytes from byte %zu on", len, offset);
	model_compare(test, m);
}

/* Neighbours that stay live while granules 8 to 15 are tried; their counts are partial too. */
static void model_neighbours(struct kunit *test, struct ledger_model *m)
{
	model_alloc(test, m, 5, 2 * DT_GRANULE + 5);
	model_alloc(test, m, 16, 3 * DT_GRANULE - 1);
}

/* Every range in four granules, its bytes counted one by one. */
static void every_range(struct kunit *test)
{
	unsigned int need[4], i;
	size_t offset, len;

	for (offset = 0; offset < ARRAY_SIZE(need) * DT_GRANULE; offset++) {
		memset(need, 0, sizeof(need));
		for (len = 1; offset + len <= ARRAY_SIZE(need) * DT_GRANULE; len++) {
			struct dt_ledger_range r = ledger_range(offset, len);

			need[(offset + len - 1) / DT_GRANULE]++;
			KUNIT_ASSERT_EQ(test, r.first, offset / DT_GRANULE);
			KUNIT_ASSERT_EQ(test, r.last, (offset + len - 1) / DT_GRANULE);
			KUNIT_ASSERT_EQ(test, r.head, need[r.first]);
			if (r.last != r.first)
				KUNIT_ASSERT_EQ(test, r.tail, need[r.last]);
			for (i = r.first + 1; i < r.last; i++)
				KUNIT_ASSERT_EQ(test, need[i], DT_GRANULE);
		}
	}
}

/* The ends of a region larger than any there is. */
static void range_far_out(struct kunit *test)
{
	size_t size = (size_t)1 << 31;
	struct dt_ledger_range r = ledger_range(size - 1, 1);

	KUNIT_EXPECT_EQ(test, r.first, (size >> DT_GRANULE_SHIFT) - 1);
	KUNIT_EXPECT_EQ(test, r.last, r.first);
	KUNIT_EXPECT_EQ(test, r.head, 1);

	r = ledger_range(0, size);
	KUNIT_EXPECT_EQ(test, r.first, 0);
	KUNIT_EXPECT_EQ(test, r.last, (size >> DT_GRANULE_SHIFT) - 1);
	KUNIT_EXPECT_EQ(test, r.head, DT_GRANULE);
	KUNIT_EXPECT_EQ(test, r.tail, DT_GRANULE);
}

/* Every size up to some granules more than are filled at a time, at every alignment. */
static void fill_and_take(struct kunit *test)
{
	struct ledger_model *m = model_new(test);
	unsigned int first;
	size_t size;

	for (first = 0; first < 8; first++) {
		for (size = 1; size <= 70 * DT_GRANULE; size += size < 20 * DT_GRANULE ? 1 : 13) {
			model_alloc(test, m, first, size);
			KUNIT_ASSERT_EQ(test, model_free(test, m, first * DT_GRANULE, size),
					granules_of(size));
		}
	}
}

/* The ledger is filled to its last granule and not beyond. */
static void fill_to_the_edge(struct kunit *test)
{
	struct ledger_model *m = model_new(test);

	model_alloc(test, m, 0, NR_COUNTS * DT_GRANULE);
	KUNIT_EXPECT_EQ(test, model_free(test, m, 0, NR_COUNTS * DT_GRANULE), NR_COUNTS);
	model_alloc(test, m, NR_COUNTS - 1, 1);
	KUNIT_EXPECT_EQ(test, model_free(test, m, (NR_COUNTS - 1) * DT_GRANULE, 1), 1);
}

/* Every cut of an odd-sized block, the front first and the tail first. */
static void every_cut(struct kunit *test)
{
	struct ledger_model *m = model_new(test);
	unsigned int nr = granules_of(ODD_SIZE), got;
	size_t at = 8 * DT_GRANULE, cut;

	model_neighbours(test, m);
	for (cut = 1; cut < ODD_SIZE; cut++) {
		model_alloc(test, m, 8, ODD_SIZE);
		got = model_free(test, m, at, cut);
		got += model_free(test, m, at + cut, ODD_SIZE - cut);
		KUNIT_ASSERT_EQ(test, got, nr);

		model_alloc(test, m, 8, ODD_SIZE);
		got = model_free(test, m, at + cut, ODD_SIZE - cut);
		got += model_free(test, m, at, cut);
		KUNIT_ASSERT_EQ(test, got, nr);
	}
}

/* Every part of the middle first, then the rest on both sides. */
static void every_two_cuts(struct kunit *test)
{
	const size_t at = 8 * DT_GRANULE, size = 2 * DT_GRANULE + 7;
	struct ledger_model *m = model_new(test);
	unsigned int got;
	size_t a, b;

	model_neighbours(test, m);
	for (a = 1; a < size - 1; a++) {
		for (b = a + 1; b < size; b++) {
			model_alloc(test, m, 8, size);
			got = model_free(test, m, at + a, b - a);
			got += model_free(test, m, at, a);
			got += model_free(test, m, at + b, size - b);
			KUNIT_ASSERT_EQ(test, got, 3);

			model_alloc(test, m, 8, size);
			got = model_free(test, m, at + a, b - a);
			got += model_free(test, m, at + b, size - b);
			got += model_free(test, m, at, a);
			KUNIT_ASSERT_EQ(test, got, 3);
		}
	}
}

/* One byte at a time, in steps of every length that reaches all of them. */
static void byte_by_byte(struct kunit *test)
{
	struct ledger_model *m = model_new(test);
	unsigned int got, step;
	size_t i, b;

	model_neighbours(test, m);
	for (step = 1; step < ODD_SIZE; step++) {
		if (gcd(step, ODD_SIZE) != 1)
			continue;
		model_alloc(test, m, 8, ODD_SIZE);
		for (i = 0, b = 0, got = 0; i < ODD_SIZE; i++, b = (b + step) % ODD_SIZE)
			got += model_free(test, m, 8 * DT_GRANULE + b, 1);
		KUNIT_ASSERT_EQ(test, got, granules_of(ODD_SIZE));
		cond_resched();
	}
}

/* The end of one block and the start of the next, in one free. */
static void across_two_blocks(struct kunit *test)
{
	const size_t full = 2 * DT_GRANULE, at = 8 * DT_GRANULE;
	struct ledger_model *m = model_new(test);
	size_t front, back;

	for (front = 1; front <= full; front++) {
		for (back = 1; back <= full + 3; back += 5) {
			model_alloc(test, m, 8, full);
			model_alloc(test, m, 10, full + 3);
			model_free(test, m, at + full - front, front + back);
			if (front < full)
				model_free(test, m, at, full - front);
			if (back < full + 3)
				model_free(test, m, at + full + back, full + 3 - back);
		}
	}
}

/* Bytes that were never live lie between a block of odd size and the next. */
static void across_a_gap(struct kunit *test)
{
	struct ledger_model *m = model_new(test);
	size_t front;

	model_alloc(test, m, 8, DT_GRANULE + 36);
	model_alloc(test, m, 10, DT_GRANULE);
	for (front = 1; front <= DT_GRANULE; front++)
		model_refuses(test, m, 9 * DT_GRANULE - front, front + DT_GRANULE + 1);
	KUNIT_EXPECT_EQ(test, model_free(test, m, 8 * DT_GRANULE, DT_GRANULE + 36), 2);
	KUNIT_EXPECT_EQ(test, model_free(test, m, 10 * DT_GRANULE, DT_GRANULE), 1);
}

/* What was freed whole is refused, whole and in every part. */
static void double_free_whole(struct kunit *test)
{
	struct ledger_model *m = model_new(test);
	size_t at = 8 * DT_GRANULE, offset, len;

	model_neighbours(test, m);
	model_alloc(test, m, 8, ODD_SIZE);
	model_free(test, m, at, ODD_SIZE);
	model_refuses(test, m, at, ODD_SIZE);
	for (offset = 0; offset < ODD_SIZE; offset++)
		for (len = 1; offset + len <= ODD_SIZE; len++)
			model_refuses(test, m, at + offset, len);
	/* Nor with live bytes of the neighbours on either side. */
	for (len = 1; len <= 5; len++) {
		model_refuses(test, m, at - len, len + 1);
		model_refuses(test, m, at, ODD_SIZE + len);
		model_refuses(test, m, at - len, 9 * DT_GRANULE);
	}
}

/*
 * After a first cut: the same bytes again are refused wherever the boundary granule has
 * fewer live bytes than that. Where it has as many or more the ledger cannot know.
 */
static void double_free_boundary(struct kunit *test)
{
	struct ledger_model *m = model_new(test);
	size_t at = 8 * DT_GRANULE, cut, in_last;

	for (cut = 1; cut < ODD_SIZE; cut++) {
		model_alloc(test, m, 8, ODD_SIZE);
		model_free(test, m, at, cut);
		in_last = (cut - 1) % DT_GRANULE + 1;
		if (cut > DT_GRANULE || in_last > wanted(m)[8])
			model_refuses(test, m, at, cut);
		model_refuses(test, m, at, ODD_SIZE);
		model_free(test, m, at + cut, ODD_SIZE - cut);

		model_alloc(test, m, 8, ODD_SIZE);
		model_free(test, m, at + cut, ODD_SIZE - cut);
		model_refuses(test, m, at, ODD_SIZE);
		/* The byte after a cut is free; a range that ends after it is refused. */
		if (cut % DT_GRANULE)
			model_refuses(test, m, at + cut - cut % DT_GRANULE, cut % DT_GRANULE + 1);
		model_free(test, m, at, cut);
	}
}

/**
 * struct layout - counts to try all ranges on
 * @counts: of eight granules
 */
struct layout {
	u8 counts[8];
};

static const struct layout layouts[] = {
	{ { DT_GRANULE, DT_GRANULE, DT_GRANULE, DT_GRANULE,
	    DT_GRANULE, DT_GRANULE, DT_GRANULE, DT_GRANULE } },
	{ { DT_GRANULE, DT_GRANULE, 10, 0, 0, DT_GRANULE, 36, 0 } },
	{ { 1, DT_GRANULE, DT_GRANULE - 1, DT_GRANULE, DT_GRANULE, 1, DT_GRANULE, 17 } },
	{ { 0, DT_GRANULE, DT_GRANULE, DT_GRANULE, DT_GRANULE, DT_GRANULE, DT_GRANULE, 0 } },
};

/* One range on one layout; @ok says what must come of it, @need what it takes where. */
static bool range_is_right(const struct layout *layout, const u8 *need, size_t offset, size_t len,
			   bool ok)
{
	struct dt_ledger_range range = ledger_range(offset, len);
	struct layout is = *layout;
	unsigned int i;

	if (ledger_check(is.counts, &range) != (ok ? 0 : -EALREADY))
		return false;
	if (memcmp(&is, layout, sizeof(is)))
		return false;
	if (!ok)
		return true;
	ledger_take(is.counts, &range);
	for (i = 0; i < ARRAY_SIZE(is.counts); i++)
		if (is.counts[i] != layout->counts[i] - need[i])
			return false;
	return true;
}

/* Every range on each layout is accepted or refused as the bytes counted one by one say. */
static void check_every_range(struct kunit *test)
{
	const struct layout *layout;
	size_t offset, len;
	u8 need[8];
	bool ok;

	for (layout = layouts; layout < layouts + ARRAY_SIZE(layouts); layout++) {
		for (offset = 0; offset < ARRAY_SIZE(need) * DT_GRANULE; offset++) {
			memset(need, 0, sizeof(need));
			ok = true;
			for (len = 1; offset + len <= ARRAY_SIZE(need) * DT_GRANULE; len++) {
				unsigned int i = (offset + len - 1) / DT_GRANULE;

				ok = ++need[i] <= layout->counts[i] && ok;
				KUNIT_ASSERT_TRUE_MSG(test, range_is_right(layout, need, offset,
									   len, ok),
						      "layout %d, %zu bytes from %zu on",
						      (int)(layout - layouts), len, offset);
			}
			cond_resched();
		}
	}
}

/* One byte less in any one of many granules: what it lies in is refused, the rest is not. */
static void check_long_range(struct kunit *test)
{
	const unsigned int nr = 72;
	struct ledger_model *m = model_new(test);
	struct dt_ledger_range range;
	unsigned int hole, first, last;

	model_alloc(test, m, 0, nr * DT_GRANULE);
	for (hole = 0; hole < nr; hole++) {
		counts(m)[hole]--;
		for (first = 0; first < nr; first++) {
			for (last = first; last < nr; last++) {
				range = ledger_range(first * DT_GRANULE,
						     (last - first + 1) * DT_GRANULE);
				KUNIT_ASSERT_EQ(test, !ledger_check(counts(m), &range),
						hole < first || hole > last);
			}
		}
		counts(m)[hole]++;
		cond_resched();
	}
	model_compare(test, m);
}

/* A marked granule is not live: it cannot be freed, alone or with adjacent live bytes. */
static void marks_are_not_live(struct kunit *test)
{
	static const u8 marks[] = {
		LEDGER_FREE, LEDGER_LARGE - 1, LEDGER_LARGE, LEDGER_FIRST, LEDGER_OWNED,
		LEDGER_CACHED_ONE, LEDGER_CACHED_FIRST, LEDGER_CACHED_LAST, LEDGER_DEAD,
		LEDGER_DEAD_INSIDE
	};
	struct ledger_model *m = model_new(test);
	unsigned int k, nr;
	size_t len;

	for (k = 0; k < ARRAY_SIZE(marks); k++) {
		KUNIT_EXPECT_EQ(test, ledger_live(marks[k]), 0);
		for (nr = 1; nr <= 3; nr++) {
			memset(wanted(m), DT_GRANULE, NR_COUNTS);
			memset(counts(m), DT_GRANULE, NR_COUNTS);
			counts(m)[10] = marks[k];
			counts(m)[10 + nr - 1] = marks[k];
			wanted(m)[10] = marks[k];
			wanted(m)[10 + nr - 1] = marks[k];
			model_compare(test, m);
			for (len = 1; len <= DT_GRANULE; len++) {
				KUNIT_ASSERT_FALSE(test, ledger_has(marks[k], len));
				model_refuses(test, m, 10 * DT_GRANULE, len);
				model_refuses(test, m, 10 * DT_GRANULE - 1, len + 1);
				model_refuses(test, m, (10 + nr) * DT_GRANULE - len, len + 1);
			}
			model_refuses(test, m, 0, NR_COUNTS * DT_GRANULE);
		}
	}
	for (len = 0; len <= DT_GRANULE; len++)
		KUNIT_EXPECT_EQ(test, ledger_live(len), len);
}

static struct kunit_case ledger_cases[] = {
	KUNIT_CASE(every_range),
	KUNIT_CASE(range_far_out),
	KUNIT_CASE(fill_and_take),
	KUNIT_CASE(fill_to_the_edge),
	KUNIT_CASE(every_cut),
	KUNIT_CASE(every_two_cuts),
	KUNIT_CASE(byte_by_byte),
	KUNIT_CASE(across_two_blocks),
	KUNIT_CASE(across_a_gap),
	KUNIT_CASE(double_free_whole),
	KUNIT_CASE(double_free_boundary),
	KUNIT_CASE(check_every_range),
	KUNIT_CASE(check_long_range),
	KUNIT_CASE(marks_are_not_live),
	{}
};

DUALTREE_SUITE(ledger, "the ledger");
