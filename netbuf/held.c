// SPDX-License-Identifier: GPL-2.0
/*
 * What packets hold: the queues, and when a range of them is free. held.h says what they are.
 *
 *	dt_held_make_room()	allocates what the next pushes need: before a packet is made
 *	dt_held_push()		cannot fail; a range that continues the last one joins it
 *	dt_held_reap()		frees; adjacent ranges of one page, or of one range of the instance,
 *				by one call
 *
 * Locks and contexts as in held.h.
 */
#include <asm/barrier.h>
#include <dualtree/dualtree.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/page_ref.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include "held.h"

/*
 * Recent ranges after which one that is still held has to wait. A usual ring has as many, so one
 * that is about to be read is not moved.
 */
#define RECENT_MAX	256

/* Ranges of a packet at most: its fragments, what is before them, and what is after them. */
#define PACKET_RANGES	(MAX_SKB_FRAGS + 3)

static struct dt_held_block *block_get(struct dt_held_set *set)
{
	struct dt_held_block *block = set->spare;

	set->spare = NULL;
	return block ?: kmalloc(sizeof(*block), GFP_ATOMIC | __GFP_NOWARN);
}

static void block_put(struct dt_held_set *set, struct dt_held_block *block)
{
	if (set->spare)
		kfree(block);
	else
		set->spare = block;
}

/* Make sure that a queue's next range has a place. Return: false on OOM. */
static bool queue_extend(struct dt_held_set *set, struct dt_held_queue *queue)
{
	struct dt_held_block *block;

	if (queue->head && queue->end < DT_HELD_BLOCK)
		return true;
	block = block_get(set);
	if (!block)
		return false;
	block->next = NULL;
	if (queue->head) {
		queue->tail->next = block;
	} else {
		queue->head = block;
		queue->first = 0;
	}
	queue->tail = block;
	queue->end = 0;
	return true;
}

static void queue_push(struct dt_held_queue *queue, const struct dt_held *range)
{
	queue->tail->at[queue->end++] = *range;
	queue->nr++;
}

static struct dt_held *queue_first(struct dt_held_queue *queue)
{
	return queue->nr ? &queue->head->at[queue->first] : NULL;
}

/* Remove the first range. The last block stays where it is, for the next ones. */
static void queue_pop(struct dt_held_set *set, struct dt_held_queue *queue)
{
	struct dt_held_block *block = queue->head;

	if (!--queue->nr) {
		queue->first = 0;
		queue->end = 0;
	} else if (++queue->first == DT_HELD_BLOCK) {
		queue->head = block->next;
		queue->first = 0;
		block_put(set, block);
	}
}

/*
 * Make room for as many ranges as a packet has, in the last block and the spare one. The caller
 * adds them before it reaps.
 *
 * Return: false on OOM.
 */
bool dt_held_make_room(struct dt_held_set *set)
{
	const struct dt_held_queue *queue = &set->recent;

	BUILD_BUG_ON(PACKET_RANGES > DT_HELD_BLOCK);
	if (likely(queue->head && queue->end + PACKET_RANGES <= DT_HELD_BLOCK))
		return true;
	if (!set->spare)
		set->spare = block_get(set);
	return set->spare;
}

/* Does a range continue the last one, in the same page? Then one look is enough for both. */
static bool joins_last(const struct dt_held_queue *queue, const u8 *data)
{
	const struct dt_held *last;

	if (!queue->nr || !queue->end || !offset_in_page(data))
		return false;
	last = &queue->tail->at[queue->end - 1];
	/* What a packet left of its buffer may end in this page, but is looked at by another. */
	return last->data + last->len == data && !last->tail &&
	       offset_in_page(last->data) + last->len == offset_in_page(data);
}

/* Add a range to whose page a packet has a reference. The caller has made room. */
void dt_held_push(struct dt_held_set *set, const struct dt_held *range)
{
	struct dt_held_queue *queue = &set->recent;
	struct dt_held *last;

	set->bytes += range->len + range->tail;
	if (joins_last(queue, range->data)) {
		last = &queue->tail->at[queue->end - 1];
		last->len += range->len;
		last->tail = range->tail;
		return;
	}
	queue_extend(set, queue);
	queue_push(queue, range);
}

/* A run of bytes that is to be freed. */
struct run {
	u8 *data;
	size_t len;
};

static void run_free(struct dt_held_set *set, struct run *run)
{
	if (run->len)
		dualtree_free(set->dt, run->data, run->len);
	set->bytes -= run->len;
	run->len = 0;
}

/* Regions end at the ends of pages: only what is known to be of one is freed across one. */
static void run_add(struct dt_held_set *set, struct run *run, const struct dt_held *range)
{
	if (run->data + run->len != range->data ||
	    (!offset_in_page(range->data) && !range->follows))
		run_free(set, run);
	if (!run->len)
		run->data = range->data;
	run->len += range->len + range->tail;
}

static bool released(const struct dt_held *range)
{
	if (page_ref_count(virt_to_page(range->data)) != 1)
		return false;
	/* Pairs with the drops of the references: the packets' reads come before the reuse. */
	smp_acquire__after_ctrl_dep();
	return true;
}

/* Have a range wait, without its tail. Return: false on OOM. */
static bool start_waiting(struct dt_held_set *set, struct dt_held *range)
{
	if (!queue_extend(set, &set->waiting))
		return false;
	if (range->tail)
		dualtree_free(set->dt, range->data + range->len, range->tail);
	set->bytes -= range->tail;
	range->tail = 0;
	queue_push(&set->waiting, range);
	return true;
}

/* Free recent ranges up to the first that is held, and move on those that are held for long. */
static unsigned int reap_recent(struct dt_held_set *set, unsigned int *budget, bool all,
				struct run *run)
{
	struct dt_held_queue *queue = &set->recent;
	struct dt_held *range;
	unsigned int reaped = 0;

	for (; *budget && (range = queue_first(queue)); --*budget) {
		if (released(range)) {
			run_add(set, run, range);
			reaped++;
		} else if (!(all || queue->nr > RECENT_MAX) || !start_waiting(set, range)) {
			break;
		}
		queue_pop(set, queue);
	}
	return reaped;
}

static unsigned int reap_waiting(struct dt_held_set *set, unsigned int budget, struct run *run)
{
	struct dt_held_queue *queue = &set->waiting;
	struct dt_held range;
	unsigned int reaped = 0;

	for (budget = min_t(unsigned long, budget, queue->nr); budget; budget--) {
		range = *queue_first(queue);
		if (released(&range)) {
			run_add(set, run, &range);
			reaped++;
			queue_pop(set, queue);
		} else if (queue_extend(set, queue)) {
			queue_push(queue, &range);
			queue_pop(set, queue);
		}
	}
	return reaped;
}

/*
 * Look at up to @budget ranges and free those that no packet holds. @all: do not end at the first
 * recent one that is held, but have it wait.
 *
 * Return: number of ranges freed.
 */
unsigned int dt_held_reap(struct dt_held_set *set, unsigned int budget, bool all)
{
	struct run run = {};
	unsigned int reaped;

	reaped = reap_recent(set, &budget, all, &run);
	if (set->waiting.nr)
		reaped += reap_waiting(set, budget, &run);
	run_free(set, &run);
	return reaped;
}

static void queue_exit(struct dt_held_queue *queue)
{
	struct dt_held_block *block, *next = queue->head;

	while ((block = next)) {
		next = block->next;
		kfree(block);
	}
}

/* Free the queues. The ranges in them stay live. */
void dt_held_exit(struct dt_held_set *set)
{
	queue_exit(&set->recent);
	queue_exit(&set->waiting);
	kfree(set->spare);
}
