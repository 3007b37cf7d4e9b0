// SPDX-License-Identifier: GPL-2.0
/*
 * The flat table from page-frame number to arena and owner: what changes it.
 *
 * Arenas come and go under one raw spinlock; look-ups take none. A span that holds no
 * arena points at a leaf of NULLs that all such spans share, so that no look-up has to
 * ask whether there is a leaf.
 */
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "../compat/compat.h"
#include "arena.h"
#include "fault.h"
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
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table);

/* Guards the leaves and buddy_span.leaf. Innermost: nothing is taken under it. */
static DEFINE_RAW_SPINLOCK(buddy_table_lock);

/* Guards the replacement of the entries. Taken before buddy_table_lock; sleeps. */
static DEFINE_MUTEX(buddy_table_growth);

static void *no_owners[BUDDY_SPAN_PAGES];

/* Under RCU or buddy_table_lock, which keep the entries where they are. */
static struct buddy_span *span_of(const void *addr)
{
	unsigned long pfn = buddy_pfn(addr);

	/* Entries that are there for as many pages as this says, or more. */
	if (pfn >= smp_load_acquire(&buddy_table.nr_pages))
		return NULL;
	return &READ_ONCE(buddy_table.spans)[pfn >> BUDDY_SPAN_ORDER];
}

static unsigned long index_in_span(const void *addr)
{
	return buddy_pfn(addr) & (BUDDY_SPAN_PAGES - 1);
}

void buddy_set_owner(void *block, unsigned long nr_pages, void *owner)
{
	unsigned long i;
	void **slot;

	rcu_read_lock();
	slot = READ_ONCE(span_of(block)->owners) + index_in_span(block);
	/* Order what the owner's record holds before the pointer to it. */
	smp_wmb();
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(slot[i], owner);
	rcu_read_unlock();
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_set_owner);

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
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_arena);

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
	struct buddy_leaf *leaf = fault_due() ? NULL : kzalloc(sizeof(*leaf), gfp);

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
	struct buddy_leaf *leaf = leaf_alloc(gfp, arena->order < BUDDY_SPAN_ORDER);
	struct buddy_span *span;
	unsigned long flags;
	int err = 0;

	if (!leaf)
		return -ENOMEM;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	span = span_of(arena->base);
	if (!span) {
		err = -ERANGE;
	} else if (!span->leaf) {
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
	return err;
}

/* Let no look-up find an arena any more; those under way may, for a grace period. */
void buddy_table_remove(struct buddy_arena *arena)
{
	unsigned long i, flags, first = index_in_span(arena->base);
	struct buddy_span *span;
	struct buddy_leaf *leaf;

	buddy_set_owner(arena->base, 1UL << arena->order, NULL);

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	span = span_of(arena->base);
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

/* Replace the entries by more. Return: 0 or -ENOMEM. */
static int table_replace(unsigned long nr_spans)
{
	unsigned long i, nr_old = buddy_table.nr_pages >> BUDDY_SPAN_ORDER;
	struct buddy_span *spans, *old = buddy_table.spans;
	unsigned long flags;

	lockdep_assert_held(&buddy_table_growth);
	spans = kvcalloc(nr_spans, sizeof(*spans), GFP_KERNEL);
	if (!spans)
		return -ENOMEM;
	for (i = nr_old; i < nr_spans; i++)
		spans[i].owners = no_owners;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	if (nr_old)
		memcpy(spans, old, nr_old * sizeof(*spans));
	/* What the entries hold before the way to them. */
	smp_store_release(&buddy_table.spans, spans);
	/* More entries before the word that there are more. */
	smp_store_release(&buddy_table.nr_pages, nr_spans << BUDDY_SPAN_ORDER);
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	synchronize_rcu();
	kvfree(old);
	return 0;
}

/* Make the table cover all pages below @end_pfn. Return: 0 or -ENOMEM. */
static int table_cover(unsigned long end_pfn)
{
	unsigned long nr_spans = DIV_ROUND_UP(end_pfn, BUDDY_SPAN_PAGES);
	int err = 0;

	mutex_lock(&buddy_table_growth);
	if (nr_spans << BUDDY_SPAN_ORDER > buddy_table.nr_pages)
		err = table_replace(nr_spans);
	mutex_unlock(&buddy_table_growth);
	return err;
}

/* Memory is about to be plugged in: it must not come into use before the table covers it. */
static int memory_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct memory_notify *memory = data;

	if (action != MEM_GOING_ONLINE)
		return NOTIFY_OK;
	return notifier_from_errno(table_cover(memory->start_pfn + memory->nr_pages));
}

static struct notifier_block memory_notifier = { .notifier_call = memory_event };

int __init buddy_table_init(void)
{
	int err;

	buddy_table.base = (unsigned long)__va(0);
	/* First the notifier: what is plugged in from now on is seen by it or by us. */
	err = register_memory_notifier(&memory_notifier);
	if (err)
		return err;
	err = table_cover(end_of_memory());
	if (err)
		unregister_memory_notifier(&memory_notifier);
	return err;
}

void buddy_table_exit(void)
{
	unregister_memory_notifier(&memory_notifier);
	/* Leaves and arenas that are on their way out are freed by callbacks of ours. */
	rcu_barrier();
	kvfree(buddy_table.spans);
}
