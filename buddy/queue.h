/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The workqueue of all work that returns memory. It has a thread of its own for when no thread can
 * be made, so such work runs when there is no memory. That work does not allocate, and does not
 * wait for work that does.
 */
#ifndef DUALTREE_BUDDY_QUEUE_H
#define DUALTREE_BUDDY_QUEUE_H

struct workqueue_struct;

/* Set before there is a pool or an instance. */
extern struct workqueue_struct *buddy_reclaim_queue;

int buddy_queue_init(void);
void buddy_queue_exit(void);

#endif /* DUALTREE_BUDDY_QUEUE_H */
