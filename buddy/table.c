// SPDX-License-Identifier: GPL-2.0
/*
 * The lookup table of table.h: arenas are added and removed, the table is grown and checked.
 *
 *	event			changes					under
 *	arena is taken		leaves[] and owners[] of its span	buddy_table_lock
 *	 in a hole of another	the span's leaf gets an arena per page	buddy_table_lock
 *	arena is returned	the same; an unused leaf is freed by RCU	buddy_table_lock
 *	block gets an owner	slots of its pages in the span's leaf	nothing: the caller's block
 *	memory is plugged in	both arrays are replaced by larger ones	both locks
 *	an arena lies outside	the same, by work			both locks
 *
 * Memory is plugged in whether the table can grow for it or not. If it could not, an arena of that
 * memory is refused, and the table is grown then.
 *
 * Locks: buddy_table_growth, a mutex, then buddy_table_lock, a raw spinlock taken with interrupts
 * disabled. Lookups take none: they run under RCU, in any context.
 */
#include <linux/irq_work.h>
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
#include <linux/workqueue.h>
#include "../compat/compat.h"
#include "../compat/workqueue.h"
#include "arena.h"
#include "leaf.h"
#include "sparse.h"
#include "table.h"

struct buddy_table buddy_table __read_mostly;
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table);

/* Guards the leaves, the arrays that lead to them, and nr_spans. */
static DEFINE_RAW_SPINLOCK(buddy_table_lock);

/* Held while the arrays are replaced. */
static DEFINE_MUTEX(buddy_table_growth);

/* Grows the table, from any context: an arena has come from memory that it does not cover. */
static void start_cover(struct irq_work *irq);
static struct irq_work cover_irq = IRQ_WORK_INIT(start_cover);

/* The arrays that buddy_table.owners and buddy_table.leaves lead to. Written under both locks. */
static struct buddy_sparse owners_array, leaves_array;

/* The null leaf: the owners of a span without an arena. */
static void *null_owners[BUDDY_SPAN_PAGES];

static unsigned long span_of_pfn(unsigned long pfn)
{
	return pfn >> BUDDY_SPAN_ORDER;
}

void buddy_set_owner(void *block, unsigned long nr_pages, void *owner)
{
	void **slot;
	unsigned long i;

	if (!owner)
		owner = buddy_table.null_owner;
	rcu_read_lock();
	slot = READ_ONCE(READ_ONCE(buddy_table.owners)[span_of_pfn(buddy_pfn(block))]) +
	       buddy_index_in_span(block);
	/*
	 * Publish the owner's record before the pointers to it: one barrier for all pages. Pairs
	 * with the address dependency in buddy_lookup_owner(); litmus/table-publish.
	 */
	smp_wmb();
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(slot[i], owner);
	rcu_read_unlock();
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_set_owner);

/* Look up an address. Under RCU; any context. Return: the arena, or NULL. */
struct buddy_arena *buddy_table_arena(const void *addr)
{
	unsigned long span = span_of_pfn(buddy_pfn(addr));
	struct buddy_arena **parts;
	struct buddy_leaf *leaf;

	/* Pairs with the release in table_publish(): the arrays have at least so many entries. */
	if (span >= smp_load_acquire(&buddy_table.nr_spans))
		return NULL;
	leaf = READ_ONCE(READ_ONCE(buddy_table.leaves)[span]);
	if (!leaf)
		return NULL;
	parts = READ_ONCE(leaf->parts);
	return parts ? READ_ONCE(parts[buddy_index_in_span(addr)]) : READ_ONCE(leaf->whole);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_arena);

/*
 * Add an arena, so that lookups find it. A span has one arena that fills it or several smaller
 * ones, or both: an arena has no pages that were returned, so a smaller one may lie there.
 *
 * Context: As @gfp allows; no lock held, not NMI.
 * Return: 0, -ENOMEM, or -ERANGE if the table does not cover the arena.
 */
int buddy_table_add(struct buddy_arena *arena, gfp_t gfp)
{
	struct buddy_leaf *leaf = buddy_leaf_alloc(gfp, arena->order < BUDDY_SPAN_ORDER);
	unsigned long flags, span = span_of_pfn(buddy_pfn(arena->base));
	int err = 0;

	if (!leaf)
		return -ENOMEM;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	if (!buddy_sparse_has(&leaves_array, span)) {
		err = -ERANGE;
	} else if (!buddy_table.leaves[span]) {
		buddy_leaf_enter(leaf, arena);
		/* Publish the leaf. Pairs with the dependency in buddy_table_arena(). */
		smp_store_release(&buddy_table.leaves[span], leaf);
		/* Publish its owners. Pairs with the dependency in buddy_lookup_owner(). */
		smp_store_release(&buddy_table.owners[span], leaf->owners);
		leaf = NULL;
	} else {
		buddy_leaf_split(buddy_table.leaves[span], leaf);
		buddy_leaf_enter(buddy_table.leaves[span], arena);
	}
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	buddy_leaf_free(leaf);
	if (err)
		irq_work_queue(&cover_irq);
	return err;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_add);

/* Reset the owners of an arena's pages. Those that were returned may be in another arena. */
static void reset_owners(struct buddy_arena *arena)
{
	unsigned long page, nr = 1UL << arena->order;

	if (!arena->nr_returned) {
		buddy_set_owner(arena->base, nr, NULL);
		return;
	}
	for (page = 0; page < nr; page++)
		if (!test_bit(page, arena->returned))
			buddy_set_owner(arena->base + (page << PAGE_SHIFT), 1, NULL);
}

/*
 * Remove an arena. Lookups that have begun may find it for a grace period.
 *
 * Context: Any context but NMI; no lock held.
 */
void buddy_table_remove(struct buddy_arena *arena)
{
	unsigned long flags, span = span_of_pfn(buddy_pfn(arena->base));
	struct buddy_leaf *leaf;

	reset_owners(arena);

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	leaf = buddy_table.leaves[span];
	buddy_leaf_leave(leaf, arena);
	if (leaf->arenas) {
		leaf = NULL;
	} else {
		WRITE_ONCE(buddy_table.owners[span], null_owners);
		WRITE_ONCE(buddy_table.leaves[span], NULL);
	}
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);

	if (leaf)
		buddy_leaf_free_rcu(leaf);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_remove);

/* Publish arrays that are larger or have more blocks. Lookups and arenas go on meanwhile. */
static void table_publish(const struct buddy_sparse *owners, const struct buddy_sparse *leaves)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&buddy_table_lock, flags);
	owners_array = *owners;
	leaves_array = *leaves;
	/* Publish the entries. Pairs with the dependency in buddy_lookup_owner(). */
	smp_store_release(&buddy_table.owners, (void ***)owners->at);
	/* Publish the entries. Pairs with the dependency in buddy_table_arena(). */
	smp_store_release(&buddy_table.leaves, (struct buddy_leaf **)leaves->at);
	/* Both arrays before their length. Pairs with the acquires in both lookups. */
	smp_store_release(&buddy_table.nr_spans, buddy_sparse_length(owners));
	raw_spin_unlock_irqrestore(&buddy_table_lock, flags);
}

/* Grow the arrays. Return: 0 or -ENOMEM. */
static int table_grow(unsigned long first, unsigned long end)
{
	struct buddy_sparse owners, leaves, old_owners = owners_array, old_leaves = leaves_array;

	lockdep_assert_held(&buddy_table_growth);
	if (buddy_sparse_grow(&owners, &old_owners, first, end))
		return -ENOMEM;
	if (buddy_sparse_grow(&leaves, &old_leaves, first, end)) {
		buddy_sparse_undo(&owners, &old_owners);
		return -ENOMEM;
	}
	table_publish(&owners, &leaves);
	synchronize_rcu();
	buddy_sparse_replaced(&old_owners);
	buddy_sparse_replaced(&old_leaves);
	return 0;
}

/* Does the table cover these spans? Looks at one of each block. */
static bool table_has(unsigned long first, unsigned long end)
{
	for (; first < end; first = round_up(first + 1, BUDDY_SPARSE_BLOCK))
		if (!buddy_sparse_has(&leaves_array, first))
			return false;
	return true;
}

/* Make the table cover pages. Return: 0 or -ENOMEM. */
static int table_cover(unsigned long first_pfn, unsigned long end_pfn)
{
	unsigned long first = span_of_pfn(first_pfn), end = DIV_ROUND_UP(end_pfn, BUDDY_SPAN_PAGES);
	int err = 0;

	mutex_lock(&buddy_table_growth);
	if (!table_has(first, end))
		err = table_grow(first, end);
	mutex_unlock(&buddy_table_growth);
	if (err)
		pr_warn_ratelimited("dualtree: no memory to look up page frames %#lx to %#lx: they are not used yet\n",
				    first_pfn, end_pfn - 1);
	return err;
}

/* Cover the memory of all nodes. Return: 0 or -ENOMEM. */
static int cover_nodes(void)
{
	int nid, err = 0;

	for_each_node_state(nid, N_MEMORY)
		err = table_cover(node_start_pfn(nid), node_end_pfn(nid)) ?: err;
	return err;
}

static void cover_work(struct work_struct *work)
{
	cover_nodes();
}

static DECLARE_WORK(cover, cover_work);

static void start_cover(struct irq_work *irq)
{
	queue_work(system_percpu_wq, &cover);
}

/*
 * Memory is about to be plugged in: cover it before it is in use. It is not refused on OOM: the
 * machine needs it more than this module does.
 */
int buddy_table_memory_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct memory_notify *memory = data;

	if (action == MEM_GOING_ONLINE)
		table_cover(memory->start_pfn, memory->start_pfn + memory->nr_pages);
	return NOTIFY_OK;
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_memory_event);

static struct notifier_block memory_notifier = {
	.notifier_call = buddy_table_memory_event,
};

/**
 * buddy_table_finds() - check that a table leads from a page's address to its frame
 * @table: the table, of which the base and the number of spans are used
 * @page: a page in the linear map
 *
 * Context: Any context, NMI included.
 * Return: true if it does and covers the frame.
 */
bool buddy_table_finds(const struct buddy_table *table, struct page *page)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(page_address(page));
	unsigned long pfn = (addr - table->base) >> PAGE_SHIFT;

	return pfn == page_to_pfn(page) && span_of_pfn(pfn) < READ_ONCE(table->nr_spans);
}
EXPORT_SYMBOL_FOR_DT_TEST(buddy_table_finds);

/*
 * Add a page as an arena of its own, look it up, and remove it.
 *
 * Return: 0, -ENOMEM, or -EOPNOTSUPP if a lookup missed it, or found it after the removal.
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
 * Check the table with a page of a node. A node without a free page is not checked.
 *
 * Return: 0, -ENOMEM, or -EOPNOTSUPP after one line in the log.
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
 * Set the address of page frame 0, computed from a page that exists: __va(0) is not in the linear
 * map on every machine (arm64). It is never dereferenced. Return: 0 or -ENOMEM.
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

static int __init arrays_init(void)
{
	int err = buddy_sparse_init(&owners_array, null_owners);

	if (err)
		return err;
	err = buddy_sparse_init(&leaves_array, NULL);
	if (err)
		buddy_sparse_free(&owners_array);
	return err;
}

static void arrays_free(void)
{
	buddy_sparse_free(&owners_array);
	buddy_sparse_free(&leaves_array);
}

/**
 * buddy_table_init() - set up the lookup table, before any pool
 * @null_owner: owner of the pages that have none; not NULL
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOMEM, -EOPNOTSUPP if a node's pages are not found by their addresses, or the error
 * of register_memory_notifier().
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
	err = arrays_init();
	if (err)
		return err;
	/* Before the table covers what exists: what is plugged in later goes to the notifier. */
	err = register_memory_notifier(&memory_notifier);
	if (err) {
		arrays_free();
		return err;
	}
	err = cover_nodes() ?: check_nodes();
	if (err)
		buddy_table_exit();
	return err;
}

void buddy_table_exit(void)
{
	unregister_memory_notifier(&memory_notifier);
	irq_work_sync(&cover_irq);
	cancel_work_sync(&cover);
	/* Callbacks in flight run this module's code: they free leaves and arenas. */
	rcu_barrier();
	arrays_free();
}
