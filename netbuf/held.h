/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What packets hold: ranges of an instance, each in one page, in the order in which they were given
 * away. The stack does not report that a packet has released a page. But each packet has a
 * reference to every page that it can read, and only such a packet can pass one on. So a range is
 * free when its page has the allocator's own reference only, and that does not change any more.
 *
 *	dt_held_push() -> recent --------------------------------> freed
 *	                    |  still held, and many or none came     ^
 *	                    `-----------> waiting -------------------'
 *
 * Most packets are read in the order of arrival: so a look begins with the oldest recent range, and
 * ends at the first that is held. A packet that is not read would stop that. So a range that is
 * held when many others have come after it, or when none comes any more, moves to a second queue.
 * Each call looks at a few of that, in turn.
 *
 * What lies after a packet in its buffer, the tail, is held with it at first: mostly both are free
 * at the next look, by one call. If the packet waits, its tail is freed then.
 *
 * The queues are lists of blocks from kmalloc(): out of band, since what packets hold may be read
 * and written by their users.
 *
 * No lock: the caller has the tracker's. Any context but NMI; on PREEMPT_RT preemptible.
 */
#ifndef DUALTREE_NETBUF_HELD_H
#define DUALTREE_NETBUF_HELD_H

#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct dualtree;

/**
 * struct dt_held - a range that packets hold
 * @data: its first byte
 * @len: bytes that a packet keeps; they end in the same page
 * @tail: bytes after these that it does not
 * @follows: does the byte before it lie in the same region of the instance?
 */
struct dt_held {
	u8 *data;
	u32 len;
	u16 tail;
	bool follows;
};

/* Ranges of a block: it takes 1 KiB. */
#define DT_HELD_BLOCK	((SZ_1K - sizeof(void *)) / sizeof(struct dt_held))

/**
 * struct dt_held_block - a part of a queue
 * @next: the next block, or NULL
 * @at: its ranges
 */
struct dt_held_block {
	struct dt_held_block *next;
	struct dt_held at[DT_HELD_BLOCK];
};

/**
 * struct dt_held_queue - ranges, first in first out
 * @head: block of the first one, or NULL
 * @tail: block of the last one
 * @first: index of the first one in @head
 * @end: index in @tail after the last one
 * @nr: number of ranges
 */
struct dt_held_queue {
	struct dt_held_block *head;
	struct dt_held_block *tail;
	unsigned int first;
	unsigned int end;
	unsigned long nr;
};

/**
 * struct dt_held_set - all ranges that packets of a tracker hold
 * @dt: their instance; constant
 * @recent: those at which no look found that they wait
 * @waiting: the others; the next one to look at is first
 * @spare: an unused block, or NULL
 * @bytes: bytes of all of them
 */
struct dt_held_set {
	struct dualtree *dt;
	struct dt_held_queue recent;
	struct dt_held_queue waiting;
	struct dt_held_block *spare;
	size_t bytes;
};

bool dt_held_make_room(struct dt_held_set *set);
void dt_held_push(struct dt_held_set *set, const struct dt_held *range);
unsigned int dt_held_reap(struct dt_held_set *set, unsigned int budget, bool all);
void dt_held_exit(struct dt_held_set *set);

static inline unsigned long dt_held_nr(const struct dt_held_set *set)
{
	return READ_ONCE(set->recent.nr) + READ_ONCE(set->waiting.nr);
}

/* Do the bytes lie in one page? */
static inline bool dt_in_one_page(const void *data, size_t len)
{
	return offset_in_page(data) + len <= PAGE_SIZE;
}

#endif /* DUALTREE_NETBUF_HELD_H */
