// SPDX-License-Identifier: GPL-2.0
/*
 * Records of blocks: records.h has the picture and says why.
 */
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../compat/compat.h"
#include "arena.h"
#include "fault.h"
#include "records.h"
#include "table.h"

/**
 * struct buddy_records - the records of an arena
 * @users: the arena, and each record that is taken
 * @order: pages of a block that has a slot, as a power of two; constant
 * @slot: bytes of a slot; constant
 * @slots: the first slot; constant
 * @busy: for each slot, whether it is taken
 */
struct buddy_records {
	refcount_t users;
	unsigned int order;
	size_t slot;
	void *slots;
	u8 busy[];
};

/* Bytes of the record of a block, by its order: never more per page for a larger block. */
static size_t (*record_size)(unsigned int order);

/* Say how large records are, before any pool. */
void buddy_records_init(size_t (*size)(unsigned int order))
{
	record_size = size;
}

static size_t slot_bytes(unsigned int order)
{
	return ALIGN(record_size(order), SMP_CACHE_BYTES);
}

static size_t busy_bytes(unsigned int nr)
{
	return ALIGN(offsetof(struct buddy_records, busy) + nr, SMP_CACHE_BYTES);
}

/* Bytes of the records of an arena of 2^@arena_order pages, where blocks of @order have slots. */
size_t buddy_records_bytes(unsigned int arena_order, unsigned int order)
{
	unsigned int nr;

	if (arena_order < order)
		return 0;
	nr = 1U << (arena_order - order);
	return busy_bytes(nr) + nr * slot_bytes(order);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_records_bytes);

/**
 * buddy_records_create() - make the records of an arena
 * @arena_order: pages of the arena, as a power of two, not less than @order
 * @order: pages of the blocks that have a slot, as a power of two
 * @nid: node, or NUMA_NO_NODE
 * @gfp: flags
 *
 * Context: As @gfp allows; not NMI.
 * Return: the records, or NULL on OOM.
 */
struct buddy_records *buddy_records_create(unsigned int arena_order, unsigned int order, int nid,
					   gfp_t gfp)
{
	unsigned int nr = 1U << (arena_order - order);
	struct buddy_records *records;

	if (buddy_fault_due())
		return NULL;
	records = kvmalloc_node(buddy_records_bytes(arena_order, order), gfp, nid);
	if (!records)
		return NULL;
	refcount_set(&records->users, 1);
	records->order = order;
	records->slot = slot_bytes(order);
	records->slots = (void *)records + busy_bytes(nr);
	memset(records->busy, 0, nr);
	return records;
}

/*
 * The arena, or a record, is gone. Context: of an RCU callback, or as that of the creation if no
 * record was taken since.
 */
void buddy_records_put(struct buddy_records *records)
{
	if (records && refcount_dec_and_test(&records->users))
		kvfree(records);
}

/**
 * buddy_record_take() - take the slots of a block for its record
 * @block: first byte of the block, which the caller holds
 * @order: pages of the block, as a power of two
 * @records: set to what the record is to be put to
 *
 * Context: Any but NMI.
 * Return: the record, whose bytes may be anything, or NULL if the block has no slot, or one that is
 * busy.
 */
void *buddy_record_take(const void *block, unsigned int order, struct buddy_records **records)
{
	unsigned int first, i, nr;
	struct buddy_arena *arena;
	struct buddy_records *r;

	rcu_read_lock();
	arena = buddy_table_arena(block);
	/* The block keeps the arena. */
	rcu_read_unlock();
	r = arena->records;
	if (!r || order < r->order)
		return NULL;
	first = (block - arena->base) >> PAGE_SHIFT >> r->order;
	nr = 1U << (order - r->order);
	for (i = first; i < first + nr; i++) {
		/* Acquire: pairs with the release in buddy_record_put(). */
		if (smp_load_acquire(&r->busy[i]))
			return NULL;
	}
	memset(r->busy + first, 1, nr);
	refcount_inc(&r->users);
	*records = r;
	return r->slots + first * r->slot;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_record_take);

/**
 * buddy_record_put() - give back the slots of a record
 * @records: as buddy_record_take() set it
 * @record: the record
 * @order: as for buddy_record_take()
 *
 * Context: RCU callback, after a grace period in which no lookup could find the record.
 */
void buddy_record_put(struct buddy_records *records, const void *record, unsigned int order)
{
	unsigned int i, first = (record - records->slots) / records->slot;

	for (i = first; i < first + (1U << (order - records->order)); i++) {
		/* Release: all uses of the record are over. Pairs with buddy_record_take(). */
		smp_store_release(&records->busy[i], 0);
	}
	buddy_records_put(records);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_record_put);
