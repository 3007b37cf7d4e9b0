// SPDX-License-Identifier: GPL-2.0
/*
 * ledger_take_whole(), which most frees come down to: it takes a range exactly if that is all
 * that lives in its granules, and changes nothing else.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <kunit/test.h>
#include "../compat/compat.h"
#include "../dualtree/ledger.h"

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
	{ { LEDGER_FREE, DT_GRANULE, LEDGER_CACHED, DT_GRANULE, 0, LEDGER_FREE, 5, DT_GRANULE } },
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

/* One range on one layout: taken if it is whole, and otherwise nothing is changed. */
static void take_whole(struct kunit *test, const struct layout *layout, size_t offset, size_t len)
{
	unsigned int first = offset / DT_GRANULE, last = (offset + len - 1) / DT_GRANULE;
	struct layout is = *layout, want = *layout;
	struct ledger_run run;
	bool whole = is_whole(layout->counts, offset, len);

	KUNIT_ASSERT_EQ_MSG(test, ledger_take_whole(is.counts, offset, len, &run), whole,
			    "%zu bytes from %zu on", len, offset);
	if (whole) {
		KUNIT_ASSERT_EQ(test, run.first, first);
		KUNIT_ASSERT_EQ(test, run.nr, last - first + 1);
		memset(want.counts + first, 0, last - first + 1);
	}
	KUNIT_ASSERT_EQ(test, memcmp(&is, &want, sizeof(is)), 0);
}

/* ledger_take_whole(): every range of each layout, and of layouts in which it is whole. */
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

/* A long range that is whole but for one granule, wherever that is. */
static void take_long_whole_range(struct kunit *test)
{
	const size_t nr = 75, len = nr * DT_GRANULE - 7;
	u8 is[96], want[96];
	struct ledger_run run;
	unsigned int hole;

	memset(is, 0xa5, sizeof(is));
	ledger_fill(is, 8, nr, len);
	for (hole = 8; hole < 8 + nr; hole++) {
		is[hole]--;
		memcpy(want, is, sizeof(is));
		KUNIT_ASSERT_FALSE(test, ledger_take_whole(is, 8 * DT_GRANULE, len, &run));
		KUNIT_ASSERT_EQ(test, memcmp(is, want, sizeof(is)), 0);
		is[hole]++;
	}
	memcpy(want, is, sizeof(is));
	memset(want + 8, 0, nr);
	KUNIT_EXPECT_TRUE(test, ledger_take_whole(is, 8 * DT_GRANULE, len, &run));
	KUNIT_EXPECT_EQ(test, run.first, 8);
	KUNIT_EXPECT_EQ(test, run.nr, nr);
	KUNIT_EXPECT_EQ(test, memcmp(is, want, sizeof(is)), 0);
}

static struct kunit_case ledger_whole_cases[] = {
	KUNIT_CASE(take_every_whole_range),
	KUNIT_CASE(take_long_whole_range),
	{}
};

static struct kunit_suite ledger_whole_suite = {
	.name = "ledger_whole",
	.test_cases = ledger_whole_cases,
};

kunit_test_suite(ledger_whole_suite);

MODULE_DESCRIPTION("dualtree: tests of taking whole granules out of the ledger");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
