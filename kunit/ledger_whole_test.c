// SPDX-License-Identifier: GPL-2.0
/*
 * ledger_take_whole() and ledger_is_whole(), which most frees come down to: they take a range
 * exactly if that is all that lives in its granules, and change nothing else.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include "../dualtree/ledger.h"
#include "fixtures/suite.h"

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
	{ { LEDGER_FREE, DT_GRANULE, LEDGER_CACHED_ONE, DT_GRANULE, 0, LEDGER_FREE, 5,
	    DT_GRANULE } },
};

/* Are all counts of a range the bytes of it that lie there? Counted one by one. */
static bool is_whole(const u8 *counts, size_t offset, size_t len)
{
	u8 need[8] = { 0 };
	size_t i;

	for (i = offset; i < offset + len; i++)
		need[i / DT_GRANULE]++;
	for (i = offset / DT_GRANULE; i <= (offset + len - 1) / DT_GRANULE; i++)
		if (need[i] != counts[i])
			return false;
	return true;
}

/* As free_many() and free_larger() take a range that is whole. Each granule gets @TAKEN. */
#define TAKEN	LEDGER_OWNED

static bool take(struct kunit *test, u8 *counts, size_t offset, size_t len)
{
	size_t last_byte = offset + len - 1;
	size_t first = offset / DT_GRANULE, last = last_byte / DT_GRANULE;
	bool many = last - first > 32, whole;

	if (first == last) {
		if (!ledger_is_granule(counts[first], len))
			return false;
		counts[first] = TAKEN;
		return true;
	}
	if (many)
		return ledger_take_whole(counts + first, counts + last, offset, last_byte, true);
	whole = ledger_is_whole(counts + first, counts + last, offset, last_byte);
	KUNIT_EXPECT_EQ(test, whole, ledger_take_whole(counts + first, counts + last, offset,
						       last_byte, false));
	return whole;
}

/* One range on one layout: taken if it is whole, and otherwise nothing is changed. */
static void take_whole(struct kunit *test, const struct layout *layout, size_t offset, size_t len)
{
	unsigned int first = offset / DT_GRANULE, last = (offset + len - 1) / DT_GRANULE;
	struct layout is = *layout, want = *layout;
	bool whole = is_whole(layout->counts, offset, len);

	KUNIT_ASSERT_EQ_MSG(test, take(test, is.counts, offset, len), whole,
			    "%zu bytes from %zu on", len, offset);
	if (whole)
		memset(want.counts + first, TAKEN, last - first + 1);
	KUNIT_ASSERT_EQ(test, memcmp(&is, &want, sizeof(is)), 0);
}

/* Every range of each layout, and of layouts in which it is whole. */
static void take_every_whole_range(struct kunit *test)
{
	struct layout whole;
	size_t offset, len, i;

	for (offset = 0; offset < 8 * DT_GRANULE; offset++) {
		memset(&whole, 0, sizeof(whole));
		for (len = 1; offset + len <= 8 * DT_GRANULE; len++) {
			whole.counts[(offset + len - 1) / DT_GRANULE]++;
			take_whole(test, &whole, offset, len);
			for (i = 0; i < ARRAY_SIZE(layouts); i++)
				take_whole(test, &layouts[i], offset, len);
		}
		cond_resched();
	}
}

/* A range of @nr granules that is whole but for any one of them. */
static void take_but_one(struct kunit *test, size_t nr)
{
	const size_t len = nr * DT_GRANULE - 7;
	unsigned int hole;
	u8 is[80], want[80];

	memset(is, 0xa5, sizeof(is));
	ledger_fill(is, 8, nr, len);
	for (hole = 8; hole < 8 + nr; hole++) {
		is[hole]--;
		memcpy(want, is, sizeof(is));
		KUNIT_ASSERT_FALSE(test, take(test, is, 8 * DT_GRANULE, len));
		KUNIT_ASSERT_EQ(test, memcmp(is, want, sizeof(is)), 0);
		is[hole]++;
	}
	memcpy(want, is, sizeof(is));
	memset(want + 8, TAKEN, nr);
	KUNIT_ASSERT_TRUE(test, take(test, is, 8 * DT_GRANULE, len));
	KUNIT_ASSERT_EQ(test, memcmp(is, want, sizeof(is)), 0);
}

/* Of every length there may be. */
static void take_long_whole_range(struct kunit *test)
{
	size_t nr;

	for (nr = 1; nr <= 65; nr++)
		take_but_one(test, nr);
}

/* What ledger_fill() writes, ledger_fill_few() does, and nothing around it. */
static void fill_few(struct kunit *test)
{
	u8 is[48], want[48];
	size_t len;

	for (len = 1; len <= 33 * DT_GRANULE; len++) {
		memset(is, 0xa5, sizeof(is));
		memset(want, 0xa5, sizeof(want));
		ledger_fill_few(is + 7, len);
		memset(want + 7, DT_GRANULE, (len - 1) / DT_GRANULE);
		want[7 + (len - 1) / DT_GRANULE] = (len - 1) % DT_GRANULE + 1;
		KUNIT_ASSERT_EQ_MSG(test, memcmp(is, want, sizeof(is)), 0, "%zu bytes", len);
	}
}

static struct kunit_case ledger_whole_cases[] = {
	KUNIT_CASE(take_every_whole_range),
	KUNIT_CASE(take_long_whole_range),
	KUNIT_CASE(fill_few),
	{}
};

DUALTREE_SUITE(ledger_whole, "taking whole granules out of the ledger");
