// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: filling and checking runs of whole granules, eight at a time.
 *
 * All bytes touched are those of the run: a neighbour's may be changing on another CPU.
 */
#include "../compat/compat.h"
#include "ledger.h"

/* Set the counts of @nr granules. */
void ledger_set(u8 *ledger, unsigned int first, unsigned int nr, u8 count)
{
	u64 eight = count * 0x0101010101010101ULL;
	u8 *p = ledger + first, *end = p + nr;

	if (nr < 8) {
		while (p < end)
			*p++ = count;
		return;
	}
	for (; p <= end - 8; p += 8)
		put_unaligned(eight, (u64 *)p);
	/* The last store overlaps the one before rather than going byte by byte. */
	put_unaligned(eight, (u64 *)(end - 8));
}
EXPORT_SYMBOL_FOR_DT_TEST(ledger_set);

/* Are all bytes of @nr granules live? */
bool ledger_all_full(const u8 *ledger, unsigned int first, unsigned int nr)
{
	const u8 *p = ledger + first, *end = p + nr;

	if (nr < 8) {
		while (p < end)
			if (*p++ != DT_GRANULE)
				return false;
		return true;
	}
	for (; p <= end - 8; p += 8)
		if (get_unaligned((const u64 *)p) != LEDGER_FULL8)
			return false;
	return get_unaligned((const u64 *)(end - 8)) == LEDGER_FULL8;
}
EXPORT_SYMBOL_FOR_DT_TEST(ledger_all_full);
