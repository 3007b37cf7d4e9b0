// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree's own rows. Each has an instance of its own, so that none finds what another left.
 */
#include <linux/kernel.h>

#include <dualtree/dualtree.h>

#include "contenders.h"
#include "cost.h"
#include "reader.h"

/* As many at once as a descriptor ring is refilled with. */
#define BULK		16

static void reader_ring_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	unsigned int mask = row->live - 1, i;

	for (i = 0; i < ops; i++) {
		struct cost_slot *slot = &dt_cost_table->slots[i & mask];
		void *payload = read_one(ctx);

		dualtree_free(ctx, slot->ptr, READ_PAYLOAD);
		slot->ptr = payload;
	}
}

static void bulk_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	struct dualtree_range ranges[BULK];
	void *ptrs[BULK] = { };
	unsigned int i;

	for (; ops >= BULK; ops -= BULK) {
		dualtree_alloc_bulk(ctx, row->size, GFP_ATOMIC, BULK, ptrs);
		for (i = 0; i < BULK; i++)
			ranges[i] = (struct dualtree_range){ ptrs[i], row->size };
		dualtree_free_bulk(ctx, ranges, BULK);
	}
}

COST_DEFINE_LOOP(pair, dualtree)
COST_DEFINE_LOOP(ring, dualtree)
COST_DEFINE_LOOP(random, dualtree)
COST_DEFINE_LOOP(mixed, dualtree)

static const struct cost_contender dualtree = COST_CONTENDER(dualtree, "dualtree");
static const struct cost_contender exact = COST_CONTENDER(dualtree, "dualtree EXACT_FIT");

static const struct cost_row rows[] = {
	{ &dualtree, "pair 64 B", pair_dualtree, .size = 64 },
	{ &dualtree, "pair 1500 B", pair_dualtree, .size = 1500 },
	{ &dualtree, "pair 2048 B", pair_dualtree, .size = 2048 },
	{ &dualtree, "pair 4096 B", pair_dualtree, .size = 4096 },
	{ &dualtree, "pair 16384 B", pair_dualtree, .size = 16384 },
	{ &dualtree, "1500 B, 64 live", ring_dualtree, .size = 1500, .live = 64 },
	{ &dualtree, "1500 B, 4096 live", random_dualtree, .size = 1500, .live = 4096 },
	{ &dualtree, "64..4096 B, 1k live", mixed_dualtree, .live = 1000 },
	{ &dualtree, "64..4096 B, 10k live", mixed_dualtree, .live = 10000 },
	{ &dualtree, "reader", reader_loop },
	{ &dualtree, "reader, ring of 64", reader_ring_loop, .size = READ_PAYLOAD, .live = 64 },
	{ &dualtree, "1500 B, bulks of 16", bulk_loop, .size = 1500 },
	{ &exact, "pair 64 B", pair_dualtree, .size = 64, .arg = DUALTREE_EXACT_FIT },
	{ &exact, "pair 1500 B", pair_dualtree, .size = 1500, .arg = DUALTREE_EXACT_FIT },
	{ &exact, "64..4096 B, 1k live", mixed_dualtree, .live = 1000,
	  .arg = DUALTREE_EXACT_FIT },
	{ &exact, "64..4096 B, 10k live", mixed_dualtree, .live = 10000,
	  .arg = DUALTREE_EXACT_FIT },
	{ &exact, "reader", reader_loop, .arg = DUALTREE_EXACT_FIT },
};

const struct cost_set cost_dualtree = { rows, ARRAY_SIZE(rows) };
