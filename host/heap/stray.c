// SPDX-License-Identifier: GPL-2.0
/*
 * Stray writes: to bytes of an instance's free memory, as a driver past its end, or a device. What
 * is live must stay as it is, nothing live may be handed out, and the instance must serve on.
 */
#include "../../dualtree/ledger.h"
#include "../../dualtree/region.h"
#include "ops.h"

/* A granule of an instance in which nothing lives: near a piece, with a node or a link if @node. */
static u8 *choose_granule(const struct subject *s, bool node, const struct dt_region **in)
{
	const struct dt_region *region = region_of(s->pieces[host_choose(s->nr)].ptr);
	unsigned int at, left;

	*in = region;
	at = host_choose(region->nr);
	for (left = region->nr; left; left--, at = (at + 1) % region->nr) {
		u8 mark = region->ledger[at];

		if (host_live_count(region_addr(region, at)))
			continue;
		if (!node || ledger_is_last(mark) || ledger_is_block(mark))
			return region_addr(region, at);
	}
	return NULL;
}

/* What is written: anything, a number of a granule, or an address. */
static u64 choose_value(const struct dt_region *region)
{
	switch (host_choose(4)) {
	case 0:
		return host_random();
	case 1:
		return (u64)host_choose(region->nr) << 32 | host_choose(region->nr);
	case 2:
		return (unsigned long)region_addr(region, host_choose(region->nr));
	default:
		return host_choose(2) - 1UL;
	}
}

void host_op_stray(struct subject *s)
{
	static const u8 sizes[] = { 1, 8, 16, 64 };
	unsigned int bytes = sizes[host_choose(ARRAY_SIZE(sizes))];
	const struct dt_region *region;
	u8 *at;

	if (!s->nr)
		return;
	at = choose_granule(s, !host_one_in(4), &region);
	if (at)
		host_scribble(at + host_choose(64 / bytes) * bytes, choose_value(region), bytes);
}
