/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flat table from page-frame number to arena and owner.
 *
 * The linear map is divided into spans of 2^10 pages. Each span has one entry:
 *
 *	 owners[pfn >> 10]         pfn
 *	+---------+               +-------------------+
 *	|         |-------------->| owner of each page|   8 KiB, or the one leaf of
 *	+---------+               +-------------------+   nobodies that all spans share
 *	 leaves[pfn >> 10]                                that hold no arena
 *	+---------+
 *	|         |----------> which arena(s) lie here
 *	+---------+
 *
 * What owners[] holds is where the owner of page 0 would stand if the leaf began there, so
 * that the number of the page is the index, and nothing has to be cut off it.
 *
 * A page that nobody stands behind has an owner all the same, the one that buddy_table_init()
 * was given. Whoever compares owners need not ask whether there is one.
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
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <dualtree/buddy_pool.h>

struct buddy_arena;
struct buddy_leaf;
struct page;

/* An arena fills a span or is one of several in it, and so never reaches into two. */
#define BUDDY_SPAN_ORDER	BUDDY_POOL_MAX_ARENA_ORDER
#define BUDDY_SPAN_PAGES	BIT(BUDDY_SPAN_ORDER)

/**
 * struct buddy_table - the table
 * @base: where page-frame 0 would lie in the linear map, whether it exists or not; constant
 * @nr_spans: spans that the table covers; grows before memory is plugged in
 * @owners: for each, where the owner of page 0 would stand; see above. Replaced as a whole
 *	when @nr_spans grows, as are @leaves; the old ones are freed after an RCU grace period
 * @leaves: the arenas in each; NULL where there are none. Written under the table's lock,
 *	read under RCU
 * @null_owner: the owner of what nobody stands behind; constant
 */
struct buddy_table {
	unsigned long base;
	unsigned long nr_spans;
	unsigned long *owners;
	struct buddy_leaf **leaves;
	void *null_owner;
};

extern struct buddy_table buddy_table;

/*
 * How far an address lies from that of page-frame 0. Users have addresses with the tags of
 * KASAN from page_address(); the table, and all of our own addresses, are without.
 */
static __always_inline unsigned long buddy_offset(const void *addr)
{
	return (unsigned long)kasan_reset_tag(addr) - buddy_table.base;
}

/* Page-frame number of an address of the linear map; out of the table for any other. */
static inline unsigned long buddy_pfn(const void *addr)
{
	return buddy_offset(addr) >> PAGE_SHIFT;
}

/* Where the owner of a page stands, by what buddy_table.owners has for its span. */
static inline void **buddy_owner_slot(unsigned long owners, unsigned long pfn)
{
	return (void **)(owners + pfn * sizeof(void *));
}

/**
 * buddy_lookup_owner() - what stands behind the page an address lies in
 * @addr: any value whatever
 *
 * Context: Any context, under rcu_read_lock() or with preemption disabled; what is
 * returned may go away at the end of that section.
 * Return: what buddy_set_owner() put there, or buddy_table.null_owner.
 */
static __always_inline void *buddy_lookup_owner(const void *addr)
{
	unsigned long offset = buddy_offset(addr);
	unsigned long span = offset >> (PAGE_SHIFT + BUDDY_SPAN_ORDER), owners;

	/* Entries that are there for as many spans as this says, or more. */
	if (unlikely(span >= smp_load_acquire(&buddy_table.nr_spans)))
		return buddy_table.null_owner;
	/* Each load depends on the one before: the record is seen as it was published. */
	owners = READ_ONCE(READ_ONCE(buddy_table.owners)[span]);
	return READ_ONCE(*buddy_owner_slot(owners, offset >> PAGE_SHIFT));
}

/* The same, but NULL for null_owner. */
static inline void *buddy_owner(const void *addr)
{
	void *owner = buddy_lookup_owner(addr);

	return owner == buddy_table.null_owner ? NULL : owner;
}

/**
 * buddy_set_owner() - say what stands behind the pages of a block
 * @block: its first byte; the caller holds the block
 * @nr_pages: its pages
 * @owner: anything, or NULL, which is null_owner, before the block goes back
 *
 * Context: Any context.
 */
void buddy_set_owner(void *block, unsigned long nr_pages, void *owner);

struct buddy_arena *buddy_table_arena(const void *addr);
int buddy_table_add(struct buddy_arena *arena, gfp_t gfp);
void buddy_table_remove(struct buddy_arena *arena);

bool buddy_table_finds(const struct buddy_table *table, struct page *page);
int buddy_table_init(void *null_owner);
void buddy_table_exit(void);

#endif /* DUALTREE_BUDDY_TABLE_H */
