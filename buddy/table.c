// SPDX-License-Identifier: GPL-2.0
/*
 * The flat table from page-frame number to arena and owner: what changes it.
 *
 * Arenas come and go under one raw spinlock; look-ups take none. A span that holds no
 * arena points at a leaf of nobodies that all such spans share, so that no look-up has to
 * ask whether there is a leaf.
 */
#include <linux/kasan.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/notifier.h>
#include <linux/printk.h>
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
 * @owners: what buddy_table.owners leads to
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

/* Guards the leaves and the way to them. Innermost: nothing is taken under it. */
static DEFINE_RAW_SPINLOCK(buddy_table_lock);

/* Guards the replacement of the entries. Taken before buddy_table_lock; sleeps. */
static DEFINE_MUTEX(buddy_table_growth);

static void *null_owners[BUDDY_SPAN_PAGES];

static unsigned long span_of_pfn(unsigned long pfn)
{
	return pfn >> BUDDY_SPAN_ORDER;
}

/* What buddy_table.owners has for a span whose owners stand there. */
static unsigned long owners_entry(unsigned long span, void **owners)
{
	return (unsigned long)owners - (span << BUDDY_SPAN_ORDER) * sizeof(void *);
}

static unsigned long index_in_span(const void *addr)
{
	return buddy_pfn(addr) & (BUDDY_SPAN_PAGES - 1);
}

void buddy_set_owner(void *block, unsigned long nr_pages, void *owner)
{
	unsigned long i, pfn = buddy_pfn(block);
	void **slot;

	if (!owner)
		owner = buddy_table.null_owner;
	rcu_read_lock();
	slot = buddy_owner_slot(READ_ONCE(READ_ONCE(buddy_table.owners)[span_of_pfn(pfn)]), pfn);
	/*
	 * Publish: what the owner's record holds is written before the pointer to it, once for
	 * all pages. Pairs with the address dependency in buddy_lookup_owner();
	 * litmus/table-publish.
	 */
	smp_wmb();
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(slot[i], owner);
	rcu_read_unlock();
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_set_owner);

/* Look up the arena an address lies in. Under RCU; NULL where there is none. */
struct buddy_arena *buddy_table_arena(const void *addr)
{
	unsigned long span = span_of_pfn(buddy_pfn(addr));
	struct buddy_arena **parts;
	struct buddy_leaf *leaf;

	/* Entries that are there for as many spans as this says, or more. */
	if (span >= smp_load_acquire(&buddy_table.nr_spans))
		return NULL;
	leaf = READ_ONCE(READ_ONCE(buddy_table.leaves)[span]);
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
	struct buddy_leaf *leaf = buddy_fault_due() ? NULL : kzalloc(sizeof(*leaf), gfp);
	unsigned long i;

	if (!leaf)
		return NULL;
	leaf->owners = kmalloc_array(BUDDY_SPAN_PAGES, sizeof(*leaf->owners), gfp);
	if (parts)
		leaf->parts = kcalloc(BUDDY_SPAN_PAGES, sizeof(*leaf->parts), gfp);
	if (!leaf->owners || (parts && !leaf->parts)) {
		leaf_free(leaf);
		return NULL;
	}
	for (i = 0; i < BUDDY_SPAN_PAGES; i++)
		leaf->owners[i] = buddy_table.null_owner;
	return leaf;
}

static void leaf_enter(struct buddy_leaf *leaf, struct buddy_arena *arena)
{
	unsigned long i, first = index_in_span(arena->base);

	lockdep_assert_held(&buddy_table_lock);
	leaf->arenas++;
	if (!leaf->parts) {
		/* The arena's record before the pointer to it. */
		smp_store_release(&leaf->whole, arena);
		return;
	}
	for (i = 0; i < 1UL << arena->order; i++) {
		/* Likewise; a look-up may find this leaf already. */
		smp_store_release(&leaf->parts[first + i], arena);
	}
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
	unsigned long flags, span = span_of_pfn(buddy_pfn(arena->base));
	int err = 0;

	if (!leaf)
		return -ENOMEM;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	if (span >= buddy_table.nr_spans) {
		err = -ERANGE;
	} else if (!buddy_table.leaves[span]) {
		leaf_enter(leaf, arena);
		/* A look-up may follow either pointer at once: first what it leads to. */
		smp_store_release(&buddy_table.leaves[span], leaf);
		/* Likewise; the two are never read together. */
		smp_store_release(&buddy_table.owners[span], owners_entry(span, leaf->owners));
		leaf = NULL;
	} else {
		leaf_enter(buddy_table.leaves[span], arena);
	}
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	leaf_free(leaf);
	return err;
}

/* Let no look-up find an arena any more; those under way may, for a grace period. */
void buddy_table_remove(struct buddy_arena *arena)
{
	unsigned long i, flags, first = index_in_span(arena->base);
	unsigned long span = span_of_pfn(buddy_pfn(arena->base));
	struct buddy_leaf *leaf;

	buddy_set_owner(arena->base, 1UL << arena->order, NULL);

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	leaf = buddy_table.leaves[span];
	for (i = 0; leaf->parts && i < 1UL << arena->order; i++)
		WRITE_ONCE(leaf->parts[first + i], NULL);
	if (--leaf->arenas) {
		leaf = NULL;
	} else {
		WRITE_ONCE(buddy_table.owners[span], owners_entry(span, null_owners));
		WRITE_ONCE(buddy_table.leaves[span], NULL);
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

/**
 * struct table_entries - the entries of the table
 * @owners: as in struct buddy_table
 * @leaves: likewise
 */
struct table_entries {
	unsigned long *owners;
	struct buddy_leaf **leaves;
};

static void entries_free(const struct table_entries *entries)
{
	kvfree(entries->owners);
	kvfree(entries->leaves);
}

/* Those of the first @nr_old spans are to be filled in. Return: 0 or -ENOMEM. */
static int entries_alloc(struct table_entries *entries, unsigned long nr_old, unsigned long nr)
{
	entries->owners = kvcalloc(nr, sizeof(*entries->owners), GFP_KERNEL);
	entries->leaves = kvcalloc(nr, sizeof(*entries->leaves), GFP_KERNEL);
	if (!entries->owners || !entries->leaves) {
		entries_free(entries);
		return -ENOMEM;
	}
	for (; nr_old < nr; nr_old++)
		entries->owners[nr_old] = owners_entry(nr_old, null_owners);
	return 0;
}

/* Replace the entries by more. Return: 0 or -ENOMEM. */
static int table_replace(unsigned long nr_spans)
{
	struct table_entries new, old = { buddy_table.owners, buddy_table.leaves };
	unsigned long flags, nr_old = buddy_table.nr_spans;

	lockdep_assert_held(&buddy_table_growth);
	if (entries_alloc(&new, nr_old, nr_spans))
		return -ENOMEM;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	if (nr_old) {
		memcpy(new.owners, old.owners, nr_old * sizeof(*new.owners));
		memcpy(new.leaves, old.leaves, nr_old * sizeof(*new.leaves));
	}
	/* What the entries hold before the way to them. */
	smp_store_release(&buddy_table.owners, new.owners);
	/* Likewise. */
	smp_store_release(&buddy_table.leaves, new.leaves);
	/* More entries before the word that there are more. */
	smp_store_release(&buddy_table.nr_spans, nr_spans);
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	synchronize_rcu();
	entries_free(&old);
	return 0;
}

/* Make the table cover all pages below @end_pfn. Return: 0 or -ENOMEM. */
static int table_cover(unsigned long end_pfn)
{
	unsigned long nr_spans = DIV_ROUND_UP(end_pfn, BUDDY_SPAN_PAGES);
	int err = 0;

	mutex_lock(&buddy_table_growth);
	if (nr_spans > buddy_table.nr_spans)
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

/**
 * buddy_table_finds() - does a table lead from a page's address to its frame?
 * @table: the base and the size of this one are looked at
 * @page: in the linear map
 *
 * Context: Any context.
 * Return: true if it does.
 */
bool buddy_table_finds(const struct buddy_table *table, struct page *page)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(page_address(page));
	unsigned long pfn = (addr - table->base) >> PAGE_SHIFT;

	return pfn == page_to_pfn(page) && span_of_pfn(pfn) < table->nr_spans;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_finds);

/*
 * Enter a page as an arena of its own, look it up, and take it out again.
 *
 * Return: 0, -ENOMEM, or -EOPNOTSUPP if it was not found, or was found afterwards.
 */
static int __init page_round_trip(struct page *page)
{
	struct buddy_arena *arena = kzalloc(sizeof(*arena), GFP_KERNEL);
	void *addr = page_address(page);
	bool found;
	int err;

	if (!arena)
		return -ENOMEM;
	arena->base = kasan_reset_tag(addr);
	err = buddy_table_add(arena, GFP_KERNEL);
	if (err) {
		kfree(arena);
		return err == -ENOMEM ? err : -EOPNOTSUPP;
	}
	buddy_set_owner(arena->base, 1, page);
	rcu_read_lock();
	found = buddy_owner(addr) == page && buddy_table_arena(addr) == arena;
	buddy_table_remove(arena);
	found &= !buddy_owner(addr) && !buddy_table_arena(addr);
	rcu_read_unlock();
	kfree_rcu(arena, rcu);
	return found ? 0 : -EOPNOTSUPP;
}

/*
 * Take a page of a node through the table and back, before any caller relies on the table. A
 * node that has no page to give now is not judged.
 *
 * Return: 0, -ENOMEM, or -EOPNOTSUPP after one line that says why.
 */
static int __init node_check(int nid)
{
	gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN;
	struct page *page = alloc_pages_node(nid, gfp, 0);
	int err;

	if (!page)
		return 0;
	err = buddy_table_finds(&buddy_table, page) ? page_round_trip(page) : -EOPNOTSUPP;
	if (err == -EOPNOTSUPP)
		pr_err("dualtree: not loaded: the address of page frame %#lx on node %d does not lead back to it, so no memory could be freed on this machine\n",
		       page_to_pfn(page), nid);
	__free_page(page);
	return err;
}

/*
 * The address of frame 0, by that of a page that exists: __va(0) is none of the linear map on
 * every machine, arm64 among them. Nothing is ever read there.
 */
static int __init find_base(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	buddy_table.base = (unsigned long)kasan_reset_tag(page_address(page)) -
			   (page_to_pfn(page) << PAGE_SHIFT);
	__free_page(page);
	return 0;
}

static int __init check_nodes(void)
{
	int nid, err;

	for_each_node_state(nid, N_MEMORY) {
		err = node_check(nid);
		if (err)
			return err;
	}
	return 0;
}

/**
 * buddy_table_init() - make the table; before anything else of the pool
 * @null_owner: the owner of a page that has none; not NULL
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOMEM, -EOPNOTSUPP if addresses of this machine do not lead to page frames as
 * the table expects, or what register_memory_notifier() says.
 */
int __init buddy_table_init(void *null_owner)
{
	unsigned long i;
	int err;

	err = find_base();
	if (err)
		return err;
	buddy_table.null_owner = null_owner;
	for (i = 0; i < BUDDY_SPAN_PAGES; i++)
		null_owners[i] = null_owner;
	/* First the notifier: what is plugged in from now on is seen by it or by us. */
	err = register_memory_notifier(&memory_notifier);
	if (err)
		return err;
	err = table_cover(end_of_memory()) ?: check_nodes();
	if (err)
		buddy_table_exit();
	return err;
}

void buddy_table_exit(void)
{
	unregister_memory_notifier(&memory_notifier);
	/* Leaves and arenas that are on their way out are freed by callbacks of ours. */
	rcu_barrier();
	kvfree(buddy_table.owners);
	kvfree(buddy_table.leaves);
}
