// SPDX-License-Identifier: GPL-2.0
/*
 * The slots of instances: a struct dt_cpu_slot for each CPU. They come from blocks of percpu memory
 * with slots for SLOTS_MAX instances each. A call of the percpu allocator costs as much as all else
 * that an instance needs.
 *
 *	a block is	if it has
 *	in partial	a free slot
 *	freed		no used slot, unless it is the only one in partial
 *
 * Process context; may sleep. Lock: slots_lock.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include "instance.h"
#include "section.h"
#include "slots.h"

/* Instances of a block: 256 bytes of each CPU's memory. */
#define SLOTS_MAX	16

/**
 * struct dt_slot_block - slots of several instances
 * @partial: entry in the list of blocks with a free slot
 * @used: bit for each slot that an instance has
 * @slots: the slots
 */
struct dt_slot_block {
	struct list_head partial;
	DECLARE_BITMAP(used, SLOTS_MAX);
	struct dt_cpu_slot __percpu *slots;
};

/* Guards the list and the bits of all blocks. */
static DEFINE_MUTEX(slots_lock);
static LIST_HEAD(partial);

static void block_free(struct dt_slot_block *block)
{
	list_del(&block->partial);
	free_percpu(block->slots);
	kfree(block);
}

static struct dt_slot_block *block_create(void)
{
	struct dt_slot_block *block = kzalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return NULL;
	block->slots = __alloc_percpu(SLOTS_MAX * sizeof(*block->slots),
				      __alignof__(*block->slots));
	if (!block->slots) {
		kfree(block);
		return NULL;
	}
	list_add(&block->partial, &partial);
	return block;
}

/* Take a free slot of a block that has one. Return: its index. */
static unsigned int block_take(struct dt_slot_block *block)
{
	unsigned int index = find_first_zero_bit(block->used, SLOTS_MAX);

	lockdep_assert_held(&slots_lock);
	__set_bit(index, block->used);
	if (bitmap_full(block->used, SLOTS_MAX))
		list_del_init(&block->partial);
	return index;
}

/* Set the slots of a new instance: no CPU has a heap. Return: 0 or -ENOMEM. */
int dt_slots_alloc(struct dualtree *dt)
{
	struct dt_slot_block *block;
	struct dt_cpu_slot *slot;
	int cpu;

	mutex_lock(&slots_lock);
	block = list_first_entry_or_null(&partial, struct dt_slot_block, partial) ?:
		block_create();
	if (block) {
		dt->slot_block = block;
		dt->slots = block->slots + block_take(block);
	}
	mutex_unlock(&slots_lock);
	if (!block)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		slot = per_cpu_ptr(dt->slots, cpu);
		slot->active = heap_none;
		slot->heap = NULL;
	}
	return 0;
}

/* Free the slots of an instance that has no user any more. */
void dt_slots_free(struct dualtree *dt)
{
	struct dt_slot_block *block = dt->slot_block;

	mutex_lock(&slots_lock);
	if (list_empty(&block->partial))
		list_add(&block->partial, &partial);
	__clear_bit(dt->slots - block->slots, block->used);
	if (bitmap_empty(block->used, SLOTS_MAX) && !list_is_singular(&partial))
		block_free(block);
	mutex_unlock(&slots_lock);
}

/* Free the last block, at module exit: there is no instance. */
void dt_slots_exit(void)
{
	struct dt_slot_block *block, *next;

	list_for_each_entry_safe(block, next, &partial, partial)
		block_free(block);
}
