// SPDX-License-Identifier: GPL-2.0
/*
 * The leaves of the lookup table: which arenas a span has, and the owner of each of its pages.
 *
 *	the span has			a lookup of an arena reads
 *	one arena that fills it		whole
 *	smaller ones			parts, an arena for each page
 *	both				parts: the smaller ones lie in returned pages of the other,
 *					or did
 *
 * A leaf that has parts keeps them until its last arena is removed.
 *
 * Locks: leaves are entered, split and left under the table's lock. They are allocated and freed
 * without it.
 */
#include <linux/slab.h>
#include "arena.h"
#include "fault.h"
#include "leaf.h"

/* Free a leaf that no lookup can find, or NULL. */
void buddy_leaf_free(struct buddy_leaf *leaf)
{
	if (!leaf)
		return;
	kfree(leaf->owners);
	kfree(leaf->parts);
	kfree(leaf);
}

static void leaf_free_rcu(struct rcu_head *rcu)
{
	buddy_leaf_free(container_of(rcu, struct buddy_leaf, rcu));
}

/* Free a leaf that lookups have found, after a grace period. */
void buddy_leaf_free_rcu(struct buddy_leaf *leaf)
{
	call_rcu(&leaf->rcu, leaf_free_rcu);
}

/*
 * Allocate a leaf without arenas, with the array for several if @parts says so.
 *
 * Context: As @gfp allows; no lock held, not NMI. Return: the leaf, or NULL on OOM.
 */
struct buddy_leaf *buddy_leaf_alloc(gfp_t gfp, bool parts)
{
	struct buddy_leaf *leaf = buddy_fault_due() ? NULL : kzalloc(sizeof(*leaf), gfp);
	unsigned long i;

	if (!leaf)
		return NULL;
	leaf->owners = kmalloc_array(BUDDY_SPAN_PAGES, sizeof(*leaf->owners), gfp);
	if (parts)
		leaf->parts = kcalloc(BUDDY_SPAN_PAGES, sizeof(*leaf->parts), gfp);
	if (!leaf->owners || (parts && !leaf->parts)) {
		buddy_leaf_free(leaf);
		return NULL;
	}
	for (i = 0; i < BUDDY_SPAN_PAGES; i++)
		leaf->owners[i] = buddy_table.null_owner;
	return leaf;
}

/* Let lookups find the pages of an arena. The leaf may be published by now or not. */
void buddy_leaf_enter(struct buddy_leaf *leaf, struct buddy_arena *arena)
{
	unsigned long i, first = buddy_index_in_span(arena->base);

	leaf->arenas++;
	if (!leaf->parts) {
		/* Publish the arena's record. Pairs with the dependency in buddy_table_arena(). */
		smp_store_release(&leaf->whole, arena);
		return;
	}
	for (i = 0; i < 1UL << arena->order; i++) {
		/* Publish the record here as well: other arenas may have published the leaf. */
		smp_store_release(&leaf->parts[first + i], arena);
	}
}

/*
 * Prepare a leaf for another arena. If it has one that fills the span, the new one lies in returned
 * pages of that. Then the leaf takes the array of @new, which is not used otherwise. A lookup that
 * still reads leaf->whole is for no page of the new arena: none was handed out yet.
 */
void buddy_leaf_split(struct buddy_leaf *leaf, struct buddy_leaf *new)
{
	unsigned long i;

	if (leaf->parts)
		return;
	for (i = 0; i < BUDDY_SPAN_PAGES; i++)
		new->parts[i] = leaf->whole;
	/* Publish the array. Pairs with the dependency in buddy_table_arena(). */
	smp_store_release(&leaf->parts, new->parts);
	new->parts = NULL;
}

/* Take an arena out of its leaf. Entries of pages that were returned may be another arena's. */
void buddy_leaf_leave(struct buddy_leaf *leaf, struct buddy_arena *arena)
{
	unsigned long i, first = buddy_index_in_span(arena->base);

	leaf->arenas--;
	if (leaf->whole == arena)
		WRITE_ONCE(leaf->whole, NULL);
	for (i = 0; leaf->parts && i < 1UL << arena->order; i++)
		if (leaf->parts[first + i] == arena)
			WRITE_ONCE(leaf->parts[first + i], NULL);
}
