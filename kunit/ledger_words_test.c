// SPDX-License-Identifier: GPL-2.0
/* The ledger's loops over words, at every alignment and of every length, against plain loops. */
#include <linux/sched.h>
#include <linux/string.h>
#include "../dualtree/ledger.h"
#include "fixtures/suite.h"

/* Counts, with what lies on both sides of those that are tried. */
#define NR_COUNTS	352
#define BEFORE		16
#define AROUND		0xa5

/* ledger_set() against a plain loop. */
static void set_every_length(struct kunit *test)
{
	static const u8 values[] = { DT_GRANULE, 0, 1, 0xff };
	u8 is[NR_COUNTS], want[NR_COUNTS];
	unsigned int first, nr, v, i;

	memset(is, AROUND, sizeof(is));
	memset(want, AROUND, sizeof(want));
	for (first = BEFORE; first < BEFORE + 16; first++) {
		for (nr = 0; nr <= 290; nr += 1 + nr / 68) {
			for (v = 0; v < ARRAY_SIZE(values); v++) {
				ledger_set(is, first, nr, values[v]);
				for (i = 0; i < nr; i++)
					want[first + i] = values[v];
				KUNIT_ASSERT_EQ_MSG(test, memcmp(is, want, sizeof(is)), 0,
						    "%u granules from %u on", nr, first);
			}
		}
	}
}

/**
 * struct all_case - what is asked of granules
 * @all: are all of them so?
 * @so: the count of one that is
 * @around: the count of those around them
 * @nr_others: number of @others
 * @others: counts that are not so
 */
struct all_case {
	bool (*all)(const u8 *ledger, unsigned int first, unsigned int nr);
	u8 so;
	u8 around;
	u8 nr_others;
	u8 others[8];
};

/* All are so with none around them, then each one is not. */
static void expect_all(struct kunit *test, const struct all_case *c, unsigned int first,
		       unsigned int nr)
{
	u8 ledger[NR_COUNTS];
	unsigned int i, v;

	memset(ledger, c->around, sizeof(ledger));
	memset(ledger + first, c->so, nr);
	KUNIT_ASSERT_TRUE(test, c->all(ledger, first, nr));
	for (i = first; i < first + nr; i++) {
		for (v = 0; v < c->nr_others; v++) {
			ledger[i] = c->others[v];
			KUNIT_ASSERT_FALSE(test, c->all(ledger, first, nr));
		}
		ledger[i] = c->so;
	}
}

static bool all_full(const u8 *ledger, unsigned int first, unsigned int nr)
{
	return ledger_all_full(ledger, first, nr);
}

static void all_full_every_length(struct kunit *test)
{
	static const struct all_case full = {
		all_full, DT_GRANULE, 0, 7, { DT_GRANULE - 1, 0, 1, LEDGER_FREE, LEDGER_LARGE,
					      LEDGER_OWNED, LEDGER_CACHED_LAST }
	};
	unsigned int first, nr;

	for (first = BEFORE; first < BEFORE + 16; first++) {
		for (nr = 0; nr <= 290; nr += 1 + nr / 68)
			expect_all(test, &full, first, nr);
		cond_resched();
	}
}

static bool all_inside(const u8 *ledger, unsigned int first, unsigned int nr)
{
	return ledger_all_inside(ledger + first, nr);
}

static void all_inside_every_length(struct kunit *test)
{
	static const struct all_case inside = {
		all_inside, LEDGER_OWNED, DT_GRANULE, 8,
		{ 0, 1, DT_GRANULE - 1, DT_GRANULE, LEDGER_FREE, LEDGER_LARGE,
		  LEDGER_CACHED_FIRST, LEDGER_CACHED_LAST }
	};
	unsigned int first, nr;

	for (first = BEFORE; first < BEFORE + 8; first++) {
		for (nr = 1; nr <= 64; nr++)
			expect_all(test, &inside, first, nr);
		cond_resched();
	}
}

static struct kunit_case ledger_words_cases[] = {
	KUNIT_CASE(set_every_length),
	KUNIT_CASE(all_full_every_length),
	KUNIT_CASE(all_inside_every_length),
	{}
};

DUALTREE_SUITE(ledger_words, "loops over words of the ledger");
