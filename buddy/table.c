// SPDX-License-Identifier: GPL-2.0
/*
 * The flat table from page-frame number to arena and owner: what changes it.
 *
 * Arenas come and go under one raw spinlock; look-ups take none. A span that holds no
 * arena points at a leaf of NULLs that all such spans share, so that no look-up has to
 * ask whether there is a leaf.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "arena.h"
#include "table.h"

/**
 * struct buddy_leaf - the arenas of one span
 * @arenas: how many there are
 * @whole: the one arena that fills the span, or NULL
 * @parts: the arena of each page, where arenas are smaller than the span, or NULL
 * @owners: what buddy_span.owners points at
 * @rcu: frees all this when no look-up can see it any more
 *
 * @arenas is guarded by buddy_table_lock; the rest is written under it and read under
 * RCU.
 */
struct buddy_leaf {
	unsigned int arenas;
	struct buddy_arena *whole;
	struct buddy_arena **parts;
	void **owners;
	struct rcu_head rcu;
};

struct buddy_table buddy_table __read_mostly;

/* Guards the leaves and buddy_span.leaf. Innermost: nothing is taken under it. */
static DEFINE_RAW_SPINLOCK(buddy_table_lock);

static void *no_owners[BUDDY_SPAN_PAGES];

static struct buddy_span *span_of(const void *addr)
{
	unsigned long pfn = buddy_pfn(addr);

	return pfn < buddy_table.nr_pages ? &buddy_table.spans[pfn >> BUDDY_SPAN_ORDER] : NULL;
}

static unsigned long index_in_span(const void *addr)
{
	return buddy_pfn(addr) & (BUDDY_SPAN_PAGES - 1);
}

void buddy_set_owner(void *block, unsigned long nr_pages, void *owner)
{
	void **slot = span_of(block)->owners + index_in_span(block);
	unsigned long i;

	/* Order what the owner's record holds before the pointer to it. */
	smp_wmb();
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(slot[i], owner);
}

/* Look up the arena an address lies in. Under RCU; NULL where there is none. */
struct buddy_arena *buddy_table_arena(const void *addr)
{
	struct buddy_span *span = span_of(addr);
	struct buddy_arena **parts;
	struct buddy_leaf *leaf;

	if (!span)
		return NULL;
	leaf = READ_ONCE(span->leaf);
	if (!leaf)
		return NULL;
	parts = READ_ONCE(leaf->parts);
	return parts ? READ_ONCE(parts[index_in_span(addr)]) : READ_ONCE(leaf->whole);
}

static void leaf_free(struct buddy_leaf *leaf)
{
	if (!leaf)
		return;
	kfree(leaf->owners);
	kfree(leaf->parts);
	kfree(leaf);
}

static void leaf_free_rcu(struct rcu_head *rcu)
{
	leaf_free(container_of(rcu, struct buddy_leaf, rcu));
}

static struct buddy_leaf *leaf_alloc(gfp_t gfp, bool parts)
{
	struct buddy_leaf *leaf = kzalloc(sizeof(*leaf), gfp);

	if (!leaf)
		return NULL;
	leaf->owners = kcalloc(BUDDY_SPAN_PAGES, sizeof(*leaf->owners), gfp);
	if (parts)
		leaf->parts = kcalloc(BUDDY_SPAN_PAGES, sizeof(*leaf->parts), gfp);
	if (!leaf->owners || (parts && !leaf->parts)) {
		leaf_free(leaf);
		return NULL;
	}
	return leaf;
}

static void leaf_enter(struct buddy_leaf *leaf, struct buddy_arena *arena)
{
	unsigned long i, first = index_in_span(arena->base);

	lockdep_assert_held(&buddy_table_lock);
	leaf->arenas++;
	if (!leaf->parts) {
		WRITE_ONCE(leaf->whole, arena);
		return;
	}
	for (i = 0; i < 1UL << arena->order; i++)
		WRITE_ONCE(leaf->parts[first + i], arena);
}

/*
 * Let look-ups find an arena. An arena that fills its span never meets another there,
 * and one that does not never meets one that does: the pages would overlap.
 *
 * Return: 0, -ENOMEM, or -ERANGE where the table does not cover the arena.
 */
int buddy_table_add(struct buddy_arena *arena, gfp_t gfp)
{
	struct buddy_span *span = span_of(arena->base);
	struct buddy_leaf *leaf;
	unsigned long flags;

	if (!span)
		return -ERANGE;
	leaf = leaf_alloc(gfp, arena->order < BUDDY_SPAN_ORDER);
	if (!leaf)
		return -ENOMEM;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	if (!span->leaf) {
		leaf_enter(leaf, arena);
		/* A look-up may follow either pointer at once: first what it leads to. */
		smp_store_release(&span->leaf, leaf);
		/* Likewise; the two are never read together. */
		smp_store_release(&span->owners, leaf->owners);
		leaf = NULL;
	} else {
		leaf_enter(span->leaf, arena);
	}
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	leaf_free(leaf);
	return 0;
}

/* Let no look-up find an arena any more; those under way may, for a grace period. */
void buddy_table_remove(struct buddy_arena *arena)
{
	unsigned long i, flags, first = index_in_span(arena->base);
	struct buddy_span *span = span_of(arena->base);
	struct buddy_leaf *leaf;

	buddy_set_owner(arena->base, 1UL << arena->order, NULL);

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	leaf = span->leaf;
	for (i = 0; leaf->parts && i < 1UL << arena->order; i++)
		WRITE_ONCE(leaf->parts[first + i], NULL);
	if (--leaf->arenas) {
		leaf = NULL;
	} else {
		WRITE_ONCE(span->owners, no_owners);
		WRITE_ONCE(span->leaf, NULL);
	}
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	if (leaf)
		call_rcu(&leaf->rcu, leaf_free_rcu);
}

/* Page-frame number behind the last page of any node. */
static unsigned long end_of_memory(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, node_end_pfn(nid));
	return end;
}

int __init buddy_table_init(void)
{
	unsigned long i, nr_spans = DIV_ROUND_UP(end_of_memory(), BUDDY_SPAN_PAGES);

	buddy_table.spans = kvcalloc(nr_spans, sizeof(*buddy_table.spans), GFP_KERNEL);
	if (!buddy_table.spans)
		return -ENOMEM;
	for (i = 0; i < nr_spans; i++)
		buddy_table.spans[i].owners = no_owners;
	buddy_table.base = (unsigned long)__va(0);
	buddy_table.nr_pages = nr_spans << BUDDY_SPAN_ORDER;
	return 0;
}

void buddy_table_exit(void)
{
	/* Leaves and arenas that are on their way out are freed by callbacks of ours. */
	rcu_barrier();
	kvfree(buddy_table.spans);
}
