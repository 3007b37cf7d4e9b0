/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of blocks: memory for what their user keeps of each, outside of the block. It comes with
 * the arena, so where a block can be had its record can be had.
 *
 *	arena    [ block | block | block | block ... ]	blocks of 2^order pages
 *	records  [ busy  | slot  | slot  | slot  | slot  ... ]
 *
 * A larger block has the slots of all its parts, one after the other. Smaller ones have none: slots
 * for each page would take a seventh of the arena.
 *
 * A record may be in use after its block was freed, while lookups under RCU or a queue have it. So
 * its slots are busy until buddy_record_put(), and the records outlive the arena until then.
 *
 * Context: any but NMI, except where a function says so. No lock: the holder of a block takes its
 * record, and each slot has a byte of its own that says whether it is busy.
 */
#ifndef DUALTREE_BUDDY_RECORDS_H
#define DUALTREE_BUDDY_RECORDS_H

#include <linux/types.h>

struct buddy_arena;
struct buddy_records;

/* Pages of the blocks that have a slot, as a power of two, unless a reserve has smaller blocks. */
#define BUDDY_RECORD_ORDER	get_order(SZ_64K)

void buddy_records_init(size_t (*size)(unsigned int order));

struct buddy_records *buddy_records_create(unsigned int arena_order, unsigned int order, int nid,
					   gfp_t gfp);
void buddy_records_put(struct buddy_records *records);
size_t buddy_records_bytes(unsigned int arena_order, unsigned int order);

void *buddy_record_take(const void *block, unsigned int order, struct buddy_records **records);
void buddy_record_put(struct buddy_records *records, const void *record, unsigned int order);

#endif /* DUALTREE_BUDDY_RECORDS_H */
