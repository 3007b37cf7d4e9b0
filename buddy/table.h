/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flat table from page-frame number to arena and owner.
 *
 * The linear map is divided into spans of 2^10 pages. Each span has one entry:
 *
 *	 pfn >> 10                 pfn & 1023
 *	+---------+   owners      +-------------------+
 *	| span    |-------------->| owner of each page|   8 KiB, or the one leaf of
 *	|         |   leaf        +-------------------+   NULLs that all spans share
 *	|         |----------> which arena(s) lie here    that hold no arena
 *	+---------+
 *
 * Promises: a look-up is two loads, works for any address whatever without
 * dereferencing it, in any context, and takes no lock. An entry that has been
 * removed stays readable for an RCU grace period.
 */
#ifndef DUALTREE_BUDDY_TABLE_H
#define DUALTREE_BUDDY_TABLE_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <dualtree/buddy_pool.h>

struct buddy_arena;
struct buddy_leaf;

#define BUDDY_SPAN_ORDER	BUDDY_POOL_ARENA_ORDER
#define BUDDY_SPAN_PAGES	BIT(BUDDY_SPAN_ORDER)

/**
 * struct buddy_span - one entry of the table
 * @owners: what stands behind each page; never NULL
 * @leaf: the arenas in this span; NULL where there are none. Written under the
 *	table's lock, read under RCU
 */
struct buddy_span {
	void **owners;
	struct buddy_leaf *leaf;
};

/**
 * struct buddy_table - the table
 * @base: address of page-frame 0 in the linear map; constant
 * @nr_pages: pages that the table covers; grows before memory is plugged in
 * @spans: the entries; replaced as a whole when @nr_pages grows, the old ones freed after an
 *	RCU grace period
 */
struct buddy_table {
	unsigned long base;
	unsigned long nr_pages;
	struct buddy_span *spans;
};

extern struct buddy_table buddy_table;

/* Page-frame number of an address of the linear map; out of the table for any other. */
static inline unsigned long buddy_pfn(const void *addr)
{
	return ((unsigned long)addr - buddy_table.base) >> PAGE_SHIFT;
}

/**
 * buddy_owner() - what stands behind the page an address lies in
 * @addr: any value whatever
 *
 * Context: Any context, under rcu_read_lock() or with preemption disabled; what is
 * returned may go away at the end of that section.
 * Return: what buddy_set_owner() put there, or NULL.
 */
static inline void *buddy_owner(const void *addr)
{
	unsigned long pfn = buddy_pfn(addr);
	void **owners;

	/* Entries that are there for as many pages as this says, or more. */
	if (unlikely(pfn >= smp_load_acquire(&buddy_table.nr_pages)))
		return NULL;
	/* Each load depends on the one before: the record is seen as it was published. */
	owners = READ_ONCE(READ_ONCE(buddy_table.spans)[pfn >> BUDDY_SPAN_ORDER].owners);
	return READ_ONCE(owners[pfn & (BUDDY_SPAN_PAGES - 1)]);
}

/**
 * buddy_set_owner() - say what stands behind the pages of a block
 * @block: its first byte; the caller holds the block
 * @nr_pages: its pages
 * @owner: anything, or NULL before the block goes back
 *
 * Context: Any context.
 */
void buddy_set_owner(void *block, unsigned long nr_pages, void *owner);

struct buddy_arena *buddy_table_arena(const void *addr);
int buddy_table_add(struct buddy_arena *arena, gfp_t gfp);
void buddy_table_remove(struct buddy_arena *arena);

int buddy_table_init(void);
void buddy_table_exit(void);

#endif /* DUALTREE_BUDDY_TABLE_H */
