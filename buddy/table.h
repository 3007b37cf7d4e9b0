/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lookup table: from a page-frame number to the page's arena and its owner.
 *
 * The linear map is divided into spans of 2^10 pages. Each span has an entry in two arrays:
 *
 *	 owners[pfn >> 10]         pfn % 2^10
 *	+---------+               +-------------------+
 *	|         |-------------->| owner of each page|   8 KiB, or the null leaf, which
 *	+---------+               +-------------------+   all spans without an arena share
 *	 leaves[pfn >> 10]
 *	+---------+
 *	|         |----------> the arena or arenas in this span, or NULL
 *	+---------+
 *
 * The arrays take memory only for what the machine has, and cover all addresses below (sparse.c).
 *
 * A page without an owner has null_owner. That is a valid record, so that callers that compare
 * owners, or members of them, need no test for NULL.
 *
 * A lookup is a check of the bounds and two loads, each dependent on the one before. It takes any
 * value as an address and does not dereference it. Any context, NMI included; no lock. A record
 * that has been removed stays readable for an RCU grace period.
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
struct notifier_block;
struct page;

/* Pages of a span: those of the largest arena, so that no arena crosses the end of a span. */
#define BUDDY_SPAN_ORDER	BUDDY_POOL_MAX_ARENA_ORDER
#define BUDDY_SPAN_PAGES	BIT(BUDDY_SPAN_ORDER)

/**
 * struct buddy_table - the lookup table
 * @base: address of page frame 0 in the linear map, whether that exists or not; constant
 * @nr_spans: spans that the table covers; grows before memory is plugged in
 * @owners: for each span, the owners of its pages. Replaced as a whole when the table grows, as is
 *	@leaves; the old arrays are unmapped after an RCU grace period
 * @leaves: for each span, its arenas, or NULL
 * @null_owner: owner of the pages that have none; constant
 *
 * Written under the table's lock, read under RCU.
 */
struct buddy_table {
	unsigned long base;
	unsigned long nr_spans;
	void ***owners;
	struct buddy_leaf **leaves;
	void *null_owner;
};

extern struct buddy_table buddy_table;

/*
 * Bytes from page frame 0 to an address. Users have addresses with KASAN's tags, from
 * page_address(); those of the table and of arenas have none.
 */
static __always_inline unsigned long buddy_offset(const void *addr)
{
	return (unsigned long)kasan_reset_tag(addr) - buddy_table.base;
}

/* Page-frame number of an address in the linear map; beyond the table for any other. */
static inline unsigned long buddy_pfn(const void *addr)
{
	return buddy_offset(addr) >> PAGE_SHIFT;
}

/**
 * buddy_lookup_owner() - find the owner of the page that an address lies in
 * @addr: any value
 *
 * Context: Any context, NMI included, under rcu_read_lock() or with preemption disabled. The
 * owner may be freed when the caller leaves that section.
 * Return: the owner that buddy_set_owner() set, or buddy_table.null_owner.
 */
static __always_inline void *buddy_lookup_owner(const void *addr)
{
	unsigned long offset = buddy_offset(addr);
	unsigned long span = offset >> (PAGE_SHIFT + BUDDY_SPAN_ORDER);
	void **owners;

	/* Pairs with the release in table_publish(): the arrays have at least so many entries. */
	if (unlikely(span >= smp_load_acquire(&buddy_table.nr_spans)))
		return buddy_table.null_owner;
	/* Address dependencies; pair with the releases in table.c and with buddy_set_owner(). */
	owners = READ_ONCE(READ_ONCE(buddy_table.owners)[span]);
	return READ_ONCE(owners[(offset >> PAGE_SHIFT) % BUDDY_SPAN_PAGES]);
}

/* As buddy_lookup_owner(), but NULL in place of null_owner. */
static inline void *buddy_owner(const void *addr)
{
	void *owner = buddy_lookup_owner(addr);

	return owner == buddy_table.null_owner ? NULL : owner;
}

/**
 * buddy_set_owner() - set the owner of the pages of a block
 * @block: first byte of the block, which the caller holds
 * @nr_pages: number of its pages
 * @owner: the owner, or NULL for null_owner, before the block is freed
 *
 * Context: Any context, NMI included. Takes no lock.
 */
void buddy_set_owner(void *block, unsigned long nr_pages, void *owner);

struct buddy_arena *buddy_table_arena(const void *addr);
int buddy_table_add(struct buddy_arena *arena, gfp_t gfp);
void buddy_table_remove(struct buddy_arena *arena);

int buddy_table_memory_event(struct notifier_block *nb, unsigned long action, void *data);
bool buddy_table_finds(const struct buddy_table *table, struct page *page);
int buddy_table_init(void *null_owner);
void buddy_table_exit(void);

#endif /* DUALTREE_BUDDY_TABLE_H */
